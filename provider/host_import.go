package provider

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// ImportState takes a host by its name, one of its MAC addresses or the address
// of its BMC, and after a slash the name of the BMC's credentials, which is not
// on record. Its identity is its name: without credentials the BMC is not asked
// before the next apply.
func (r *hostResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	diags := &resp.Diagnostics
	what, credentials, given := strings.Cut(req.ID, "/")
	var name string
	spell(ctx, req, "name", &name, diags)
	if req.ID != "" {
		hub, err := r.site.ophubClient()
		if err == nil {
			name, err = findHost(ctx, hub, what)
		}
		if err != nil {
			diags.AddError("The host cannot be imported", err.Error())
			return
		}
	}
	identity{"name": name}.arrive(ctx, resp)
	importedHost(ctx, &resp.State, diags)
	if given {
		diags.Append(resp.State.SetAttribute(ctx, path.Root("bmc"), hostBMCModel{Credentials: types.StringValue(credentials), CipherSuites: types.ListNull(types.Int64Type)})...)
	}
}

// importedHost sets what no record tells of a host that is imported.
func importedHost(ctx context.Context, to settable, diags *diag.Diagnostics) {
	for name, v := range map[string]any{"reboot_policy": rebootApply, "protect": false, "on_destroy": destroyDetach, "drain_timeout": defaultDrain} {
		diags.Append(to.SetAttribute(ctx, path.Root(name), v)...)
	}
}

// findHost returns the name of the host on record that what means: its name,
// else one of its MAC addresses, else the address of its BMC.
func findHost(ctx context.Context, hub *ophub.Hub, what string) (string, error) {
	host, err := hub.Host(ctx, what)
	if err == nil || !errors.Is(err, ophub.ErrNotFound) {
		return host.Name, err
	}
	if _, bad := net.ParseMAC(what); bad == nil {
		host, err = hub.HostByMAC(ctx, what)
		if err == nil || !errors.Is(err, ophub.ErrNotFound) {
			return host.Name, err
		}
	}
	hosts, err := hub.Hosts(ctx)
	if err != nil {
		return "", err
	}
	for _, h := range hosts {
		if h.BMC != "" && bmcAddress(h.BMC) == bmcAddress(what) {
			return h.Name, nil
		}
	}
	return "", fmt.Errorf("no host record has the name, a MAC address or the BMC address %q; there are records of %d hosts: a host without one is created, which adopts the machine if it runs the right image", what, len(hosts))
}

// bmcAddress is the one spelling of a BMC's address, with its port.
func bmcAddress(s string) string {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		host, port = strings.Trim(s, "[]"), "623"
	}
	if ip := net.ParseIP(host); ip != nil {
		host = ip.String()
	}
	return net.JoinHostPort(strings.ToLower(host), port)
}
