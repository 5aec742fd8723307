package ios_test

import (
	"fmt"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
	"github.com/cthulix/terraform-provider-cthulix/fabric/ios"
)

// A plan needs no switch: a saved configuration will do.
func Example() {
	cfg, err := ios.ParseRunning(`hostname leaf1
!
interface GigabitEthernet1/0/1
 switchport trunk allowed vlan 10,20
 switchport mode trunk
!
end
`)
	if err != nil {
		fmt.Println(err)
		return
	}
	allowed, _ := fabric.ParseVLANSet("20,30")
	change, err := ios.Plan(fabric.Observation{Config: cfg}, fabric.Want{
		VLANs: map[int]fabric.VLAN{30: {Name: "storage"}},
		Ports: map[string]fabric.Port{"GigabitEthernet1/0/1": {Mode: fabric.ModeTrunk, Allowed: allowed, Description: "spine1"}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, line := range change.Commands {
		fmt.Println(line)
	}
	fmt.Println("-- and back:")
	for _, line := range change.Rollback {
		fmt.Println(line)
	}
	// Output:
	// vlan 30
	// name storage
	// exit
	// interface GigabitEthernet1/0/1
	// description spine1
	// switchport trunk allowed vlan add 30
	// switchport trunk allowed vlan remove 10
	// -- and back:
	// interface GigabitEthernet1/0/1
	// no description
	// switchport trunk allowed vlan add 10
	// switchport trunk allowed vlan remove 30
	// exit
	// no vlan 30
}

// Two ports become a port-channel. They follow it: only the port-channel is told
// its mode and VLANs.
func ExamplePlan_portChannel() {
	cfg, err := ios.ParseRunning("hostname leaf1\ninterface GigabitEthernet1/0/47\ninterface GigabitEthernet1/0/48\nend\n")
	if err != nil {
		fmt.Println(err)
		return
	}
	allowed, _ := fabric.ParseVLANSet("20-29")
	member := fabric.Port{Channel: &fabric.ChannelMember{Group: 1, Mode: fabric.ChannelActive}}
	change, err := ios.Plan(fabric.Observation{Config: cfg}, fabric.Want{Ports: map[string]fabric.Port{
		"Port-channel1":         {Mode: fabric.ModeTrunk, Allowed: allowed},
		"GigabitEthernet1/0/47": member,
		"GigabitEthernet1/0/48": member,
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, line := range change.Commands {
		fmt.Println(line)
	}
	// Output:
	// interface Port-channel1
	// switchport trunk allowed vlan 20-29
	// switchport mode trunk
	// interface GigabitEthernet1/0/47
	// switchport trunk allowed vlan 20-29
	// switchport mode trunk
	// channel-group 1 mode active
	// interface GigabitEthernet1/0/48
	// switchport trunk allowed vlan 20-29
	// switchport mode trunk
	// channel-group 1 mode active
}
