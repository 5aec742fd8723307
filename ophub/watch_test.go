package ophub_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/consul/api"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

func names(hosts []ophub.Host) string {
	var all []string
	for _, h := range hosts {
		all = append(all, h.Name)
	}
	return strings.Join(all, ",")
}

func TestWatchHosts(t *testing.T) {
	t.Parallel()
	hub := newHub(t)
	ctx, stop := context.WithCancel(within(t, time.Minute))
	watch, err := hub.WatchHosts(ctx)
	must(t, err)
	is := func(want string) func([]ophub.Host) bool {
		return func(hosts []ophub.Host) bool { return names(hosts) == want }
	}
	next(t, watch, 5*time.Second, "none", is(""))
	must(t, hub.PutHost(ctx, ophub.Host{Name: "node2", MACs: []string{"52:54:00:00:00:02"}}))
	next(t, watch, 5*time.Second, "one", is("node2"))
	must(t, hub.PutHost(ctx, ophub.Host{Name: "node1", MACs: []string{"52:54:00:00:00:01"}}))
	next(t, watch, 5*time.Second, "two", is("node1,node2"))

	// A damaged record leaves the others served, and is told when asked for.
	_, err = client(t).KV().Put(&api.KVPair{Key: "testwatchhosts/hosts/node3", Value: []byte("{")}, nil)
	must(t, err)
	must(t, hub.DeleteHost(ctx, "node2"))
	next(t, watch, 5*time.Second, "node2 gone", is("node1"))
	if _, err := hub.Hosts(ctx); err == nil || !strings.Contains(err.Error(), "testwatchhosts/hosts/node3") {
		t.Errorf("a damaged record: %v", err)
	}
	stop()
	for range watch {
	}
}

// cut is a way to Consul that can be blocked, with all connections on it lost.
type cut struct {
	net.Listener
	blocked atomic.Bool
	mu      sync.Mutex
	open    []net.Conn
}

func newCut(t *testing.T) *cut {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	c := &cut{Listener: l}
	var wg sync.WaitGroup
	t.Cleanup(func() { l.Close(); c.drop(); wg.Wait() })
	wg.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", strings.TrimPrefix(consul.Address, "http://"))
			if err != nil || c.blocked.Load() {
				in.Close()
				continue
			}
			c.mu.Lock()
			c.open = append(c.open, in, out)
			c.mu.Unlock()
			for _, pair := range [][2]net.Conn{{in, out}, {out, in}} {
				wg.Go(func() {
					// A connection that is cut ends the copy; nobody needs to know how.
					_, _ = io.Copy(pair[0], pair[1])
					pair[0].Close()
					pair[1].Close()
				})
			}
		}
	})
	return c
}

func (c *cut) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.open {
		conn.Close()
	}
}

// TestWatchSurvives: what changed while Consul could not be reached is seen
// when it can be again, and views say so in between.
func TestWatchSurvives(t *testing.T) {
	t.Parallel()
	direct, ctx := newHub(t), within(t, time.Minute)
	way := newCut(t)
	hub, err := ophub.New(ophub.Config{Address: way.Addr().String(), Prefix: strings.ToLower(t.Name())})
	must(t, err)
	hosts, err := hub.WatchHosts(ctx)
	must(t, err)
	views := hub.WatchHost(ctx, "node1")
	next(t, views, 5*time.Second, "no record", func(v ophub.View) bool { return v.Err == nil && v.Host == nil })
	next(t, hosts, 5*time.Second, "no hosts", func(h []ophub.Host) bool { return len(h) == 0 })

	way.blocked.Store(true)
	way.drop()
	v := next(t, views, 10*time.Second, "cut off", func(v ophub.View) bool { return v.Err != nil })
	if !strings.Contains(v.Err.Error(), way.Addr().String()) {
		t.Errorf("the error does not say where: %v", v.Err)
	}
	must(t, direct.PutHost(ctx, ophub.Host{Name: "node1", MACs: []string{"52:54:00:00:00:01"}}))
	way.blocked.Store(false)
	next(t, views, 30*time.Second, "back", func(v ophub.View) bool { return v.Err == nil && v.Host != nil })
	next(t, hosts, 30*time.Second, "back", func(h []ophub.Host) bool { return names(h) == "node1" })
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	address := l.Addr().String()
	l.Close()
	hub, err := ophub.New(ophub.Config{Address: address, Token: "hush"})
	must(t, err)
	ctx := within(t, 20*time.Second)
	_, err = hub.WatchHosts(ctx)
	_, err2 := hub.Host(ctx, "node1")
	for _, err := range []error{err, err2, hub.PutHost(ctx, ophub.Host{Name: "node1", MACs: []string{"52:54:00:00:00:01"}})} {
		if err == nil || !strings.Contains(err.Error(), "ophub at http://"+address) || !strings.Contains(err.Error(), "is Consul running there?") || strings.Contains(err.Error(), "hush") {
			t.Errorf("got %v", err)
		}
	}
	short, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	_, err = ophub.WaitReady(short, hub, "node1", "", ophub.WaitOptions{})
	var not *ophub.NotReady
	if !errors.As(err, &not) || not.Stage != ophub.NoRecordsText || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("waiting: %v", err)
	}
}

func TestNew(t *testing.T) {
	for _, bad := range []ophub.Config{{}, {Address: "ftp://x"}, {Address: "http://"}, {Address: "http://u:secret@x:1"}, {Address: "x:1", Prefix: "/a"}} {
		if _, err := ophub.New(bad); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}
