package fabric

import (
	"net/netip"
	"slices"
)

// Between is the wish that turns one whole configuration into another: what a
// change rehearsed from two backups is planned from. Lines that Cthulix does not
// manage stay as they are in from.
func Between(from, to Config) Want {
	w := Want{VLANs: map[int]VLAN{}, Restore: map[string][]string{}, Global: globalBetween(from.Global, to.Global)}
	for id, v := range to.VLANs {
		if had, ok := from.VLANs[id]; !ok || had != v {
			if v.State == "" {
				v.State = VLANActive
			}
			w.VLANs[id] = v
		}
	}
	for id := range from.VLANs {
		if _, stays := to.VLANs[id]; !stays {
			w.AbsentVLANs = append(w.AbsentVLANs, id)
		}
	}
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
	slices.Sort(w.AbsentVLANs)
	slices.Sort(w.AbsentChannels)
	slices.Sort(w.AbsentSVIs)
	return w
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
