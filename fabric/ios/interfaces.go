package ios

import (
	"fmt"
	"regexp"
	"strings"
)

// Interface is one block of `show interfaces`.
type Interface struct {
	Name        string
	Link        string // "up", "down", "administratively down", "reset"
	Protocol    string // "up", "down (notconnect)"
	Hardware    string
	MAC         string // as the switch prints it
	Description string
	Address     string // 10.0.0.1/24, or empty
	MTU         int    // bytes
	Bandwidth   string // "1000000 Kbit"
	Duplex      string // "Full-duplex", "Auto-duplex"
	Speed       string // "1000Mb/s", "Auto-speed"
	Media       string
}

var (
	ifaceHeadRE = regexp.MustCompile(`^(\S+) is (.+?), line protocol is (.*?)\s*$`)
	ifaceHardRE = regexp.MustCompile(`^  Hardware is (.+?)(?:, address is (\S+)(?: \(bia (\S+?)\))?.*)?$`)
	ifaceDescRE = regexp.MustCompile(`^  Description: (.*?)\s*$`)
	ifaceAddrRE = regexp.MustCompile(`^  Internet address is (\S+)`)
	ifaceMTURE  = regexp.MustCompile(`^  MTU (\d{1,6}) bytes(?:, +BW (\d+ ?\w+?)(?:/sec)?\b)?`)
	ifaceLineRE = regexp.MustCompile(`^  ([A-Za-z]+[ -][Dd]uplex), ([^,]+)(?:,|$)`)
	ifaceKindRE = regexp.MustCompile(`media type is ([^,]*)`)
)

// ParseInterfaces reads `show interfaces`, of all interfaces or of one.
func ParseInterfaces(text string) ([]Interface, error) {
	var out []Interface
	var cur *Interface
	for line := range strings.SplitSeq(strings.ReplaceAll(text, "\r", ""), "\n") {
		if m := ifaceHeadRE.FindStringSubmatch(line); m != nil && line[0] != ' ' {
			out = append(out, Interface{Name: m[1], Link: m[2], Protocol: m[3]})
			cur = &out[len(out)-1]
			continue
		}
		if cur == nil {
			continue
		}
		if m := ifaceHardRE.FindStringSubmatch(line); m != nil {
			cur.Hardware, cur.MAC = m[1], m[2]
		}
		if m := ifaceDescRE.FindStringSubmatch(line); m != nil {
			cur.Description = m[1]
		}
		if m := ifaceAddrRE.FindStringSubmatch(line); m != nil {
			cur.Address = m[1]
		}
		if m := ifaceMTURE.FindStringSubmatch(line); m != nil {
			cur.MTU, cur.Bandwidth = number(m[1]), m[2]
		}
		if m := ifaceLineRE.FindStringSubmatch(line); m != nil {
			cur.Duplex, cur.Speed = m[1], strings.TrimSpace(m[2])
		}
		if m := ifaceKindRE.FindStringSubmatch(line); m != nil {
			cur.Media = strings.TrimSpace(m[1])
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no interface in the answer %.80q", strings.TrimSpace(text))
	}
	return out, nil
}

// InterfaceBrief is one row of `show ip interface brief`.
type InterfaceBrief struct {
	Name     string
	Address  string // empty for none
	Status   string
	Protocol string
}

var (
	briefHeadRE = regexp.MustCompile(`(?m)^Interface\s+IP-Address\s+OK\?`)
	briefRowRE  = regexp.MustCompile(`^(\S+)\s+(\S+)\s+(?:YES|NO|unset)\s+\S+\s+(up|down|deleted|reset|administratively down)\s+(up|down)\s*$`)
)

// ParseIPInterfaceBrief reads `show ip interface brief`.
func ParseIPInterfaceBrief(text string) ([]InterfaceBrief, error) {
	text = strings.ReplaceAll(text, "\r", "")
	if !briefHeadRE.MatchString(text) {
		return nil, fmt.Errorf("no table of interfaces in the answer %.80q", strings.TrimSpace(text))
	}
	var out []InterfaceBrief
	for line := range strings.SplitSeq(text, "\n") {
		m := briefRowRE.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		row := InterfaceBrief{Name: canonicalPort(m[1]), Address: m[2], Status: m[3], Protocol: m[4]}
		if row.Address == "unassigned" {
			row.Address = ""
		}
		out = append(out, row)
	}
	return out, nil
}
