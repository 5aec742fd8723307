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
