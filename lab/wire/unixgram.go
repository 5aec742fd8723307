package wire

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

const (
	// unixgramDepth is how many frames wait for a slow machine. The kernel's
	// own queue takes about ten.
	unixgramDepth = 2048
	// unixgramPatience is how long one frame waits for a machine that does not
	// read, such as one whose guest has not set up its network card yet.
	unixgramPatience = 100 * time.Millisecond
)

// ListenUnixgram returns an endpoint that speaks to a QEMU machine started with
//
//	-netdev dgram,id=n0,local.type=unix,local.path=REMOTE,remote.type=unix,remote.path=LOCAL
//
// that is, local is our socket and remote the machine's. The machine may come
// and go at any time; while it is away frames to it are dropped and the link
// is down. A socket that a dead process left at local is replaced; one that
// still has a reader is an error.
func ListenUnixgram(local, remote string) (Endpoint, error) {
	addr := &net.UnixAddr{Name: local, Net: "unixgram"}
	if err := removeStale(addr); err != nil {
		return nil, fmt.Errorf("listen for machine %s: %w", remote, err)
	}
	conn, err := net.ListenUnixgram("unixgram", addr)
	if err != nil {
		return nil, fmt.Errorf("listen for machine %s: %w", remote, err)
	}
	u := &unixgram{
		in:     conn,
		path:   local,
		remote: &net.UnixAddr{Name: remote, Net: "unixgram"},
		out:    newQueue(unixgramDepth),
		done:   make(chan struct{}),
	}
	go u.writeAll()
	return u, nil
}

type unixgram struct {
	in     *net.UnixConn
	path   string
	remote *net.UnixAddr
	out    *queue
	done   chan struct{} // closed when the writer has ended
	once   sync.Once
	err    error

	mu   sync.Mutex
	peer *net.UnixConn // connected to the machine, or nil
}

func (u *unixgram) Read(frame []byte) (int, error) { return u.in.Read(frame) }

// Write hands the frame to the writer: the machine must never hold up the switch.
func (u *unixgram) Write(frame []byte) (int, error) { return u.out.push(frame) }

// LinkUp asks the kernel whether a process has the machine's socket open. No
// frame is sent for it.
func (u *unixgram) LinkUp() bool {
	if u.out.isClosed() {
		return false
	}
	c, err := net.DialUnix("unixgram", nil, u.remote)
	if err != nil {
		return false
	}
	c.Close()
	return true
}

func (u *unixgram) Close() error {
	u.once.Do(func() {
		u.out.close()
		u.err = u.in.Close()
		u.mu.Lock()
		if u.peer != nil {
			_ = u.peer.SetWriteDeadline(time.Now())
		}
		u.mu.Unlock()
		<-u.done
		if err := os.Remove(u.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			u.err = errors.Join(u.err, err)
		}
	})
	return u.err
}

func (u *unixgram) writeAll() {
	defer close(u.done)
	defer u.drop()
	for {
		b, err := u.out.take()
		if err != nil {
			return
		}
		u.write(b.frame)
		b.release()
	}
}

// write sends one frame, connecting again when another process has taken the
// machine's place. The frame is dropped when there is none.
func (u *unixgram) write(frame []byte) {
	for range 2 {
		c := u.connect()
		if c == nil {
			return
		}
		_, err := c.Write(frame)
		switch {
		case err == nil || errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, syscall.EMSGSIZE):
			return
		default:
			u.drop()
		}
	}
}

// connect returns a connection to the machine with its deadline set. Sending
// over a connected socket is what lets the kernel wake us when the machine has
// read its queue empty.
func (u *unixgram) connect() *net.UnixConn {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.out.isClosed() {
		return nil
	}
	if u.peer == nil {
		c, err := net.DialUnix("unixgram", nil, u.remote)
		if err != nil {
			return nil
		}
		u.peer = c
	}
	_ = u.peer.SetWriteDeadline(time.Now().Add(unixgramPatience))
	return u.peer
}

func (u *unixgram) drop() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.peer != nil {
		u.peer.Close()
		u.peer = nil
	}
}

// removeStale removes a socket file that no process has open.
func removeStale(addr *net.UnixAddr) error {
	info, err := os.Lstat(addr.Name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode()&fs.ModeSocket == 0 {
		return fmt.Errorf("%s exists and is not a socket", addr.Name)
	}
	if c, err := net.DialUnix("unixgram", nil, addr); err == nil {
		c.Close()
		return fmt.Errorf("%s is in use by another process", addr.Name)
	}
	return os.Remove(addr.Name)
}
