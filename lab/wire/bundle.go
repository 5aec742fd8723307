package wire

import "slices"

// A bundle is a logical port, such as Port-channel1: it has a state and no
// cable. Its members have cables; frames that come in by any of them come in
// by the bundle, and a frame that leaves by the bundle leaves by one of them,
// chosen by the addresses in it. What is at the other end is taken to agree to
// the bundle: no LACP is spoken.

// bind makes the members of each bundle known to it. The caller holds the lock.
func (s *Switch) bind() {
	for _, p := range s.ports {
		p.members = p.members[:0]
		p.bundle = nil
	}
	for _, p := range s.ports {
		if p.state.Bundle != "" {
			p.bundle = s.port(p.state.Bundle)
		}
	}
	for _, p := range s.ports {
		if p.bundle != nil {
			p.bundle.members = append(p.bundle.members, p)
		}
	}
	for _, p := range s.ports {
		slices.SortFunc(p.members, func(a, b *port) int { return compareText(a.name, b.name) })
	}
}

func compareText(a, b string) int {
	switch {
	case len(a) != len(b):
		return len(a) - len(b)
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// logical is the port that frames of p belong to: its bundle, or itself.
func (p *port) logical() *port {
	if p.bundle != nil {
		return p.bundle
	}
	return p
}

// egress is the cable by which a frame leaves a logical port; nil when none
// is there. A bundle spreads pairs of addresses over the members that are up.
func (p *port) egress(frame []byte) *port {
	if len(p.members) == 0 {
		if p.ep == nil {
			return nil
		}
		return p
	}
	up := 0
	for _, m := range p.members {
		if m.link {
			up++
		}
	}
	if up == 0 {
		return nil
	}
	pick := int(frame[5]^frame[11]) % up
	for _, m := range p.members {
		if !m.link {
			continue
		}
		if pick == 0 {
			return m
		}
		pick--
	}
	return nil
}
