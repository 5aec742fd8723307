package provider

import (
	"cmp"
	"net/netip"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// Settings of the whole switch are owned one by one. How one was is noted in
// words that a wish can say: what was not set becomes the word for that.

// told returns the settings of a switch in such words, priorities for the VLANs
// that are named alone.
func told(g fabric.Global, named fabric.VLANSet) fabric.Global {
	out := fabric.Global{
		SpanningTreeMode: cmp.Or(g.SpanningTreeMode, string(fabric.Default)),
		DHCPSnooping:     fabric.DHCPSnooping{Enabled: cmp.Or(g.DHCPSnooping.Enabled, fabric.Default), VLANs: g.DHCPSnooping.VLANs},
		LLDP:             cmp.Or(g.LLDP, fabric.Default),
		CDP:              cmp.Or(g.CDP, fabric.Default),
		SystemMTU:        cmp.Or(g.SystemMTU, fabric.DefaultNumber),
		DefaultGateway:   gatewayOrNone(g.DefaultGateway),
	}
	if out.DHCPSnooping.VLANs.IsZero() {
		out.DHCPSnooping.VLANs = fabric.NoVLANs()
	}
	out.SpanningTreePriority = prioritiesOf(g, named)
	return out
}

func gatewayOrNone(gateway netip.Addr) netip.Addr {
	if !gateway.IsValid() {
		return netip.IPv4Unspecified()
	}
	return gateway
}

// filled adds to g what it does not speak of and more does.
func filled(g, more fabric.Global) fabric.Global {
	g.SpanningTreeMode = cmp.Or(g.SpanningTreeMode, more.SpanningTreeMode)
	g.DHCPSnooping.Enabled = cmp.Or(g.DHCPSnooping.Enabled, more.DHCPSnooping.Enabled)
	if g.DHCPSnooping.VLANs.IsZero() {
		g.DHCPSnooping.VLANs = more.DHCPSnooping.VLANs
	}
	g.LLDP, g.CDP = cmp.Or(g.LLDP, more.LLDP), cmp.Or(g.CDP, more.CDP)
	g.SystemMTU = cmp.Or(g.SystemMTU, more.SystemMTU)
	if !g.DefaultGateway.IsValid() {
		g.DefaultGateway = more.DefaultGateway
	}
	spoken := prioritized(g)
	var all map[int]fabric.VLANSet
	for prio, set := range g.SpanningTreePriority {
		all = addPriority(all, prio, set)
	}
	for prio, set := range more.SpanningTreePriority {
		all = addPriority(all, prio, set.Minus(spoken))
	}
	g.SpanningTreePriority = all
	return g
}

// ownGlobal notes how the settings that want speaks of were: as an earlier note
// has it, or as they are seen.
func ownGlobal(seen, want fabric.Global, earlier ...fabric.Global) fabric.Global {
	var first fabric.Global
	for _, g := range append(earlier, told(seen, prioritized(want))) {
		first = filled(first, g.Within(want))
	}
	return first
}

// giveUpGlobal adds to next what prior speaks of and next does not.
func giveUpGlobal(first, prior, next fabric.Global, onDestroy string) fabric.Global {
	if onDestroy == onDestroyDefault {
		first = fabric.Global{}
	}
	back := filled(first, told(fabric.Global{}, prioritized(prior))).Within(prior)
	return filled(next, back)
}

// prioritized are the VLANs of which g tells a bridge priority.
func prioritized(g fabric.Global) fabric.VLANSet {
	all := fabric.NoVLANs()
	for _, set := range g.SpanningTreePriority {
		all = all.Union(set)
	}
	return all
}

// prioritiesOf are the bridge priorities of the named VLANs.
func prioritiesOf(g fabric.Global, named fabric.VLANSet) map[int]fabric.VLANSet {
	var out map[int]fabric.VLANSet
	for prio, set := range g.SpanningTreePriority {
		out = addPriority(out, prio, set.Intersect(named))
	}
	return addPriority(out, fabric.DefaultPriority, named.Minus(prioritized(g)))
}

func addPriority(to map[int]fabric.VLANSet, prio int, set fabric.VLANSet) map[int]fabric.VLANSet {
	if set.IsZero() || set.IsNone() {
		return to
	}
	if to == nil {
		to = map[int]fabric.VLANSet{}
	}
	if have, there := to[prio]; there {
		set = set.Union(have)
	}
	to[prio] = set
	return to
}
