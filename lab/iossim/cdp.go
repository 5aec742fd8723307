package iossim

import (
	"bytes"
	"encoding/binary"
	"net/netip"
)

// cdpAddress is where Cisco's own protocols are sent to.
var cdpAddress = [6]byte{0x01, 0x00, 0x0c, 0xcc, 0xcc, 0xcc}

// cdpHeader follows the length field: LLC, SNAP, and CDP's type.
var cdpHeader = []byte{0xaa, 0xaa, 0x03, 0x00, 0x00, 0x0c, 0x20, 0x00}

// CDP's TLV types.
const (
	cdpDevice, cdpAddresses, cdpPort, cdpCaps = 1, 2, 3, 4
	cdpVersion, cdpPlatform, cdpDomain        = 5, 6, 9
	cdpNative, cdpDuplex, cdpManagement       = 10, 11, 22
)

// encodeCDP writes a frame that tells of the switch.
func encodeCDP(source [6]byte, n neighbor) []byte {
	body := []byte{2, byte(n.holdSeconds), 0, 0}
	tlv := func(kind int, value []byte) {
		body = binary.BigEndian.AppendUint16(body, uint16(kind))
		body = binary.BigEndian.AppendUint16(body, uint16(4+len(value)))
		body = append(body, value...)
	}
	addresses := binary.BigEndian.AppendUint32(nil, uint32(len(n.addresses)))
	for _, a := range n.addresses {
		raw := a.AsSlice()
		addresses = append(addresses, 1, 1, 0xcc, 0, byte(len(raw)))
		addresses = append(addresses, raw...)
	}
	tlv(cdpDevice, []byte(n.name))
	if len(n.addresses) > 0 {
		tlv(cdpAddresses, addresses)
	}
	tlv(cdpPort, []byte(n.port))
	tlv(cdpCaps, binary.BigEndian.AppendUint32(nil, n.capabilitiesAsCDP))
	tlv(cdpVersion, []byte(n.description))
	tlv(cdpPlatform, []byte(n.platform))
	tlv(cdpDomain, []byte(n.vtp))
	if n.hasNative {
		tlv(cdpNative, binary.BigEndian.AppendUint16(nil, uint16(n.nativeVLAN)))
	}
	tlv(cdpDuplex, []byte{1})
	if len(n.addresses) > 0 {
		tlv(cdpManagement, addresses)
	}
	binary.BigEndian.PutUint16(body[2:], checksum(body))
	f := append(cdpAddress[:6:6], source[:]...)
	f = binary.BigEndian.AppendUint16(f, uint16(len(cdpHeader)+len(body)))
	return append(append(f, cdpHeader...), body...)
}

// checksum is that of IP, but for how Cisco takes a last odd byte.
func checksum(b []byte) uint16 {
	var sum uint32
	for ; len(b) > 1; b = b[2:] {
		sum += uint32(binary.BigEndian.Uint16(b))
	}
	if len(b) == 1 {
		sum += uint32(b[0])
	}
	for sum>>16 != 0 {
		sum = sum&0xffff + sum>>16
	}
	return ^uint16(sum)
}

// decodeCDP reads a frame; false if it is none or is broken.
func decodeCDP(f []byte) (neighbor, bool) {
	var n neighbor
	if len(f) < 14+len(cdpHeader)+4 || !bytes.Equal(f[14:14+len(cdpHeader)], cdpHeader) {
		return n, false
	}
	copy(n.sourceMAC[:], f[6:])
	length := int(binary.BigEndian.Uint16(f[12:]))
	if length > len(f)-14 || length < len(cdpHeader)+4 {
		return n, false
	}
	body := f[14+len(cdpHeader) : 14+length]
	n.holdSeconds = int(body[1])
	for body = body[4:]; len(body) >= 4; {
		kind, size := int(binary.BigEndian.Uint16(body)), int(binary.BigEndian.Uint16(body[2:]))
		if size < 4 || size > len(body) {
			return n, false
		}
		v := body[4:size]
		body = body[size:]
		switch {
		case kind == cdpDevice:
			n.name = printable(v)
		case kind == cdpPort:
			n.port = printable(v)
		case kind == cdpVersion:
			n.description = printable(v)
		case kind == cdpPlatform:
			n.platform = printable(v)
		case kind == cdpDomain:
			n.vtp, n.hasDomain = printable(v), true
		case kind == cdpCaps && len(v) == 4:
			n.capabilitiesAsCDP = binary.BigEndian.Uint32(v)
		case kind == cdpNative && len(v) == 2:
			n.nativeVLAN, n.hasNative = int(binary.BigEndian.Uint16(v)), true
		case kind == cdpDuplex && len(v) == 1:
			n.duplex, n.hasDuplex = v[0] == 1, true
		case kind == cdpAddresses:
			n.addresses = cdpAddressList(v)
		}
	}
	return n, n.name != "" && n.port != ""
}

// cdpAddressList reads the IPv4 addresses of a list.
func cdpAddressList(v []byte) []netip.Addr {
	var list []netip.Addr
	if len(v) < 4 {
		return nil
	}
	for v = v[4:]; len(v) >= 2 && len(list) < 8; {
		protocol := int(v[1])
		if len(v) < 4+protocol {
			break
		}
		length := int(binary.BigEndian.Uint16(v[2+protocol:]))
		rest := v[4+protocol:]
		if length > len(rest) {
			break
		}
		if a, ok := netip.AddrFromSlice(rest[:length]); ok && a.Is4() {
			list = append(list, a)
		}
		v = rest[length:]
	}
	return list
}
