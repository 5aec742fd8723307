package path

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// cursor is where in the configuration the next line acts.
type cursor struct {
	links []*link
	vlans []int
	// other is a block that this package does not model.
	other bool
	head  string
}

func (c cursor) global() bool { return len(c.links) == 0 && len(c.vlans) == 0 && !c.other }

// effect is what a line turned out to be.
type effect int

const (
	harmless effect = iota // nothing that carries frames or addresses
	applied                // the model has changed, or could have
	unknown                // not modelled: it may do anything to what it stands in
)

// words cuts a line into words, of which the commands are in lower case. Only
// what is compared as a command is; names and texts are never looked at.
func words(line string) []string {
	return strings.Fields(strings.ToLower(strings.TrimSpace(line)))
}

// starts says whether a line begins with the words of a command.
func starts(w []string, command string) bool {
	for part := range strings.FieldsSeq(command) {
		if len(w) == 0 || w[0] != part {
			return false
		}
		w = w[1:]
	}
	return true
}

// play carries out one line.
func (d *device) play(line string) effect {
	w := words(line)
	if len(w) == 0 || strings.HasPrefix(w[0], "!") {
		return harmless
	}
	if e, ok := d.globalLine(w); ok {
		if !d.cursor.global() && (w[0] == "interface" || w[0] == "vlan") {
			d.cursor.head = strings.TrimSpace(line)
		}
		return e
	}
	switch {
	case len(d.cursor.links) > 0:
		worst := harmless
		for _, l := range d.cursor.links {
			worst = max(worst, d.interfaceLine(l, w))
		}
		return worst
	case len(d.cursor.vlans) > 0:
		return d.vlanLine(w)
	case d.cursor.other:
		return harmless
	}
	if slices.ContainsFunc(harmlessGlobals, func(c string) bool { return starts(w, c) || starts(w, "no "+c) }) {
		return harmless
	}
	return unknown
}

// harmlessGlobals are commands that change nothing about carrying frames to
// and from the switch itself.
var harmlessGlobals = []string{
	"hostname", "switchname", "lldp", "cdp", "ip dhcp snooping", "errdisable recovery", "spanning-tree vlan",
	"spanning-tree extend", "spanning-tree pathcost", "snmp-server", "logging", "ntp", "clock", "version", "boot",
	"service", "system mtu", "port-channel load-balance", "lacp system-priority", "archive", "feature lldp",
	"feature lacp", "feature interface-vlan", "end", "name",
}

// globalLine carries out lines that act from anywhere in configuration mode.
func (d *device) globalLine(w []string) (effect, bool) {
	switch {
	case w[0] == "end":
		d.cursor = cursor{}
		return harmless, true
	case w[0] == "exit":
		d.cursor = cursor{}
		return harmless, true
	case w[0] == "do":
		return harmless, true
	case w[0] == "interface" && len(w) > 1:
		names := d.interfaceNames(w[1:])
		d.cursor = cursor{other: len(names) == 0}
		for _, name := range names {
			d.cursor.links = append(d.cursor.links, d.link(name))
		}
		return applied, true
	case starts(w, "no interface") && len(w) > 2:
		d.cursor = cursor{}
		for _, name := range d.interfaceNames(w[2:]) {
			d.removeLink(name)
		}
		return applied, true
	case starts(w, "default interface") && len(w) > 2:
		d.cursor = cursor{}
		for _, name := range d.interfaceNames(w[2:]) {
			d.link(name).reset()
			d.link(name).shut = d.nxos && d.link(name).kind == kindSVI
		}
		return applied, true
	case w[0] == "vlan" && len(w) == 2 && isList(w[1]):
		set, err := fabric.ParseVLANSet(w[1])
		if err != nil {
			return unknown, true
		}
		d.cursor = cursor{}
		for id := range set.All() {
			if _, there := d.vlans[id]; !there {
				d.vlans[id] = true
			}
			d.cursor.vlans = append(d.cursor.vlans, id)
		}
		return applied, true
	case starts(w, "no vlan") && len(w) == 3 && isList(w[2]):
		set, err := fabric.ParseVLANSet(w[2])
		if err != nil {
			return unknown, true
		}
		d.cursor = cursor{}
		for id := range set.All() {
			if id != 1 {
				delete(d.vlans, id)
			}
		}
		return applied, true
	}
	return d.routingLine(w)
}

// routingLine carries out the lines that decide where answers go.
func (d *device) routingLine(w []string) (effect, bool) {
	no := w[0] == "no"
	if no {
		w = w[1:]
	}
	switch {
	case starts(w, "ip default-gateway"):
		d.cursor = cursor{}
		d.gateway = netip.Addr{}
		if !no && len(w) > 2 {
			d.gateway, _ = netip.ParseAddr(w[2])
		}
		return applied, true
	case starts(w, "ip route") && len(w) >= 4 && d.cursor.global():
		r, ok := parseRoute(w[2:])
		if !ok {
			return unknown, true
		}
		d.routes = slices.DeleteFunc(d.routes, func(o route) bool { return o == r })
		if !no {
			d.routes = append(d.routes, r)
		}
		return applied, true
	case starts(w, "vlan dot1q tag native"):
		d.cursor = cursor{}
		d.tagNative = !no
		return applied, true
	case starts(w, "feature") && len(w) > 1:
		d.cursor = cursor{}
		d.noFeature[w[1]] = no
		return applied, true
	}
	return harmless, false
}

// parseRoute reads "10.0.0.0 255.0.0.0 10.1.1.1" and "10.0.0.0/8 10.1.1.1".
func parseRoute(w []string) (route, bool) {
	if to, err := netip.ParsePrefix(w[0]); err == nil {
		hop, err := netip.ParseAddr(w[1])
		return route{to: to.Masked(), hop: hop}, err == nil
	}
	if len(w) < 3 {
		return route{}, false
	}
	to, ok := parsePrefix(w[0], w[1])
	hop, err := netip.ParseAddr(w[2])
	return route{to: to.Masked(), hop: hop}, ok && err == nil
}

// parsePrefix reads an address and its mask.
func parsePrefix(addr, mask string) (netip.Prefix, bool) {
	a, err := netip.ParseAddr(addr)
	m, err2 := netip.ParseAddr(mask)
	if err != nil || err2 != nil || !a.Is4() || !m.Is4() {
		return netip.Prefix{}, false
	}
	bits, b := 0, m.As4()
	ended := false
	for _, octet := range b {
		for i := 7; i >= 0; i-- {
			set := octet&(1<<i) != 0
			if set && ended {
				return netip.Prefix{}, false
			}
			if set {
				bits++
			} else {
				ended = true
			}
		}
	}
	return netip.PrefixFrom(a, bits), true
}

func isList(s string) bool { return s != "" && s[0] >= '0' && s[0] <= '9' }

// vlanLine carries out a line within `vlan N`.
func (d *device) vlanLine(w []string) effect {
	line := strings.Join(w, " ")
	set := func(active bool) effect {
		for _, id := range d.cursor.vlans {
			if _, there := d.vlans[id]; there {
				d.vlans[id] = active
			}
		}
		return applied
	}
	switch line {
	case "state suspend", "shutdown":
		return set(false)
	case "state active", "no state", "no state suspend", "no shutdown":
		return set(true)
	}
	return harmless
}

// removeLink takes an interface away. A physical one is only reset.
func (d *device) removeLink(name string) {
	l, ok := d.links[name]
	if !ok {
		return
	}
	switch l.kind {
	case kindPort:
		l.reset()
		return
	case kindChannel:
		// IOS shuts the members down, so that they do not make a loop.
		for _, m := range d.members(l) {
			m.group, m.groupMode, m.shut = 0, "", true
		}
	}
	delete(d.links, name)
}

// most is how many interfaces a range may name.
const most = 1024

// interfaceNames are the canonical names of what an interface line selects. It
// is empty for a line that is not understood.
func (d *device) interfaceNames(w []string) []string {
	if w[0] == "range" {
		w = w[1:]
	}
	text := strings.Join(w, "")
	var out []string
	prefix := ""
	for part := range strings.SplitSeq(text, ",") {
		if part == "" {
			return nil
		}
		if part[0] >= '0' && part[0] <= '9' {
			part = prefix + part
		}
		cut := strings.LastIndexByte(part, '-')
		first, last := part, ""
		if cut > 0 && isList(part[cut+1:]) && part[cut-1] >= '0' && part[cut-1] <= '9' {
			first, last = part[:cut], part[cut+1:]
		}
		stem := strings.TrimRight(first, "0123456789")
		if stem == first || stem == "" {
			return nil
		}
		prefix = strings.TrimRight(stem, "0123456789/.")
		lo, err := strconv.ParseUint(first[len(stem):], 10, 32)
		hi := lo
		if err == nil && last != "" {
			if slash := strings.LastIndexByte(last, '/'); slash >= 0 {
				last = last[slash+1:]
			}
			hi, err = strconv.ParseUint(last, 10, 32)
		}
		if err != nil || hi < lo || hi-lo >= most || len(out) > most {
			return nil
		}
		for n := lo; n <= hi; n++ {
			out = append(out, d.canonical(stem+strconv.FormatUint(n, 10)))
		}
	}
	return out
}

func itoa(n int) string { return strconv.Itoa(n) }

// trailingNumber is the number that a name ends in.
func trailingNumber(name string) int {
	digits := name[len(strings.TrimRight(name, "0123456789")):]
	n, err := strconv.Atoi(digits)
	if err != nil {
		return 0
	}
	return n
}
