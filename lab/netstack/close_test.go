package netstack_test

import (
	"context"
	"sync"
	"testing"
	"time"
)

// A host is closed while frames still come up its stack: that must end, however
// the two meet.
func TestCloseUnderTraffic(t *testing.T) {
	for range 50 {
		server, client := pair(t)
		sockets := make([]interface{ Write([]byte) (int, error) }, 4)
		for i := range sockets {
			c, err := client.DialContext(t.Context(), "udp", "10.20.0.1:9")
			if err != nil {
				t.Fatal(err)
			}
			sockets[i] = c
		}
		ctx, stop := context.WithCancel(t.Context())
		var senders sync.WaitGroup
		begun := make(chan struct{}, len(sockets))
		for _, c := range sockets {
			senders.Go(func() {
				for n := 0; ctx.Err() == nil; n++ {
					_, _ = c.Write(make([]byte, 64))
					if n == 8 {
						begun <- struct{}{}
					}
				}
			})
		}
		<-begun
		closed := make(chan error, 1)
		go func() { closed <- server.Close() }()
		select {
		case err := <-closed:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(patience):
			t.Fatal("the host does not close while frames arrive")
		}
		stop()
		senders.Wait()
	}
}
