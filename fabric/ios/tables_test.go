package ios

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// tableSamples are answers in the form of a Catalyst, made up here.
var tableSamples = []string{sampleLLDP, sampleCDP, sampleMACs, sampleChannels, sampleTree, samplePower, sampleArchive, sampleBrief, sampleInterfaces}

const (
	sampleLLDP = `------------------------------------------------
Local Intf: Gi1/0/1
Chassis id: 5254.0012.3456
Port id: 5254.0012.3456
Port Description: eth0
System Name: node1

System Description:
Linux node1
in RAM

Time remaining: 99 seconds
System Capabilities: S
Enabled Capabilities: S
Management Addresses:
    IP: 10.20.0.11
    IPV6: FE80::1
Auto Negotiation - not supported
Vlan ID: 20

------------------------------------------------
Local Intf: Gi1/0/2
Chassis id: node2
Port id: 1
Port Description - not advertised
System Name - not advertised
Time remaining: 9 seconds
Vlan ID: - not advertised

Total entries displayed: 2
`
	sampleCDP = `-------------------------
Device ID: dist1.example.net
Entry address(es):
  IP address: 10.0.0.2
Platform: cisco WS-C3560X-24P,  Capabilities: Switch IGMP
Interface: GigabitEthernet1/0/48,  Port ID (outgoing port): GigabitEthernet0/8
Holdtime : 154 sec

Version :
Cisco IOS Software, C3560E Software
Copyright

advertisement version: 2
Native VLAN: 99
Management address(es):
  IP address: 10.0.0.2
  IP address: 10.0.0.3
`
	sampleMACs = `          Mac Address Table
-------------------------------------------

Vlan    Mac Address       Type        Ports
----    -----------       --------    -----
 All    0100.0ccc.cccc    STATIC      CPU
  20    5254.0012.3456    DYNAMIC     Gi1/0/1
  20    5254.0012.3457    DYNAMIC     Po1
Total Mac Addresses for this criterion: 3
`
	sampleChannels = `Number of channel-groups in use: 1
Number of aggregators:           1

Group  Port-channel  Protocol    Ports
------+-------------+-----------+-----------------------------------------------
1      Po1(SU)         LACP      Gi1/0/47(P) Gi1/0/48(s)
                                 Gi1/0/46(P)
`
	sampleTree = `
VLAN0020
  Spanning tree enabled protocol rstp
  Root ID    Priority    4116
             Address     0011.2233.4455
             This bridge is the root

  Bridge ID  Priority    4116   (priority 4096 sys-id-ext 20)

Interface           Role Sts Cost      Prio.Nbr Type
------------------- ---- --- --------- -------- --------------------------------
Gi1/0/1             Desg FWD 4         128.1    P2p Edge
Po1                 Desg BKN*3         128.64   P2p
`
	samplePower = `Interface Admin  Oper       Power   Device              Class Max
                            (Watts)
--------- ------ ---------- ------- ------------------- ----- ----
Gi1/0/1   auto   on         6.3     IP Phone 8841       2     30.0
Gi1/0/2   off    off        0.0     n/a                 n/a   30.0
`
	sampleArchive = `The maximum archive configurations allowed is 10.
The next archive file will be named flash:cfg-3
 Archive #  Name
   1        flash:cfg-1
   2        flash:cfg-2 <- Most Recent
   3
`
	sampleBrief = `Interface              IP-Address      OK? Method Status                Protocol
Vlan20                 10.20.0.2       YES NVRAM  up                    up
GigabitEthernet1/0/1   unassigned      YES unset  administratively down down
`
	sampleInterfaces = `GigabitEthernet1/0/1 is up, line protocol is up (connected)
  Hardware is Gigabit Ethernet, address is 0011.2233.4401 (bia 0011.2233.4401)
  Description: node1, rack 7
  MTU 1500 bytes, BW 1000000 Kbit/sec, DLY 10 usec,
  Full-duplex, 1000Mb/s, media type is 10/100/1000BaseTX
`
)

func TestParseNeighbors(t *testing.T) {
	lldp, err := ParseLLDPNeighbors(sampleLLDP)
	if err != nil {
		t.Fatal(err)
	}
	want := []fabric.Neighbor{
		{Protocol: "lldp", LocalPort: gi1, Name: "node1", ChassisID: "52:54:00:12:34:56", Port: "5254.0012.3456", PortDescription: "eth0",
			Description: "Linux node1 in RAM", Capabilities: []string{"S"}, Addresses: []string{"10.20.0.11", "FE80::1"}, VLAN: 20},
		{Protocol: "lldp", LocalPort: gi2, ChassisID: "node2", Port: "1"},
	}
	if d := cmp.Diff(want, lldp); d != "" {
		t.Error(d)
	}
	cdp, err := ParseCDPNeighbors(sampleCDP)
	if err != nil {
		t.Fatal(err)
	}
	want = []fabric.Neighbor{{Protocol: "cdp", LocalPort: "GigabitEthernet1/0/48", Name: "dist1.example.net", Port: "GigabitEthernet0/8",
		Description: "Cisco IOS Software, C3560E Software Copyright", Platform: "cisco WS-C3560X-24P", Capabilities: []string{"Switch", "IGMP"},
		Addresses: []string{"10.0.0.2", "10.0.0.3"}, VLAN: 99}}
	if d := cmp.Diff(want, cdp); d != "" {
		t.Error(d)
	}
	for _, none := range []string{"", "% LLDP is not enabled\n", "\nTotal entries displayed: 0\n"} {
		if got, err := ParseLLDPNeighbors(none); err != nil || got != nil {
			t.Errorf("%q: %v, %v", none, got, err)
		}
	}
	if _, err := ParseCDPNeighbors(invalid); err == nil {
		t.Error("a refusal has no neighbours")
	}
}

func TestParseMACTable(t *testing.T) {
	got, err := ParseMACTable(sampleMACs)
	if err != nil {
		t.Fatal(err)
	}
	want := []fabric.MACEntry{
		{MAC: "01:00:0c:cc:cc:cc", Type: "static", Ports: []string{"CPU"}},
		{VLAN: 20, MAC: "52:54:00:12:34:56", Type: "dynamic", Ports: []string{gi1}},
		{VLAN: 20, MAC: "52:54:00:12:34:57", Type: "dynamic", Ports: []string{po1}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if _, err := ParseMACTable(invalid); err == nil {
		t.Error("a refusal is no table")
	}
}

func TestParseOtherTables(t *testing.T) {
	channels, err := ParseEtherchannelSummary(sampleChannels)
	if d := cmp.Diff([]Etherchannel{{1, po1, "SU", "LACP", []EtherchannelMember{{"GigabitEthernet1/0/47", "P"}, {"GigabitEthernet1/0/48", "s"}, {"GigabitEthernet1/0/46", "P"}}}}, channels); d != "" || err != nil {
		t.Error(err, d)
	}
	trees, err := ParseSpanningTree(sampleTree)
	if d := cmp.Diff([]SpanningTree{{VLAN: 20, Instance: "VLAN0020", Protocol: "rstp", Root: true, Priority: 4116, Ports: []SpanningTreePort{
		{gi1, "Desg", "FWD", 4, 128, 1, "P2p Edge"}, {po1, "Desg", "BKN*", 3, 128, 64, "P2p"}}}}, trees); d != "" || err != nil {
		t.Error(err, d)
	}
	power, err := ParsePowerInline(samplePower)
	if d := cmp.Diff([]PortPower{{gi1, "auto", "on", "6.3", "IP Phone 8841", "2", "30.0"}, {gi2, "off", "off", "0.0", "n/a", "n/a", "30.0"}}, power); d != "" || err != nil {
		t.Error(err, d)
	}
	archive, err := ParseArchive(sampleArchive)
	if d := cmp.Diff(Archive{true, "flash:cfg-3", []string{"flash:cfg-1", "flash:cfg-2"}, "flash:cfg-2"}, archive); d != "" || err != nil {
		t.Error(err, d)
	}
	brief, err := ParseIPInterfaceBrief(sampleBrief)
	if d := cmp.Diff([]InterfaceBrief{{"Vlan20", "10.20.0.2", "up", "up"}, {gi1, "", "administratively down", "down"}}, brief); d != "" || err != nil {
		t.Error(err, d)
	}
	ifaces, err := ParseInterfaces(sampleInterfaces)
	if d := cmp.Diff([]Interface{{Name: gi1, Link: "up", Protocol: "up (connected)", Hardware: "Gigabit Ethernet", MAC: "0011.2233.4401", Description: "node1, rack 7",
		MTU: 1500, Bandwidth: "1000000 Kbit", Duplex: "Full-duplex", Speed: "1000Mb/s", Media: "10/100/1000BaseTX"}}, ifaces); d != "" || err != nil {
		t.Error(err, d)
	}
	for _, refused := range []func() error{
		func() error { _, err := ParseEtherchannelSummary(invalid); return err },
		func() error { _, err := ParseSpanningTree(invalid); return err },
		func() error { _, err := ParsePowerInline(invalid); return err },
		func() error { _, err := ParseArchive(invalid); return err },
		func() error { _, err := ParseIPInterfaceBrief(invalid); return err },
		func() error { _, err := ParseInterfaces(invalid); return err },
	} {
		if refused() == nil {
			t.Error("a refusal is read as an answer")
		}
	}
}
