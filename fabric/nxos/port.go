package nxos

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// attrs are the managed lines of a port, with NX-OS's defaults filled in.
type attrs struct {
	description string
	switching
	edge      string // what follows "spanning-tree port type", empty for normal
	bpduGuard fabric.Toggle
	guardRoot bool
	shutdown  bool
	group     int
	groupMode fabric.ChannelMode
}

// switching is what the members of a port-channel share with it.
type switching struct {
	on      bool // a switch port, not a routed one
	mode    string
	access  int
	native  int
	allowed fabric.VLANSet // never unset
	mtu     int
}

const defaultMTU = 1500

func defaultSwitching(on bool) switching {
	return switching{on: on, mode: string(fabric.ModeAccess), access: 1, native: 1, allowed: fabric.AllVLANs(), mtu: defaultMTU}
}

var (
	accessRE  = regexp.MustCompile(`^switchport access vlan (\d{1,4})$`)
	nativeRE  = regexp.MustCompile(`^switchport trunk native vlan (\d{1,4})$`)
	allowedRE = regexp.MustCompile(`^switchport trunk allowed vlan (.+)$`)
	modeRE    = regexp.MustCompile(`^switchport mode (\S.*)$`)
	edgeRE    = regexp.MustCompile(`^spanning-tree port type (edge trunk|edge|network|normal)$`)
	guardRE   = regexp.MustCompile(`^spanning-tree bpduguard (enable|disable)$`)
	groupRE   = regexp.MustCompile(`^channel-group (\d{1,4})(?: force)?(?: mode (on|active|passive))?$`)
	mtuRE     = regexp.MustCompile(`^mtu (\d{1,5})$`)
	// What only a routed port has. Others of the lines that begin with "ip" are
	// for switch ports: ip port access-group, ip dhcp snooping, ip arp inspection.
	layer3RE = regexp.MustCompile(`^(?:no switchport$|(?:no )?ipv?6? (?:address|unnumbered|access-group|router|ospf|eigrp|pim|policy|proxy-arp|redirects|unreachables|dhcp relay|igmp version|mtu|forward|nd|link-local|traffic-filter)\b|vrf member |encapsulation dot1q |hsrp |vrrp )`)
)

// readAttrs splits the lines of a port into what is managed and what is not.
func readAttrs(name string, lines []string, n *fabric.Nexus) (attrs, []string) {
	var a attrs
	var other []string
	on, said := !n.RoutedPorts, false
	for _, line := range lines {
		switch {
		case line == "no switchport":
			on, said = false, true
		case line == "switchport", !said && strings.HasPrefix(line, "switchport "):
			on, said = true, true
		case !said && layer3RE.MatchString(line):
			on = false
		}
	}
	a.switching = defaultSwitching(on)
	a.shutdown = defaultDown(name, on, n)
	for _, line := range fabric.ListsInOrder(lines) {
		if !a.take(line) {
			other = append(other, line)
		}
	}
	return a, other
}

// defaultDown says whether a port without a line for it is shut down.
func defaultDown(name string, on bool, n *fabric.Nexus) bool {
	switch {
	case fabric.ChannelGroup(name) != 0:
		return false
	case on:
		return n.PortsDown
	}
	return n.RoutedPortsDown
}

// take reads one line, and says whether it is a managed one.
func (a *attrs) take(line string) bool {
	if text, ok := strings.CutPrefix(line, "description "); ok {
		a.description = text
		return true
	}
	switch line {
	case "switchport", "no switchport":
		return true
	case "shutdown", "shutdown force", "no shutdown":
		a.shutdown = line != "no shutdown"
		return true
	case "spanning-tree guard root":
		a.guardRoot = true
		return true
	}
	if what, no := strings.CutPrefix(line, "no "); no && a.clear(what) {
		return true
	}
	if m := modeRE.FindStringSubmatch(line); m != nil {
		a.mode = m[1]
		return true
	}
	if m := accessRE.FindStringSubmatch(line); m != nil {
		a.access = number(m[1])
		return true
	}
	if m := nativeRE.FindStringSubmatch(line); m != nil {
		a.native = number(m[1])
		return true
	}
	if m := edgeRE.FindStringSubmatch(line); m != nil {
		a.edge = m[1]
		if m[1] == "normal" {
			a.edge = ""
		}
		return true
	}
	if m := guardRE.FindStringSubmatch(line); m != nil {
		a.bpduGuard = fabric.Toggle(m[1])
		return true
	}
	if m := mtuRE.FindStringSubmatch(line); m != nil {
		a.mtu = number(m[1])
		return true
	}
	if m := groupRE.FindStringSubmatch(line); m != nil {
		a.group, a.groupMode = number(m[1]), fabric.ChannelOn
		if m[2] != "" {
			a.groupMode = fabric.ChannelMode(m[2])
		}
		return true
	}
	if m := allowedRE.FindStringSubmatch(line); m != nil {
		return a.takeAllowed(m[1])
	}
	return false
}

// clear takes a value back, as a configuration does that was written by a
// person or with all defaults in it (`show running-config all`). It says
// whether the line is a managed one.
func (a *attrs) clear(what string) bool {
	clears := func(command string) bool { return what == command || strings.HasPrefix(what, command+" ") }
	switch {
	case what == "description":
		a.description = ""
	case clears("switchport access vlan"):
		a.access = 1
	case clears("switchport trunk native vlan"):
		a.native = 1
	case what == "switchport trunk allowed vlan":
		a.allowed = fabric.AllVLANs()
	case clears("switchport mode"):
		a.mode = string(fabric.ModeAccess)
	case clears("spanning-tree port type"):
		a.edge = ""
	case what == "spanning-tree bpduguard":
		a.bpduGuard = ""
	case clears("mtu"):
		a.mtu = defaultMTU
	case what == "channel-group":
		a.group, a.groupMode = 0, ""
	default:
		return false
	}
	return true
}

// takeAllowed reads the list of a trunk, which goes on in lines with "add".
func (a *attrs) takeAllowed(list string) bool {
	set, err := a.allowed.Edited(list)
	if err != nil {
		return false
	}
	a.allowed = set
	return true
}

// number reads digits of which the pattern allows too few to overflow.
func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}

// ParsePort reads the lines of one interface of a running configuration.
func ParsePort(name string, body []string, n *fabric.Nexus) fabric.Port {
	if n == nil {
		n = &fabric.Nexus{}
	}
	lines := make([]string, 0, len(body))
	for _, l := range body {
		if l = strings.TrimRight(l, " \t"); strings.TrimSpace(l) != "" && l != "!" {
			lines = append(lines, l)
		}
	}
	a, other := readAttrs(name, lines, n)
	p := fabric.Port{
		Name:        name,
		Mode:        fabric.PortMode(a.mode),
		AccessVLAN:  a.access,
		NativeVLAN:  a.native,
		Allowed:     a.allowed,
		Description: a.description,
		Shutdown:    a.shutdown,
		PortFast:    edgeActive(a.edge, a.mode),
		BPDUGuard:   a.bpduGuard,
		Routed:      !a.on,
		Other:       other,
		Lines:       lines,
	}
	if !a.on {
		p.Mode = fabric.ModeDefault // a routed port is in none
	}
	if a.guardRoot {
		p.GuardRoot = fabric.Enable
	}
	if a.mtu != defaultMTU {
		p.MTU = a.mtu
	}
	if a.group != 0 {
		p.Channel = &fabric.ChannelMember{Group: a.group, Mode: a.groupMode}
	}
	return p
}

// edgeActive says whether a port type makes an edge port of a port in the
// given mode: on a trunk it takes the trunk form.
func edgeActive(edge, mode string) bool {
	switch edge {
	case "edge trunk":
		return true
	case "edge":
		return mode != string(fabric.ModeTrunk)
	}
	return false
}

// managedLines are the lines that readAttrs understands. An undo keeps these
// only: the others are never touched, and may hold what belongs in no record.
func managedLines(lines []string) []string {
	out := []string{}
	for _, line := range lines {
		if (&attrs{}).take(line) {
			out = append(out, line)
		}
	}
	return out
}
