package ophub

import (
	"strings"
	"testing"
)

func TestWipeOrderCovers(t *testing.T) {
	sda, sdb := Disk{Name: "sda", Serial: "A", Bytes: 480e9}, Disk{Name: "sdb", Serial: "B", Bytes: 64e6}
	for name, c := range map[string]struct {
		order, have []Disk
		want        string // of the error; empty is none
	}{
		"the same":      {[]Disk{sda, sdb}, []Disk{sdb, sda}, ""},
		"none":          {nil, nil, ""},
		"one more":      {[]Disk{sda}, []Disk{sda, sdb}, "disk sdb (64 MB, B) is not in the order"},
		"one less":      {[]Disk{sda, sdb}, []Disk{sda}, "disk sdb (64 MB, B) of the order is not there any more"},
		"another":       {[]Disk{sda}, []Disk{{Name: "sda", Serial: "C", Bytes: 480e9}}, "disk sda (480 GB, C) is another one than in the order"},
		"another size":  {[]Disk{sda}, []Disk{{Name: "sda", Serial: "A", Bytes: 479e9}}, "is another one than in the order"},
		"letters moved": {[]Disk{sda, sdb}, []Disk{{Name: "sda", Serial: "B", Bytes: 64e6}, {Name: "sdb", Serial: "A", Bytes: 480e9}}, "is another one than in the order"},
	} {
		err := WipeOrder{Disks: c.order}.Covers(c.have)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestWipeOrderInRecord(t *testing.T) {
	host := Host{Name: "node1", MACs: []string{"52:54:00:00:00:01"}, Wipe: &WipeOrder{ID: "1", BootID: "b"}}
	if err := host.Validate(); err != nil {
		t.Error(err)
	}
	if without := host; without.Wipe != nil {
		without.Wipe = nil
		if host.same(without) {
			t.Error("a record without the order passes for the same")
		}
	}
	host.Wipe = &WipeOrder{ID: "1"}
	if err := host.Validate(); err == nil || !strings.Contains(err.Error(), "boot ID") {
		t.Errorf("an order for any boot: %v", err)
	}
}

func TestWipePercent(t *testing.T) {
	for want, w := range map[int]Wipe{
		0:   {},
		25:  {Disks: []DiskWipe{{Bytes: 1 << 40, Done: 1 << 39}, {Bytes: 1 << 40}}},
		100: {Disks: []DiskWipe{{Bytes: 4096, Done: 4096}}},
	} {
		if got := w.Percent(); got != want {
			t.Errorf("%+v: %d %%, want %d", w, got, want)
		}
	}
}
