package iossim

import (
	"fmt"
	"slices"
	"strings"
)

// NX-OS is another command line over the same model: its grammars, what it
// prints and how it lists its configuration are in the files nxos*.go. What
// differs inside a shared command asks the profile.

// trees are the grammars of one operating system.
type trees struct{ exec, config, iface, vlan *node }

var nexusTrees trees

func init() {
	sections := sectionTable(nexusSections)
	nexusTrees = trees{
		exec:   newGrammar(nexusExec, nexusShows, checkpointCommands),
		config: newGrammar(generic(nexusWords, nexusAlone, storeGlobal), nexusConfig, sections, spanningTreeCommands[:len(spanningTreeCommands)-2], moveCommands),
		iface:  newGrammar(generic(nexusInterfaceWords, interfaceAlone, storeInterface), settingCommands(), nexusInterface, moveCommands),
		vlan:   newGrammar(nexusVLAN, moveCommands),
	}
}

// grammars are the trees of the switch's operating system.
func (s *Sim) grammars() *trees {
	if s.profile.NXOS {
		return &nexusTrees
	}
	return &iosTrees
}

var nexusWords = []string{
	"aaa", "access-list", "banner", "boot", "cdp", "class-map", "cli", "clock", "copp", "errdisable", "hardware", "icam", "ip", "ipv6",
	"key", "lacp", "lldp", "logging", "mac", "ngoam", "ntp", "nxapi", "password", "port-channel", "power", "radius-server", "rmon", "role", "route-map",
	"service", "snmp-server", "spanning-tree", "ssh", "system", "tacacs-server", "telnet", "udld", "vpc",
}

var nexusAlone = []string{"service unsupported-transceiver"}

var nexusInterfaceWords = []string{
	"bandwidth", "beacon", "delay", "fec", "flowcontrol", "hsrp", "ip", "ipv6", "lacp", "logging", "negotiate", "no-shutdown", "service-policy",
	"snmp", "spanning-tree mst", "switchport monitor", "udld", "vpc", "vrf",
}

var nexusSections = []sectionDef{
	{"line (console|vty)", "config-line", []string{"exec-timeout", "access-class", "session-limit", "logout-warning", "speed"}},
	{"vrf context WORD", "config-vrf", []string{"ip", "ipv6", "address-family", "rd", "vni"}},
	{"vdc WORD id 1-8", "config-vdc", []string{"limit-resource", "allow", "cpu-share"}},
	{"ip access-list WORD", "config-acl", []string{"permit", "deny", "remark", "statistics"}},
	{"vpc domain 1-1000", "config-vpc-domain", []string{"peer-keepalive", "role", "peer-switch", "peer-gateway", "auto-recovery", "system-priority", "delay", "layer3"}},
	{"router WORD LINE", "config-router", []string{"router-id", "network", "neighbor", "address-family", "passive-interface", "log-neighbor-changes"}},
}

var nexusConfig = []command{
	{pattern: "(hostname|switchname) WORD", run: setHostname},
	{pattern: "no (hostname|switchname) [WORD]", run: func(c *call) error { c.touched, c.sim.run.hostname = true, "switch"; return nil }},
	{pattern: "system jumbomtu 1500-9216", run: setJumbo},
	{pattern: "no system jumbomtu [1500-9216]", run: setJumbo},
	{pattern: "feature WORD", run: setFeature},
	{pattern: "no feature WORD", run: setFeature},
	{pattern: "vlan WORD", run: enterVLAN},
	{pattern: "no vlan WORD", run: removeVLANs},
	{pattern: "interface LINE", run: nexusEnterInterface},
	{pattern: "no interface LINE", run: nexusRemoveInterface},
	{pattern: "default interface LINE", run: defaultRange},
	{pattern: "username WORD LINE", run: storeGlobal},
	{pattern: "no username WORD", run: storeGlobal},
}

var nexusVLAN = []command{
	{pattern: "name WORD", run: nameVLAN},
	{pattern: "no name [WORD]", run: func(c *call) error { c.edited.name = new(string); return nil }},
	{pattern: "state (active|suspend)", run: func(c *call) error { on := c.words[1] == "suspend"; c.edited.suspend = &on; return nil }},
	{pattern: "no state [WORD]", run: func(c *call) error { c.edited.suspend = new(bool); return nil }},
	{pattern: "[no] shutdown", run: func(c *call) error { on := !c.negated(); c.edited.shutdown = &on; return nil }},
	{pattern: "vn-segment 1-16777215", run: nothing},
}

var nexusInterface = slices.Concat(switchportCommands, []command{
	{pattern: "description LINE", run: each(func(c *call, i *iface) error { i.description = c.arg(0); return nil })},
	{pattern: "no description [LINE]", run: each(func(c *call, i *iface) error { i.description = ""; return nil })},
	{pattern: "[no] shutdown", run: each(setShutdown)},
	{pattern: "[no] switchport", run: each(setSwitchport)},
	{pattern: "switchport mode (access|trunk)", run: ports(setMode)},
	{pattern: "no switchport mode [(access|trunk)]", run: ports(func(c *call, i *iface) error { i.mode = modeDefault; return nil })},
	{pattern: "channel-group 1-4096 [force] [mode (on|active|passive)]", run: ports(nexusJoin)},
	{pattern: "no channel-group [LINE]", run: ports(func(c *call, i *iface) error { i.group, i.groupMode = 0, ""; return nil })},
	{pattern: "spanning-tree port type (edge|edge trunk|network|normal)", run: ports(setPortType)},
	{pattern: "no spanning-tree port type [LINE]", run: ports(func(c *call, i *iface) error { i.portfast = ""; return nil })},
	{pattern: "ip address WORD [secondary]", run: each(nexusAddress)},
	{pattern: "ip address WORD WORD [secondary]", run: each(nexusMasked)},
	{pattern: "no ip address [LINE]", run: each(func(c *call, i *iface) error { i.other = removeLines(i.other, "ip address"); return nil })},
	{pattern: "[no] no-shutdown", run: nothing},
})

// features that can be switched on, and whose commands are not there without.
var features = []string{"bgp", "dhcp", "eigrp", "hsrp", "interface-vlan", "lacp", "lldp", "nxapi", "ospf", "pim", "scp-server", "sftp-server", "ssh", "tacacs+", "telnet", "udld", "vpc", "vtp"}

func setFeature(c *call) error {
	name := c.arg(0)
	var found []string
	for _, f := range features {
		if f == name || strings.HasPrefix(f, name) && !slices.Contains(features, name) {
			found = append(found, f)
		}
	}
	switch len(found) {
	case 0:
		if !c.loading {
			return c.invalid(0)
		}
	case 1:
		name = found[0]
	default:
		return &syntaxError{kind: "ambiguous", col: c.args[0].col}
	}
	c.touched = true
	if !c.negated() {
		c.sim.run.set("feature " + name)
		return nil
	}
	c.sim.run.unset("feature " + name)
	switch name {
	case "interface-vlan":
		for ifName, i := range c.sim.run.ifaces {
			if i.kind() == "Vlan" {
				c.sim.run.remove(ifName)
			}
		}
	case "lacp":
		for _, i := range c.sim.run.ifaces {
			if protocol(i.groupMode) == "lacp" {
				i.group, i.groupMode = 0, ""
			}
		}
	}
	return nil
}

func (s *Sim) feature(name string) bool { return s.run.has("feature " + name) }

// nexusInterfaces reads the interfaces after `interface`: one, or a list with
// ranges.
func (c *call) nexusInterfaces() ([]string, error) {
	text := c.arg(0)
	names, bad := rangeNames(text)
	if bad < 0 {
		for _, name := range names {
			kind, _ := splitName(name)
			if kinds[kind].name == "Vlan" && !c.sim.feature("interface-vlan") || !c.exists(name) {
				bad = 0
			}
		}
	}
	if bad >= 0 {
		return nil, &syntaxError{kind: "invalid", col: c.args[0].col + bad}
	}
	return names, nil
}

func nexusEnterInterface(c *call) error {
	names, err := c.nexusInterfaces()
	if err != nil {
		return err
	}
	c.enter(inConfig)
	c.context, c.selected, c.ranged = inInterface, names, len(names) > 1
	return nil
}

func nexusRemoveInterface(c *call) error {
	names, bad := rangeNames(c.arg(0))
	if bad >= 0 {
		return &syntaxError{kind: "invalid", col: c.args[0].col + bad}
	}
	for _, name := range names {
		i := c.sim.run.ifaces[name]
		if i == nil || i.undeletable {
			return rejected("ERROR: Cannot delete interface %s\n", c.sim.display(name))
		}
		_, numbers := splitName(name)
		if i.kind() == "Port-channel" {
			for _, m := range c.sim.memberNames(numbers[0]) {
				c.sim.run.ifaces[m].group, c.sim.run.ifaces[m].groupMode = 0, ""
			}
		}
		c.sim.run.remove(name)
		c.touched = true
	}
	return nil
}

// nexusJoin bundles a port. A port that differs from the port-channel is
// refused, unless it is forced.
func nexusJoin(c *call, i *iface) error {
	group, mode := c.num(0), "on"
	if c.has("mode") {
		mode = c.words[len(c.words)-1]
	}
	if i.kind() == "Port-channel" {
		return c.invalidWord(0)
	}
	if mode != "on" && !c.sim.feature("lacp") {
		return c.invalidWord(len(c.words) - 1)
	}
	for _, name := range c.sim.memberNames(group) {
		if o := c.sim.run.ifaces[name]; o != i && protocol(o.groupMode) != protocol(mode) {
			return rejected("command failed: port not compatible [port-channel mode]\n")
		}
	}
	name := channelName(group)
	po := c.sim.run.ifaces[name]
	if po == nil {
		c.exists(name)
		po = c.sim.run.ifaces[name]
		if !c.loading {
			po.copySwitchport(i)
		}
	}
	before := *i
	i.group, i.groupMode = group, mode
	if why := c.sim.misfit(i); why != "" && !c.loading {
		if !c.has("force") {
			*i = before
			what := map[string]string{"trunk mode": "port mode", "native vlan": "port native VLAN", "access vlan": "port access VLAN", "vlan mask": "port allowed VLAN list", "layer": "Ethernet Layer"}
			for prefix, word := range what {
				if strings.HasPrefix(why, prefix) {
					return rejected("command failed: port not compatible [%s]\n", word)
				}
			}
			return rejected("command failed: port not compatible\n")
		}
		i.copySwitchport(po)
	}
	return nil
}

func setPortType(c *call, i *iface) error {
	switch how := strings.Join(c.words[3:], " "); how {
	case "edge":
		i.portfast = "edge"
	case "edge trunk":
		i.portfast = "trunk"
	case "network":
		i.portfast = how
	default:
		i.portfast = ""
	}
	if (i.portfast == "edge" || i.portfast == "trunk") && !(c.ranged && i.name != c.selected[0]) {
		c.notice("Warning: Edge port type (portfast) should only be enabled on ports connected to a single\n host. Connecting hubs, concentrators, switches, bridges, etc...  to this\n interface  when edge port type (portfast) is enabled, can cause temporary bridging loops.\n Use with CAUTION\n\n")
	}
	return nil
}

func nexusAddress(c *call, i *iface) error {
	if !layer3(c.sim, i) {
		return c.invalidWord(1)
	}
	address, length, slash := strings.Cut(c.arg(0), "/")
	if _, ok := parseIPv4(address); !ok || slash && len(length) > 2 {
		return c.invalid(0)
	}
	line := c.canonical()
	if !c.has("secondary") {
		i.other = slices.DeleteFunc(i.other, func(l string) bool {
			return strings.HasPrefix(l, "ip address ") && !strings.HasSuffix(l, " secondary")
		})
	}
	i.other = append(removeLines(i.other, line), line)
	return nil
}

// nexusMasked takes an address with a mask, and shows it with the mask's length.
func nexusMasked(c *call, i *iface) error {
	if !layer3(c.sim, i) {
		return c.invalidWord(1)
	}
	p, ok := parseMask(c.arg(0), c.arg(1))
	if !ok {
		return c.invalid(0)
	}
	line := "ip address " + p.String()
	if c.has("secondary") {
		line += " secondary"
	} else {
		i.other = slices.DeleteFunc(i.other, func(l string) bool {
			return strings.HasPrefix(l, "ip address ") && !strings.HasSuffix(l, " secondary")
		})
	}
	i.other = append(removeLines(i.other, line), line)
	return nil
}

// defaultJumbo is the jumbo MTU that is not shown.
const defaultJumbo = 9216

// setJumbo sets how large the frames of ports may be; only even numbers are.
func setJumbo(c *call) error {
	size := defaultJumbo
	if !c.negated() {
		size = c.num(0)
	}
	if size%2 != 0 {
		return c.invalid(0)
	}
	c.touched = true
	c.sim.run.unset("system jumbomtu")
	if size != defaultJumbo {
		c.sim.run.set(fmt.Sprintf("system jumbomtu %d", size))
	}
	return nil
}

// nexusName is how NX-OS writes an interface's name.
func nexusName(name string) string {
	for _, k := range []string{"Port-channel", "Loopback"} {
		if rest, ok := strings.CutPrefix(name, k); ok {
			return strings.ToLower(k) + rest
		}
	}
	return name
}

// nexusShort is the short form: Eth1/1.
func nexusShort(name string) string {
	if rest, ok := strings.CutPrefix(name, "Ethernet"); ok {
		return "Eth" + rest
	}
	if strings.HasPrefix(name, "Vlan") {
		return name
	}
	return shortName(name)
}

// short is how the switch writes an interface's name in tables.
func (s *Sim) short(name string) string {
	if s.profile.NXOS {
		return nexusShort(name)
	}
	return shortName(name)
}

// display is how the switch writes an interface's name in full.
func (s *Sim) display(name string) string {
	if s.profile.NXOS {
		return nexusName(name)
	}
	return name
}

// nexusSyntax is how NX-OS says what is wrong with a line.
func nexusSyntax(e *syntaxError) string {
	kind := map[string]string{"incomplete": "Incomplete", "ambiguous": "Ambiguous"}[e.kind]
	if kind == "" {
		kind = "Invalid"
	}
	return fmt.Sprintf("%% %s command at '^' marker.\n", kind)
}
