package dialect_test

import (
	"slices"
	"testing"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
	"github.com/cthulix/terraform-provider-cthulix/fabric/dialect"
)

func TestPlan(t *testing.T) {
	port := fabric.Port{Mode: fabric.ModeAccess, AccessVLAN: 1, NativeVLAN: 1, Allowed: fabric.AllVLANs()}
	want := fabric.Want{Ports: map[string]fabric.Port{"Ethernet1/1": {Mode: fabric.ModeAccess, PortFast: true}}}
	for platform, line := range map[string]string{"nxos": "spanning-tree port type edge", "ios": "spanning-tree portfast", "": "spanning-tree portfast"} {
		obs := fabric.Observation{Platform: platform, Config: fabric.Config{
			VLANs: map[int]fabric.VLAN{1: {ID: 1}}, Ports: map[string]fabric.Port{"Ethernet1/1": port}, Order: []string{"Ethernet1/1"}}}
		c, err := dialect.Plan(obs, want)
		if err != nil || !slices.Contains(c.Commands, line) {
			t.Errorf("%q: %q, %v", platform, c.Commands, err)
		}
	}
}
