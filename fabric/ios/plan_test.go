package ios

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// observe reads the fake switch the way a session does, without one.
func observe(t testing.TB, f *fakeSwitch) fabric.Observation {
	t.Helper()
	cfg, err := ParseRunning(f.running())
	if err != nil {
		t.Fatal(err)
	}
	if cfg.VLANs, err = ParseVLANBrief(f.showVLANs()); err != nil {
		t.Fatal(err)
	}
	obs := fabric.Observation{Config: cfg, VTPMode: f.vtp, Capabilities: fabric.Capabilities{ISL: f.isl, ExtendedVLANs: f.vtp == "transparent"}}
	obs.Fingerprint = fabric.WholeFingerprint(obs)
	return obs
}

// enter applies lines to the fake switch and fails on any refusal.
func enter(t testing.TB, f *fakeSwitch, lines []string) {
	t.Helper()
	f.mode = "config"
	for _, l := range lines {
		answer := f.exec(l)
		if c := Classify(answer); c != ClassSilent && c != ClassNotice {
			t.Fatalf("%q is refused: %q\nall lines:\n%s", l, answer, strings.Join(lines, "\n"))
		}
	}
	f.mode = ""
}

func mustSet(t testing.TB, s string) fabric.VLANSet {
	t.Helper()
	v, err := fabric.ParseVLANSet(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

const gi1, gi2 = "GigabitEthernet1/0/1", "GigabitEthernet1/0/2"

func TestPlanLines(t *testing.T) {
	longA := "1,3,5,7,9,11,13,15,17,19,21,23,25,27,29,31,33,35,37,39,41,43,45,47,49,51,53,55,57,59,61,63,65,67,69,71,73,75,77,79,81,83,85,87,89,91,93,95,97,99,101,103,105,107,109,111,113,115,117,119,121,123,125,127,129,131"
	for _, tc := range []struct {
		name     string
		start    []string // lines applied to a blank switch first
		isl      bool
		want     fabric.Want
		commands []string
		rollback []string
	}{
		{
			name: "blank port to access",
			want: fabric.Want{VLANs: map[int]fabric.VLAN{20: {Name: "cluster"}},
				Ports: map[string]fabric.Port{gi1: {Mode: fabric.ModeAccess, AccessVLAN: 20, Description: "node1", PortFast: true}}},
			commands: []string{"vlan 20", "name cluster", "exit", "interface " + gi1, "description node1", "switchport access vlan 20", "switchport mode access", "spanning-tree portfast"},
			rollback: []string{"interface " + gi1, "no description", "no switchport access vlan", "no switchport mode", "no spanning-tree portfast", "exit", "no vlan 20"},
		},
		{
			name:     "access VLAN changes in one line",
			start:    []string{"vlan 20", "vlan 30", "interface " + gi1, "switchport mode access", "switchport access vlan 20"},
			want:     fabric.Want{Ports: map[string]fabric.Port{gi1: {Mode: fabric.ModeAccess, AccessVLAN: 30}}},
			commands: []string{"interface " + gi1, "switchport access vlan 30"},
			rollback: []string{"interface " + gi1, "switchport access vlan 20"},
		},
		{
			name:     "access to trunk keeps it narrow",
			start:    []string{"vlan 20", "interface " + gi1, "switchport mode access", "switchport access vlan 20"},
			want:     fabric.Want{Ports: map[string]fabric.Port{gi1: {Mode: fabric.ModeTrunk, NativeVLAN: 20, Allowed: mustSet(t, "20,30")}}},
			commands: []string{"interface " + gi1, "switchport trunk native vlan 20", "switchport trunk allowed vlan 20,30", "switchport mode trunk"},
			rollback: []string{"interface " + gi1, "switchport mode access", "no switchport trunk allowed vlan", "no switchport trunk native vlan"},
		},
		{
			name:     "list to list by add, native, remove",
			start:    []string{"vlan 99", "interface " + gi1, "switchport mode trunk", "switchport trunk allowed vlan 10,20"},
			want:     fabric.Want{Ports: map[string]fabric.Port{gi1: {Mode: fabric.ModeTrunk, NativeVLAN: 99, Allowed: mustSet(t, "20,99")}}},
			commands: []string{"interface " + gi1, "switchport trunk allowed vlan add 99", "switchport trunk native vlan 99", "switchport trunk allowed vlan remove 10"},
			rollback: []string{"interface " + gi1, "switchport trunk allowed vlan add 10", "no switchport trunk native vlan", "switchport trunk allowed vlan remove 99"},
		},
		{
			name:  "all to a list too long for one line never narrows below it",
			start: []string{"interface " + gi1, "switchport mode trunk"},
			want:  fabric.Want{Ports: map[string]fabric.Port{gi1: {Mode: fabric.ModeTrunk, Allowed: mustSet(t, longA)}}},
			commands: []string{"interface " + gi1,
				"switchport trunk allowed vlan remove 2,4,6,8,10,12,14,16,18,20,22,24,26,28,30,32,34,36,38,40,42,44,46,48,50,52,54,56,58,60,62,64,66,68,70,72,74,76,78,80,82,84,86,88,90,92,94,96,98,100,102,104,106,108,110,112,114,116",
				"switchport trunk allowed vlan remove 118,120,122,124,126,128,130,132-4094"},
			rollback: []string{"interface " + gi1, "no switchport trunk allowed vlan"},
		},
		{
			name:     "list to all is said aloud",
			start:    []string{"interface " + gi1, "switchport mode trunk", "switchport trunk allowed vlan 10"},
			want:     fabric.Want{Ports: map[string]fabric.Port{gi1: {Mode: fabric.ModeTrunk}}},
			commands: []string{"interface " + gi1, "switchport trunk allowed vlan all"},
			rollback: []string{"interface " + gi1, "switchport trunk allowed vlan 10"},
		},
		{
			name:     "none is none",
			start:    []string{"interface " + gi1, "switchport mode trunk", "switchport trunk allowed vlan 10"},
			want:     fabric.Want{Ports: map[string]fabric.Port{gi1: {Mode: fabric.ModeTrunk, Allowed: fabric.NoVLANs()}}},
			commands: []string{"interface " + gi1, "switchport trunk allowed vlan none"},
			rollback: []string{"interface " + gi1, "switchport trunk allowed vlan 10"},
		},
		{
			name:     "encapsulation before trunk, and left after it",
			isl:      true,
			want:     fabric.Want{Ports: map[string]fabric.Port{gi1: {Mode: fabric.ModeTrunk, Allowed: mustSet(t, "10")}}},
			commands: []string{"interface " + gi1, "switchport trunk encapsulation dot1q", "switchport trunk allowed vlan 10", "switchport mode trunk"},
			rollback: []string{"interface " + gi1, "no switchport mode", "no switchport trunk allowed vlan", "no switchport trunk encapsulation"},
		},
		{
			name:     "trunk leftovers stay on an access port that does not name them",
			start:    []string{"vlan 20", "interface " + gi1, "switchport trunk allowed vlan 10", "switchport trunk native vlan 20", "switchport mode trunk"},
			want:     fabric.Want{Ports: map[string]fabric.Port{gi1: {Mode: fabric.ModeAccess, AccessVLAN: 20}}},
			commands: []string{"interface " + gi1, "switchport access vlan 20", "switchport mode access"},
			rollback: []string{"interface " + gi1, "switchport mode trunk", "no switchport access vlan"},
		},
		{
			name:     "and are cleaned when named, after the mode",
			start:    []string{"vlan 20", "interface " + gi1, "switchport trunk allowed vlan 10", "switchport trunk native vlan 20", "switchport mode trunk"},
			want:     fabric.Want{Ports: map[string]fabric.Port{gi1: {Mode: fabric.ModeAccess, AccessVLAN: 20, NativeVLAN: 1, Allowed: fabric.AllVLANs()}}},
			commands: []string{"interface " + gi1, "switchport access vlan 20", "switchport mode access", "switchport trunk allowed vlan all", "no switchport trunk native vlan"},
			rollback: []string{"interface " + gi1, "switchport trunk native vlan 20", "switchport trunk allowed vlan 10", "switchport mode trunk", "no switchport access vlan"},
		},
		{
			name:     "shutdown goes first, opening goes last",
			start:    []string{"vlan 20", "interface " + gi2, "shutdown"},
			want:     fabric.Want{Ports: map[string]fabric.Port{gi1: {Description: "off", Shutdown: true}, gi2: {Mode: fabric.ModeAccess, AccessVLAN: 20}}},
			commands: []string{"interface " + gi1, "shutdown", "description off", "interface " + gi2, "switchport access vlan 20", "switchport mode access", "no shutdown"},
			rollback: []string{"interface " + gi1, "no description", "no shutdown", "interface " + gi2, "shutdown", "no switchport access vlan", "no switchport mode"},
		},
		{
			name:  "a name moves from a VLAN that goes to one that comes",
			start: []string{"vlan 10", "name cluster", "interface " + gi1, "switchport mode access", "switchport access vlan 10"},
			want: fabric.Want{VLANs: map[int]fabric.VLAN{20: {Name: "cluster"}}, AbsentVLANs: []int{10},
				Ports: map[string]fabric.Port{gi1: {Mode: fabric.ModeAccess, AccessVLAN: 20}}},
			commands: []string{"vlan 10", "no name", "exit", "vlan 20", "name cluster", "exit", "interface " + gi1, "switchport access vlan 20", "exit", "no vlan 10"},
			rollback: []string{"vlan 20", "no name", "exit", "vlan 10", "name cluster", "exit", "interface " + gi1, "switchport access vlan 10", "exit", "no vlan 20"},
		},
		{
			name:  "nothing to do",
			start: []string{"vlan 20", "name a", "interface " + gi1, "switchport mode access", "switchport access vlan 20", "spanning-tree portfast edge"},
			want: fabric.Want{VLANs: map[int]fabric.VLAN{20: {Name: "a"}}, AbsentVLANs: []int{30},
				Ports: map[string]fabric.Port{gi1: {Mode: fabric.ModeAccess, AccessVLAN: 20, PortFast: true}}},
		},
		{
			name:     "portfast of a trunk needs the trunk form",
			start:    []string{"interface " + gi1, "switchport mode trunk", "spanning-tree portfast"},
			want:     fabric.Want{Ports: map[string]fabric.Port{gi1: {Mode: fabric.ModeTrunk, PortFast: true}}},
			commands: []string{"interface " + gi1, "spanning-tree portfast trunk"},
			rollback: []string{"interface " + gi1, "spanning-tree portfast"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := newFakeSwitch("leaf1", 2)
			f.isl = tc.isl
			enter(t, f, tc.start)
			before := f.running() + f.showVLANs()
			obs := observe(t, f)
			c, err := Plan(obs, tc.want)
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
			again, err := Plan(observe(t, f), tc.want)
			if err != nil || !again.Empty() {
				t.Errorf("planning again: %q, %v", again.Commands, err)
			}
			back, err := Plan(observe(t, f), c.Undo)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.Rollback, back.Commands); d != "" {
				t.Errorf("planning the undo is not the rollback (-rollback +undo):\n%s", d)
			}
			enter(t, f, c.Rollback)
			if d := cmp.Diff(before, f.running()+f.showVLANs()); d != "" {
				t.Errorf("the rollback leaves (-before +after):\n%s", d)
			}
		})
	}
}

func TestPlanRefuses(t *testing.T) {
	f := newFakeSwitch("leaf1", 2)
	enter(t, f, []string{"vlan 10", "name taken"})
	obs := observe(t, f)
	client := obs
	client.VTPMode = "client"
	member := obs
	member.Ports = map[string]fabric.Port{gi1: ParsePort(gi1, []string{" channel-group 1 mode active"}), gi2: ParsePort(gi2, []string{" no switchport", " ip address 192.0.2.1 255.255.255.0"})}
	for _, tc := range []struct {
		name string
		obs  fabric.Observation
		want fabric.Want
		path string
	}{
		{"unknown port", obs, fabric.Want{Ports: map[string]fabric.Port{"GigabitEthernet1/0/9": {}}}, `ports["GigabitEthernet1/0/9"]`},
		{"VLAN 5000", obs, fabric.Want{VLANs: map[int]fabric.VLAN{5000: {}}}, `vlans["5000"]`},
		{"reserved VLAN", obs, fabric.Want{VLANs: map[int]fabric.VLAN{1003: {}}}, `vlans["1003"]`},
		{"reserved access VLAN", obs, fabric.Want{Ports: map[string]fabric.Port{gi1: {Mode: fabric.ModeAccess, AccessVLAN: 1002}}}, `ports["GigabitEthernet1/0/1"].access_vlan`},
		{"VLAN 1 away", obs, fabric.Want{AbsentVLANs: []int{1}}, `absent_vlans["1"]`},
		{"name taken", obs, fabric.Want{VLANs: map[int]fabric.VLAN{20: {Name: "taken"}}}, `vlans["20"].name`},
		{"extended without transparent", obs, fabric.Want{VLANs: map[int]fabric.VLAN{2000: {}}}, `vlans["2000"]`},
		{"VTP client", client, fabric.Want{VLANs: map[int]fabric.VLAN{20: {}}}, `vlans["20"]`},
		{"mode", obs, fabric.Want{Ports: map[string]fabric.Port{gi1: {Mode: "monitor"}}}, `ports["GigabitEthernet1/0/1"].mode`},
		{"description with a break", obs, fabric.Want{Ports: map[string]fabric.Port{gi1: {Description: "a\nno vlan 10"}}}, `ports["GigabitEthernet1/0/1"].description`},
		{"name with a space", obs, fabric.Want{VLANs: map[int]fabric.VLAN{20: {Name: "a b"}}}, `vlans["20"].name`},
		{"member of a bundle", member, fabric.Want{Ports: map[string]fabric.Port{gi1: {Mode: fabric.ModeAccess}}}, `ports["GigabitEthernet1/0/1"]`},
		{"routed port", member, fabric.Want{Ports: map[string]fabric.Port{gi2: {Mode: fabric.ModeAccess}}}, `ports["GigabitEthernet1/0/2"]`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := Plan(tc.obs, tc.want)
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

func TestPlanUnmet(t *testing.T) {
	f := newFakeSwitch("leaf1", 2)
	enter(t, f, []string{"vlan 10", "interface " + gi2, "switchport access vlan 10"})
	c, err := Plan(observe(t, f), fabric.Want{AbsentVLANs: []int{10}, Ports: map[string]fabric.Port{gi1: {Mode: fabric.ModeAccess, AccessVLAN: 20}}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range c.Unmet {
		got = append(got, e.Error())
	}
	want := []string{
		`ports["GigabitEthernet1/0/1"].access_vlan: VLAN 20 is not on leaf1: add it to the switch's VLANs, or let the port depend on the resource that creates it`,
		`absent_vlans["10"]: VLAN 10 is still the access VLAN of Gi1/0/2: without their VLAN these ports would forward nothing: move them first`,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// TestPlanProperty takes random switches to random wants: the commands reach
// the want and touch nothing else, and the rollback leads back to the byte.
func TestPlanProperty(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range 500 {
		f := newFakeSwitch("leaf1", 4)
		f.isl = rng.IntN(3) == 0
		f.vtp = []string{"server", "transparent"}[rng.IntN(2)]
		for range rng.IntN(6) {
			id := 2 + rng.IntN(40)
			f.vlans[id] = fmt.Sprintf("V%d", id)
		}
		for _, name := range f.order {
			randomPort(rng, f, f.ports[name])
		}
		want := randomWant(rng, f)
		before := f.running() + f.showVLANs()
		obs := observe(t, f)
		c, err := Plan(obs, want)
		if err != nil {
			t.Fatalf("round %d: %v", i, err)
		}
		untouched := *f.ports[f.order[3]]
		enter(t, f, c.Commands)
		after := observe(t, f)
		if left, err := Plan(after, want); err != nil || !left.Empty() {
			t.Fatalf("round %d: after %q still to do: %q, %v\nbefore:\n%s\nafter:\n%s", i, c.Commands, left.Commands, err, before, f.running())
		}
		if got := *f.ports[f.order[3]]; !slices.Equal(got.lines(), untouched.lines()) {
			t.Fatalf("round %d: a port out of scope changed", i)
		}
		enter(t, f, c.Rollback)
		if got := f.running() + f.showVLANs(); got != before {
			t.Fatalf("round %d: rollback %q does not lead back:\n%s", i, c.Rollback, cmp.Diff(before, got))
		}
	}
}

func randomSet(rng *rand.Rand) string {
	switch rng.IntN(6) {
	case 0:
		return "none"
	case 1:
		return "all"
	}
	var parts []string
	for range 1 + rng.IntN(90) {
		a := 1 + rng.IntN(4000)
		parts = append(parts, fmt.Sprintf("%d-%d", a, a+rng.IntN(4)))
	}
	return strings.Join(parts, ",")
}

func randomPort(rng *rand.Rand, f *fakeSwitch, p *fakePort) {
	if rng.IntN(3) == 0 {
		return
	}
	p.description = []string{"", "old one", "x"}[rng.IntN(3)]
	p.access = []string{"", "7", "8"}[rng.IntN(3)]
	if p.access != "" {
		id := int(p.access[0] - '0')
		f.vlans[id] = fmt.Sprintf("V%d", id)
	}
	p.native = []string{"", "99"}[rng.IntN(2)]
	if rng.IntN(2) == 0 {
		p.execAllowed(false, strings.Replace(randomSet(rng), "1-4094", "all", 1))
	}
	p.mode = []string{"", "access", "trunk", "dynamic desirable"}[rng.IntN(4)]
	if f.isl && (p.mode == "trunk" || rng.IntN(2) == 0) {
		p.encap = []string{"dot1q", "isl"}[rng.IntN(2)]
	}
	p.portfast = []string{"", "plain", "trunk", "edge", "disable"}[rng.IntN(5)]
	p.shutdown = rng.IntN(3) == 0
	p.other = []string{"switchport block unicast", "load-interval 30"}[:rng.IntN(3)]
}

func randomWant(rng *rand.Rand, f *fakeSwitch) fabric.Want {
	w := fabric.Want{VLANs: map[int]fabric.VLAN{}, Ports: map[string]fabric.Port{}}
	for _, id := range []int{7, 8, 99} {
		w.VLANs[id] = fabric.VLAN{Name: fmt.Sprintf("N%d", id)}
	}
	for id := range f.vlans {
		if id > 10 && id != 99 && rng.IntN(3) == 0 {
			w.AbsentVLANs = append(w.AbsentVLANs, id)
			if rng.IntN(2) == 0 {
				w.VLANs[7] = fabric.VLAN{Name: f.vlans[id]}
			}
		}
	}
	for _, name := range f.order[:3] {
		p := fabric.Port{
			Mode:        []fabric.PortMode{"", fabric.ModeAccess, fabric.ModeTrunk, fabric.ModeDynamicAuto}[rng.IntN(4)],
			Description: []string{"", "new", "x"}[rng.IntN(3)],
			AccessVLAN:  []int{0, 1, 7, 8}[rng.IntN(4)],
			NativeVLAN:  []int{0, 1, 99}[rng.IntN(3)],
			Shutdown:    rng.IntN(3) == 0,
			PortFast:    rng.IntN(2) == 0,
		}
		if rng.IntN(3) > 0 {
			p.Allowed, _ = fabric.ParseVLANSet(randomSet(rng))
		}
		w.Ports[name] = p
	}
	return w
}
