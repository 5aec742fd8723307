package fabric

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// SVI is the switch's own interface in a VLAN. In a Want, what is zero is left
// alone.
type SVI struct {
	VLAN int `json:"vlan"`
	// Addresses are the primary address, then the secondary ones. In a Want nil
	// leaves them alone and an empty list asks for none.
	Addresses []netip.Prefix `json:"addresses,omitempty"`
	// DHCP says that the address comes from a DHCP server. It is only observed.
	DHCP bool `json:"dhcp,omitempty"`
	// Helpers are where DHCP requests of the VLAN are relayed to. In a Want nil
	// leaves them alone and an empty list asks for none.
	Helpers []netip.Addr `json:"helpers,omitempty"`
	// Description is nil in a Want that leaves it alone.
	Description *string `json:"description,omitempty"`
	// Shutdown is Enable for an interface that is shut down.
	Shutdown Toggle `json:"shutdown,omitempty"`

	// What follows is observed and ignored in a Want.

	// Other and Lines are as in a Port.
	Other []string `json:"other,omitempty"`
	Lines []string `json:"lines,omitempty"`
}

// SVIName is the name of an SVI on IOS.
func SVIName(vlan int) string { return fmt.Sprintf("Vlan%d", vlan) }

// SVINumber is the VLAN of an SVI's name, or 0 for another kind of interface.
func SVINumber(name string) int {
	digits, ok := strings.CutPrefix(strings.ToLower(name), "vlan")
	n, err := strconv.Atoi(digits)
	if !ok || err != nil || n < MinVLAN || n > MaxVLAN {
		return 0
	}
	return n
}

// Down says whether the interface is shut down.
func (s SVI) Down() bool { return s.Shutdown == Enable }

// Global are settings of the switch as a whole. In a Want, what is zero is left
// alone. In an observation, zero is the switch's default.
type Global struct {
	// SpanningTreeMode is "pvst", "rapid-pvst" or "mst"; "default" asks for the
	// platform's own.
	SpanningTreeMode string `json:"spanning_tree_mode,omitempty"`
	// SpanningTreePriority maps a bridge priority to the VLANs that have it. A
	// Want speaks of the VLANs that it names only; 32768 is the default.
	SpanningTreePriority map[int]VLANSet `json:"spanning_tree_priority,omitempty"`
	DHCPSnooping         DHCPSnooping    `json:"dhcp_snooping,omitzero"`
	// LLDP runs on the switch: off by default.
	LLDP Toggle `json:"lldp,omitempty"`
	// CDP runs on the switch: on by default.
	CDP Toggle `json:"cdp,omitempty"`
	// SystemMTU is in bytes; DefaultNumber asks for the platform's own.
	SystemMTU int `json:"system_mtu,omitempty"`
	// DefaultGateway is that of a switch that does not route; 0.0.0.0 asks for
	// none.
	DefaultGateway netip.Addr `json:"default_gateway,omitzero"`

	// Lines are observed and ignored in a Want: the lines that the above was
	// read from.
	Lines []string `json:"lines,omitempty"`
}

// DefaultPriority is the bridge priority of spanning tree that a switch has
// where none is set.
const DefaultPriority = 32768

// DHCPSnooping says whether, and in which VLANs, the switch watches over DHCP.
type DHCPSnooping struct {
	Enabled Toggle `json:"enabled,omitempty"`
	// VLANs that are watched over: in a Want all of them, or NoVLANs().
	VLANs VLANSet `json:"vlans,omitzero"`
}

// Empty says whether nothing is said or seen.
func (g Global) Empty() bool {
	return g.SpanningTreeMode == "" && len(g.SpanningTreePriority) == 0 && g.DHCPSnooping == DHCPSnooping{} &&
		g.LLDP == "" && g.CDP == "" && g.SystemMTU == 0 && !g.DefaultGateway.IsValid()
}

// Within cuts the part of the settings that a want speaks of.
func (g Global) Within(want Global) Global {
	var out Global
	if want.SpanningTreeMode != "" {
		out.SpanningTreeMode = g.SpanningTreeMode
	}
	if len(want.SpanningTreePriority) > 0 {
		named := NoVLANs()
		for _, set := range want.SpanningTreePriority {
			named = named.Union(set)
		}
		out.SpanningTreePriority = map[int]VLANSet{}
		for prio, set := range g.SpanningTreePriority {
			if in := set.Intersect(named); !in.IsNone() {
				out.SpanningTreePriority[prio] = in
			}
		}
	}
	if want.DHCPSnooping.Enabled != "" {
		out.DHCPSnooping.Enabled = g.DHCPSnooping.Enabled
	}
	if !want.DHCPSnooping.VLANs.IsZero() {
		out.DHCPSnooping.VLANs = g.DHCPSnooping.VLANs
	}
	if want.LLDP != "" {
		out.LLDP = g.LLDP
	}
	if want.CDP != "" {
		out.CDP = g.CDP
	}
	if want.SystemMTU != 0 {
		out.SystemMTU = g.SystemMTU
	}
	if want.DefaultGateway.IsValid() {
		out.DefaultGateway = g.DefaultGateway
	}
	return out
}
