package lldp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode"
)

// EtherType is that of LLDP frames.
const EtherType = 0x88cc

// NearestBridge is where a station sends its frames: bridges do not forward
// what goes there (§7.1, table 7-1).
var NearestBridge = [6]byte{0x01, 0x80, 0xc2, 0x00, 0x00, 0x0e}

// Capabilities of a system (§8.5.8.1).
const (
	Bridge      = 1 << 2
	Router      = 1 << 4
	StationOnly = 1 << 7
)

// PDU is what a system says of itself on one link. Texts are as they came, but
// for what cannot be printed.
type PDU struct {
	Chassis ID
	Port    ID
	// TTL is for how long it holds; 0 is goodbye. In whole seconds, up to 65535.
	TTL             time.Duration
	PortDescription string
	System          string // its host name
	Description     string
	// Capabilities and Enabled are what it could be and what it is.
	Capabilities, Enabled uint16
	Addresses             []netip.Addr // to manage it by
	// VLAN is the port's, for untagged frames (802.1Q, annex D); 0 is not told.
	VLAN int
}

// ID names a chassis or a port: MAC, Address or Text, the first that is set.
type ID struct {
	MAC     net.HardwareAddr // of six bytes
	Address netip.Addr
	Text    string
}

// String is the ID for people; a MAC address in lower case with colons.
func (id ID) String() string {
	switch {
	case id.MAC != nil:
		return id.MAC.String()
	case id.Address.IsValid():
		return id.Address.String()
	}
	return id.Text
}

// same tells whether two PDUs come from the same port of the same system
// (§9.1.1: the MSAP identifier).
func (p PDU) same(o PDU) bool {
	return p.Chassis.String() == o.Chassis.String() && p.Port.String() == o.Port.String()
}

// equal tells whether two PDUs say the same.
func (p PDU) equal(o PDU) bool {
	return p.same(o) && p.PortDescription == o.PortDescription && p.System == o.System && p.Description == o.Description &&
		p.Capabilities == o.Capabilities && p.Enabled == o.Enabled && slices.Equal(p.Addresses, o.Addresses) && p.VLAN == o.VLAN
}

// Types of TLVs (§8.4.1, table 8-1).
const (
	typeEnd         = 0
	typeChassis     = 1
	typePort        = 2
	typeTTL         = 3
	typePortText    = 4
	typeName        = 5
	typeDescription = 6
	typeCaps        = 7
	typeAddress     = 8
	typeVendor      = 127
)

// Kinds of IDs: chassis (table 8-2) and port (table 8-3), and of the addresses
// in them (IANA's address family numbers).
const (
	chassisMAC, chassisAddress, chassisText = 4, 5, 7
	portMAC, portAddress, portName          = 3, 4, 5
	familyIPv4, familyIPv6                  = 1, 2
)

const (
	headerSize = 14
	minFrame   = 60 // without the checksum, which hardware adds
	maxValue   = 511
	// maxAddresses is how many a PDU keeps; no station needs more to be reached.
	maxAddresses = 8
)

// portVLAN begins 802.1's TLV with the VLAN of a port's untagged frames.
var portVLAN = [4]byte{0x00, 0x80, 0xc2, 1}

// Encode is the Ethernet frame that says p, from the interface with that
// address. With a TTL of 0 it is the shutdown LLDPDU, which says nothing else
// (§9.2.7.3).
func (p PDU) Encode(source net.HardwareAddr) []byte {
	f := make([]byte, 0, 256)
	f = append(append(f, NearestBridge[:]...), source...)
	f = binary.BigEndian.AppendUint16(f, EtherType)
	tlv := func(kind int, parts ...[]byte) {
		v := slices.Concat(parts...)
		v = v[:min(len(v), maxValue)]
		f = binary.BigEndian.AppendUint16(f, uint16(kind<<9|len(v)))
		f = append(f, v...)
	}
	text := func(kind int, s string) {
		if s = strings.ToValidUTF8(s[:min(len(s), 255)], ""); s != "" {
			tlv(kind, []byte(s))
		}
	}
	tlv(typeChassis, p.Chassis.encode(chassisMAC, chassisAddress, chassisText))
	tlv(typePort, p.Port.encode(portMAC, portAddress, portName))
	tlv(typeTTL, binary.BigEndian.AppendUint16(nil, uint16(min(p.TTL/time.Second, 0xffff))))
	if p.TTL > 0 {
		text(typePortText, p.PortDescription)
		text(typeName, p.System)
		text(typeDescription, p.Description)
		if p.Capabilities != 0 {
			tlv(typeCaps, binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, p.Capabilities), p.Enabled))
		}
		for _, a := range p.Addresses {
			raw := address(a)
			// The interface is not numbered, and has no object identifier (§8.5.9).
			tlv(typeAddress, []byte{byte(len(raw))}, raw, []byte{1, 0, 0, 0, 0, 0})
		}
		if p.VLAN > 0 {
			tlv(typeVendor, portVLAN[:], []byte{byte(p.VLAN >> 8), byte(p.VLAN)})
		}
	}
	tlv(typeEnd)
	return append(f, make([]byte, max(0, minFrame-len(f)))...)
}

func (id ID) encode(mac, network, text byte) []byte {
	switch {
	case len(id.MAC) == 6:
		return append([]byte{mac}, id.MAC...)
	case id.Address.IsValid():
		return append([]byte{network}, address(id.Address)...)
	}
	s := id.Text[:min(len(id.Text), 255)]
	return append([]byte{text}, s...)
}

// address is an IP address after the number of its family.
func address(a netip.Addr) []byte {
	a = a.Unmap()
	if a.Is4() {
		return append([]byte{familyIPv4}, a.AsSlice()...)
	}
	return append([]byte{familyIPv6}, a.AsSlice()...)
}

var (
	errNotLLDP  = errors.New("lldp: no LLDP frame")
	errNoEnd    = errors.New("lldp: no end of the LLDPDU")
	errNotThree = errors.New("lldp: chassis, port and time to live do not come first, once each")
)

// Decode reads an Ethernet frame. A frame that breaks a rule of the protocol is
// refused as a whole (§9.2.7.7): chassis, port and time to live come first and
// only once, and no TLV reaches beyond the frame. TLVs that it does not know it
// passes over.
func Decode(frame []byte) (PDU, error) {
	var p PDU
	if len(frame) < headerSize || binary.BigEndian.Uint16(frame[12:]) != EtherType {
		return p, errNotLLDP
	}
	rest := frame[headerSize:]
	for n := 0; len(rest) >= 2; n++ {
		head := binary.BigEndian.Uint16(rest)
		kind, length := int(head>>9), int(head&maxValue)
		if length > len(rest)-2 {
			return p, fmt.Errorf("lldp: TLV of type %d has %d bytes, the frame only %d more", kind, length, len(rest)-2)
		}
		v := rest[2 : 2+length]
		rest = rest[2+length:]
		if mandatory := kind >= typeChassis && kind <= typeTTL; mandatory != (n < 3) || mandatory && kind != n+1 {
			return p, errNotThree
		}
		if kind == typeEnd {
			return p, nil
		}
		if err := p.take(kind, v); err != nil {
			return p, err
		}
	}
	return p, errNoEnd
}

// take reads one TLV. What is malformed in one that is optional is left out.
func (p *PDU) take(kind int, v []byte) error {
	switch kind {
	case typeChassis, typePort:
		if len(v) < 2 || len(v) > 256 {
			return fmt.Errorf("lldp: an ID of %d bytes: want 2 to 256", len(v))
		}
		if kind == typeChassis {
			p.Chassis = decodeID(v, chassisMAC, chassisAddress)
		} else {
			p.Port = decodeID(v, portMAC, portAddress)
		}
	case typeTTL:
		if len(v) < 2 {
			return fmt.Errorf("lldp: a time to live of %d bytes: want 2", len(v))
		}
		p.TTL = time.Duration(binary.BigEndian.Uint16(v)) * time.Second
	case typePortText:
		p.PortDescription = printable(v)
	case typeName:
		p.System = printable(v)
	case typeDescription:
		p.Description = printable(v)
	case typeCaps:
		if len(v) >= 4 {
			p.Capabilities, p.Enabled = binary.BigEndian.Uint16(v), binary.BigEndian.Uint16(v[2:])
		}
	case typeAddress:
		if len(v) > 1 && int(v[0]) < len(v) && len(p.Addresses) < maxAddresses {
			if a := decodeAddress(v[1 : 1+int(v[0])]); a.IsValid() {
				p.Addresses = append(p.Addresses, a)
			}
		}
	case typeVendor:
		if len(v) == 6 && [4]byte(v) == portVLAN {
			if id := int(binary.BigEndian.Uint16(v[4:])); id <= 4094 {
				p.VLAN = id
			}
		}
	}
	return nil
}

func decodeID(v []byte, mac, network byte) ID {
	switch {
	case v[0] == mac && len(v) == 7:
		return ID{MAC: slices.Clone(v[1:])}
	case v[0] == network:
		if a := decodeAddress(v[1:]); a.IsValid() {
			return ID{Address: a}
		}
	}
	return ID{Text: printable(v[1:])}
}

// decodeAddress reads an address after the number of its family; one of another
// family than IP's is no valid one.
func decodeAddress(v []byte) netip.Addr {
	if len(v) == 5 && v[0] == familyIPv4 || len(v) == 17 && v[0] == familyIPv6 {
		a, _ := netip.AddrFromSlice(v[1:])
		return a
	}
	return netip.Addr{}
}

// printable is text from the wire without what would upset a terminal.
func printable(v []byte) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, strings.TrimSpace(strings.ToValidUTF8(string(v), "?")))
}
