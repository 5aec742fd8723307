package path_test

import (
	"net/netip"
	"testing"

	"github.com/cthulix/terraform-provider-cthulix/fabric/path"
)

func TestLearn(t *testing.T) {
	obs := observe(t, config(taggedUplink, "interface GigabitEthernet1/0/3\n switchport mode trunk\n!\n"))
	m := path.Management{Address: netip.MustParseAddr("10.0.0.2"), ClientAddr: netip.MustParseAddr("192.0.2.7")}
	addr, vlan, ok := path.Neighbour(obs, m)
	if !ok || addr != netip.MustParseAddr("10.0.0.1") || vlan != 10 {
		t.Fatalf("the gateway is the neighbour of a far client: got %s, VLAN %d, %t", addr, vlan, ok)
	}
	m.ClientAddr = netip.MustParseAddr("10.0.0.77")
	if addr, _, ok = path.Neighbour(obs, m); !ok || addr != m.ClientAddr {
		t.Fatalf("a near client is its own neighbour: got %s, %t", addr, ok)
	}
	arp := "Protocol  Address          Age (min)  Hardware Addr   Type   Interface\n" +
		"Internet  10.0.0.7               12   0000.1111.2222  ARPA   Vlan10\n" +
		"Internet  10.0.0.77               1   30A3.30a3.a1c8  ARPA   Vlan10\n"
	mac, ok := path.ARPEntry(arp, addr)
	if !ok || mac != "30a3.30a3.a1c8" {
		t.Fatalf("got %q, %t", mac, ok)
	}
	for name, table := range map[string]string{
		"catalyst": "Vlan    Mac Address       Type        Ports\n----    -----------       --------    -----\n   1    30a3.30a3.a1c8    DYNAMIC     Gi1/0/9\n  10    30a3.30a3.a1c8    DYNAMIC     Gi1/0/48\n",
		"old":      "Destination Address  Address Type  VLAN  Destination Port\n30a3.30a3.a1c8       Dynamic         10  GigabitEthernet1/0/48\n",
		"modular":  "*   10  30a3.30a3.a1c8   dynamic  Yes        180   Gi1/0/48\n",
		"nexus":    "*   10     30a3.30a3.a1c8   dynamic  0         F      F    Gi1/0/48\n",
	} {
		if port, ok := path.Ingress(table, "", mac, 10); !ok || port != uplink {
			t.Errorf("%s: got %q, %t", name, port, ok)
		}
	}
	if port, ok := path.Ingress(" 10 30a3.30a3.a1c8 DYNAMIC Gi1/0/1\n 10 30a3.30a3.a1c8 DYNAMIC Gi1/0/2\n", "", mac, 10); ok {
		t.Errorf("two ports are no answer, got %q", port)
	}
	if port, ok := path.Ingress(" 10 30a3.30a3.a1c8 STATIC Vl10\n", "", mac, 10); ok {
		t.Errorf("the switch's own address has no port, got %q", port)
	}
}
