package twin

import (
	"slices"
	"strings"
)

// What real switches have, the planner does not manage and the simulated switch
// does not know: it is kept as it was read. Some of it looks much like what is
// managed.

var foreignBlocks = []block{
	{"template ACCESS", []string{"switchport access vlan 10", "switchport mode access", "spanning-tree portfast", "storm-control broadcast level 5.00"}},
	{"vlan configuration 10", []string{"device-tracking attach-policy IPDT"}},
	{"interface Loopback0", []string{"description 10.9.9.9", "ip address 10.9.9.9 255.255.255.255"}},
	{"interface Tunnel7", []string{"ip address 10.99.0.1 255.255.255.252", "shutdown"}},
	{"ip dhcp pool USERS", []string{"network 10.9.0.0 255.255.255.0", "default-router 10.9.0.254", "option 150 ip 10.8.0.1"}},
	{"spanning-tree mst configuration", []string{"name region", "instance 1 vlan 10, 20"}},
	{"mac access-list extended PRINTERS", []string{"permit host 0011.2233.4455 any"}},
	{"vlan access-map FILTER 10", []string{"match ip address 10", "action drop"}},
	{head: "vlan filter FILTER vlan-list 10"},
	{head: "monitor session 1 source vlan 10 , 20"},
	{head: "ip dhcp snooping vlan 10 information option format-type circuit-id string sw"},
	{head: "ip dhcp snooping database flash:snoop.db"},
	{head: "ip dhcp snooping verify no-relay-agent-address"},
	{head: "spanning-tree vlan 10 hello-time 1"},
	{head: "spanning-tree vlan 10,20 forward-time 7"},
	{head: "spanning-tree pathcost method long"},
	{head: "spanning-tree loopguard default"},
	{head: "lldp timer 10"},
	{head: "cdp timer 10"},
	{head: "no cdp advertise-v2"},
	{head: "port-channel load-balance src-dst-ip"},
	{head: "lacp system-priority 100"},
	{head: "mac address-table static 0011.2233.4455 vlan 10 interface GigabitEthernet1/0/1"},
	{head: "ip default-network 10.9.0.0"},
	{head: "udld enable"},
	{"archive", []string{"log config", " logging enable", "path flash:backup", "write-memory"}},
	{"event manager applet SHUT", []string{`action 1.0 cli command "interface GigabitEthernet1/0/1"`, `action 2.0 cli command "shutdown"`}},
	{"macro name ACCESS", []string{"switchport mode access", "switchport access vlan 20", "@"}},
}

var foreignOnPorts = []string{
	"source template ACCESS", "switchport trunk pruning vlan 2-10", "switchport port-security mac-address sticky 0011.2233.4455 vlan access",
	"switchport voice detect cisco-phone", "switchport vlan mapping 10 20", "storm-control unknown-unicast level 5.00",
	"power inline consumption 15400", "power inline port 2x-mode", "device-tracking attach-policy IPDT", "ip device tracking maximum 10", "trust device cisco-phone",
	"macsec network-link", "l2protocol-tunnel cdp", "keepalive 5", "cts role-based enforcement", "access-session port-control auto", "spanning-tree bpdufilter enable",
	"spanning-tree port-priority 64", "spanning-tree mst 1 cost 5", "lacp rate fast", "lacp port-priority 100", "mac access-group PRINTERS in",
	"switchport port-security mac-address 0011.2233.4466", "switchport port-security mac-address sticky 0011.2233.4455", "switchport port-security aging type inactivity", "switchport protected", "switchport block multicast",
	"ip verify source", "auto qos voip cisco-phone", "power inline port priority high", "authentication port-control auto", "dot1x pae authenticator", "mab",
}

var foreignOnSVIs = []string{
	"ip helper-address vrf RED 10.8.0.9", "ip helper-address global 10.8.0.8", "ip directed-broadcast", "ip access-group MGMT out", "ipv6 address 2001:DB8::1/64",
	"ip dhcp relay information trusted", "vrf forwarding BLUE", "ip verify unicast source reachable-via rx", "arp timeout 300", "no autostate",
}

// foreign says whether a line of an interface is one of these.
func foreign(line string) bool {
	return slices.Contains(foreignOnPorts, line) || slices.Contains(foreignOnSVIs, line)
}

// notManaged says whether a line of A is one that the simulated switch need not know.
func notManaged(line string) bool {
	line = strings.TrimSpace(line)
	return strings.HasPrefix(line, invented) || foreign(line) ||
		slices.ContainsFunc(foreignBlocks, func(b block) bool { return line == b.head || slices.Contains(b.lines, line) })
}

// knownHeads are the lines outside of blocks that are not foreign.
func knownHeads(heads []string) []string { return slices.DeleteFunc(slices.Clone(heads), notManaged) }

// known are the lines that are not foreign.
func known(lines []string) []string { return slices.DeleteFunc(slices.Clone(lines), foreign) }
