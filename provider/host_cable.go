package provider

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// checkCable checks that a host's port carries the host's VLAN untagged, as the
// plan will leave it or, where no resource of this plan owns the port, as it is.
func (r *hostResource) checkCable(ctx context.Context, m hostModel, diags *diag.Diagnostics) {
	if m.Port.IsNull() || m.Port.IsUnknown() || m.Switch.IsUnknown() || m.VLAN.IsUnknown() {
		return
	}
	sw, name, vlan := m.Switch.ValueString(), m.Port.canonical(), int(m.VLAN.ValueInt64())
	if planned, ok := r.site.claims.plannedPort(sw, name); ok {
		if !m.VLAN.IsNull() {
			addCableError(diags, planned.port, vlan, fmt.Sprintf("%s leaves port %s of %s", planned.by, name, sw), "")
		}
		return
	}
	d, err := r.site.device(sw)
	if err != nil {
		if !errors.Is(err, errUnknownConfiguration) {
			diags.AddAttributeError(path.Root("switch"), "Unknown switch", err.Error())
		}
		return
	}
	obs, err := r.site.planFrom(ctx, d)
	switch {
	case errors.Is(err, errUnknownConfiguration):
		return
	case isUnreachable(err):
		addReadProblem(diags, fmt.Sprintf("port %s of %s", name, sw), err)
		return
	case err != nil:
		addSwitchError(diags, "read", err)
		return
	}
	port, there := obs.Ports[name]
	if !there {
		diags.AddAttributeError(path.Root("port"), "Unknown port", fmt.Sprintf("Switch %s has no port %s.", sw, name))
		return
	}
	if !m.VLAN.IsNull() {
		addCableError(diags, port, vlan, fmt.Sprintf("No resource of this plan owns port %s of %s, and the switch has it", name, sw),
			" If one does, refer to it (switch = cthulix_switch.….name), so that it is planned first.")
	}
}

// checkPlace names a host that the switch sees on another port than its own, or
// that says so itself. It is a warning: what a switch has learned can be minutes
// old.
func (r *hostResource) checkPlace(ctx context.Context, m hostModel, diags *diag.Diagnostics) {
	if m.Port.IsNull() || m.Port.IsUnknown() || m.Switch.IsUnknown() || m.Name.IsUnknown() || diags.HasError() {
		return
	}
	r.checkAgentPlace(m, r.ownWord(ctx, m), diags)
	d, err := r.site.device(m.Switch.ValueString())
	if err != nil {
		return // checkCable has reported it
	}
	obs, err := r.site.planFrom(ctx, d)
	if err != nil {
		return // as above
	}
	seen, err := d.cables(ctx)
	if err != nil {
		addReadProblem(diags, "the cabling of switch "+d.name, err)
		return
	}
	macs := m.knownMACs()
	port := m.Port.canonical()
	if places := seen.elsewhere(m.Name.ValueString(), macs, port, obs.Ports); len(places) > 0 {
		diags.AddAttributeWarning(path.Root("port"), "The host seems to be on another port",
			fmt.Sprintf("%s is said to be on port %s of %s. The switch sees it elsewhere:\n%s\n\nCheck the cable, or the port in the configuration. "+
				"What a switch has learned can be some minutes old.", m.label(), port, d.name, indent(places)))
	}
}

// addCableError reports a port that does not carry a VLAN's untagged frames,
// which are all that a machine's firmware speaks.
func addCableError(diags *diag.Diagnostics, p fabric.Port, vlan int, who, hint string) {
	problem := cableProblem(p, vlan)
	switch {
	case problem == "":
	case p.Shutdown:
		diags.AddAttributeError(path.Root("port"), "The host's port is shut down", who+" "+problem+"."+hint)
	default:
		diags.AddAttributeError(path.Root("vlan"), fmt.Sprintf("VLAN %d is not on the host's port", vlan), who+" "+problem+"."+hint)
	}
}

// cableProblem says what keeps a port from carrying a VLAN untagged, or any
// VLAN if that is 0: "in VLAN 30".
func cableProblem(p fabric.Port, vlan int) string {
	effective := func(id int) int { return max(id, 1) }
	switch {
	case p.Shutdown:
		return "shut down"
	case vlan == 0:
	case p.Mode != fabric.ModeTrunk:
		if access := effective(p.AccessVLAN); access != vlan {
			return fmt.Sprintf("in VLAN %d", access)
		}
	case !p.Allowed.IsZero() && !p.Allowed.Contains(vlan):
		return fmt.Sprintf("a trunk that carries %s", p.Allowed)
	case effective(p.NativeVLAN) != vlan:
		return fmt.Sprintf("a trunk that carries VLAN %d tagged; a machine boots from untagged frames: make it the native_vlan", vlan)
	}
	return ""
}
