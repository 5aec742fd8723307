package opserver

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"strconv"
	"syscall"
)

// Real says where a real opserver listens.
type Real struct {
	// Address is the server's own on the hosts' network. The interface that has it is the one that DHCP is served on.
	Address netip.Addr
	// HTTPPort is where hosts fetch from; 80 if zero.
	HTTPPort int
	// Operator is the operator API's address, such as "127.0.0.1:8470"; empty for none.
	Operator string

	// dhcpPort and tftpPort are others in tests, which have no privilege.
	dhcpPort, tftpPort int
}

// Sockets are what Config takes, with the network that they are on.
type Sockets struct {
	DHCP, TFTP     net.PacketConn
	HTTP, Operator net.Listener // Operator is nil when none was asked for
	Interface      string
	Prefix         netip.Prefix
}

// Close closes the sockets. A Server that runs with them does it itself.
func (s *Sockets) Close() {
	for _, c := range []net.PacketConn{s.DHCP, s.TFTP} {
		if c != nil {
			c.Close()
		}
	}
	for _, l := range []net.Listener{s.HTTP, s.Operator} {
		if l != nil {
			l.Close()
		}
	}
}

// ListenReal opens the machine's own sockets. Ports below 1024 need privilege; an error says which one, and how to get it.
func ListenReal(real Real) (_ *Sockets, err error) {
	if !real.Address.Is4() {
		return nil, fmt.Errorf("opserver: listen on %v: an IPv4 address of this machine is needed", real.Address)
	}
	s := &Sockets{}
	s.Interface, s.Prefix, err = interfaceOf(real.Address)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	// Broadcasts only reach a socket that is bound to no address, so the interface is what keeps it to its network.
	ctx := context.Background() // nothing here waits for anybody
	dhcp := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error { return broadcastOn(c, s.Interface) }}
	if s.DHCP, err = dhcp.ListenPacket(ctx, "udp4", port("0.0.0.0", real.dhcpPort, 67)); err != nil {
		return nil, explain("DHCP", "udp", err)
	}
	plain := net.ListenConfig{}
	own := real.Address.String()
	if s.TFTP, err = plain.ListenPacket(ctx, "udp4", port(own, real.tftpPort, 69)); err != nil {
		return nil, explain("TFTP", "udp", err)
	}
	if s.HTTP, err = plain.Listen(ctx, "tcp4", port(own, real.HTTPPort, 80)); err != nil {
		return nil, explain("HTTP", "tcp", err)
	}
	if real.Operator != "" {
		if s.Operator, err = plain.Listen(ctx, "tcp", real.Operator); err != nil {
			return nil, explain("the operator API", "tcp", err)
		}
	}
	return s, nil
}

func port(host string, port, otherwise int) string {
	if port == 0 {
		port = otherwise
	}
	return net.JoinHostPort(host, strconv.Itoa(port))
}

// interfaceOf finds the interface that has an address, and the network that it is on.
func interfaceOf(a netip.Addr) (string, netip.Prefix, error) {
	interfaces, err := net.Interfaces()
	if err != nil {
		return "", netip.Prefix{}, fmt.Errorf("opserver: list the network interfaces: %w", err)
	}
	for _, i := range interfaces {
		addrs, err := i.Addrs()
		if err != nil {
			return "", netip.Prefix{}, fmt.Errorf("opserver: addresses of interface %s: %w", i.Name, err)
		}
		for _, addr := range addrs {
			prefix, err := netip.ParsePrefix(addr.String())
			if err == nil && prefix.Addr() == a {
				return i.Name, prefix.Masked(), nil
			}
		}
	}
	return "", netip.Prefix{}, fmt.Errorf("opserver: listen on %v: no interface of this machine has that address", a)
}

// explain says what to do about a socket that could not be had.
func explain(service, network string, err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("opserver: %s: %w: run as root, or allow the program its ports with: setcap cap_net_bind_service,cap_net_raw=+ep PROGRAM", service, err)
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("opserver: %s: %w: another server has the %s port; stop it first", service, err, network)
	}
	return fmt.Errorf("opserver: %s: %w", service, err)
}
