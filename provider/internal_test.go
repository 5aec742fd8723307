package provider

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

func TestClaims(t *testing.T) {
	c := newClaims()
	stored := claimant{label: "a", stored: true, config: "x"}
	if _, ok := c.take("port 1", stored); !ok {
		t.Fatal("a free thing was refused")
	}
	again := claimant{label: "a", config: "x"}
	if other, ok := c.take("port 1", again); !ok {
		t.Errorf("a replacement of the same resource was refused by %s", other)
	}
	if _, ok := c.take("port 1", again); ok {
		t.Error("two creates of one thing were let through")
	}
	if other, ok := c.take("port 1", claimant{label: "b", config: "x"}); ok || other.String() != "a" {
		t.Errorf("another resource got it, or the holder is not named: %v %q", ok, other)
	}
}

func TestMemoryRestoresTheFirst(t *testing.T) {
	obs := sight{Observation: fabric.Observation{Config: fabric.Config{
		VLANs: map[int]fabric.VLAN{20: {ID: 20, Name: "old"}},
		Ports: map[string]fabric.Port{"Gi1": {Name: "Gi1", Lines: []string{"description old"}}, "Gi2": {Name: "Gi2"}},
	}}}
	next := newScope()
	next.vlans[20], next.vlans[30] = fabric.VLAN{ID: 20}, fabric.VLAN{ID: 30}
	next.ports["Gi1"], next.ports["Gi2"] = fabric.Port{Name: "Gi1"}, fabric.Port{Name: "Gi2"}

	m := memory{Seen: obs}
	// An earlier, unfinished apply noted how Gi2 was before it touched it.
	m.own(obs, next, fabric.Want{Restore: map[string][]string{"Gi2": {"shutdown"}}})
	want := fabric.Want{
		VLANs:       map[int]fabric.VLAN{20: {ID: 20, Name: "old"}},
		AbsentVLANs: []int{30},
		Restore:     map[string][]string{"Gi1": {"description old"}, "Gi2": {"shutdown"}},
	}
	if diff := cmp.Diff(want.Restore, m.First.Restore); diff != "" {
		t.Errorf("ports: %s", diff)
	}
	if diff := cmp.Diff(want.AbsentVLANs, m.First.AbsentVLANs); diff != "" {
		t.Errorf("VLANs to remove: %s", diff)
	}
	if got := m.First.VLANs[20].Name; got != "old" {
		t.Errorf("VLAN 20 was %q", got)
	}

	// What is seen later does not change what was first.
	obs.Ports["Gi1"] = fabric.Port{Name: "Gi1", Lines: []string{"description new"}}
	m.own(obs, next, fabric.Want{})
	if diff := cmp.Diff(want.Restore, m.First.Restore); diff != "" {
		t.Errorf("after a second look: %s", diff)
	}
}

func TestPathsOfDomainErrors(t *testing.T) {
	for in, want := range map[string]string{
		"modules[2]":                  "modules[2]",
		"linux.flavour":               "linux.flavour",
		`files["/etc/x"].mode`:        `files["/etc/x"].mode`,
		"butane.storage.files[0].x":   "butane",
		"name":                        "name",
		`busybox.path`:                "busybox.path",
		`args[0]`:                     "args[0]",
		"files[/etc/motd].content":    `files["/etc/motd"].content`,
		"something.that.is.not.there": "something",
	} {
		if p, _ := recipePath(in); p.String() != want {
			t.Errorf("recipe %s: %s, want %s", in, p, want)
		}
	}
	for in, want := range map[string]string{
		"count":             "shards",
		`artifacts["../x"]`: `artifacts["../x"]`,
		`merge.env["A"]`:    `merge.env["A"]`,
		"merge.args[0]":     "merge.args",
		"memory_mb":         "memory_mb",
	} {
		if p := gridappPath(in); p.String() != want {
			t.Errorf("gridapp %s: %s, want %s", in, p, want)
		}
	}
}

func TestWords(t *testing.T) {
	for _, c := range []struct{ a, b string }{{"AA-BB-CC-00-11-22", "aa:bb:cc:00:11:22"}, {"aabb.cc00.1122", "aa:bb:cc:00:11:22"}} {
		if same, _ := wordOf[macKind](c.a).StringSemanticEquals(t.Context(), wordOf[macKind](c.b)); !same {
			t.Errorf("%s and %s differ", c.a, c.b)
		}
	}
	if same, _ := wordOf[vlanKind]("1,2,3").StringSemanticEquals(t.Context(), wordOf[vlanKind]("1-3")); !same {
		t.Error("1,2,3 and 1-3 differ")
	}
	if same, _ := wordOf[portKind]("gi1/0/1").StringSemanticEquals(t.Context(), wordOf[portKind]("GigabitEthernet1/0/1")); !same {
		t.Error("gi1/0/1 and GigabitEthernet1/0/1 differ")
	}
	for _, bad := range []string{"", "52:54:00:00:00", "01:00:5e:00:00:01", "00:00:00:00:00:00"} {
		if _, err := (macKind{}).canonical(bad); err == nil {
			t.Errorf("%q was taken for a MAC address", bad)
		}
	}
}

// A plan says that a new MTU waits for a reload, where it does.
func TestWarnReload(t *testing.T) {
	for _, c := range []struct {
		version    string
		have, want int
		warns      bool
	}{
		{"15.2(7)E3", 0, 9000, true},
		{"15.2(7)E3", 9000, 9000, false},
		{"15.2(7)E3", 0, 1500, false},
		{"15.2(7)E3", 9000, 0, false},
		{"17.6.5", 0, 9000, false},
	} {
		var diags diag.Diagnostics
		obs := fabric.Observation{Version: c.version, Config: fabric.Config{Global: fabric.Global{SystemMTU: c.have}}}
		warnReload(obs, fabric.Global{SystemMTU: c.want}, &diags)
		if got := diags.WarningsCount() == 1; got != c.warns || diags.HasError() {
			t.Errorf("from %d to %d on %s: %v", c.have, c.want, c.version, diags)
		}
	}
}

// Ports are listed as people count them.
func TestByNumber(t *testing.T) {
	want := []string{"FastEthernet0/1", "GigabitEthernet1/0/2", "GigabitEthernet1/0/10", "GigabitEthernet1/0/10.5", "GigabitEthernet2/0/1", "Port-channel2"}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, byNumber)
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
