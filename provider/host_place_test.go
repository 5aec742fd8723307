package provider

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

func TestMisplaced(t *testing.T) {
	const boot, other = "52:54:00:00:00:01", "52:54:00:00:00:02"
	on := func(mac, system, port string) ophub.NIC {
		return ophub.NIC{Name: "eth-" + mac[15:], MAC: mac, Neighbors: []ophub.Neighbor{{System: system, Port: port}}}
	}
	for name, c := range map[string]struct {
		nics []ophub.NIC
		want []string
	}{
		"nothing heard":            {nil, nil},
		"where it is":              {[]ophub.NIC{on(boot, "leaf1", "Gi1/0/1")}, nil},
		"with its domain":          {[]ophub.NIC{on(boot, "leaf1.example.net", "Gi1/0/1")}, nil},
		"another port":             {[]ophub.NIC{on(boot, "leaf1", "Gi1/0/2")}, []string{"eth-01 (" + boot + "): port GigabitEthernet1/0/2 of leaf1"}},
		"another switch":           {[]ophub.NIC{on(boot, "leaf2.example.net", "Gi1/0/1")}, []string{"eth-01 (" + boot + "): port GigabitEthernet1/0/1 of leaf2"}},
		"a switch of other name":   {[]ophub.NIC{on(boot, "sw-rack7", "Gi1/0/2")}, nil},
		"another interface":        {[]ophub.NIC{on(other, "leaf1", "Gi1/0/2")}, nil},
		"a phone, too":             {[]ophub.NIC{on(boot, "SEP001122334455", "Port 1"), on(boot, "leaf1", "Gi1/0/1")}, nil},
		"a bundle's other half":    {[]ophub.NIC{on(boot, "leaf1", "Gi1/0/2"), on(boot, "leaf1", "Gi1/0/1")}, nil},
		"a port that is no port's": {[]ophub.NIC{on(boot, "leaf1", "???")}, nil},
	} {
		known := func(s string) bool { return s == "leaf1" || s == "leaf2" }
		got := misplaced(&ophub.Inventory{NICs: c.nics}, []string{boot}, "leaf1", "GigabitEthernet1/0/1", known)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if got := misplaced(nil, []string{boot}, "leaf1", "GigabitEthernet1/0/1", func(string) bool { return true }); got != nil {
		t.Errorf("of nothing: %q", got)
	}
}
