package provider

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// checkUplink names a VLAN that a host is to boot in and that leaves the switch by
// no port. It is a warning: the opserver may sit where it is not looked for.
func (r *hostResource) checkUplink(ctx context.Context, m hostModel, diags *diag.Diagnostics) {
	if m.Port.IsNull() || m.Port.IsUnknown() || m.Switch.IsUnknown() || m.VLAN.IsNull() || m.VLAN.IsUnknown() || diags.HasError() {
		return
	}
	sw, vlan := m.Switch.ValueString(), int(m.VLAN.ValueInt64())
	d, err := r.site.device(sw)
	if err != nil {
		return // checkCable has reported it
	}
	obs, err := r.site.planFrom(ctx, d)
	if err != nil {
		return // as above
	}
	if _, routed := obs.SVIs[vlan]; routed {
		return // it may be relayed
	}
	ports := maps.Clone(obs.Ports)
	if ports == nil {
		ports = map[string]fabric.Port{}
	}
	maps.Copy(ports, r.site.claims.portsOf(sw))
	var closed []string
	for _, name := range slices.Sorted(maps.Keys(ports)) {
		p := ports[name]
		host := name == m.Port.canonical() || r.site.claims.claimed(cable(sw, name))
		if host || p.Shutdown || p.Routed || p.Channel != nil {
			continue
		}
		if carries(p, vlan) {
			return
		}
		if p.Mode == fabric.ModeTrunk || name == d.management {
			closed = append(closed, fmt.Sprintf("%s: %s", name, cableProblem(p, vlan)))
		}
	}
	if len(closed) > 0 {
		diags.AddAttributeWarning(path.Root("vlan"), fmt.Sprintf("VLAN %d leaves switch %s by no port", vlan, sw),
			fmt.Sprintf("%s boots in VLAN %d, and no other port of %s carries it:\n%s\n\nUnless the opserver is reached by a port that is not up yet, the machine's request for an address ends here. "+
				"Add the VLAN to the allowed_vlans of the uplink.", m.label(), vlan, sw, indent(closed)))
	}
}

// carries tells whether a port takes a VLAN's frames further, tagged or not.
func carries(p fabric.Port, vlan int) bool {
	if p.Mode == fabric.ModeTrunk {
		return p.Allowed.IsZero() || p.Allowed.Contains(vlan)
	}
	return max(p.AccessVLAN, 1) == vlan
}
