package ios

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

func saved(t *testing.T, text string) fabric.Observation {
	t.Helper()
	obs, err := Saved{Running: text}.Observation()
	if err != nil {
		t.Fatal(err)
	}
	return obs
}

func between(t *testing.T, from, to string) fabric.Change {
	t.Helper()
	obs := saved(t, from)
	c, err := Plan(obs, fabric.Between(obs.Config, saved(t, to).Config))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestSavedSession reads what a terminal kept: the command, the header, log
// lines, paging, carriage returns, and the prompt behind the end.
func TestSavedSession(t *testing.T) {
	text := strings.ReplaceAll(`edge-7#show running-config
Building configuration...

Current configuration : 4711 bytes
!
hostname edge-7
!
interface GigabitEthernet1/0/1
 switchport mode access
*Mar  1 00:12:31.004: %LINK-3-UPDOWN: Interface GigabitEthernet1/0/9, changed state to up
 switchport access vlan 31
 --More-- `+strings.Repeat("\b", 10)+strings.Repeat(" ", 10)+strings.Repeat("\b", 10)+` switchport voice vlan 32
!
end

edge-7#
edge-7#exit
`, "\n", "\r\n")
	p := saved(t, text).Ports["GigabitEthernet1/0/1"]
	if p.AccessVLAN != 31 || p.VoiceVLAN != 32 || p.Mode != fabric.ModeAccess {
		t.Errorf("got %+v", p)
	}
	for _, behind := range []string{"other#\n", "interface GigabitEthernet1/0/2\n", "edge-7 is down\n"} {
		if _, err := ParseRunning("hostname edge-7\nend\n" + behind); !errors.Is(err, ErrShortRead) {
			t.Errorf("%q behind the end: %v, want a short read", behind, err)
		}
	}
}

// TestNoIndentation refuses a text in which nobody can tell the lines of an
// interface from others.
func TestNoIndentation(t *testing.T) {
	_, err := ParseRunning("interface GigabitEthernet1/0/1\nswitchport mode access\nend\n")
	if !errors.Is(err, ErrShortRead) || !strings.Contains(err.Error(), "indentation") {
		t.Errorf("got %v", err)
	}
}

// TestRangeIsNoLine refuses what would be lost otherwise.
func TestRangeIsNoLine(t *testing.T) {
	if _, err := ParseRunning("interface range GigabitEthernet1/0/1 - 4\n shutdown\nend\n"); err == nil || !strings.Contains(err.Error(), "one by one") {
		t.Errorf("got %v", err)
	}
}

// TestPagingResidue reads a capture in which the wiped "--More--" left spaces
// before the first line of each page.
func TestPagingResidue(t *testing.T) {
	const page = "          "
	obs := saved(t, `hostname edge-7
interface GigabitEthernet1/0/1
 switchport access vlan 31
`+page+`!
`+page+`interface GigabitEthernet1/0/2
`+page+` description two
 switchport access vlan 32
`+page+`vlan 31
 name red
end
`)
	if a, b := obs.Ports["GigabitEthernet1/0/1"], obs.Ports["GigabitEthernet1/0/2"]; a.AccessVLAN != 31 || b.AccessVLAN != 32 || b.Description != "two" {
		t.Errorf("got %+v\n%+v", a, b)
	}
	if obs.VLANs[31].Name != "red" {
		t.Errorf("VLANs %+v", obs.VLANs)
	}
}

func TestFragment(t *testing.T) {
	const part = "interface GigabitEthernet1/0/1\n switchport access vlan 31\n"
	if _, err := (Saved{Running: part}).Observation(); !errors.Is(err, ErrShortRead) {
		t.Errorf("got %v, want a short read", err)
	}
	obs, err := Saved{Running: part, Fragment: true}.Observation()
	if err != nil || obs.Ports["GigabitEthernet1/0/1"].AccessVLAN != 31 {
		t.Errorf("a fragment: %v, %+v", err, obs.Ports)
	}
	if _, err := (Saved{Running: "banner motd ^C\nhello\n", Fragment: true}).Observation(); !errors.Is(err, ErrShortRead) {
		t.Errorf("a fragment that stops within a banner: %v", err)
	}
}

// TestSpellings are names as people write them, and an interface that comes
// twice.
func TestSpellings(t *testing.T) {
	obs := saved(t, `interface gigabitethernet1/0/1
 description one
interface Gi1/0/2
 switchport access vlan 5
interface port-channel 7
 switchport mode trunk
interface TwentyFiveGigE1/1/1
interface FiftyGigE1/1/2
interface AppGigabitEthernet1/0/1
interface vlan 12
 ip address 192.0.2.1 255.255.255.0
interface GigabitEthernet1/0/1
 switchport access vlan 6
interface GigabitEthernet1/0/1.5
 encapsulation dot1Q 5
end
`)
	want := []string{"GigabitEthernet1/0/1", "GigabitEthernet1/0/2", "Port-channel7", "TwentyFiveGigE1/1/1", "FiftyGigE1/1/2", "AppGigabitEthernet1/0/1"}
	if d := cmp.Diff(want, obs.Order); d != "" {
		t.Errorf("ports (-want +got):\n%s", d)
	}
	if p := obs.Ports["GigabitEthernet1/0/1"]; p.Description != "one" || p.AccessVLAN != 6 {
		t.Errorf("the interface that comes twice: %+v", p)
	}
	if len(obs.SVIs[12].Addresses) != 1 {
		t.Errorf("vlan 12: %+v", obs.SVIs)
	}
}

// TestDefaultsSpokenAloud are lines that a switch would not print: they are no
// difference to a port without them.
func TestDefaultsSpokenAloud(t *testing.T) {
	plain := "interface GigabitEthernet1/0/1\ninterface GigabitEthernet1/0/2\n switchport mode trunk\nend\n"
	spoken := `interface GigabitEthernet1/0/1
 no description
 switchport access vlan 1
 switchport mode dynamic auto
 no switchport trunk allowed vlan
 no spanning-tree portfast
 no shutdown
interface GigabitEthernet1/0/2
 switchport mode trunk
 switchport trunk native vlan 1
 switchport trunk allowed vlan 1-4094
end
`
	for _, way := range [][2]string{{plain, spoken}, {spoken, plain}} {
		if c := between(t, way[0], way[1]); way[0] == plain && !c.Empty() {
			t.Errorf("%q", c.Commands)
		} else if slices.ContainsFunc(c.Commands, func(l string) bool { return strings.Contains(l, "vlan") }) {
			t.Errorf("%q", c.Commands)
		}
	}
}

func TestAllowedInAnyOrder(t *testing.T) {
	p := ParsePort("GigabitEthernet1/0/1", []string{
		"switchport trunk allowed vlan add 300-302", "switchport trunk allowed vlan add 41",
		"switchport trunk allowed vlan 7,9", "switchport mode trunk",
	})
	if p.Allowed.String() != "7,9,41,300-302" {
		t.Errorf("got %s", p.Allowed)
	}
	p = ParsePort("GigabitEthernet1/0/1", []string{"switchport trunk allowed vlan add 7"})
	if !p.Allowed.IsAll() {
		t.Errorf("added to the default: %s, want all", p.Allowed)
	}
}

func TestVLANBlocksInAnyOrder(t *testing.T) {
	obs := saved(t, "vlan 20\n name blue\n state suspend\n shutdown\nvlan 10,20-22\nvlan configuration 10\n ip igmp snooping\nend\n")
	if v := obs.VLANs[20]; v.Name != "blue" || v.State != "sus/lshut" {
		t.Errorf("VLAN 20: %+v", v)
	}
	if len(obs.VLANs) != 5 { // and VLAN 1
		t.Errorf("VLANs %v", obs.VLANs)
	}
}

// TestUnknownVLANTable is a switch that keeps its VLANs in a file of its own:
// what its ports use is taken to be there, and left alone.
func TestUnknownVLANTable(t *testing.T) {
	const port = "interface GigabitEthernet1/0/1\n switchport mode access\n switchport access vlan "
	if v := saved(t, port+"31\nend\n").VLANs[31]; !v.Assumed {
		t.Errorf("VLAN 31: %+v, want it assumed", v)
	}
	c := between(t, port+"31\nend\n", port+"32\nend\n")
	if d := cmp.Diff([]string{"interface GigabitEthernet1/0/1", "switchport access vlan 32"}, c.Commands); d != "" {
		t.Errorf("commands (-want +got):\n%s", d)
	}
	c = between(t, "vlan 31\n name red\n"+port+"31\nend\n", "vlan 31\n name red\n"+port+"32\nend\n")
	if d := cmp.Diff([]string{"vlan 32", "exit", "interface GigabitEthernet1/0/1", "switchport access vlan 32"}, c.Commands); d != "" {
		t.Errorf("a table that is known (-want +got):\n%s", d)
	}
	c = between(t, "vlan 31\n name red\n"+port+"31\nend\n", port+"31\nend\n")
	if !c.Empty() {
		t.Errorf("VLAN 31 is in use on both sides: %q", c.Commands)
	}
}

// TestAddressIsNoLine is a router's port: that it routes is told by its address,
// which is left alone, and so is what follows from it.
func TestAddressIsNoLine(t *testing.T) {
	const head, addr = "interface GigabitEthernet0/1\n description a\n", " ip address 192.0.2.1 255.255.255.0\n"
	for name, way := range map[string][2]string{
		"an address comes": {head, head + addr}, "an address goes": {head + addr, head},
	} {
		if c := between(t, way[0]+"end\n", way[1]+"end\n"); !c.Empty() {
			t.Errorf("%s: %q", name, c.Commands)
		}
	}
	c := between(t, head+" no switchport\n"+addr+"end\n", head+"end\n")
	if d := cmp.Diff([]string{"interface GigabitEthernet0/1", "switchport"}, c.Commands); d != "" {
		t.Errorf("said aloud (-want +got):\n%s", d)
	}
}

// TestInterfaceComesBackWhole takes interfaces away and back again, with what is
// not managed on them, and without what nobody may see.
func TestInterfaceComesBackWhole(t *testing.T) {
	from := `vlan 12
interface Port-channel3
 no switchport
 ip address 198.51.100.1 255.255.255.0
 load-interval 30
interface Vlan12
 description twelve
 vrf forwarding blue
 ip address 192.0.2.1 255.255.255.0
 ip ospf authentication-key 7 0011223344
 ip access-group guests in
end
`
	c := between(t, from, "vlan 12\nend\n")
	if d := cmp.Diff([]string{"no interface Vlan12", "no interface Port-channel3"}, c.Commands); d != "" {
		t.Errorf("commands (-want +got):\n%s", d)
	}
	want := []string{
		"interface Port-channel3", "no switchport", "ip address 198.51.100.1 255.255.255.0", "load-interval 30",
		"interface Vlan12", "vrf forwarding blue", "description twelve", "ip address 192.0.2.1 255.255.255.0", "ip access-group guests in",
	}
	if d := cmp.Diff(want, c.Rollback); d != "" {
		t.Errorf("rollback (-want +got):\n%s", d)
	}
}

// TestVTPModeOfSaved is read from the configuration, where that tells it.
func TestVTPModeOfSaved(t *testing.T) {
	for text, want := range map[string]string{
		"vtp mode client\nend\n": "client", "vtp mode transparent\nend\n": "transparent", "hostname a\nend\n": "",
	} {
		obs := saved(t, text)
		if obs.VTPMode != want || obs.Capabilities.ExtendedVLANs != (want != "client") {
			t.Errorf("%q: mode %q, %+v", text, obs.VTPMode, obs.Capabilities)
		}
	}
}

// TestAccessToTrunk keeps a port in its access VLAN until it is a trunk: on the
// way to the switch, any other VLAN would cut it off.
func TestAccessToTrunk(t *testing.T) {
	const head = "vlan 10\nvlan 20\ninterface GigabitEthernet1/0/1\n"
	c := between(t, head+" switchport access vlan 10\n switchport mode access\nend\n",
		head+" switchport trunk native vlan 10\n switchport trunk allowed vlan 10,20\n switchport mode trunk\nend\n")
	want := []string{
		"interface GigabitEthernet1/0/1", "switchport trunk native vlan 10", "switchport trunk allowed vlan 10,20",
		"switchport mode trunk", "no switchport access vlan",
	}
	if d := cmp.Diff(want, c.Commands); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
