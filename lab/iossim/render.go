package iossim

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/lab/wire"
)

// order is where top-level lines stand in a configuration, by how they begin
// without a `no`. Lines between "vlan" and "interface" precede the interfaces;
// lines that are not listed come where "" is.
var order = []string{
	"service", "hostname", "boot-", "boot", "logging buffered", "logging console", "logging monitor",
	"enable", "username", "aaa", "clock", "switch", "system", "vtp", "ip routing", "ip dhcp", "ip domain-name", "ip domain-lookup", "ip domain",
	"ip name-server", "ip multicast", "ip device", "ip arp", "ipv6 unicast", "ipv6", "mls", "udld", "crypto", "archive", "errdisable",
	"spanning-tree", "spanning-tree vlan", "port-channel", "vlan", "lldp", "cdp", "class-map", "policy-map",
	"interface",
	"ip default-gateway", "ip forward-protocol", "ip http", "ip route", "ip tftp", "ip ssh", "ip scp", "ip access-list", "ip", "",
	"logging", "access-list", "snmp-server", "tacacs", "tacacs-server", "radius", "radius-server", "alias", "banner", "line", "monitor", "ntp", "sntp", "end",
}

func rank(line string) int {
	line = strings.TrimPrefix(line, "no ")
	best, length := slices.Index(order, ""), 0
	for i, prefix := range order {
		if len(prefix) > length && strings.HasPrefix(line, prefix) &&
			(len(line) == len(prefix) || line[len(prefix)] == ' ' || strings.HasSuffix(prefix, "-")) {
			best, length = i, len(prefix)
		}
	}
	return best
}

// section is a block of the configuration between two `!`.
type section struct {
	rank  int
	lines []string
}

// text writes the configuration out, from its version line to `end`.
func (s *Sim) text() string {
	if s.profile.NXOS {
		return s.nexusText()
	}
	var sections []section
	add := func(r int, lines ...string) { sections = append(sections, section{r, lines}) }
	add(-1, "version "+s.profile.release)
	add(rank("hostname"), "hostname "+s.run.hostname)
	if s.db.local() {
		lines := []string{"vtp mode " + s.db.Mode}
		if s.db.Domain != "" {
			lines = append([]string{"vtp domain " + s.db.Domain}, lines...)
		}
		add(rank("vtp"), lines...)
		for _, lines := range vlanSections(&s.db) {
			add(rank("vlan"), lines...)
		}
	}
	for _, l := range s.run.bridgeLines() {
		add(rank(l), l)
	}
	for _, l := range s.run.snoopingLines() {
		add(rank(l), l)
	}
	for _, g := range s.run.globals {
		lines := []string{g.line}
		for _, l := range g.lines {
			lines = append(lines, " "+l)
		}
		add(rank(g.line), lines...)
	}
	for _, name := range s.run.names() {
		add(rank("interface"), s.interfaceLines(s.run.ifaces[name])...)
	}
	slices.SortStableFunc(sections, func(a, b section) int { return a.rank - b.rank })

	var b strings.Builder
	for i, sec := range sections {
		if i > 0 && separated(sections[i-1], sec) {
			b.WriteString("!\n")
		}
		for _, l := range sec.lines {
			b.WriteString(l + "\n")
		}
	}
	b.WriteString("!\nend\n")
	return b.String()
}

// separated reports whether a `!` stands between two sections: blocks are set
// apart, and so are lines of different commands.
func separated(a, b section) bool {
	first := func(line string) string {
		word, _, _ := strings.Cut(strings.TrimPrefix(line, "no "), " ")
		return word
	}
	block := func(s section) bool { return len(s.lines) > 1 }
	if a.rank == -1 || b.rank == rank("service") || strings.HasPrefix(b.lines[0], "boot-end") {
		return false
	}
	if strings.HasPrefix(a.lines[0], "line ") && strings.HasPrefix(b.lines[0], "line ") {
		return false
	}
	if strings.HasPrefix(a.lines[0], "interface ") || strings.HasPrefix(b.lines[0], "interface ") {
		return true
	}
	return block(a) || block(b) || first(a.lines[0]) != first(b.lines[0])
}

// vlanSections are the VLANs in a configuration: unnamed ones share a line,
// which IOS ends in a blank.
func vlanSections(db *database) [][]string {
	var plain wire.VLANs
	first := 0
	sections := map[int][]string{}
	for _, id := range db.ids() {
		v, ok := db.VLANs[id]
		if !ok {
			continue
		}
		if v == (vlan{Name: defaultVLANName(id)}) {
			plain.Add(id)
			if first == 0 {
				first = id
			}
			continue
		}
		lines := []string{fmt.Sprintf("vlan %d", id)}
		if v.Name != defaultVLANName(id) {
			lines = append(lines, " name "+v.Name)
		}
		if v.Suspended {
			lines = append(lines, " state suspend")
		}
		if v.Shutdown {
			lines = append(lines, " shutdown")
		}
		sections[id] = lines
	}
	if first > 0 {
		sections[first] = []string{"vlan " + formatVLANs(plain) + " "}
	}
	var out [][]string
	for _, id := range db.ids() {
		if lines := sections[id]; lines != nil {
			out = append(out, lines)
		}
	}
	return out
}

// interfaceOrder is the order of the lines of an interface, as order is.
var interfaceOrder = []string{
	"description", "bandwidth", "switchport access", "switchport trunk encapsulation", "switchport trunk native",
	"switchport trunk allowed", "switchport mode", "switchport nonegotiate", "switchport voice", "switchport", "switchport block", "switchport port-security maximum",
	"switchport port-security violation", "switchport port-security aging", "switchport port-security mac-address", "switchport port-security",
	"ip address", "ip access-group", "ip helper-address", "ip", "ipv6", "logging", "load-interval", "shutdown", "power", "mtu", "speed", "duplex", "", "storm-control broadcast", "storm-control multicast", "storm-control unicast", "storm-control action", "channel-group", "spanning-tree", "service-policy", "ip dhcp snooping",
}

func interfaceRank(line string) int {
	line = strings.TrimPrefix(line, "no ")
	best, length := slices.Index(interfaceOrder, ""), 0
	for i, prefix := range interfaceOrder {
		if len(prefix) > length && (line == prefix || strings.HasPrefix(line, prefix+" ")) {
			best, length = i, len(prefix)
		}
	}
	return best
}

// lineOrder is the order of the lines under `line vty` and its like.
var lineOrder = []string{"access-class", "exec-timeout", "privilege", "password", "logging", "authorization", "login", "length", "width", "", "transport", "stopbits"}

func lineRank(line string) int {
	word, _, _ := strings.Cut(strings.TrimPrefix(line, "no "), " ")
	if r := slices.Index(lineOrder, word); r >= 0 {
		return r
	}
	return slices.Index(lineOrder, "")
}

// Lengths of the lists on a trunk's first line and on the lines after it.
const (
	allowedFirst = 48
	allowedMore  = 44
)

// interfaceLines are an interface's lines in the configuration.
func (s *Sim) interfaceLines(i *iface) []string {
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(" "+format, args...)) }
	if i.description != "" {
		add("description %s", i.description)
	}
	if i.switched() {
		if i.routed {
			add("no switchport")
		}
		if i.access != 1 {
			add("switchport access vlan %d", i.access)
		}
		if i.encap != "" {
			add("switchport trunk encapsulation %s", i.encap)
		}
		if i.native != 1 {
			add("switchport trunk native vlan %d", i.native)
		}
		if i.allowed != wire.AllVLANs() {
			for n, piece := range wrapVLANs(i.allowed, allowedFirst, allowedMore) {
				switch {
				case piece == "":
					add("switchport trunk allowed vlan none")
				case n == 0:
					add("switchport trunk allowed vlan %s", piece)
				default:
					add("switchport trunk allowed vlan add %s", piece)
				}
			}
		}
		if i.mode != modeDefault && i.mode != s.profile.defaultMode {
			add("switchport mode %s", i.mode)
		}
		if i.nonegotiate {
			add("switchport nonegotiate")
		}
		if i.voice != "" {
			add("switchport voice vlan %s", i.voice)
		}
		if i.group > 0 {
			add("channel-group %d mode %s", i.group, i.groupMode)
		}
	}
	if (!i.switched() || i.routed) && !slices.ContainsFunc(i.other, func(l string) bool { return strings.HasPrefix(l, "ip address ") }) {
		add("no ip address")
	}
	if i.shutdown {
		add("shutdown")
	}
	if i.portfast != "" {
		add("%s", s.profile.portfastLine(i.portfast))
	}
	for _, l := range i.other {
		add("%s", strings.ReplaceAll(l, "\n", "\n "))
	}
	slices.SortStableFunc(lines, func(a, b string) int { return interfaceRank(a[1:]) - interfaceRank(b[1:]) })
	return append([]string{"interface " + i.name}, lines...)
}
