package ios

import (
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
	if err := vlansPossible(obs, from, to).Err(); err != nil {
		return fabric.Change{}, err
	}
	order := portOrder(obs, to)
	return fabric.Change{
		Commands: transition(from, to, order),
		Rollback: transition(to, from, order),
		Undo:     undo(obs, from, to),
		Unmet:    unmet(obs, from, to, want),
	}, nil
}

// scope cuts the part of the observation that the want names, and makes the
// state that is wanted of it.
func scope(obs fabric.Observation, want fabric.Want) (from, to state) {
	from = state{map[int]fabric.VLAN{}, map[string]attrs{}}
	to = state{map[int]fabric.VLAN{}, map[string]attrs{}}
	for id, v := range want.VLANs {
		v.ID = id
		if have, ok := obs.VLANs[id]; ok {
			from.vlans[id] = have
			v.State = have.State
		}
		to.vlans[id] = v
	}
	for _, id := range want.AbsentVLANs {
		if have, ok := obs.VLANs[id]; ok {
			from.vlans[id] = have
		}
	}
	for name, p := range want.Ports {
		have, _ := readAttrs(obs.Ports[name].Lines)
		from.ports[name] = have
		to.ports[name] = wantAttrs(have, p, obs.Capabilities)
	}
	for name, lines := range want.Restore {
		from.ports[name], _ = readAttrs(obs.Ports[name].Lines)
		to.ports[name], _ = readAttrs(lines)
	}
	return from, to
}

// wantAttrs makes the managed lines of a wanted port. A line that says what is
// wanted already stays in the spelling that it has.
func wantAttrs(have attrs, p fabric.Port, caps fabric.Capabilities) attrs {
	to := attrs{description: p.Description, mode: string(p.Mode), shutdown: p.Shutdown, encapsulation: have.encapsulation}
	usesAccess := p.Mode != fabric.ModeTrunk
	usesTrunk := p.Mode != fabric.ModeAccess
	to.access = wantNumber(have.access, p.AccessVLAN, usesAccess)
	to.native = wantNumber(have.native, p.NativeVLAN, usesTrunk)
	to.allowed = wantAllowed(have.allowed, p.Allowed, usesTrunk)
	to.portfast = wantPortfast(have.portfast, p, caps)
	if have.mode == "" && caps.SameMode(p.Mode, fabric.ModeDefault) {
		to.mode = ""
	}
	if p.Mode == fabric.ModeTrunk && caps.ISL && have.encapsulation != "dot1q" {
		to.encapsulation = "dot1q"
	}
	return to
}

// wantNumber is the text of a VLAN line. VLAN 1 is the default: it is shown as
// no line at all.
func wantNumber(have string, want int, used bool) string {
	switch {
	case want == 0 && !used:
		return have
	case want <= 1:
		return ""
	}
	return strconv.Itoa(want)
}

func wantAllowed(have, want fabric.VLANSet, used bool) fabric.VLANSet {
	if want.IsZero() {
		if !used {
			return have
		}
		want = fabric.AllVLANs()
	}
	if want.IsAll() && have.IsZero() {
		return have
	}
	return want
}

func wantPortfast(have string, p fabric.Port, caps fabric.Capabilities) string {
	if portfastActive(have, string(p.Mode)) == p.PortFast {
		return have
	}
	trunk := p.Mode == fabric.ModeTrunk
	switch {
	case !p.PortFast:
		return ""
	case caps.EdgeKeyword && trunk:
		return "edge trunk"
	case caps.EdgeKeyword:
		return "edge"
	case trunk:
		return "trunk"
	}
	return portfastPlain
}

// undo is the want that leads back.
func undo(obs fabric.Observation, from, to state) fabric.Want {
	w := fabric.Want{}
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
		w.VLANs[id] = v
	}
	for name := range to.ports {
		if w.Restore == nil {
			w.Restore = map[string][]string{}
		}
		w.Restore[name] = managedLines(obs.Ports[name].Lines)
	}
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
		if was == stays && have.EffectiveName() == want.EffectiveName() {
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
		if _, ok := after[numberOr1(a.access)]; !ok && a.mode != string(fabric.ModeTrunk) {
			es = append(es, noVLAN(obs, name, "access_vlan", a.access))
		}
		if _, ok := after[numberOr1(a.native)]; !ok && a.mode == string(fabric.ModeTrunk) {
			es = append(es, noVLAN(obs, name, "native_vlan", a.native))
		}
	}
	for _, id := range want.AbsentVLANs {
		if users := accessPorts(obs, to, id); len(users) > 0 {
			es = append(es, &fabric.FieldError{Path: []string{"absent_vlans", strconv.Itoa(id)},
				Summary: fmt.Sprintf("VLAN %d is still the access VLAN of %s", id, strings.Join(users, ", ")),
				Detail:  "without their VLAN these ports would forward nothing: move them first"})
		}
	}
	return es
}

func noVLAN(obs fabric.Observation, port, attr, vlan string) *fabric.FieldError {
	return &fabric.FieldError{Path: []string{"ports", port, attr}, Summary: fmt.Sprintf("VLAN %s is not on %s", vlan, obs.Hostname),
		Detail: "add it to the switch's VLANs, or let the port depend on the resource that creates it"}
}

// accessPorts are the ports that are in a VLAN once the change is done.
func accessPorts(obs fabric.Observation, to state, id int) []string {
	var users []string
	for _, name := range obs.Order {
		p := obs.Ports[name]
		a, inScope := to.ports[name]
		if !inScope {
			a, _ = readAttrs(p.Lines)
		}
		if a.access == strconv.Itoa(id) && a.mode != string(fabric.ModeTrunk) && !p.Routed {
			users = append(users, fabric.ShortPort(name))
		}
	}
	const few = 5
	if len(users) > few {
		users = append(users[:few], fmt.Sprintf("and %d more", len(users)-few))
	}
	return users
}

// portOrder is the switch's own order, so that a plan reads like its
// configuration.
func portOrder(obs fabric.Observation, to state) []string {
	order := make([]string, 0, len(to.ports))
	for _, name := range obs.Order {
		if _, ok := to.ports[name]; ok {
			order = append(order, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(to.ports)) {
		if !slices.Contains(obs.Order, name) {
			order = append(order, name)
		}
	}
	return order
}

func union(a, b map[int]fabric.VLAN) map[int]fabric.VLAN {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}
