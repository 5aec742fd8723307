package opserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"
)

// A socket may report what happened to an earlier packet (a port that nobody listened on, a full queue); only errors
// that do not end are the socket's own.
const (
	maxReadErrors  = 50
	readErrorPause = 20 * time.Millisecond
)

// readPackets hands each packet of up to size bytes to handle, which may keep it, until ctx ends (no error) or the
// socket fails. It closes the socket.
func readPackets(ctx context.Context, conn net.PacketConn, size int, handle func(p []byte, peer netip.AddrPort)) error {
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	buf := make([]byte, size)
	for failed := 0; ; {
		n, from, err := conn.ReadFrom(buf)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			failed++
			if errors.Is(err, net.ErrClosed) || failed >= maxReadErrors {
				return fmt.Errorf("read %v: %w", conn.LocalAddr(), err)
			}
			pause(ctx, readErrorPause)
			continue
		}
		failed = 0
		if peer, ok := addrPort(from); ok {
			handle(append([]byte(nil), buf[:n]...), peer)
		}
	}
}

func addrPort(a net.Addr) (netip.AddrPort, bool) {
	udp, ok := a.(*net.UDPAddr)
	if !ok {
		return netip.AddrPort{}, false
	}
	ap := udp.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port()), ap.IsValid()
}

// pause waits for d or the end of ctx and reports whether ctx goes on.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
