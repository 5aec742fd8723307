package provider

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

type switchModel struct {
	Name        types.String   `tfsdk:"name"`
	VLANs       types.Map      `tfsdk:"vlans"`
	Ports       types.Map      `tfsdk:"ports"`
	SVIs        types.Map      `tfsdk:"svis"`
	Tree        types.Object   `tfsdk:"spanning_tree"`
	Gateway     types.String   `tfsdk:"default_gateway"`
	Snooping    types.Object   `tfsdk:"dhcp_snooping"`
	SystemMTU   types.Int64    `tfsdk:"system_mtu"`
	LLDP        types.Bool     `tfsdk:"lldp"`
	CDP         types.Bool     `tfsdk:"cdp"`
	Disruptive  types.Bool     `tfsdk:"allow_disruptive"`
	OnDestroy   types.String   `tfsdk:"on_destroy"`
	Hostname    types.String   `tfsdk:"hostname"`
	Model       types.String   `tfsdk:"model"`
	Version     types.String   `tfsdk:"version"`
	Fingerprint types.String   `tfsdk:"fingerprint"`
	Planned     types.List     `tfsdk:"planned_commands"`
	Rollback    types.List     `tfsdk:"rollback_commands"`
	Timeouts    timeouts.Value `tfsdk:"timeouts"`
}

type switchVLANModel struct {
	Name  types.String `tfsdk:"name"`
	State types.String `tfsdk:"state"`
}

var (
	switchVLANTypes = map[string]attr.Type{"name": types.StringType, "state": types.StringType}
	switchVLANType  = types.ObjectType{AttrTypes: switchVLANTypes}
	portType        = types.ObjectType{AttrTypes: portTypes}

	switchVLANs = elementsOf[switchVLANModel]{attribute: "vlans", typ: switchVLANType}
	switchPorts = elementsOf[portModel]{attribute: "ports", typ: portType}
	switchSVIs  = elementsOf[sviModel]{attribute: "svis", typ: sviType}
)

func (m switchModel) label() string { return fmt.Sprintf("cthulix_switch %q", m.Name.ValueString()) }

func (m switchModel) identity() identity { return identity{"name": m.Name.ValueString()} }

// want returns the part of the switch that m describes, without what is not
// known yet. Keys that name nothing, or one thing twice, are reported.
func (m switchModel) want(ctx context.Context, diags *diag.Diagnostics) scope {
	s := newScope()
	vlans, ports := switchVLANs.known(ctx, m.VLANs, diags), switchPorts.known(ctx, m.Ports, diags)
	for _, key := range slices.Sorted(maps.Keys(vlans)) {
		at := path.Root("vlans").AtMapKey(key)
		id, err := strconv.Atoi(key)
		if err != nil || strconv.Itoa(id) != key {
			diags.AddAttributeError(at, "No usable VLAN", fmt.Sprintf("VLANs are named by their number, such as \"20\"; %q is none.", key))
			continue
		}
		if detail := vlanProblem(int64(id)); detail != "" {
			diags.AddAttributeError(at, "No usable VLAN", detail)
			continue
		}
		s.vlans[id] = fabric.VLAN{ID: id, Name: vlans[key].Name.ValueString(), State: vlans[key].State.ValueString()}
	}
	spelt := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(ports)) {
		at := path.Root("ports").AtMapKey(key)
		name, err := portKind{}.canonical(key)
		if err != nil {
			diags.AddAttributeError(at, "Not a port name", err.Error())
			continue
		}
		if other, twice := spelt[name]; twice {
			diags.AddAttributeError(at, "One port twice", fmt.Sprintf("%q and %q both name %s.", other, key, name))
			continue
		}
		spelt[name] = key
		s.ports[name] = ports[key].want(name)
	}
	m.wantLayer3(ctx, &s, diags)
	m.wantGlobal(&s, diags)
	return s
}

// at returns a function that finds the attribute for a path of fabric's. Ports
// are found under the user's own spelling.
func (m switchModel) at(ctx context.Context) func([]string) path.Path {
	vlans := sync.OnceValue(func() map[string]bool { return switchVLANs.names(ctx, m.VLANs) })
	svis := sync.OnceValue(func() map[string]bool { return switchSVIs.names(ctx, m.SVIs) })
	ports := sync.OnceValue(func() map[string]bool { return switchPorts.names(ctx, m.Ports) })
	spelt := sync.OnceValue(func() map[string]string {
		out := map[string]string{}
		for key := range ports() {
			if name, err := (portKind{}).canonical(key); err == nil {
				out[name] = key
			}
		}
		return out
	})
	return func(p []string) path.Path {
		if len(p) < 2 {
			return path.Empty()
		}
		root, key, there := p[0], p[1], false
		switch root {
		case "vlans":
			there = vlans()[key]
		case "svis":
			there = svis()[key]
		case "ports":
			key = cmp.Or(spelt()[key], key)
			there = ports()[key]
		case "absent_vlans":
			return path.Root("vlans")
		case "global":
			return globalPath(key)
		}
		if !there {
			return path.Root(root)
		}
		out := path.Root(root).AtMapKey(key)
		names := p[2:]
		if root == "ports" && len(names) > 0 {
			names = portPath(names)
		}
		for _, name := range names {
			out = out.AtName(name)
		}
		return out
	}
}

// observe notes what was seen of what m describes. What the switch lacks is
// left out, so that the next plan brings it back.
func (m *switchModel) observe(ctx context.Context, obs fabric.Observation, diags *diag.Diagnostics) {
	switchVLANs.observe(ctx, &m.VLANs, func(key string, v *switchVLANModel) bool {
		id, err := strconv.Atoi(key)
		seen, there := obs.VLANs[id]
		if err != nil || !there {
			return false
		}
		v.Name = observedName(v.Name, seen)
		see(&v.State, types.StringValue(seen.EffectiveState()))
		return true
	}, diags)
	switchPorts.observe(ctx, &m.Ports, func(key string, p *portModel) bool {
		name, err := portKind{}.canonical(key)
		seen, there := obs.Ports[name]
		if err != nil || !there {
			return false
		}
		p.observe(seen)
		return true
	}, diags)
	m.observeLayer3(ctx, obs, diags)
	m.observeGlobal(obs)
	m.observeFacts(obs)
	m.Fingerprint = types.StringValue(m.fingerprint(ctx, obs, diags))
	m.Planned, m.Rollback = commandList(nil), commandList(nil)
}

// adopt describes a switch that is imported: all VLANs but the built-in one, and
// all ports that were told anything.
func (m *switchModel) adopt(ctx context.Context, obs fabric.Observation, diags *diag.Diagnostics) {
	vlans, ports := map[string]switchVLANModel{}, map[string]portModel{}
	for _, id := range adoptableVLANs(obs) {
		v := obs.VLANs[id]
		told := switchVLANModel{Name: observedName(types.StringNull(), v)}
		take(&told.State, types.StringValue(v.EffectiveState()), v.EffectiveState() != fabric.VLANActive)
		vlans[strconv.Itoa(id)] = told
	}
	for _, name := range adoptablePorts(obs) {
		if p := adoptedPort(obs.Ports[name]); !p.untold() {
			ports[name] = p
		}
	}
	m.VLANs, m.Ports = mapOf(ctx, switchVLANType, vlans, diags), mapOf(ctx, portType, ports, diags)
	m.SVIs = types.MapNull(sviType)
	m.adoptLayer3(ctx, obs, diags)
	m.adoptGlobal(obs.Global)
	m.OnDestroy = types.StringValue(onDestroyRestore)
	m.observe(ctx, obs, diags)
}

func mapOf[E any](ctx context.Context, t attr.Type, m map[string]E, diags *diag.Diagnostics) types.Map {
	v, more := types.MapValueFrom(ctx, t, m)
	diags.Append(more...)
	return v
}

// observedName keeps a name that was left out so while the switch has its own.
func observedName(prior types.String, seen fabric.VLAN) types.String {
	if prior.IsNull() && seen.EffectiveName() == fabric.DefaultVLANName(seen.ID) {
		return prior
	}
	return types.StringValue(seen.EffectiveName())
}

func (m *switchModel) observeFacts(obs fabric.Observation) {
	m.Hostname = types.StringValue(obs.Hostname)
	m.Model = types.StringValue(obs.Model)
	m.Version = types.StringValue(obs.Version)
}

// fingerprint names the state of what m describes.
func (m switchModel) fingerprint(ctx context.Context, obs fabric.Observation, diags *diag.Diagnostics) string {
	s := m.want(ctx, diags)
	return fabric.ScopeFingerprint(obs, s.want())
}

// settle fills in what an apply found out.
func (m *switchModel) settle(obs fabric.Observation, change fabric.Change, diags *diag.Diagnostics) {
	if m.Hostname.IsUnknown() || m.Model.IsUnknown() || m.Version.IsUnknown() {
		m.observeFacts(obs)
	}
	if m.Fingerprint.IsUnknown() {
		m.Fingerprint = types.StringValue(m.fingerprint(context.Background(), obs, diags))
	}
	unknown := m.Planned.IsUnknown()
	settleCommands(&m.Planned, change.Commands, m.label(), diags)
	if unknown || m.Rollback.IsUnknown() {
		m.Rollback = commandList(change.Rollback)
	}
}
