package ios

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// Plan works out the minimal ordered commands from an observation to a want,
// and back. It is pure: the same arguments give the same change. What cannot
// be done is an error of type fabric.FieldErrors.
func Plan(obs fabric.Observation, want fabric.Want) (fabric.Change, error) {
	if err := append(fabric.Validate(want), fabric.ValidateAgainst(obs, want)...).Err(); err != nil {
		return fabric.Change{}, err
	}
	from, to := scope(obs, want)
	if err := slices.Concat(vlansPossible(obs, from, to), bundlesPossible(obs, to, want), modesPossible(obs, to, want), svisPossible(obs, to, want)).Err(); err != nil {
		return fabric.Change{}, err
	}
	order := portOrder(obs, from, to)
	commands, rollback := transition(from, to, order), transition(to, from, order)
	return fabric.Change{
		Commands: append(commands, wantedGhosts(ghosts(obs, from, to, commands, want.Ports), want)...),
		Rollback: append(rollback, ghosts(obs, to, from, rollback, nil)...),
		Undo:     withoutGhosts(undo(obs, from, to, want.Global), ghosts(obs, to, from, rollback, nil)),
		Unmet:    unmet(obs, from, to, want),
	}, nil
}

// scope cuts the part of the observation that the want names, and makes the
// state that is wanted of it.
func scope(obs fabric.Observation, want fabric.Want) (from, to state) {
	from, to = newState(), newState()
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
		have := from.seePort(obs, name)
		to.ports[name] = wantAttrs(have, p, obs.Capabilities)
	}
	for _, group := range want.AbsentChannels {
		from.seePort(obs, fabric.ChannelName(group))
	}
	for id, s := range want.SVIs {
		to.svis[id] = wantSVI(from.seeSVI(obs, id), s)
	}
	for _, id := range want.AbsentSVIs {
		from.seeSVI(obs, id)
	}
	for name, lines := range want.Restore {
		to.bringBack(obs, from, name, lines)
	}
	joinBundles(obs, want, to)
	keepMisfits(obs, from, to)
	from.global = readGlobal(obs.Global.Lines)
	to.global = wantGlobal(from.global, spokenTree(from.global, want.Global))
	return from, to
}

// bringBack takes into the wanted state what is to have lines as it had them.
// Those that are not managed are given to what has to be made anew.
func (s state) bringBack(obs fabric.Observation, from state, name string, lines []string) {
	if id := fabric.SVINumber(name); id != 0 {
		from.seeSVI(obs, id)
		a, other := readSVI(lines)
		s.svis[id], s.foreign[name] = a, fabric.WithoutSecrets(other)
		return
	}
	_, other := readAttrs(lines)
	s.ports[name], s.foreign[name] = restored(obs, name, from.seePort(obs, name), lines), fabric.WithoutSecrets(other)
}

func (s state) seePort(obs fabric.Observation, name string) attrs {
	p, ok := obs.Ports[name]
	if !ok {
		return attrs{}
	}
	s.ports[name], s.foreign[name] = readAttrs(p.Lines)
	s.foreign[name] = fabric.WithoutSecrets(s.foreign[name])
	return s.ports[name]
}

func (s state) seeSVI(obs fabric.Observation, id int) sviAttrs {
	v, ok := obs.SVIs[id]
	if !ok {
		return sviAttrs{}
	}
	name := fabric.SVIName(id)
	s.svis[id], s.foreign[name] = readSVI(v.Lines)
	s.foreign[name] = fabric.WithoutSecrets(s.foreign[name])
	return s.svis[id]
}

// undo is the want that leads back.
func undo(obs fabric.Observation, from, to state, global fabric.Global) fabric.Want {
	w := fabric.Want{Global: undoGlobal(from.global, global)}
	restore := func(name string, lines []string) {
		if w.Restore == nil {
			w.Restore = map[string][]string{}
		}
		w.Restore[name] = lines
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
	// What goes as a whole takes along what is not managed.
	goes := func(name string, stays bool) []string {
		if stays {
			return nil
		}
		return from.foreign[name]
	}
	for name := range from.ports {
		_, stays := to.ports[name]
		restore(name, append(managedLines(obs.Ports[name].Lines), goes(name, stays)...))
	}
	for name := range to.ports {
		if _, was := from.ports[name]; !was {
			w.AbsentChannels = append(w.AbsentChannels, fabric.ChannelGroup(name))
		}
	}
	slices.Sort(w.AbsentChannels)
	for id := range from.svis {
		_, stays := to.svis[id]
		name := fabric.SVIName(id)
		restore(name, append(managedSVILines(obs.SVIs[id].Lines), goes(name, stays)...))
	}
	for id := range to.svis {
		if _, was := from.svis[id]; !was {
			w.AbsentSVIs = append(w.AbsentSVIs, id)
		}
	}
	slices.Sort(w.AbsentSVIs)
	return w
}

// vlansPossible checks changes of the VLAN table against VTP and the names of
// VLANs that are not in the scope.
func vlansPossible(obs fabric.Observation, from, to state) fabric.FieldErrors {
	var es fabric.FieldErrors
	for _, id := range slices.Sorted(maps.Keys(union(from.vlans, to.vlans))) {
		have, was := from.vlans[id]
		want, stays := to.vlans[id]
		path := []string{"vlans", strconv.Itoa(id)}
		if was == stays && have.EffectiveName() == want.EffectiveName() && have.State == want.State {
			continue
		}
		if obs.VTPMode == "client" {
			es = append(es, &fabric.FieldError{Path: path, Summary: fmt.Sprintf("%s is a VTP client", obs.Hostname),
				Detail: "its VLANs come from the VTP server: change them there, or set the switch to transparent or off"})
			continue
		}
		if stays && !was && id >= fabric.FirstExtended && !obs.Capabilities.ExtendedVLANs {
			es = append(es, &fabric.FieldError{Path: path, Summary: fmt.Sprintf("%s cannot hold VLAN %d in its VTP mode (%s)", obs.Hostname, id, obs.VTPMode),
				Detail: "VLANs above 1005 need VTP transparent or off, or VTP version 3"})
		}
		for other, v := range obs.VLANs {
			_, inScope := from.vlans[other]
			if stays && other != id && !inScope && v.EffectiveName() == want.EffectiveName() {
				es = append(es, &fabric.FieldError{Path: append(path, "name"), Summary: fmt.Sprintf("VLAN %d has the name %q already", other, v.Name),
					Detail: "a switch refuses two VLANs of one name"})
			}
		}
	}
	return es
}

// unmet lists what the change takes for granted and the switch lacks.
func unmet(obs fabric.Observation, from, to state, want fabric.Want) []*fabric.FieldError {
	after := maps.Clone(obs.VLANs)
	if after == nil {
		after = map[int]fabric.VLAN{}
	}
	for id := range from.vlans {
		delete(after, id)
	}
	maps.Copy(after, to.vlans)
	after[1] = fabric.VLAN{ID: 1} // on every switch
	var es []*fabric.FieldError
	for _, name := range slices.Sorted(maps.Keys(want.Ports)) {
		a := to.ports[name]
		// A trunk does not use it, but the line that names it would create it.
		uses := a.mode != string(fabric.ModeTrunk) || want.Ports[name].AccessVLAN != 0
		if _, ok := after[numberOr1(a.access)]; !ok && uses && !a.routed() {
			es = append(es, noVLAN(obs, name, "access_vlan", a.access))
		}
		if _, ok := after[numberOr1(a.native)]; !ok && a.mode == string(fabric.ModeTrunk) && !a.routed() {
			es = append(es, noVLAN(obs, name, "native_vlan", a.native))
		}
		if _, ok := after[numberOr1(a.set[setVoice])]; !ok && want.Ports[name].VoiceVLAN != 0 {
			es = append(es, noVLAN(obs, name, "voice_vlan", a.set[setVoice]))
		}
	}
	for _, id := range want.AbsentVLANs {
		if users := accessPorts(obs, from, to, id); len(users) > 0 {
			es = append(es, &fabric.FieldError{Path: []string{"absent_vlans", strconv.Itoa(id)},
				Summary: fmt.Sprintf("VLAN %d is still the access VLAN of %s", id, few(users)),
				Detail:  "without their VLAN these ports would forward nothing: move them first"})
		}
		if users := voicePorts(obs, from, to, id); len(users) > 0 {
			es = append(es, &fabric.FieldError{Path: []string{"absent_vlans", strconv.Itoa(id)},
				Summary: fmt.Sprintf("VLAN %d is still the voice VLAN of %s", id, few(users)),
				Detail:  "their phones would go silent: move them first"})
		}
	}
	for _, group := range want.AbsentChannels {
		if members := membersAfter(obs, to, group); len(members) > 0 {
			es = append(es, &fabric.FieldError{Path: []string{"absent_channels", strconv.Itoa(group)},
				Summary: fmt.Sprintf("%s still has the members %s", fabric.ChannelName(group), few(members)),
				Detail:  "take them out of the port-channel first"})
		}
	}
	return es
}

func noVLAN(obs fabric.Observation, port, attr, vlan string) *fabric.FieldError {
	return &fabric.FieldError{Path: []string{"ports", port, attr}, Summary: fmt.Sprintf("VLAN %s is not on %s", vlan, obs.Hostname),
		Detail: "add it to the switch's VLANs, or let the port depend on the resource that creates it"}
}

// accessPorts are the ports that are in a VLAN once the change is done.
func accessPorts(obs fabric.Observation, from, to state, id int) []string {
	return portsAfter(obs, from, to, func(a attrs) bool {
		return a.access == strconv.Itoa(id) && a.mode != string(fabric.ModeTrunk)
	})
}

// voicePorts are the ports whose phones are in a VLAN once the change is done.
func voicePorts(obs fabric.Observation, from, to state, id int) []string {
	return portsAfter(obs, from, to, func(a attrs) bool { return a.set[setVoice] == strconv.Itoa(id) })
}

func portsAfter(obs fabric.Observation, from, to state, is func(attrs) bool) []string {
	var names []string
	for _, name := range obs.Order {
		a, inScope := to.ports[name]
		if !inScope {
			a, _ = readAttrs(obs.Ports[name].Lines)
			// A port-channel takes its members along.
			bundle := fabric.ChannelName(a.group())
			if after, stays := to.ports[bundle]; stays && from.ports[bundle] != after {
				a = spreadLines(a, from.ports[bundle], after)
			}
		}
		if !a.routed() && is(a) {
			names = append(names, fabric.ShortPort(name))
		}
	}
	return names
}

// member is a port in a port-channel once the change is done.
type member struct {
	port, protocol string
	mode           fabric.ChannelMode
}

func membersByGroup(obs fabric.Observation, to state) map[int][]member {
	out := map[int][]member{}
	for _, name := range obs.Order {
		a, inScope := to.ports[name]
		if !inScope && obs.Ports[name].Channel != nil {
			a, _ = readAttrs(obs.Ports[name].Lines)
		}
		if group := a.group(); group != 0 {
			out[group] = append(out[group], member{name, a.channelMode().Protocol(), a.channelMode()})
		}
	}
	return out
}

// membersAfter are the ports that are in a port-channel once the change is done.
func membersAfter(obs fabric.Observation, to state, group int) []string {
	var names []string
	for _, m := range membersByGroup(obs, to)[group] {
		names = append(names, fabric.ShortPort(m.port))
	}
	return names
}

// few names the first of many ports.
func few(names []string) string {
	const most = 5
	if len(names) > most {
		names = append(names[:most:most], fmt.Sprintf("and %d more", len(names)-most))
	}
	return strings.Join(names, ", ")
}

// bundlesPossible checks what the members of a port-channel have in common.
func bundlesPossible(obs fabric.Observation, to state, want fabric.Want) fabric.FieldErrors {
	members := membersByGroup(obs, to)
	var es fabric.FieldErrors
	for _, name := range slices.Sorted(maps.Keys(want.Ports)) {
		a := to.ports[name]
		if a.group() == 0 {
			continue
		}
		path := []string{"ports", name, "channel"}
		if slices.Contains(want.AbsentChannels, a.group()) {
			es = append(es, &fabric.FieldError{Path: path, Summary: fmt.Sprintf("the port is to join %s, which is to go", fabric.ChannelName(a.group()))})
		}
		if p := want.Ports[name]; (p.Switched() || !a.routed()) && !a.asWished(p, obs.Capabilities) {
			es = append(es, &fabric.FieldError{Path: path[:2:2], Summary: "the port is a member of " + fabric.ChannelName(a.group()),
				Detail: "its mode and VLANs must follow the bundle: configure the port-channel instead"})
		}
		if have := obs.Ports[name]; have.Routed && !a.routed() && slices.ContainsFunc(have.Lines, addressRE.MatchString) {
			es = append(es, &fabric.FieldError{Path: path, Summary: "the port is a routed port with an address",
				Detail: fmt.Sprintf("%s is not: to join it would take the address away, do that by hand first (`switchport`)", fabric.ChannelName(a.group()))})
		}
		if a.set[setSecure] != "" {
			es = append(es, &fabric.FieldError{Path: path, Summary: "the port has port security", Detail: "a member of a port-channel cannot have it: disable it"})
		}
		for _, other := range members[a.group()] {
			if other.protocol != a.channelMode().Protocol() {
				es = append(es, &fabric.FieldError{Path: path,
					Summary: fmt.Sprintf("%s is in %s in mode %q", fabric.ShortPort(other.port), fabric.ChannelName(a.group()), other.mode),
					Detail:  "all members of a port-channel speak one protocol: change them together"})
				break
			}
		}
	}
	return es
}

// portOrder is the switch's own order, so that a plan reads like its
// configuration, with the port-channels first.
func portOrder(obs fabric.Observation, from, to state) []string {
	inScope := maps.Clone(from.ports)
	maps.Copy(inScope, to.ports)
	place := make(map[string]int, len(obs.Order))
	for i, name := range obs.Order {
		place[name] = i
	}
	rank := func(name string) int {
		if group := fabric.ChannelGroup(name); group != 0 {
			return group - maxGroup
		}
		if i, ok := place[name]; ok {
			return i
		}
		return len(place)
	}
	return slices.SortedFunc(maps.Keys(inScope), func(a, b string) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b))
	})
}

// maxGroup is above every number of a port-channel.
const maxGroup = 10000

func union(a, b map[int]fabric.VLAN) map[int]fabric.VLAN {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}
