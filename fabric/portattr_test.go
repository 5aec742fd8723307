package fabric

import (
	"net/netip"
	"testing"
)

func TestNamesOfLogicalPorts(t *testing.T) {
	for name, want := range map[string]int{"Port-channel1": 1, "port-channel48": 48, "Port-channel": 0, "Port-channel0": 0, "Port-channel-1": 0, "GigabitEthernet1/0/1": 0} {
		if got := ChannelGroup(name); got != want {
			t.Errorf("%s is port-channel %d, want %d", name, got, want)
		}
	}
	for name, want := range map[string]int{"Vlan20": 20, "vlan4094": 4094, "Vlan4095": 0, "Vlan": 0, "Vlan1.2": 0, "Loopback0": 0} {
		if got := SVINumber(name); got != want {
			t.Errorf("%s is the SVI of %d, want %d", name, got, want)
		}
	}
	if ChannelGroup(ChannelName(7)) != 7 || SVINumber(SVIName(7)) != 7 {
		t.Error("names do not read back")
	}
}

func TestNormalizeMAC(t *testing.T) {
	for _, s := range []string{"0011.22AA.bbcc", "00:11:22:aa:BB:cc", "00-11-22-aa-bb-cc", " 001122aabbcc "} {
		if got, err := NormalizeMAC(s); err != nil || got != "00:11:22:aa:bb:cc" {
			t.Errorf("%q: %q, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "0011.22aa.bbc", "0011.22aa.bbcg", "node1"} {
		if got, err := NormalizeMAC(s); err == nil {
			t.Errorf("%q is %q", s, got)
		}
	}
}

func TestDefaultPortIsValid(t *testing.T) {
	w := Want{Ports: map[string]Port{"GigabitEthernet1/0/1": DefaultPort("GigabitEthernet1/0/1"), "Port-channel1": DefaultPort("Port-channel1")}}
	if err := Validate(w).Err(); err != nil {
		t.Error(err)
	}
}

func TestToggle(t *testing.T) {
	if Toggle("").Or(Enable) != Enable || Default.Or(Disable) != Disable || Disable.Or(Enable) != Disable || ToggleOf(true) != Enable {
		t.Error("the words do not stand for what they say")
	}
}

// TestScopeOfSettings: a change outside of what a want names is not a change
// for it.
func TestScopeOfSettings(t *testing.T) {
	a := Observation{Config: Config{Global: Global{LLDP: Enable, SystemMTU: 9000, SpanningTreePriority: map[int]VLANSet{4096: mustVLANs(t, "10,20")}},
		SVIs: map[int]SVI{20: {Lines: []string{"shutdown"}}}}}
	b := a
	b.Global.SystemMTU = 1500
	b.Global.DefaultGateway = netip.MustParseAddr("10.0.0.1")
	b.Global.SpanningTreePriority = map[int]VLANSet{4096: mustVLANs(t, "10")}
	w := Want{Global: Global{LLDP: Disable, SpanningTreePriority: map[int]VLANSet{8192: mustVLANs(t, "10")}}, SVIs: map[int]SVI{20: {}}}
	if ScopeFingerprint(a, w) != ScopeFingerprint(b, w) {
		t.Error("a setting out of scope counts")
	}
	if WholeFingerprint(a) == WholeFingerprint(b) {
		t.Error("settings do not count for the whole")
	}
	w.AbsentSVIs = []int{30}
	w.Restore = map[string][]string{"Vlan40": nil}
	b.SVIs = map[int]SVI{20: {Lines: []string{"shutdown"}}, 40: {}}
	if ScopeFingerprint(a, w) == ScopeFingerprint(b, w) {
		t.Error("an SVI in scope does not count")
	}
}

func mustVLANs(t *testing.T, s string) VLANSet {
	t.Helper()
	v, err := ParseVLANSet(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
