package wire

import (
	"bytes"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	macAge   = 300 * time.Second
	macLimit = 16384
)

// MACEntry is an address that the switch has learned.
type MACEntry struct {
	VLAN int
	MAC  net.HardwareAddr
	Port string
	Seen time.Time
}

// MACTable returns the learned addresses, by VLAN and address.
func (s *Switch) MACTable() []MACEntry {
	oldest := s.now().Add(-macAge).UnixNano()
	var out []MACEntry
	s.table.mu.RLock()
	for k, e := range s.table.entries {
		if seen := e.seen.Load(); seen >= oldest {
			out = append(out, MACEntry{VLAN: int(k.vlan), MAC: slices.Clone(k.mac[:]), Port: e.port.name, Seen: time.Unix(0, seen)})
		}
	}
	s.table.mu.RUnlock()
	slices.SortFunc(out, func(a, b MACEntry) int {
		if a.VLAN != b.VLAN {
			return a.VLAN - b.VLAN
		}
		return bytes.Compare(a.MAC, b.MAC)
	})
	return out
}

type macKey struct {
	vlan uint16
	mac  [6]byte
}

type macEntry struct {
	port *port
	seen atomic.Int64
}

// macTable has a lock of its own, taken after the switch's, so that learning
// does not stop forwarding.
type macTable struct {
	mu      sync.RWMutex
	entries map[macKey]*macEntry
}

// learn notes that an address sends from a port.
func (t *macTable) learn(k macKey, p *port, now time.Time) {
	if k.mac[0]&1 != 0 || k.mac == [6]byte{} {
		return
	}
	t.mu.RLock()
	e := t.entries[k]
	if e != nil && e.port == p {
		e.seen.Store(now.UnixNano())
		t.mu.RUnlock()
		return
	}
	t.mu.RUnlock()

	t.mu.Lock()
	defer t.mu.Unlock()
	if t.entries == nil {
		t.entries = map[macKey]*macEntry{}
	}
	if len(t.entries) >= macLimit {
		t.expire(now)
		if len(t.entries) >= macLimit {
			return
		}
	}
	e = &macEntry{port: p}
	e.seen.Store(now.UnixNano())
	t.entries[k] = e
}

// find returns the port behind which an address was seen lately.
func (t *macTable) find(k macKey, now time.Time) *port {
	t.mu.RLock()
	defer t.mu.RUnlock()
	e := t.entries[k]
	if e == nil || e.seen.Load() < now.Add(-macAge).UnixNano() {
		return nil
	}
	return e.port
}

func (t *macTable) expire(now time.Time) {
	oldest := now.Add(-macAge).UnixNano()
	for k, e := range t.entries {
		if e.seen.Load() < oldest {
			delete(t.entries, k)
		}
	}
}

func (t *macTable) forget(p *port) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for k, e := range t.entries {
		if e.port == p {
			delete(t.entries, k)
		}
	}
}
