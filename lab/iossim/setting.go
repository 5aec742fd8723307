package iossim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// taker says which interfaces take a setting.
type taker func(*Sim, *iface) bool

func anyPort(_ *Sim, i *iface) bool { return i.switched() }
func socket(_ *Sim, i *iface) bool {
	return i.kind() != "Port-channel" && i.kind() != "Vlan" && i.kind() != "Loopback"
}
func powered(s *Sim, i *iface) bool      { return s.profile.PoE && socket(s, i) && !i.managementIf }
func layer3(_ *Sim, i *iface) bool       { return !i.switched() || i.routed }
func everywhere(*Sim, *iface) bool       { return true }
func withMTU(s *Sim, i *iface) bool      { return s.profile.portMTU && i.kind() != "Loopback" }
func switchSocket(s *Sim, i *iface) bool { return socket(s, i) && i.switched() }

// setting is a line of an interface that is checked, kept and shown, and
// whose effect, if it has any, is read from the line.
type setting struct {
	key    string // how the line begins; a new line replaces one with the same key
	values string // the pattern of what follows
	hidden string // the value that is not shown, since it is the default
	on     bool   // on by default: the `no` is shown, and the line itself is not
	many   bool   // several lines with the key stand side by side
	takes  taker
	edit   func(c *call, i *iface, value string) (string, error) // the value as it is shown
}

// settings of interfaces. What they are and what is hidden is from the Catalyst
// command references.
var settings = []setting{
	{key: "spanning-tree bpduguard", values: "(enable|disable)", takes: anyPort},
	{key: "spanning-tree bpdufilter", values: "(enable|disable)", takes: anyPort},
	{key: "spanning-tree guard", values: "(root|loop|none)", takes: anyPort},
	{key: "spanning-tree cost", values: "1-200000000", takes: anyPort},
	{key: "spanning-tree port-priority", values: "0-240", hidden: "128", takes: anyPort},
	{key: "spanning-tree link-type", values: "(point-to-point|shared)", takes: anyPort},
	{key: "storm-control broadcast", values: "level [(bps|pps)] LINE", takes: anyPort, edit: stormLevel},
	{key: "storm-control multicast", values: "level [(bps|pps)] LINE", takes: anyPort, edit: stormLevel},
	{key: "storm-control unicast", values: "level [(bps|pps)] LINE", takes: anyPort, edit: stormLevel},
	{key: "storm-control action", values: "(shutdown|trap)", many: true, takes: anyPort},
	{key: "switchport port-security", takes: anyPort, edit: securePort},
	{key: "switchport port-security maximum", values: "1-6144", hidden: "1", takes: anyPort},
	{key: "switchport port-security violation", values: "(protect|restrict|shutdown)", hidden: "shutdown", takes: anyPort},
	{key: "switchport port-security aging time", values: "1-1440", takes: anyPort},
	{key: "switchport port-security aging type", values: "(absolute|inactivity)", hidden: "absolute", takes: anyPort},
	{key: "switchport port-security mac-address", values: "(sticky|WORD|sticky WORD)", many: true, takes: anyPort},
	{key: "switchport protected", takes: anyPort},
	{key: "switchport block", values: "(multicast|unicast)", many: true, takes: anyPort},
	{key: "ip dhcp snooping trust", takes: anyPort},
	{key: "ip dhcp snooping limit rate", values: "1-2048", takes: anyPort},
	{key: "lldp transmit", on: true, takes: socket},
	{key: "lldp receive", on: true, takes: socket},
	{key: "cdp enable", on: true, takes: socket},
	{key: "power inline", values: "(auto|never|static|auto max 4000-60000|static max 4000-60000)", hidden: "auto", takes: powered},
	{key: "power inline port priority", values: "(low|high)", hidden: "low", takes: powered},
	{key: "power inline consumption", values: "4000-60000", takes: powered},
	{key: "power inline port 2x-mode", takes: powered},
	{key: "speed", values: "(auto|nonegotiate|10-10000|auto LINE)", hidden: "auto", takes: socket, edit: portSpeed},
	{key: "duplex", values: "(auto|full|half)", hidden: "auto", takes: socket},
	{key: "mtu", values: "64-9216", hidden: "1500", takes: withMTU},
	{key: "channel-protocol", values: "(lacp|pagp)", takes: switchSocket},
	{key: "lacp port-priority", values: "0-65535", hidden: "32768", takes: switchSocket},
	{key: "lacp rate", values: "(normal|fast)", hidden: "normal", takes: switchSocket},
	{key: "load-interval", values: "30-600", hidden: "300", takes: everywhere},
	{key: "logging event link-status", on: true, takes: everywhere},
	{key: "snmp trap link-status", on: true, takes: everywhere},
	{key: "mdix auto", on: true, takes: socket},
	{key: "ip proxy-arp", on: true, takes: layer3},
	{key: "ip redirects", on: true, takes: layer3},
	{key: "ip unreachables", on: true, takes: layer3},
	{key: "ip route-cache", on: true, takes: layer3},
	{key: "keepalive", on: true, takes: everywhere},
	{key: "ip helper-address", values: "WORD", many: true, takes: layer3, edit: ipv4Value},
}

// settingCommands are the commands of all settings.
func settingCommands() []command {
	var table []command
	for _, st := range settings {
		pattern := st.key
		if st.values != "" {
			pattern += " " + st.values
		}
		table = append(table,
			command{pattern: pattern, run: each(func(c *call, i *iface) error { return st.apply(c, i) })},
			command{pattern: "(no|default) " + st.key + " [LINE]", run: each(func(c *call, i *iface) error { return st.remove(c, i) })})
	}
	return table
}

// refuse rejects a setting on an interface that does not have it.
func (st *setting) refuse(c *call, i *iface) error {
	if st.takes(c.sim, i) {
		return nil
	}
	at := 0
	if c.negated() {
		at = 1
	}
	if words := strings.Fields(st.key); words[0] == "ip" {
		at += min(1, len(words)-1)
	}
	return c.invalidWord(at)
}

func (st *setting) apply(c *call, i *iface) error {
	if err := st.refuse(c, i); err != nil {
		return err
	}
	value := strings.TrimSpace(strings.TrimPrefix(c.canonical(), st.key))
	if st.edit != nil {
		var err error
		if value, err = st.edit(c, i, value); err != nil {
			return err
		}
	}
	line := strings.TrimSpace(st.key + " " + value)
	i.other = removeLines(i.other, "no "+st.key)
	if !st.many {
		i.other = slices.DeleteFunc(i.other, st.owns)
	}
	// A device that shows a default in what was captured from it goes on to.
	shown := c.loading && c.sim.cfg.Captured
	if (st.on || st.hidden != "" && value == st.hidden) && !shown {
		return nil
	}
	if slices.Contains(i.other, line) {
		return nil
	}
	if shown {
		i.other = append(i.other, line)
	} else {
		i.place(line)
	}
	return nil
}

// place puts a line where the switch shows it: settings have an order of their
// own, whatever the order in which they were given.
func (i *iface) place(line string) {
	own := settingRank(line)
	at := slices.IndexFunc(i.other, func(l string) bool { return settingRank(l) > own })
	if at < 0 {
		at = len(i.other)
	}
	i.other = slices.Insert(i.other, at, line)
}

// settingRank is the place of a line's setting; lines that are no setting come last.
func settingRank(line string) int {
	line = strings.TrimPrefix(line, "no ")
	if n := slices.IndexFunc(settings, func(st setting) bool { return st.owns(line) }); n >= 0 {
		return n
	}
	return len(settings)
}

// owns reports whether a line is this setting and not one whose key goes on.
func (st *setting) owns(line string) bool {
	if line != st.key && !strings.HasPrefix(line, st.key+" ") {
		return false
	}
	for _, o := range settings {
		if len(o.key) > len(st.key) && strings.HasPrefix(o.key, st.key+" ") && (line == o.key || strings.HasPrefix(line, o.key+" ")) {
			return false
		}
	}
	return st.values != "" || line == st.key
}

func (st *setting) remove(c *call, i *iface) error {
	if err := st.refuse(c, i); err != nil {
		return err
	}
	bare := c.canonical()[len(c.words[0])+1:]
	i.other = slices.DeleteFunc(i.other, func(l string) bool {
		if st.many && bare != st.key {
			return l == bare
		}
		return st.owns(l) || l == "no "+st.key
	})
	if st.on && c.words[0] == "no" {
		i.place("no " + st.key)
	}
	return nil
}

// has reports whether an interface has a line.
func (i *iface) has(line string) bool { return slices.Contains(i.other, line) }

// value is what follows a key in an interface's lines.
func (i *iface) value(key string) string {
	for _, l := range i.other {
		if v, ok := strings.CutPrefix(l, key+" "); ok {
			return v
		}
	}
	return ""
}

// stormLevel writes percentages with two digits, as the switch does.
func stormLevel(c *call, _ *iface, value string) (string, error) {
	if c.has("bps") || c.has("pps") {
		return value, nil
	}
	levels := strings.Fields(strings.TrimPrefix(value, "level"))
	last := 100.0
	if len(levels) > 2 {
		return "", c.invalid(0)
	}
	for n, l := range levels {
		f, err := strconv.ParseFloat(l, 64)
		if err != nil || f < 0 || f > 100 {
			return "", c.invalid(0)
		}
		if f > last {
			return "", rejected("Command rejected: the falling threshold is above the rising one.\n")
		}
		levels[n], last = fmt.Sprintf("%.2f", f), f
	}
	return "level " + strings.Join(levels, " "), nil
}

func securePort(c *call, i *iface, value string) (string, error) {
	if i.mode != modeAccess && i.mode != modeTrunk && !c.loading {
		return "", rejected("Command rejected: %s is a dynamic port.\n", i.name)
	}
	if i.group > 0 {
		return "", rejected("Command rejected: %s is a member of a port-channel.\n", i.name)
	}
	return value, nil
}

// speeds are what the kinds of port can be set to, in Mb/s.
var speeds = map[string][]string{
	"FastEthernet":         {"10", "100"},
	"GigabitEthernet":      {"10", "100", "1000"},
	"TwoGigabitEthernet":   {"100", "1000", "2500"},
	"FiveGigabitEthernet":  {"100", "1000", "2500", "5000"},
	"TenGigabitEthernet":   {"100", "1000", "2500", "5000", "10000"},
	"TwentyFiveGigE":       {"1000", "10000", "25000"},
	"AppGigabitEthernet":   {"1000"},
	"Ethernet":             {"10", "100", "1000", "10000"},
	"FortyGigabitEthernet": {"10000"},
}

func portSpeed(c *call, i *iface, value string) (string, error) {
	if value[0] != 'a' && value != "nonegotiate" && !slices.Contains(speeds[i.kind()], value) {
		return "", c.invalidWord(1)
	}
	return value, nil
}

func ipv4Value(c *call, _ *iface, value string) (string, error) {
	if _, ok := parseIPv4(value); !ok {
		return "", c.invalid(0)
	}
	return value, nil
}
