package iossim

import (
	"fmt"
	"slices"
	"strings"
)

var channelCommands = []command{
	{pattern: "channel-group 1-48 mode (on|active|passive|auto|desirable)", run: ports(joinChannel)},
	{pattern: "channel-group 1-48 mode (auto|desirable) non-silent", run: ports(joinChannel)},
	{pattern: "(no|default) channel-group [LINE]", run: ports(func(c *call, i *iface) error { i.group, i.groupMode = 0, ""; return nil })},
}

func channelName(group int) string { return fmt.Sprintf("Port-channel%d", group) }

// protocol is what a channel-group mode speaks.
func protocol(mode string) string {
	switch mode {
	case "active", "passive":
		return "lacp"
	case "auto", "desirable":
		return "pagp"
	}
	return ""
}

// memberNames are the ports of a port-channel, in order.
func (s *Sim) memberNames(group int) []string {
	var names []string
	for _, name := range s.run.names() {
		if s.run.ifaces[name].group == group {
			names = append(names, name)
		}
	}
	return names
}

// joinChannel bundles a port; the port-channel comes into being by its first
// member, whose switchport lines it takes over.
func joinChannel(c *call, i *iface) error {
	group, mode := c.num(0), c.words[3]
	if i.kind() == "Port-channel" {
		return c.invalidWord(0)
	}
	mismatch := rejected("Command rejected (Channel protocol mismatch for interface %s in group %d): the interface can not be added to the channel group\n\n", shortName(i.name), group)
	if fixed := i.value("channel-protocol"); fixed != "" && protocol(mode) != fixed {
		return mismatch
	}
	for _, name := range c.sim.memberNames(group) {
		if o := c.sim.run.ifaces[name]; o != i && protocol(o.groupMode) != protocol(mode) && !(c.ranged && slices.Contains(c.selected, name)) {
			return mismatch
		}
	}
	name := channelName(group)
	if c.sim.run.ifaces[name] == nil {
		c.notice("Creating a port-channel interface Port-channel %d\n\n", group)
		c.exists(name)
		po := c.sim.run.ifaces[name]
		if !c.loading {
			po.copySwitchport(i)
		}
	}
	if po := c.sim.run.ifaces[name]; po.routed != i.routed && !c.loading {
		l2, l3 := i.name, po.name
		if i.routed {
			l2, l3 = po.name, i.name
		}
		return rejected("Command rejected (%s, %s): Either port is L2 and port-channel is L3, or vice-versa\n", l3, l2)
	}
	if i.has("switchport port-security") && !c.loading {
		return rejected("Command rejected: %s is a secure port.\n", i.name)
	}
	i.group, i.groupMode = group, mode
	return nil
}

// copySwitchport takes over what a port-channel and its members share.
func (i *iface) copySwitchport(from *iface) {
	i.mode, i.access, i.native, i.allowed = from.mode, from.access, from.native, from.allowed
	i.encap, i.nonegotiate, i.routed, i.portfast, i.voice = from.encap, from.nonegotiate, from.routed, from.portfast, from.voice
	shared := func(l string) bool { return strings.HasPrefix(strings.TrimPrefix(l, "no "), "spanning-tree ") }
	i.other = slices.DeleteFunc(i.other, shared)
	for _, l := range from.other {
		if shared(l) {
			i.other = append(i.other, l)
		}
	}
}

// lead makes the members of a port-channel follow a command given to it. What
// the command does not speak of stays as it is on each of them.
func (c *call) lead(po *iface) {
	if po.kind() != "Port-channel" || c.loading {
		return
	}
	line := strings.TrimPrefix(strings.TrimPrefix(c.canonical(), "no "), "default ")
	_, numbers := splitName(po.name)
	for _, name := range c.sim.memberNames(numbers[0]) {
		m := c.sim.run.ifaces[name]
		m.follow(po, line)
		if c.sim.profile.NXOS && strings.HasPrefix(line, "mtu") {
			m.followLines(po, "mtu")
		}
	}
}

// follow takes over what one line is about.
func (i *iface) follow(po *iface, line string) {
	about := func(command string) bool { return line == command || strings.HasPrefix(line, command+" ") }
	switch {
	case line == "shutdown":
		i.shutdown = po.shutdown
	case line == "switchport":
		i.routed = po.routed
	case about("switchport mode"):
		if !i.nonegotiate || !isDynamic(po.mode) {
			i.mode = po.mode
		}
	case about("switchport access"):
		i.access = po.access
	case about("switchport trunk native"):
		i.native = po.native
	case about("switchport trunk allowed"):
		i.allowed = po.allowed
	case about("switchport trunk encapsulation"):
		i.encap = po.encap
	case about("switchport nonegotiate"):
		i.nonegotiate = po.nonegotiate && !isDynamic(i.mode)
	case about("switchport voice"):
		i.voice = po.voice
	case about("spanning-tree portfast"):
		i.portfast = po.portfast
	case about("spanning-tree"):
		words := strings.Fields(line)
		i.followLines(po, strings.Join(words[:min(2, len(words))], " "))
	}
}

// isDynamic says whether a port in a mode negotiates what it is. All models that
// know of it do so by default.
func isDynamic(mode string) bool { return mode == modeDefault || strings.HasPrefix(mode, "dynamic") }

// followLines takes over the lines that begin with a key.
func (i *iface) followLines(po *iface, key string) {
	same := func(l string) bool {
		l = strings.TrimPrefix(l, "no ")
		return l == key || strings.HasPrefix(l, key+" ")
	}
	i.other = slices.DeleteFunc(slices.Clone(i.other), same)
	for _, l := range po.other {
		if same(l) {
			i.place(l)
		}
	}
}

// disband takes the members out of a port-channel that is removed. IOS shuts
// them down, lest they make a loop.
func (s *Sim) disband(po *iface) {
	_, numbers := splitName(po.name)
	if po.kind() != "Port-channel" {
		return
	}
	for _, name := range s.memberNames(numbers[0]) {
		m := s.run.ifaces[name]
		m.group, m.groupMode, m.shutdown = 0, "", true
		s.syslog("%LINK-5-CHANGED: Interface " + name + ", changed state to administratively down")
	}
}

// misfit says why a member cannot be bundled; empty when it can.
func (s *Sim) misfit(m *iface) string {
	po := s.run.ifaces[channelName(m.group)]
	differ := func(what string, a, b any) string {
		return fmt.Sprintf("%s of %s is %v, %s is %v", what, shortName(m.name), a, shortName(po.name), b)
	}
	switch {
	case po == nil:
		return "no port-channel"
	case m.routed != po.routed:
		return differ("layer", m.routed, po.routed)
	case m.routed:
		return ""
	case m.trunking() != po.trunking():
		return differ("trunk mode", modeWord(m), modeWord(po))
	case m.trunking() && m.native != po.native:
		return differ("native vlan", m.native, po.native)
	case m.trunking() && m.allowed != po.allowed:
		return "vlan mask is different"
	case m.trunking() && m.encap != po.encap:
		return "trunk encap of " + shortName(m.name) + " is different"
	case !m.trunking() && m.access != po.access:
		return differ("access vlan", m.access, po.access)
	}
	return ""
}

func modeWord(i *iface) string {
	if i.trunking() {
		return "trunk"
	}
	return "access"
}

// noteMisfits logs the members that have just become unfit for their bundle.
func (s *Sim) noteMisfits() {
	for _, name := range s.run.names() {
		i := s.run.ifaces[name]
		why := ""
		if i.group > 0 {
			why = s.misfit(i)
		}
		if why != "" && why != i.suspended {
			s.syslog("%EC-5-CANNOT_BUNDLE2: " + shortName(name) + " is not compatible with " + shortName(channelName(i.group)) + " and will be suspended (" + why + ")")
		}
		i.suspended = why
	}
}

func showEtherchannel(c *call) error {
	groups := map[int]bool{}
	for _, i := range c.sim.run.ifaces {
		if i.kind() == "Port-channel" {
			_, numbers := splitName(i.name)
			groups[numbers[0]] = true
		}
	}
	var order []int
	for g := range groups {
		order = append(order, g)
	}
	slices.Sort(order)
	c.printf(`Flags:  D - down        P - bundled in port-channel
        I - stand-alone s - suspended
        H - Hot-standby (LACP only)
        R - Layer3      S - Layer2
        U - in use      f - failed to allocate aggregator

        M - not in use, minimum links not met
        u - unsuitable for bundling
        w - waiting to be aggregated
        d - default port


Number of channel-groups in use: %d
Number of aggregators:           %d

Group  Port-channel  Protocol    Ports
------+-------------+-----------+-----------------------------------------------
`, len(order), len(order))
	for _, g := range order {
		po := c.sim.run.ifaces[channelName(g)]
		flags := "S"
		if po.routed {
			flags = "R"
		}
		if c.sim.connected(po) {
			flags += "U"
		} else {
			flags += "D"
		}
		proto := "-"
		var ports []string
		for _, name := range c.sim.memberNames(g) {
			m := c.sim.run.ifaces[name]
			if p := protocol(m.groupMode); p != "" {
				proto = map[string]string{"lacp": "LACP", "pagp": "PAgP"}[p]
			}
			flag := "D"
			switch {
			case m.suspended != "":
				flag = "s"
			case c.sim.connected(m):
				flag = "P"
			}
			ports = append(ports, fmt.Sprintf("%-14s", fmt.Sprintf("%s(%s)", shortName(name), flag)))
		}
		line := fmt.Sprintf("%-6d %-13s %7s    ", g, fmt.Sprintf("Po%d(%s)", g, flags), proto)
		for n := 0; n == 0 || n < len(ports); n += 3 {
			c.printf("%s%s\n", line, strings.Join(ports[n:min(n+3, len(ports))], " "))
			line = fmt.Sprintf("%33s", "")
		}
	}
	c.printf("\n")
	return nil
}
