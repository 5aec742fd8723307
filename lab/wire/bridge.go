package wire

import (
	"bytes"
	"encoding/binary"
	"time"
)

// The switch runs one spanning tree for all VLANs, as far as it takes to keep
// a loop from storming: it sends and understands the configuration BPDUs of
// IEEE 802.1D, blocks the ports that close a loop, and knows no timers but the
// age of what it heard. A port forwards as soon as it is up, so that hosts
// need not wait, and stops within the time that a BPDU takes round the loop.

const (
	helloTime = 2 * time.Second
	helloAge  = 3 * helloTime
	portCost  = 4
)

// vector is what bridges compare: the smaller is the better.
type vector struct {
	root   [8]byte
	cost   uint32
	bridge [8]byte
	port   uint16
}

func (v vector) compare(o vector) int {
	if c := bytes.Compare(v.root[:], o.root[:]); c != 0 {
		return c
	}
	if v.cost != o.cost {
		if v.cost < o.cost {
			return -1
		}
		return 1
	}
	if c := bytes.Compare(v.bridge[:], o.bridge[:]); c != 0 {
		return c
	}
	return int(v.port) - int(o.port)
}

// heard is the best that a port heard of late.
type heard struct {
	vector
	at time.Time
}

// SpanningTree switches the spanning tree on: the bridge has that priority and
// address. Without it the switch neither sends BPDUs nor blocks ports.
func (s *Switch) SpanningTree(priority uint16, mac [6]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var id [8]byte
	binary.BigEndian.PutUint16(id[:], priority)
	copy(id[2:], mac[:])
	if s.bridging && id == s.bridge {
		return
	}
	s.bridge, s.bridging = id, true
	if !s.greeting && !s.closed {
		s.greeting = true
		s.readers.Add(1)
		go s.greet()
	}
	s.elect()
	s.hello()
}

// Blocked reports whether spanning tree keeps a port from forwarding.
func (s *Switch) Blocked(name string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	p := s.ports[name]
	return p != nil && p.logical().blocked
}

// greet sends BPDUs until the switch is closed.
func (s *Switch) greet() {
	defer s.readers.Done()
	tick := time.NewTicker(helloTime)
	defer tick.Stop()
	for {
		select {
		case <-s.done:
			return
		case <-tick.C:
			s.mu.Lock()
			s.elect()
			s.hello()
			s.mu.Unlock()
		}
	}
}

// number is a port's stable number in BPDUs.
func (p *port) number() uint16 {
	return 0x8000 | uint16(p.index)
}

// own is what the switch says out of a port.
func (s *Switch) own(p *port) vector {
	return vector{root: s.root, cost: s.rootCost, bridge: s.bridge, port: p.number()}
}

// elect works out the root and which ports forward. The caller holds the lock.
func (s *Switch) elect() {
	if !s.bridging {
		return
	}
	now := s.now()
	s.root, s.rootCost = s.bridge, 0
	var rootPort *port
	var best vector
	for _, p := range s.ports {
		if p.heard != nil && (now.Sub(p.heard.at) > helloAge || !p.alive()) {
			p.heard = nil
		}
		if p.heard == nil || p.heard.bridge == s.bridge {
			continue
		}
		v := p.heard.vector
		v.cost += portCost
		c := bytes.Compare(v.root[:], s.bridge[:])
		if c < 0 && (rootPort == nil || v.compare(best) < 0 || v.compare(best) == 0 && p.number() < rootPort.number()) {
			rootPort, best = p, v
			s.root, s.rootCost = v.root, v.cost
		}
	}
	for _, p := range s.ports {
		blocked := p != rootPort && p.heard != nil && p.heard.compare(s.own(p)) < 0
		if blocked != p.blocked {
			p.blocked = blocked
			s.table.forget(p)
		}
	}
}

// alive reports whether a logical port has a live cable.
func (p *port) alive() bool {
	if len(p.members) == 0 {
		return p.link
	}
	for _, m := range p.members {
		if m.link {
			return true
		}
	}
	return false
}

// hello sends BPDUs out of all ports that are not blocked. The caller holds
// the lock.
func (s *Switch) hello() {
	if !s.bridging {
		return
	}
	for _, p := range s.ports {
		if p.bundle == nil {
			s.helloBy(p)
		}
	}
}

func (s *Switch) helloBy(p *port) {
	out := p.egress(make([]byte, headerLen))
	if !s.bridging || out == nil || !out.link || p.blocked {
		return
	}
	out.send(s.own(p).frame())
}

// heardBPDU takes in what a neighbour says.
func (s *Switch) heardBPDU(in *port, v vector) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.bridging {
		return
	}
	p := in.logical()
	before := s.root
	if p.heard == nil || v.compare(p.heard.vector) <= 0 || v.bridge == p.heard.bridge {
		p.heard = &heard{v, s.now()}
	}
	s.elect()
	switch {
	case s.root != before:
		s.hello()
	case s.own(p).compare(v) < 0:
		// The neighbour does not know better yet.
		if p.told.IsZero() || s.now().Sub(p.told) >= helloTime/4 {
			p.told = s.now()
			s.helloBy(p)
		}
	}
}

const bpduLen = 35

// frame is a configuration BPDU in an Ethernet frame.
func (v vector) frame() []byte {
	f := make([]byte, 60)
	copy(f, []byte{0x01, 0x80, 0xc2, 0, 0, 0})
	copy(f[6:], v.bridge[2:])
	binary.BigEndian.PutUint16(f[12:], 3+bpduLen)
	copy(f[14:], []byte{0x42, 0x42, 0x03})
	b := f[17:]
	copy(b[5:], v.root[:])
	binary.BigEndian.PutUint32(b[13:], v.cost)
	copy(b[17:], v.bridge[:])
	binary.BigEndian.PutUint16(b[25:], v.port)
	for i, seconds := range []uint16{0, 20, 2, 15} {
		binary.BigEndian.PutUint16(b[27+2*i:], seconds<<8)
	}
	return f
}

// parseBPDU reads a configuration BPDU, or what a rapid one has in common with
// it.
func parseBPDU(f []byte) (vector, bool) {
	var v vector
	if len(f) < 17+bpduLen || !bytes.Equal(f[:6], []byte{0x01, 0x80, 0xc2, 0, 0, 0}) || !bytes.Equal(f[14:17], []byte{0x42, 0x42, 0x03}) {
		return v, false
	}
	b := f[17:]
	if kind := b[3]; b[0] != 0 || b[1] != 0 || kind != 0 && kind != 2 {
		return v, false
	}
	copy(v.root[:], b[5:])
	v.cost = binary.BigEndian.Uint32(b[13:])
	copy(v.bridge[:], b[17:])
	v.port = binary.BigEndian.Uint16(b[25:])
	return v, v.cost < 1<<28
}
