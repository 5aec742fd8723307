package iossim

import (
	"maps"
	"strconv"

	"github.com/cthulix/terraform-provider-cthulix/lab/wire"
)

// drive tells the plane what the configuration comes to, if that changed. The
// caller holds the lock.
func (s *Sim) drive() {
	s.noteMisfits()
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
		case !i.switched() || i.routed:
			continue
		case i.group > 0 && i.suspended != "" || i.errDisabled:
			states[name] = wire.PortState{}
		case i.group > 0:
			states[name] = wire.PortState{Up: !i.shutdown, Bundle: channelName(i.group)}
		case i.trunking():
			states[name] = wire.PortState{
				Up: !i.shutdown, Mode: wire.Trunk,
				Native: carried(i.native), Allowed: i.allowed.Intersect(live),
			}
		default:
			voice, _ := strconv.Atoi(i.voice)
			states[name] = wire.PortState{Up: !i.shutdown, Access: carried(i.access), Voice: carried(voice)}
		}
	}
	return states
}
