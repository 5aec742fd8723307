package ophub

import (
	"fmt"
	"net"
	"regexp"
	"strings"
)

// A name is a DNS label: it becomes a host name, a key and a catalog node.
var namePattern = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

func checkName(kind, name string) error {
	if !namePattern.MatchString(name) {
		return &InvalidError{Kind: kind, Name: name, Field: "name", Problem: "want 1 to 63 lower-case letters, digits and inner hyphens"}
	}
	return nil
}

// NormalizeMAC returns a MAC address in lower case with colons, from any usual
// spelling of it. It refuses what is no address of one interface.
func NormalizeMAC(s string) (string, error) {
	mac, err := net.ParseMAC(strings.TrimSpace(s))
	if err != nil || len(mac) != 6 {
		return "", fmt.Errorf("%q is not a MAC address: want six bytes, like 52:54:00:12:34:56", s)
	}
	if mac[0]&1 != 0 {
		return "", fmt.Errorf("%q is a multicast address: want that of an interface", s)
	}
	if mac.String() == "00:00:00:00:00:00" {
		return "", fmt.Errorf("%q is no interface's address", s)
	}
	return mac.String(), nil
}
