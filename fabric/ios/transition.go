package ios

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
	"github.com/cthulix/terraform-provider-cthulix/fabric/internal/vlanlines"
)

// state is the part of a switch that a change is about. What is in the scope
// and does not exist has no entry.
type state struct {
	vlans  map[int]fabric.VLAN
	ports  map[string]attrs
	svis   map[int]sviAttrs
	global globalAttrs
	// foreign are the lines of interfaces that are not managed. They are
	// written where an interface comes back, and nowhere else.
	foreign map[string][]string
}

func newState() state {
	return state{map[int]fabric.VLAN{}, map[string]attrs{}, map[int]sviAttrs{}, globalAttrs{}, map[string][]string{}}
}

// transition writes the lines that lead from one state to the other: VLANs
// come first and go last, so that no port is ever in a VLAN that is not there,
// and so do port-channels around their members. It is used both ways; the
// rollback of a change is the transition back.
func transition(from, to state, order []string) []string {
	var w writer
	w.vlansCome(from, to)
	before, after := globalLines(from.global, to.global)
	w.global(before...)
	from.ports = maps.Clone(from.ports)
	w.leaveBundles(from, to, order)
	w.portsChange(from, to, order)
	w.svisChange(from.svis, to.svis, to.foreign)
	for _, name := range order {
		if _, stays := to.ports[name]; !stays {
			w.global("no interface " + name)
		}
	}
	w.global(after...)
	for _, id := range slices.Sorted(maps.Keys(from.vlans)) {
		if _, stays := to.vlans[id]; !stays {
			w.global(fmt.Sprintf("no vlan %d", id))
		}
	}
	return w.lines
}

func (w *writer) vlansCome(from, to state) {
	for _, id := range slices.Sorted(maps.Keys(from.vlans)) {
		// A name must be free before another VLAN can have it.
		if vlanlines.NameIsTaken(from.vlans, to.vlans, id) {
			w.vlan(id, "no name")
		}
	}
	for _, id := range slices.Sorted(maps.Keys(to.vlans)) {
		have, exists := from.vlans[id]
		if exists && vlanlines.NameIsTaken(from.vlans, to.vlans, id) {
			have.Name = ""
		}
		if lines, needed := vlanLines(have, to.vlans[id], exists); needed {
			w.vlan(id, lines...)
		}
	}
}

// portsChange writes the blocks of ports and port-channels. The port-channels
// stand first in the order: what changes on them changes on their members, too.
func (w *writer) portsChange(from, to state, order []string) {
	for _, name := range order {
		want, stays := to.ports[name]
		if !stays {
			continue
		}
		have, exists := from.ports[name]
		lines := portLines(have, want, !exists)
		if !exists {
			lines = comesBack(lines, to.foreign[name])
		}
		if len(lines) == 0 && exists {
			continue
		}
		w.block(name, lines)
		if group := fabric.ChannelGroup(name); group != 0 && exists {
			spread(from, to, group, have, want)
		}
	}
}

// comesBack adds the lines that are not managed to those of an interface that is
// made again. To be put into a VRF costs an interface its addresses: that comes
// first, and to be opened last.
func comesBack(lines, foreign []string) []string {
	isVRF := func(l string) bool { return strings.HasPrefix(l, "vrf ") || strings.HasPrefix(l, "ip vrf ") }
	var out, after []string
	for _, l := range foreign {
		if isVRF(l) {
			out = append(out, l)
		} else {
			after = append(after, l)
		}
	}
	opens := len(lines) > 0 && lines[len(lines)-1] == "no shutdown"
	if opens {
		lines = lines[:len(lines)-1]
	}
	out = append(append(out, lines...), after...)
	if opens {
		out = append(out, "no shutdown")
	}
	return out
}

// vlanLines are the lines within `vlan N`, and whether the block is needed.
func vlanLines(have, want fabric.VLAN, exists bool) ([]string, bool) {
	def := fabric.DefaultVLANName(want.ID)
	haveName, wantName := def, want.EffectiveName()
	if exists && have.Name != "" {
		haveName = have.Name
	}
	var lines []string
	if haveName != wantName {
		if wantName == def {
			lines = append(lines, "no name")
		} else {
			lines = append(lines, "name "+wantName)
		}
	}
	haveState, wantState := stateOf(have.State), stateOf(want.State)
	if !exists {
		haveState = vlanState{}
	}
	if haveState.suspended != wantState.suspended {
		lines = append(lines, map[bool]string{true: "state suspend", false: "state active"}[wantState.suspended])
	}
	if haveState.shut != wantState.shut {
		lines = append(lines, onOff(wantState.shut, "shutdown"))
	}
	return lines, !exists || len(lines) > 0
}

// vlanState is what the status of a VLAN is made of.
type vlanState struct {
	suspended bool
	shut      bool // on this switch only
}

func stateOf(status string) vlanState {
	switch status {
	case "suspended", fabric.VLANSuspend:
		return vlanState{suspended: true}
	case "act/lshut", "act/ishut":
		return vlanState{shut: true}
	case "sus/lshut":
		return vlanState{suspended: true, shut: true}
	}
	return vlanState{}
}

// wantState is the status that a wanted VLAN is to have.
func wantState(have, want string) string {
	switch {
	case want == "":
		return have
	case want == fabric.VLANActive:
		return ""
	case want == fabric.VLANSuspend && stateOf(have).shut:
		return "sus/lshut"
	case want == fabric.VLANSuspend:
		return "suspended"
	}
	return want
}

// writer keeps track of the mode that the lines are in.
type writer struct {
	lines  []string
	inside bool
}

func (w *writer) leave() {
	if w.inside {
		w.lines = append(w.lines, "exit")
		w.inside = false
	}
}

// global writes lines outside of any block. The block before it is left
// explicitly, so that no line depends on IOS guessing which mode was meant.
func (w *writer) global(lines ...string) {
	if len(lines) > 0 {
		w.leave()
		w.lines = append(w.lines, lines...)
	}
}

// vlan writes a VLAN's block. IOS carries it out on leaving it: with an exit
// of its own, the answer belongs to this VLAN and not to the line after it.
func (w *writer) vlan(id int, lines ...string) {
	w.global(fmt.Sprintf("vlan %d", id))
	w.lines = append(w.lines, lines...)
	w.inside = true
	w.leave()
}

// block writes the block of an interface.
func (w *writer) block(name string, lines []string) {
	w.lines = append(w.lines, "interface "+name)
	w.lines = append(w.lines, lines...)
	w.inside = true
}
