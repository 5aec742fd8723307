package twin

// What A has and Cthulix does not manage. It must stay as it is, byte for byte.

var iosUnknown = []block{
	{head: "aaa new-model"},
	{head: "aaa authentication login default group tacacs+ local"},
	{head: "aaa authorization exec default group tacacs+ local"},
	{"ip access-list extended MGMT", []string{"permit tcp 10.9.0.0 0.0.255.255 any eq 22", "deny ip any any log"}},
	{"ip access-list standard SNMP", []string{"permit 10.9.0.9"}},
	{head: "access-list 10 permit 10.9.0.0 0.0.0.255"},
	{"route-map OUT permit 10", []string{"match ip address 10", "set metric 5"}},
	{"class-map match-any VOICE", []string{"match ip dscp ef"}},
	{"policy-map QOS", []string{"class VOICE", "set dscp ef"}},
	{head: "banner motd ^C\nsw#\ninterface GigabitEthernet1/0/1\n switchport access vlan 666\nvlan 10\nend\n^C"},
	{head: "snmp-server community secret RO 10"},
	{head: "snmp-server location 3rd floor ! left"},
	{head: "ip route 0.0.0.0 0.0.0.0 10.9.0.254"},
	{head: "ntp server 10.9.0.1"},
	{head: "logging host 10.9.0.2"},
	{head: "spanning-tree portfast bpduguard default"},
	{head: "no spanning-tree vlan 999"},
	{head: "no ip dhcp snooping information option"},
	{head: "errdisable recovery cause bpduguard"},
	{"line vty 0 4", []string{"access-class MGMT in", "transport input ssh"}},
	{head: invented + " the whole switch at level 9"},
	{invented + " context BLUE", []string{"vlan 10", "switchport mode trunk", "shutdown"}},
}

var nexusUnknown = []block{
	{head: "feature udld"},
	{"ip access-list MGMT", []string{"10 permit tcp 10.9.0.0/16 any eq 22", "20 deny ip any any"}},
	{"vrf context management", []string{"ip route 0.0.0.0/0 10.9.0.254"}},
	{head: "snmp-server location 3rd floor ! left"},
	{head: "ntp server 10.9.0.1 use-vrf management"},
	{head: "spanning-tree vlan 10 priority 4096"},
	{head: "logging server 10.9.0.2"},
	{head: invented + " the whole switch at level 9"},
}

func unknownOnPorts(nexus bool) []string {
	if nexus {
		return []string{"ip port access-group MGMT in", "ip dhcp snooping trust", "storm-control broadcast level 5.00", "service-policy type qos input QOS", "flowcontrol receive on", "udld aggressive"}
	}
	return []string{"ip access-group MGMT in", "service-policy input QOS", "srr-queue bandwidth share 1 30 35 5", "mls qos trust dscp", "spanning-tree cost 10", "spanning-tree vlan 10 cost 5",
		"ip dhcp snooping limit rate 10", "switchport block unicast", "switchport port-security aging time 2", "load-interval 30", "no snmp trap link-status", "udld port aggressive", "spanning-tree link-type point-to-point", "ip arp inspection trust"}
}
