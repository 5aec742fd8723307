package wire

import "fmt"

// HandleControl has a function called with every frame that is for the switch
// itself and never forwarded: LLDP, CDP, spanning tree. The port is the one
// with the cable, be it in a bundle or not. The function must not keep the
// frame; it may call the switch.
func (s *Switch) HandleControl(handle func(port string, frame []byte)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.control = handle
}

// SendControl sends a frame out of one port as it is. A port that is down
// drops it.
func (s *Switch) SendControl(name string, frame []byte) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	p := s.ports[name]
	if p == nil {
		return fmt.Errorf("send by %s: there is no such port", name)
	}
	if p.linkUp() {
		p.send(frame)
	}
	return nil
}

// receiveControl hands a frame for the switch itself to who wants it.
func (s *Switch) receiveControl(p *port, ep Endpoint, frame []byte) {
	s.mu.RLock()
	handle := s.control
	taken := p.ep == ep && p.state.Up
	s.mu.RUnlock()
	if !taken {
		return
	}
	if b, ok := parseBPDU(frame); ok {
		s.heardBPDU(p, b)
	}
	if handle != nil {
		handle(p.name, frame)
	}
}
