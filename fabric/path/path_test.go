package path_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/cthulix/terraform-provider-cthulix/fabric/path"
)

const uplink = "GigabitEthernet1/0/48"

// config writes a running configuration around what a case is about.
func config(uplinkLines, more string) string {
	indent := func(s string) string { return " " + strings.ReplaceAll(strings.TrimSpace(s), "\n", "\n ") + "\n" }
	return `hostname leaf1
banner motd ^C
interface Vlan99
 ip address 10.9.9.9 255.255.255.0
^C
vlan 10
 name mgmt
!
vlan 20,30
!
interface GigabitEthernet1/0/1
 switchport access vlan 20
 switchport mode access
!
interface GigabitEthernet1/0/2
 switchport access vlan 20
 switchport mode access
!
interface ` + uplink + "\n" + indent(uplinkLines) + "!\n" + more + `
interface Vlan1
 no ip address
 shutdown
!
interface Vlan10
 ip address 10.0.0.2 255.255.255.0
!
ip default-gateway 10.0.0.1
end
`
}

const (
	accessUplink = "switchport access vlan 10\nswitchport mode access"
	nativeUplink = "switchport trunk native vlan 10\nswitchport trunk allowed vlan 10,20\nswitchport mode trunk"
	taggedUplink = "switchport trunk allowed vlan 10,20\nswitchport mode trunk"
	memberUplink = taggedUplink + "\nchannel-group 1 mode active"
	bundle       = `interface GigabitEthernet1/0/47
 switchport trunk allowed vlan 10,20
 switchport mode trunk
 channel-group 1 mode active
!
interface Port-channel1
 switchport trunk allowed vlan 10,20
 switchport mode trunk
!
`
)

func TestProve(t *testing.T) {
	dialled := path.Management{Address: netip.MustParseAddr("10.0.0.2"), ClientAddr: netip.MustParseAddr("192.0.2.7")}
	declared := dialled
	declared.Interface = "gi1/0/48"
	through := "interface " + uplink
	cases := []struct {
		name         string
		uplink, more string
		m            path.Management
		lines        []string
		cut          int    // number of the line that cuts, 0 for none
		why          string // part of the reason, or of Verdict.Why
		unproved     bool   // not refused, and not proved either
	}{
		{name: "nothing to do", uplink: taggedUplink, m: declared},
		{name: "other ports", uplink: taggedUplink, m: declared, lines: []string{
			"vlan 40", "name storage", "exit", "interface GigabitEthernet1/0/1", "description x", "switchport access vlan 40", "shutdown", "no vlan 20"}},

		{name: "access moved", uplink: accessUplink, m: declared, lines: []string{through, "switchport access vlan 20"}, cut: 2, why: "VLAN 20"},
		{name: "access removed", uplink: accessUplink, m: declared, lines: []string{through, "no switchport access vlan"}, cut: 2, why: "access port of VLAN 1"},
		{name: "access moved and back", uplink: accessUplink, m: declared,
			lines: []string{through, "switchport access vlan 20", "switchport access vlan 10"}, cut: 2},
		{name: "access to trunk, native later", uplink: accessUplink, m: declared,
			lines: []string{through, "switchport mode trunk", "switchport trunk native vlan 10"}, cut: 2, why: "becomes tagged"},
		{name: "access to trunk, native first", uplink: accessUplink, m: declared,
			lines: []string{through, "switchport trunk native vlan 10", "switchport mode trunk"}},
		{name: "description of the uplink", uplink: accessUplink, m: declared, lines: []string{through, "description shutdown", "no cdp enable"}},

		{name: "native changed", uplink: nativeUplink, m: declared, lines: []string{through, "switchport trunk native vlan 20"}, cut: 2, why: "untagged"},
		{name: "native removed", uplink: nativeUplink, m: declared, lines: []string{through, "no switchport trunk native vlan"}, cut: 2},
		{name: "native no longer allowed", uplink: nativeUplink, m: declared, lines: []string{through, "switchport trunk allowed vlan remove 10"}, cut: 2, why: "no longer allowed"},
		{name: "native tagged by all", uplink: nativeUplink, m: declared, lines: []string{"vlan dot1q tag native"}, cut: 1, why: "becomes tagged"},
		{name: "trunk native to access of it", uplink: nativeUplink, m: declared,
			lines: []string{through, "switchport access vlan 10", "switchport mode access"}},
		{name: "trunk native to access of another", uplink: nativeUplink, m: declared, lines: []string{through, "switchport mode access"}, cut: 2, why: "access port of VLAN 1"},

		{name: "tagged becomes native", uplink: taggedUplink, m: declared, lines: []string{through, "switchport trunk native vlan 10"}, cut: 2, why: "becomes untagged"},
		{name: "native of others", uplink: taggedUplink, m: declared, lines: []string{through, "switchport trunk native vlan 20"}},
		{name: "list widened and narrowed", uplink: taggedUplink, m: declared,
			lines: []string{through, "switchport trunk allowed vlan add 30", "switchport trunk allowed vlan remove 20"}},
		{name: "list replaced through none", uplink: taggedUplink, m: declared,
			lines: []string{through, "switchport trunk allowed vlan none", "switchport trunk allowed vlan add 10,30"}, cut: 2, why: "no longer allowed"},
		{name: "list replaced in one line", uplink: taggedUplink, m: declared, lines: []string{through, "switchport trunk allowed vlan 10,30"}},
		{name: "list without", uplink: taggedUplink, m: declared, lines: []string{through, "switchport trunk allowed vlan 20-30"}, cut: 2},
		{name: "list except", uplink: taggedUplink, m: declared, lines: []string{through, "switchport trunk allowed vlan except 10"}, cut: 2},
		{name: "list reset to all", uplink: taggedUplink, m: declared, lines: []string{through, "no switchport trunk allowed vlan"}},
		{name: "trunk to access", uplink: taggedUplink, m: declared, lines: []string{through, "switchport mode access"}, cut: 2, why: "access port"},
		{name: "trunk to dynamic", uplink: taggedUplink, m: declared, lines: []string{through, "switchport mode dynamic auto"}, cut: 2},
		{name: "encapsulation ISL", uplink: taggedUplink, m: declared, lines: []string{through, "switchport trunk encapsulation isl"}, cut: 2, why: "ISL"},

		{name: "shutdown", uplink: taggedUplink, m: declared, lines: []string{through, "shutdown", "no shutdown"}, cut: 2, why: "shut down"},
		{name: "shutdown in a range", uplink: taggedUplink, m: declared, lines: []string{"interface range Gi1/0/40 - 48 , Gi1/0/1", "shutdown"}, cut: 2},
		{name: "default interface", uplink: taggedUplink, m: declared, lines: []string{"default interface " + uplink}, cut: 1},
		{name: "no switchport", uplink: taggedUplink, m: declared, lines: []string{through, "no switchport"}, cut: 2, why: "routed port"},
		{name: "joins a port-channel", uplink: taggedUplink, m: declared, lines: []string{through, "channel-group 5 mode active"}, cut: 2, why: "joins Port-channel5"},
		{name: "speed", uplink: taggedUplink, m: declared, lines: []string{through, "speed 100"}, cut: 2, why: "speed"},
		{name: "bpduguard", uplink: taggedUplink, m: declared, lines: []string{through, "spanning-tree bpduguard enable"}, cut: 2, why: "BPDU"},
		{name: "bpduguard of an end host's port", uplink: accessUplink + "\nspanning-tree portfast", m: declared, lines: []string{through, "spanning-tree bpduguard enable"}},
		{name: "guard root", uplink: taggedUplink, m: declared, lines: []string{through, "spanning-tree guard root"}, cut: 2, why: "root"},
		{name: "port security", uplink: accessUplink, m: declared, lines: []string{through, "switchport port-security"}, cut: 2, why: "security"},
		{name: "nonegotiate", uplink: taggedUplink, m: declared, lines: []string{through, "switchport nonegotiate"}, unproved: true, why: "negotiates"},
		{name: "unknown line on the uplink", uplink: taggedUplink, m: declared, lines: []string{through, "frobnicate 7"}, unproved: true, why: "line 2"},
		{name: "unknown line elsewhere", uplink: taggedUplink, m: declared, lines: []string{"interface GigabitEthernet1/0/1", "frobnicate 7"}},
		{name: "unknown global line", uplink: taggedUplink, m: declared, lines: []string{"frobnicate"}, unproved: true, why: "line 1"},

		{name: "dynamic, as access", uplink: "switchport access vlan 10", m: declared, lines: []string{through, "switchport access vlan 20"}, cut: 2},
		{name: "dynamic, as trunk", uplink: "switchport access vlan 10", m: declared, lines: []string{through, "switchport mode access"}, cut: 2, why: "untagged"},

		{name: "channel removed", uplink: memberUplink, more: bundle, m: declared, lines: []string{"no interface Port-channel1"}, cut: 1, why: "no longer exists"},
		{name: "channel shut", uplink: memberUplink, more: bundle, m: declared, lines: []string{"interface Port-channel1", "shutdown"}, cut: 2},
		{name: "channel list", uplink: memberUplink, more: bundle, m: declared, lines: []string{"interface Port-channel1", "switchport trunk allowed vlan 20"}, cut: 2},
		{name: "channel list widened", uplink: memberUplink, more: bundle, m: declared, lines: []string{"interface Port-channel1", "switchport trunk allowed vlan add 30"}},
		{name: "one member shut", uplink: memberUplink, more: bundle, m: declared, lines: []string{through, "shutdown"}},
		{name: "one member leaves", uplink: memberUplink, more: bundle, m: declared, lines: []string{through, "no channel-group"}},
		{name: "both members leave", uplink: memberUplink, more: bundle, m: declared,
			lines: []string{through, "no channel-group", "interface GigabitEthernet1/0/47", "no channel-group"}, cut: 4, why: "no member"},
		{name: "one member leaves a static one", uplink: strings.Replace(memberUplink, "active", "on", 1), more: strings.ReplaceAll(bundle, "active", "on"), m: declared,
			lines: []string{through, "no channel-group"}, cut: 2, why: "goes on sending"},
		{name: "members moved one by one", uplink: memberUplink, more: bundle, m: declared,
			lines: []string{through, "channel-group 2 mode active", "interface GigabitEthernet1/0/47", "channel-group 2 mode active"}, cut: 4},
		{name: "members become static", uplink: memberUplink, more: bundle, m: declared,
			lines: []string{through, "channel-group 1 mode on", "interface GigabitEthernet1/0/47", "channel-group 1 mode on"}, cut: 4, why: "mode active to on"},
		{name: "members suspended", uplink: memberUplink, more: bundle, m: declared,
			lines: []string{through, "switchport mode access", "interface GigabitEthernet1/0/47", "switchport mode access"}, cut: 4, why: "suspended"},
		{name: "channel declared", uplink: memberUplink, more: bundle, m: path.Management{Interface: "po1"}, lines: []string{"interface Port-channel1", "no switchport"}, cut: 2},

		{name: "VLAN deleted", uplink: taggedUplink, m: declared, lines: []string{"no vlan 10"}, cut: 1, why: "VLAN 10 no longer exists"},
		{name: "VLAN deleted in a range", uplink: taggedUplink, m: declared, lines: []string{"no vlan 5-15"}, cut: 1},
		{name: "VLAN suspended", uplink: taggedUplink, m: declared, lines: []string{"vlan 10", "state suspend"}, cut: 2, why: "no longer forwards"},
		{name: "VLAN renamed", uplink: taggedUplink, m: declared, lines: []string{"vlan 10", "name shutdown"}},
		{name: "SVI shut", uplink: taggedUplink, m: declared, lines: []string{"interface Vlan10", "shutdown"}, cut: 2, why: "shut down"},
		{name: "SVI removed", uplink: taggedUplink, m: declared, lines: []string{"no interface Vlan10"}, cut: 1, why: "no longer exists"},
		{name: "SVI moved", uplink: taggedUplink, m: declared,
			lines: []string{"interface Vlan10", "no ip address", "interface Vlan20", "ip address 10.0.0.2 255.255.255.0"}, cut: 2, why: "10.0.0.2 is taken away"},
		{name: "address changed", uplink: taggedUplink, m: declared, lines: []string{"interface Vlan10", "ip address 10.0.0.3 255.255.255.0"}, cut: 2},
		{name: "address added", uplink: taggedUplink, m: declared, lines: []string{"interface Vlan10", "ip address 10.7.0.3 255.255.255.0 secondary", "ip helper-address 10.1.1.1"}},
		{name: "mask without the gateway", uplink: taggedUplink, m: declared, lines: []string{"interface Vlan10", "ip address 10.0.0.2 255.255.255.254"}, cut: 2, why: "gateway 10.0.0.1"},
		{name: "VRF", uplink: taggedUplink, m: declared, lines: []string{"interface Vlan10", "vrf forwarding X"}, cut: 2, why: "VRF"},
		{name: "access list", uplink: taggedUplink, m: declared, lines: []string{"interface Vlan10", "ip access-group 7 in"}, unproved: true, why: "access list"},
		{name: "gateway changed", uplink: taggedUplink, m: declared, lines: []string{"ip default-gateway 10.0.0.254"}, cut: 1, why: "10.0.0.1"},
		{name: "gateway changed, client near", uplink: taggedUplink, lines: []string{"ip default-gateway 10.0.0.254"},
			m: path.Management{Address: dialled.Address, ClientAddr: netip.MustParseAddr("10.0.0.77"), Interface: uplink}},

		{name: "only carrier", uplink: taggedUplink, m: dialled, lines: []string{through, "shutdown"}, cut: 2},
		{name: "only interface with an address", uplink: taggedUplink, lines: []string{"no vlan 10"}, cut: 1},
		{name: "SVI declared", uplink: taggedUplink, m: path.Management{Interface: "vlan 10"}, lines: []string{through, "shutdown"}, cut: 2},
		{name: "trunk is likelier than access", uplink: taggedUplink, more: "interface GigabitEthernet1/0/3\n switchport access vlan 10\n switchport mode access\n!\n", m: dialled,
			lines: []string{through, "switchport trunk allowed vlan 20"}, cut: 2, why: "no other trunk"},
		{name: "one of two trunks", uplink: taggedUplink, more: "interface GigabitEthernet1/0/3\n switchport mode trunk\n!\n", m: dialled,
			lines: []string{through, "switchport trunk allowed vlan 20"}, unproved: true, why: "which of 2 ports"},
		{name: "both trunks", uplink: taggedUplink, more: "interface GigabitEthernet1/0/3\n switchport mode trunk\n!\n", m: dialled,
			lines: []string{through, "switchport trunk allowed vlan 20", "interface GigabitEthernet1/0/3", "shutdown"}, cut: 4},
		{name: "one of two, the other has no link", uplink: taggedUplink, more: "interface GigabitEthernet1/0/3\n switchport mode trunk\n!\n",
			m: path.Management{Address: dialled.Address, Down: []string{"Gi1/0/3"}}, lines: []string{through, "shutdown"}, cut: 2},
		{name: "learned uplink", uplink: taggedUplink, more: "interface GigabitEthernet1/0/3\n switchport mode trunk\n!\n",
			m: path.Management{Address: dialled.Address, Uplink: "Gi1/0/3"}, lines: []string{through, "shutdown"}},

		{name: "declared and not there", uplink: taggedUplink, m: path.Management{Interface: "Vlan77"}, lines: []string{"no vlan 10"}, unproved: true, why: "Vlan77"},
		{name: "two interfaces, tunnel", uplink: taggedUplink, more: "interface Vlan20\n ip address 10.2.0.1 255.255.255.0\n!\n",
			m: path.Management{Address: netip.MustParseAddr("127.0.0.1")}, lines: []string{"no vlan 10"}, unproved: true, why: "Vlan10 and Vlan20"},
		{name: "two interfaces, uplink declared", uplink: taggedUplink, more: "interface Vlan20\n ip address 10.2.0.1 255.255.255.0\n!\n",
			m: path.Management{Interface: uplink}, lines: []string{"no vlan 20"}, cut: 1},
		{name: "management port", uplink: taggedUplink, more: "interface GigabitEthernet0/0\n vrf forwarding Mgmt-vrf\n ip address 10.5.0.2 255.255.255.0\n!\n",
			m: path.Management{Address: netip.MustParseAddr("10.5.0.2")}, lines: []string{"no vlan 10", through, "shutdown"}},
		{name: "management port shut", uplink: taggedUplink, more: "interface GigabitEthernet0/0\n vrf forwarding Mgmt-vrf\n ip address 10.5.0.2 255.255.255.0\n!\n",
			m: path.Management{Address: netip.MustParseAddr("10.5.0.2")}, lines: []string{"interface GigabitEthernet0/0", "shutdown"}, cut: 2},
		{name: "routed uplink", uplink: "no switchport\nip address 10.6.0.2 255.255.255.252", lines: []string{through, "switchport"}, cut: 2,
			m: path.Management{Address: netip.MustParseAddr("10.6.0.2")}, why: "switch port"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			v, err := path.Prove(observe(t, config(c.uplink, c.more)), c.lines, c.m)
			var cut *path.CutError
			errors.As(err, &cut)
			why := v.Why
			switch {
			case err != nil && cut == nil:
				t.Fatalf("error of another kind: %v", err)
			case c.cut == 0 && cut != nil:
				t.Fatalf("refused: %v", cut)
			case c.cut != 0 && cut == nil:
				t.Fatalf("not refused: %+v", v)
			case cut != nil:
				if cut.Number != c.cut || cut.Line != c.lines[c.cut-1] {
					t.Errorf("line %d is named (%q), line %d cuts: %v", cut.Number, cut.Line, c.cut, cut)
				}
				why = cut.Error()
			case v.Known == c.unproved:
				t.Errorf("known: %t, %+v", v.Known, v)
			}
			if !strings.Contains(why, c.why) {
				t.Errorf("%q does not say %q", why, c.why)
			}
		})
	}
}
