package path

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// guard holds what must stay as it is for the path to stay up.
type guard struct {
	start *device
	path  Path
	// holder is the interface with the management address.
	holder string
	// addresses of which the holder must keep all.
	addresses []netip.Addr
	// client must stay in a subnet of the holder, if it is on link.
	client netip.Addr
	onLink bool
	// hops are the next hops that answers use; one of them must stay.
	hops []netip.Addr
	// uplinks are the ports where the VLAN may come in: one that is known, or
	// candidates, of which the likeliest class must not be lost.
	uplinks []string
	best    []string // those of the likeliest class, once that was asked for
	class   string
	known   bool
	why     string // what is not known, or was assumed
}

// newGuards works out the path at the start: one guard, or several where more
// than one interface may be the managed one behind a declared uplink. It gives
// the reason where there is nothing to prove.
func newGuards(d *device, m Management) ([]*guard, string) {
	declared, uplink := "", d.canonical(m.Uplink)
	if m.Interface != "" {
		name := d.canonical(m.Interface)
		l, ok := d.links[name]
		switch {
		case !ok:
			return nil, fmt.Sprintf("the declared management interface %s is not in the switch's configuration", name)
		case l.routed:
			declared = name
		default:
			uplink = name
		}
	}
	if uplink != "" && d.links[uplink] == nil {
		return nil, fmt.Sprintf("the uplink %s is not in the switch's configuration", uplink)
	}
	holders, assumed := findHolders(d, declared, uplink, usable(m.Address))
	if len(holders) == 0 {
		return nil, assumed
	}
	var guards []*guard
	for _, holder := range holders {
		g := &guard{start: d, known: assumed == "" || len(holders) == 1, why: assumed}
		g.hold(d, holder, usable(m.Address))
		g.findHops(d, usable(m.ClientAddr))
		if why := g.findUplink(d, uplink, m.Down); why != "" {
			return nil, why
		}
		if why := g.broken(d); why != "" {
			return nil, fmt.Sprintf("by its configuration the management path %s is down before any line: %s", g.path, why)
		}
		guards = append(guards, g)
	}
	return guards, ""
}

// usable keeps an address only if it says something.
func usable(a netip.Addr) netip.Addr {
	a = a.Unmap()
	if !a.IsValid() || a.IsLoopback() || a.IsUnspecified() {
		return netip.Addr{}
	}
	return a
}

// findHolders finds the interface with the management address. The text says
// what was assumed, or why none was found.
func findHolders(d *device, declared, uplink string, address netip.Addr) (names []string, why string) {
	if declared != "" {
		return []string{declared}, ""
	}
	for _, name := range d.names() {
		if address.IsValid() && d.links[name].holds(address) {
			return []string{name}, ""
		}
	}
	for _, name := range d.names() {
		l := d.links[name]
		if !l.hasAddress() || l.shut {
			continue
		}
		if uplink != "" && l.kind == kindSVI && d.forms(d.bundle(uplink), l.vlan, true)[0] == "" {
			continue
		}
		names = append(names, name)
	}
	switch {
	case len(names) == 0:
		return nil, "no interface of the switch has an address that is known: declare management_interface"
	case len(names) == 1:
		return names, fmt.Sprintf("%s is taken for the managed interface, since no other has an address", names[0])
	case uplink != "":
		return names, fmt.Sprintf("it is not known which of %s is managed: all of them are kept reachable", few(names, "and"))
	}
	return nil, fmt.Sprintf("it is not known which of %s is managed: dial its address, or declare management_interface", few(names, "and"))
}

// hold notes what the holder must keep.
func (g *guard) hold(d *device, name string, address netip.Addr) {
	l := d.links[name]
	g.holder, g.path.Interface = name, name
	if l.kind == kindSVI {
		g.path.VLAN = l.vlan
	}
	if address.IsValid() && l.holds(address) {
		g.addresses, g.path.Address = []netip.Addr{address}, address
		return
	}
	for _, p := range l.addresses {
		g.addresses = append(g.addresses, p.Addr())
	}
	if len(g.addresses) == 1 {
		g.path.Address = g.addresses[0]
	}
}

// findHops finds out whether answers leave the subnet, and by whom.
func (g *guard) findHops(d *device, client netip.Addr) {
	l := d.links[g.holder]
	g.client = client
	if g.onLink = client.IsValid() && l.reaches(client); g.onLink {
		return
	}
	if l.vrf != "" {
		return // a VRF has routes of its own, and no line of a change is among them
	}
	g.hops = d.hops(client)
	for _, hop := range g.hops {
		if l.reaches(hop) {
			g.path.Gateway = hop
			return
		}
	}
}

// findUplink finds the port where the management VLAN comes in.
func (g *guard) findUplink(d *device, uplink string, down []string) string {
	holder := d.links[g.holder]
	switch holder.kind {
	case kindVirtual:
		g.known = false
		g.note(fmt.Sprintf("by which interface %s is reached is not known", g.holder))
		return ""
	case kindPort, kindChannel:
		g.uplinks, g.path.Uplink = []string{g.holder}, g.holder
		return ""
	case kindSub:
		parent, _, _ := strings.Cut(g.holder, ".")
		g.uplinks = []string{parent}
		return ""
	}
	if uplink != "" {
		l := d.bundle(uplink)
		g.uplinks, g.path.Uplink = []string{l.name}, l.name
		g.path.Tagging = d.forms(l, g.path.VLAN, true)[0]
		return ""
	}
	for _, name := range d.names() {
		l := d.links[name]
		if slices.ContainsFunc(down, func(n string) bool { return d.canonical(n) == name }) {
			continue
		}
		if l.carrier() && d.loss(d, name, g.path.VLAN) == "" {
			g.uplinks = append(g.uplinks, name)
		}
	}
	g.path.Candidates = g.uplinks
	switch len(g.uplinks) {
	case 0:
		return fmt.Sprintf("no port carries VLAN %d of %s: declare management_interface", g.path.VLAN, g.holder)
	case 1:
		g.path.Uplink, g.path.Candidates = g.uplinks[0], nil
		g.path.Tagging = d.forms(d.links[g.uplinks[0]], g.path.VLAN, true)[0]
		return ""
	}
	g.known = false
	g.note(fmt.Sprintf("it is not known which of %d ports that carry VLAN %d (%s) leads to you: declare it as management_interface to have the whole path proved",
		len(g.uplinks), g.path.VLAN, few(g.uplinks, "or")))
	return ""
}

func (g *guard) note(s string) {
	if g.why != "" {
		s = g.why + "; " + s
	}
	g.why = s
}

// likely sorts candidates out: a trunk or port-channel is more likely the way
// to the rest of the network than a port that is told to lead to an end host.
// The best class that is there is what must not be lost as a whole.
func (g *guard) likely() (names []string, what string) {
	if g.best != nil {
		return g.best, g.class
	}
	defer func() { g.best, g.class = names, what }()
	classes := []struct {
		what string
		is   func(*link) bool
	}{
		{"trunk or port-channel", func(l *link) bool { return l.kind == kindChannel || g.start.mode(l) == modeTrunk }},
		{"port without portfast", func(l *link) bool { return !l.edge }},
		{"port", func(*link) bool { return true }},
	}
	for _, c := range classes {
		for _, name := range g.uplinks {
			if c.is(g.start.links[name]) {
				names = append(names, name)
			}
		}
		if len(names) > 0 {
			return names, c.what
		}
	}
	return nil, ""
}

// broken says why the path is not up on the device as it is now, or nothing.
func (g *guard) broken(d *device) string {
	if why := g.holderLost(d); why != "" {
		return why
	}
	if len(g.uplinks) == 0 {
		return ""
	}
	if len(g.uplinks) == 1 {
		return d.loss(g.start, g.uplinks[0], g.path.VLAN)
	}
	names, what := g.likely()
	last := ""
	for _, name := range names {
		why := d.loss(g.start, name, g.path.VLAN)
		if why == "" {
			return ""
		}
		last = why
	}
	if len(names) == 1 {
		return fmt.Sprintf("%s, and no other %s carries VLAN %d", last, what, g.path.VLAN)
	}
	return fmt.Sprintf("%s, and so no %s is left that carried VLAN %d as before", last, what, g.path.VLAN)
}

// holderLost says what is wrong with the interface that has the address.
func (g *guard) holderLost(d *device) string {
	was := g.start.links[g.holder]
	now, there := d.links[g.holder]
	switch {
	case !there:
		return fmt.Sprintf("%s, which has the management address, no longer exists", g.holder)
	case now.shut:
		return g.holder + ", which has the management address, is shut down"
	case !now.routed:
		return g.holder + " becomes a switch port and loses its address"
	case was.vrf != now.vrf:
		return fmt.Sprintf("%s moves to another VRF and loses its addresses", g.holder)
	case was.dhcp && !now.dhcp:
		return fmt.Sprintf("%s no longer gets its address by DHCP", g.holder)
	case now.kind == kindSVI && d.noFeature["interface-vlan"]:
		return "without the feature interface-vlan there is no " + g.holder
	}
	for _, a := range g.addresses {
		if !now.holds(a) {
			return fmt.Sprintf("the address %s is taken away from %s", a, g.holder)
		}
	}
	if g.onLink && !now.reaches(g.client) {
		return fmt.Sprintf("%s, where the session comes from, is no longer in the subnet of %s", g.client, g.holder)
	}
	if g.path.Gateway.IsValid() && !now.reaches(g.path.Gateway) {
		return fmt.Sprintf("the gateway %s is no longer in the subnet of %s", g.path.Gateway, g.holder)
	}
	if left := d.hops(g.client); !g.onLink && len(g.hops) > 0 &&
		!slices.ContainsFunc(g.hops, func(hop netip.Addr) bool { return slices.Contains(left, hop) }) {
		return fmt.Sprintf("answers no longer go by way of %s", g.hops[0])
	}
	if now.kind != kindSVI {
		return ""
	}
	active, exists := d.vlans[now.vlan]
	switch {
	case !exists:
		return fmt.Sprintf("VLAN %d no longer exists, and %s goes down with it", now.vlan, g.holder)
	case !active:
		return fmt.Sprintf("VLAN %d no longer forwards, and %s goes down with it", now.vlan, g.holder)
	}
	return ""
}
