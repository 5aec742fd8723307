package opserver

import (
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"time"
)

// ether is a network in memory with one DHCP server and any number of clients, all of which hear what it broadcasts.
type ether struct {
	mu      sync.Mutex
	server  *etherConn
	clients []*etherConn
}

type etherConn struct {
	net    *ether
	local  *net.UDPAddr
	in     chan etherPacket
	closed chan struct{}
	once   sync.Once

	mu       sync.Mutex
	deadline time.Time
	sentTo   []netip.AddrPort
}

type etherPacket struct {
	data []byte
	from net.Addr
}

func newEther() *ether {
	e := &ether{}
	e.server = e.conn(&net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 67})
	return e
}

func (e *ether) conn(local *net.UDPAddr) *etherConn {
	return &etherConn{net: e, local: local, in: make(chan etherPacket, 256), closed: make(chan struct{})}
}

func (e *ether) client() *etherConn {
	e.mu.Lock()
	defer e.mu.Unlock()
	c := e.conn(&net.UDPAddr{IP: net.IPv4zero, Port: 68})
	e.clients = append(e.clients, c)
	return c
}

func (c *etherConn) ReadFrom(p []byte) (int, net.Addr, error) {
	c.mu.Lock()
	deadline := c.deadline
	c.mu.Unlock()
	var expired <-chan time.Time
	if !deadline.IsZero() {
		timer := time.NewTimer(time.Until(deadline))
		defer timer.Stop()
		expired = timer.C
	}
	select {
	case packet := <-c.in:
		return copy(p, packet.data), packet.from, nil
	case <-c.closed:
		return 0, nil, net.ErrClosed
	case <-expired:
		return 0, nil, os.ErrDeadlineExceeded
	}
}

func (c *etherConn) WriteTo(p []byte, to net.Addr) (int, error) {
	select {
	case <-c.closed:
		return 0, net.ErrClosed
	default:
	}
	c.net.mu.Lock()
	peers := []*etherConn{c.net.server}
	if c == c.net.server {
		peers = slices.Clone(c.net.clients)
	}
	c.net.mu.Unlock()
	ap, _ := addrPort(to)
	c.mu.Lock()
	c.sentTo = append(c.sentTo, ap)
	c.mu.Unlock()
	for _, peer := range peers {
		select {
		case peer.in <- etherPacket{slices.Clone(p), c.local}:
		default: // as on a real wire, what nobody takes is lost
		}
	}
	return len(p), nil
}

func (c *etherConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return nil
}

func (c *etherConn) LocalAddr() net.Addr { return c.local }

func (c *etherConn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deadline = t
	return nil
}

func (c *etherConn) SetDeadline(t time.Time) error    { return c.SetReadDeadline(t) }
func (c *etherConn) SetWriteDeadline(time.Time) error { return nil }
