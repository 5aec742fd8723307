package bmc

import (
	"net"
)

// The bytes by which the steps of a log-in are known: IPMI's message class, RMCP+ and the payload types.
const (
	classIPMI = 0x07
	authPlus  = 0x06
	rakp1     = 0x12
	rakp4     = 0x15
	// rakp4Status is where a RAKP message 4 has its status.
	rakp4Status = 17
)

// tap counts log-ins as they pass by; go-ipmi's server handles them without telling anyone.
type tap struct {
	net.PacketConn
	bmc *BMC
}

func (t *tap) ReadFrom(buffer []byte) (int, net.Addr, error) {
	n, from, err := t.PacketConn.ReadFrom(buffer)
	if err == nil && payloadType(buffer[:n]) == rakp1 {
		t.bmc.count(func(c *Counts) { c.Logins++ })
	}
	return n, from, err
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
