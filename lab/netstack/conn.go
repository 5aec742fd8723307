package netstack

import (
	"errors"
	"io"
	"net"
	"sync/atomic"

	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
)

// listener tells a closed listener as the net package does.
type listener struct {
	*gonet.TCPListener
	closed atomic.Bool
}

func (l *listener) Accept() (net.Conn, error) {
	c, err := l.TCPListener.Accept()
	if err != nil && l.closed.Load() {
		return nil, &net.OpError{Op: "accept", Net: "tcp", Addr: l.Addr(), Err: net.ErrClosed}
	}
	return c, err
}

func (l *listener) Close() error {
	if l.closed.Swap(true) {
		return nil
	}
	l.Shutdown()
	return l.TCPListener.Close()
}

// packetConn makes up for what the adapter lacks as a net.PacketConn: any form
// of an IPv4 address to send to, and net.ErrClosed.
type packetConn struct {
	*gonet.UDPConn
	addr   net.Addr
	closed atomic.Bool
}

func newPacketConn(c *gonet.UDPConn) *packetConn {
	return &packetConn{UDPConn: c, addr: c.LocalAddr()}
}

func (p *packetConn) LocalAddr() net.Addr { return p.addr }

func (p *packetConn) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := p.UDPConn.ReadFrom(b)
	if err != nil && (p.closed.Load() || errors.Is(err, io.EOF)) {
		return 0, nil, p.closedError("read")
	}
	return n, from, err
}

func (p *packetConn) WriteTo(b []byte, to net.Addr) (int, error) {
	udp, ok := to.(*net.UDPAddr)
	if !ok || udp.IP.To4() == nil {
		return 0, &net.OpError{Op: "write", Net: "udp", Source: p.addr, Addr: to, Err: net.InvalidAddrError("not an IPv4 address")}
	}
	n, err := p.UDPConn.WriteTo(b, &net.UDPAddr{IP: udp.IP.To4(), Port: udp.Port})
	if err != nil && p.closed.Load() {
		return 0, p.closedError("write")
	}
	return n, err
}

func (p *packetConn) Close() error {
	if p.closed.Swap(true) {
		return nil
	}
	return p.UDPConn.Close()
}

func (p *packetConn) closedError(op string) error {
	return &net.OpError{Op: op, Net: "udp", Addr: p.addr, Err: net.ErrClosed}
}
