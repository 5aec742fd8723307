package nxos

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
	"github.com/cthulix/terraform-provider-cthulix/fabric/internal/vlanlines"
)

// transition writes the lines that lead from one state to the other: features
// and VLANs come first and go last; a port leaves its port-channel before that
// changes, and joins it when both are alike. It is used both ways; the rollback
// of a change is the transition back.
func transition(from, to state, order []string, n *fabric.Nexus) []string {
	var w writer
	for _, f := range slices.Sorted(maps.Keys(to.features)) {
		if !from.features[f] {
			w.global("feature " + f)
		}
	}
	// A port carries no larger frames than this: it grows before ports do.
	if to.jumbo > from.jumbo {
		w.global(numberLine("system jumbomtu", to.jumbo, defaultJumbo))
	}
	w.vlans(from, to)
	from.ports = maps.Clone(from.ports)
	w.leaveEarly(from, to, order)
	for _, name := range order {
		have, was := from.ports[name]
		want, stays := to.ports[name]
		switch {
		case !was:
			have = newChannel(n)
		case want.group != 0 && want.group == have.group && !leaves(have, want):
			have = uncertain(have, want, from.ports[ChannelName(want.group)], to.ports[ChannelName(want.group)])
		}
		lines := portLines(have, want)
		if !was {
			lines = append(lines, to.foreign[name]...)
		}
		if stays && (!was || len(lines) > 0) {
			w.block("interface "+lineName(name), lines)
		}
	}
	for _, name := range order {
		if _, stays := to.ports[name]; !stays {
			w.global("no interface " + lineName(name))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(from.vlans)) {
		if _, stays := to.vlans[id]; !stays {
			w.global(fmt.Sprintf("no vlan %d", id))
		}
	}
	if to.jumbo < from.jumbo {
		w.global(numberLine("system jumbomtu", to.jumbo, defaultJumbo))
	}
	for _, f := range slices.Sorted(maps.Keys(from.features)) {
		if !to.features[f] {
			w.global("no feature " + f)
		}
	}
	return w.lines
}

// leaveEarly takes ports out of a port-channel that is about to change, which
// would change them along with it, and out of one in which another protocol is
// to be spoken: all members speak the same at any moment.
func (w *writer) leaveEarly(from, to state, order []string) {
	for _, name := range order {
		have, want := from.ports[name], to.ports[name]
		if have.group == 0 || !leaves(have, want) {
			continue
		}
		bundle := ChannelName(have.group)
		if have.group != want.group && from.ports[bundle] == to.ports[bundle] && !joined(from, to, have.group) {
			continue
		}
		w.block("interface "+lineName(name), []string{"no channel-group"})
		have.group, have.groupMode = 0, ""
		from.ports[name] = have
	}
}

// uncertain notes on a member what a change of its port-channel may have done to
// it: some releases pass on spanning tree's settings and the shutdown, and others
// do not. Where the member is to differ from its port-channel, it is told so.
func uncertain(have, want, was, is attrs) attrs {
	if was.shutdown != is.shutdown && want.shutdown != is.shutdown {
		have.shutdown = !want.shutdown
	}
	was.description = is.description // is nobody else's
	changes := was != is
	if (changes || was.edge != is.edge) && want.edge != is.edge {
		have.edge = uncertainWord
	}
	if (changes || was.bpduGuard != is.bpduGuard) && want.bpduGuard != is.bpduGuard {
		have.bpduGuard = uncertainWord
	}
	if (changes || was.guardRoot != is.guardRoot) && want.guardRoot != is.guardRoot {
		have.guardRoot = !want.guardRoot
	}
	return have
}

// uncertainWord is none that a switch could have.
const uncertainWord = "?"

// joined says whether a port comes into a port-channel.
func joined(from, to state, group int) bool {
	for name, want := range to.ports {
		if have := from.ports[name]; want.group == group && (have.group != group || leaves(have, want)) {
			return true
		}
	}
	return false
}

// leaves says whether a port has to leave its port-channel, if only to come
// back with another protocol.
func leaves(from, to attrs) bool {
	return from.group != 0 && (from.group != to.group || from.groupMode.Protocol() != to.groupMode.Protocol())
}

func (w *writer) vlans(from, to state) {
	for _, id := range slices.Sorted(maps.Keys(from.vlans)) {
		// A name must be free before another VLAN can have it.
		if vlanlines.NameIsTaken(from.vlans, to.vlans, id) {
			w.block("vlan "+itoa(id), []string{"no name"})
		}
	}
	for _, id := range slices.Sorted(maps.Keys(to.vlans)) {
		have, exists := from.vlans[id]
		if exists && vlanlines.NameIsTaken(from.vlans, to.vlans, id) {
			have.Name = ""
		}
		if lines := vlanLines(have, to.vlans[id], exists); !exists || len(lines) > 0 {
			w.block("vlan "+itoa(id), lines)
		}
	}
}

// vlanLines are the lines within `vlan N`.
func vlanLines(have, want fabric.VLAN, exists bool) []string {
	def := fabric.DefaultVLANName(want.ID)
	haveName, wantName := def, want.EffectiveName()
	if exists && have.Name != "" {
		haveName = have.Name
	}
	var lines []string
	switch {
	case haveName == wantName:
	case wantName == def:
		lines = append(lines, "no name")
	default:
		lines = append(lines, "name "+wantName)
	}
	suspended, shut := stateOf(have.State)
	toSuspended, toShut := stateOf(want.State)
	if suspended != toSuspended {
		lines = append(lines, map[bool]string{true: "state suspend", false: "state active"}[toSuspended])
	}
	if shut != toShut {
		lines = append(lines, map[bool]string{true: "shutdown", false: "no shutdown"}[toShut])
	}
	return lines
}

// portLines are the lines within `interface X`.
//
// A port that is to be shut goes down before it changes and one that is to
// open comes up after. Before a port becomes a trunk its native VLAN and list
// are set, so that it is never a trunk for more than it should be; when it
// stops being one, they are cleared after.
func portLines(from, to attrs) []string {
	var out []string
	add := func(lines ...string) { out = append(out, lines...) }
	if from.shutdown != to.shutdown && to.shutdown {
		add("shutdown")
	}
	rejoins := leaves(from, to)
	if rejoins {
		add("no channel-group")
	}
	if from.description != to.description {
		add(valueLine("description", to.description))
	}
	switch {
	case from.on && !to.on:
		// Some releases keep the lines of a switch port below those of a routed one.
		add(switchingLines(from.switching, to.switching)...)
		add("no switchport")
	case to.on:
		if !from.on {
			add("switchport")
		}
		add(switchingLines(from.switching, to.switching)...)
	}
	if from.mtu != to.mtu && from.mtu != 0 {
		add(numberLine("mtu", to.mtu, defaultMTU))
	}
	if from.edge != to.edge {
		add(valueLine("spanning-tree port type", to.edge))
	}
	if from.bpduGuard != to.bpduGuard {
		add(valueLine("spanning-tree bpduguard", string(to.bpduGuard)))
	}
	if from.guardRoot != to.guardRoot {
		add(valueLine("spanning-tree guard", map[bool]string{true: "root"}[to.guardRoot]))
	}
	if to.group != 0 && (rejoins || from.group != to.group || from.groupMode != to.groupMode) {
		add(fmt.Sprintf("channel-group %d mode %s", to.group, to.groupMode))
	}
	if from.shutdown != to.shutdown && !to.shutdown {
		add("no shutdown")
	}
	return out
}

func switchingLines(from, to switching) []string {
	var out []string
	// A port that turns from its access VLAN to a trunk is not sent through
	// another VLAN on the way.
	accessLast := from.mode != to.mode && to.mode == string(fabric.ModeTrunk)
	access := func() {
		if from.access != to.access {
			out = append(out, numberLine("switchport access vlan", to.access, 1))
		}
	}
	if !accessLast {
		access()
	}
	widen, narrow := allowedLines(from.allowed, to.allowed)
	trunk := func() {
		out = append(out, widen...)
		if from.native != to.native {
			out = append(out, numberLine("switchport trunk native vlan", to.native, 1))
		}
		out = append(out, narrow...)
	}
	leavesTrunk := from.mode != to.mode && to.mode == string(fabric.ModeAccess)
	if !leavesTrunk {
		trunk()
	}
	if from.mode != to.mode {
		out = append(out, "switchport mode "+to.mode)
	}
	if leavesTrunk {
		trunk()
	}
	if accessLast {
		access()
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

// numberLine sets a number, or takes the line away for the default.
// defaultJumbo is what a Nexus 9000 has for `system jumbomtu` (Nexus 9000
// interfaces configuration guide).
const defaultJumbo = 9216

func numberLine(command string, value, def int) string {
	if value == def {
		return "no " + command
	}
	return command + " " + itoa(value)
}

func itoa(n int) string { return strconv.Itoa(n) }

// writer leaves each block explicitly, so that no line depends on the switch
// guessing which mode was meant.
type writer struct{ lines []string }

func (w *writer) global(line string) { w.lines = append(w.lines, line) }

func (w *writer) block(head string, lines []string) {
	w.lines = append(w.lines, head)
	w.lines = append(w.lines, lines...)
	w.lines = append(w.lines, "exit")
}
