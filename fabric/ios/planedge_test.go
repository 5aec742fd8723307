package ios

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// TestPlanEdges: what random switches and wishes found.
func TestPlanEdges(t *testing.T) {
	net := func(s string) []netip.Prefix { return []netip.Prefix{netip.MustParsePrefix(s)} }
	const trunked = "interface Port-channel1\n switchport mode trunk\n!\n"
	active := &fabric.ChannelMember{Group: 1, Mode: fabric.ChannelActive}
	ports := func(p map[string]fabric.Port) fabric.Want { return fabric.Want{Ports: p} }
	for _, tc := range []struct {
		name, text     string
		want           fabric.Want
		commands, back string
		path           string // of the error
	}{
		{name: "a level that the want does not name is left alone", text: "interface Gi\n storm-control broadcast level 5.00\n!\n",
			want: ports(map[string]fabric.Port{gi1: {}})},
		{name: "the best of all priorities is one, too", want: fabric.Want{Global: fabric.Global{SpanningTreePriority: map[int]fabric.VLANSet{0: mustSet(t, "10")}}},
			commands: "spanning-tree vlan 10 priority 0", back: "no spanning-tree vlan 10 priority"},
		{name: "a switch that prints its default mode has it", text: "spanning-tree mode pvst\n!\n",
			want: fabric.Want{Global: fabric.Global{SpanningTreeMode: "default"}}},
		{name: "a member of a trunk is an edge port in the form for trunks", text: trunked + "interface Gi\n",
			want:     ports(map[string]fabric.Port{gi1: {Channel: active, PortFast: true}}),
			commands: "interface Gi/switchport mode trunk/spanning-tree portfast trunk/channel-group 1 mode active",
			back:     "interface Gi/no channel-group/no switchport mode/no spanning-tree portfast trunk"},
		{name: "a new port-channel is like the member that says something",
			want: ports(map[string]fabric.Port{gi1: {Channel: active}, gi2: {Mode: fabric.ModeAccess, Channel: active}}),
			text: "interface Gi\ninterface GigabitEthernet1/0/2\n",
			commands: "interface Port-channel1/switchport mode access/interface Gi/switchport mode access/channel-group 1 mode active/" +
				"interface GigabitEthernet1/0/2/switchport mode access/channel-group 1 mode active",
			back: "interface Gi/no channel-group/interface GigabitEthernet1/0/2/no channel-group/interface Gi/no switchport mode/" +
				"interface GigabitEthernet1/0/2/no switchport mode/exit/no interface Port-channel1"},
		{name: "the members of a new port-channel disagree", text: "interface Gi\ninterface GigabitEthernet1/0/2\n",
			want: ports(map[string]fabric.Port{gi1: {Mode: fabric.ModeTrunk, Channel: active}, gi2: {Mode: fabric.ModeAccess, Channel: active}}),
			path: `ports["` + gi2 + `"]`},
		{name: "a dynamic port is to negotiate nothing", text: "interface Gi\n",
			want: ports(map[string]fabric.Port{gi1: {Negotiate: fabric.Disable}}), path: `ports["` + gi1 + `"].negotiate`},
		{name: "a dynamic port is to be secure", text: "interface Gi\n",
			want: ports(map[string]fabric.Port{gi1: {PortSecurity: fabric.PortSecurity{Enabled: fabric.Enable}}}), path: `ports["` + gi1 + `"].port_security.enabled`},
		{name: "a network moves to another interface", text: "interface Vlan20\n ip address 10.0.0.1 255.255.255.0\n!\ninterface Vlan10\n no ip address\n",
			want:     fabric.Want{SVIs: map[int]fabric.SVI{10: {Addresses: net("10.0.0.2/24")}, 20: {Addresses: []netip.Prefix{}}}},
			commands: "interface Vlan20/no ip address/interface Vlan10/ip address 10.0.0.2 255.255.255.0",
			back:     "interface Vlan10/no ip address/interface Vlan20/ip address 10.0.0.1 255.255.255.0"},
		{name: "two interfaces swap networks", text: "interface Vlan10\n ip address 10.0.0.1 255.255.255.0\n!\ninterface Vlan20\n ip address 10.0.1.1 255.255.255.0\n",
			want: fabric.Want{SVIs: map[int]fabric.SVI{10: {Addresses: net("10.0.1.1/24")}, 20: {Addresses: net("10.0.0.1/24")}}},
			commands: "interface Vlan10/no ip address/interface Vlan20/no ip address/interface Vlan10/ip address 10.0.1.1 255.255.255.0/" +
				"interface Vlan20/ip address 10.0.0.1 255.255.255.0",
			back: "interface Vlan10/no ip address/interface Vlan20/no ip address/interface Vlan10/ip address 10.0.0.1 255.255.255.0/" +
				"interface Vlan20/ip address 10.0.1.1 255.255.255.0"},
		{name: "an interface that goes makes room", text: "interface Vlan20\n ip address 10.0.0.1 255.255.255.0\n!\ninterface Vlan10\n",
			want:     fabric.Want{SVIs: map[int]fabric.SVI{10: {Addresses: net("10.0.0.1/24")}}, AbsentSVIs: []int{20}},
			commands: "no interface Vlan20/interface Vlan10/ip address 10.0.0.1 255.255.255.0",
			back:     "interface Vlan10/no ip address/interface Vlan20/ip address 10.0.0.1 255.255.255.0"},
		{name: "a network that another interface keeps", text: "interface Vlan20\n ip address 10.0.0.1 255.255.255.0\n!\ninterface Vlan10\n",
			want: fabric.Want{SVIs: map[int]fabric.SVI{10: {Addresses: net("10.0.0.2/24")}}}, path: `svis["10"].addresses`},
		{name: "the way back of an interface that goes has what is not managed, but for secrets",
			text:     "interface Vlan20\n ip address 10.0.0.1 255.255.255.0\n ip access-group MGMT in\n standby 1 authentication md5 key-string geheim\n",
			want:     fabric.Want{AbsentSVIs: []int{20}},
			commands: "no interface Vlan20", back: "interface Vlan20/ip address 10.0.0.1 255.255.255.0/ip access-group MGMT in"},
		{name: "and so has that of a port-channel", text: "interface Port-channel1\n switchport mode trunk\n ip arp inspection trust\n",
			want:     fabric.Want{AbsentChannels: []int{1}},
			commands: "no interface Port-channel1", back: "interface Port-channel1/switchport mode trunk/ip arp inspection trust"},
		{name: "a port goes back to a VLAN that is not there, and leaves none behind", text: "interface Gi\n switchport access vlan 30\n switchport mode access\n",
			want:     ports(map[string]fabric.Port{gi1: {Mode: fabric.ModeAccess, AccessVLAN: 1}}),
			commands: "interface Gi/no switchport access vlan", back: "interface Gi/switchport access vlan 30/exit/no vlan 30"},
		{name: "a trunk's access VLAN would come to be", text: "interface Gi\n switchport mode trunk\n",
			want: ports(map[string]fabric.Port{gi1: {Mode: fabric.ModeTrunk, AccessVLAN: 30}}), path: `ports["` + gi1 + `"].access_vlan`},
		{name: "a routed port that is known by its address alone", text: "interface Gi\n ip address 10.0.0.1 255.255.255.0\n",
			want: ports(map[string]fabric.Port{gi1: {Description: "a"}}), commands: "interface Gi/description a", back: "interface Gi/no description"},
		{name: "nothing, too, is said to a member that lost it to its port-channel",
			text:     "interface Port-channel1\n switchport trunk allowed vlan 10\n!\ninterface Gi\n switchport trunk allowed vlan none\n channel-group 1 mode active\n",
			want:     ports(map[string]fabric.Port{po1: {}}),
			commands: "interface Port-channel1/switchport trunk allowed vlan all/interface Gi/switchport trunk allowed vlan none",
			back:     "interface Port-channel1/switchport trunk allowed vlan 10/interface Gi/switchport trunk allowed vlan none"},
		{name: "a member that is told anew what it was calls up no VLAN",
			text:     "interface Port-channel1\n switchport access vlan 10\n!\ninterface Gi\n switchport access vlan 30\n channel-group 1 mode active\n",
			want:     ports(map[string]fabric.Port{po1: {}}),
			commands: "interface Port-channel1/no switchport access vlan/interface Gi/switchport access vlan 30/exit/no vlan 30",
			back:     "interface Port-channel1/switchport access vlan 10/interface Gi/switchport access vlan 30/exit/no vlan 10/no vlan 30"},
		{name: "who joins a trunk calls up no VLAN that the trunk does not use",
			text:     "interface Port-channel1\n switchport access vlan 30\n switchport mode trunk\n!\ninterface Gi\n",
			want:     ports(map[string]fabric.Port{gi1: {Channel: active}}),
			commands: "interface Gi/switchport mode trunk/channel-group 1 mode active",
			back:     "interface Gi/no channel-group/no switchport mode"},
		{name: "nor does a new port-channel", text: "interface Gi\n switchport access vlan 30\n switchport mode trunk\n",
			want:     ports(map[string]fabric.Port{gi1: {Mode: fabric.ModeTrunk, Channel: active}}),
			commands: "interface Port-channel1/switchport mode trunk/interface Gi/no switchport access vlan/channel-group 1 mode active",
			back:     "interface Gi/no channel-group/interface Gi/switchport access vlan 30/exit/no interface Port-channel1/no vlan 30"},
		{name: "a member that becomes a trunk has an encapsulation",
			text: "interface Port-channel1\n switchport trunk encapsulation isl\n switchport mode access\n!\ninterface Gi\n switchport mode access\n channel-group 1 mode active\n",
			want: ports(map[string]fabric.Port{po1: {Mode: fabric.ModeTrunk}}),
			commands: "interface Port-channel1/switchport trunk encapsulation dot1q/switchport mode trunk/" +
				"interface Gi/switchport trunk encapsulation dot1q",
			back: "interface Port-channel1/switchport trunk encapsulation isl/switchport mode access/interface Gi/no switchport trunk encapsulation"},
		{name: "a member that stays shut goes along to the other layer",
			text:     "interface Port-channel1\n no switchport\n!\ninterface Gi\n no switchport\n shutdown\n channel-group 1 mode active\n",
			want:     ports(map[string]fabric.Port{po1: {Mode: fabric.ModeTrunk, Shutdown: true}}),
			commands: "interface Port-channel1/shutdown/switchport/switchport mode trunk/interface Gi/shutdown",
			back:     "interface Port-channel1/no switchport mode/no switchport/no shutdown/interface Gi/shutdown"},
		{name: "a dynamic member is not told to cease negotiating",
			text:     "interface Port-channel1\n switchport mode access\n!\ninterface Gi\n channel-group 1 mode active\n",
			want:     ports(map[string]fabric.Port{po1: {Mode: fabric.ModeAccess, Negotiate: fabric.Disable}}),
			commands: "interface Port-channel1/switchport nonegotiate/interface Gi/no switchport nonegotiate",
			back:     "interface Port-channel1/no switchport nonegotiate/interface Gi/no switchport nonegotiate"},
		{name: "a member that must not negotiate does not follow into a dynamic mode",
			text:     "interface Port-channel1\n switchport mode access\n!\ninterface Gi\n switchport mode access\n switchport nonegotiate\n channel-group 1 mode active\n",
			want:     ports(map[string]fabric.Port{po1: {}}),
			commands: "interface Port-channel1/no switchport mode/interface Gi/no switchport nonegotiate/no switchport mode",
			back:     "interface Port-channel1/switchport mode access/interface Gi/switchport nonegotiate"},
		{name: "a routed port-channel takes nothing over that is for switching",
			text:     "interface Gi\n no switchport\n switchport access vlan 30\n switchport trunk allowed vlan none\n",
			want:     ports(map[string]fabric.Port{gi1: {Channel: active, Allowed: fabric.AllVLANs()}}),
			commands: "interface Port-channel1/no switchport/interface Gi/channel-group 1 mode active",
			back:     "interface Gi/no channel-group/exit/no interface Port-channel1"},
		{name: "to join would cost a port its address", text: trunked + "interface Gi\n no switchport\n ip address 10.0.0.1 255.255.255.0\n",
			want: ports(map[string]fabric.Port{gi1: {Channel: active}}), path: `ports["` + gi1 + `"].channel`},
		{name: "the members of a new port-channel disagree, one of them by a default", text: "interface Gi\ninterface GigabitEthernet1/0/2\n",
			want: ports(map[string]fabric.Port{gi1: {NativeVLAN: 10, Channel: active}, gi2: {NativeVLAN: 1, Channel: active}}), path: `ports["` + gi2 + `"]`},
		{name: "a port-channel takes its members along into a VLAN that is to go",
			text: trunked + "interface Gi\n switchport access vlan 30\n switchport mode trunk\n channel-group 1 mode active\n",
			want: fabric.Want{AbsentVLANs: []int{30}, Ports: map[string]fabric.Port{po1: {}}}, path: `absent_vlans["30"]`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			text := "hostname leaf1\n!\n" + strings.ReplaceAll(tc.text, "interface Gi\n", "interface "+gi1+"\n") + "!\nend\n"
			const vlans = "\nVLAN Name                             Status    Ports\n---- -------------------------------- --------- ----\n1    default                          active    \n"
			obs, err := Saved{Running: text, VLANBrief: vlans}.Observation()
			if err != nil {
				t.Fatal(err)
			}
			c, err := Plan(obs, tc.want)
			if len(c.Unmet) > 0 {
				err = fabric.FieldErrors(c.Unmet)
			}
			var field *fabric.FieldError
			if errors.As(err, &field) != (tc.path != "") || tc.path != "" && field.PathString() != tc.path {
				t.Fatalf("got %v, want an error at %q", err, tc.path)
			}
			if tc.path != "" {
				return
			}
			say := func(lines []string) string {
				return strings.ReplaceAll(strings.Join(lines, "/"), "interface "+gi1+"/", "interface Gi/")
			}
			if undo, err := Plan(obs, c.Undo); err != nil || !undo.Empty() {
				t.Errorf("the undo is not where it leads to: %v %q", err, undo.Commands)
			}
			if got := say(c.Commands); got != tc.commands {
				t.Errorf("commands\n got %s\nwant %s", got, tc.commands)
			}
			if got := say(c.Rollback); got != tc.back {
				t.Errorf("rollback\n got %s\nwant %s", got, tc.back)
			}
		})
	}
}
