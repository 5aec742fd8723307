package ios

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// fakeWide is what the fake switch has besides ports and VLANs.
type fakeWide struct {
	suspended map[int]bool
	svis      map[int]*fakeSVI
	global    map[string]string // the whole line, by what it begins with
	priority  map[int]string    // of spanning tree, by VLAN
	snooping  map[int]bool
	svi       *fakeSVI // that is being configured
}

type fakeSVI struct {
	description, address string
	secondary, helpers   []string
	shutdown             bool
}

func (w *fakeWide) text() string {
	var b strings.Builder
	for _, id := range slices.Sorted(maps.Keys(w.svis)) {
		s := w.svis[id]
		fmt.Fprintf(&b, "interface Vlan%d\n", id)
		if s.description != "" {
			b.WriteString(" description " + s.description + "\n")
		}
		slices.Sort(s.secondary)
		slices.Sort(s.helpers)
		for _, a := range s.secondary {
			b.WriteString(" ip address " + a + " secondary\n")
		}
		if s.address == "" {
			b.WriteString(" no ip address\n")
		} else {
			b.WriteString(" ip address " + s.address + "\n")
		}
		for _, h := range s.helpers {
			b.WriteString(" ip helper-address " + h + "\n")
		}
		if s.shutdown {
			b.WriteString(" shutdown\n")
		}
		b.WriteString("!\n")
	}
	global := map[string]string{"spanning-tree mode": "spanning-tree mode pvst"} // IOS prints its default, too
	maps.Copy(global, w.global)
	for _, key := range slices.Sorted(maps.Keys(global)) {
		b.WriteString(global[key] + "\n")
	}
	for _, id := range slices.Sorted(maps.Keys(w.priority)) {
		fmt.Fprintf(&b, "spanning-tree vlan %d priority %s\n", id, w.priority[id])
	}
	for _, id := range slices.Sorted(maps.Keys(w.snooping)) {
		fmt.Fprintf(&b, "ip dhcp snooping vlan %d\n", id)
	}
	return b.String()
}

// logical enters a port-channel or an SVI, and makes it if it is not there.
func (f *fakeSwitch) logical(name string) string {
	if digits, ok := strings.CutPrefix(name, "Port-channel"); ok {
		n, err := strconv.Atoi(digits)
		if err != nil || n < 1 || n > 48 {
			return invalid
		}
		f.order = append(f.order, name)
		slices.SortStableFunc(f.order, func(a, b string) int { return fakeGroup(a) - fakeGroup(b) })
		f.ports[name] = &fakePort{}
		f.mode, f.port = "config-if", f.ports[name]
		return ""
	}
	digits, ok := strings.CutPrefix(name, "Vlan")
	id, err := strconv.Atoi(digits)
	if !ok || err != nil || id < 1 || id > 4094 {
		return invalid
	}
	if f.wide.svis[id] == nil {
		if f.wide.svis == nil {
			f.wide.svis = map[int]*fakeSVI{}
		}
		f.wide.svis[id] = &fakeSVI{}
	}
	f.mode, f.port, f.wide.svi = "config-if", nil, f.wide.svis[id]
	return ""
}

// fakeGroup sorts the port-channels before the ports.
func fakeGroup(name string) int {
	n, err := strconv.Atoi(strings.TrimPrefix(name, "Port-channel"))
	if err != nil {
		return 1000
	}
	return n
}

func (s *fakeSVI) exec(no bool, cmd string) string {
	list := func(l *[]string, v string) string {
		*l = slices.DeleteFunc(*l, func(have string) bool { return have == v })
		if !no {
			*l = append(*l, v)
		}
		return ""
	}
	if v, ok := strings.CutPrefix(cmd, "description"); ok {
		s.description = ""
		if !no {
			s.description = strings.TrimSpace(v)
		}
		return ""
	}
	if cmd == "shutdown" {
		s.shutdown = !no
		return ""
	}
	if v, ok := strings.CutPrefix(cmd, "ip helper-address "); ok {
		return list(&s.helpers, v)
	}
	if v, ok := strings.CutPrefix(cmd, "ip address "); ok && strings.HasSuffix(v, " secondary") {
		v = strings.TrimSuffix(v, " secondary")
		if !no && (s.address == "" || s.address == v) {
			return "% A secondary address needs a primary one\n"
		}
		return list(&s.secondary, v)
	}
	if cmd == "ip address" && no {
		if len(s.secondary) > 0 {
			return "Must delete secondary before deleting primary\n"
		}
		s.address = ""
		return ""
	}
	if v, ok := strings.CutPrefix(cmd, "ip address "); ok && !no && !slices.Contains(s.secondary, v) {
		s.address = v
		return ""
	}
	return invalid
}

// fakeSettings are lines of a port with one value, and their hidden defaults.
var fakeSettings = map[string]string{
	"switchport voice vlan": "none", "speed": "auto", "duplex": "auto", "mtu": "", "power inline": "auto",
	"storm-control broadcast level": "", "storm-control multicast level": "", "storm-control unicast level": "",
	"spanning-tree bpduguard": "", "spanning-tree guard": "", "switchport port-security maximum": "1", "switchport port-security violation": "shutdown",
}

// fakeFlags are lines that are there or not; those of fakeOn are on by default.
var (
	fakeFlags = []string{"switchport nonegotiate", "storm-control action shutdown", "storm-control action trap", "ip dhcp snooping trust",
		"switchport port-security", "switchport port-security mac-address sticky"}
	fakeOn = []string{"lldp transmit", "lldp receive", "cdp enable"}
)

// settings are the further lines of a port.
func (p *fakePort) settings() []string {
	var out []string
	for _, key := range slices.Sorted(maps.Keys(p.set)) {
		out = append(out, strings.TrimSpace(p.set[key]))
	}
	return out
}

func (p *fakePort) hasSetting(key string) bool { _, ok := p.set[key]; return ok }

func (f *fakeSwitch) execSetting(no bool, cmd string) string {
	p := f.port
	if p.set == nil {
		p.set = map[string]string{}
	}
	static := p.mode == "access" || p.mode == "trunk"
	if slices.Contains(fakeFlags, cmd) {
		switch {
		case no:
			delete(p.set, cmd)
		case cmd == "switchport nonegotiate" && !static:
			return "Command rejected: Conflict between 'nonegotiate' and 'dynamic' status.\n"
		case cmd == "switchport port-security" && !static:
			return "Command rejected: it is a dynamic port.\n"
		case cmd == "switchport port-security" && p.channel != "":
			return "Command rejected: it is a member of a port-channel.\n"
		default:
			p.set[cmd] = cmd
		}
		return ""
	}
	if slices.Contains(fakeOn, cmd) {
		delete(p.set, cmd)
		if no {
			p.set[cmd] = "no " + cmd
		}
		return ""
	}
	for key, hidden := range fakeSettings {
		v, ok := strings.CutPrefix(cmd, key)
		if !ok || v != "" && v[0] != ' ' {
			continue
		}
		if v = strings.TrimSpace(v); no || v == hidden {
			delete(p.set, key)
			return ""
		}
		if strings.HasPrefix(key, "storm-control") {
			v = strings.TrimSuffix(v, ".00") + ".00"
		}
		p.set[key] = key + " " + v
		return ""
	}
	if v, ok := strings.CutPrefix(cmd, "channel-group"); ok {
		return f.join(no, strings.TrimSpace(v))
	}
	return invalid
}

// join bundles a port or takes it out.
func (f *fakeSwitch) join(no bool, v string) string {
	p := f.port
	if no {
		p.channel = ""
		return ""
	}
	group, _, _ := strings.Cut(v, " ")
	po := f.ports["Port-channel"+group]
	was, _, _ := strings.Cut(p.channel, " ")
	protocol := func(s string) bool { return strings.HasSuffix(s, "active") || strings.HasSuffix(s, "passive") }
	switch {
	case po == nil:
		return "Command rejected: the port-channel should have come first\n"
	case was != "" && was != group:
		return "Command rejected: it is a member of another port-channel\n"
	case p.hasSetting("switchport port-security"):
		return "Command rejected: it is a secure port\n"
	case p.mode != po.mode || p.access != po.access || p.native != po.native || allowedText(p) != allowedText(po):
		return "Command rejected: it would be suspended\n"
	}
	for _, o := range f.ports {
		if g, _, _ := strings.Cut(o.channel, " "); o != p && g == group && protocol(o.channel) != protocol(v) {
			return "Command rejected (Channel protocol mismatch)\n"
		}
	}
	p.channel = v
	return ""
}

func allowedText(p *fakePort) string {
	if p.allowed == nil {
		return "all"
	}
	return ranges(p.allowed)
}

// spread gives the members of a port-channel what has changed on it.
func (f *fakeSwitch) spread(before fakePort, po *fakePort) {
	for name, p := range f.ports {
		if p != po || !strings.HasPrefix(name, "Port-channel") {
			continue
		}
		group := strings.TrimPrefix(name, "Port-channel")
		for _, m := range f.ports {
			if g, _, _ := strings.Cut(m.channel, " "); g != group {
				continue
			}
			for _, x := range []struct{ was, is, member *string }{
				{&before.mode, &po.mode, &m.mode}, {&before.access, &po.access, &m.access},
				{&before.native, &po.native, &m.native}, {&before.encap, &po.encap, &m.encap},
			} {
				if *x.was != *x.is {
					*x.member = *x.is
				}
			}
			if allowedText(&before) != allowedText(po) {
				m.allowed = nil
				if po.allowed != nil {
					m.allowed = new(vlanMap)
					*m.allowed = *po.allowed
				}
			}
			if before.shutdown != po.shutdown {
				m.shutdown = po.shutdown
			}
			const silent = "switchport nonegotiate"
			if po.hasSetting(silent) && !m.hasSetting(silent) {
				if m.set == nil {
					m.set = map[string]string{}
				}
				m.set[silent] = silent
			} else if !po.hasSetting(silent) {
				delete(m.set, silent)
			}
		}
	}
}

// execWide carries out the lines outside of interfaces, and the states of VLANs.
func (f *fakeSwitch) execWide(no bool, cmd string) string {
	w := &f.wide
	if w.global == nil {
		w.suspended, w.global, w.priority, w.snooping = map[int]bool{}, map[string]string{}, map[int]string{}, map[int]bool{}
	}
	switch {
	case f.mode == "config-vlan" && strings.HasPrefix(cmd, "state "):
		delete(w.suspended, f.vlan)
		if cmd == "state suspend" {
			w.suspended[f.vlan] = true
		}
		return ""
	case f.mode != "config":
		return invalid
	case cmd == "lldp run", cmd == "ip dhcp snooping":
		delete(w.global, cmd)
		if !no {
			w.global[cmd] = cmd
		}
		return ""
	case cmd == "cdp run":
		delete(w.global, cmd)
		if no {
			w.global[cmd] = "no cdp run"
		}
		return ""
	}
	for _, key := range []string{"spanning-tree mode", "ip default-gateway", "system mtu"} {
		if v, ok := strings.CutPrefix(cmd, key); ok {
			delete(w.global, key)
			if !no {
				w.global[key] = key + v
			}
			return ""
		}
	}
	if name, ok := strings.CutPrefix(cmd, "interface "); ok && no {
		return f.remove(name)
	}
	if v, ok := strings.CutPrefix(cmd, "ip dhcp snooping vlan "); ok {
		set, fine := expand(v)
		if !fine {
			return invalid
		}
		for id, in := range set {
			if in {
				delete(w.snooping, id)
				if !no {
					w.snooping[id] = true
				}
			}
		}
		return ""
	}
	if v, ok := strings.CutPrefix(cmd, "spanning-tree vlan "); ok {
		list, rest, _ := strings.Cut(v, " priority")
		set, fine := expand(list)
		if !fine {
			return invalid
		}
		for id, in := range set {
			if in {
				delete(w.priority, id)
				if !no {
					w.priority[id] = strings.TrimSpace(rest)
				}
			}
		}
		return ""
	}
	return invalid
}

func (f *fakeSwitch) remove(name string) string {
	if id, err := strconv.Atoi(strings.TrimPrefix(name, "Vlan")); err == nil {
		delete(f.wide.svis, id)
		return ""
	}
	group := strings.TrimPrefix(name, "Port-channel")
	for _, p := range f.ports {
		if g, _, _ := strings.Cut(p.channel, " "); g == group {
			return "Command rejected: it has members, which IOS would shut\n"
		}
	}
	delete(f.ports, name)
	f.order = slices.DeleteFunc(f.order, func(n string) bool { return n == name })
	return ""
}
