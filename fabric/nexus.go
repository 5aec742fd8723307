package fabric

import "slices"

// Nexus is what decides on commands on NX-OS, besides the configuration itself.
type Nexus struct {
	// Features are those that are switched on: "lacp", "interface-vlan".
	Features []string `json:"features,omitempty"`
	// RoutedPorts says that a port without lines is a routed one and becomes a
	// switch port by the line `switchport`.
	RoutedPorts bool `json:"routed_ports,omitempty"`
	// PortsDown and RoutedPortsDown say that a switch port, or a routed port,
	// is shut down unless it has a line `no shutdown`.
	PortsDown       bool `json:"ports_down,omitempty"`
	RoutedPortsDown bool `json:"routed_ports_down,omitempty"`
	// ReservedVLANs are kept by the switch for itself.
	ReservedVLANs VLANSet `json:"reserved_vlans,omitzero"`
}

// Has says whether a feature is switched on.
func (n *Nexus) Has(feature string) bool { return n != nil && slices.Contains(n.Features, feature) }
