package nxos

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

func readFile(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestParseRunning(t *testing.T) {
	cfg, nexus, err := ParseRunning(readFile(t, "running-switched.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Hostname != "nx1" || !nexus.Has("lacp") || nexus.Has("vpc") || nexus.RoutedPorts || nexus.PortsDown || !nexus.RoutedPortsDown {
		t.Errorf("host %q, %+v", cfg.Hostname, nexus)
	}
	if got := cfg.VLANs[301]; got.Name != "storage" || got.State != "suspended" {
		t.Errorf("VLAN 301: %+v", got)
	}
	if got := cfg.VLANs[302]; got.Name != "VLAN0302" || len(cfg.VLANs) != 8 {
		t.Errorf("%d VLANs, VLAN 302: %+v", len(cfg.VLANs), got)
	}
	trunk := cfg.Ports["Ethernet1/2"]
	want, _ := fabric.ParseVLANSet("11,14-15,192,301,550,700,2001-2003,2032-2034,2064,2128,2140,2150,2180,2240-2241,3239")
	if trunk.Mode != fabric.ModeTrunk || trunk.Allowed != want || trunk.NativeVLAN != 301 || !trunk.PortFast {
		t.Errorf("trunk over several lines: %+v", trunk)
	}
	if broken := cfg.Ports["Ethernet1/3"]; broken.Allowed.String() != "1500,1812,1882" {
		t.Errorf("a list that the terminal broke: %s", broken.Allowed)
	}
	if routed := cfg.Ports["Ethernet1/4"]; !routed.Routed || routed.Shutdown {
		t.Errorf("routed: %+v", routed)
	}
	if shut := cfg.Ports["Ethernet1/5"]; !shut.Shutdown || shut.Description != "spare" {
		t.Errorf("shut: %+v", shut)
	}
	member := cfg.Ports["Ethernet1/6"]
	if member.Group() != 10 || member.Channel.Mode != fabric.ChannelActive || member.MTU != 9216 {
		t.Errorf("member: %+v", member)
	}
	if blank := cfg.Ports["Ethernet1/7"]; blank.Mode != fabric.ModeAccess || blank.AccessVLAN != 1 || !blank.Allowed.IsAll() || blank.Routed {
		t.Errorf("a port without lines: %+v", blank)
	}
	nested := cfg.Ports["Ethernet1/8"]
	if nested.Shutdown || nested.Description != "" || !slices.Contains(nested.Lines, "  shutdown") {
		t.Errorf("lines of a block within are not the port's own: %+v", nested)
	}
	if _, ok := cfg.Ports["Ethernet9/9"]; ok || len(cfg.Ports) != 9 {
		t.Errorf("the banner was read as configuration, or ports are missing: %v", cfg.Order)
	}
}

func TestRoutedDefault(t *testing.T) {
	cfg, nexus, err := ParseRunning(readFile(t, "running-routed.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if !nexus.RoutedPorts || !nexus.PortsDown {
		t.Errorf("defaults: %+v", nexus)
	}
	if p := cfg.Ports["Ethernet1/1"]; p.Routed || p.Mode != fabric.ModeTrunk || p.Shutdown {
		t.Errorf("trunk: %+v", p)
	}
	if p := cfg.Ports["Ethernet1/2"]; !p.Routed || !p.Shutdown {
		t.Errorf("a port without lines is routed and down: %+v", p)
	}
	if p := cfg.Ports["Ethernet1/3"]; !p.Shutdown {
		t.Errorf("a switch port without `no shutdown` is down: %+v", p)
	}
}

func TestSystemDefaults(t *testing.T) {
	for text, want := range map[string]fabric.Nexus{
		"system default switchport\ninterface Ethernet1/1\n":                                      {},
		"no system default switchport\ninterface Ethernet1/1\n":                                   {RoutedPorts: true},
		"system default switchport\nsystem default switchport shutdown\ninterface Ethernet1/1\n":  {PortsDown: true},
		"no system default switchport shutdown\ninterface Ethernet1/1\n  switchport mode trunk\n": {},
		"interface Ethernet1/1\n  ip address 10.0.0.1/24\n":                                       {RoutedPorts: true},
		"interface Ethernet1/1\n  no switchport\n  ip address 10.0.0.1/24\n  no shutdown\n":       {RoutedPortsDown: true},
	} {
		_, got, err := ParseRunning(text)
		if err != nil {
			t.Fatal(err)
		}
		if got.RoutedPorts != want.RoutedPorts || got.PortsDown != want.PortsDown || got.RoutedPortsDown != want.RoutedPortsDown {
			t.Errorf("%q: %+v", text, got)
		}
	}
	_, n, err := ParseRunning("system vlan 2000 reserve\n")
	if err != nil || n.ReservedVLANs.String() != "2000-2127" {
		t.Errorf("reserved: %v, %v", n.ReservedVLANs, err)
	}
}

func TestShortRead(t *testing.T) {
	whole := readFile(t, "running-switched.txt")
	if !Complete(whole) {
		t.Error("the whole text is not taken as such")
	}
	at := strings.Index(whole, "interface Ethernet1/7")
	for _, text := range []string{"", whole[:at], whole[:strings.Index(whole, "interface Ethernet9/9")]} {
		if _, _, err := ParseRunning(text); !errors.Is(err, ErrShortRead) {
			t.Errorf("%d bytes of %d: %v", len(text), len(whole), err)
		}
		if Complete(text) {
			t.Errorf("%d bytes of %d are taken for a whole configuration", len(text), len(whole))
		}
	}
}

func FuzzParseRunning(f *testing.F) {
	f.Add(readFile(f, "running-switched.txt"))
	f.Add(readFile(f, "running-routed.txt"))
	f.Add("interface Ethernet1/1\n  switchport trunk allowed vlan\n12,\nvlan 1-")
	f.Fuzz(func(t *testing.T, text string) {
		obs, err := Observe(text)
		if err != nil {
			return
		}
		want := fabric.Want{Restore: map[string][]string{}}
		for name, p := range obs.Ports {
			want.Restore[name] = p.Lines
			if p.Allowed.IsZero() || p.AccessVLAN < 0 {
				t.Fatalf("%s: values are missing: %+v", name, p)
			}
		}
		// What a switch has is never a reason to change it.
		c, err := Plan(obs, want)
		if err == nil && !c.Empty() {
			t.Fatalf("a change from what is to what is: %q", c.Commands)
		}
	})
}

func FuzzTables(f *testing.F) {
	f.Add("VLAN Name                             Status    Ports\n1    default                          active    Eth1/2\n")
	f.Add("Name: Ethernet1/1\n  Trunking VLANs Allowed: 1-4094\n")
	f.Add("Group Port-       Type     Protocol  Member Ports\n1     Po1(RU)     Eth      LACP      Eth1/1(P)\n")
	f.Add("Port          Name               Status    Vlan      Duplex  Speed   Type\nEth1/1 -- connected trunk full 10G --\n")
	f.Add("  NXOS: version 9.3(15)\n  cisco Nexus3000 C3232C Chassis\n")
	f.Fuzz(func(_ *testing.T, text string) {
		_, _ = ParseVLANs(text)
		_, _ = ParseSwitchports(text)
		_, _ = ParseChannels(text)
		_, _ = ParseStatus(text)
		_, _ = ParseVersion(text)
	})
}
