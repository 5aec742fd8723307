package light

import (
	"io"
	"sync"

	"gvisor.dev/gvisor/pkg/tcpip/header"

	"github.com/cthulix/terraform-provider-cthulix/lab/wire"
)

// nicDepth is how many frames wait in a card: more than a TCP window.
const nicDepth = 1024

// nic is the machine's network card. DHCP answers, which come before there is
// an address, go to one who waits for them; all else to the network stack.
type nic struct {
	cable  wire.Endpoint
	frames chan []byte
	dhcp   chan []byte // payloads of UDP port 68
	done   chan struct{}
	once   sync.Once
}

func newNIC(cable wire.Endpoint) *nic {
	n := &nic{cable: cable, frames: make(chan []byte, nicDepth), dhcp: make(chan []byte, 16), done: make(chan struct{})}
	go n.receive()
	return n
}

func (n *nic) receive() {
	defer close(n.done)
	buf := make([]byte, wire.MaxFrame)
	for {
		size, err := n.cable.Read(buf)
		if err != nil {
			return
		}
		frame := append([]byte(nil), buf[:size]...)
		to := n.frames
		if payload := clientPayload(frame); payload != nil {
			frame, to = payload, n.dhcp
		}
		select {
		case to <- frame:
		default: // as on a real card, what nobody takes is lost
		}
	}
}

// Read implements wire.Endpoint for the network stack.
func (n *nic) Read(frame []byte) (int, error) {
	select {
	case f := <-n.frames:
		return copy(frame, f), nil
	case <-n.done:
		return 0, io.EOF
	}
}

// Write implements wire.Endpoint.
func (n *nic) Write(frame []byte) (int, error) { return n.cable.Write(frame) }

// Close pulls the cable, and returns when nothing is received any more.
func (n *nic) Close() error {
	var err error
	n.once.Do(func() { err = n.cable.Close() })
	<-n.done
	return err
}

// Buffered tells the stack how many frames wait.
func (n *nic) Buffered() int { return len(n.frames) }

// The ports of DHCP (RFC 2131, section 4.1).
const (
	dhcpServerPort = 67
	dhcpClientPort = 68
)

// clientPayload returns what a frame carries to a DHCP client, or nil.
func clientPayload(frame []byte) []byte {
	if len(frame) < header.EthernetMinimumSize || header.Ethernet(frame).Type() != header.IPv4ProtocolNumber {
		return nil
	}
	ip := header.IPv4(frame[header.EthernetMinimumSize:])
	if !ip.IsValid(len(ip)) || ip.Protocol() != uint8(header.UDPProtocolNumber) || ip.More() || ip.FragmentOffset() != 0 {
		return nil
	}
	udp := header.UDP(ip.Payload())
	if len(udp) < header.UDPMinimumSize || udp.DestinationPort() != dhcpClientPort {
		return nil
	}
	return udp[header.UDPMinimumSize:]
}

// broadcastFrame wraps a DHCP client's message for everybody on the wire.
func broadcastFrame(mac []byte, payload []byte) []byte {
	const eth, ip = header.EthernetMinimumSize, header.IPv4MinimumSize
	frame := make([]byte, eth+ip+header.UDPMinimumSize+len(payload))
	copy(frame, []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	copy(frame[6:], mac)
	frame[12], frame[13] = 0x08, 0x00
	packet := header.IPv4(frame[eth:])
	packet.Encode(&header.IPv4Fields{
		TotalLength: uint16(len(packet)), TTL: 64, Protocol: uint8(header.UDPProtocolNumber),
		SrcAddr: header.IPv4Any, DstAddr: header.IPv4Broadcast,
	})
	packet.SetChecksum(^packet.CalculateChecksum())
	header.UDP(packet[ip:]).Encode(&header.UDPFields{
		SrcPort: dhcpClientPort, DstPort: dhcpServerPort, Length: uint16(header.UDPMinimumSize + len(payload)),
	})
	copy(packet[ip+header.UDPMinimumSize:], payload)
	return frame
}
