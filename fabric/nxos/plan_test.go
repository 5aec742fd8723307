package nxos

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

func vlans(t testing.TB, s string) fabric.VLANSet {
	t.Helper()
	set, err := fabric.ParseVLANSet(s)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func observe(t testing.TB, text string) fabric.Observation {
	t.Helper()
	obs, err := Observe(text)
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return obs
}

func TestPlan(t *testing.T) {
	switched, routed := readFile(t, "running-switched.txt"), readFile(t, "running-routed.txt")
	lacp := func(group int) *fabric.ChannelMember {
		return &fabric.ChannelMember{Group: group, Mode: fabric.ChannelActive}
	}
	cases := []struct {
		name           string
		text           string
		want           fabric.Want
		commands, back string
	}{
		{"nothing", switched, fabric.Want{VLANs: map[int]fabric.VLAN{10: {Name: "cluster"}},
			Ports: map[string]fabric.Port{"Ethernet1/1": {Mode: "access", AccessVLAN: 10, Description: "node1", PortFast: true}}}, "", ""},
		{"smaller frames, after the ports", switched, fabric.Want{Global: fabric.Global{SystemMTU: 9000}, VLANs: map[int]fabric.VLAN{20: {Name: "lab"}}},
			"vlan 20/name lab/exit/system jumbomtu 9000", "no system jumbomtu/no vlan 20"},
		{"a VLAN and a port in it", switched, fabric.Want{VLANs: map[int]fabric.VLAN{20: {Name: "lab"}},
			Ports: map[string]fabric.Port{"Ethernet1/1": {Mode: "access", AccessVLAN: 20, Description: "node1", PortFast: true}}},
			"vlan 20/name lab/exit/interface Ethernet1/1/switchport access vlan 20/exit",
			"interface Ethernet1/1/switchport access vlan 10/exit/no vlan 20"},
		{"list by difference", switched, fabric.Want{Ports: map[string]fabric.Port{"Ethernet1/2": {Mode: "trunk", NativeVLAN: 301, PortFast: true,
			Allowed: vlans(t, "11,14-15,192,301,550,700,2001-2003,2032-2034,2064,2128,2140,2150,2180,2241,3240-3241")}}},
			"interface Ethernet1/2/switchport trunk allowed vlan add 3240-3241/switchport trunk allowed vlan remove 2240,3239/exit",
			"interface Ethernet1/2/switchport trunk allowed vlan add 2240,3239/switchport trunk allowed vlan remove 3240-3241/exit"},
		{"feature first, port-channel before members", strings.Replace(switched, "feature lacp\n", "", 1), fabric.Want{Ports: map[string]fabric.Port{
			"port-channel20": {Mode: "trunk", Allowed: vlans(t, "10-11")}, "Ethernet1/7": {Channel: lacp(20)}}},
			"feature lacp/interface port-channel20/switchport trunk allowed vlan 10-11/switchport mode trunk/exit/" +
				"interface Ethernet1/7/switchport trunk allowed vlan 10-11/switchport mode trunk/channel-group 20 mode active/exit",
			"interface Ethernet1/7/no channel-group/exit/interface Ethernet1/7/switchport mode access/switchport trunk allowed vlan all/exit/" +
				"no interface port-channel20/no feature lacp"},
		{"members follow", switched, fabric.Want{Ports: map[string]fabric.Port{"port-channel10": {Mode: "trunk", Allowed: vlans(t, "10-12,301")},
			"Ethernet1/6": {Channel: lacp(10)}}},
			"interface port-channel10/switchport trunk allowed vlan add 301/exit", "interface port-channel10/switchport trunk allowed vlan remove 301/exit"},
		{"a routed port becomes a switch port", routed, fabric.Want{Ports: map[string]fabric.Port{"Ethernet1/2": {Mode: "access", AccessVLAN: 10}}},
			"interface Ethernet1/2/switchport/switchport access vlan 10/no shutdown/exit", "interface Ethernet1/2/shutdown/no switchport access vlan/no switchport/exit"},
		{"another protocol", routed, fabric.Want{Ports: map[string]fabric.Port{"Ethernet1/1": {Channel: &fabric.ChannelMember{Group: 5, Mode: "on"}}}},
			"interface Ethernet1/1/no channel-group/exit/interface Ethernet1/1/channel-group 5 mode on/exit",
			"interface Ethernet1/1/no channel-group/exit/interface Ethernet1/1/channel-group 5 mode active/exit"},
		{"a port with an access list for switch ports is one", "feature lacp\ninterface Ethernet1/1\n  ip port access-group A in\ninterface Ethernet1/2\n",
			fabric.Want{Ports: map[string]fabric.Port{"Ethernet1/1": {Mode: "access", AccessVLAN: 1}}}, "", ""},
		{"the way back of a port-channel has what is not managed", "feature lacp\ninterface port-channel1\n  vpc 1\ninterface Ethernet1/1\n",
			fabric.Want{AbsentChannels: []int{1}}, "no interface port-channel1", "interface port-channel1/vpc 1/exit"},
		{"a routed port is no trunk", "feature lacp\ninterface port-channel1\n  no switchport\ninterface Ethernet1/1\n  no switchport\n  switchport mode trunk\n  spanning-tree port type edge\n  channel-group 1 mode active\n",
			fabric.Want{Ports: map[string]fabric.Port{"Ethernet1/1": {PortFast: true}}}, "", ""},
		{"LLDP", switched, fabric.Want{Global: fabric.Global{LLDP: fabric.Enable}}, "feature lldp", "no feature lldp"},
		{"all VLANs", switched, fabric.Want{Ports: map[string]fabric.Port{"Ethernet1/3": {Mode: "trunk"}}},
			"interface Ethernet1/3/switchport trunk allowed vlan all/exit", "interface Ethernet1/3/switchport trunk allowed vlan 1500,1812,1882/exit"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			change, err := Plan(observe(t, c.text), c.want)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(change.Commands, "/"); got != c.commands {
				t.Errorf("commands\n got %s\nwant %s", got, c.commands)
			}
			if got := strings.Join(change.Rollback, "/"); got != c.back {
				t.Errorf("rollback\n got %s\nwant %s", got, c.back)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	text := readFile(t, "running-switched.txt")
	for name, c := range map[string]struct {
		want fabric.Want
		says string
	}{
		"dynamic":         {fabric.Want{Ports: map[string]fabric.Port{"Ethernet1/1": {Mode: "dynamic auto"}}}, "does not negotiate"},
		"unknown port":    {fabric.Want{Ports: map[string]fabric.Port{"Ethernet1/99": {Mode: "access"}}}, "nx1 has no port Ethernet1/99"},
		"routed":          {fabric.Want{Ports: map[string]fabric.Port{"Ethernet1/4": {Mode: "access", AccessVLAN: 10}}}, "routed port with settings"},
		"member differs":  {fabric.Want{Ports: map[string]fabric.Port{"Ethernet1/6": {Mode: "access"}}}, "member of Port-channel10"},
		"member's list":   {fabric.Want{Ports: map[string]fabric.Port{"Ethernet1/6": {Allowed: fabric.AllVLANs()}}}, "member of Port-channel10"},
		"member's layer":  {fabric.Want{Ports: map[string]fabric.Port{"Ethernet1/4": {Channel: &fabric.ChannelMember{Group: 10, Mode: "active"}}}}, "would take them away"},
		"mixed protocols": {fabric.Want{Ports: map[string]fabric.Port{"Ethernet1/7": {Channel: &fabric.ChannelMember{Group: 10, Mode: "on"}}}}, "one protocol"},
		"PAgP":            {fabric.Want{Ports: map[string]fabric.Port{"Ethernet1/7": {Channel: &fabric.ChannelMember{Group: 10, Mode: "auto"}}}}, "does not know"},
		"no mode":         {fabric.Want{Ports: map[string]fabric.Port{"Ethernet1/7": {Channel: &fabric.ChannelMember{Group: 10}}}}, "in no mode"},
		"reserved VLAN":   {fabric.Want{VLANs: map[int]fabric.VLAN{4000: {}}}, "VLAN 4000 is reserved"},
		"taken name":      {fabric.Want{VLANs: map[int]fabric.VLAN{20: {Name: "cluster"}}}, `the name "cluster" already`},
		"PoE":             {fabric.Want{Ports: map[string]fabric.Port{"Ethernet1/1": {Mode: "access", PoE: fabric.PoE{Mode: "never"}}}}, "not managed on NX-OS"},
		"SVI":             {fabric.Want{SVIs: map[int]fabric.SVI{10: {}}}, "not managed on NX-OS"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Plan(observe(t, text), c.want); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want %q", err, c.says)
			}
		})
	}
	c, err := Plan(observe(t, text), fabric.Want{Ports: map[string]fabric.Port{"Ethernet1/7": {Mode: "access", AccessVLAN: 77}}, AbsentVLANs: []int{10}})
	if err != nil || len(c.Unmet) != 2 {
		t.Errorf("unmet: %v, %v", c.Unmet, err)
	}
}

func TestDefaultPort(t *testing.T) {
	obs := observe(t, readFile(t, "running-switched.txt"))
	c, err := Plan(obs, fabric.Want{Ports: map[string]fabric.Port{"Ethernet1/2": fabric.DefaultPort("Ethernet1/2"), "Ethernet1/6": fabric.DefaultPort("Ethernet1/6")}})
	if err != nil || len(c.Commands) == 0 {
		t.Fatalf("%v, %v", c.Commands, err)
	}
}

// TestPlansByEffect tries random pairs of a switch and a want: the commands
// reach the want and nothing else, a second plan is empty, and both ways back
// lead to what was.
func TestPlansByEffect(t *testing.T) {
	for seed := range uint64(1000) {
		r := rand.New(rand.NewPCG(seed, 7))
		n := newNexus(r.IntN(3) == 0, r.IntN(3) == 0, 5)
		n.drags = r.IntN(2) == 0
		// Make the switch what a random want makes of a blank one.
		if c, err := Plan(observe(t, n.String()), randomWant(r)); err == nil && len(c.Unmet) == 0 {
			if err := n.apply(c.Commands); err != nil {
				t.Fatalf("seed %d: making the switch: %v\n%s", seed, err, strings.Join(c.Commands, "\n"))
			}
		}
		before := n.String()
		want := randomWant(r)
		c, err := Plan(observe(t, before), want)
		if err != nil {
			continue
		}
		fail := func(what string, err any) {
			t.Fatalf("seed %d: %s: %v\nfrom\n%s\nwant %+v\ncommands\n%s\nrollback\n%s\nnow\n%s", seed, what, err, before, want,
				strings.Join(c.Commands, "\n"), strings.Join(c.Rollback, "\n"), n)
		}
		if err := n.apply(c.Commands); err != nil {
			if len(c.Unmet) > 0 {
				continue
			}
			fail("a line was refused", err)
		}
		after := n.String()
		again, err := Plan(observe(t, after), want)
		if err != nil || !again.Empty() {
			fail("planning again", fmt.Sprint(again.Commands, err))
		}
		untouched(t, observe(t, before), observe(t, after), want, fail)
		undo, err := Plan(observe(t, after), c.Undo)
		if err != nil {
			fail("the undo", err)
		}
		if err := n.apply(c.Rollback); err != nil {
			fail("a line of the rollback was refused", err)
		}
		if n.String() != before {
			fail("the rollback", "it leads elsewhere")
		}
		if err := n.apply(c.Commands); err != nil {
			fail("once more", err)
		}
		if err := n.apply(undo.Commands); err != nil {
			fail(fmt.Sprint("a line of the undo was refused ", undo.Commands), err)
		}
		if strings.ReplaceAll(n.String(), "feature lacp\n", "") != strings.ReplaceAll(before, "feature lacp\n", "") {
			fail("the undo", undo.Commands)
		}
	}
}

func untouched(t *testing.T, before, after fabric.Observation, want fabric.Want, fail func(string, any)) {
	t.Helper()
	for name, p := range before.Ports {
		_, inScope := want.Ports[name]
		_, withBundle := want.Ports[ChannelName(p.Group())]
		gone := slices.Contains(want.AbsentChannels, fabric.ChannelGroup(name))
		if !inScope && !withBundle && !gone && !slices.Equal(p.Lines, after.Ports[name].Lines) {
			fail("not in the scope", name)
		}
	}
	for id, v := range before.VLANs {
		if _, inScope := want.VLANs[id]; !inScope && !slices.Contains(want.AbsentVLANs, id) && after.VLANs[id] != v {
			fail("not in the scope", id)
		}
	}
}

func randomWant(r *rand.Rand) fabric.Want {
	w := fabric.Want{VLANs: map[int]fabric.VLAN{}, Ports: map[string]fabric.Port{}}
	lists := []string{"all", "none", "10-11", "10,12,14,16,18,20,22", "2-4094", "1,10"}
	port := func() fabric.Port {
		p := fabric.Port{Mode: []fabric.PortMode{"access", "trunk", ""}[r.IntN(3)], Description: []string{"", "a", "b c"}[r.IntN(3)],
			Shutdown: r.IntN(3) == 0, PortFast: r.IntN(3) == 0, MTU: []int{0, 9216, -1}[r.IntN(3)],
			BPDUGuard:  []fabric.Toggle{"", fabric.Enable, fabric.Disable, fabric.Default}[r.IntN(4)],
			GuardRoot:  []fabric.Toggle{"", fabric.Enable, fabric.Default}[r.IntN(3)],
			AccessVLAN: []int{0, 1, 10, 11}[r.IntN(4)], NativeVLAN: []int{0, 10, 12}[r.IntN(3)]}
		if r.IntN(2) == 0 {
			p.Allowed, _ = fabric.ParseVLANSet(lists[r.IntN(len(lists))])
		}
		return p
	}
	for _, id := range []int{10, 11, 12} {
		switch r.IntN(4) {
		case 0:
			w.AbsentVLANs = append(w.AbsentVLANs, id)
		case 1, 2:
			w.VLANs[id] = fabric.VLAN{ID: id, Name: []string{"", "x", "y", "z"}[r.IntN(4)], State: []string{"", "active", "suspend"}[r.IntN(3)]}
		}
	}
	for group := 1; group <= 2; group++ {
		switch r.IntN(4) {
		case 0:
			w.AbsentChannels = append(w.AbsentChannels, group)
		case 1, 2:
			w.Ports[ChannelName(group)] = port()
		}
	}
	for i := 1; i <= 5; i++ {
		if r.IntN(2) == 0 {
			continue
		}
		p := port()
		switch r.IntN(4) {
		case 0, 1:
			p.Channel = &fabric.ChannelMember{Group: 1 + r.IntN(2), Mode: []fabric.ChannelMode{"active", "passive", "on", "active"}[r.IntN(4)]}
			p.Mode, p.AccessVLAN, p.NativeVLAN, p.Allowed = "", 0, 0, fabric.VLANSet{}
		case 2:
			p.Channel = &fabric.ChannelMember{}
		}
		w.Ports[fmt.Sprintf("Ethernet1/%d", i)] = p
	}
	return w
}

// TestModelIsNoChange: what is observed, taken for a want, changes nothing.
func TestModelIsNoChange(t *testing.T) {
	for _, file := range []string{"running-switched.txt", "running-routed.txt"} {
		obs := observe(t, readFile(t, file))
		c, err := Plan(obs, fabric.Want{VLANs: obs.VLANs, Ports: obs.Ports})
		if err != nil || !c.Empty() {
			t.Errorf("%s: %v, %q", file, err, c.Commands)
		}
	}
}
