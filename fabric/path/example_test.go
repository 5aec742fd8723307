package path_test

import (
	"fmt"
	"net/netip"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
	"github.com/cthulix/terraform-provider-cthulix/fabric/path"
)

// A change that would take the management VLAN off the only trunk, if only for
// one line, is refused.
func ExampleProve() {
	allowed, _ := fabric.ParseVLANSet("10,20")
	obs := fabric.Observation{Config: fabric.Config{
		VLANs: map[int]fabric.VLAN{1: {ID: 1}, 10: {ID: 10, Name: "mgmt"}, 20: {ID: 20}},
		Ports: map[string]fabric.Port{"GigabitEthernet1/0/48": {Mode: fabric.ModeTrunk, NativeVLAN: 1, Allowed: allowed}},
		SVIs:  map[int]fabric.SVI{10: {VLAN: 10, Addresses: []netip.Prefix{netip.MustParsePrefix("10.0.0.2/24")}}},
	}}
	_, err := path.Prove(obs, []string{
		"interface GigabitEthernet1/0/48",
		"switchport trunk allowed vlan none",
		"switchport trunk allowed vlan add 10,30",
	}, path.Management{Address: netip.MustParseAddr("10.0.0.2")})
	fmt.Println(err)
	// Output: line 2 of 3, "switchport trunk allowed vlan none" (interface GigabitEthernet1/0/48), would cut the management path Vlan10 (10.0.0.2), VLAN 10 tagged through GigabitEthernet1/0/48: VLAN 10 is no longer allowed on GigabitEthernet1/0/48
}
