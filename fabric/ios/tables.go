package ios

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// A status of "act/unsup" belongs to the VLANs that IOS reserves. A name can be
// a status word, too: the last one in a row is the status.
var (
	vlanRowRE  = regexp.MustCompile(`^(\d{1,4})\s+(\S|\S.*\S)\s+(active|suspended|act/lshut|sus/lshut|act/ishut|act/unsup)(?:\s|$)`)
	vlanWrapRE = regexp.MustCompile(`^(\d{1,4})\s+(\S+)$`)
	statusRE   = regexp.MustCompile(`^\s+(active|suspended|act/lshut|sus/lshut|act/ishut|act/unsup)\b`)
	vlanHeadRE = regexp.MustCompile(`(?m)^VLAN Name\s+Status`)
)

// ParseVLANBrief reads `show vlan brief` or the first table of `show vlan`.
// The VLANs that IOS reserves are left out.
func ParseVLANBrief(text string) (map[int]fabric.VLAN, error) {
	text = strings.ReplaceAll(text, "\r", "")
	head := vlanHeadRE.FindStringIndex(text)
	if head == nil {
		return nil, fmt.Errorf("no VLAN table in the answer %.80q", text)
	}
	vlans := map[int]fabric.VLAN{}
	var wrapped *fabric.VLAN // a name too long for its column stands on a line of its own
	for line := range strings.SplitSeq(text[head[0]:], "\n") {
		line = strings.TrimRight(line, " \t")
		if strings.HasPrefix(line, "VLAN Type") || strings.HasPrefix(line, "Remote SPAN") {
			break
		}
		if m := vlanRowRE.FindStringSubmatch(line); m != nil {
			wrapped = nil
			if err := addVLAN(vlans, m[1], m[2], m[3]); err != nil {
				return nil, err
			}
			continue
		}
		if m := vlanWrapRE.FindStringSubmatch(line); m != nil {
			id, err := strconv.Atoi(m[1])
			if err != nil {
				return nil, fmt.Errorf("VLAN table: %w", err)
			}
			wrapped = &fabric.VLAN{ID: id, Name: m[2]}
			continue
		}
		if m := statusRE.FindStringSubmatch(line); m != nil && wrapped != nil {
			if err := addVLAN(vlans, strconv.Itoa(wrapped.ID), wrapped.Name, m[1]); err != nil {
				return nil, err
			}
			wrapped = nil
			continue
		}
		if line != "" && line[0] >= '0' && line[0] <= '9' {
			return nil, fmt.Errorf("VLAN table: the row %.80q is not understood", line)
		}
	}
	if wrapped != nil {
		return nil, fmt.Errorf("VLAN table: VLAN %d has no status", wrapped.ID)
	}
	if len(vlans) == 0 {
		return nil, fmt.Errorf("VLAN table: it has no rows, and VLAN 1 is on every switch")
	}
	return vlans, nil
}

func addVLAN(vlans map[int]fabric.VLAN, number, name, status string) error {
	id, err := strconv.Atoi(number)
	if err != nil || id < fabric.MinVLAN || id > fabric.MaxVLAN {
		return fmt.Errorf("VLAN table: %q is not a VLAN number", number)
	}
	if id >= fabric.FirstReserved && id <= fabric.LastReserved {
		return nil
	}
	v := fabric.VLAN{ID: id, Name: name}
	if status != "active" {
		v.State = status
	}
	vlans[id] = v
	return nil
}

// VTP is what `show vtp status` says.
type VTP struct {
	Mode     string // "server", "client", "transparent", "off"
	Version  int    // that runs; 0 if it is not said
	Domain   string
	MaxVLANs int
}

// ParseVTPStatus reads `show vtp status` of VTP versions 1 to 3.
func ParseVTPStatus(text string) (VTP, error) {
	var v VTP
	for line := range strings.SplitSeq(strings.ReplaceAll(text, "\r", ""), "\n") {
		key, value, ok := strings.Cut(line, ":")
		if !ok {
			continue
		}
		value = strings.TrimSpace(value)
		switch strings.ToLower(strings.Join(strings.Fields(key), " ")) {
		case "vtp operating mode":
			// VTP 3 has a mode for each feature; the VLAN feature comes first.
			if v.Mode == "" {
				v.Mode = vtpMode(value)
			}
		case "vtp version running":
			v.Version, _ = strconv.Atoi(value)
		case "vtp version":
			// The old form: "2", or "running VTP1 (VTP2 capable)".
			if v.Version == 0 {
				v.Version = firstNumber(value)
			}
		case "vtp domain name":
			v.Domain = value
		case "maximum vlans supported locally":
			v.MaxVLANs = firstNumber(value)
		}
	}
	if v.Mode == "" {
		return VTP{}, fmt.Errorf("no VTP mode that is known in the answer %.80q", strings.TrimSpace(text))
	}
	return v, nil
}

// vtpMode reads "Server", "Primary Server", "Transparent" and the like.
func vtpMode(s string) string {
	for word := range strings.FieldsSeq(strings.ToLower(s)) {
		switch word {
		case "server", "client", "transparent", "off":
			return word
		}
	}
	return ""
}

var numberRE = regexp.MustCompile(`\d{1,6}`)

func firstNumber(s string) int {
	n, _ := strconv.Atoi(numberRE.FindString(s))
	return n
}
