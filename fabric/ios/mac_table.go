package ios

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

const macPattern = `[0-9a-fA-F]{4}\.[0-9a-fA-F]{4}\.[0-9a-fA-F]{4}`

var (
	macHeadRE = regexp.MustCompile(`(?mi)mac address|Destination Address`)
	// VLAN first, as all but the oldest images have it; marks may precede it.
	// Where the VLAN belongs to a routed port, the port stands in its place.
	macRowRE = regexp.MustCompile(`^[*RSDGC# \t]*(\d{1,4}|All|ALL|N/A|---|[A-Z][a-z]+[\d/]+)\s+(` + macPattern + `)\s+([A-Za-z_-]+)\s*(.*)$`)
	// The oldest: address, type, VLAN, port.
	macOldRE = regexp.MustCompile(`^(` + macPattern + `)\s+([A-Z][A-Za-z-]+)\s+(\d{1,4})\s+(\S.*)$`)
	// Ports of the row above.
	macMoreRE = regexp.MustCompile(`^\s{20,}(\S+)\s*$`)
)

// ParseMACTable reads `show mac address-table` in the forms of Catalysts of all
// ages. The groups that some list below the addresses of stations are left out.
func ParseMACTable(text string) ([]fabric.MACEntry, error) {
	text = strings.ReplaceAll(text, "\r", "")
	if !macHeadRE.MatchString(text) {
		return nil, fmt.Errorf("no table of addresses in the answer %.80q", strings.TrimSpace(text))
	}
	var out []fabric.MACEntry
	more := false
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimRight(line, " \t")
		if strings.HasPrefix(line, "Multicast Entries") {
			break
		}
		if m := macRowRE.FindStringSubmatch(line); m != nil {
			e, err := macEntry(m[1], m[2], m[3], macPorts(m[4]))
			if err != nil {
				return nil, err
			}
			out, more = append(out, e), true
			continue
		}
		if m := macOldRE.FindStringSubmatch(line); m != nil {
			e, err := macEntry(m[3], m[1], m[2], splitPorts(m[4]))
			if err != nil {
				return nil, err
			}
			out, more = append(out, e), false
			continue
		}
		if m := macMoreRE.FindStringSubmatch(line); m != nil && more && !strings.HasPrefix(m[1], "-") {
			last := &out[len(out)-1]
			last.Ports = append(last.Ports, splitPorts(m[1])...)
			continue
		}
		more = false
	}
	return out, nil
}

func macEntry(vlan, mac, kind string, ports []string) (fabric.MACEntry, error) {
	address, err := fabric.NormalizeMAC(mac)
	if err != nil {
		return fabric.MACEntry{}, fmt.Errorf("table of addresses: %w", err)
	}
	return fabric.MACEntry{VLAN: vlanAtStart(vlan), MAC: address, Type: strings.ToLower(kind), Ports: ports}, nil
}

// macPorts finds the ports in what follows a row's type: they stand alone,
// after the protocols, or after "learn" and "age".
func macPorts(rest string) []string {
	fields := strings.Fields(rest)
	switch {
	case len(fields) == 0:
		return nil
	case fields[0] == "Yes" || fields[0] == "No":
		fields = fields[min(2, len(fields)):]
	case strings.HasPrefix(fields[0], "ip,") || fields[0] == "ip" || fields[0] == "assigned" || fields[0] == "other":
		fields = fields[1:]
	}
	return splitPorts(strings.Join(fields, " "))
}

func splitPorts(list string) []string {
	var out []string
	for name := range strings.FieldsFuncSeq(list, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' }) {
		out = append(out, canonicalPort(name))
	}
	return out
}

// MACTable reads which addresses the switch has seen on which ports.
func (s *Session) MACTable(ctx context.Context) ([]fabric.MACEntry, error) {
	text, err := s.read(ctx, "show mac address-table", nil)
	if refused := new(AnswerError); errors.As(err, &refused) {
		// The spelling of images before 12.2.
		text, err = s.read(ctx, "show mac-address-table", nil)
	}
	if err != nil {
		return nil, err
	}
	rows, err := ParseMACTable(text)
	if err != nil {
		return nil, fmt.Errorf("%s: show mac address-table: %w", s.target, err)
	}
	return rows, nil
}

// readIfThere reads a show command that a platform may not have.
func (s *Session) readIfThere(ctx context.Context, line string) (string, error) {
	text, err := s.read(ctx, line, nil)
	if refused := new(AnswerError); errors.As(err, &refused) {
		return "", nil
	}
	return text, err
}
