package iossim

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/lab/wire"
)

// Speaker is a [Plane] by which the switch itself can talk to its neighbours,
// as a [wire.Switch] is one: LLDP, CDP and spanning tree need it.
type Speaker interface {
	HandleControl(func(port string, frame []byte))
	SendControl(port string, frame []byte) error
	SpanningTree(priority uint16, mac [6]byte)
	Subscribe(buffer int) (<-chan wire.Event, func())
}

// How often the switch speaks of itself, and for how long that holds.
const (
	lldpEvery, lldpHold = 30 * time.Second, 120
	cdpEvery, cdpHold   = 60 * time.Second, 180
	neighborsKept       = 16 // on one port
)

// sighting is a neighbour and until when it counts.
type sighting struct {
	neighbor
	until time.Time
}

// sightings are the neighbours of all ports, by what protocol they were heard.
type sightings map[string][]sighting

// note takes a neighbour in, or out if it says goodbye.
func (all sightings) note(port string, n neighbor, now time.Time) {
	list := slices.DeleteFunc(all[port], func(o sighting) bool {
		return o.until.Before(now) || o.chassis == n.chassis && o.port == n.port && o.name == n.name
	})
	if n.holdSeconds > 0 && len(list) < neighborsKept {
		list = append(list, sighting{n, now.Add(time.Duration(n.holdSeconds) * time.Second)})
	}
	all[port] = list
}

// hear is called with each frame that is for the switch itself.
func (s *Sim) hear(port string, frame []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.run.ifaces[port]
	if i == nil || len(frame) < 14 {
		return
	}
	switch [6]byte(frame[:6]) {
	case lldpAddress, [6]byte{0x01, 0x80, 0xc2, 0, 0, 3}:
		if n, ok := decodeLLDP(frame); ok && s.speaksLLDP() && !i.has("no lldp receive") {
			s.lldp.note(port, n, time.Now())
		}
	case cdpAddress:
		if n, ok := decodeCDP(frame); ok && !s.run.has("no cdp run") && !i.has("no cdp enable") {
			s.cdp.note(port, n, time.Now())
		}
	case [6]byte{0x01, 0x80, 0xc2, 0, 0, 0}:
		s.sawBPDU(i)
	}
}

// speak lets the switch talk on its plane until the context ends. Links that
// come up hear of it at once.
func (s *Sim) speak(ctx context.Context) {
	plane, ok := s.cfg.Plane.(Speaker)
	if !ok {
		return
	}
	events, cancel := plane.Subscribe(1024)
	defer cancel()
	lldp, cdp := time.NewTicker(lldpEvery), time.NewTicker(cdpEvery)
	defer lldp.Stop()
	defer cdp.Stop()
	s.announce(plane, "", true, true)
	for {
		select {
		case <-ctx.Done():
			return
		case e, open := <-events:
			switch {
			case !open:
				return
			case e.Up:
				s.announce(plane, e.Port, true, true)
			default:
				s.mu.Lock()
				delete(s.lldp, e.Port)
				delete(s.cdp, e.Port)
				s.mu.Unlock()
			}
		case <-s.news:
			s.announce(plane, "", true, true)
		case <-lldp.C:
			s.announce(plane, "", true, false)
		case <-cdp.C:
			s.announce(plane, "", false, true)
		}
	}
}

// announce sends what the switch says of itself, by one port or by all.
func (s *Sim) announce(plane Speaker, only string, lldp, cdp bool) {
	type send struct {
		port  string
		frame []byte
	}
	var sends []send
	s.mu.Lock()
	lldp = lldp && s.speaksLLDP()
	cdp = cdp && !s.run.has("no cdp run")
	for name, i := range s.run.ifaces {
		if only != "" && name != only || !socket(s, i) || i.managementIf || i.shutdown || i.errDisabled {
			continue
		}
		if lldp && !i.has("no lldp transmit") {
			sends = append(sends, send{name, encodeLLDP(s.portMAC(name), s.self(i, lldpHold))})
		}
		if cdp && !i.has("no cdp enable") {
			sends = append(sends, send{name, encodeCDP(s.portMAC(name), s.self(i, cdpHold))})
		}
	}
	s.mu.Unlock()
	for _, f := range sends {
		if err := plane.SendControl(f.port, f.frame); err != nil {
			s.log.Debug("not announced", "port", f.port, "err", err)
		}
	}
}

// announceSoon has the switch speak of itself now, after a change of what it
// says.
func (s *Sim) announceSoon() {
	select {
	case s.news <- struct{}{}:
	default:
	}
}

// speaksLLDP reports whether LLDP is on.
func (s *Sim) speaksLLDP() bool { return s.run.has("lldp run") || s.feature("lldp") }

func (s *Sim) portMAC(name string) [6]byte {
	kind, numbers := splitName(name)
	return [6]byte(s.mac(kind<<8 + numbers[len(numbers)-1]))
}

// self is the switch as its neighbours hear of it by a port.
func (s *Sim) self(i *iface, hold int) neighbor {
	const bridge = 1 << 2
	n := neighbor{
		port: shortName(i.name), portDescription: i.name, name: s.run.hostname, description: s.software(),
		capabilities: bridge, enabled: bridge, capabilitiesAsCDP: 0x28, holdSeconds: hold,
		platform: "cisco " + s.profile.Name, vtp: s.db.Domain,
		vlan: i.access, hasVLAN: true, nativeVLAN: i.access, hasNative: true,
	}
	if s.profile.NXOS {
		n.port, n.portDescription = nexusName(i.name), nexusName(i.name)
	}
	if hold == cdpHold {
		n.port = i.name
	}
	if i.description != "" {
		n.portDescription = i.description
	}
	if i.trunking() {
		n.vlan, n.nativeVLAN = i.native, i.native
	}
	for _, name := range s.run.names() {
		if p, ok := s.run.ifaces[name].address(); ok {
			n.addresses = []netip.Addr{p.Addr()}
			break
		}
	}
	return n
}
