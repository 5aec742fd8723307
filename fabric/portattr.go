package fabric

import (
	"fmt"
	"strconv"
	"strings"
)

// Toggle is a setting that can be on, off, or left to the switch. In a Want the
// empty word leaves the setting alone; in an observation it is the switch's own
// default, for which a running configuration has no line.
type Toggle string

// The words of a Toggle.
const (
	Enable  Toggle = "enable"
	Disable Toggle = "disable"
	// Default asks for no line at all: the setting follows the platform, or a
	// global default of the switch.
	Default Toggle = "default"
)

// Or fills in what the setting means where it is not said.
func (t Toggle) Or(def Toggle) Toggle {
	if t == "" || t == Default {
		return def
	}
	return t
}

// ToggleOf is the word for a truth.
func ToggleOf(on bool) Toggle {
	if on {
		return Enable
	}
	return Disable
}

// Numbers that stand for words, where a setting is a number otherwise.
const (
	// DefaultNumber asks for the switch's default of a numeric setting.
	DefaultNumber = -1
	// VoiceOff asks for no voice VLAN, which is the default.
	VoiceOff = DefaultNumber
	// VoiceDot1p has phones tag with priority and VLAN 0.
	VoiceDot1p = -2
	// VoiceUntagged has phones send without tags.
	VoiceUntagged = -3
)

// ChannelMode is how a port negotiates its membership in a port-channel.
type ChannelMode string

// The modes: the first two are LACP, the last two PAgP, and "on" is neither.
const (
	ChannelActive    ChannelMode = "active"
	ChannelPassive   ChannelMode = "passive"
	ChannelOn        ChannelMode = "on"
	ChannelDesirable ChannelMode = "desirable"
	ChannelAuto      ChannelMode = "auto"
)

// Protocol is what a mode speaks: "lacp", "pagp", or "" for nothing. The
// members of one port-channel all speak the same.
func (m ChannelMode) Protocol() string {
	switch m {
	case ChannelActive, ChannelPassive:
		return "lacp"
	case ChannelDesirable, ChannelAuto:
		return "pagp"
	}
	return ""
}

// ChannelMember says which port-channel a port is in. In a Want, a group of 0
// takes the port out of any.
type ChannelMember struct {
	Group int         `json:"group"`
	Mode  ChannelMode `json:"mode,omitempty"`
}

// ChannelName is the name of a port-channel's own interface on IOS.
func ChannelName(group int) string { return fmt.Sprintf("Port-channel%d", group) }

// ChannelGroup is the number of a port-channel's own interface, or 0 for
// another kind of port.
func ChannelGroup(name string) int {
	digits, ok := strings.CutPrefix(strings.ToLower(name), "port-channel")
	n, err := strconv.Atoi(digits)
	if !ok || err != nil || n < 1 {
		return 0
	}
	return n
}

// StormControl limits floods. A level is a percentage ("5", "5.5"), a rising
// and a falling one ("10 5"), or a rate ("bps 10m", "pps 1k"); the word
// "default" asks for no limit.
type StormControl struct {
	Broadcast string `json:"broadcast,omitempty"`
	Multicast string `json:"multicast,omitempty"`
	Unicast   string `json:"unicast,omitempty"`
	// Action is "shutdown", "trap", "shutdown trap" for both, or "default" for
	// dropping what is too much and nothing else.
	Action string `json:"action,omitempty"`
}

// StormActions reads the words of StormControl.Action. ok is false if one of
// them is not known.
func StormActions(words string) (shutdown, trap, ok bool) {
	for w := range strings.FieldsSeq(words) {
		switch w {
		case "shutdown":
			shutdown = true
		case "trap":
			trap = true
		case string(Default):
		default:
			return shutdown, trap, false
		}
	}
	return shutdown, trap, true
}

// PortSecurity limits which stations may speak on a port.
type PortSecurity struct {
	Enabled Toggle `json:"enabled,omitempty"`
	Maximum int    `json:"maximum,omitempty"` // stations; the switch's default is 1
	// Violation is "protect", "restrict", "shutdown" (the default) or
	// "shutdown vlan".
	Violation string `json:"violation,omitempty"`
	Sticky    Toggle `json:"sticky,omitempty"`
}

// PortLLDP says whether a port sends and takes LLDP frames. Both are on by
// default, where LLDP runs on the switch.
type PortLLDP struct {
	Transmit Toggle `json:"transmit,omitempty"`
	Receive  Toggle `json:"receive,omitempty"`
}

// PoE is a port's power over Ethernet.
type PoE struct {
	Mode string `json:"mode,omitempty"` // "auto" (the default), "static", "never"
	// MaxMilliwatts of 0 is no limit of the port's own. It is in the scope of a
	// Want if Mode is.
	MaxMilliwatts int `json:"max_milliwatts,omitempty"`
}

// DefaultPort is a wanted port with every setting in scope and at its default.
// It leaves any port-channel that it is in.
func DefaultPort(name string) Port {
	p := Port{
		Name: name, AccessVLAN: 1, NativeVLAN: 1, Allowed: AllVLANs(),
		VoiceVLAN: VoiceOff, Negotiate: Default, BPDUGuard: Default, GuardRoot: Default,
		StormControl:      StormControl{"default", "default", "default", "default"},
		PortSecurity:      PortSecurity{Enabled: Disable, Maximum: 1, Violation: "shutdown", Sticky: Disable},
		DHCPSnoopingTrust: Default, LLDP: PortLLDP{Default, Default}, CDP: Default,
		PoE: PoE{Mode: "auto"}, Speed: "auto", Duplex: "auto", MTU: DefaultNumber,
	}
	if ChannelGroup(name) == 0 {
		p.Channel = &ChannelMember{}
	}
	return p
}
