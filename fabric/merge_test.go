package fabric

import (
	"errors"
	"reflect"
	"testing"
)

func TestMergeWants(t *testing.T) {
	a := Want{VLANs: map[int]VLAN{10: {Name: "a"}}, AbsentVLANs: []int{30, 40}, Ports: map[string]Port{"Gi1": {Description: "x"}},
		Global: Global{SpanningTreeMode: "mst"}}
	b := Want{VLANs: map[int]VLAN{10: {Name: "a"}, 11: {}}, AbsentVLANs: []int{20, 30}, Ports: map[string]Port{"Gi2": {}},
		Global: Global{SystemMTU: 9000}}
	got, err := MergeWants(a, b)
	if err != nil {
		t.Fatal(err)
	}
	want := Want{VLANs: map[int]VLAN{10: {Name: "a"}, 11: {}}, AbsentVLANs: []int{20, 30, 40},
		Ports:  map[string]Port{"Gi1": {Description: "x"}, "Gi2": {}},
		Global: Global{SpanningTreeMode: "mst", SystemMTU: 9000}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
	if len(a.VLANs) != 1 || len(a.Ports) != 1 {
		t.Error("an argument was changed")
	}
}

func TestMergeWantsThatDisagree(t *testing.T) {
	for name, pair := range map[string][2]Want{
		"VLAN name":        {{VLANs: map[int]VLAN{10: {Name: "a"}}}, {VLANs: map[int]VLAN{10: {Name: "b"}}}},
		"VLAN there":       {{VLANs: map[int]VLAN{10: {}}}, {AbsentVLANs: []int{10}}},
		"port":             {{Ports: map[string]Port{"Gi1": {}}}, {Ports: map[string]Port{"Gi1": {Shutdown: true}}}},
		"port and restore": {{Ports: map[string]Port{"Gi1": {}}}, {Restore: map[string][]string{"Gi1": nil}}},
		"global":           {{Global: Global{SystemMTU: 1500}}, {Global: Global{SystemMTU: 9000}}},
		"SVI there":        {{SVIs: map[int]SVI{10: {}}}, {AbsentSVIs: []int{10}}},
		"channel there":    {{Ports: map[string]Port{"Port-channel1": {}}}, {AbsentChannels: []int{1}}},
	} {
		var e *MergeError
		if _, err := MergeWants(pair[0], pair[1]); !errors.As(err, &e) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestMergeKnowsEveryKind fails when a Want gets a kind of field that merging
// would not know how to join.
func TestMergeKnowsEveryKind(t *testing.T) {
	for i := range reflect.TypeFor[Want]().NumField() {
		f := reflect.TypeFor[Want]().Field(i)
		ok := f.Type.Kind() == reflect.Map || f.Type == reflect.TypeFor[[]int]() || f.Type.Kind() == reflect.Struct && open(f.Type)
		if !ok {
			t.Errorf("Want.%s is of a kind that MergeWants does not join", f.Name)
		}
	}
}
