package bmcs

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/lab/bmc"
)

// network carries datagrams in memory, so that a test in a bubble (testing/synctest) has its own time: how busy the
// machine is that runs it makes no packet late.
type network struct {
	arrived chan datagram
	closed  chan struct{}
	once    sync.Once

	mu   sync.Mutex
	ends map[int]chan []byte // what is on its way to whoever dialled, by port
	last int
}

// room is how many packets an end holds that nobody has read; more are lost.
const room = 16

type datagram struct {
	data []byte
	from net.Addr
}

// startInBubble is start on a network in memory.
func startInBubble(t *testing.T, cfg bmc.Config, wrap func(net.PacketConn) net.PacketConn) *lab {
	t.Helper()
	n := &network{arrived: make(chan datagram, 64), closed: make(chan struct{}), ends: make(map[int]chan []byte), last: 1023}
	l := startOn(t, cfg, n, wrap)
	l.target.Dial = n.dial
	return l
}

func address(port int) net.Addr { return &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port} }

func (n *network) dial(context.Context, string, string) (net.Conn, error) {
	here, there := net.Pipe()
	n.mu.Lock()
	defer n.mu.Unlock()
	n.last++
	port, inward, hungUp := n.last, make(chan []byte, room), make(chan struct{})
	n.ends[port] = inward
	go func() {
		defer close(hungUp)
		buffer := make([]byte, 1500)
		for {
			size, err := there.Read(buffer)
			if err != nil {
				n.mu.Lock()
				defer n.mu.Unlock()
				delete(n.ends, port)
				return
			}
			select {
			case n.arrived <- datagram{append([]byte(nil), buffer[:size]...), address(port)}:
			case <-n.closed:
			}
		}
	}()
	go func() {
		defer there.Close()
		for {
			select {
			case packet := <-inward:
				if _, err := there.Write(packet); err != nil {
					return
				}
			case <-hungUp:
				return
			case <-n.closed:
				return
			}
		}
	}()
	return here, nil
}

// ReadFrom implements net.PacketConn.
func (n *network) ReadFrom(buffer []byte) (int, net.Addr, error) {
	select {
	case d := <-n.arrived:
		return copy(buffer, d.data), d.from, nil
	case <-n.closed:
		return 0, nil, net.ErrClosed
	}
}

// WriteTo implements net.PacketConn. A packet to an end that is closed is lost.
func (n *network) WriteTo(packet []byte, to net.Addr) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if inward := n.ends[to.(*net.UDPAddr).Port]; inward != nil {
		select {
		case inward <- append([]byte(nil), packet...):
		default:
		}
	}
	return len(packet), nil
}

// Close implements net.PacketConn.
func (n *network) Close() error {
	n.once.Do(func() { close(n.closed) })
	return nil
}

// LocalAddr implements net.PacketConn.
func (n *network) LocalAddr() net.Addr { return address(623) }

// The server sets no deadlines; it is ended by Close.

func (n *network) SetDeadline(time.Time) error      { return nil }
func (n *network) SetReadDeadline(time.Time) error  { return nil }
func (n *network) SetWriteDeadline(time.Time) error { return nil }
