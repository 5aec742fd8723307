package ios

import (
	"fmt"
	"regexp"
	"strings"
)

// SpanningTree is one instance in `show spanning-tree`.
type SpanningTree struct {
	VLAN     int    // 0 for an instance of MST
	Instance string // "VLAN0001", "MST0"
	Protocol string // "ieee", "rstp", "mstp"
	Root     bool   // this switch is the root
	Priority int    // of this switch, with the VLAN's number in it
	Ports    []SpanningTreePort
}

// SpanningTreePort is a port in one instance.
type SpanningTreePort struct {
	Name         string
	Role         string // "Desg", "Root", "Altn", …
	State        string // "FWD", "BLK", "BKN*", …
	Cost         int
	PortPriority int
	PortID       int
	Type         string // "P2p Edge", "Shr"
}

var (
	treeHeadRE   = regexp.MustCompile(`^((?:VLAN|MST|VL)(\d{1,4}))\s*$`)
	treeProtoRE  = regexp.MustCompile(`^\s+Spanning tree enabled protocol (\S+)`)
	treeBridgeRE = regexp.MustCompile(`^\s+Bridge ID\s+Priority\s+(\d{1,5})`)
	treePortRE   = regexp.MustCompile(`^([A-Za-z][A-Za-z-]*\d[\d/.]*)\s+(Desg|Root|Altn|Back|Mstr|Shr|\w{4})\s+([A-Z]{3}\*?)\s*(\d{1,9})\s+(\d{1,3})\.(\d{1,5})\s*(.*?)\s*$`)
)

// ParseSpanningTree reads `show spanning-tree`.
func ParseSpanningTree(text string) ([]SpanningTree, error) {
	var out []SpanningTree
	var cur *SpanningTree
	for line := range strings.SplitSeq(strings.ReplaceAll(text, "\r", ""), "\n") {
		if m := treeHeadRE.FindStringSubmatch(line); m != nil {
			out = append(out, SpanningTree{Instance: m[1]})
			cur = &out[len(out)-1]
			if strings.HasPrefix(m[1], "V") {
				cur.VLAN = number(m[2])
			}
			continue
		}
		if cur == nil {
			continue
		}
		if m := treeProtoRE.FindStringSubmatch(line); m != nil {
			cur.Protocol = m[1]
		}
		if m := treeBridgeRE.FindStringSubmatch(line); m != nil {
			cur.Priority = number(m[1])
		}
		if strings.Contains(line, "This bridge is the root") {
			cur.Root = true
		}
		if m := treePortRE.FindStringSubmatch(line); m != nil {
			cur.Ports = append(cur.Ports, SpanningTreePort{
				Name: canonicalPort(m[1]), Role: m[2], State: m[3], Cost: number(m[4]),
				PortPriority: number(m[5]), PortID: number(m[6]), Type: m[7],
			})
		}
	}
	if len(out) == 0 && !strings.Contains(text, "No spanning tree instance") {
		return nil, fmt.Errorf("no instance of spanning tree in the answer %.80q", strings.TrimSpace(text))
	}
	return out, nil
}
