package ios

import (
	"regexp"
	"strconv"
	"strings"
)

// settingID names a line of a port that stands by itself: it has one value, and
// nothing but the order in setting groups depends on it.
type settingID int

const (
	setVoice settingID = iota
	setNonegotiate
	setSpeed
	setDuplex
	setMTU
	setPower
	setStormBroadcast
	setStormMulticast
	setStormUnicast
	setStormShutdown
	setStormTrap
	setSnoopTrust
	setLLDPTransmit
	setLLDPReceive
	setCDP
	setBPDUGuard
	setGuard
	setSecureMax
	setSecureViolation
	setSecureSticky
	setSecure
	settingCount
)

// The values of settings that are a mere line.
const (
	valueOn = "on" // the line is there
	valueNo = "no" // the line is there with "no" before it
)

// setting is how a line is written and read.
type setting struct {
	line   string         // what stands before the value
	values *regexp.Regexp // the values that are understood; nil for a line without one
	on     bool           // the default is on: the switch prints "no LINE" for off
	hidden string         // the value that is the default, and not printed
	clear  string         // the line that leads to the default, if it is not "no LINE"
}

func values(pattern string) *regexp.Regexp { return regexp.MustCompile(`^(?:` + pattern + `)$`) }

const stormLevel = `\d{1,3}(?:\.\d{1,2})?(?: \d{1,3}(?:\.\d{1,2})?)?|(?:bps|pps) \d+(?:\.\d+)?[kmg]?(?: \d+(?:\.\d+)?[kmg]?)?`

// settings is the dialect of these lines (Catalyst command references). Power
// is cleared by its default, since "no power inline" wants the very value that
// is to go.
var settings = [settingCount]setting{
	setVoice:           {line: "switchport voice vlan", values: values(`\d{1,4}|dot1p|untagged|none|name \S+`), hidden: "none"},
	setNonegotiate:     {line: "switchport nonegotiate"},
	setSpeed:           {line: "speed", values: values(`auto(?: \d+)*|\d+|nonegotiate`), hidden: "auto"},
	setDuplex:          {line: "duplex", values: values(`auto|full|half`), hidden: "auto"},
	setMTU:             {line: "mtu", values: values(`\d{2,5}`)},
	setPower:           {line: "power inline", values: values(`never|(?:auto|static)(?: max \d+)?`), hidden: "auto", clear: "power inline auto"},
	setStormBroadcast:  {line: "storm-control broadcast level", values: values(stormLevel)},
	setStormMulticast:  {line: "storm-control multicast level", values: values(stormLevel)},
	setStormUnicast:    {line: "storm-control unicast level", values: values(stormLevel)},
	setStormShutdown:   {line: "storm-control action shutdown"},
	setStormTrap:       {line: "storm-control action trap"},
	setSnoopTrust:      {line: "ip dhcp snooping trust"},
	setLLDPTransmit:    {line: "lldp transmit", on: true},
	setLLDPReceive:     {line: "lldp receive", on: true},
	setCDP:             {line: "cdp enable", on: true},
	setBPDUGuard:       {line: "spanning-tree bpduguard", values: values(`enable|disable`)},
	setGuard:           {line: "spanning-tree guard", values: values(`root|loop|none`)},
	setSecureMax:       {line: "switchport port-security maximum", values: values(`\d{1,5}`), hidden: "1"},
	setSecureViolation: {line: "switchport port-security violation", values: values(`protect|restrict|shutdown(?: vlan)?`), hidden: "shutdown"},
	setSecureSticky:    {line: "switchport port-security mac-address sticky"},
	setSecure:          {line: "switchport port-security"},
}

// take reads a line as this setting.
func (s setting) take(line string) (value string, ok bool) {
	rest, no := strings.CutPrefix(line, "no ")
	switch {
	case s.values == nil && rest == s.line:
		switch {
		case no && s.on:
			return valueNo, true
		case no:
			return "", true
		}
		return valueOn, true
	case s.values == nil:
		return "", false
	case no:
		return "", rest == s.line
	}
	v, ok := strings.CutPrefix(line, s.line+" ")
	if !ok || !s.values.MatchString(v) {
		return "", false
	}
	if v == s.hidden {
		v = ""
	}
	return v, true
}

// write is the line that gives the setting a value.
func (s setting) write(value string) string {
	switch {
	case s.on && value == valueNo:
		return "no " + s.line
	case s.on || value == valueOn:
		return s.line
	case value != "":
		return s.line + " " + value
	case s.clear != "":
		return s.clear
	}
	return "no " + s.line
}

// sameLevel says whether two levels of storm control are the same: IOS prints
// 10 as 10.00.
func sameLevel(a, b string) bool { return levelKey(a) == levelKey(b) }

func levelKey(s string) string {
	parts := strings.Fields(strings.ToLower(s))
	for i, p := range parts {
		unit := 1.0
		switch {
		case strings.HasSuffix(p, "k"):
			unit = 1e3
		case strings.HasSuffix(p, "m"):
			unit = 1e6
		case strings.HasSuffix(p, "g"):
			unit = 1e9
		}
		if f, err := strconv.ParseFloat(strings.TrimRight(p, "kmg"), 64); err == nil {
			parts[i] = strconv.FormatFloat(f*unit, 'f', -1, 64)
		}
	}
	return strings.Join(parts, " ")
}
