package nxos

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

func between(t *testing.T, from, to string) fabric.Change {
	t.Helper()
	a, err := Observe(from)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Observe(to)
	if err != nil {
		t.Fatal(err)
	}
	c, err := Plan(a, fabric.Between(a.Config, b.Config))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestSpellings are names and indentations as people write them.
func TestSpellings(t *testing.T) {
	obs, err := Observe(`feature lacp
interface ethernet1/1
 switchport mode trunk
 switchport trunk allowed vlan add 9
 switchport trunk allowed vlan 7
interface Eth1/2/3
	switchport access vlan 5
	shutdown force
interface Port-Channel 7
  no description
  no switchport access vlan
interface mgmt0
`)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"Ethernet1/1", "Ethernet1/2/3", "Port-channel7"}, obs.Order); d != "" {
		t.Errorf("ports (-want +got):\n%s", d)
	}
	if p := obs.Ports["Ethernet1/1"]; p.Mode != fabric.ModeTrunk || p.Allowed.String() != "7,9" {
		t.Errorf("the first: %+v", p)
	}
	if p := obs.Ports["Ethernet1/2/3"]; p.AccessVLAN != 5 || !p.Shutdown || len(p.Other) != 0 {
		t.Errorf("the second: %+v", p)
	}
	if p := obs.Ports["Port-channel7"]; len(p.Other) != 0 {
		t.Errorf("the third: %+v", p)
	}
}

func TestAddressIsNoLine(t *testing.T) {
	const head, addr = "feature lacp\ninterface Ethernet1/1\n  description a\n", "  ip address 192.0.2.1/24\n"
	if c := between(t, head, head+addr); !c.Empty() {
		t.Errorf("an address comes: %q", c.Commands)
	}
}

// TestPortChannelComesBackWhole takes a port-channel away and back again, with
// what is not managed on it.
func TestPortChannelComesBackWhole(t *testing.T) {
	c := between(t, "feature lacp\ninterface port-channel3\n  switchport mode trunk\n  vpc 3\n", "feature lacp\n")
	if d := cmp.Diff([]string{"interface port-channel3", "switchport mode trunk", "vpc 3", "exit"}, c.Rollback); d != "" {
		t.Errorf("rollback (-want +got):\n%s", d)
	}
}

func TestFragment(t *testing.T) {
	const part = "!Command: show running-config\nfeature lacp\ninterface Ethernet1/1\n"
	if _, err := Observe(part); err == nil {
		t.Error("a capture without its end was read")
	}
	if _, err := (Saved{Running: part, Fragment: true}).Observation(); err != nil {
		t.Error(err)
	}
}
