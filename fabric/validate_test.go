package fabric

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestValidateNamesEachProblem(t *testing.T) {
	w := Want{
		VLANs: map[int]VLAN{
			0:    {},
			1:    {Name: "mine"},
			20:   {Name: "same"},
			21:   {Name: "same"},
			22:   {Name: strings.Repeat("x", 33)},
			23:   {ID: 24},
			1004: {},
			30:   {Name: "why?"},
		},
		AbsentVLANs: []int{20, 1, 4095},
		Ports: map[string]Port{
			"A": {Mode: "monitor", AccessVLAN: 4095, NativeVLAN: 1005, Description: " x"},
			"B": {Description: strings.Repeat("x", 201)},
			"C": {Description: "what?"},
			"D": {Mode: ModeAccess, AccessVLAN: 20, Description: "fine, \"quoted\" #1"},
		},
		Restore: map[string][]string{"D": nil},
	}
	var got []string
	for _, e := range Validate(w) {
		got = append(got, e.PathString()+": "+e.Summary)
	}
	want := []string{
		`vlans["0"]: VLAN 0 does not exist`,
		`vlans["1"].name: VLAN 1 cannot be renamed`,
		`vlans["22"].name: the name has 33 characters`,
		`vlans["23"].vlan_id: VLAN 24 stands under the key 23`,
		`vlans["30"].name: the name "why?" cannot be typed on a switch`,
		`vlans["1004"]: VLAN 1004 is reserved`,
		`absent_vlans["20"]: VLAN 20 is both wanted and unwanted`,
		`absent_vlans["1"]: VLAN 1 cannot be removed`,
		`absent_vlans["1"]: VLAN 1 is both wanted and unwanted`,
		`absent_vlans["4095"]: VLAN 4095 does not exist`,
		`vlans["21"].name: VLAN 20 has the name "same", too`,
		`ports["A"].access_vlan: VLAN 4095 does not exist`,
		`ports["A"].description: the description begins or ends with a space`,
		`ports["A"].mode: the mode "monitor" is not known`,
		`ports["A"].native_vlan: VLAN 1005 is reserved`,
		`ports["B"].description: the description has 201 characters`,
		`ports["C"].description: the description "what?" cannot be typed on a switch`,
		`ports["D"]: the port is wanted twice`,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestUnknownPortSaysWhatThereIs(t *testing.T) {
	o := Observation{Config: Config{Hostname: "leaf1", Order: []string{"GigabitEthernet1/0/1", "GigabitEthernet1/0/2"},
		Ports: map[string]Port{"GigabitEthernet1/0/1": {}, "GigabitEthernet1/0/2": {}}}}
	es := ValidateAgainst(o, Want{Ports: map[string]Port{"GigabitEthernet1/0/3": {}}})
	const want = `ports["GigabitEthernet1/0/3"]: leaf1 has no port GigabitEthernet1/0/3: it has 2, from GigabitEthernet1/0/1 to GigabitEthernet1/0/2`
	if len(es) != 1 || es[0].Error() != want {
		t.Errorf("got %v", es)
	}
}

func TestFingerprints(t *testing.T) {
	obs := func(line, other string) Observation {
		return Observation{Config: Config{VLANs: map[int]VLAN{20: {ID: 20, Name: "a"}},
			Ports: map[string]Port{"A": {Lines: []string{line}}, "B": {Lines: []string{other}}}}}
	}
	w := Want{Ports: map[string]Port{"A": {}}}
	base := obs("x", "y")
	for _, tc := range []struct {
		name         string
		o            Observation
		scope, whole bool // the same?
	}{
		{"same", obs("x", "y"), true, true},
		{"in scope", obs("z", "y"), false, false},
		{"out of scope", obs("x", "z"), true, false},
	} {
		if got := ScopeFingerprint(tc.o, w) == ScopeFingerprint(base, w); got != tc.scope {
			t.Errorf("%s: scope same: %t", tc.name, got)
		}
		if got := WholeFingerprint(tc.o) == WholeFingerprint(base); got != tc.whole {
			t.Errorf("%s: whole same: %t", tc.name, got)
		}
	}
}

func TestTargetHidesSecrets(t *testing.T) {
	target := Target{Name: "leaf1", Address: "192.0.2.1", Password: "hidden-1", EnablePassword: "hidden-2", PrivateKey: "hidden-3"}
	for _, s := range []string{fmt.Sprint(target), fmt.Sprintf("%+v", target), fmt.Sprintf("%#v", target), target.LogValue().String()} {
		if strings.Contains(s, "hidden") {
			t.Errorf("shows a secret: %s", s)
		}
	}
}
