package bmc

import (
	"encoding/binary"
	"net"
)

// The bytes by which packets are known: IPMI's message class, RMCP+, and the payload types of a log-in.
const (
	classIPMI = 0x07
	authPlus  = 0x06

	openSession = 0x10
	rakp1       = 0x12
	rakp3       = 0x14
	rakp4       = 0x15

	// payloadStart is where a payload begins, after the RMCP and session headers.
	payloadStart = 16
	// rakp4Status is where a RAKP message 4 has its status.
	rakp4Status = payloadStart + 1
)

// The sizes of what a client sends to log in. A RAKP message 1 has the user's name at its end, a RAKP message 3 a
// digest whose length depends on the algorithm.
const (
	openSessionSize = 32
	rakp1Fixed      = 28
	rakp3Fixed      = 8
	rakp3Digest     = 32
)

// tap watches what passes between the network and go-ipmi's server. It counts log-ins, which the server tells
// nobody about, and drops malformed ones, on which the server's decoder panics in a goroutine of its own.
type tap struct {
	net.PacketConn
	bmc *BMC
}

func (t *tap) ReadFrom(buffer []byte) (int, net.Addr, error) {
	for {
		n, from, err := t.PacketConn.ReadFrom(buffer)
		if err != nil {
			return n, from, err
		}
		packet := buffer[:n]
		if !wellFormed(packet) {
			t.bmc.log.Debug("dropped a malformed packet", "from", from.String(), "bytes", n)
			continue
		}
		if payloadType(packet) == rakp1 {
			t.bmc.count(func(c *Counts) { c.Logins++ })
		}
		return n, from, nil
	}
}

func (t *tap) WriteTo(packet []byte, to net.Addr) (int, error) {
	if payloadType(packet) == rakp4 && len(packet) > rakp4Status && packet[rakp4Status] == 0 {
		t.bmc.count(func(c *Counts) { c.Sessions++ })
	}
	return t.PacketConn.WriteTo(packet, to)
}

// payloadType of an RMCP+ packet, or 0xff.
func payloadType(packet []byte) byte {
	if len(packet) < 6 || packet[3]&0x1f != classIPMI || packet[4] != authPlus {
		return 0xff
	}
	return packet[5] & 0x3f
}

// wellFormed says whether a packet of a log-in has the lengths that it claims. Others are let through: the server
// reads nothing in them before it has checked their authentication code.
func wellFormed(packet []byte) bool {
	kind := payloadType(packet)
	if kind == 0xff {
		return true
	}
	if len(packet) < payloadStart {
		return false
	}
	size := int(binary.LittleEndian.Uint16(packet[payloadStart-2:]))
	if len(packet) < payloadStart+size {
		return false
	}
	payload := packet[payloadStart : payloadStart+size]
	switch kind {
	case openSession:
		return size == openSessionSize
	case rakp1:
		return size >= rakp1Fixed && int(payload[rakp1Fixed-1]) == size-rakp1Fixed && size-rakp1Fixed <= maxUsername
	case rakp3:
		return size >= rakp3Fixed && size <= rakp3Fixed+rakp3Digest
	}
	return true
}
