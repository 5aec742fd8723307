package ios

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

const gi3, po1 = "GigabitEthernet1/0/3", "Port-channel1"

func text(s string) *string { return &s }

func TestPlanWideLines(t *testing.T) {
	trunk := fabric.Port{Mode: fabric.ModeTrunk, Allowed: mustSet(t, "10,20")}
	active := &fabric.ChannelMember{Group: 1, Mode: fabric.ChannelActive}
	bundle := []string{"interface Port-channel1", "switchport mode trunk", "switchport trunk allowed vlan 10",
		"interface " + gi1, "switchport mode trunk", "switchport trunk allowed vlan 10", "channel-group 1 mode active",
		"interface " + gi2, "switchport mode trunk", "switchport trunk allowed vlan 10", "channel-group 1 mode active"}
	for _, tc := range []struct {
		name     string
		start    []string
		isl      bool
		want     fabric.Want
		commands []string
		rollback []string
	}{
		{
			name: "the port-channel comes before its members, who are made like it",
			isl:  true,
			want: fabric.Want{Ports: map[string]fabric.Port{po1: trunk, gi1: {Channel: active}, gi2: {Channel: active}}},
			commands: []string{"interface Port-channel1", "switchport trunk encapsulation dot1q", "switchport trunk allowed vlan 10,20", "switchport mode trunk",
				"interface " + gi1, "switchport trunk encapsulation dot1q", "switchport trunk allowed vlan 10,20", "switchport mode trunk", "channel-group 1 mode active",
				"interface " + gi2, "switchport trunk encapsulation dot1q", "switchport trunk allowed vlan 10,20", "switchport mode trunk", "channel-group 1 mode active"},
			rollback: []string{
				"interface " + gi1, "no channel-group", "interface " + gi2, "no channel-group",
				"interface " + gi1, "no switchport mode", "no switchport trunk allowed vlan", "no switchport trunk encapsulation",
				"interface " + gi2, "no switchport mode", "no switchport trunk allowed vlan", "no switchport trunk encapsulation", "exit", "no interface Port-channel1"},
		},
		{
			name:     "members follow what changes on the port-channel",
			start:    bundle,
			want:     fabric.Want{Ports: map[string]fabric.Port{po1: trunk, gi1: {Channel: active}, gi2: {Channel: active}}},
			commands: []string{"interface Port-channel1", "switchport trunk allowed vlan add 20"},
			rollback: []string{"interface Port-channel1", "switchport trunk allowed vlan remove 20"},
		},
		{
			name:     "a member alone brings its port-channel with it",
			start:    []string{"interface " + gi1, "switchport mode access"},
			want:     fabric.Want{Ports: map[string]fabric.Port{gi1: {Channel: active}}},
			commands: []string{"interface Port-channel1", "switchport mode access", "interface " + gi1, "channel-group 1 mode active"},
			rollback: []string{"interface " + gi1, "no channel-group", "exit", "no interface Port-channel1"},
		},
		{
			name:     "active to passive in place",
			start:    bundle,
			want:     fabric.Want{Ports: map[string]fabric.Port{gi2: {Channel: &fabric.ChannelMember{Group: 1, Mode: fabric.ChannelPassive}}}},
			commands: []string{"interface " + gi2, "channel-group 1 mode passive"},
			rollback: []string{"interface " + gi2, "channel-group 1 mode active"},
		},
		{
			name:  "a protocol changes for all at once",
			start: bundle,
			want: fabric.Want{Ports: map[string]fabric.Port{gi1: {Channel: &fabric.ChannelMember{Group: 1, Mode: fabric.ChannelOn}},
				gi2: {Channel: &fabric.ChannelMember{Group: 1, Mode: fabric.ChannelOn}}}},
			commands: []string{"interface " + gi1, "no channel-group", "interface " + gi2, "no channel-group",
				"interface " + gi1, "channel-group 1 mode on", "interface " + gi2, "channel-group 1 mode on"},
			rollback: []string{"interface " + gi1, "no channel-group", "interface " + gi2, "no channel-group",
				"interface " + gi1, "channel-group 1 mode active", "interface " + gi2, "channel-group 1 mode active"},
		},
		{
			name:  "a port-channel goes after its members have left",
			start: bundle,
			want: fabric.Want{AbsentChannels: []int{1}, Ports: map[string]fabric.Port{
				gi1: {Mode: fabric.ModeTrunk, Allowed: mustSet(t, "10"), Channel: &fabric.ChannelMember{}},
				gi2: {Mode: fabric.ModeTrunk, Allowed: mustSet(t, "10"), Channel: &fabric.ChannelMember{}}}},
			commands: []string{"interface " + gi1, "no channel-group", "interface " + gi2, "no channel-group", "exit", "no interface Port-channel1"},
			rollback: []string{"interface Port-channel1", "switchport trunk allowed vlan 10", "switchport mode trunk",
				"interface " + gi1, "channel-group 1 mode active", "interface " + gi2, "channel-group 1 mode active"},
		},
		{
			name:  "what a host port has besides",
			start: []string{"vlan 7", "vlan 20"},
			want: fabric.Want{Ports: map[string]fabric.Port{gi1: {
				Mode: fabric.ModeAccess, AccessVLAN: 20, VoiceVLAN: 7, Negotiate: fabric.Disable, BPDUGuard: fabric.Enable, GuardRoot: fabric.Enable, PortFast: true,
				StormControl:      fabric.StormControl{Broadcast: "5", Action: "trap"},
				PortSecurity:      fabric.PortSecurity{Enabled: fabric.Enable, Maximum: 2, Violation: "restrict", Sticky: fabric.Enable},
				DHCPSnoopingTrust: fabric.Enable, LLDP: fabric.PortLLDP{Transmit: fabric.Disable}, CDP: fabric.Disable,
				PoE: fabric.PoE{Mode: "static", MaxMilliwatts: 15400}, Speed: "100", Duplex: "full", MTU: 9000}}},
			commands: []string{"interface " + gi1, "switchport access vlan 20", "switchport mode access", "switchport nonegotiate", "switchport voice vlan 7",
				"switchport port-security maximum 2", "switchport port-security violation restrict", "switchport port-security mac-address sticky", "switchport port-security",
				"speed 100", "duplex full", "mtu 9000", "power inline static max 15400", "storm-control broadcast level 5", "storm-control action trap",
				"ip dhcp snooping trust", "no lldp transmit", "no cdp enable", "spanning-tree bpduguard enable", "spanning-tree guard root", "spanning-tree portfast"},
			rollback: []string{"interface " + gi1, "no switchport port-security", "no switchport nonegotiate", "no switchport access vlan", "no switchport mode", "no switchport voice vlan",
				"no switchport port-security maximum", "no switchport port-security violation", "no switchport port-security mac-address sticky",
				"no duplex", "no speed", "no mtu", "power inline auto", "no storm-control broadcast level", "no storm-control action trap",
				"no ip dhcp snooping trust", "lldp transmit", "cdp enable", "no spanning-tree bpduguard", "no spanning-tree guard", "no spanning-tree portfast"},
		},
		{
			name:     "what the want does not name stays",
			start:    []string{"vlan 7", "interface " + gi1, "switchport mode access", "switchport voice vlan 7", "storm-control broadcast level 5", "power inline never", "speed 100"},
			want:     fabric.Want{Ports: map[string]fabric.Port{gi1: {Mode: fabric.ModeAccess, StormControl: fabric.StormControl{Broadcast: "5.0"}}}},
			commands: nil,
		},
		{
			name:     "nonegotiate is in the way of a dynamic mode",
			start:    []string{"interface " + gi1, "switchport mode trunk", "switchport nonegotiate"},
			want:     fabric.Want{Ports: map[string]fabric.Port{gi1: {Mode: fabric.ModeDynamicAuto}}},
			commands: []string{"interface " + gi1, "no switchport nonegotiate", "switchport mode dynamic auto"},
			rollback: []string{"interface " + gi1, "switchport mode trunk", "switchport nonegotiate"},
		},
		{
			name:     "an SVI after its VLAN, and gone before it",
			want:     fabric.Want{VLANs: map[int]fabric.VLAN{30: {}}, SVIs: map[int]fabric.SVI{30: {Addresses: []netip.Prefix{netip.MustParsePrefix("10.30.0.1/24")}, Helpers: []netip.Addr{netip.MustParseAddr("192.0.2.9")}, Description: text("gateway")}}},
			commands: []string{"vlan 30", "exit", "interface Vlan30", "description gateway", "ip address 10.30.0.1 255.255.255.0", "ip helper-address 192.0.2.9"},
			rollback: []string{"no interface Vlan30", "no vlan 30"},
		},
		{
			name: "a primary address changes in one line, and secondary ones stand around it",
			start: []string{"interface Vlan30", "description keep", "ip address 10.0.0.1 255.255.255.0", "ip address 10.0.1.1 255.255.255.0 secondary",
				"ip helper-address 192.0.2.1", "ip helper-address 192.0.2.2"},
			want: fabric.Want{SVIs: map[int]fabric.SVI{30: {
				Addresses: []netip.Prefix{netip.MustParsePrefix("10.0.1.1/24"), netip.MustParsePrefix("10.0.0.1/24")},
				Helpers:   []netip.Addr{netip.MustParseAddr("192.0.2.2"), netip.MustParseAddr("192.0.2.3")}, Shutdown: fabric.Enable}}},
			commands: []string{"interface Vlan30", "shutdown", "no ip address 10.0.1.1 255.255.255.0 secondary", "ip address 10.0.1.1 255.255.255.0",
				"ip address 10.0.0.1 255.255.255.0 secondary", "ip helper-address 192.0.2.3", "no ip helper-address 192.0.2.1"},
			rollback: []string{"interface Vlan30", "no ip address 10.0.0.1 255.255.255.0 secondary", "ip address 10.0.0.1 255.255.255.0",
				"ip address 10.0.1.1 255.255.255.0 secondary", "ip helper-address 192.0.2.1", "no ip helper-address 192.0.2.3", "no shutdown"},
		},
		{
			name:  "a port is trusted before DHCP is watched, and until it is not",
			start: []string{"vlan 20", "exit", "spanning-tree vlan 10,20 priority 8192"},
			want: fabric.Want{Ports: map[string]fabric.Port{gi1: {DHCPSnoopingTrust: fabric.Enable}},
				Global: fabric.Global{DHCPSnooping: fabric.DHCPSnooping{Enabled: fabric.Enable, VLANs: mustSet(t, "20-22")}, SpanningTreeMode: "rapid-pvst",
					SpanningTreePriority: map[int]fabric.VLANSet{4096: mustSet(t, "20,30"), 32768: mustSet(t, "10")}, LLDP: fabric.Enable, CDP: fabric.Disable,
					DefaultGateway: netip.MustParseAddr("10.0.0.1")}},
			commands: []string{"spanning-tree mode rapid-pvst", "no spanning-tree vlan 10 priority", "spanning-tree vlan 20,30 priority 4096", "lldp run", "no cdp run",
				"interface " + gi1, "ip dhcp snooping trust", "exit", "ip dhcp snooping vlan 20-22", "ip dhcp snooping", "ip default-gateway 10.0.0.1"},
			rollback: []string{"no ip dhcp snooping", "spanning-tree mode pvst", "no spanning-tree vlan 30 priority", "spanning-tree vlan 10,20 priority 8192", "no lldp run", "cdp run",
				"interface " + gi1, "no ip dhcp snooping trust", "exit", "no ip dhcp snooping vlan 20-22", "no ip default-gateway 10.0.0.1"},
		},
		{
			name:     "a VLAN is suspended",
			start:    []string{"vlan 20", "name a"},
			want:     fabric.Want{VLANs: map[int]fabric.VLAN{20: {Name: "a", State: fabric.VLANSuspend}}},
			commands: []string{"vlan 20", "state suspend", "exit"},
			rollback: []string{"vlan 20", "state active", "exit"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := newFakeSwitch("leaf1", 3)
			f.isl = tc.isl
			enter(t, f, tc.start)
			before := f.running() + f.showVLANs()
			c, err := Plan(observe(t, f), tc.want)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tc.commands, c.Commands); d != "" {
				t.Errorf("commands (-want +got):\n%s", d)
			}
			if d := cmp.Diff(tc.rollback, c.Rollback); d != "" {
				t.Errorf("rollback (-want +got):\n%s", d)
			}
			enter(t, f, c.Commands)
			after := observe(t, f)
			if left, err := Plan(after, tc.want); err != nil || !left.Empty() {
				t.Errorf("still to do: %q, %v", left.Commands, err)
			}
			back, err := Plan(after, c.Undo)
			if err != nil {
				t.Fatal(err)
			}
			enter(t, f, back.Commands)
			if d := cmp.Diff(before, f.running()+f.showVLANs()); d != "" {
				t.Errorf("the undo %q leaves (-before +after):\n%s", back.Commands, d)
			}
		})
	}
}

func TestPlanWideRefuses(t *testing.T) {
	f := newFakeSwitch("leaf1", 3)
	enter(t, f, []string{"interface Port-channel1", "switchport mode trunk", "interface " + gi1, "switchport mode trunk", "channel-group 1 mode active"})
	obs := observe(t, f)
	on := &fabric.ChannelMember{Group: 1, Mode: fabric.ChannelOn}
	for _, tc := range []struct {
		name string
		want fabric.Want
		path string
	}{
		{"two protocols", fabric.Want{Ports: map[string]fabric.Port{gi2: {Channel: on}}}, `ports["GigabitEthernet1/0/2"].channel`},
		{"unlike the bundle", fabric.Want{Ports: map[string]fabric.Port{gi1: {Mode: fabric.ModeAccess}}}, `ports["GigabitEthernet1/0/1"]`},
		{"no mode", fabric.Want{Ports: map[string]fabric.Port{gi2: {Channel: &fabric.ChannelMember{Group: 1}}}}, `ports["GigabitEthernet1/0/2"].channel`},
		{"into a bundle that goes", fabric.Want{AbsentChannels: []int{2}, Ports: map[string]fabric.Port{gi2: {Channel: &fabric.ChannelMember{Group: 2, Mode: fabric.ChannelOn}}}}, `ports["GigabitEthernet1/0/2"].channel`},
		{"dynamic without a word", fabric.Want{Ports: map[string]fabric.Port{gi2: {Mode: fabric.ModeDynamicAuto, Negotiate: fabric.Disable}}}, `ports["GigabitEthernet1/0/2"].negotiate`},
		{"level", fabric.Want{Ports: map[string]fabric.Port{gi2: {StormControl: fabric.StormControl{Broadcast: "a lot"}}}}, `ports["GigabitEthernet1/0/2"].storm_control.broadcast`},
		{"speed", fabric.Want{Ports: map[string]fabric.Port{gi2: {Speed: "fast"}}}, `ports["GigabitEthernet1/0/2"].speed`},
		{"address", fabric.Want{SVIs: map[int]fabric.SVI{10: {Addresses: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24")}}}}, `svis["10"].addresses`},
		{"SVI of VLAN 1", fabric.Want{AbsentSVIs: []int{1}}, `absent_svis["1"]`},
		{"priority", fabric.Want{Global: fabric.Global{SpanningTreePriority: map[int]fabric.VLANSet{100: mustSet(t, "1")}}}, `global["spanning_tree_priority"]`},
		{"state", fabric.Want{VLANs: map[int]fabric.VLAN{20: {State: "asleep"}}}, `vlans["20"].state`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := Plan(obs, tc.want)
			var fe *fabric.FieldError
			if !errors.As(err, &fe) {
				t.Fatalf("got %v, want a field error", err)
			}
			if fe.PathString() != tc.path {
				t.Errorf("path %s, want %s (%v)", fe.PathString(), tc.path, err)
			}
		})
	}
}

// TestPlanWideProperty goes from random states to random wants over everything
// that the model has, with members that join, leave and move.
func TestPlanWideProperty(t *testing.T) {
	for i := range uint64(300) {
		rng := rand.New(rand.NewPCG(3, i))
		f := newFakeSwitch("leaf1", 5)
		f.isl = rng.IntN(3) == 0
		f.vtp = []string{"server", "transparent"}[rng.IntN(2)]
		for step := range 2 {
			want := randomWideWant(rng, f)
			before := f.running() + f.showVLANs()
			untouched := strings.Join(f.ports[f.portAt(4)].lines(), "\n")
			c, err := Plan(observe(t, f), want)
			if errors.As(err, new(*fabric.FieldError)) {
				continue // the protocols of members that are not in the want
			}
			if err != nil {
				t.Fatal(err)
			}
			enter(t, f, c.Commands)
			after := observe(t, f)
			if left, err := Plan(after, want); err != nil || !left.Empty() {
				t.Fatalf("round %d.%d: after %s\nstill to do: %q, %v\nbefore:\n%s", i, step, strings.Join(c.Commands, "\n"), left.Commands, err, before)
			}
			if got := strings.Join(f.ports[f.portAt(4)].lines(), "\n"); got != untouched {
				t.Fatalf("round %d.%d: a port out of scope changed", i, step)
			}
			if step == 0 && rng.IntN(2) == 0 {
				continue
			}
			enter(t, f, c.Rollback)
			if got := f.running() + f.showVLANs(); got != before {
				t.Fatalf("round %d.%d: rollback\n%s\ndoes not lead back:\n%s", i, step, strings.Join(c.Rollback, "\n"), cmp.Diff(before, got))
			}
		}
	}
}

// TestPlanDefaultPort leaves nothing behind on ports that are given up.
func TestPlanDefaultPort(t *testing.T) {
	for i := range uint64(100) {
		rng := rand.New(rand.NewPCG(7, i))
		f := randomSwitch(t, rng, rng.IntN(2) == 0, "server")
		obs := observe(t, f)
		want := fabric.Want{Ports: map[string]fabric.Port{}}
		for name := range obs.Ports {
			want.Ports[name] = fabric.DefaultPort(name)
		}
		c, err := Plan(obs, want)
		if err != nil {
			t.Fatal(err)
		}
		enter(t, f, c.Commands)
		for name, p := range f.ports {
			if lines := p.lines(); len(lines) > 0 {
				t.Fatalf("round %d: %s still has %q", i, name, lines)
			}
		}
	}
}

func (f *fakeSwitch) portAt(n int) string { return fmt.Sprintf("GigabitEthernet1/0/%d", n+1) }

func oneOf[T any](rng *rand.Rand, of ...T) T { return of[rng.IntN(len(of))] }

func randomToggle(rng *rand.Rand) fabric.Toggle {
	return oneOf(rng, "", "", fabric.Enable, fabric.Disable, fabric.Default)
}

func randomWideWant(rng *rand.Rand, f *fakeSwitch) fabric.Want {
	w := fabric.Want{VLANs: map[int]fabric.VLAN{}, Ports: map[string]fabric.Port{}, SVIs: map[int]fabric.SVI{}}
	for _, id := range []int{7, 8, 99} {
		w.VLANs[id] = fabric.VLAN{Name: fmt.Sprintf("N%d", id), State: oneOf(rng, "", fabric.VLANActive, fabric.VLANSuspend)}
	}
	for n := range 4 {
		if rng.IntN(4) > 0 {
			w.Ports[f.portAt(n)] = randomWidePort(rng, false)
		}
	}
	for group := 1; group <= 2; group++ {
		if rng.IntN(2) == 0 {
			w.Ports[fabric.ChannelName(group)] = randomWidePort(rng, true)
		}
	}
	if rng.IntN(2) == 0 {
		s := fabric.SVI{Shutdown: randomToggle(rng), Description: oneOf(rng, nil, text(""), text("gateway"))}
		for k := range rng.IntN(3) {
			s.Addresses = append(s.Addresses, netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(k + rng.IntN(2)*2), 0, 1}), 24))
			s.Helpers = append(s.Helpers, netip.AddrFrom4([4]byte{192, 0, 2, byte(2*k + 1 + rng.IntN(2))}))
		}
		w.SVIs[30] = s
	} else {
		w.AbsentSVIs = []int{30}
	}
	lists := []string{"7,8", "1-50"}
	w.Global = fabric.Global{SpanningTreeMode: oneOf(rng, "", "mst", "rapid-pvst", "default"), LLDP: randomToggle(rng), CDP: randomToggle(rng),
		DHCPSnooping: fabric.DHCPSnooping{Enabled: randomToggle(rng), VLANs: oneOf(rng, fabric.VLANSet{}, fabric.NoVLANs(), vlanSet([]int{7, 8, 20}))}, SystemMTU: oneOf(rng, 0, 9000, fabric.DefaultNumber)}
	if set, err := fabric.ParseVLANSet(oneOf(rng, lists...)); err == nil && rng.IntN(2) == 0 {
		w.Global.SpanningTreePriority = map[int]fabric.VLANSet{oneOf(rng, 4096, 8192, fabric.DefaultPriority): set}
	}
	if rng.IntN(2) == 0 {
		w.Global.DefaultGateway = oneOf(rng, netip.IPv4Unspecified(), netip.MustParseAddr("10.0.0.1"))
	}
	return w
}

func randomWidePort(rng *rand.Rand, bundle bool) fabric.Port {
	p := fabric.Port{
		Mode:       oneOf(rng, "", fabric.ModeAccess, fabric.ModeTrunk, fabric.ModeDynamicDesirable),
		AccessVLAN: oneOf(rng, 0, 1, 7, 8), NativeVLAN: oneOf(rng, 0, 1, 99), Description: oneOf(rng, "", "x y"),
		Shutdown: rng.IntN(4) == 0, PortFast: rng.IntN(3) == 0,
		VoiceVLAN: oneOf(rng, 0, fabric.VoiceOff, 7, fabric.VoiceDot1p), BPDUGuard: randomToggle(rng), GuardRoot: randomToggle(rng),
		StormControl:      fabric.StormControl{Broadcast: oneOf(rng, "", "default", "5"), Multicast: oneOf(rng, "", "7"), Action: oneOf(rng, "", "default", "trap", "shutdown trap")},
		DHCPSnoopingTrust: randomToggle(rng), MTU: oneOf(rng, 0, fabric.DefaultNumber, 9000),
	}
	if rng.IntN(2) == 0 {
		p.Allowed, _ = fabric.ParseVLANSet(randomSet(rng))
	}
	static := static(string(p.Mode))
	if static {
		p.Negotiate = randomToggle(rng)
	}
	if bundle {
		return p
	}
	p.LLDP, p.CDP = fabric.PortLLDP{Transmit: randomToggle(rng), Receive: randomToggle(rng)}, randomToggle(rng)
	p.PoE = oneOf(rng, fabric.PoE{}, fabric.PoE{Mode: "auto"}, fabric.PoE{Mode: "never"}, fabric.PoE{Mode: "static", MaxMilliwatts: 7000})
	p.Speed, p.Duplex = oneOf(rng, "", "auto", "100"), oneOf(rng, "", "auto", "full")
	p.PortSecurity = fabric.PortSecurity{Enabled: fabric.Disable, Maximum: oneOf(rng, 0, 1, 3), Violation: oneOf(rng, "", "protect", "shutdown"), Sticky: randomToggle(rng)}
	switch rng.IntN(3) {
	case 0:
		p.Channel = &fabric.ChannelMember{Group: 1 + rng.IntN(2), Mode: oneOf(rng, fabric.ChannelActive, fabric.ChannelPassive, fabric.ChannelOn)}
		p.Mode, p.AccessVLAN, p.NativeVLAN, p.Allowed, p.Negotiate = "", 0, 0, fabric.VLANSet{}, ""
	case 1:
		p.Channel = &fabric.ChannelMember{}
		if static {
			p.PortSecurity.Enabled = randomToggle(rng)
		}
	}
	return p
}
