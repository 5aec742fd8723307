package netstack

import (
	"net"
	"sync"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/stack/gro"

	"github.com/cthulix/terraform-provider-cthulix/lab/wire"
)

const mtu = 1500

// link is the network card: it carries the stack's packets in Ethernet frames
// over a wire endpoint.
type link struct {
	ep  wire.Endpoint
	mac tcpip.LinkAddress

	mu         sync.RWMutex
	dispatcher stack.NetworkDispatcher

	reader sync.WaitGroup
	frames sync.Pool
}

func newLink(ep wire.Endpoint, mac net.HardwareAddr) *link {
	l := &link{ep: ep, mac: tcpip.LinkAddress(mac)}
	l.frames.New = func() any { b := make([]byte, 0, header.EthernetMinimumSize+mtu); return &b }
	return l
}

// Attach starts or, with a nil dispatcher, stops delivery to the stack.
func (l *link) Attach(d stack.NetworkDispatcher) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dispatcher == nil && d != nil {
		l.reader.Add(1)
		go l.read(d)
	}
	l.dispatcher = d
}

// IsAttached reports whether packets are delivered to a stack.
func (l *link) IsAttached() bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.dispatcher != nil
}

// buffered is an endpoint that knows how many frames wait in it, so that a
// burst goes up the stack as one.
type buffered interface{ Buffered() int }

// read delivers frames until the endpoint is closed. Segments of one
// connection that arrive together are merged first, which is most of what
// makes large transfers fast.
func (l *link) read(d stack.NetworkDispatcher) {
	defer l.reader.Done()
	waiting, _ := l.ep.(buffered)
	var merge gro.GRO
	merge.Dispatcher = d
	merge.Init(waiting != nil)
	frame := make([]byte, wire.MaxFrame)
	for {
		n, err := l.ep.Read(frame)
		if err != nil {
			return
		}
		if !l.IsAttached() {
			continue
		}
		l.deliver(&merge, frame[:n])
		if waiting != nil && waiting.Buffered() == 0 {
			merge.Flush()
		}
	}
}

func (l *link) deliver(merge *gro.GRO, frame []byte) {
	if len(frame) < header.EthernetMinimumSize {
		return
	}
	eth := header.Ethernet(frame)
	kind := tcpip.PacketHost
	switch dst := eth.DestinationAddress(); {
	case dst == l.mac:
	case dst == header.EthernetBroadcastAddress:
		kind = tcpip.PacketBroadcast
	case header.IsMulticastEthernetAddress(dst):
		kind = tcpip.PacketMulticast
	default:
		return
	}
	if eth.Type() == header.IPv6ProtocolNumber {
		if reply := advertise(frame, l.mac); reply != nil {
			_, _ = l.ep.Write(reply) // lost, if the wire is closed: so is the reader
		}
		return
	}
	pkt := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: buffer.MakeWithData(frame)})
	defer pkt.DecRef()
	if _, ok := pkt.LinkHeader().Consume(header.EthernetMinimumSize); !ok {
		return
	}
	pkt.PktType = kind
	pkt.NetworkProtocolNumber = eth.Type()
	// The cable is memory: what arrives is what was sent.
	pkt.RXChecksumValidated = true
	merge.Enqueue(pkt)
}

// WritePackets sends packets; what the wire cannot take is lost, as on a wire.
func (l *link) WritePackets(pkts stack.PacketBufferList) (int, tcpip.Error) {
	b := l.frames.Get().(*[]byte)
	defer l.frames.Put(b)
	for i, pkt := range pkts.AsSlice() {
		frame := (*b)[:0]
		for _, part := range pkt.AsSlices() {
			frame = append(frame, part...)
		}
		*b = frame
		if _, err := l.ep.Write(frame); err != nil {
			if i == 0 {
				return 0, &tcpip.ErrClosedForSend{}
			}
			return i, nil
		}
	}
	return pkts.Len(), nil
}

// AddHeader puts the Ethernet header before a packet.
func (l *link) AddHeader(pkt *stack.PacketBuffer) {
	header.Ethernet(pkt.LinkHeader().Push(header.EthernetMinimumSize)).Encode(&header.EthernetFields{
		SrcAddr: pkt.EgressRoute.LocalLinkAddress,
		DstAddr: pkt.EgressRoute.RemoteLinkAddress,
		Type:    pkt.NetworkProtocolNumber,
	})
}

// ParseHeader takes the Ethernet header off a packet.
func (l *link) ParseHeader(pkt *stack.PacketBuffer) bool {
	_, ok := pkt.LinkHeader().Consume(header.EthernetMinimumSize)
	return ok
}

// MTU is the size of a packet without its Ethernet header.
func (l *link) MTU() uint32 { return mtu }

// SetMTU does nothing: the lab's cables are all alike.
func (l *link) SetMTU(uint32) {}

// MaxHeaderLength is the room that AddHeader needs.
func (l *link) MaxHeaderLength() uint16 { return header.EthernetMinimumSize }

// LinkAddress is the card's MAC address.
func (l *link) LinkAddress() tcpip.LinkAddress { return l.mac }

// SetLinkAddress does nothing: the address is burnt in.
func (l *link) SetLinkAddress(tcpip.LinkAddress) {}

// Capabilities says that neighbours are found by ARP and that received
// checksums need no check.
func (l *link) Capabilities() stack.LinkEndpointCapabilities {
	return stack.CapabilityResolutionRequired | stack.CapabilityRXChecksumOffload
}

// ARPHardwareType is Ethernet.
func (l *link) ARPHardwareType() header.ARPHardwareType { return header.ARPHardwareEther }

// GSOMaxSize is how much TCP hands down at once.
func (l *link) GSOMaxSize() uint32 { return stack.GVisorGSOMaxSize }

// SupportedGSO says that large segments are cut up just before they get here.
func (l *link) SupportedGSO() stack.SupportedGSO { return stack.GVisorGSOSupported }

// Wait waits for the reader, which ends with the endpoint.
func (l *link) Wait() { l.reader.Wait() }

// Close does nothing: the Stack closes the endpoint.
func (l *link) Close() {}

// SetOnCloseAction does nothing: there is no device behind the card.
func (l *link) SetOnCloseAction(func()) {}
