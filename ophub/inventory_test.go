package ophub

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestTidyInventory(t *testing.T) {
	got := Inventory{
		System:   System{Vendor: " Dell\tInc. ", Serial: "A\x1b[31mB\x00", UUID: "4C4C4544-0042"},
		Firmware: FirmwareID{Kind: "coreboot", Version: "2.1"},
		CPU:      CPU{Model: strings.Repeat("é", 200), Sockets: -1, Threads: 8},
		NICs: []NIC{
			{Name: "eth0", MAC: "52-54-00-AA-00-01", Mbps: -1, Neighbors: []Neighbor{{Chassis: "c", VLAN: 5000, Addresses: []string{"10.0.0.1", "no", "::1", "10.0.0.2"}}}},
			{Name: "ib0", MAC: "80:00:02:08:fe:80:00:00:00:00:00:00:00:02:c9:03:00:00:00:01"},
		},
		BMC: InBandBMC{Address: "0.0.0.0", MAC: "x", Missing: "no\nlan"},
	}.Tidy()
	if got.System != (System{Vendor: "Dell Inc.", Serial: "A[31mB", UUID: "4c4c4544-0042"}) || got.Firmware != (FirmwareID{Version: "2.1"}) {
		t.Errorf("%+v, %+v", got.System, got.Firmware)
	}
	if n := len(got.CPU.Model); n > maxText || !strings.HasSuffix(got.CPU.Model, "é…") || got.CPU.Sockets != 0 || got.CPU.Threads != 8 {
		t.Errorf("%+v of %d bytes", got.CPU, n)
	}
	want := NIC{Name: "eth0", MAC: "52:54:00:aa:00:01", Neighbors: []Neighbor{{Chassis: "c", Addresses: []string{"10.0.0.1", "::1"}}}}
	if len(got.NICs) != 1 || !reflect.DeepEqual(got.NICs[0], want) {
		t.Errorf("%+v", got.NICs)
	}
	if len(got.Missing) != 1 || !strings.Contains(got.Missing[0], "ib0") {
		t.Errorf("missing: %q", got.Missing)
	}
	if got.BMC != (InBandBMC{Missing: "no lan"}) {
		t.Errorf("%+v", got.BMC)
	}
	if again := got.Tidy(); !reflect.DeepEqual(again, got) {
		t.Errorf("tidied twice: %+v", again)
	}
}

// TestInventoryIsBounded: whatever a machine says, its record stays small.
func TestInventoryIsBounded(t *testing.T) {
	long := strings.Repeat("\u2028<\">", 4000)
	neighbor := Neighbor{long, long, long, long, long, 1, slices.Repeat([]string{"2001:db8:1111:2222:3333:4444:5555:6666"}, 99)}
	inv := Inventory{
		System: System{long, long, long, long}, Firmware: FirmwareID{long, long, long, long}, CPU: CPU{Model: long},
		Disks:   slices.Repeat([]Disk{{Name: long, Model: long, Serial: long, Bytes: 1 << 60}}, 500),
		NICs:    slices.Repeat([]NIC{{Name: long, MAC: "52:54:00:00:00:01", Driver: long, Neighbors: slices.Repeat([]Neighbor{neighbor}, 500)}}, 500),
		BMC:     InBandBMC{Missing: long},
		Missing: slices.Repeat([]string{long}, 500),
	}.Tidy()
	b, err := json.Marshal(inv)
	if err != nil || len(b) > MaxInventory {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	if again := inv.Tidy(); len(inv.NICs) == 0 || len(inv.Missing) == 0 || !reflect.DeepEqual(again.NICs, inv.NICs) {
		t.Errorf("%d interfaces, then %d; missing: %q", len(inv.NICs), len(again.NICs), inv.Missing)
	}
}

func TestCables(t *testing.T) {
	var none *Inventory
	for range none.Cables() {
		t.Error("a cable of nothing")
	}
	inv := &Inventory{NICs: []NIC{{Name: "eth0"}, {Name: "eth1", Neighbors: []Neighbor{{System: "leaf1"}, {System: "phone"}}}}}
	var got []string
	for c := range inv.Cables() {
		got = append(got, c.NIC.Name+" "+c.Neighbor.System)
	}
	if !slices.Equal(got, []string{"eth1 leaf1", "eth1 phone"}) {
		t.Errorf("%q", got)
	}
}
