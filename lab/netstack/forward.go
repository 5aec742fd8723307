package netstack

import (
	"context"
	"io"
	"net"
	"sync"
)

// Forward carries connections that hosts open to the opserver's address over to
// a server on loopback, until ctx ends. It owns the listener.
func Forward(ctx context.Context, l net.Listener, target string) error {
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	var open sync.WaitGroup
	defer open.Wait()
	for {
		from, err := l.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		open.Go(func() { splice(ctx, from, target) })
	}
}

// splice copies both ways until either side closes or ctx ends.
func splice(ctx context.Context, from net.Conn, target string) {
	defer from.Close()
	var d net.Dialer
	to, err := d.DialContext(ctx, "tcp", target)
	if err != nil {
		return // the host sees its connection closed, as with a server that is down
	}
	defer to.Close()
	stop := context.AfterFunc(ctx, func() { from.Close(); to.Close() })
	defer stop()
	var both sync.WaitGroup
	for _, way := range [][2]net.Conn{{to, from}, {from, to}} {
		both.Go(func() {
			_, _ = io.Copy(way[0], way[1]) // a broken connection ends like a closed one
			if c, ok := way[0].(interface{ CloseWrite() error }); ok {
				_ = c.CloseWrite()
			} else {
				way[0].Close()
			}
		})
	}
	both.Wait()
}
