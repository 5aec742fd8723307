package provider

import (
	"context"
	"maps"
	"net/netip"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
	"github.com/cthulix/terraform-provider-cthulix/fabric/dialect"
)

// What happens to VLANs and ports that a resource gives up.
const (
	onDestroyRestore = "restore"
	onDestroyDefault = "default"
	onDestroyKeep    = "keep"
)

// scope is the part of a switch that one resource owns, as it wants it. Ports
// have canonical names.
type scope struct {
	vlans map[int]fabric.VLAN
	ports map[string]fabric.Port
	svis  map[int]fabric.SVI
	// global are settings of the whole switch.
	global fabric.Global
}

func newScope() scope {
	return scope{vlans: map[int]fabric.VLAN{}, ports: map[string]fabric.Port{}, svis: map[int]fabric.SVI{}}
}

// want is the scope as a wish.
func (s scope) want() fabric.Want {
	return fabric.Want{VLANs: s.vlans, Ports: s.ports, SVIs: s.svis, Global: s.global}
}

// memory is what a resource keeps in its private state.
type memory struct {
	// Seen is the switch as last observed. Updates are planned from it alone.
	Seen sight `json:"seen"`
	// First is how what the resource owns was before it was first touched.
	First fabric.Want `json:"first"`
}

// step is a way from what was seen to what is wanted.
type step struct {
	want        fabric.Want
	change      fabric.Change
	fingerprint string
}

// plan works out what leads from memory to next. What is in the resource's
// scope in prior and not in next is given up as onDestroy says.
func (m memory) plan(prior, next scope, onDestroy string) (step, error) {
	want := fabric.Want{
		VLANs:   maps.Clone(next.vlans),
		Ports:   maps.Clone(next.ports),
		SVIs:    maps.Clone(next.svis),
		Global:  next.global,
		Restore: map[string][]string{},
	}
	if onDestroy != onDestroyKeep {
		for _, id := range slices.Sorted(maps.Keys(prior.vlans)) {
			if _, stays := next.vlans[id]; !stays {
				m.giveUpVLAN(&want, id, onDestroy)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(prior.ports)) {
			if _, stays := next.ports[name]; !stays {
				m.giveUpPort(&want, name, onDestroy)
			}
		}
		for _, id := range slices.Sorted(maps.Keys(prior.svis)) {
			if _, stays := next.svis[id]; !stays {
				m.giveUpSVI(&want, id, onDestroy)
			}
		}
		m.giveUpBundles(&want, prior, next)
		want.Global = giveUpGlobal(m.First.Global, prior.global, next.global, onDestroy)
	}
	if want.Empty() {
		return step{}, nil
	}
	change, err := dialect.Plan(m.Seen.Observation, want)
	return step{want: want, change: change, fingerprint: m.Seen.fingerprint(want)}, err
}

func (m memory) giveUpVLAN(want *fabric.Want, id int, onDestroy string) {
	first, was := m.First.VLANs[id]
	switch {
	case onDestroy == onDestroyRestore && was:
		first.State = first.EffectiveState()
		want.VLANs[id] = first
	case id != 1:
		want.AbsentVLANs = append(want.AbsentVLANs, id)
	}
}

func (m memory) giveUpPort(want *fabric.Want, name, onDestroy string) {
	if _, there := m.Seen.Ports[name]; !there {
		return // the port itself is gone: nothing is left to give up
	}
	if lines, known := m.First.Restore[name]; known && onDestroy == onDestroyRestore {
		want.Restore[name] = lines
		return
	}
	if group := fabric.ChannelGroup(name); group != 0 {
		want.AbsentChannels = append(want.AbsentChannels, group)
		return
	}
	want.Ports[name] = fabric.DefaultPort(name)
}

// giveUpBundles removes port-channels that came to be with their first members
// and that nobody described, once the last member leaves them.
func (m memory) giveUpBundles(want *fabric.Want, prior, next scope) {
	for _, group := range slices.Sorted(maps.Keys(prior.bundles())) {
		_, described := next.ports[fabric.ChannelName(group)]
		_, there := m.Seen.Ports[fabric.ChannelName(group)]
		stays := described || next.bundles()[group] || !there || !slices.Contains(m.First.AbsentChannels, group) || slices.Contains(want.AbsentChannels, group)
		for name, p := range m.Seen.Ports {
			if _, ours := prior.ports[name]; !ours && p.Group() == group {
				stays = true // it has members of somebody else's
			}
		}
		if !stays {
			want.AbsentChannels = append(want.AbsentChannels, group)
		}
	}
}

// bundles are the port-channels that ports of the scope are members of.
func (s scope) bundles() map[int]bool {
	out := map[int]bool{}
	for _, p := range s.ports {
		if group := p.Group(); group != 0 {
			out[group] = true
		}
	}
	return out
}

func (m memory) giveUpSVI(want *fabric.Want, id int, onDestroy string) {
	if _, there := m.Seen.SVIs[id]; !there {
		return
	}
	if lines, known := m.First.Restore[fabric.SVIName(id)]; known && onDestroy == onDestroyRestore {
		want.Restore[fabric.SVIName(id)] = lines
		return
	}
	if id == 1 { // it cannot be removed
		none := ""
		want.SVIs[id] = fabric.SVI{VLAN: id, Addresses: []netip.Prefix{}, Helpers: []netip.Addr{}, Description: &none}
		return
	}
	want.AbsentSVIs = append(want.AbsentSVIs, id)
}

// own adds to First what next brings into the scope, as obs shows it or as an
// unfinished earlier run noted it.
func (m *memory) own(obs sight, next scope, noted fabric.Want) {
	first := fabric.Want{VLANs: map[int]fabric.VLAN{}, Restore: map[string][]string{}}
	for id := range next.vlans {
		switch {
		case owns(m.First, id):
			copyVLAN(&first, m.First, id)
		case owns(noted, id):
			copyVLAN(&first, noted, id)
		default:
			if v, there := obs.VLANs[id]; there {
				first.VLANs[id] = v
			} else {
				first.AbsentVLANs = append(first.AbsentVLANs, id)
			}
		}
	}
	for name := range next.ports {
		if lines, known := m.First.Restore[name]; known {
			first.Restore[name] = lines
		} else if lines, known := noted.Restore[name]; known {
			first.Restore[name] = lines
		} else if group := fabric.ChannelGroup(name); group != 0 && slices.Contains(slices.Concat(m.First.AbsentChannels, noted.AbsentChannels), group) {
			first.AbsentChannels = append(first.AbsentChannels, group)
		} else if p, there := obs.Ports[name]; there {
			first.Restore[name] = emptyNotNil(p.Lines)
		} else if group != 0 {
			first.AbsentChannels = append(first.AbsentChannels, group)
		}
	}
	for group := range next.bundles() {
		_, described := next.ports[fabric.ChannelName(group)]
		_, there := obs.Ports[fabric.ChannelName(group)]
		if !described && (!there || slices.Contains(slices.Concat(m.First.AbsentChannels, noted.AbsentChannels), group)) {
			first.AbsentChannels = append(first.AbsentChannels, group)
		}
	}
	for id := range next.svis {
		name := fabric.SVIName(id)
		if lines, known := m.First.Restore[name]; known {
			first.Restore[name] = lines
		} else if lines, known := noted.Restore[name]; known {
			first.Restore[name] = lines
		} else if v, there := obs.SVIs[id]; there && !slices.Contains(slices.Concat(m.First.AbsentSVIs, noted.AbsentSVIs), id) {
			first.Restore[name] = emptyNotNil(v.Lines)
		} else {
			first.AbsentSVIs = append(first.AbsentSVIs, id)
		}
	}
	first.Global = ownGlobal(obs.Global, next.global, m.First.Global, noted.Global)
	slices.Sort(first.AbsentVLANs)
	slices.Sort(first.AbsentChannels)
	slices.Sort(first.AbsentSVIs)
	m.First = first
}

func owns(w fabric.Want, id int) bool {
	_, there := w.VLANs[id]
	return there || slices.Contains(w.AbsentVLANs, id)
}

func copyVLAN(to *fabric.Want, from fabric.Want, id int) {
	if v, there := from.VLANs[id]; there {
		to.VLANs[id] = v
		return
	}
	to.AbsentVLANs = append(to.AbsentVLANs, id)
}

func emptyNotNil(lines []string) []string {
	if lines == nil {
		return []string{}
	}
	return lines
}

const memoryKey = "switch"

type privateReader interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
}

type privateWriter interface {
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

// recall reads a resource's memory. known is false if it has none.
func recall(ctx context.Context, p privateReader, diags *diag.Diagnostics) (m memory, known bool) {
	b, more := p.GetKey(ctx, memoryKey)
	diags.Append(more...)
	if len(b) == 0 {
		return m, false
	}
	if err := unpack(b, &m); err != nil {
		diags.AddError("The resource's private state cannot be read",
			"It was written by another version of the provider: "+err.Error()+"\n\nRemove the resource from the state and import it.")
		return m, false
	}
	return m, true
}

// keep writes a resource's memory.
func (m memory) keep(ctx context.Context, p privateWriter, diags *diag.Diagnostics) {
	b, err := pack(m)
	if err != nil {
		diags.AddError("The resource's private state cannot be written", err.Error())
		return
	}
	diags.Append(p.SetKey(ctx, memoryKey, b)...)
}
