package netstack

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/network/arp"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/icmp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"
	"gvisor.dev/gvisor/pkg/waiter"

	"github.com/cthulix/terraform-provider-cthulix/lab/wire"
)

const nicID = 1

// Stack is a host on a lab network. It answers ARP and ping, and tells IPv6
// hosts at once that there is no IPv6 router here.
type Stack struct {
	stack *stack.Stack
	link  *link
	addr  netip.Addr

	close sync.Once
	err   error
}

// New brings up a host with one address, prefix.Addr() within prefix, on the
// endpoint, which belongs to the stack from now on. A nil mac makes a stable,
// locally administered one from the address.
func New(ep wire.Endpoint, prefix netip.Prefix, mac net.HardwareAddr) (*Stack, error) {
	addr := prefix.Addr()
	if !addr.Is4() {
		return nil, fmt.Errorf("network stack: %v is not an IPv4 address with its network", prefix)
	}
	if mac == nil {
		a := addr.As4()
		mac = net.HardwareAddr{0x02, 0xc7, a[0], a[1], a[2], a[3]}
	}
	if len(mac) != 6 || mac[0]&1 != 0 {
		return nil, fmt.Errorf("network stack %v: %v is not the MAC address of one host", addr, mac)
	}
	s := &Stack{
		stack: stack.New(stack.Options{
			NetworkProtocols:   []stack.NetworkProtocolFactory{ipv4.NewProtocol, arp.NewProtocol},
			TransportProtocols: []stack.TransportProtocolFactory{tcp.NewProtocol, udp.NewProtocol, icmp.NewProtocol4},
			HandleLocal:        true,
		}),
		link: newLink(ep, mac),
		addr: addr,
	}
	if err := s.configure(prefix); err != nil {
		s.stack.Destroy()
		return nil, fmt.Errorf("network stack %v: %s", addr, err)
	}
	return s, nil
}

func (s *Stack) configure(prefix netip.Prefix) tcpip.Error {
	// Images of a hundred megabytes pass through here: large windows, and
	// selective acknowledgements for what a port drops.
	buffers := tcpip.TCPReceiveBufferSizeRangeOption{Min: tcp.MinBufferSize, Default: tcp.DefaultReceiveBufferSize, Max: tcp.MaxBufferSize}
	send := tcpip.TCPSendBufferSizeRangeOption(buffers)
	sack := tcpip.TCPSACKEnabled(true)
	moderate := tcpip.TCPModerateReceiveBufferOption(true)
	for _, opt := range []tcpip.SettableTransportProtocolOption{&buffers, &send, &sack, &moderate} {
		if err := s.stack.SetTransportProtocolOption(tcp.ProtocolNumber, opt); err != nil {
			return err
		}
	}
	if err := s.stack.CreateNIC(nicID, s.link); err != nil {
		return err
	}
	address := tcpip.AddressWithPrefix{Address: tcpip.AddrFrom4(s.addr.As4()), PrefixLen: prefix.Bits()}
	err := s.stack.AddProtocolAddress(nicID, tcpip.ProtocolAddress{
		Protocol:          ipv4.ProtocolNumber,
		AddressWithPrefix: address,
	}, stack.AddressProperties{})
	if err != nil {
		return err
	}
	s.stack.SetRouteTable([]tcpip.Route{{Destination: address.Subnet(), NIC: nicID}})
	return nil
}

// ListenTCP listens on a TCP port of the host's address; 0 picks one.
func (s *Stack) ListenTCP(port int) (net.Listener, error) {
	at, err := s.local(port)
	if err != nil {
		return nil, fmt.Errorf("listen on TCP port %d: %w", port, err)
	}
	l, err := gonet.ListenTCP(s.stack, at, ipv4.ProtocolNumber)
	if err != nil {
		return nil, fmt.Errorf("listen on TCP port %d of %v: %w", port, s.addr, err)
	}
	return &listener{TCPListener: l}, nil
}

// ListenPacket opens a UDP port; 0 picks one. With broadcast it receives
// broadcasts to the port as well, from 0.0.0.0 too, and may send to
// 255.255.255.255, as a DHCP server needs.
func (s *Stack) ListenPacket(port int, broadcast bool) (net.PacketConn, error) {
	at, err := s.local(port)
	if err != nil {
		return nil, fmt.Errorf("listen on UDP port %d: %w", port, err)
	}
	if broadcast {
		at.Addr = tcpip.Address{}
	}
	var wq waiter.Queue
	ep, terr := s.stack.NewEndpoint(udp.ProtocolNumber, ipv4.ProtocolNumber, &wq)
	if terr != nil {
		return nil, fmt.Errorf("listen on UDP port %d of %v: %s", port, s.addr, terr)
	}
	ep.SocketOptions().SetBroadcast(broadcast)
	ep.SocketOptions().SetReceiveBufferSize(1<<20, true)
	if terr := ep.Bind(at); terr != nil {
		ep.Close()
		return nil, fmt.Errorf("listen on UDP port %d of %v: %s", port, s.addr, terr)
	}
	return newPacketConn(gonet.NewUDPConn(&wq, ep)), nil
}

// DialContext connects to an address on the lab network: "tcp" or "udp". There
// is no name service, so the host must be an IPv4 address.
func (s *Stack) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, fmt.Errorf("dial %s: the lab has no name service: %w", address, err)
	}
	if !to.Addr().Unmap().Is4() {
		return nil, fmt.Errorf("dial %s: the lab's hosts have IPv4 addresses only", address)
	}
	full := tcpip.FullAddress{NIC: nicID, Addr: tcpip.AddrFrom4(to.Addr().Unmap().As4()), Port: to.Port()}
	var conn net.Conn
	switch network {
	case "tcp", "tcp4":
		conn, err = gonet.DialContextTCP(ctx, s.stack, full, ipv4.ProtocolNumber)
	case "udp", "udp4":
		conn, err = gonet.DialUDP(s.stack, nil, &full, ipv4.ProtocolNumber)
	default:
		err = net.UnknownNetworkError(network)
	}
	if err != nil {
		return nil, fmt.Errorf("dial %s %s from %v: %w", network, address, s.addr, err)
	}
	return conn, nil
}

// Close takes the host off the network, ends its connections and closes the
// endpoint.
func (s *Stack) Close() error {
	s.close.Do(func() {
		s.stack.Close()
		s.err = s.link.ep.Close()
		// First the reader: the stack waits for it under a lock that a frame
		// on its way up may want.
		s.link.Wait()
		s.stack.Wait()
	})
	return s.err
}

func (s *Stack) local(port int) (tcpip.FullAddress, error) {
	if port < 0 || port > 65535 {
		return tcpip.FullAddress{}, fmt.Errorf("no such port")
	}
	return tcpip.FullAddress{NIC: nicID, Addr: tcpip.AddrFrom4(s.addr.As4()), Port: uint16(port)}, nil
}
