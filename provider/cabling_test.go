package provider

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

func TestHostElsewhere(t *testing.T) {
	const mac, other = "52:54:00:00:00:01", "52:54:00:00:00:02"
	ports := map[string]fabric.Port{
		"Gi1": {}, "Gi2": {}, "Port-channel5": {},
		"Gi3": {Channel: &fabric.ChannelMember{Group: 5, Mode: fabric.ChannelActive}},
	}
	learned := func(mac string, on ...string) fabric.MACEntry {
		return fabric.MACEntry{VLAN: 20, MAC: mac, Type: "dynamic", Ports: on}
	}
	for name, c := range map[string]struct {
		seen cabling
		port string
		want []string
	}{
		"not seen":          {cabling{}, "Gi1", nil},
		"where it is":       {cabling{addresses: []fabric.MACEntry{learned(mac, "Gi1")}}, "Gi1", nil},
		"another host":      {cabling{addresses: []fabric.MACEntry{learned(other, "Gi1")}}, "Gi2", nil},
		"on another port":   {cabling{addresses: []fabric.MACEntry{learned(mac, "Gi2")}}, "Gi1", []string{"Gi2: its address " + mac + " is learned there in VLAN 20"}},
		"both":              {cabling{addresses: []fabric.MACEntry{learned(mac, "Gi2"), learned(mac, "Gi1")}}, "Gi1", nil},
		"by its bundle":     {cabling{addresses: []fabric.MACEntry{learned(mac, "Port-channel5")}}, "Gi3", nil},
		"the processor":     {cabling{addresses: []fabric.MACEntry{learned(mac, "CPU")}}, "Gi1", nil},
		"its own word":      {cabling{neighbors: []fabric.Neighbor{{Protocol: "lldp", LocalPort: "Gi2", Name: "node1"}}}, "Gi1", []string{"Gi2: it says so itself, by lldp"}},
		"its chassis":       {cabling{neighbors: []fabric.Neighbor{{Protocol: "lldp", LocalPort: "Gi2", ChassisID: mac}}}, "Gi1", []string{"Gi2: it says so itself, by lldp"}},
		"somebody's word":   {cabling{neighbors: []fabric.Neighbor{{Protocol: "cdp", LocalPort: "Gi2", Name: "node2"}}}, "Gi1", nil},
		"an old image says": {cabling{neighbors: []fabric.Neighbor{{Protocol: "cdp", Name: "node1"}}}, "Gi1", nil},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, c.seen.elsewhere("node1", []string{mac}, c.port, ports)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
