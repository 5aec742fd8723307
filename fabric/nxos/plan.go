package nxos

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// Plan works out the minimal ordered commands from an observation to a want,
// and back. It is pure: the same arguments give the same change. What cannot
// be done is an error of type fabric.FieldErrors.
func Plan(obs fabric.Observation, want fabric.Want) (fabric.Change, error) {
	if obs.Nexus == nil {
		obs.Nexus = &fabric.Nexus{}
	}
	want = inModelNames(want)
	if err := append(fabric.Validate(want), validate(obs, want)...).Err(); err != nil {
		return fabric.Change{}, err
	}
	from, to := scope(obs, want)
	if err := append(vlansPossible(obs, from, to), bundlesPossible(obs, to, want)...).Err(); err != nil {
		return fabric.Change{}, err
	}
	change := fabric.Change{
		Commands: transition(from, to, portOrder(obs, from, to), obs.Nexus),
		Unmet:    unmet(obs, from, to, want),
	}
	// What a port-channel drags along on members that nobody asked for has to
	// find its way back, too.
	for name, a := range draggedAlong(obs, from, to) {
		from.ports[name], to.ports[name] = a, a
	}
	change.Rollback = transition(to, from, portOrder(obs, from, to), obs.Nexus)
	change.Undo = undo(obs, from, to, want.Global)
	return change, nil
}

// draggedAlong are the members outside of the scope that differ from a
// port-channel in what it may pass on when it changes: that would be lost.
func draggedAlong(obs fabric.Observation, from, to state) map[string]attrs {
	out := map[string]attrs{}
	for name, p := range obs.Ports {
		bundle := ChannelName(p.Group())
		was, is := from.ports[bundle], to.ports[bundle]
		if _, inScope := from.ports[name]; p.Group() == 0 || inScope {
			continue
		}
		a := observed(name, p, obs.Nexus)
		if uncertain(a, a, is, was) != a {
			out[name] = a
		}
	}
	return out
}

// state is the part of a switch that a change is about. A VLAN or port-channel
// that is in the scope and does not exist has no entry.
type state struct {
	jumbo    int // the MTU of ports that are to carry large frames, in bytes
	features map[string]bool
	vlans    map[int]fabric.VLAN
	ports    map[string]attrs
	// foreign are the lines of interfaces that are not managed. They are
	// written where an interface comes back, and nowhere else.
	foreign map[string][]string
}

func newState() state {
	return state{defaultJumbo, map[string]bool{}, map[int]fabric.VLAN{}, map[string]attrs{}, map[string][]string{}}
}

// ChannelName is the name of a port-channel in the model. It is the same for all
// dialects; NX-OS itself writes it in lower case.
func ChannelName(group int) string { return fabric.ChannelName(group) }

// modelName is the name of a port in the model.
func modelName(name string) string {
	if group := fabric.ChannelGroup(name); group != 0 {
		return ChannelName(group)
	}
	return name
}

// lineName is the name of a port as NX-OS writes it.
func lineName(name string) string {
	if group := fabric.ChannelGroup(name); group != 0 {
		return "port-channel" + itoa(group)
	}
	return name
}

// inModelNames lets a want name port-channels as NX-OS writes them.
func inModelNames(w fabric.Want) fabric.Want {
	w.Ports, w.Restore = renamed(w.Ports), renamed(w.Restore)
	return w
}

func renamed[V any](m map[string]V) map[string]V {
	if m == nil {
		return nil
	}
	out := make(map[string]V, len(m))
	for name, v := range m {
		out[modelName(name)] = v
	}
	return out
}

// scope cuts the part of the observation that the want names, and makes the
// state that is wanted of it.
func scope(obs fabric.Observation, want fabric.Want) (from, to state) {
	from, to = newState(), newState()
	from.jumbo = cmp.Or(obs.Global.SystemMTU, defaultJumbo)
	switch to.jumbo = from.jumbo; want.Global.SystemMTU {
	case 0:
	case fabric.DefaultNumber:
		to.jumbo = defaultJumbo
	default:
		to.jumbo = want.Global.SystemMTU
	}
	for id, v := range want.VLANs {
		v.ID = id
		have, ok := obs.VLANs[id]
		if ok {
			from.vlans[id] = have
		}
		v.State = wantState(have.State, v.State)
		to.vlans[id] = v
	}
	for _, id := range want.AbsentVLANs {
		if have, ok := obs.VLANs[id]; ok {
			from.vlans[id] = have
		}
	}
	for name, p := range want.Ports {
		to.ports[name] = wantAttrs(from.see(obs, name), p)
	}
	for _, group := range want.AbsentChannels {
		from.see(obs, ChannelName(group))
	}
	for name, lines := range want.Restore {
		have := from.see(obs, name)
		a, other := readAttrs(name, lines, obs.Nexus)
		to.foreign[name] = fabric.WithoutSecrets(other)
		if p, there := obs.Ports[name]; there && !fabric.SaysSwitching(lines) && !fabric.SaysRouting(p.Lines) {
			// An address, which makes a routed port, is no business of ours:
			// what the lines leave open stays.
			a.on = have.on
			if !slices.ContainsFunc(lines, func(l string) bool { return strings.HasSuffix(l, "shutdown") }) {
				a.shutdown = defaultDown(name, a.on, obs.Nexus)
			}
		}
		to.ports[name] = a
	}
	joinBundles(obs, want, from, to)
	for name, p := range want.Ports {
		a := to.ports[name]
		a.edge = wantEdge(a, p.PortFast)
		to.ports[name] = a
	}
	wantFeatures(obs, want, from, to)
	return from, to
}

// see takes a port of the observation into the state.
func (s state) see(obs fabric.Observation, name string) attrs {
	p, ok := obs.Ports[name]
	if !ok {
		return newChannel(obs.Nexus)
	}
	a := observed(name, p, obs.Nexus)
	s.ports[name] = a
	_, other := readAttrs(name, p.Lines, obs.Nexus)
	s.foreign[name] = fabric.WithoutSecrets(other)
	return a
}

// observed are the attributes of a port as it is. The lines of routed ports may
// have been left out of an observation that was stored.
func observed(name string, p fabric.Port, n *fabric.Nexus) attrs {
	a, _ := readAttrs(name, p.Lines, n)
	if p.Routed && a.on {
		a.on = false
	}
	return a
}

// newChannel is a port-channel as the switch makes it.
func newChannel(n *fabric.Nexus) attrs {
	return attrs{switching: defaultSwitching(!n.RoutedPorts)}
}

// wantState is the state of a VLAN in the words of the observation. What an
// undo asks for is in those words already.
func wantState(have, want string) string {
	_, shut := stateOf(have)
	switch {
	case want == "":
		return have
	case want == fabric.VLANActive:
		return ""
	case want == fabric.VLANSuspend && shut:
		return "sus/lshut"
	case want == fabric.VLANSuspend:
		return "suspended"
	}
	return want
}

// stateOf takes the two parts of a VLAN's state apart.
func stateOf(state string) (suspended, shut bool) {
	return state == "suspended" || state == "sus/lshut", state == "act/lshut" || state == "sus/lshut"
}

// wantAttrs makes the wanted attributes of a port.
func wantAttrs(have attrs, p fabric.Port) attrs {
	to := have
	to.description, to.shutdown = p.Description, p.Shutdown
	to.bpduGuard = p.BPDUGuard
	switch p.BPDUGuard {
	case "":
		to.bpduGuard = have.bpduGuard
	case fabric.Default:
		to.bpduGuard = ""
	}
	if p.GuardRoot != "" {
		to.guardRoot = p.GuardRoot == fabric.Enable
	}
	if p.Channel != nil {
		to.group, to.groupMode = p.Channel.Group, p.Channel.Mode
		if to.group != 0 && to.groupMode == "" {
			to.groupMode = have.groupMode
		}
		if to.group == 0 {
			to.groupMode = ""
		}
	}
	switch p.MTU {
	case 0:
	case fabric.DefaultNumber:
		to.mtu = defaultMTU
	default:
		to.mtu = p.MTU
	}
	if p.Switched() || have.on && to.group == 0 {
		to.switching = wantSwitching(to.switching, p)
	}
	return to
}

// wantEdge is the port type for a port that is to be an edge port, or is not, in
// the mode that it will have.
func wantEdge(to attrs, edge bool) string {
	mode := to.mode
	if !to.on {
		mode = "" // a routed port may have kept the line, and is no trunk
	}
	switch {
	case edgeActive(to.edge, mode) == edge:
		return to.edge
	case !edge:
		return ""
	case mode == string(fabric.ModeTrunk):
		return "edge trunk"
	}
	return "edge"
}

func wantSwitching(have switching, p fabric.Port) switching {
	to := have
	to.on = true
	to.mode = string(p.Mode)
	if p.Mode == fabric.ModeDefault {
		to.mode = string(fabric.ModeAccess)
	}
	trunk := p.Mode == fabric.ModeTrunk
	if p.AccessVLAN != 0 || !trunk {
		to.access = max(p.AccessVLAN, 1)
	}
	if p.NativeVLAN != 0 || trunk {
		to.native = max(p.NativeVLAN, 1)
	}
	switch {
	case !p.Allowed.IsZero():
		to.allowed = p.Allowed
	case trunk:
		to.allowed = fabric.AllVLANs()
	}
	return to
}

// joinBundles makes the members of port-channels in the wanted state like the
// port-channel, and creates the port-channels that are missing.
func joinBundles(obs fabric.Observation, want fabric.Want, from, to state) {
	for _, name := range slices.Sorted(maps.Keys(to.ports)) {
		member := to.ports[name]
		if member.group == 0 {
			continue
		}
		bundleName := ChannelName(member.group)
		bundle, ok := to.ports[bundleName]
		seen, there := obs.Ports[bundleName]
		switch {
		case ok:
		case there && !slices.Contains(want.AbsentChannels, member.group):
			bundle = observed(bundleName, seen, obs.Nexus)
		case !there && from.ports[name].group == member.group:
			continue // a member without its port-channel: nothing is known of it
		case !there:
			bundle = attrs{switching: member.switching}
			to.ports[bundleName] = bundle
		}
		was := from.ports[name]
		if was.group == member.group && !leaves(was, member) && there {
			// The switch changes its members along with a port-channel. One that
			// is unlike it stays as it is: what would become of it, nobody knows.
			if was.switching == observed(bundleName, seen, obs.Nexus).switching {
				was.switching = bundle.switching
				from.ports[name] = was
			}
			member.switching = was.switching
		} else {
			member.switching = bundle.switching
		}
		to.ports[name] = member
	}
}

// wantFeatures switches on what the commands need.
func wantFeatures(obs fabric.Observation, want fabric.Want, from, to state) {
	need := func(feature string) {
		if obs.Nexus.Has(feature) {
			return
		}
		to.features[feature] = true
	}
	for name, a := range to.ports {
		if a.groupMode.Protocol() == "lacp" && a != from.ports[name] {
			need("lacp")
		}
	}
	switch want.Global.LLDP {
	case fabric.Enable:
		need("lldp")
	case fabric.Disable, fabric.Default:
		if obs.Nexus.Has("lldp") {
			from.features["lldp"] = true
		}
	}
}

// undo is the want that leads back. Features that were switched on stay on:
// something else may have come to need them.
func undo(obs fabric.Observation, from, to state, global fabric.Global) fabric.Want {
	w := fabric.Want{}
	if global.LLDP != "" {
		w.Global.LLDP = fabric.ToggleOf(obs.Nexus.Has("lldp"))
	}
	if global.SystemMTU != 0 {
		w.Global.SystemMTU = cmp.Or(obs.Global.SystemMTU, fabric.DefaultNumber)
	}
	for id := range to.vlans {
		if _, was := from.vlans[id]; !was {
			w.AbsentVLANs = append(w.AbsentVLANs, id)
		}
	}
	slices.Sort(w.AbsentVLANs)
	for id, v := range from.vlans {
		if w.VLANs == nil {
			w.VLANs = map[int]fabric.VLAN{}
		}
		if v.State == "" {
			v.State = fabric.VLANActive
		}
		w.VLANs[id] = v
	}
	for name := range from.ports {
		if w.Restore == nil {
			w.Restore = map[string][]string{}
		}
		w.Restore[name] = managedLines(obs.Ports[name].Lines)
		if _, stays := to.ports[name]; !stays {
			// What goes as a whole takes along what is not managed.
			w.Restore[name] = append(w.Restore[name], from.foreign[name]...)
		}
	}
	for name := range to.ports {
		if _, was := from.ports[name]; !was {
			w.AbsentChannels = append(w.AbsentChannels, fabric.ChannelGroup(name))
		}
	}
	slices.Sort(w.AbsentChannels)
	return w
}
