package provider

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
	"github.com/cthulix/terraform-provider-cthulix/fabric/ios"
)

// The system MTU of a switch that was told none, in bytes: of IOS, and of NX-OS,
// where it is what ports can be set to.
const (
	systemMTU = 1500
	jumboMTU  = 9216
)

// Settings of the whole switch. What is left out is left alone.

var (
	treeTypes     = map[string]attr.Type{"mode": types.StringType, "priorities": types.MapType{ElemType: types.Int64Type}}
	snoopingTypes = map[string]attr.Type{"enabled": types.BoolType, "vlans": VLANListType}
)

func globalAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"default_gateway": schema.StringAttribute{
			MarkdownDescription: "Default gateway of a switch that does not route; `0.0.0.0` for none. Left out, it is left alone.",
			Optional:            true,
		},
		"spanning_tree": schema.SingleNestedAttribute{
			MarkdownDescription: "Spanning tree of the switch. Left out, it is left alone.",
			Optional:            true,
			Attributes: map[string]schema.Attribute{
				"mode": schema.StringAttribute{
					MarkdownDescription: "`pvst`, `rapid-pvst` or `mst`. Left out, it is left alone.",
					Optional:            true,
					Validators:          []validator.String{stringvalidator.OneOf("pvst", "rapid-pvst", "mst")},
				},
				"priorities": schema.MapAttribute{
					MarkdownDescription: "Bridge priorities by VLANs, such as `{ \"20,30-39\" = 4096 }`. VLANs that are not named are left alone.",
					ElementType:         types.Int64Type,
					Optional:            true,
				},
			},
		},
		"dhcp_snooping": schema.SingleNestedAttribute{
			MarkdownDescription: "Whether, and in which VLANs, the switch watches over DHCP. Left out, it is left alone.",
			Optional:            true,
			Attributes: map[string]schema.Attribute{
				"enabled": schema.BoolAttribute{MarkdownDescription: "Whether it does. Left out, it is left alone.", Optional: true},
				"vlans": schema.StringAttribute{
					MarkdownDescription: "All VLANs in which it does, such as `20,30-39`, or `none`. Left out, they are left alone.",
					CustomType:          VLANListType,
					Optional:            true,
				},
			},
		},
		"system_mtu": schema.Int64Attribute{
			MarkdownDescription: "Largest frame of all ports, in bytes. Before IOS-XE 16 it takes effect at the next reload of the switch, which the plan says and nobody does for you. On NX-OS, `system jumbomtu`. Left out, it is left alone.",
			Optional:            true,
			Validators:          []validator.Int64{int64validator.Between(systemMTU, 9216)},
		},
		"lldp": schema.BoolAttribute{MarkdownDescription: "Whether the switch speaks LLDP. Left out, it is left alone.", Optional: true},
		"cdp":  schema.BoolAttribute{MarkdownDescription: "Whether the switch speaks CDP. Left out, it is left alone.", Optional: true},
	}
}

// wantGlobal adds settings of the whole switch to what m describes.
func (m switchModel) wantGlobal(s *scope, diags *diag.Diagnostics) {
	s.global.SpanningTreeMode = fields(m.Tree).text("mode")
	s.global.LLDP, s.global.CDP = toggle(m.LLDP), toggle(m.CDP)
	s.global.SystemMTU = int(m.SystemMTU.ValueInt64())
	snooping := fields(m.Snooping)
	s.global.DHCPSnooping.Enabled = toggle(snooping.truth("enabled"))
	if v, ok := snooping.attr["vlans"].(VLANList); ok && !v.IsNull() && !v.IsUnknown() {
		// What is no list was refused by its type.
		s.global.DHCPSnooping.VLANs, _ = fabric.ParseVLANSet(v.ValueString())
	}
	priorities := m.priorities()
	seen := fabric.NoVLANs()
	for _, key := range slices.Sorted(maps.Keys(priorities)) {
		at := path.Root("spanning_tree").AtName("priorities").AtMapKey(key)
		set, err := fabric.ParseVLANSet(key)
		if err != nil {
			diags.AddAttributeError(at, "No usable VLANs", err.Error())
			continue
		}
		if both := seen.Intersect(set); !both.IsNone() {
			diags.AddAttributeError(at, "One VLAN twice", fmt.Sprintf("VLAN %s has two priorities.", both))
			continue
		}
		seen = seen.Union(set)
		s.global.SpanningTreePriority = addPriority(s.global.SpanningTreePriority, int(priorities[key]), set)
	}
	if m.Gateway.IsNull() || m.Gateway.IsUnknown() {
		return
	}
	gateway, err := netip.ParseAddr(m.Gateway.ValueString())
	if err != nil || !gateway.Is4() {
		diags.AddAttributeError(path.Root("default_gateway"), "No IPv4 address", fmt.Sprintf("%q is no IPv4 address.", m.Gateway.ValueString()))
		return
	}
	s.global.DefaultGateway = gateway
}

// globalKnown tells whether all settings of the whole switch are known.
func (m switchModel) globalKnown(ctx context.Context) bool {
	return wholly(ctx, m.Tree) && wholly(ctx, m.Snooping) && !m.Gateway.IsUnknown() && !m.LLDP.IsUnknown() && !m.CDP.IsUnknown() && !m.SystemMTU.IsUnknown()
}

// priorities are the known bridge priorities by the user's spelling of VLANs.
func (m switchModel) priorities() map[string]int64 {
	out := map[string]int64{}
	all, _ := fields(m.Tree).attr["priorities"].(types.Map)
	for key, v := range all.Elements() {
		if n, ok := v.(types.Int64); ok && !n.IsUnknown() && !n.IsNull() {
			out[key] = n.ValueInt64()
		}
	}
	return out
}

// observeGlobal notes what was seen of what m speaks of.
func (m *switchModel) observeGlobal(obs fabric.Observation) {
	g, mtu := obs.Global, systemMTU
	if obs.Nexus != nil {
		mtu = jumboMTU
	}
	see(&m.Gateway, types.StringValue(gatewayOrNone(g.DefaultGateway).String()))
	see(&m.SystemMTU, types.Int64Value(int64(cmp.Or(g.SystemMTU, mtu))))
	see(&m.LLDP, truthOf(g.LLDP, fabric.Disable))
	see(&m.CDP, truthOf(g.CDP, fabric.Enable))
	if attributes := m.Snooping.Attributes(); fields(m.Snooping).said {
		seen := snoopingOf(g).Attributes()
		if v := attributes["enabled"]; !v.IsNull() {
			attributes["enabled"] = seen["enabled"]
		}
		have, _ := attributes["vlans"].(VLANList)
		now, _ := seen["vlans"].(VLANList)
		if !have.IsNull() && have.canonical() != now.canonical() {
			attributes["vlans"] = now
		}
		m.Snooping = types.ObjectValueMust(snoopingTypes, attributes)
	}
	if attributes := m.Tree.Attributes(); fields(m.Tree).said {
		if v := attributes["mode"]; !v.IsNull() {
			attributes["mode"] = orWord(g.SpanningTreeMode, "pvst")
		}
		if v := attributes["priorities"]; !v.IsNull() {
			attributes["priorities"] = m.seenPriorities(g)
		}
		m.Tree = types.ObjectValueMust(treeTypes, attributes)
	}
}

// seenPriorities keeps the user's sets of VLANs while each has one priority, and
// parts those that have several.
func (m switchModel) seenPriorities(g fabric.Global) types.Map {
	out := map[string]attr.Value{}
	for key := range m.priorities() {
		set, err := fabric.ParseVLANSet(key)
		if err != nil {
			continue
		}
		now := prioritiesOf(g, set)
		for prio, part := range now {
			name := part.String()
			if len(now) == 1 {
				name = key
			}
			out[name] = types.Int64Value(int64(prio))
		}
	}
	return types.MapValueMust(types.Int64Type, out)
}

// adoptGlobal describes the settings of a switch that is imported.
func (m *switchModel) adoptGlobal(g fabric.Global) {
	take(&m.Gateway, types.StringValue(g.DefaultGateway.String()), g.DefaultGateway.IsValid())
	take(&m.SystemMTU, types.Int64Value(int64(g.SystemMTU)), g.SystemMTU != 0)
	take(&m.LLDP, truthOf(g.LLDP, fabric.Disable), g.LLDP != "")
	take(&m.CDP, truthOf(g.CDP, fabric.Enable), g.CDP != "")
	m.Snooping = types.ObjectNull(snoopingTypes)
	take(&m.Snooping, snoopingOf(g), g.DHCPSnooping != fabric.DHCPSnooping{})
	m.Tree = types.ObjectNull(treeTypes)
	if g.SpanningTreeMode == "" && len(g.SpanningTreePriority) == 0 {
		return
	}
	priorities := types.MapNull(types.Int64Type)
	if len(g.SpanningTreePriority) > 0 {
		all := map[string]attr.Value{}
		for prio, set := range g.SpanningTreePriority {
			all[set.String()] = types.Int64Value(int64(prio))
		}
		priorities = types.MapValueMust(types.Int64Type, all)
	}
	m.Tree = types.ObjectValueMust(treeTypes, map[string]attr.Value{"mode": orNull(g.SpanningTreeMode), "priorities": priorities})
}

func snoopingOf(g fabric.Global) types.Object {
	vlans := g.DHCPSnooping.VLANs
	if vlans.IsZero() {
		vlans = fabric.NoVLANs()
	}
	return types.ObjectValueMust(snoopingTypes, map[string]attr.Value{
		"enabled": truthOf(g.DHCPSnooping.Enabled, fabric.Disable), "vlans": wordOf[vlanKind](vlans.String()),
	})
}

// warnReload says when a new MTU of the switch has to wait for its next reload.
func warnReload(obs fabric.Observation, want fabric.Global, diags *diag.Diagnostics) {
	have := cmp.Or(obs.Global.SystemMTU, systemMTU)
	if want.SystemMTU <= 0 || want.SystemMTU == have || !ios.MTUWaitsForReload(obs) {
		return
	}
	diags.AddAttributeWarning(path.Root("system_mtu"), "The MTU takes effect at the next reload",
		fmt.Sprintf("%s runs %s, which takes frames of up to %d bytes until it is reloaded. The apply does not reload it.", obs.Hostname, obs.Version, have))
}

// globalPath finds the attribute of a setting of the whole switch.
func globalPath(name string) path.Path {
	switch name {
	case "spanning_tree_mode":
		return path.Root("spanning_tree").AtName("mode")
	case "spanning_tree_priority":
		return path.Root("spanning_tree").AtName("priorities")
	}
	return path.Root(name)
}
