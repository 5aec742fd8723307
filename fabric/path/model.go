package path

import (
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// Operational and administrative modes.
const (
	modeAccess  = "access"
	modeTrunk   = "trunk"
	modeDynamic = "dynamic"
)

type kind int

const (
	kindPort    kind = iota // a physical port
	kindChannel             // a port-channel
	kindSVI                 // an interface of a VLAN
	kindVirtual             // loopbacks, tunnels: up by themselves
	kindSub                 // a subinterface: up with its parent
)

// layer2 is how a port switches. It is comparable: the members of a
// port-channel must have the same as the bundle.
type layer2 struct {
	routed bool
	mode   string // "" for the platform's default
	access int    // 0 where the switch takes it from elsewhere
	native int
	// allowed is never zero: the default is all.
	allowed fabric.VLANSet
	isl     bool
	voice   int
}

// link is one interface of the modelled switch.
type link struct {
	name string
	kind kind
	vlan int // of an SVI
	layer2
	shut      bool
	group     int
	groupMode string
	addresses []netip.Prefix
	dhcp      bool
	vrf       string
	acl       string
	speed     string // speed and duplex, as one text
	edge      bool
	bpduGuard bool
	rootGuard bool
	security  bool
	// diverged says that a line of its own made a member differ from its
	// bundle, which suspends it.
	diverged bool
}

func newLink(name string) *link {
	l := &link{name: name, kind: kindOf(name)}
	l.reset()
	if l.kind == kindSVI {
		l.vlan = trailingNumber(name)
	}
	return l
}

// reset makes everything a factory's default, as `default interface` does.
func (l *link) reset() {
	*l = link{name: l.name, kind: l.kind, vlan: l.vlan, layer2: defaultLayer2()}
	l.routed = l.kind == kindSVI || l.kind == kindVirtual || l.kind == kindSub
}

func defaultLayer2() layer2 {
	return layer2{access: 1, native: 1, allowed: fabric.AllVLANs()}
}

func kindOf(name string) kind {
	lower := strings.ToLower(name)
	switch {
	case strings.Contains(name, "."):
		return kindSub
	case strings.HasPrefix(lower, "vlan"):
		return kindSVI
	case strings.HasPrefix(lower, "port-channel"):
		return kindChannel
	case strings.HasPrefix(lower, "loopback"), strings.HasPrefix(lower, "tunnel"), strings.HasPrefix(lower, "nve"):
		return kindVirtual
	}
	return kindPort
}

// holds says whether the interface has an address of its own.
func (l *link) holds(a netip.Addr) bool {
	return slices.ContainsFunc(l.addresses, func(p netip.Prefix) bool { return p.Addr() == a })
}

// reaches says whether an address is in a subnet of the interface.
func (l *link) reaches(a netip.Addr) bool {
	return slices.ContainsFunc(l.addresses, func(p netip.Prefix) bool { return p.Contains(a) })
}

func (l *link) hasAddress() bool { return len(l.addresses) > 0 || l.dhcp }

// route is a static route; the default gateway of a switch that does not route
// is one, too.
type route struct {
	to  netip.Prefix
	hop netip.Addr
}

// device is the modelled switch.
type device struct {
	nxos        bool
	defaultMode string
	vlans       map[int]bool // those that exist, and whether they are active
	links       map[string]*link
	routes      []route
	gateway     netip.Addr // `ip default-gateway`
	tagNative   bool
	noFeature   map[string]bool // features that were taken away
	// negotiated is what ports in a dynamic mode are at the start.
	negotiated string
	cursor     cursor
}

func newDevice(platform string) *device {
	d := &device{vlans: map[int]bool{1: true}, links: map[string]*link{}, noFeature: map[string]bool{}}
	d.nxos = platform == "nxos"
	d.defaultMode = modeDynamic + " auto"
	if d.nxos {
		d.defaultMode = modeAccess
	}
	return d
}

func (d *device) platform() string {
	if d.nxos {
		return "nxos"
	}
	return ""
}

// canonical is the name under which an interface is kept.
func (d *device) canonical(name string) string {
	name = strings.TrimSpace(name)
	if full, err := fabric.NormalizePort(d.platform(), name); err == nil {
		name = full
	}
	if group := fabric.ChannelGroup(name); group != 0 {
		return fabric.ChannelName(group)
	}
	return name
}

// names are the interfaces in a stable order.
func (d *device) names() []string { return slices.Sorted(maps.Keys(d.links)) }

func (d *device) channelName(group int) string { return fabric.ChannelName(group) }

// members are the ports of a port-channel.
func (d *device) members(channel *link) []*link {
	group := trailingNumber(channel.name)
	var out []*link
	for _, name := range d.names() {
		if l := d.links[name]; l.kind == kindPort && l.group == group && group != 0 {
			out = append(out, l)
		}
	}
	return out
}

// mode is the administrative mode with the default filled in.
func (d *device) mode(l *link) string {
	if l.mode == "" {
		return d.defaultMode
	}
	return l.mode
}

// hops are the next hops of answers to a client. An invalid client stands for
// one that is not known: it may be anywhere.
func (d *device) hops(client netip.Addr) []netip.Addr {
	best := -1
	var out []netip.Addr
	for _, r := range d.routes {
		covers := r.to.Bits() == 0
		if client.IsValid() {
			covers = r.to.Contains(client)
		}
		if !covers || r.to.Bits() < best {
			continue
		}
		if r.to.Bits() > best {
			best, out = r.to.Bits(), nil
		}
		out = append(out, r.hop)
	}
	if len(out) == 0 && d.gateway.IsValid() {
		out = append(out, d.gateway)
	}
	return out
}
