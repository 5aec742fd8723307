package nxos_test

import (
	"fmt"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
	"github.com/cthulix/terraform-provider-cthulix/fabric/nxos"
)

// A port joins a port-channel that is yet to be made: the feature comes first,
// and the port is like the port-channel before it joins.
func ExamplePlan() {
	obs, err := nxos.Observe("version 9.3(10)\nhostname nx1\nvlan 1,10\ninterface Ethernet1/1\n\ninterface Ethernet1/2\n  no switchport\nline vty\n")
	if err != nil {
		fmt.Println(err)
		return
	}
	change, err := nxos.Plan(obs, fabric.Want{Ports: map[string]fabric.Port{
		"port-channel5": {Mode: fabric.ModeAccess, AccessVLAN: 10},
		"Ethernet1/1":   {Channel: &fabric.ChannelMember{Group: 5, Mode: fabric.ChannelActive}},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, line := range change.Commands {
		fmt.Println(line)
	}
	// Output:
	// feature lacp
	// interface port-channel5
	// switchport access vlan 10
	// exit
	// interface Ethernet1/1
	// switchport access vlan 10
	// channel-group 5 mode active
	// exit
}
