package ios

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// attrs are the managed lines of a port as the running configuration has them.
// The empty value of each is "no such line". They are kept as text, so that
// a port can be brought back to exactly the lines that it had.
type attrs struct {
	description   string
	encapsulation string // of the trunk: "dot1q", "isl", "negotiate"
	access        string // a number, or what else IOS allows there
	native        string
	allowed       fabric.VLANSet
	mode          string
	portfast      string // what follows "spanning-tree portfast", or portfastPlain
	shutdown      bool
}

// portfastPlain stands for the line without a keyword after it.
const portfastPlain = "plain"

var (
	allowedRE = regexp.MustCompile(`^switchport trunk allowed vlan (.+)$`)
	nativeRE  = regexp.MustCompile(`^switchport trunk native vlan (\d+)$`)
	accessRE  = regexp.MustCompile(`^switchport access vlan (\S.*)$`)
	encapRE   = regexp.MustCompile(`^switchport trunk encapsulation (\S+)$`)
	modeRE    = regexp.MustCompile(`^switchport mode (\S.*)$`)
	portfRE   = regexp.MustCompile(`^spanning-tree portfast(?: (disable|edge|edge trunk|trunk|network))?$`)
	channelRE = regexp.MustCompile(`^channel-group (\d{1,5})(?: mode (active|passive|on|desirable|auto))?\b`)
	routedRE  = regexp.MustCompile(`^(?:no switchport$|no ip address$|ip address |ip vrf forwarding |vrf forwarding )`)
)

// readAttrs splits the lines of a port into what is managed and what is not.
func readAttrs(lines []string) (attrs, []string) {
	var a attrs
	var other []string
	for _, line := range lines {
		if !a.take(line) {
			other = append(other, line)
		}
	}
	return a, other
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

// take reads one line, and says whether it is a managed one.
func (a *attrs) take(line string) bool {
	if text, ok := strings.CutPrefix(line, "description "); ok {
		a.description = text
		return true
	}
	switch line {
	case "shutdown":
		a.shutdown = true
		return true
	case "no shutdown":
		return true
	}
	if m := modeRE.FindStringSubmatch(line); m != nil {
		a.mode = m[1]
		return true
	}
	if m := accessRE.FindStringSubmatch(line); m != nil {
		a.access = m[1]
		return true
	}
	if m := nativeRE.FindStringSubmatch(line); m != nil {
		a.native = m[1]
		return true
	}
	if m := encapRE.FindStringSubmatch(line); m != nil {
		a.encapsulation = m[1]
		return true
	}
	if m := portfRE.FindStringSubmatch(line); m != nil {
		a.portfast = m[1]
		if m[1] == "" {
			a.portfast = portfastPlain
		}
		return true
	}
	if m := allowedRE.FindStringSubmatch(line); m != nil {
		return a.takeAllowed(m[1])
	}
	return false
}

// takeAllowed reads the list of an allowed line. IOS wraps a long list into
// further lines with "add"; "except" and "remove" are read as well, since
// configurations are also written by people.
func (a *attrs) takeAllowed(list string) bool {
	word, rest, _ := strings.Cut(list, " ")
	switch word {
	case "add", "remove":
		set, err := fabric.ParseVLANSet(rest)
		if err != nil {
			return false
		}
		have := a.allowed
		if have.IsZero() {
			have = fabric.AllVLANs()
		}
		if word == "add" {
			a.allowed = have.Union(set)
		} else {
			a.allowed = have.Minus(set)
		}
		return true
	}
	set, err := fabric.ParseVLANSet(list)
	if err != nil {
		return false
	}
	a.allowed = set
	return true
}

// ParsePort reads the lines of one interface of a running configuration.
func ParsePort(name string, body []string) fabric.Port {
	lines := make([]string, 0, len(body))
	for _, l := range body {
		if l = strings.TrimSpace(l); l != "" && l != "!" {
			lines = append(lines, l)
		}
	}
	a, other := readAttrs(lines)
	p := fabric.Port{
		Name:        name,
		Mode:        fabric.PortMode(a.mode),
		AccessVLAN:  numberOr1(a.access),
		NativeVLAN:  numberOr1(a.native),
		Allowed:     a.allowed,
		Description: a.description,
		Shutdown:    a.shutdown,
		PortFast:    portfastActive(a.portfast, a.mode),
		Other:       other,
		Lines:       lines,
	}
	if p.Allowed.IsZero() {
		p.Allowed = fabric.AllVLANs()
	}
	for _, l := range other {
		if m := channelRE.FindStringSubmatch(l); m != nil {
			// The pattern allows too few digits to overflow.
			group, _ := strconv.Atoi(m[1])
			p.Channel = &fabric.ChannelMember{Group: group, Mode: fabric.ChannelMode(m[2])}
		}
		if routedRE.MatchString(l) {
			p.Routed = true
		}
	}
	return p
}

// numberOr1 is the VLAN of a line; a missing line, or one that takes the VLAN
// from elsewhere ("dynamic"), leaves the default.
func numberOr1(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil || n < fabric.MinVLAN || n > fabric.MaxVLAN {
		return 1
	}
	return n
}

// portfastActive says whether a portfast line makes an edge port of a port in
// the given mode. The plain form has no effect on a trunk.
func portfastActive(line, mode string) bool {
	switch line {
	case "trunk", "edge trunk":
		return true
	case portfastPlain, "edge":
		return mode != string(fabric.ModeTrunk)
	}
	return false
}
