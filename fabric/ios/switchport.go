package ios

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// Switchport is one port of `show interfaces switchport`.
type Switchport struct {
	Name          string // canonical where the kind of port is known
	Enabled       bool   // false for a routed port
	Admin         string // administrative mode: "static access", "trunk", "dynamic auto"
	Operational   string
	Encapsulation string // administrative: "dot1q", "isl", "negotiate"
	Access        int
	Native        int
	Voice         string // a number, "none", "dot1p", "untagged"
	Negotiation   string // of trunking: "On", "Off"
	Allowed       fabric.VLANSet
}

var leadingNumberRE = regexp.MustCompile(`^\d{1,4}`)

// ParseSwitchports reads `show interfaces switchport`, of all ports or of one.
func ParseSwitchports(text string) ([]Switchport, error) {
	var out []Switchport
	var cur *Switchport
	var list string // the allowed VLANs, which run over several lines
	inList := false
	finish := func() error {
		if cur == nil {
			return nil
		}
		if list != "" {
			set, err := fabric.ParseVLANSet(list)
			if err != nil {
				return fmt.Errorf("port %s: trunking VLANs: %w", cur.Name, err)
			}
			cur.Allowed = set
		}
		out = append(out, *cur)
		cur, list, inList = nil, "", false
		return nil
	}
	for line := range strings.SplitSeq(strings.ReplaceAll(text, "\r", ""), "\n") {
		key, value, isField := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		if !isField {
			if inList && strings.HasPrefix(line, "  ") {
				list += strings.TrimSpace(line)
			}
			continue
		}
		inList = false
		key = strings.TrimSpace(key)
		if key == "Name" {
			if err := finish(); err != nil {
				return nil, err
			}
			// A kind of port that we have no name for (the radio of a router)
			// is no reason to fail on the others.
			name, err := fabric.NormalizePort("", value)
			if err != nil {
				name = value
			}
			cur = &Switchport{Name: name}
			continue
		}
		if cur == nil {
			continue
		}
		if key == "Trunking VLANs Enabled" {
			list, inList = value, true
			continue
		}
		cur.set(key, value)
	}
	if err := finish(); err != nil {
		return nil, err
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no port in the answer %.80q", strings.TrimSpace(text))
	}
	return out, nil
}

func (s *Switchport) set(key, value string) {
	switch key {
	case "Switchport":
		s.Enabled = value == "Enabled"
	case "Administrative Mode":
		s.Admin = value
	case "Operational Mode":
		s.Operational = value
	case "Administrative Trunking Encapsulation":
		s.Encapsulation = value
	case "Access Mode VLAN":
		s.Access = vlanAtStart(value)
	case "Trunking Native Mode VLAN":
		s.Native = vlanAtStart(value)
	case "Voice VLAN":
		s.Voice, _, _ = strings.Cut(value, " ")
	case "Negotiation of Trunking":
		s.Negotiation = value
	}
}

// vlanAtStart reads "20 (cluster)", "1 (default)", "unassigned".
func vlanAtStart(s string) int {
	n, _ := strconv.Atoi(leadingNumberRE.FindString(s))
	return n
}
