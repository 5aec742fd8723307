package ophub

import (
	"context"
	"sync"
	"time"

	"github.com/hashicorp/consul/api"
)

// View is all that is recorded of one host, at one time.
type View struct {
	Host  *Host // nil when there is no record
	Boot  Boot
	Agent *Agent // nil when none lives
	// At is when the view was taken.
	At time.Time
	// Err is why the records cannot be read now; the rest is then what was
	// read last.
	Err error
}

// WatchHosts sends all host records, ordered by name, now and after each
// change, until ctx ends; then it closes the channel. Only the first reading
// can fail; later failures are retried for as long as it takes. Who reads the
// channel seldom misses what was in between, never the last.
func (h *Hub) WatchHosts(ctx context.Context) (<-chan []Host, error) {
	q, cancel := h.query(ctx)
	defer cancel()
	pairs, meta, err := h.client.KV().List(h.key(kindHost, ""), q)
	if err != nil {
		return nil, h.fail("watch hosts", err)
	}
	out := make(chan []Host)
	go func() {
		defer close(out)
		send := func(pairs api.KVPairs, err error) bool {
			if err != nil {
				return true
			}
			hosts := make([]Host, 0, len(pairs))
			for _, p := range pairs {
				host, err := decode[Host](h, p)
				if err != nil {
					// One damaged record must not keep all others from being served.
					h.log.Error("host left out", "key", p.Key, "error", err)
					continue
				}
				hosts = append(hosts, host)
			}
			select {
			case out <- hosts:
				return true
			case <-ctx.Done():
				return false
			}
		}
		if !send(pairs, nil) {
			return
		}
		follow(ctx, h, "hosts", nextIndex(0, meta.LastIndex), func(q *api.QueryOptions) (api.KVPairs, *api.QueryMeta, error) {
			return h.client.KV().List(h.key(kindHost, ""), q)
		}, send)
	}()
	return out, nil
}

// WatchHost sends what is recorded of a host, now and after each change, until
// ctx ends; then it closes the channel. It never gives up: while the records
// cannot be read, views have Err set.
func (h *Hub) WatchHost(ctx context.Context, name string) <-chan View {
	out := make(chan View)
	w := &hostWatch{news: make(chan struct{}, 1)}
	w.view.Boot.Host = name
	var followers sync.WaitGroup
	followers.Go(func() { followRecord(ctx, h, w, 0, kindHost, name, func(v *View, r *Host) { v.Host = r }) })
	followers.Go(func() {
		followRecord(ctx, h, w, 1, kindBoot, name, func(v *View, r *Boot) {
			if r == nil {
				r = &Boot{Host: name}
			}
			v.Boot = *r
		})
	})
	followers.Go(func() { followRecord(ctx, h, w, 2, kindLive, name, func(v *View, r *Agent) { v.Agent = r }) })
	go func() {
		defer close(out)
		defer followers.Wait()
		for {
			select {
			case <-w.news:
			case <-ctx.Done():
				return
			}
			view, ok := w.take(h.now())
			if !ok {
				continue
			}
			select {
			case out <- view:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

// hostWatch puts one view together from what three followers see.
type hostWatch struct {
	mu   sync.Mutex
	view View
	seen [3]bool
	errs [3]error
	news chan struct{} // holds one: a view is to be taken
}

func (w *hostWatch) set(i int, err error, change func(*View)) {
	w.mu.Lock()
	if err == nil {
		change(&w.view)
		w.seen[i] = true
	}
	w.errs[i] = err
	w.mu.Unlock()
	select {
	case w.news <- struct{}{}:
	default:
	}
}

// take returns a view once all of it is known, or some of it cannot be.
func (w *hostWatch) take(now time.Time) (View, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	view := w.view
	view.At = now
	for _, err := range w.errs {
		if err != nil {
			view.Err = err
			return view, true
		}
	}
	return view, w.seen == [3]bool{true, true, true}
}

func followRecord[T any](ctx context.Context, h *Hub, w *hostWatch, i int, kind, name string, change func(*View, *T)) {
	key := h.key(kind, name)
	var index uint64 // of the record that was taken last, 0 for none
	first, failed := true, false
	follow(ctx, h, kind+"/"+name, 0, func(q *api.QueryOptions) (*api.KVPair, *api.QueryMeta, error) {
		pair, meta, err := h.client.KV().Get(key, q)
		return pair, meta, err
	}, func(p *api.KVPair, err error) bool {
		var record *T
		var at uint64
		if err == nil && p != nil {
			var r T
			r, err = decode[T](h, p)
			record, at = &r, p.ModifyIndex
		}
		// A key that is missing wakes its follower whenever others change.
		if err == nil && !first && !failed && at == index {
			return true
		}
		failed = err != nil
		if err == nil {
			first, index = false, at
		}
		w.set(i, err, func(v *View) { change(v, record) })
		return true
	})
}
