package fabric

import (
	"net/netip"
	"slices"
)

// Between is the wish that turns one whole configuration into another: what a
// change rehearsed from two backups is planned from. Lines that Cthulix does not
// manage stay as they are in from, and so do VLANs that are only assumed to be
// there: a VLAN that neither side lists is neither made nor removed.
func Between(from, to Config) Want {
	w := Want{Restore: map[string][]string{}, Global: globalBetween(from.Global, to.Global)}
	w.VLANs, w.AbsentVLANs = vlansBetween(from.VLANs, to.VLANs)
	for name, p := range to.Ports {
		if had, ok := from.Ports[name]; !ok || !slices.Equal(had.Lines, p.Lines) {
			w.Restore[name] = p.Lines
		}
	}
	for name := range from.Ports {
		if _, stays := to.Ports[name]; !stays && ChannelGroup(name) != 0 {
			w.AbsentChannels = append(w.AbsentChannels, ChannelGroup(name))
		}
	}
	for id, s := range to.SVIs {
		if had, ok := from.SVIs[id]; !ok || !slices.Equal(had.Lines, s.Lines) {
			w.Restore[SVIName(id)] = s.Lines
		}
	}
	for id := range from.SVIs {
		if _, stays := to.SVIs[id]; !stays && id != 1 {
			w.AbsentSVIs = append(w.AbsentSVIs, id)
		}
	}
	slices.Sort(w.AbsentChannels)
	slices.Sort(w.AbsentSVIs)
	return w
}

// Onto is the wish that brings what a part of a configuration says onto a whole
// one. What the part does not mention stays.
func Onto(from, part Config) Want {
	w := Between(from, part)
	w.AbsentVLANs, w.AbsentChannels, w.AbsentSVIs = nil, nil, nil
	said := part.Global
	if said.SpanningTreeMode == "" {
		w.Global.SpanningTreeMode = ""
	}
	delete(w.Global.SpanningTreePriority, DefaultPriority)
	if said.DHCPSnooping.Enabled == "" {
		w.Global.DHCPSnooping.Enabled = ""
	}
	w.Global.DHCPSnooping.VLANs = VLANSet{}
	if more := said.DHCPSnooping.VLANs.Minus(from.Global.DHCPSnooping.VLANs); !more.IsNone() {
		w.Global.DHCPSnooping.VLANs = from.Global.DHCPSnooping.VLANs.Union(more)
	}
	if said.LLDP == "" {
		w.Global.LLDP = ""
	}
	if said.CDP == "" {
		w.Global.CDP = ""
	}
	if said.SystemMTU == 0 {
		w.Global.SystemMTU = 0
	}
	if !said.DefaultGateway.IsValid() {
		w.Global.DefaultGateway = netip.Addr{}
	}
	return w
}

// vlansBetween compares two VLAN tables, of which either may be unknown: a
// switch that keeps its table in a file of its own lists no VLAN in its running
// configuration.
func vlansBetween(from, to map[int]VLAN) (want map[int]VLAN, absent []int) {
	want = map[int]VLAN{}
	known := ListsVLANs(from)
	for id, v := range to {
		had, there := from[id]
		switch {
		case v.Assumed && (there || !known), there && !had.Assumed && had == v:
			continue
		case v.State == "":
			v.State = VLANActive
		}
		v.Assumed = false
		want[id] = v
	}
	for id, had := range from {
		if _, stays := to[id]; !stays && !had.Assumed {
			absent = append(absent, id)
		}
	}
	slices.Sort(absent)
	return want, absent
}

// ListsVLANs says whether a table holds more than what is assumed, and VLAN 1,
// which every switch has.
func ListsVLANs(table map[int]VLAN) bool {
	for id, v := range table {
		if id != 1 && !v.Assumed {
			return true
		}
	}
	return false
}

// globalBetween says aloud what is to change, defaults included.
func globalBetween(from, to Global) Global {
	var w Global
	if from.SpanningTreeMode != to.SpanningTreeMode {
		w.SpanningTreeMode = to.SpanningTreeMode
		if w.SpanningTreeMode == "" {
			w.SpanningTreeMode = string(Default)
		}
	}
	w.SpanningTreePriority = priorityBetween(from.SpanningTreePriority, to.SpanningTreePriority)
	toggle := func(have, want, def Toggle) Toggle {
		if have.Or(def) == want.Or(def) {
			return ""
		}
		return want.Or(def)
	}
	w.DHCPSnooping.Enabled = toggle(from.DHCPSnooping.Enabled, to.DHCPSnooping.Enabled, Disable)
	if a, b := from.DHCPSnooping.VLANs.Union(NoVLANs()), to.DHCPSnooping.VLANs.Union(NoVLANs()); a != b {
		w.DHCPSnooping.VLANs = b
	}
	w.LLDP = toggle(from.LLDP, to.LLDP, Disable)
	w.CDP = toggle(from.CDP, to.CDP, Enable)
	if from.SystemMTU != to.SystemMTU {
		w.SystemMTU = to.SystemMTU
		if w.SystemMTU == 0 {
			w.SystemMTU = DefaultNumber
		}
	}
	if from.DefaultGateway != to.DefaultGateway {
		w.DefaultGateway = to.DefaultGateway
		if !w.DefaultGateway.IsValid() {
			w.DefaultGateway = netip.IPv4Unspecified()
		}
	}
	return w
}

func priorityBetween(from, to map[int]VLANSet) map[int]VLANSet {
	w := map[int]VLANSet{}
	named := NoVLANs()
	for prio, set := range to {
		named = named.Union(set)
		if more := set.Minus(from[prio]); !more.IsNone() {
			w[prio] = more
		}
	}
	for _, set := range from {
		if gone := set.Minus(named); !gone.IsNone() {
			w[DefaultPriority] = w[DefaultPriority].Union(gone)
		}
	}
	return w
}
