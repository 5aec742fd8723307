package wire

import (
	"sync"
	"time"
)

// linkPoll is how often endpoints are asked whether their peer is there. A
// datagram socket tells nobody that its peer came or went.
const linkPoll = 200 * time.Millisecond

// Event is a change of a port's link.
type Event struct {
	Port string
	Up   bool
	Time time.Time
}

// LinkUp reports whether a port is enabled and has a live peer right now.
func (s *Switch) LinkUp(name string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	p := s.ports[name]
	return p != nil && p.linkUp()
}

// Subscribe returns a channel of link changes from now on, and a function that
// ends the subscription. The channel is closed by either that or Close. A
// subscriber that leaves more than buffer events unread loses the newer ones.
func (s *Switch) Subscribe(buffer int) (events <-chan Event, cancel func()) {
	return s.subs.add(buffer)
}

// watch looks at the links of endpoints whose peers come and go by themselves.
func (s *Switch) watch() {
	defer s.readers.Done()
	tick := time.NewTicker(linkPoll)
	defer tick.Stop()
	for {
		select {
		case <-s.done:
			return
		case <-tick.C:
			s.mu.Lock()
			s.noteLinks()
			s.mu.Unlock()
		}
	}
}

// noteLinks tells subscribers of links that changed. Addresses behind a link
// that went down are forgotten. The caller holds the lock.
func (s *Switch) noteLinks() {
	for _, p := range s.ports {
		up := p.linkUp()
		if up == p.link {
			continue
		}
		p.link = up
		if l := p.logical(); !up {
			s.table.forget(l)
			l.heard = nil
			s.elect()
		} else if s.bridging {
			s.helloBy(l)
		}
		s.subs.tell(Event{Port: p.name, Up: up, Time: s.now()})
	}
}

// subscribers are the readers of link changes.
type subscribers struct {
	mu     sync.Mutex
	chans  map[chan Event]struct{}
	closed bool
}

func (u *subscribers) add(buffer int) (<-chan Event, func()) {
	u.mu.Lock()
	defer u.mu.Unlock()
	c := make(chan Event, max(buffer, 1))
	if u.closed {
		close(c)
		return c, func() {}
	}
	if u.chans == nil {
		u.chans = map[chan Event]struct{}{}
	}
	u.chans[c] = struct{}{}
	return c, func() {
		u.mu.Lock()
		defer u.mu.Unlock()
		if _, ok := u.chans[c]; ok {
			delete(u.chans, c)
			close(c)
		}
	}
}

func (u *subscribers) tell(e Event) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for c := range u.chans {
		select {
		case c <- e:
		default:
		}
	}
}

func (u *subscribers) close() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.closed = true
	for c := range u.chans {
		close(c)
	}
	u.chans = nil
}
