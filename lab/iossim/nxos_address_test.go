package iossim

import (
	"strings"
	"testing"
)

// TestNexusAddress: an address with a mask is one of the interface, and shown
// with the mask's length.
func TestNexusAddress(t *testing.T) {
	s, err := New(Config{Profile: "N9K-C93180YC-EX"})
	if err != nil {
		t.Fatal(err)
	}
	if out, err := s.Exec("configure terminal", "interface Ethernet1/1", "no switchport", "ip address 192.0.2.1 255.255.255.0", "ip address 192.0.2.9 255.255.255.0 secondary", "description here", "end"); err != nil {
		t.Fatal(err, out)
	}
	if text := s.RunningConfig(); !strings.Contains(text, "  ip address 192.0.2.1/24\n  ip address 192.0.2.9/24 secondary\n") || !strings.Contains(text, "  description here\n") {
		t.Error(text)
	}
	if out, err := s.Exec("configure terminal", "interface Ethernet1/1", "ip address 192.0.2.1 255.0.255.0"); err == nil {
		t.Error("a mask with holes is taken", out)
	}
	if _, err := s.Exec("configure terminal", "system jumbomtu 9001"); err == nil {
		t.Error("an odd MTU is taken")
	}
}
