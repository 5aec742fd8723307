package iossim

import (
	"maps"
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/lab/wire"
)

// drive tells the plane what the configuration comes to, if that changed. The
// caller holds the lock.
func (s *Sim) drive() {
	if s.cfg.Plane == nil {
		return
	}
	states := s.portStates()
	if maps.Equal(states, s.states) {
		return
	}
	s.states = states
	s.cfg.Plane.Configure(states)
}

// portStates works out what each port forwards.
func (s *Sim) portStates() map[string]wire.PortState {
	var live wire.VLANs
	for _, id := range s.db.ids() {
		if s.db.forwards(id) {
			live.Add(id)
		}
	}
	carried := func(id int) uint16 {
		if live.Has(id) {
			return uint16(id)
		}
		return 0
	}
	states := map[string]wire.PortState{}
	for name, i := range s.run.ifaces {
		switch {
		case i.kind() == "Vlan":
			_, numbers := splitName(name)
			states[name] = wire.PortState{Up: !i.shutdown, Access: carried(numbers[0])}
		case !i.switched() || i.routed || strings.HasPrefix(name, "Port-channel"):
			continue
		case i.trunking():
			states[name] = wire.PortState{
				Up: !i.shutdown, Mode: wire.Trunk,
				Native: carried(i.native), Allowed: i.allowed.Intersect(live),
			}
		default:
			states[name] = wire.PortState{Up: !i.shutdown, Access: carried(i.access)}
		}
	}
	return states
}
