package netstack

import (
	"encoding/binary"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/checksum"
	"gvisor.dev/gvisor/pkg/tcpip/header"
)

// advertise answers a router solicitation with an advertisement that offers
// nothing: router lifetime 0, no prefix. Firmware that asks for IPv6 before
// IPv4 would otherwise wait for many seconds. It returns nil for other frames.
func advertise(frame []byte, mac tcpip.LinkAddress) []byte {
	const ethLen, ipLen, raLen, optLen = header.EthernetMinimumSize, header.IPv6MinimumSize, 16, 8
	if len(frame) < ethLen+ipLen+8 {
		return nil
	}
	ip := header.IPv6(frame[ethLen:])
	if ip.NextHeader() != uint8(header.ICMPv6ProtocolNumber) || ip.HopLimit() != 255 ||
		header.ICMPv6(ip[ipLen:]).Type() != header.ICMPv6RouterSolicit {
		return nil
	}
	self := header.LinkLocalAddr(mac)
	to, toMAC := ip.SourceAddress(), header.Ethernet(frame).SourceAddress()
	if to == header.IPv6Any {
		to = header.IPv6AllNodesMulticastAddress
		toMAC = header.EthernetAddressFromMulticastIPv6Address(to)
	}

	out := make([]byte, ethLen+ipLen+raLen+optLen)
	header.Ethernet(out).Encode(&header.EthernetFields{SrcAddr: mac, DstAddr: toMAC, Type: header.IPv6ProtocolNumber})
	header.IPv6(out[ethLen:]).Encode(&header.IPv6Fields{
		PayloadLength:     raLen + optLen,
		TransportProtocol: header.ICMPv6ProtocolNumber,
		HopLimit:          255,
		SrcAddr:           self,
		DstAddr:           to,
	})
	ra := out[ethLen+ipLen:]
	ra[0] = byte(header.ICMPv6RouterAdvert)
	ra[4] = 64 // the hop limit that hosts should use; lifetimes and flags stay 0
	ra[raLen], ra[raLen+1] = 1, 1
	copy(ra[raLen+2:], mac) // option 1: our link address
	sum := header.PseudoHeaderChecksum(header.ICMPv6ProtocolNumber, self, to, uint16(len(ra)))
	binary.BigEndian.PutUint16(ra[2:], ^checksum.Checksum(ra, sum))
	return out
}
