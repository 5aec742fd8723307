package ios

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// PortStatus is one row of `show interfaces status`.
type PortStatus struct {
	Name        string // canonical where the kind of port is known
	Description string // cut to the column by the switch
	Status      string // "connected", "notconnect", "disabled", "err-disabled", …
	VLAN        string // a number, "trunk", "routed", …
	Duplex      string
	Speed       string
	Type        string
}

var (
	statusHeadRE = regexp.MustCompile(`(?m)^Port\s+Name\s+Status\s+Vlan\s+Duplex\s+Speed`)
	// The description is free text and may hold words of the status column:
	// the last such word that the rest of the row fits to is the status.
	statusRowRE = regexp.MustCompile(`^([A-Za-z][A-Za-z-]*\d[\d/.]*)\s+(?:(.*\S)\s+)?` +
		`(connected|notconnect|disabled|err-disabled|suspended|monitoring|inactive|faulty|sfpAbsent|xcvrAbsen)(?:: ?[A-Z]*)?\s+` +
		`(\d[\d,]*|trunk|routed|unassigned|pvlan \S+|--)\s+` +
		`(a-full|a-half|full|half|auto|--)\s+(a-\S+|auto|\d\S*|--)(?:\s+(.*))?$`)
	// Fibre channel ports have a row of their own form.
	statusFibreRE = regexp.MustCompile(`^(fc\d+/\d+) is (up|down)(?: \((.*)\))?`)
)

// ParseInterfacesStatus reads `show interfaces status`.
func ParseInterfacesStatus(text string) ([]PortStatus, error) {
	text = strings.ReplaceAll(text, "\r", "")
	head := statusHeadRE.FindStringIndex(text)
	if head == nil {
		return nil, fmt.Errorf("no port table in the answer %.80q", strings.TrimSpace(text))
	}
	var out []PortStatus
	for line := range strings.SplitSeq(text[head[1]:], "\n") {
		m := statusRowRE.FindStringSubmatch(strings.TrimRight(line, " \t"))
		if m == nil {
			if m := statusFibreRE.FindStringSubmatch(line); m != nil {
				out = append(out, PortStatus{Name: m[1], Status: m[2], Type: m[3]})
			}
			continue
		}
		name, err := fabric.NormalizePort("", m[1])
		if err != nil {
			name = m[1]
		}
		out = append(out, PortStatus{Name: name, Description: m[2], Status: m[3], VLAN: m[4], Duplex: m[5], Speed: m[6], Type: strings.TrimSpace(m[7])})
	}
	return out, nil
}
