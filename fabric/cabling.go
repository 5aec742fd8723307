package fabric

import (
	"fmt"
	"strings"
)

// Neighbor is what a switch hears on a port from the device at the other end.
type Neighbor struct {
	Protocol        string   `json:"protocol"`             // "lldp" or "cdp"
	LocalPort       string   `json:"local_port,omitempty"` // canonical; old images do not say it
	Name            string   `json:"name,omitempty"`
	ChassisID       string   `json:"chassis_id,omitempty"` // LLDP only; MAC addresses with colons
	Port            string   `json:"port,omitempty"`       // as the neighbour calls it
	PortDescription string   `json:"port_description,omitempty"`
	Description     string   `json:"description,omitempty"` // software, in one line
	Platform        string   `json:"platform,omitempty"`
	Capabilities    []string `json:"capabilities,omitempty"`
	Addresses       []string `json:"addresses,omitempty"`
	VLAN            int      `json:"vlan,omitempty"` // untagged at the neighbour's end
}

// MACEntry is a row of a switch's table of MAC addresses.
type MACEntry struct {
	VLAN  int      `json:"vlan,omitempty"` // 0 for all
	MAC   string   `json:"mac"`            // lower case with colons
	Type  string   `json:"type"`           // "dynamic", "static", "system", …
	Ports []string `json:"ports"`          // canonical where they are ports: else "CPU", "Router", …
}

// NormalizeMAC turns any spelling of a MAC address (0011.2233.4455,
// 00-11-22-33-44-55, 001122334455) into 00:11:22:33:44:55.
func NormalizeMAC(s string) (string, error) {
	digits := strings.ToLower(strings.NewReplacer(".", "", ":", "", "-", "").Replace(strings.TrimSpace(s)))
	const size = 12
	if len(digits) != size || strings.Trim(digits, "0123456789abcdef") != "" {
		return "", fmt.Errorf("%.40q is not a MAC address", s)
	}
	parts := make([]string, 0, size/2)
	for i := 0; i < size; i += 2 {
		parts = append(parts, digits[i:i+2])
	}
	return strings.Join(parts, ":"), nil
}
