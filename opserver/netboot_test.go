package opserver

import (
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/insomniacslk/dhcp/iana"
)

// TestWhatClientsSayTheyAre reads option 93 (RFC 4578 §2.1) of clients that boot.
// An operating system's says nothing of how it was started.
func TestWhatClientsSayTheyAre(t *testing.T) {
	for _, c := range []struct {
		arch                iana.Arch
		class               string
		firmware, processor string
	}{
		{0, classPXE, "bios", "amd64"},
		{7, classPXE, "uefi", "amd64"},
		{9, classPXE, "uefi", "amd64"},
		{16, classHTTP, "uefi", "amd64"},
		{11, classPXE, "uefi", "arm64"},
		{19, classHTTP, "uefi", "arm64"},
		{6, classPXE, "uefi", ""}, // IA-32
		{7, "", "", ""},
	} {
		m, err := dhcpv4.New(arch(c.arch), class(c.class))
		if err != nil {
			t.Fatal(err)
		}
		if got := classify(m); got.firmware() != c.firmware || got.processor() != c.processor {
			t.Errorf("architecture %d, class %q: %q and %q, want %q and %q", c.arch, c.class, got.firmware(), got.processor(), c.firmware, c.processor)
		}
	}
}

// TestTheRangeIsOnRecord: what DHCP hands out, and what of it never.
func TestTheRangeIsOnRecord(t *testing.T) {
	s := newSite(t).run()
	s.records.mu.Lock()
	p := s.records.pool
	s.records.mu.Unlock()
	if p.Opserver != s.Address || p.First != s.Range.First || p.Last != s.Range.Last || p.Contains(s.Address) || s.Range.Contains(s.Address) && len(p.Excluded) == 0 {
		t.Errorf("on record: %+v, but the range is %v without %v", p, s.Range, s.Address)
	}
}
