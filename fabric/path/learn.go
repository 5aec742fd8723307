package path

import (
	"net/netip"
	"regexp"
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// Neighbour is the station whose frames carry the operator's sessions: the
// client itself where it is in the subnet of the management interface, else
// the gateway. Its MAC address, found with `show ip arp ADDRESS`, tells the
// ingress port in the MAC table of the management VLAN. It is false where the
// question makes no sense, for example on a routed port.
func Neighbour(obs fabric.Observation, m Management) (addr netip.Addr, vlan int, ok bool) {
	facts := m.Facts
	if facts == nil {
		f := Read(obs)
		facts = &f
	}
	d := build(obs, *facts)
	d.negotiated = modeTrunk
	guards, _ := newGuards(d, m)
	if len(guards) != 1 || guards[0].path.VLAN == 0 {
		return netip.Addr{}, 0, false
	}
	g := guards[0]
	switch {
	case g.onLink:
		addr = g.client
	case g.client.IsValid():
		addr = g.path.Gateway
	}
	return addr, g.path.VLAN, addr.IsValid()
}

var dottedMAC = regexp.MustCompile(`(?i)^[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}$`)

// ARPEntry finds the MAC address of an IP address in `show ip arp`, in the form
// in which the switch writes it.
func ARPEntry(text string, addr netip.Addr) (mac string, ok bool) {
	for line := range strings.SplitSeq(text, "\n") {
		found := false
		for w := range strings.FieldsSeq(line) {
			if a, err := netip.ParseAddr(w); err == nil && a == addr {
				found = true
			}
			if found && dottedMAC.MatchString(w) {
				return strings.ToLower(w), true
			}
		}
	}
	return "", false
}

// Ingress finds the port of a MAC address in `show mac address-table`, whose
// columns differ between platforms: the row names the VLAN, then the address,
// and the port comes last. More than one port is no answer.
func Ingress(text, platform, mac string, vlan int) (port string, ok bool) {
	for line := range strings.SplitSeq(strings.ReplaceAll(text, "\r", ""), "\n") {
		w := strings.Fields(strings.TrimLeft(line, "*+~GRSDC "))
		if len(w) < 3 {
			continue
		}
		at := indexFold(w, mac)
		if at < 0 || !hasNumber(w[:min(len(w)-1, at+4)], vlan) {
			continue
		}
		name, err := fabric.NormalizePort(platform, w[len(w)-1])
		if err != nil || kindOf(name) > kindChannel {
			continue
		}
		if port != "" && port != name {
			return "", false
		}
		port = name
	}
	return port, port != ""
}

func indexFold(words []string, want string) int {
	for i, w := range words {
		if strings.EqualFold(w, want) {
			return i
		}
	}
	return -1
}

func hasNumber(words []string, n int) bool {
	for _, w := range words {
		if w == itoa(n) {
			return true
		}
	}
	return false
}
