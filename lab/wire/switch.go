package wire

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// Mode says how a port treats tags.
type Mode uint8

// The modes of a port.
const (
	// Access carries one VLAN, untagged.
	Access Mode = iota
	// Trunk carries the allowed VLANs tagged and the native one untagged.
	Trunk
)

// PortState is what one port forwards. It is the outcome of a configuration,
// not the configuration: whoever computes it leaves out VLANs that do not
// exist. The zero value is a port that is shut down.
type PortState struct {
	Up      bool
	Mode    Mode
	Access  uint16 // Access: the VLAN; 0 forwards nothing
	Voice   uint16 // Access: a VLAN that is carried tagged besides; 0 is none
	Native  uint16 // Trunk: the VLAN of untagged frames; 0 drops them
	Allowed VLANs  // Trunk: the VLANs carried, the native one included
	// Bundle is the logical port that the port is a member of: that port's
	// state then says what is forwarded, and of this one Up alone counts.
	Bundle string
}

// carries reports whether frames of a VLAN pass the port, and whether tagged.
func (s *PortState) carries(vlan uint16) (ok, tagged bool) {
	if !s.Up || vlan == 0 {
		return false, false
	}
	if s.Mode == Access {
		return s.Access == vlan || s.Voice == vlan, s.Access != vlan
	}
	return s.Allowed.Has(int(vlan)), s.Native != vlan
}

// Errors of Attach.
var (
	ErrPortInUse = errors.New("something is plugged into the port already")
	ErrClosed    = errors.New("the switch is closed")
)

// Switch forwards frames between its ports. Make one with [New].
type Switch struct {
	mu       sync.RWMutex
	ports    map[string]*port
	table    macTable
	closed   bool
	done     chan struct{}
	watching bool
	readers  sync.WaitGroup
	subs     subscribers
	now      func() time.Time
	control  func(port string, frame []byte)

	bridging, greeting bool // spanning tree
	bridge, root       [8]byte
	rootCost           uint32
}

// New returns a switch without ports: [Switch.Configure] and [Switch.Attach]
// make them, in any order.
func New() *Switch {
	return &Switch{ports: map[string]*port{}, done: make(chan struct{}), now: time.Now}
}

// Configure sets the state of all ports at once; a port that is not named is
// down. Frames in flight see either the old states or the new ones. Addresses
// learned on a port whose state changed are forgotten.
func (s *Switch) Configure(states map[string]PortState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, state := range states {
		s.port(name)
		if state.Bundle != "" {
			s.port(state.Bundle)
		}
	}
	for name, p := range s.ports {
		if next := states[name]; next != p.state {
			p.state = next
			s.table.forget(p)
			s.table.forget(p.logical())
		}
	}
	s.bind()
	s.noteLinks()
}

// Attach plugs an endpoint into a port. The switch reads from it until it is
// closed from either side, or [Switch.Detach] pulls it; it then belongs to the
// switch, which closes it.
func (s *Switch) Attach(name string, ep Endpoint) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return fmt.Errorf("attach to %s: %w", name, ErrClosed)
	}
	p := s.port(name)
	if p.ep != nil {
		return fmt.Errorf("attach to %s: %w", name, ErrPortInUse)
	}
	p.ep = ep
	s.readers.Add(1)
	go s.read(p, ep)
	if _, ok := ep.(Linker); ok && !s.watching {
		s.watching = true
		s.readers.Add(1)
		go s.watch()
	}
	s.noteLinks()
	return nil
}

// Detach pulls the cable out of a port and closes the switch's end of it.
func (s *Switch) Detach(name string) error {
	s.mu.Lock()
	var ep Endpoint
	if p := s.ports[name]; p != nil {
		ep = s.unplug(p, p.ep)
	}
	s.mu.Unlock()
	if ep == nil {
		return nil
	}
	if err := ep.Close(); err != nil {
		return fmt.Errorf("detach from %s: %w", name, err)
	}
	return nil
}

// Close pulls all cables and waits until nothing is forwarded any more.
func (s *Switch) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	close(s.done)
	var eps []Endpoint
	for _, p := range s.ports {
		if ep := s.unplug(p, p.ep); ep != nil {
			eps = append(eps, ep)
		}
	}
	s.mu.Unlock()
	var errs []error
	for _, ep := range eps {
		errs = append(errs, ep.Close())
	}
	s.readers.Wait()
	s.subs.close()
	return errors.Join(errs...)
}

// unplug takes the endpoint off the port if it is still there.
func (s *Switch) unplug(p *port, ep Endpoint) Endpoint {
	if ep == nil || p.ep != ep {
		return nil
	}
	p.ep = nil
	s.table.forget(p.logical())
	s.noteLinks()
	return ep
}

// port returns the port of that name, making it if need be.
func (s *Switch) port(name string) *port {
	p := s.ports[name]
	if p == nil {
		p = &port{name: name, index: len(s.ports) + 1}
		s.ports[name] = p
	}
	return p
}
