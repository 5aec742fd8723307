package wire

import (
	"sync/atomic"
	"time"
)

// port is one socket of the switch.
type port struct {
	name  string
	index int       // from 1 on, in the order in which ports came to be
	state PortState // guarded by Switch.mu, like all below but the counters
	ep    Endpoint
	link  bool // as last told to subscribers

	bundle  *port   // the logical port that this one is a member of, or nil
	members []*port // of a bundle
	blocked bool    // by spanning tree
	heard   *heard
	told    time.Time // when a neighbour was last set right

	rxFrames, rxBytes, rxDropped atomic.Uint64
	txFrames, txBytes, txDropped atomic.Uint64
}

// Counters of one port since the switch was made. Dropped frames are not
// counted as frames.
type Counters struct {
	RxFrames, RxBytes, RxDropped uint64
	TxFrames, TxBytes, TxDropped uint64
}

// Counters returns the frame counters of a port; an unknown port has none.
func (s *Switch) Counters(name string) Counters {
	s.mu.RLock()
	p := s.ports[name]
	s.mu.RUnlock()
	if p == nil {
		return Counters{}
	}
	return Counters{
		RxFrames: p.rxFrames.Load(), RxBytes: p.rxBytes.Load(), RxDropped: p.rxDropped.Load(),
		TxFrames: p.txFrames.Load(), TxBytes: p.txBytes.Load(), TxDropped: p.txDropped.Load(),
	}
}

// linkUp reports whether the port is enabled and somebody is at the other end.
func (p *port) linkUp() bool {
	if !p.state.Up || p.ep == nil {
		return false
	}
	if l, ok := p.ep.(Linker); ok {
		return l.LinkUp()
	}
	return true
}

func (p *port) send(frame []byte) {
	n, err := p.ep.Write(frame)
	if err != nil || n == 0 {
		p.txDropped.Add(1)
		return
	}
	p.txFrames.Add(1)
	p.txBytes.Add(uint64(n))
}
