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
	switching     string // "no" on a routed port, "on" where the line is printed
	description   string
	encapsulation string // of the trunk: "dot1q", "isl", "negotiate"
	access        string // a number, or what else IOS allows there
	native        string
	allowed       fabric.VLANSet
	mode          string
	portfast      string // what follows "spanning-tree portfast", or portfastPlain
	shutdown      bool
	channel       string // what follows "channel-group": "1 mode active"
	set           [settingCount]string
}

// routed says whether the port carries no VLANs.
func (a attrs) routed() bool { return a.switching == valueNo }

// group is the port-channel that the port is in, 0 for none.
func (a attrs) group() int {
	// The pattern allows too few digits to overflow.
	n, _ := strconv.Atoi(leadingNumberRE.FindString(a.channel))
	return n
}

// channelMode is the word after "mode".
func (a attrs) channelMode() fabric.ChannelMode {
	if m := channelRE.FindStringSubmatch("channel-group " + a.channel); m != nil {
		return fabric.ChannelMode(m[2])
	}
	return ""
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
	channelRE = regexp.MustCompile(`^channel-group (\d{1,4})(?: mode (active|passive|on|desirable|auto)(?: (?:non-)?silent)?)?(?: link \d{1,2})?$`)
	addressRE = regexp.MustCompile(`^(?:ip address |ip unnumbered |ip vrf forwarding |vrf forwarding |ipv6 address )`)
)

// readAttrs splits the lines of a port into what is managed and what is not.
func readAttrs(lines []string) (attrs, []string) {
	var a attrs
	var other []string
	for _, line := range fabric.ListsInOrder(lines) {
		if !a.take(line) {
			other = append(other, line)
		}
	}
	if a.switching == "" && looksRouted(lines) {
		a.switching = valueNo
	}
	return a, other
}

// looksRouted says whether lines without a word on switching are those of a
// routed port: it has an address, or is told to have none. Old Catalysts print
// "no ip address" on switch ports, too.
func looksRouted(lines []string) bool {
	silent := false
	for _, l := range lines {
		switch {
		case strings.HasPrefix(l, "switchport "):
			return false
		case addressRE.MatchString(l):
			return true
		case l == lineNoAddress:
			silent = true
		}
	}
	return silent
}

const lineNoAddress = "no ip address"

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
	case "no shutdown", lineNoAddress:
		return true
	case "switchport":
		a.switching = valueOn
		return true
	case "no switchport":
		a.switching = valueNo
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
		a.access = unlessDefault(m[1])
		return true
	}
	if m := nativeRE.FindStringSubmatch(line); m != nil {
		a.native = unlessDefault(m[1])
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
	if channelRE.MatchString(line) {
		a.channel = strings.TrimPrefix(line, "channel-group ")
		return true
	}
	for i, s := range settings {
		if v, ok := s.take(line); ok {
			a.set[i] = v
			return true
		}
	}
	return false
}

// clear takes a value back, as a configuration does that was written by a
// person or with all defaults in it (`show running-config all`). It says
// whether the line is a managed one.
func (a *attrs) clear(what string) bool {
	switch {
	case what == "description":
		a.description = ""
	case what == "switchport mode":
		a.mode = ""
	case clears(what, "switchport access vlan"):
		a.access = ""
	case clears(what, "switchport trunk native vlan"):
		a.native = ""
	case what == "switchport trunk allowed vlan":
		a.allowed = fabric.VLANSet{}
	case what == "switchport trunk encapsulation":
		a.encapsulation = ""
	case what == "spanning-tree portfast":
		a.portfast = ""
	case what == "channel-group":
		a.channel = ""
	default:
		return false
	}
	return true
}

// clears says whether a "no" is for a command, with or without its value.
func clears(what, command string) bool {
	return what == command || strings.HasPrefix(what, command+" ")
}

// takeAllowed reads the list of an allowed line. IOS wraps a long list into
// further lines with "add"; "except" and "remove" are read as well, since
// configurations are also written by people.
func (a *attrs) takeAllowed(list string) bool {
	set, err := a.allowed.Edited(list)
	if err != nil {
		return false
	}
	a.allowed = set
	return true
}

// ParsePort reads the lines of one interface of a running configuration.
func ParsePort(name string, body []string) fabric.Port {
	lines := trimBody(body)
	a, other := readAttrs(lines)
	p := a.port()
	p.Name, p.Other, p.Lines = name, other, lines
	return p
}

func trimBody(body []string) []string {
	lines := make([]string, 0, len(body))
	for _, l := range body {
		if l = strings.TrimSpace(l); l != "" && l != "!" {
			lines = append(lines, l)
		}
	}
	return lines
}

// port says the lines in the words of the model.
func (a attrs) port() fabric.Port {
	p := fabric.Port{
		Mode:        fabric.PortMode(a.mode),
		AccessVLAN:  numberOr1(a.access),
		NativeVLAN:  numberOr1(a.native),
		Allowed:     a.allowed,
		Description: a.description,
		Shutdown:    a.shutdown,
		PortFast:    portfastActive(a.portfast, a.mode),
		Routed:      a.routed(),

		VoiceVLAN: voiceNumber(a.set[setVoice]),
		BPDUGuard: fabric.Toggle(a.set[setBPDUGuard]),
		StormControl: fabric.StormControl{
			Broadcast: a.set[setStormBroadcast], Multicast: a.set[setStormMulticast], Unicast: a.set[setStormUnicast],
			Action: stormAction(a.set[setStormShutdown] != "", a.set[setStormTrap] != ""),
		},
		PortSecurity: fabric.PortSecurity{
			Enabled: present(a.set[setSecure]), Maximum: number(a.set[setSecureMax]),
			Violation: a.set[setSecureViolation], Sticky: present(a.set[setSecureSticky]),
		},
		DHCPSnoopingTrust: present(a.set[setSnoopTrust]),
		LLDP:              fabric.PortLLDP{Transmit: spoken(a.set[setLLDPTransmit]), Receive: spoken(a.set[setLLDPReceive])},
		CDP:               spoken(a.set[setCDP]),
		PoE:               powerOf(a.set[setPower]),
		Speed:             a.set[setSpeed],
		Duplex:            a.set[setDuplex],
		MTU:               number(a.set[setMTU]),
	}
	if p.Allowed.IsZero() {
		p.Allowed = fabric.AllVLANs()
	}
	if a.set[setNonegotiate] != "" {
		p.Negotiate = fabric.Disable
	}
	if a.set[setGuard] == guardRoot {
		p.GuardRoot = fabric.Enable
	}
	if a.channel != "" {
		p.Channel = &fabric.ChannelMember{Group: a.group(), Mode: a.channelMode()}
	}
	return p
}

const guardRoot = "root"

// present is the word for a line that is there, and none for one that is not.
func present(value string) fabric.Toggle {
	if value == "" {
		return ""
	}
	return fabric.Enable
}

// spoken is the word for a setting that is on by default.
func spoken(value string) fabric.Toggle {
	switch value {
	case valueNo:
		return fabric.Disable
	case valueOn:
		return fabric.Enable
	}
	return ""
}

func stormAction(shutdown, trap bool) string {
	switch {
	case shutdown && trap:
		return "shutdown trap"
	case shutdown:
		return "shutdown"
	case trap:
		return "trap"
	}
	return ""
}

// voiceWords are the voice VLANs that are words.
var voiceWords = map[string]int{"dot1p": fabric.VoiceDot1p, "untagged": fabric.VoiceUntagged}

func voiceNumber(value string) int {
	if n, ok := voiceWords[value]; ok {
		return n
	}
	return number(value)
}

// powerOf reads "auto max 15400", "never" and the like.
func powerOf(value string) fabric.PoE {
	mode, limit, _ := strings.Cut(value, " max ")
	return fabric.PoE{Mode: mode, MaxMilliwatts: number(limit)}
}

// number is the value of a line that holds one, and 0 where there is none.
func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}

// unlessDefault is the text of a VLAN line, and none for VLAN 1: a switch prints
// no line for that.
func unlessDefault(vlan string) string {
	if vlan == "1" {
		return ""
	}
	return vlan
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
