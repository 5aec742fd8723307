package bmc

import (
	"sync/atomic"
	"time"

	"github.com/bougou/go-ipmi/pkg/clock"
)

// Ahead is the real clock, set forward: for who cannot wait until what a
// controller keeps expires. It is a Config's Clock.
type Ahead struct {
	clock.Clock
	ahead atomic.Int64
}

// NewAhead returns a clock that is right.
func NewAhead() *Ahead { return &Ahead{Clock: clock.Real} }

// Advance sets it forward, once more.
func (c *Ahead) Advance(d time.Duration) { c.ahead.Add(int64(d)) }

// Now implements clock.Clock.
func (c *Ahead) Now() time.Time { return c.Clock.Now().Add(time.Duration(c.ahead.Load())) }
