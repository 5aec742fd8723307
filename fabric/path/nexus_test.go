package path_test

import (
	"errors"
	"net/netip"
	"testing"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
	"github.com/cthulix/terraform-provider-cthulix/fabric/path"
)

const nexusRunning = `
version 9.3(10)
hostname nx1
feature interface-vlan
feature lacp
vlan 1,10,20
vrf context management
  ip route 0.0.0.0/0 172.30.0.1
ip route 0.0.0.0/0 10.0.0.1

interface Vlan1

interface Vlan10
  no shutdown
  ip address 10.0.0.2/24

interface port-channel5
  switchport mode trunk

interface Ethernet1/1
  switchport mode trunk
  channel-group 5 mode active

interface mgmt0
  vrf member management
  ip address 172.30.0.5/24
line console
line vty
`

func TestProveNexus(t *testing.T) {
	trunk := fabric.Port{Mode: fabric.ModeTrunk, AccessVLAN: 1, NativeVLAN: 1, Allowed: fabric.AllVLANs()}
	member := trunk
	member.Channel = &fabric.ChannelMember{Group: 5, Mode: fabric.ChannelActive}
	obs := fabric.Observation{Platform: "nxos", Running: nexusRunning, Config: fabric.Config{
		VLANs: map[int]fabric.VLAN{1: {ID: 1}, 10: {ID: 10}, 20: {ID: 20}},
		Ports: map[string]fabric.Port{"port-channel5": trunk, "Ethernet1/1": member,
			"Ethernet1/2": {Mode: fabric.ModeAccess, AccessVLAN: 20, NativeVLAN: 1, Allowed: fabric.AllVLANs()}},
	}}
	inBand := path.Management{Address: netip.MustParseAddr("10.0.0.2"), Interface: "Eth1/1"}
	outOfBand := path.Management{Address: netip.MustParseAddr("172.30.0.5")}
	for name, c := range map[string]struct {
		m     path.Management
		lines []string
		cut   int
	}{
		"in band, another port": {inBand, []string{"interface Ethernet1/2", "no switchport"}, 0},
		"list":                  {inBand, []string{"interface port-channel5", "switchport trunk allowed vlan 20"}, 2},
		"last member":           {inBand, []string{"interface Ethernet1/1", "no channel-group"}, 2},
		"feature lacp":          {inBand, []string{"no feature lacp"}, 1},
		"feature SVI":           {inBand, []string{"no feature interface-vlan"}, 1},
		"feature more":          {inBand, []string{"feature lldp"}, 0},
		"SVI shut":              {inBand, []string{"interface Vlan10", "shutdown"}, 2},
		"mgmt0, all else goes":  {outOfBand, []string{"no vlan 10", "no feature interface-vlan", "interface port-channel5", "shutdown"}, 0},
		"mgmt0 shut":            {outOfBand, []string{"interface mgmt0", "shutdown"}, 2},
	} {
		v, err := path.Prove(obs, c.lines, c.m)
		var cut *path.CutError
		if errors.As(err, &cut); c.cut == 0 && (err != nil || !v.Known) || c.cut != 0 && (cut == nil || cut.Number != c.cut) {
			t.Errorf("%s: %+v, %v", name, v, err)
		}
	}
}
