package ios

import (
	"context"
	"fmt"
	"sync"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// Limits bound what a Pool hands out. Zero is the default noted beside it.
type Limits struct {
	Sessions int // open at once on one switch: 2; a transaction wants two
	Switches int // with open sessions at once: 16
}

// Pool limits the sessions on each switch and the switches that are talked to
// at once. Switches have few vty lines, and a site has many switches. Whoever
// asks first is served first, but for waiting on another switch.
type Pool struct {
	limits Limits

	mu      sync.Mutex
	open    map[string]int // sessions by address
	waiting []*ticket
}

// ticket is one who waits for sessions.
type ticket struct {
	address string
	n       int
	ready   chan struct{}
}

// NewPool makes a pool.
func NewPool(l Limits) *Pool {
	if l.Sessions <= 0 {
		l.Sessions = 2
	}
	if l.Switches <= 0 {
		l.Switches = 16
	}
	return &Pool{limits: l, open: map[string]int{}}
}

// Dial is the function Dial within the limits: it waits for its turn. Closing
// the session gives the place back.
func (p *Pool) Dial(ctx context.Context, t fabric.Target) (*Session, error) {
	release, _, err := p.reserve(ctx, t, 1)
	if err != nil {
		return nil, err
	}
	s, err := Dial(ctx, t)
	if err != nil {
		release()
		return nil, err
	}
	s.release = release
	return s, nil
}

// reserve waits for n sessions on a switch, or as many as its limit allows,
// all at once: two transactions that each hold one and want another would wait
// for each other. A nil pool has no limits.
func (p *Pool) reserve(ctx context.Context, t fabric.Target, n int) (release func(), got int, err error) {
	if p == nil {
		return func() {}, n, nil
	}
	w := &ticket{address: t.Address, n: min(n, p.limits.Sessions), ready: make(chan struct{})}
	p.mu.Lock()
	p.waiting = append(p.waiting, w)
	p.serve()
	p.mu.Unlock()
	select {
	case <-w.ready:
	case <-ctx.Done():
		if p.withdraw(w) {
			return nil, 0, fmt.Errorf("%s: waiting for a free session, %d on this switch and %d switches at once are allowed: %w",
				t, p.limits.Sessions, p.limits.Switches, context.Cause(ctx))
		}
	}
	return sync.OnceFunc(func() { p.give(w) }), w.n, nil
}

// withdraw takes a ticket back that was not served.
func (p *Pool) withdraw(w *ticket) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, x := range p.waiting {
		if x == w {
			p.waiting = append(p.waiting[:i], p.waiting[i+1:]...)
			p.serve()
			return true
		}
	}
	return false
}

func (p *Pool) give(w *ticket) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open[w.address] -= w.n; p.open[w.address] <= 0 {
		delete(p.open, w.address)
	}
	p.serve()
}

// serve hands out what there is. Nobody is passed over for one who wants fewer
// sessions on the same switch.
func (p *Pool) serve() {
	passed := map[string]bool{}
	left := p.waiting[:0]
	for _, w := range p.waiting {
		have := p.open[w.address]
		fits := have+w.n <= p.limits.Sessions && (have > 0 || len(p.open) < p.limits.Switches)
		if passed[w.address] || !fits {
			passed[w.address] = true
			left = append(left, w)
			continue
		}
		p.open[w.address] = have + w.n
		close(w.ready)
	}
	clear(p.waiting[len(left):])
	p.waiting = left
}
