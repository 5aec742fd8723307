package fabric

import (
	"net/netip"
	"testing"
)

// TestOnto brings a part of a configuration onto a whole one: nothing goes.
func TestOnto(t *testing.T) {
	twenty, err := NewVLANSet(20)
	if err != nil {
		t.Fatal(err)
	}
	thirty, err := NewVLANSet(30)
	if err != nil {
		t.Fatal(err)
	}
	from := Config{
		VLANs: map[int]VLAN{1: {ID: 1}, 20: {ID: 20, Name: "a"}},
		Ports: map[string]Port{"Port-channel1": {}, "GigabitEthernet1/0/1": {Lines: []string{"shutdown"}}},
		SVIs:  map[int]SVI{20: {}},
		Global: Global{
			SpanningTreeMode: "pvst", LLDP: Enable, CDP: Disable, SystemMTU: 9000, DefaultGateway: netip.MustParseAddr("192.0.2.1"),
			DHCPSnooping:         DHCPSnooping{Enabled: Enable, VLANs: twenty},
			SpanningTreePriority: map[int]VLANSet{4096: twenty},
		},
	}
	if w := Onto(from, Config{}); !w.Empty() {
		t.Errorf("nothing is said, and wanted is %+v", w)
	}
	part := Config{
		VLANs:  map[int]VLAN{30: {ID: 30, Name: "b"}},
		Ports:  map[string]Port{"GigabitEthernet1/0/1": {Lines: []string{"description up"}}},
		Global: Global{SpanningTreeMode: "mst", DHCPSnooping: DHCPSnooping{VLANs: thirty}},
	}
	w := Onto(from, part)
	if len(w.VLANs) != 1 || len(w.AbsentVLANs)+len(w.AbsentChannels)+len(w.AbsentSVIs) != 0 || len(w.Restore) != 1 {
		t.Errorf("got %+v", w)
	}
	if g := w.Global; g.SpanningTreeMode != "mst" || g.DHCPSnooping.VLANs.String() != "20,30" || g.LLDP != "" || g.SystemMTU != 0 || len(g.SpanningTreePriority) != 0 {
		t.Errorf("global: %+v", g)
	}
}

func TestWithoutSecrets(t *testing.T) {
	lines := []string{"ip ospf message-digest-key 1 md5 7 00", "standby 1 authentication s3cret", "ip access-group keyless in", "load-interval 30"}
	if got := WithoutSecrets(lines); len(got) != 2 || got[0] != lines[2] || got[1] != lines[3] {
		t.Errorf("got %q", got)
	}
}
