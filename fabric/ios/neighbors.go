package ios

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// canonicalPort names a port as a running configuration does; what is no port
// that is known keeps its name.
func canonicalPort(name string) string {
	if long, err := fabric.NormalizePort("", name); err == nil {
		return long
	}
	return name
}

// notOn says whether the switch answers that a protocol is off.
var notOnRE = regexp.MustCompile(`(?m)^% ?(?:LLDP|CDP) is not enabled`)

// ParseLLDPNeighbors reads `show lldp neighbors detail`. A switch on which LLDP
// does not run has none.
func ParseLLDPNeighbors(text string) ([]fabric.Neighbor, error) {
	text = strings.ReplaceAll(text, "\r", "")
	if notOnRE.MatchString(text) {
		return nil, nil
	}
	var out []fabric.Neighbor
	var cur *fabric.Neighbor
	var inside string // the field that runs over several lines
	begin := func() {
		out = append(out, fabric.Neighbor{Protocol: "lldp"})
		cur = &out[len(out)-1]
	}
	for line := range strings.SplitSeq(text, "\n") {
		key, value, isField := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch {
		case key == "Local Intf" && isField:
			begin()
			cur.LocalPort = canonicalPort(value)
			inside = ""
			continue
		case key == "Chassis id" && isField:
			if cur == nil || cur.ChassisID != "" {
				begin()
			}
			cur.ChassisID = chassis(value)
			inside = ""
			continue
		case cur == nil:
			continue
		}
		if strings.HasPrefix(line, "Time remaining") || strings.HasPrefix(line, "------") {
			inside = ""
			continue
		}
		if inside == lldpDescription {
			cur.Description = strings.TrimSpace(cur.Description + " " + strings.TrimSpace(line))
			continue
		}
		if inside == lldpAddresses && strings.HasPrefix(line, " ") {
			if k := strings.TrimSpace(key); isField && (k == "IP" || k == "IPV6") {
				cur.Addresses = append(cur.Addresses, value)
			}
			continue
		}
		inside = ""
		if !isField {
			continue
		}
		switch key {
		case "Port id":
			cur.Port = value
		case "Port Description":
			cur.PortDescription = value
		case "System Name":
			cur.Name = value
		case lldpDescription, lldpAddresses:
			inside = key
		case "Enabled Capabilities":
			cur.Capabilities = strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' })
		case "Vlan ID":
			cur.VLAN = vlanAtStart(value)
		}
	}
	if len(out) == 0 && !emptyTableRE.MatchString(text) {
		return nil, fmt.Errorf("no neighbour in the answer %.80q", strings.TrimSpace(text))
	}
	return out, nil
}

const (
	lldpDescription = "System Description"
	lldpAddresses   = "Management Addresses"
)

// emptyTableRE is an answer without any neighbour.
var emptyTableRE = regexp.MustCompile(`^\s*$|Total (?:entries|cdp entries) displayed ?: ?0`)

// chassis writes a MAC address in our spelling, and leaves another identity as
// it is.
func chassis(s string) string {
	if mac, err := fabric.NormalizeMAC(s); err == nil {
		return mac
	}
	return s
}

var (
	cdpPlatformRE  = regexp.MustCompile(`^Platform: (.*?), +Capabilities: ?(.*)$`)
	cdpInterfaceRE = regexp.MustCompile(`^Interface: (\S+), +Port ID \(outgoing port\): ?(.*)$`)
	cdpAddressRE   = regexp.MustCompile(`^ +(?:IP|IPv4|IPv6) [Aa]ddress: (\S+)`)
)

// ParseCDPNeighbors reads `show cdp neighbors detail`.
func ParseCDPNeighbors(text string) ([]fabric.Neighbor, error) {
	text = strings.ReplaceAll(text, "\r", "")
	if notOnRE.MatchString(text) {
		return nil, nil
	}
	var out []fabric.Neighbor
	var cur *fabric.Neighbor
	version := false
	for line := range strings.SplitSeq(text, "\n") {
		if name, ok := strings.CutPrefix(line, "Device ID:"); ok {
			out = append(out, fabric.Neighbor{Protocol: "cdp", Name: strings.TrimSpace(name)})
			cur, version = &out[len(out)-1], false
			continue
		}
		if cur == nil {
			continue
		}
		if version {
			version = strings.TrimSpace(line) != ""
			cur.Description = strings.TrimSpace(cur.Description + " " + strings.TrimSpace(line))
			continue
		}
		if m := cdpPlatformRE.FindStringSubmatch(line); m != nil {
			cur.Platform, cur.Capabilities = strings.TrimSpace(m[1]), strings.Fields(m[2])
		}
		if m := cdpInterfaceRE.FindStringSubmatch(line); m != nil {
			cur.LocalPort, cur.Port = canonicalPort(m[1]), strings.TrimSpace(m[2])
		}
		if m := cdpAddressRE.FindStringSubmatch(line); m != nil && !contains(cur.Addresses, m[1]) {
			cur.Addresses = append(cur.Addresses, m[1])
		}
		if n, ok := strings.CutPrefix(line, "Native VLAN:"); ok {
			cur.VLAN = vlanAtStart(strings.TrimSpace(n))
		}
		version = strings.HasPrefix(line, "Version :")
	}
	if len(out) == 0 && !emptyTableRE.MatchString(text) {
		return nil, fmt.Errorf("no neighbour in the answer %.80q", strings.TrimSpace(text))
	}
	return out, nil
}

func contains(list []string, s string) bool {
	for _, have := range list {
		if have == s {
			return true
		}
	}
	return false
}

// Neighbors reads what the switch hears by LLDP and CDP. A protocol that does
// not run, or that the platform lacks, gives none.
func (s *Session) Neighbors(ctx context.Context) ([]fabric.Neighbor, error) {
	var out []fabric.Neighbor
	for _, source := range []struct {
		line  string
		parse func(string) ([]fabric.Neighbor, error)
	}{{"show lldp neighbors detail", ParseLLDPNeighbors}, {"show cdp neighbors detail", ParseCDPNeighbors}} {
		text, err := s.readIfThere(ctx, source.line)
		if err != nil {
			return nil, err
		}
		found, err := source.parse(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", s.target, source.line, err)
		}
		out = append(out, found...)
	}
	return out, nil
}
