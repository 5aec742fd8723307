package iossim

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"strings"
)

func parseIPv4(text string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(text)
	return a, err == nil && a.Is4()
}

func maskNumber(text string) uint32 {
	a, ok := parseIPv4(text)
	if !ok {
		return 0
	}
	b := a.As4()
	return binary.BigEndian.Uint32(b[:])
}

// parseMask reads an address and its mask; a mask with holes is not right.
func parseMask(address, mask string) (netip.Prefix, bool) {
	a, ok1 := parseIPv4(address)
	_, ok2 := parseIPv4(mask)
	if !ok1 || !ok2 {
		return netip.Prefix{}, false
	}
	m := maskNumber(mask)
	ones := 0
	for ; m&(1<<31) != 0; m <<= 1 {
		ones++
	}
	return netip.PrefixFrom(a, ones), m == 0
}

// address is what an interface's `ip address` line says, if it is well formed.
func (i *iface) address() (netip.Prefix, bool) {
	for _, l := range i.other {
		f := strings.Fields(l)
		if len(f) != 4 || f[0] != "ip" || f[1] != "address" {
			continue
		}
		if p, ok := parseMask(f[2], f[3]); ok {
			return p, true
		}
	}
	return netip.Prefix{}, false
}

var addressCommands = []command{
	{pattern: "ip address (dhcp|WORD WORD)", run: each(setAddress)},
	{pattern: "ip address WORD WORD secondary", run: each(setAddress)},
	{pattern: "(no|default) ip address [LINE]", run: each(removeAddress)},
}

func isSecondary(line string) bool { return strings.HasSuffix(line, " secondary") }

// setAddress gives an interface its address, or one besides it.
func setAddress(c *call, i *iface) error {
	if !layer3(c.sim, i) {
		return c.invalidWord(1)
	}
	line := c.canonical()
	if !c.has("dhcp") {
		if err := c.checkAddress(i); err != nil {
			return err
		}
	}
	old := slices.IndexFunc(i.other, func(l string) bool { return strings.HasPrefix(l, "ip address ") && !isSecondary(l) })
	switch {
	case c.has("secondary"):
		i.other = append(removeLines(i.other, line), line)
	case old >= 0:
		i.other[old] = line
	default:
		i.other = append(i.other, line)
	}
	return nil
}

// checkAddress rejects addresses that an interface cannot have.
func (c *call) checkAddress(i *iface) error {
	prefix, ok := parseMask(c.arg(0), c.arg(1))
	if !ok {
		for n := range 2 {
			if _, fine := parseIPv4(c.arg(n)); !fine {
				return c.invalid(n)
			}
		}
		return rejected("Bad mask 0x%X for address %s\n", maskNumber(c.arg(1)), c.arg(0))
	}
	if prefix.Masked().Addr() == prefix.Addr() && prefix.Bits() < 31 {
		return rejected("Bad mask /%d for address %s\n", prefix.Bits(), c.arg(0))
	}
	for name, other := range c.sim.run.ifaces {
		if p, ok := other.address(); ok && name != i.name && !other.shutdown && p.Masked().Overlaps(prefix.Masked()) && !c.loading {
			return rejected("%% %s overlaps with %s\n", prefix.Masked().Addr(), name)
		}
	}
	return nil
}

func removeAddress(c *call, i *iface) error {
	if !layer3(c.sim, i) {
		return c.invalidWord(2)
	}
	line := strings.TrimPrefix(c.canonical(), c.words[0]+" ")
	secondary := slices.ContainsFunc(i.other, func(l string) bool { return strings.HasPrefix(l, "ip address ") && isSecondary(l) })
	if line != "ip address" && !isSecondary(line) && secondary {
		return rejected("Must delete secondary before deleting primary\n")
	}
	i.other = slices.DeleteFunc(i.other, func(l string) bool {
		return l == line || line == "ip address" && strings.HasPrefix(l, "ip address ")
	})
	return nil
}
