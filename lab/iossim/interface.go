package iossim

import (
	"errors"
	"slices"
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/lab/wire"
)

var interfaceCommands = []command{
	{pattern: "description LINE", run: each(func(c *call, i *iface) error { i.description = c.arg(0); return nil })},
	{pattern: "(no|default) description [LINE]", run: each(func(c *call, i *iface) error { i.description = ""; return nil })},
	{pattern: "[(no|default)] shutdown", run: each(setShutdown)},
	{pattern: "switchport", run: each(setSwitchport)},
	{pattern: "no switchport", run: each(setSwitchport)},
	{pattern: "switchport mode (access|trunk|dynamic auto|dynamic desirable|dot1q-tunnel|private-vlan host|private-vlan promiscuous)", run: ports(setMode)},
	{pattern: "(no|default) switchport mode [(access|trunk|dynamic|dot1q-tunnel|private-vlan)]", run: ports(resetMode)},
	{pattern: "switchport trunk encapsulation (dot1q|isl|negotiate)", run: ports(setEncapsulation)},
	{pattern: "(no|default) switchport trunk encapsulation", run: ports(setEncapsulation)},
	{pattern: "[(no|default)] switchport nonegotiate", run: ports(setNonegotiate)},
	{pattern: "[(no|default)] switchport (priority|private-vlan|backup) [LINE]", run: storeInterface},
	{pattern: "spanning-tree portfast [(trunk|disable|network|edge|edge trunk)]", run: ports(setPortfast)},
	{pattern: "(no|default) spanning-tree portfast [(trunk|disable|network|edge|edge trunk)]", run: ports(setPortfast)},
}

// switchportCommands are those that IOS and NX-OS have in common.
var switchportCommands = []command{
	{pattern: "spanning-tree vlan WORD (cost|port-priority) 0-200000000", run: ports(storeOne)},
	{pattern: "(no|default) spanning-tree vlan WORD (cost|port-priority) [LINE]", run: ports(storeOne)},
	{pattern: "switchport access vlan 1-4094", run: ports(setAccess)},
	{pattern: "(no|default) switchport access vlan [WORD]", run: ports(func(c *call, i *iface) error { i.access = 1; return nil })},
	{pattern: "switchport trunk native vlan 1-4094", run: ports(func(c *call, i *iface) error { i.native = c.num(0); return nil })},
	{pattern: "(no|default) switchport trunk native vlan [WORD]", run: ports(func(c *call, i *iface) error { i.native = 1; return nil })},
	{pattern: "switchport trunk allowed vlan WORD", run: ports(setAllowed)},
	{pattern: "switchport trunk allowed vlan (all|none)", run: ports(setAllowed)},
	{pattern: "switchport trunk allowed vlan (add|remove|except) WORD", run: ports(setAllowed)},
	{pattern: "(no|default) switchport trunk allowed vlan [LINE]", run: ports(func(c *call, i *iface) error { i.allowed = wire.AllVLANs(); return nil })},
	{pattern: "switchport voice vlan (1-4094|dot1p|none|untagged)", run: ports(setVoice)},
	{pattern: "(no|default) switchport voice vlan [LINE]", run: ports(func(c *call, i *iface) error { i.voice = ""; return nil })},
}

// interfaceWords begin the lines that are kept and shown, and do nothing else.
var interfaceWords = []string{
	"arp", "authentication", "auto", "bandwidth", "carrier-delay", "cdp", "delay", "dot1x", "encapsulation", "flowcontrol", "hold-queue",
	"ip access-group", "ip arp", "ip dhcp", "ip igmp", "ip mtu", "ip nat", "ip tcp", "ip ospf", "ip pim", "ip policy", "ip verify", "ip vrf", "ipv6", "lacp", "lldp", "logging event",
	"mab", "mac access-group", "macro", "mdix", "media-type", "mls", "mvr", "negotiation", "network-policy", "nmsp", "ntp", "pagp",
	"power", "priority-queue", "queue-set", "rmon", "service-policy", "snmp", "spanning-tree mst", "srr-queue",
	"standby", "udld", "vrf", "vtp",
}

// interfaceAlone are those of interfaceWords that are whole commands.
var interfaceAlone = []string{"mab"}

// interfaceSingles are settings of a port that a new line replaces.
var interfaceSingles = []string{"bandwidth", "delay", "media-type", "udld port", "ip vrf forwarding", "vrf forwarding"}

// each runs a command on every selected interface and stops at the first that
// does not take it, as a range does.
func each(run func(*call, *iface) error) func(*call) error {
	return func(c *call) error {
		c.touched = true
		for _, name := range c.selected {
			i := c.sim.run.ifaces[name]
			if i == nil {
				// Another session removed it.
				continue
			}
			err := run(c, i)
			if err == nil {
				c.lead(i)
			}
			if err != nil {
				if c.ranged {
					if answer := answer(""); errors.As(err, &answer) {
						err = rejected("%v%% Range command terminated because it failed on %s\n", err, i.name)
					}
				}
				return err
			}
		}
		return nil
	}
}

// ports is each for commands that only switched ports have.
func ports(run func(*call, *iface) error) func(*call) error {
	return each(func(c *call, i *iface) error {
		if !i.switched() {
			at := 0
			if c.negated() {
				at = 1
			}
			return c.invalidWord(at)
		}
		return run(c, i)
	})
}

// exists reports whether an interface can be entered, making it if it is one
// that is made by being entered.
func (s *session) exists(name string) bool {
	if s.sim.run.ifaces[name] != nil {
		return true
	}
	kind, numbers := splitName(name)
	limit := 0
	switch kinds[kind].name {
	case "Vlan":
		limit = wire.MaxVLAN
	case "Port-channel":
		if limit = 48; s.sim.profile.NXOS || s.sim.profile.XE {
			limit = 4096
		}
	case "Tunnel", "Loopback":
		if s.sim.profile.Routed {
			limit = 2147483647
		}
	}
	if len(numbers) != 1 || numbers[0] > limit || numbers[0] < 1 {
		return false
	}
	i := newInterface(name)
	i.shutdown = s.sim.profile.NXOS && kinds[kind].name == "Vlan"
	s.sim.run.add(i)
	s.touched = true
	return true
}

func enterInterface(c *call) error {
	if !c.exists(c.arg(0)) {
		return c.invalid(0)
	}
	c.enter(inConfig)
	c.context, c.selected = inInterface, []string{c.arg(0)}
	return nil
}

// rangeOf returns the interfaces that the last value of a command names.
func (c *call) rangeOf() ([]string, error) {
	names, bad := rangeNames(c.arg(0))
	if bad < 0 {
		if missing := slices.IndexFunc(names, func(n string) bool { return !c.exists(n) }); missing < 0 {
			return names, nil
		}
		bad = 0
	}
	return nil, &syntaxError{kind: "invalid", col: c.args[0].col + bad}
}

func enterRange(c *call) error {
	names, err := c.rangeOf()
	if err != nil {
		return err
	}
	c.enter(inConfig)
	c.context, c.selected, c.ranged = inInterface, names, true
	return nil
}

func removeInterface(c *call) error {
	i := c.sim.run.ifaces[c.arg(0)]
	if i == nil {
		return c.invalid(0)
	}
	if i.undeletable {
		return rejected("%% Removal of physical interfaces is not permitted.\n")
	}
	c.touched = true
	c.sim.disband(i)
	c.sim.run.remove(i.name)
	return nil
}

func defaultInterface(c *call) error {
	if !c.exists(c.arg(0)) {
		return c.invalid(0)
	}
	c.setDefaults(c.arg(0))
	return nil
}

func defaultRange(c *call) error {
	names, err := c.rangeOf()
	if err != nil {
		return err
	}
	c.setDefaults(names...)
	return nil
}

func (c *call) setDefaults(names ...string) {
	c.touched = true
	for _, name := range names {
		c.sim.run.ifaces[name].reset()
		if !c.sim.profile.NXOS {
			c.notice("Interface %s set to default configuration\n", name)
		}
	}
}

func setShutdown(c *call, i *iface) error {
	down := c.words[0] == "shutdown"
	if down != i.shutdown && !c.loading {
		if down {
			c.sim.syslog("%LINK-5-CHANGED: Interface " + i.name + ", changed state to administratively down")
		} else {
			c.sim.syslog("%LINK-3-UPDOWN: Interface " + i.name + ", changed state to up")
		}
	}
	i.shutdown = down
	if !down && c.loading {
		i.saidUp = true
	}
	if down {
		i.errDisabled = false
	}
	return nil
}

func setSwitchport(c *call, i *iface) error {
	if !i.switched() {
		return c.invalidWord(len(c.words) - 1)
	}
	if !c.sim.profile.Routed {
		return &syntaxError{kind: "incomplete"}
	}
	if i.routed && !c.negated() && !c.loading { // what routes is lost
		i.other = slices.DeleteFunc(i.other, func(l string) bool {
			return strings.HasPrefix(l, "ip address ") || strings.HasPrefix(l, "ipv6 address ")
		})
	}
	i.routed = c.negated()
	i.other = slices.DeleteFunc(i.other, func(l string) bool { return l == "switchport" })
	if !i.routed && c.loading && c.sim.cfg.Captured {
		// On this device ports are routed unless it says this.
		i.other = append(i.other, "switchport")
	}
	return nil
}

func setMode(c *call, i *iface) error {
	mode := strings.Join(c.words[2:], " ")
	if i.nonegotiate && strings.HasPrefix(mode, "dynamic") {
		return rejected(nonegotiateConflict)
	}
	if mode == modeTrunk && c.sim.profile.ISL && i.encap == "" {
		return rejected("Command rejected: An interface whose trunk encapsulation is \"Auto\" can not be configured to \"trunk\" mode.\n")
	}
	i.mode = mode
	return nil
}

func resetMode(c *call, i *iface) error {
	if i.nonegotiate && !isDynamic(i.mode) {
		return rejected(nonegotiateConflict)
	}
	i.mode = modeDefault
	return nil
}

const nonegotiateConflict = "Command rejected: Conflict between 'nonegotiate' and 'dynamic' status.\n"

func setAccess(c *call, i *iface) error {
	id := c.num(0)
	if !c.sim.db.exists(id) && !c.loading && !c.sim.profile.NXOS {
		if c.sim.db.Mode == "client" {
			c.notice("%% Warning: access VLAN does not exist, and VTP is in CLIENT mode\n")
		} else if c.sim.db.refuses() != nil {
			c.notice("%% Warning: access VLAN does not exist and can not be created\n")
		} else {
			c.notice("%% Access VLAN does not exist. Creating vlan %d\n", id)
			c.createVLANs(wire.VLANsOf(id))
		}
	}
	i.access = id
	return nil
}

// setVoice sets the VLAN that phones tag, or what they do instead.
func setVoice(c *call, i *iface) error {
	id := c.num(0)
	if id > 0 && !c.sim.db.exists(id) && !c.loading && !c.sim.profile.NXOS && c.sim.db.refuses() == nil {
		c.notice("%% Voice VLAN does not exist. Creating vlan %d\n", id)
		c.createVLANs(wire.VLANsOf(id))
	}
	if i.voice = c.words[3]; i.voice == "none" {
		i.voice = ""
	}
	return nil
}

func setAllowed(c *call, i *iface) error {
	list := c.words[4]
	switch list {
	case "all":
		i.allowed = wire.AllVLANs()
		return nil
	case "none":
		i.allowed = wire.VLANs{}
		return nil
	}
	how := ""
	if len(c.words) > 5 {
		how, list = c.words[4], c.words[5]
	}
	set, err := parseVLANs(list)
	if err != nil {
		return err
	}
	switch how {
	case "add":
		i.allowed = i.allowed.Union(set)
	case "remove":
		i.allowed = i.allowed.Minus(set)
	case "except":
		i.allowed = wire.AllVLANs().Minus(set)
	default:
		i.allowed = set
	}
	return nil
}

func setEncapsulation(c *call, i *iface) error {
	if !c.sim.profile.ISL {
		at := 2
		if c.negated() {
			at = 3
		}
		return c.invalidWord(at)
	}
	encap := ""
	if !c.negated() && c.words[3] != "negotiate" {
		encap = c.words[3]
	}
	if encap == "" && i.mode == modeTrunk {
		return rejected("Command rejected: An interface whose trunk encapsulation is \"Auto\" can not be configured to \"trunk\" mode.\n")
	}
	i.encap = encap
	return nil
}

func setNonegotiate(c *call, i *iface) error {
	if !c.negated() && isDynamic(i.mode) {
		return rejected(nonegotiateConflict)
	}
	i.nonegotiate = !c.negated()
	return nil
}

const portfastWarning = `%%Warning: portfast should only be enabled on ports connected to a single
 host. Connecting hubs, concentrators, switches, bridges, etc... to this
 interface  when portfast is enabled, can cause temporary bridging loops.
 Use with CAUTION

`

func setPortfast(c *call, i *iface) error {
	if c.negated() {
		i.portfast = ""
		return nil
	}
	how := strings.Join(c.words[2:], " ")
	switch how {
	case "", "edge":
		i.portfast = "edge"
	case "trunk", "edge trunk":
		i.portfast = "trunk"
	default:
		i.portfast = how
		return nil
	}
	if c.ranged && i.name != c.selected[0] {
		return nil
	}
	c.notice(portfastWarning)
	switch {
	case i.portfast == "trunk":
	case c.ranged:
		c.notice("%%Portfast will be configured in %d interfaces due to the range command\n but will only have effect when the interfaces are in a non-trunking mode.\n", len(c.selected))
	default:
		c.notice("%%Portfast has been configured on %s but will only\n have effect when the interface is in a non-trunking mode.\n", i.name)
	}
	return nil
}

// storeInterface keeps a line that does nothing else.
func storeInterface(c *call) error { return each(storeOne)(c) }

func storeOne(c *call, i *iface) error {
	line := c.canonical()
	if !c.negated() {
		i.other = removeLines(i.other, "no "+line)
		for _, key := range interfaceSingles {
			if strings.HasPrefix(line, key+" ") {
				i.other = removeLines(i.other, key)
			}
		}
		i.other = append(removeLines(i.other, line), line)
		return nil
	}
	bare := line[len(c.words[0])+1:]
	i.other = removeLines(i.other, bare)
	if c.loading && c.words[0] == "no" {
		i.other = append(removeLines(i.other, line), line)
	}
	for _, key := range interfaceSingles {
		if strings.HasPrefix(bare, key+" ") {
			i.other = removeLines(i.other, key)
		}
	}
	return nil
}
