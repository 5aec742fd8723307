package opserver

import (
	"errors"
	"net"
	"net/netip"
)

// Real says where a real opserver listens.
type Real struct {
	// Address is the server's own on the hosts' network. The interface that has it is the one that DHCP is served on.
	Address netip.Addr
	// HTTPPort is where hosts fetch from; 80 if zero.
	HTTPPort int
	// Operator is the operator API's address, such as "127.0.0.1:8470"; empty for none.
	Operator string
}

// Sockets are what Config takes, with the network that they are on.
type Sockets struct {
	DHCP, TFTP     net.PacketConn
	HTTP, Operator net.Listener
	Interface      string
	Prefix         netip.Prefix
}

// ListenReal opens the host's own sockets. Ports below 1024 need privilege: the error says which.
func ListenReal(real Real) (*Sockets, error) {
	return nil, errors.New("opserver: real sockets are not built yet")
}
