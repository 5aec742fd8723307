package netstack

import (
	"context"
	"errors"
	"net"
	"net/netip"

	"github.com/cthulix/terraform-provider-cthulix/lab/wire"
)

var errNotBuilt = errors.New("netstack: not built yet")

// Stack is a host on a lab network.
type Stack struct{}

// New brings up a host with one address, prefix.Addr() within prefix, on the
// endpoint. A nil mac makes a stable, locally administered one from the address.
func New(ep wire.Endpoint, prefix netip.Prefix, mac net.HardwareAddr) (*Stack, error) {
	return nil, errNotBuilt
}

// Addr returns the host's address.
func (s *Stack) Addr() netip.Addr { return netip.Addr{} }

// ListenTCP listens on a TCP port of the host's address; 0 picks one.
func (s *Stack) ListenTCP(port int) (net.Listener, error) { return nil, errNotBuilt }

// ListenPacket opens a UDP port. With broadcast it receives broadcasts to the
// port, from 0.0.0.0 too, and may send to 255.255.255.255, as a DHCP server needs.
func (s *Stack) ListenPacket(port int, broadcast bool) (net.PacketConn, error) {
	return nil, errNotBuilt
}

// DialContext connects to an address on the lab network: "tcp" or "udp".
func (s *Stack) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return nil, errNotBuilt
}

// Close takes the host off the network and closes the endpoint.
func (s *Stack) Close() error { return errNotBuilt }
