package ipmi

import "sync"

// Pool keeps what is shared between all callers of one BMC address: the queue, and which accounts it refused.
// [New] uses one pool for the whole process; a pool of one's own is for tests.
type Pool struct {
	mu    sync.Mutex
	lines map[string]*line
}

// line is what callers of one address share.
type line struct{}

// NewPool returns an empty pool.
func NewPool() *Pool { return &Pool{lines: map[string]*line{}} }

// Get returns the BMC that target names. It does not touch the network.
func (p *Pool) Get(target Target) *BMC { return &BMC{target: target} }
