package ios

import (
	"fmt"
	"maps"
	"slices"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// state is the part of a switch that a change is about. A VLAN that is in the
// scope and does not exist has no entry in vlans.
type state struct {
	vlans map[int]fabric.VLAN
	ports map[string]attrs
}

// transition writes the lines that lead from one state to the other: VLANs
// come first and go last, so that no port is ever in a VLAN that is not there.
// It is used both ways; the rollback of a change is the transition back.
func transition(from, to state, order []string) []string {
	var w writer
	for _, id := range slices.Sorted(maps.Keys(from.vlans)) {
		// A name must be free before another VLAN can have it.
		if nameIsTaken(from, to, id) {
			w.vlan(id, "no name")
		}
	}
	for _, id := range slices.Sorted(maps.Keys(to.vlans)) {
		have, exists := from.vlans[id]
		if exists && nameIsTaken(from, to, id) {
			have.Name = ""
		}
		if lines, needed := vlanLines(have, to.vlans[id], exists); needed {
			w.vlan(id, lines...)
		}
	}
	for _, name := range order {
		if have, want := from.ports[name], to.ports[name]; have != want {
			w.port(name, portLines(have, want))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(from.vlans)) {
		if _, stays := to.vlans[id]; !stays {
			w.global(fmt.Sprintf("no vlan %d", id))
		}
	}
	return w.lines
}

// nameIsTaken says whether a VLAN holds a name that another one is to get.
func nameIsTaken(from, to state, id int) bool {
	name := from.vlans[id].EffectiveName()
	if name == fabric.DefaultVLANName(id) {
		return false
	}
	for other, v := range to.vlans {
		if other != id && v.EffectiveName() == name {
			return true
		}
	}
	return false
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
	if !exists {
		switch want.State {
		case "suspended":
			lines = append(lines, "state suspend")
		case "act/lshut":
			lines = append(lines, "shutdown")
		case "sus/lshut":
			lines = append(lines, "state suspend", "shutdown")
		}
	}
	return lines, !exists || len(lines) > 0
}

// portLines are the lines within `interface X` that lead from one set of
// managed lines to the other.
//
// A port that is to be shut goes down before it changes and one that is to
// open comes up after. Before a port becomes a trunk its encapsulation, native
// VLAN and list are set, so that it is never a trunk for more than it should
// be; when it stops being one, they are cleared after.
func portLines(from, to attrs) []string {
	var out []string
	add := func(lines ...string) { out = append(out, lines...) }
	if from.shutdown != to.shutdown && to.shutdown {
		add("shutdown")
	}
	if from.description != to.description {
		add(valueLine("description", to.description))
	}
	widen, narrow := allowedLines(from.allowed, to.allowed)
	trunk := func() {
		add(widen...)
		if from.native != to.native {
			add(valueLine("switchport trunk native vlan", to.native))
		}
		add(narrow...)
	}
	becomesTrunk := from.mode != to.mode && to.mode != string(fabric.ModeAccess) && to.mode != ""
	// A trunk needs an encapsulation that is settled: it is set before the
	// mode, and left to negotiation after.
	encapsulate := from.encapsulation != to.encapsulation
	settled := to.encapsulation != "" && to.encapsulation != "negotiate"
	if encapsulate && settled {
		add(valueLine("switchport trunk encapsulation", to.encapsulation))
	}
	if from.access != to.access {
		add(valueLine("switchport access vlan", to.access))
	}
	if becomesTrunk || from.mode == to.mode {
		trunk()
	}
	if from.mode != to.mode {
		add(valueLine("switchport mode", to.mode))
		if !becomesTrunk {
			trunk()
		}
	}
	if encapsulate && !settled {
		add(valueLine("switchport trunk encapsulation", to.encapsulation))
	}
	if from.portfast != to.portfast {
		add(portfastLine(from.portfast, to.portfast))
	}
	if from.shutdown != to.shutdown && !to.shutdown {
		add("no shutdown")
	}
	return out
}

// valueLine sets a value, or takes the line away.
func valueLine(command, value string) string {
	if value == "" {
		return "no " + command
	}
	return command + " " + value
}

func portfastLine(from, to string) string {
	const command = "spanning-tree portfast"
	no, value := "", to
	if to == "" {
		no, value = "no ", from
	}
	if value == portfastPlain {
		return no + command
	}
	return no + command + " " + value
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

// global writes a line outside of any block. The block before it is left
// explicitly, so that no line depends on IOS guessing which mode was meant.
func (w *writer) global(line string) {
	w.leave()
	w.lines = append(w.lines, line)
}

// vlan writes a VLAN's block. IOS carries it out on leaving it: with an exit
// of its own, the answer belongs to this VLAN and not to the line after it.
func (w *writer) vlan(id int, lines ...string) {
	w.global(fmt.Sprintf("vlan %d", id))
	w.lines = append(w.lines, lines...)
	w.inside = true
	w.leave()
}

func (w *writer) port(name string, lines []string) {
	w.lines = append(w.lines, "interface "+name)
	w.lines = append(w.lines, lines...)
	w.inside = true
}
