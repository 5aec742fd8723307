package iossim

import (
	"encoding/binary"
	"net/netip"
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
