package path

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// harmlessLines are lines of an interface that carry on carrying frames.
var harmlessLines = []string{
	"description", "name", "cdp", "lldp", "power inline", "storm-control", "snmp trap", "logging event", "load-interval",
	"ip dhcp snooping", "ip arp inspection", "ip helper-address", "ip dhcp relay", "mls qos", "auto qos", "srr-queue",
	"priority-queue", "macro", "spanning-tree link-type", "spanning-tree cost", "spanning-tree port-priority",
	"spanning-tree vlan", "spanning-tree port type", "switchport port-security maximum", "switchport port-security violation",
	"switchport port-security aging", "switchport port-security mac-address", "switchport voice", "ip redirects",
	"ip proxy-arp", "ip unreachables", "ip route-cache", "lacp port-priority", "lacp rate", "device-tracking", "no-op", "mtu",
}

// interfaceLine carries out a line of an interface. On a port-channel it acts
// on the members, too, as IOS does it.
func (d *device) interfaceLine(l *link, w []string) effect {
	if len(w) == 0 {
		return harmless
	}
	before := l.layer2
	e := d.linkLine(l, w)
	switch {
	case e != applied:
	case l.kind == kindChannel:
		if l2 := before != l.layer2; l2 || starts(w, "shutdown") || starts(w, "no shutdown") {
			for _, m := range d.members(l) {
				d.linkLine(m, w)
				m.diverged = m.diverged && m.layer2 != l.layer2
			}
		}
	case l.group != 0 && before != l.layer2:
		bundle, ok := d.links[d.channelName(l.group)]
		l.diverged = ok && bundle.layer2 != l.layer2
	}
	return e
}

func (d *device) linkLine(l *link, w []string) effect {
	no := w[0] == "no"
	if no {
		w = w[1:]
	}
	if len(w) == 0 {
		return unknown
	}
	switch w[0] {
	case "shutdown":
		l.shut = !no
		return applied
	case "switchport":
		if e := d.switchportLine(l, w[1:], no); e != unknown {
			return e
		}
	case "channel-group":
		return d.channelLine(l, w[1:], no)
	case "speed", "duplex":
		value := ""
		if !no && len(w) > 1 {
			value = strings.Join(w[1:], " ")
		}
		speed, duplex, _ := strings.Cut(l.speed, "/")
		if w[0] == "speed" {
			speed = value
		} else {
			duplex = value
		}
		l.speed = speedText(speed, duplex)
		return applied
	case "spanning-tree":
		if l.spanningTreeLine(w[1:], no) {
			return applied
		}
	case "vrf", "ip":
		if e := l.addressLine(w, no); e != unknown {
			return e
		}
	}
	if slices.ContainsFunc(harmlessLines, func(c string) bool { return starts(w, c) }) {
		return harmless
	}
	return unknown
}

// speedText is speed and duplex as one comparable text. Automatic is the
// default.
func speedText(speed, duplex string) string {
	if speed == "auto" {
		speed = ""
	}
	if duplex == "auto" {
		duplex = ""
	}
	if speed == "" && duplex == "" {
		return ""
	}
	return speed + "/" + duplex
}

func (d *device) switchportLine(l *link, w []string, no bool) effect {
	rest := func(n int) string {
		if len(w) <= n {
			return ""
		}
		return strings.Join(w[n:], " ")
	}
	switch {
	case len(w) == 0:
		l.routed = no
		return applied
	case w[0] == "mode":
		l.mode = rest(1)
		if no {
			l.mode = ""
		}
		return applied
	case starts(w, "access vlan"):
		l.access = 1
		if !no {
			l.access = vlanNumber(rest(2))
			// IOS makes the VLAN of an access port.
			if _, there := d.vlans[l.access]; !there && l.access != 0 && !d.nxos {
				d.vlans[l.access] = true
			}
		}
		return applied
	case starts(w, "voice vlan"):
		l.voice = 0
		if !no {
			l.voice = vlanNumber(rest(2))
		}
		return applied
	case starts(w, "trunk native vlan"):
		l.native = 1
		if !no {
			l.native = vlanNumber(rest(3))
		}
		return applied
	case starts(w, "trunk allowed vlan"):
		return l.allowedLine(rest(3), no)
	case starts(w, "trunk encapsulation"):
		l.isl = !no && rest(2) == "isl"
		return applied
	case len(w) == 1 && w[0] == "port-security":
		l.security = !no
		return applied
	}
	return unknown
}

// allowedLine changes the list of a trunk. With "no" IOS ignores what follows
// and allows all VLANs.
func (l *link) allowedLine(list string, no bool) effect {
	if no {
		l.allowed = fabric.AllVLANs()
		return applied
	}
	set, err := l.allowed.Edited(list)
	if err != nil {
		return unknown
	}
	l.allowed = set
	return applied
}

func vlanNumber(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil || n < fabric.MinVLAN || n > fabric.MaxVLAN {
		return 0
	}
	return n
}

// channelLine changes the membership in a port-channel. IOS makes the
// port-channel's interface after the first member.
func (d *device) channelLine(l *link, w []string, no bool) effect {
	if no {
		l.group, l.groupMode, l.diverged = 0, "", false
		return applied
	}
	if len(w) == 0 {
		return unknown
	}
	group, err := strconv.Atoi(w[0])
	if err != nil || group < 1 || group > 9999 {
		return unknown
	}
	l.group, l.groupMode = group, "on"
	if i := slices.Index(w, "mode"); i >= 0 && i+1 < len(w) {
		l.groupMode = w[i+1]
	}
	name := d.channelName(group)
	bundle, there := d.links[name]
	if !there {
		bundle = d.link(name)
		bundle.layer2 = l.layer2
	}
	l.diverged = bundle.layer2 != l.layer2
	return applied
}

// spanningTreeLine says whether the line was one of those that matter.
func (l *link) spanningTreeLine(w []string, no bool) bool {
	line := strings.Join(w, " ")
	switch {
	case starts(w, "portfast"), starts(w, "port type edge"):
		l.edge = !no && !strings.HasSuffix(line, "disable") && !strings.HasSuffix(line, "network")
		return true
	case starts(w, "port type"):
		l.edge = false
		return true
	case starts(w, "bpduguard"):
		l.bpduGuard = !no && strings.HasSuffix(line, "enable")
		return true
	case starts(w, "guard"):
		l.rootGuard = !no && strings.HasSuffix(line, "root")
		return true
	}
	return false
}

// addressLine changes what makes the interface reachable.
func (l *link) addressLine(w []string, no bool) effect {
	switch {
	case starts(w, "ip vrf forwarding"), starts(w, "vrf forwarding"), starts(w, "vrf member"):
		vrf := ""
		if !no {
			vrf = w[len(w)-1]
		}
		if vrf != l.vrf {
			// The switch takes the addresses away when the VRF changes.
			l.vrf, l.addresses, l.dhcp = vrf, nil, false
		}
		return applied
	case starts(w, "ip access-group"):
		l.acl = ""
		if !no {
			l.acl = strings.Join(w[2:], " ")
		}
		return applied
	case !starts(w, "ip address"):
		return unknown
	}
	w = w[2:]
	if len(w) == 0 {
		if no {
			l.addresses, l.dhcp = nil, false
			return applied
		}
		return unknown
	}
	if w[0] == "dhcp" {
		l.addresses, l.dhcp = nil, !no
		return applied
	}
	p, err := netip.ParsePrefix(w[0])
	rest := w[1:]
	if err != nil {
		var ok bool
		if len(w) < 2 {
			return unknown
		}
		if p, ok = parsePrefix(w[0], w[1]); !ok {
			return unknown
		}
		rest = w[2:]
	}
	l.setAddress(p, len(rest) > 0 && rest[0] == "secondary", no)
	return applied
}

// setAddress adds, changes or removes one address. The first is the primary
// one: there is one only, and a new one takes its place.
func (l *link) setAddress(p netip.Prefix, secondary, no bool) {
	list := slices.Clone(l.addresses)
	at := slices.IndexFunc(list, func(have netip.Prefix) bool { return have.Addr() == p.Addr() })
	switch {
	case no && at >= 0:
		list = slices.Delete(list, at, at+1)
	case no:
	case at >= 0 && (secondary || at == 0):
		list[at] = p
	case secondary:
		list = append(list, p)
	default:
		if at > 0 {
			list = slices.Delete(list, at, at+1)
		}
		l.dhcp = false
		list = append([]netip.Prefix{p}, list[min(1, len(list)):]...)
	}
	l.addresses = list
}
