// Package batch lets several callers that want changes of one switch share one
// transaction: what arrives while a transaction runs, or shortly after the
// first of it arrived, goes together into the next one. Each caller gets the
// outcome of its own want.
//
// It starts no goroutine: one of the waiting callers makes the transaction for
// all of them.
package batch

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// Transact brings one switch to several wants that do not disagree. It returns
// an error for each part that was left out, and one for the transaction.
type Transact[R any] func(ctx context.Context, parts []fabric.Part) (result R, errs []error, err error)

// Options say how a Queue gathers.
type Options struct {
	// Gather is how long the first want waits for others to join it; 0 is
	// 100 ms. Callers that act at the same moment share a transaction.
	Gather time.Duration
	// Separable says whether a transaction of several wants failed in a way
	// that may be the fault of one of them: then they are tried apart, in
	// halves, so that one bad want does not spoil the others. Nil is never.
	Separable func(error) bool
}

// Queue gathers the wants for one switch. Make it with New.
type Queue[R any] struct {
	run  Transact[R]
	opts Options
	turn chan struct{} // held by the caller that makes the transaction

	mu      sync.Mutex
	waiting []*request[R]
}

// request is one caller.
type request[R any] struct {
	ctx    context.Context
	part   fabric.Part
	came   time.Time
	done   chan struct{} // closed when what follows is set
	result R
	err    error
}

// New makes the queue of one switch.
func New[R any](run Transact[R], opts Options) *Queue[R] {
	if opts.Gather <= 0 {
		opts.Gather = 100 * time.Millisecond
	}
	return &Queue[R]{run: run, opts: opts, turn: make(chan struct{}, 1)}
}

// Do brings the switch to a want, together with what others want of it. It
// returns when that has been done or has failed. If ctx ends before the
// transaction has begun, the want is withdrawn; a transaction ends early only
// when the contexts of all its callers have ended.
func (q *Queue[R]) Do(ctx context.Context, part fabric.Part) (R, error) {
	r := &request[R]{ctx: ctx, part: part, came: time.Now(), done: make(chan struct{})}
	q.mu.Lock()
	q.waiting = append(q.waiting, r)
	q.mu.Unlock()
	for {
		select {
		case <-r.done:
			return r.result, r.err
		case q.turn <- struct{}{}:
			q.lead()
			<-q.turn
		case <-ctx.Done():
			if q.withdraw(r) {
				return r.result, fmt.Errorf("waiting for the switch's turn, nothing was changed: %w", context.Cause(ctx))
			}
			<-r.done
			return r.result, r.err
		}
	}
}

func (q *Queue[R]) withdraw(r *request[R]) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, w := range q.waiting {
		if w == r {
			q.waiting = append(q.waiting[:i], q.waiting[i+1:]...)
			return true
		}
	}
	return false
}

// lead makes the next transaction, if anybody still waits.
func (q *Queue[R]) lead() {
	q.mu.Lock()
	if len(q.waiting) == 0 {
		q.mu.Unlock()
		return
	}
	first := q.waiting[0]
	q.mu.Unlock()
	pause := time.NewTimer(time.Until(first.came.Add(q.opts.Gather)))
	defer pause.Stop()
	select {
	case <-pause.C:
	case <-first.ctx.Done():
	}
	if rs := q.take(); len(rs) > 0 {
		q.transact(rs)
	}
}

// take takes the callers of the next transaction: in their order, all whose
// wants do not disagree with one before.
func (q *Queue[R]) take() []*request[R] {
	q.mu.Lock()
	defer q.mu.Unlock()
	var taken, left []*request[R]
	var joined fabric.Want
	for _, r := range q.waiting {
		if r.ctx.Err() != nil {
			left = append(left, r) // its caller withdraws it
			continue
		}
		want, err := fabric.MergeWants(joined, r.part.Want)
		if err != nil && len(taken) > 0 {
			left = append(left, r)
			continue
		}
		joined = want
		taken = append(taken, r)
	}
	q.waiting = left
	return taken
}

// transact makes one transaction and gives each caller its outcome.
func (q *Queue[R]) transact(rs []*request[R]) {
	ctx, cancel := together(rs)
	defer cancel()
	parts := make([]fabric.Part, len(rs))
	for i, r := range rs {
		parts[i] = r.part
	}
	result, errs, err := q.run(ctx, parts)
	if err != nil && len(rs) > 1 && ctx.Err() == nil && q.opts.Separable != nil && q.opts.Separable(err) {
		slices.SortStableFunc(rs, func(a, b *request[R]) int { return cmp.Compare(rank(a.part.Want), rank(b.part.Want)) })
		q.transact(rs[:len(rs)/2])
		q.transact(rs[len(rs)/2:])
		return
	}
	for i, r := range rs {
		r.result, r.err = result, err
		if i < len(errs) && errs[i] != nil {
			r.err = errs[i]
		}
		close(r.done)
	}
}

// rank is when a want is tried, of several that are tried apart: what others
// build on comes before them, and goes after them.
func rank(w fabric.Want) int {
	bundle := func(name string) bool { return fabric.ChannelGroup(name) != 0 }
	switch {
	case len(w.VLANs) > 0:
		return 0
	case slices.ContainsFunc(slices.Collect(maps.Keys(w.Ports)), bundle):
		return 1
	case len(w.Ports) == 0 && len(w.AbsentChannels) > 0:
		return 3
	case len(w.Ports) == 0 && len(w.AbsentVLANs) > 0:
		return 4
	}
	return 2
}

// together gives a context that ends when the contexts of all callers have.
func together[R any](rs []*request[R]) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(rs[0].ctx))
	var mu sync.Mutex
	alive := len(rs)
	stops := make([]func() bool, len(rs))
	for i, r := range rs {
		stops[i] = context.AfterFunc(r.ctx, func() {
			mu.Lock()
			defer mu.Unlock()
			if alive--; alive == 0 {
				cancel(context.Cause(r.ctx))
			}
		})
	}
	return ctx, func() {
		for _, stop := range stops {
			stop()
		}
		cancel(context.Canceled)
	}
}

// Set holds a queue a switch.
type Set[R any] struct {
	make func(name string) *Queue[R]

	mu     sync.Mutex
	queues map[string]*Queue[R]
}

// NewSet makes a set whose queues are made when they are first asked for.
func NewSet[R any](make func(name string) *Queue[R]) *Set[R] {
	return &Set[R]{make: make, queues: map[string]*Queue[R]{}}
}

// Queue is the queue of a switch.
func (s *Set[R]) Queue(name string) *Queue[R] {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.queues[name]
	if q == nil {
		q = s.make(name)
		s.queues[name] = q
	}
	return q
}
