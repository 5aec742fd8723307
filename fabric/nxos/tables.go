package nxos

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// ParseVLANs reads `show vlan` or `show vlan brief`.
func ParseVLANs(text string) (map[int]fabric.VLAN, error) {
	text = clean(text)
	head := vlanHeadRE.FindStringIndex(text)
	if head == nil {
		return nil, fmt.Errorf("no VLAN table in the answer %.80q", strings.TrimSpace(text))
	}
	vlans := map[int]fabric.VLAN{}
	for line := range strings.SplitSeq(text[head[1]:], "\n") {
		if strings.HasPrefix(line, "VLAN Type") || strings.HasPrefix(line, "Remote SPAN") {
			break
		}
		if line == "" || line[0] < '0' || line[0] > '9' {
			continue
		}
		m := vlanRowRE.FindStringSubmatch(line)
		if m == nil {
			return nil, fmt.Errorf("VLAN table: the row %.80q is not understood", line)
		}
		id := number(m[1])
		if id < fabric.MinVLAN || id > fabric.MaxVLAN {
			return nil, fmt.Errorf("VLAN table: %q is not a VLAN number", m[1])
		}
		v := fabric.VLAN{ID: id, Name: m[2]}
		if m[3] != "active" {
			v.State = m[3]
		}
		vlans[id] = v
	}
	if len(vlans) == 0 {
		return nil, fmt.Errorf("VLAN table: it has no rows, and VLAN 1 is on every switch")
	}
	return vlans, nil
}

var (
	vlanHeadRE = regexp.MustCompile(`(?m)^VLAN Name\s+Status.*$`)
	vlanRowRE  = regexp.MustCompile(`^(\d{1,4})\s+(\S|\S.*?\S)\s+(active|suspended|act/lshut|sus/lshut|act/ishut|sus/ishut)(?:\s|$)`)
)

// Switchport is one port of `show interface switchport`.
type Switchport struct {
	Name        string
	Enabled     bool
	Monitor     bool
	Operational string // "access", "trunk", "down", …
	Access      int
	AccessName  string
	Native      int
	NativeName  string
	Allowed     fabric.VLANSet
	Voice       string // a number, "none", or empty where the model has no voice VLANs
}

// ParseSwitchports reads `show interface switchport`.
func ParseSwitchports(text string) ([]Switchport, error) {
	var out []Switchport
	for line := range strings.SplitSeq(clean(text), "\n") {
		key, value, ok := strings.Cut(line, ":")
		if !ok {
			continue
		}
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		if key == "Name" {
			out = append(out, Switchport{Name: value})
			continue
		}
		if len(out) == 0 {
			continue
		}
		p := &out[len(out)-1]
		switch key {
		case "Switchport":
			p.Enabled = value == "Enabled"
		case "Switchport Monitor":
			p.Monitor = value == "Enabled"
		case "Operational Mode":
			p.Operational = value
		case "Access Mode VLAN":
			p.Access, p.AccessName = vlanAndName(value)
		case "Trunking Native Mode VLAN":
			p.Native, p.NativeName = vlanAndName(value)
		case "Voice VLAN":
			p.Voice = value
		case "Trunking VLANs Allowed", "Trunking VLANs Enabled":
			set, err := fabric.ParseVLANSet(value)
			if err != nil {
				return nil, fmt.Errorf("port %s: trunking VLANs: %w", p.Name, err)
			}
			p.Allowed = set
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no port in the answer %.80q", strings.TrimSpace(text))
	}
	return out, nil
}

var vlanNameRE = regexp.MustCompile(`^(\d{1,4})(?: \((.*)\))?`)

func vlanAndName(s string) (int, string) {
	m := vlanNameRE.FindStringSubmatch(s)
	if m == nil {
		return 0, ""
	}
	return number(m[1]), m[2]
}

// Channel is one row of `show port-channel summary`.
type Channel struct {
	Name     string // as the table has it: "Po10"
	Status   string // flags: "SU", "RD"
	Protocol string // "LACP", "NONE"
	Active   string // "a" or "p" where the table tells
	Members  []ChannelPort
}

// ChannelPort is a member of a Channel.
type ChannelPort struct{ Name, Status string }

var (
	channelRE = regexp.MustCompile(`^(?:\d+\s+)?(Po\d+)\((\w+)\)\s+(?:Eth\s+)?(LACP|NONE|Static|PAGP)(?:\((\w)\))?\s*(.*)$`)
	memberRE  = regexp.MustCompile(`([A-Za-z]+[\d/]+)\(([^)]*)\)`)
)

// ParseChannels reads `show port-channel summary`.
func ParseChannels(text string) ([]Channel, error) {
	var out []Channel
	known := false
	for line := range strings.SplitSeq(clean(text), "\n") {
		line = strings.TrimRight(line, " ")
		if strings.HasPrefix(line, "Group Port-") || strings.HasPrefix(line, "Port-Channel Protocol") {
			known = true
			continue
		}
		if !known {
			continue
		}
		rest := ""
		if m := channelRE.FindStringSubmatch(line); m != nil {
			out = append(out, Channel{Name: m[1], Status: m[2], Protocol: m[3], Active: m[4]})
			rest = m[5]
		} else if strings.HasPrefix(line, " ") && len(out) > 0 {
			rest = line
		}
		for _, m := range memberRE.FindAllStringSubmatch(rest, -1) {
			last := &out[len(out)-1]
			last.Members = append(last.Members, ChannelPort{Name: m[1], Status: m[2]})
		}
	}
	if !known {
		return nil, fmt.Errorf("no table of port-channels in the answer %.80q", strings.TrimSpace(text))
	}
	return out, nil
}

// PortStatus is one row of `show interface status`.
type PortStatus struct {
	Name        string // as the table has it: "Eth1/1"
	Description string // cut to the column by the switch; "--" for none
	Status      string // "connected", "notconnec", "xcvrAbsen", …
	VLAN        string // a number, "trunk", "routed", …
	Duplex      string
	Speed       string
	Type        string
}

var statusRowRE = regexp.MustCompile(`^([A-Za-z][A-Za-z-]*\d[\d/.]*)\s+(\S|\S.*?\S)\s+(\S+)\s+` +
	`(\d{1,4}|trunk|routed|f-path|unassigned|--)\s+(full|half|auto|a-full|a-half|--)\s+(\S+)(?:\s+(\S.*))?$`)

// The table of tunnels has other columns; what follows the status is a reason.
var tunnelRowRE = regexp.MustCompile(`^(Tunnel\d+)\s+(\S|\S.*?\S)\s+(connected|down|up|disabled)\s`)

// ParseStatus reads `show interface status`.
func ParseStatus(text string) ([]PortStatus, error) {
	var out []PortStatus
	inTable, tunnels, seen := false, false, false
	for line := range strings.SplitSeq(clean(text), "\n") {
		line = strings.TrimRight(line, " ")
		switch {
		case strings.HasPrefix(line, "Port ") && strings.Contains(line, "Duplex"):
			inTable, tunnels, seen = true, false, true
		case strings.HasPrefix(line, "Interface "):
			inTable, tunnels = false, true
		case tunnels:
			if m := tunnelRowRE.FindStringSubmatch(line); m != nil {
				out = append(out, PortStatus{Name: m[1], Description: m[2], Status: m[3]})
			}
		case inTable:
			if m := statusRowRE.FindStringSubmatch(line); m != nil {
				out = append(out, PortStatus{Name: m[1], Description: m[2], Status: m[3], VLAN: m[4], Duplex: m[5], Speed: m[6], Type: m[7]})
			}
		}
	}
	if !seen {
		return nil, fmt.Errorf("no port table in the answer %.80q", strings.TrimSpace(text))
	}
	return out, nil
}

// Version is what `show version` says.
type Version struct {
	Hostname string
	Model    string // "C93180YC-FX3", "Nexus5548"
	Software string
	Serial   string
	Image    string
}

var (
	softwareRE = regexp.MustCompile(`(?m)^\s+(?:system|NXOS):\s+version (.+?)\s*$`)
	imageRE    = regexp.MustCompile(`(?m)^\s+(?:kickstart|NXOS) image file is:\s+(\S+)\s*$`)
	chassisRE  = regexp.MustCompile(`(?m)^\s+cisco (?:Nexus ?\d*000 |Nexus |N9K-)?(\S+) .*(?i:chassis|supervisor)`)
	serialRE   = regexp.MustCompile(`(?m)^\s+Processor Board ID (\S+)`)
	deviceRE   = regexp.MustCompile(`(?m)^\s+Device name: (\S+)`)
)

// ParseVersion reads `show version`.
func ParseVersion(text string) (Version, error) {
	text = clean(text)
	first := func(re *regexp.Regexp) string {
		if m := re.FindStringSubmatch(text); m != nil {
			return m[1]
		}
		return ""
	}
	v := Version{Hostname: first(deviceRE), Model: first(chassisRE), Software: first(softwareRE), Serial: first(serialRE), Image: first(imageRE)}
	if v.Software == "" {
		return Version{}, fmt.Errorf("no version of NX-OS in the answer %.80q", strings.TrimSpace(text))
	}
	return v, nil
}

func clean(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, "\r", ""), "\t", " ")
}
