package iossim

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/lab/wire"
)

// nexusOrder is where top-level lines stand, as order is for IOS.
var nexusOrder = []string{
	"hostname", "vdc", "feature", "no feature", "username", "ip domain-lookup", "", "snmp-server", "ntp", "vlan", "spanning-tree", "vrf",
	"port-channel", "vpc", "interface", "icam", "cli", "line", "boot", "router", "ip route", "logging",
}

func nexusRank(line string) int {
	best, length := slices.Index(nexusOrder, ""), 0
	for i, prefix := range nexusOrder {
		if len(prefix) > length && (line == prefix || strings.HasPrefix(line, prefix+" ")) {
			best, length = i, len(prefix)
		}
	}
	return best
}

// Lengths of the lists on a trunk's first line and on the lines after it.
const (
	nexusAllowedFirst = 46
	nexusAllowedMore  = 36
)

// pairGroups writes a set as NX-OS does: two neighbours are a range already.
func pairGroups(set wire.VLANs) []string {
	var groups []string
	ids := set.IDs()
	for i := 0; i < len(ids); {
		j := i
		for j+1 < len(ids) && ids[j+1] == ids[j]+1 {
			j++
		}
		if j > i {
			groups = append(groups, fmt.Sprintf("%d-%d", ids[i], ids[j]))
		} else {
			groups = append(groups, fmt.Sprint(ids[i]))
		}
		i = j + 1
	}
	return groups
}

// nexusText writes the configuration out.
func (s *Sim) nexusText() string {
	var sections []section
	add := func(r int, lines ...string) { sections = append(sections, section{r, lines}) }
	version := "version " + s.profile.Version + " Bios:version 05.45 "
	if s.profile.versionLine != "" {
		version = s.profile.versionLine
	}
	add(-1, version)
	add(0, "hostname "+s.run.hostname)
	var all wire.VLANs
	all.Add(1)
	vlans := nexusRank("vlan 1")
	var named [][]string
	for _, id := range s.db.ids() {
		v, ok := s.db.VLANs[id]
		if !ok {
			continue
		}
		all.Add(id)
		lines := []string{fmt.Sprintf("vlan %d", id)}
		if v.Name != defaultVLANName(id) {
			lines = append(lines, "  name "+v.Name)
		}
		if v.Suspended {
			lines = append(lines, "  state suspend")
		}
		if v.Shutdown {
			lines = append(lines, "  shutdown")
		}
		if len(lines) > 1 {
			named = append(named, lines)
		}
	}
	add(vlans, "vlan "+strings.Join(pairGroups(all), ","))
	for _, lines := range named {
		add(vlans, lines...)
	}
	for _, l := range s.run.bridgeLines() {
		add(nexusRank(l), l)
	}
	for _, g := range s.run.globals {
		lines := []string{g.line}
		for _, l := range g.lines {
			lines = append(lines, "  "+l)
		}
		add(nexusRank(g.line), lines...)
	}
	for _, name := range s.run.names() {
		add(nexusRank("interface"), s.nexusInterfaceLines(s.run.ifaces[name])...)
	}
	slices.SortStableFunc(sections, func(a, b section) int { return a.rank - b.rank })
	var b strings.Builder
	for i, sec := range sections {
		alike := i > 0 && sections[i-1].rank == sec.rank && sec.rank != nexusRank("interface")
		if i > 0 && !alike {
			b.WriteString("\n")
		}
		b.WriteString(strings.Join(sec.lines, "\n") + "\n")
	}
	b.WriteString("\n")
	return b.String()
}

// nexusInterfaceLines are an interface's lines in the configuration.
func (s *Sim) nexusInterfaceLines(i *iface) []string {
	lines := []string{"interface " + nexusName(i.name)}
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf("  "+format, args...)) }
	if i.description != "" {
		add("description %s", i.description)
	}
	if i.switched() {
		if i.routed {
			add("no switchport")
		}
		if i.mode == modeTrunk {
			add("switchport mode trunk")
		}
		if i.access != 1 {
			add("switchport access vlan %d", i.access)
		}
		if i.native != 1 {
			add("switchport trunk native vlan %d", i.native)
		}
		if i.allowed != wire.AllVLANs() {
			for n, piece := range wrapGroups(pairGroups(i.allowed), nexusAllowedFirst, nexusAllowedMore) {
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
		if i.voice != "" {
			add("switchport voice vlan %s", i.voice)
		}
	}
	switch i.portfast {
	case "edge", "network":
		add("spanning-tree port type %s", i.portfast)
	case "trunk":
		add("spanning-tree port type edge trunk")
	}
	for _, l := range i.other {
		add("%s", strings.ReplaceAll(l, "\n", "\n  "))
	}
	switch {
	case i.kind() == "Vlan" && !i.shutdown:
		lines = slices.Insert(lines, 1, "  no shutdown")
	case i.kind() != "Vlan" && i.saidUp && !i.shutdown:
		add("no shutdown")
	case i.kind() != "Vlan" && i.shutdown:
		add("shutdown")
	}
	switch {
	case i.group > 0 && i.groupMode == "on":
		add("channel-group %d", i.group)
	case i.group > 0:
		add("channel-group %d mode %s", i.group, i.groupMode)
	}
	return lines
}

// wrapGroups joins parts of a list into pieces of at most so many characters.
func wrapGroups(groups []string, first, rest int) []string {
	var pieces []string
	room, piece := first, ""
	for _, g := range groups {
		if piece != "" && len(piece)+1+len(g) > room {
			pieces = append(pieces, piece)
			piece, room = "", rest
		}
		if piece != "" {
			piece += ","
		}
		piece += g
	}
	return append(pieces, piece)
}
