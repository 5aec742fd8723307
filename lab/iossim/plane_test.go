package iossim

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/cthulix/terraform-provider-cthulix/lab/wire"
)

// recorder is a plane that remembers what it was told.
type recorder struct {
	calls  int
	states map[string]wire.PortState
}

func (r *recorder) Configure(states map[string]wire.PortState) {
	r.calls++
	r.states = maps.Clone(states)
}

func TestConfigurationDrivesThePlane(t *testing.T) {
	const port = "GigabitEthernet1/0/1"
	plane := &recorder{}
	s := small(t, func(c *Config) { c.Plane = plane })
	access := func(vlan uint16) wire.PortState { return wire.PortState{Up: true, Access: vlan} }
	trunk := func(native uint16, allowed ...int) wire.PortState {
		return wire.PortState{Up: true, Mode: wire.Trunk, Native: native, Allowed: wire.VLANsOf(allowed...)}
	}
	if want := []string{"GigabitEthernet1/0/1", "GigabitEthernet1/0/2", "GigabitEthernet1/0/3", "GigabitEthernet1/0/4",
		"GigabitEthernet1/0/5", "GigabitEthernet1/0/6", "Vlan1"}; !slices.Equal(slices.Sorted(maps.Keys(plane.states)), want) {
		t.Errorf("ports %v", slices.Sorted(maps.Keys(plane.states)))
	}
	on := []string{"configure terminal", "interface " + port}
	for _, test := range []struct {
		lines []string
		want  wire.PortState
	}{
		{nil, access(1)},
		{[]string{"switchport access vlan 20"}, access(20)},
		{[]string{"no vlan 20"}, access(0)},
		{[]string{"vlan 20"}, access(20)},
		{[]string{"vlan 20", "state suspend"}, access(0)},
		{[]string{"vlan 20", "state active"}, access(20)},
		{[]string{"vlan 20", "shutdown"}, access(0)},
		{[]string{"vlan 20", "no shutdown"}, access(20)},
		{[]string{"shutdown"}, wire.PortState{Access: 20}},
		{[]string{"no shutdown", "description nothing to forward"}, access(20)},
		{[]string{"switchport mode trunk"}, trunk(1, 1, 20)},
		{[]string{"switchport trunk allowed vlan 20,30"}, trunk(1, 20)},
		{[]string{"vlan 30"}, trunk(1, 20, 30)},
		{[]string{"switchport trunk native vlan 40"}, trunk(0, 20, 30)},
		{[]string{"switchport trunk native vlan 30"}, trunk(30, 20, 30)},
		{[]string{"switchport trunk allowed vlan none"}, trunk(30)},
		{[]string{"switchport mode dynamic desirable"}, access(20)},
		{[]string{"switchport access vlan 1003"}, access(0)},
		{[]string{"default interface " + port}, access(1)},
	} {
		if _, err := s.Exec(slices.Concat(on, test.lines)...); err != nil {
			t.Fatal(err)
		}
		if got := plane.states[port]; got != test.want {
			t.Errorf("after %q: %+v, want %+v", test.lines, got, test.want)
		}
	}

	calls := plane.calls
	if _, err := s.Exec("configure terminal", "hostname other", "interface "+port, "description x", "end", "show vlan"); err != nil {
		t.Fatal(err)
	}
	if plane.calls != calls {
		t.Error("the plane was told of a change that is none for it")
	}
	if _, err := s.Exec("conf t", "interface vlan 30", "ip address 10.0.0.1 255.255.255.0", "shutdown"); err != nil {
		t.Fatal(err)
	}
	if got := plane.states["Vlan30"]; got != (wire.PortState{Access: 30}) {
		t.Errorf("Vlan30: %+v", got)
	}
	if err := s.Reload(); err != nil {
		t.Fatal(err)
	}
	if _, ok := plane.states["Vlan30"]; ok || plane.states[port] != access(1) {
		t.Errorf("after a reload: %+v", plane.states)
	}
}

func TestISLModel(t *testing.T) {
	s := small(t, func(c *Config) { c.Profile = "WS-C3560X-48T-S" })
	on := []string{"conf t", "interface gi0/1"}
	got, err := s.Exec(append(on, "switchport mode trunk")...)
	if err == nil {
		t.Fatalf("trunk without encapsulation: %s", got)
	}
	if _, err := s.Exec("conf t", "interface range gi0/1 - 2", "switchport trunk encapsulation dot1q", "switchport mode trunk", "interface gi0/3", "no switchport", "ip address 10.0.0.1 255.0.0.0"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Exec(append(on, "no switchport trunk encapsulation")...); err == nil {
		t.Error("a trunk's encapsulation was taken away")
	}
	got, err = s.Exec("show running-config | section ^interface GigabitEthernet0/[13]$")
	if want := "leaf1#show running-config | section ^interface GigabitEthernet0/[13]$\ninterface GigabitEthernet0/1\n" +
		" switchport trunk encapsulation dot1q\n switchport mode trunk\ninterface GigabitEthernet0/3\n no switchport\n ip address 10.0.0.1 255.0.0.0\n"; got != want || err != nil {
		t.Errorf("%v\n%s, want\n%s", err, got, want)
	}
}

// A port that switches has no address, and does not get the old one back.
func TestLayerTakesAddress(t *testing.T) {
	for _, model := range []string{"WS-C3560X-48T-S", "N9K-C93180YC-EX"} {
		s, err := New(Config{Profile: model})
		if err != nil {
			t.Fatal(err)
		}
		lines := []string{"interface GigabitEthernet0/1", "no switchport", "ip address 10.1.2.3 255.255.255.0"}
		if s.profile.NXOS {
			lines = []string{"interface Ethernet1/1", "no switchport", "ip address 10.1.2.3/24"}
		}
		if _, err := s.Exec(slices.Concat([]string{"configure terminal"}, lines, []string{"switchport", "no switchport"})...); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(s.RunningConfig(), "10.1.2.3") {
			t.Errorf("%s: a switch port kept its address", model)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for name, cfg := range map[string]Config{
		"model":     {Hostname: "leaf1", Profile: "WS-C1900"},
		"ports":     {Hostname: "leaf1", Ports: 49},
		"host name": {Hostname: "leaf one"},
	} {
		if _, err := New(cfg); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestFlashSurvivesTheProcess(t *testing.T) {
	flash := DirFlash(t.TempDir())
	s := small(t, func(c *Config) { c.Flash = flash; c.Startup = "interface GigabitEthernet1/0/3\n description first\n" })
	if _, err := s.Exec("conf t", "vlan 20", "name cluster", "int gi1/0/1", "sw acc vlan 20", "do wr", "hostname lost"); err != nil {
		t.Fatal(err)
	}
	saved := s.StartupConfig()
	again := small(t, func(c *Config) { c.Flash = flash; c.Startup = "hostname ignored\n" })
	if got := again.RunningConfig(); got != saved {
		t.Errorf("loaded\n%s, want\n%s", got, saved)
	}
	if got, _ := again.Exec("show vlan id 20"); again.db.name(20) != "cluster" {
		t.Errorf("VLANs: %s", got)
	}
}

func TestStartupLinesThatAreNotTaken(t *testing.T) {
	s := small(t, func(c *Config) {
		c.Startup = "hostname spine\n!\nnonsense here\ninterface GigabitEthernet1/0/99\n description lost\ninterface GigabitEthernet1/0/2\n switchport access vlan 50\nend\n"
	})
	got, err := s.Exec("show running-config interface gi1/0/2", "show vlan id 50")
	if err != nil {
		t.Fatal(err)
	}
	if s.run.hostname != "spine" || s.run.ifaces["GigabitEthernet1/0/2"].access != 50 || s.db.exists(50) {
		t.Errorf("loaded as %s", got)
	}
}
