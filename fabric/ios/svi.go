package ios

import (
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// sviAttrs are the managed lines of an SVI, as text. Lists are joined by
// newlines, so that two values can be compared.
type sviAttrs struct {
	description string
	address     string // what follows "ip address": "10.0.0.1 255.255.255.0", "dhcp"
	secondary   string // a list of "10.0.1.1 255.255.255.0"
	helpers     string
	shutdown    bool
}

var (
	sviAddressRE = regexp.MustCompile(`^ip address (\d+\.\d+\.\d+\.\d+ \d+\.\d+\.\d+\.\d+)( secondary)?$`)
	sviDHCPRE    = regexp.MustCompile(`^ip address (dhcp(?: client-id \S+)?(?: hostname \S+)?)$`)
	sviHelperRE  = regexp.MustCompile(`^ip helper-address (\d+\.\d+\.\d+\.\d+)$`)
)

func (a *sviAttrs) take(line string) bool {
	if text, ok := strings.CutPrefix(line, "description "); ok {
		a.description = text
		return true
	}
	switch line {
	case "shutdown":
		a.shutdown = true
		return true
	case "no shutdown", lineNoAddress:
		return true
	}
	if m := sviAddressRE.FindStringSubmatch(line); m != nil {
		if m[2] != "" {
			a.secondary = joinItem(a.secondary, m[1])
		} else {
			a.address = m[1]
		}
		return true
	}
	if m := sviDHCPRE.FindStringSubmatch(line); m != nil {
		a.address = m[1]
		return true
	}
	if m := sviHelperRE.FindStringSubmatch(line); m != nil {
		a.helpers = joinItem(a.helpers, m[1])
		return true
	}
	return false
}

func joinItem(list, item string) string {
	if list == "" {
		return item
	}
	return list + "\n" + item
}

func items(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, "\n")
}

func readSVI(lines []string) (sviAttrs, []string) {
	var a sviAttrs
	var other []string
	for _, l := range lines {
		if !a.take(l) {
			other = append(other, l)
		}
	}
	return a.sorted(), other
}

func managedSVILines(lines []string) []string {
	out := []string{}
	for _, l := range lines {
		if (&sviAttrs{}).take(l) {
			out = append(out, l)
		}
	}
	return out
}

// ParseSVI reads the lines of one `interface VlanN`.
func ParseSVI(vlan int, body []string) fabric.SVI {
	lines := trimBody(body)
	a, other := readSVI(lines)
	s := fabric.SVI{VLAN: vlan, DHCP: strings.HasPrefix(a.address, "dhcp"), Other: other, Lines: lines}
	if a.description != "" {
		s.Description = &a.description
	}
	if a.shutdown {
		s.Shutdown = fabric.Enable
	}
	for _, text := range append(items(a.address), items(a.secondary)...) {
		if p, err := parseMasked(text); err == nil {
			s.Addresses = append(s.Addresses, p)
		}
	}
	for _, text := range items(a.helpers) {
		if h, err := netip.ParseAddr(text); err == nil {
			s.Helpers = append(s.Helpers, h)
		}
	}
	return s
}

// parseMasked reads "10.0.0.1 255.255.255.0".
func parseMasked(s string) (netip.Prefix, error) {
	addr, mask, _ := strings.Cut(s, " ")
	a, err := netip.ParseAddr(addr)
	if err != nil {
		return netip.Prefix{}, err
	}
	m, err := netip.ParseAddr(mask)
	if err != nil || !m.Is4() || !a.Is4() {
		return netip.Prefix{}, fmt.Errorf("%.40q is no address with a mask", s)
	}
	four := m.As4()
	bits, size := net.IPMask(four[:]).Size()
	if size == 0 {
		return netip.Prefix{}, fmt.Errorf("the mask of %.40q has gaps", s)
	}
	return netip.PrefixFrom(a, bits), nil
}

func masked(p netip.Prefix) string {
	return p.Addr().String() + " " + net.IP(net.CIDRMask(p.Bits(), 32)).String()
}

// wantSVI makes the managed lines of a wanted SVI.
func wantSVI(have sviAttrs, s fabric.SVI) sviAttrs {
	to := have
	if s.Addresses != nil {
		to.address, to.secondary = "", ""
		for i, p := range s.Addresses {
			if i == 0 {
				to.address = masked(p)
			} else {
				to.secondary = joinItem(to.secondary, masked(p))
			}
		}
	}
	if s.Helpers != nil {
		to.helpers = ""
		for _, h := range s.Helpers {
			to.helpers = joinItem(to.helpers, h.String())
		}
	}
	if s.Description != nil {
		to.description = *s.Description
	}
	switch s.Shutdown {
	case fabric.Enable:
		to.shutdown = true
	case fabric.Disable, fabric.Default:
		to.shutdown = false
	}
	return to.sorted()
}

// sorted puts the lists into one order: neither secondary addresses nor helpers
// have one that means anything.
func (a sviAttrs) sorted() sviAttrs {
	for _, list := range []*string{&a.secondary, &a.helpers} {
		all := items(*list)
		slices.Sort(all)
		*list = strings.Join(slices.Compact(all), "\n")
	}
	return a
}

// sviLines lead from one set of lines to the other. Secondary addresses go
// before the primary does and come after it, as IOS demands.
func sviLines(from, to sviAttrs) []string {
	var out []string
	add := func(lines ...string) { out = append(out, lines...) }
	if from.shutdown != to.shutdown && to.shutdown {
		add("shutdown")
	}
	if from.description != to.description {
		add(valueLine("description", to.description))
	}
	gone, come := difference(from.secondary, to.secondary), difference(to.secondary, from.secondary)
	for _, a := range gone {
		add("no ip address " + a + " secondary")
	}
	if from.address != to.address {
		add(valueLine("ip address", to.address))
	}
	for _, a := range come {
		add("ip address " + a + " secondary")
	}
	for _, h := range difference(to.helpers, from.helpers) {
		add("ip helper-address " + h)
	}
	for _, h := range difference(from.helpers, to.helpers) {
		add("no ip helper-address " + h)
	}
	if from.shutdown != to.shutdown && !to.shutdown {
		add("no shutdown")
	}
	return out
}

// difference are the items of a that are not in b.
func difference(a, b string) []string {
	var out []string
	for _, i := range items(a) {
		if !slices.Contains(items(b), i) {
			out = append(out, i)
		}
	}
	return out
}
