package ipmi

import (
	"fmt"
	"net"
	"net/netip"
)

// The LAN configuration parameters (IPMI 2.0 §23.2, table 23-4).
const (
	selectSetInProgress = 0
	selectAddress       = 3
	selectSource        = 4
	selectMAC           = 5
	selectMask          = 6
	selectPort          = 8
	selectARP           = 10
	selectGateway       = 12
	selectGatewayMAC    = 13
	selectBackup        = 14
	selectBackupMAC     = 15
	selectCommunity     = 16
	selectVLAN          = 20
	selectVLANPriority  = 21
	selectSuites        = 23
	selectPrivileges    = 24
)

// lanParameters are how the parameters that are read become fields.
var lanParameters = []struct {
	selector byte
	read     func(*LAN, *fields)
}{
	{selectAddress, func(l *LAN, f *fields) { l.Address = ipv4(f) }},
	{selectSource, func(l *LAN, f *fields) {
		l.Source = SourceUnspecified
		if code := int(f.u8() & 0x0f); code < len(addressSources) {
			l.Source = addressSources[code]
		}
	}},
	{selectMAC, func(l *LAN, f *fields) { l.MAC = hardware(f) }},
	{selectMask, func(l *LAN, f *fields) { l.Mask = ipv4(f) }},
	{selectPort, func(l *LAN, f *fields) { l.Port = int(f.u16()) }},
	{selectARP, func(l *LAN, f *fields) {
		bits := f.u8()
		l.ARPReplies, l.GratuitousARP = bits&0x02 != 0, bits&0x01 != 0
	}},
	{selectGateway, func(l *LAN, f *fields) { l.Gateway = ipv4(f) }},
	{selectGatewayMAC, func(l *LAN, f *fields) { l.GatewayMAC = hardware(f) }},
	{selectBackup, func(l *LAN, f *fields) { l.BackupGateway = ipv4(f) }},
	{selectBackupMAC, func(l *LAN, f *fields) { l.BackupGatewayMAC = hardware(f) }},
	{selectCommunity, func(l *LAN, f *fields) { l.Community = latinText(f.take(min(18, len(f.rest)))) }},
	{selectVLAN, func(l *LAN, f *fields) {
		if tag := f.u16(); tag&0x8000 != 0 {
			l.VLAN = int(tag & 0x0fff)
		}
	}},
	{selectVLANPriority, func(l *LAN, f *fields) { l.VLANPriority = int(f.u8() & 0x07) }},
	{selectSuites, func(l *LAN, f *fields) {
		f.u8()
		// Suite 0 is a suite, too; the room that is left over is zeros, which come after it.
		for _, suite := range f.rest {
			if suite != 0 || len(l.CipherSuites) == 0 {
				l.CipherSuites = append(l.CipherSuites, int(suite))
			}
		}
	}},
	{selectPrivileges, func(l *LAN, f *fields) {
		f.u8()
		for _, two := range f.rest {
			l.Privileges = append(l.Privileges, Privilege(two&0x0f), Privilege(two>>4))
		}
	}},
}

func ipv4(f *fields) netip.Addr { return netip.AddrFrom4([4]byte(f.take(4))) }

func hardware(f *fields) net.HardwareAddr { return append(net.HardwareAddr(nil), f.take(6)...) }

// setting is one parameter to send.
type setting struct {
	selector byte
	data     []byte
}

// parameters are what a change sends, in order: the source first, for controllers refuse an address while theirs
// comes by DHCP, and the VLAN last, for it takes effect at once on some.
func (c LANChange) parameters() (all []setting) {
	if c.Source != nil {
		for code, known := range addressSources {
			if known == *c.Source {
				all = append(all, setting{selectSource, []byte{byte(code)}})
			}
		}
	}
	for _, a := range []struct {
		selector byte
		address  *netip.Addr
	}{{selectAddress, c.Address}, {selectMask, c.Mask}, {selectGateway, c.Gateway}} {
		if a.address != nil {
			all = append(all, setting{a.selector, a.address.AsSlice()})
		}
	}
	if c.VLAN != nil {
		tag := uint16(*c.VLAN)
		if tag != 0 {
			tag |= 0x8000
		}
		all = append(all, setting{selectVLAN, le16(tag)})
	}
	return all
}

// missing says what of a change a controller does not keep.
func (c LANChange) missing(got LAN) string {
	if c.Source != nil && got.Source != *c.Source {
		return fmt.Sprintf("the source %s", got.Source)
	}
	for _, a := range []struct {
		name string
		want *netip.Addr
		got  netip.Addr
	}{{"address", c.Address, got.Address}, {"mask", c.Mask, got.Mask}, {"gateway", c.Gateway, got.Gateway}} {
		if a.want != nil && *a.want != a.got {
			return fmt.Sprintf("the %s %s", a.name, a.got)
		}
	}
	if c.VLAN != nil && *c.VLAN != got.VLAN {
		return fmt.Sprintf("VLAN %d", got.VLAN)
	}
	return ""
}
