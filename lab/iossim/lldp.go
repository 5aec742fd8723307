package iossim

import (
	"bytes"
	"encoding/binary"
	"net"
	"net/netip"
	"strings"
	"unicode"
)

// neighbor is what somebody at the other end of a cable says of themselves.
type neighbor struct {
	chassis, port        string
	portDescription      string
	name, description    string
	capabilities         uint16
	enabled              uint16
	addresses            []netip.Addr
	vlan                 int
	holdSeconds          int
	platform, vtp        string // CDP alone
	nativeVLAN           int
	duplex               bool
	capabilitiesAsCDP    uint32
	sourceMAC            [6]byte
	hasVLAN, hasNative   bool
	hasDuplex, hasDomain bool
}

// lldpAddress is where LLDP frames are sent to: the nearest bridge.
var lldpAddress = [6]byte{0x01, 0x80, 0xc2, 0, 0, 0x0e}

const lldpType = 0x88cc

// LLDP's TLV types.
const (
	tlvEnd, tlvChassis, tlvPort, tlvTTL                       = 0, 1, 2, 3
	tlvPortText, tlvName, tlvDescription, tlvCaps, tlvAddress = 4, 5, 6, 7, 8
	tlvVendor                                                 = 127
)

// encodeLLDP writes a frame that tells of the switch.
func encodeLLDP(source [6]byte, n neighbor) []byte {
	f := append(append(lldpAddress[:6:6], source[:]...), lldpType>>8, lldpType&0xff)
	tlv := func(kind int, value ...[]byte) {
		v := bytes.Join(value, nil)
		v = v[:min(len(v), 511)]
		f = binary.BigEndian.AppendUint16(f, uint16(kind<<9|len(v)))
		f = append(f, v...)
	}
	tlv(tlvChassis, []byte{4}, source[:])
	tlv(tlvPort, []byte{5}, []byte(n.port))
	tlv(tlvTTL, binary.BigEndian.AppendUint16(nil, uint16(n.holdSeconds)))
	tlv(tlvName, []byte(n.name))
	tlv(tlvDescription, []byte(n.description))
	tlv(tlvPortText, []byte(n.portDescription))
	tlv(tlvCaps, binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, n.capabilities), n.enabled))
	for _, a := range n.addresses {
		raw := a.AsSlice()
		tlv(tlvAddress, []byte{byte(1 + len(raw)), 1}, raw, []byte{3, 0, 0, 0, 1, 0})
	}
	if n.hasVLAN {
		tlv(tlvVendor, []byte{0x00, 0x80, 0xc2, 1, byte(n.vlan >> 8), byte(n.vlan)})
	}
	tlv(tlvEnd)
	return f
}

// decodeLLDP reads a frame; false if it is none or is broken.
func decodeLLDP(f []byte) (neighbor, bool) {
	var n neighbor
	if len(f) < 14 || binary.BigEndian.Uint16(f[12:]) != lldpType {
		return n, false
	}
	copy(n.sourceMAC[:], f[6:])
	ttl := false
	for f = f[14:]; len(f) >= 2; {
		head := binary.BigEndian.Uint16(f)
		kind, length := int(head>>9), int(head&511)
		if length > len(f)-2 {
			return n, false
		}
		v := f[2 : 2+length]
		f = f[2+length:]
		switch {
		case kind == tlvEnd:
			return n, n.chassis != "" && n.port != "" && ttl
		case kind == tlvChassis && len(v) > 1:
			n.chassis = lldpID(v[0] == 4, v[0] == 5, v[1:])
		case kind == tlvPort && len(v) > 1:
			n.port = lldpID(v[0] == 3, v[0] == 4, v[1:])
		case kind == tlvTTL && len(v) >= 2:
			n.holdSeconds, ttl = int(binary.BigEndian.Uint16(v)), true
		case kind == tlvPortText:
			n.portDescription = printable(v)
		case kind == tlvName:
			n.name = printable(v)
		case kind == tlvDescription:
			n.description = printable(v)
		case kind == tlvCaps && len(v) >= 4:
			n.capabilities, n.enabled = binary.BigEndian.Uint16(v), binary.BigEndian.Uint16(v[2:])
		case kind == tlvAddress && len(v) > 2 && int(v[0]) < len(v) && v[0] > 1 && (v[1] == 1 || v[1] == 2):
			if a, ok := netip.AddrFromSlice(v[2 : 1+int(v[0])]); ok && len(n.addresses) < 8 {
				n.addresses = append(n.addresses, a)
			}
		case kind == tlvVendor && len(v) >= 6 && bytes.Equal(v[:4], []byte{0x00, 0x80, 0xc2, 1}):
			n.vlan, n.hasVLAN = int(binary.BigEndian.Uint16(v[4:])), true
		}
	}
	return n, n.chassis != "" && n.port != "" && ttl
}

// lldpID writes the value of a chassis or port id: an address in the form that
// the switch shows, or text.
func lldpID(mac, network bool, v []byte) string {
	if mac && len(v) == 6 {
		return dotted(v)
	}
	if network && len(v) == 5 && v[0] == 1 {
		return net.IP(v[1:]).String()
	}
	return printable(v)
}

// printable is text from outside without what would upset a terminal.
func printable(v []byte) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || unicode.IsPrint(r) && r < unicode.MaxASCII {
			return r
		}
		return -1
	}, string(v))
}
