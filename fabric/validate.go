package fabric

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Limits of IOS: a longer VLAN name is refused outside VTP version 3, a longer
// description is cut by some images.
const (
	maxVLANName    = 32
	maxDescription = 200
)

// Validate finds what is wrong with a want by itself, without a switch.
func Validate(w Want) FieldErrors {
	var es FieldErrors
	for _, key := range slices.Sorted(maps.Keys(w.VLANs)) {
		es = append(es, validateVLAN(key, w.VLANs[key])...)
	}
	for _, id := range w.AbsentVLANs {
		path := []string{"absent_vlans", strconv.Itoa(id)}
		if e := vlanIDError(path, id); e != nil {
			es = append(es, e)
		} else if id == 1 {
			es = append(es, &FieldError{path, "VLAN 1 cannot be removed", "it is built into the switch"})
		}
		if _, both := w.VLANs[id]; both {
			es = append(es, &FieldError{path, fmt.Sprintf("VLAN %d is both wanted and unwanted", id), ""})
		}
	}
	es = append(es, duplicateNames(w)...)
	es = append(es, validateWide(w)...)
	for _, name := range slices.Sorted(maps.Keys(w.Ports)) {
		es = append(es, ValidatePort(name, w.Ports[name])...)
		if _, both := w.Restore[name]; both {
			es = append(es, &FieldError{[]string{"ports", name}, "the port is wanted twice", "described and restored at the same time"})
		}
	}
	return es
}

func vlanIDError(path []string, id int) *FieldError {
	switch {
	case id < MinVLAN || id > MaxVLAN:
		return &FieldError{path, fmt.Sprintf("VLAN %d does not exist", id), fmt.Sprintf("VLAN numbers go from %d to %d", MinVLAN, MaxVLAN)}
	case id >= FirstReserved && id <= LastReserved:
		return &FieldError{path, fmt.Sprintf("VLAN %d is reserved", id),
			fmt.Sprintf("the switch keeps %d to %d for FDDI and Token Ring", FirstReserved, LastReserved)}
	}
	return nil
}

func validateVLAN(id int, v VLAN) FieldErrors {
	key := strconv.Itoa(id)
	var es FieldErrors
	if e := vlanIDError([]string{"vlans", key}, id); e != nil {
		return append(es, e)
	}
	path := []string{"vlans", key, "name"}
	if v.ID != 0 && v.ID != id {
		es = append(es, &FieldError{[]string{"vlans", key, "vlan_id"}, fmt.Sprintf("VLAN %d stands under the key %d", v.ID, id), ""})
	}
	if id == 1 && v.Name != "" && v.Name != DefaultVLANName(1) {
		es = append(es, &FieldError{path, "VLAN 1 cannot be renamed", `its name is "default"`})
	}
	switch v.State {
	case "", VLANActive, VLANSuspend, "suspended", "act/lshut", "act/ishut", "sus/lshut":
	default:
		es = append(es, &FieldError{[]string{"vlans", key, "state"}, fmt.Sprintf("the state %q is not known", v.State), `write "active" or "suspend"`})
	}
	if id == 1 && v.EffectiveState() != VLANActive {
		es = append(es, &FieldError{[]string{"vlans", key, "state"}, "VLAN 1 cannot be suspended", ""})
	}
	if len(v.Name) > maxVLANName {
		es = append(es, &FieldError{path, fmt.Sprintf("the name has %d characters", len(v.Name)), fmt.Sprintf("the switch takes %d", maxVLANName)})
	}
	if strings.ContainsFunc(v.Name, func(r rune) bool { return r <= ' ' || r > '~' || r == '?' || r == '"' }) {
		es = append(es, &FieldError{path, fmt.Sprintf("the name %q cannot be typed on a switch", v.Name),
			"use printable ASCII without spaces, quotes or question marks"})
	}
	return es
}

func duplicateNames(w Want) FieldErrors {
	var es FieldErrors
	first := map[string]int{}
	for _, id := range slices.Sorted(maps.Keys(w.VLANs)) {
		v := w.VLANs[id]
		v.ID = id
		name := v.EffectiveName()
		if other, taken := first[name]; taken {
			es = append(es, &FieldError{[]string{"vlans", strconv.Itoa(id), "name"},
				fmt.Sprintf("VLAN %d has the name %q, too", other, name), "a switch refuses two VLANs of one name"})
			continue
		}
		first[name] = id
	}
	return es
}

// ValidatePort finds what is wrong with one wanted port by itself.
func ValidatePort(name string, p Port) FieldErrors {
	var es FieldErrors
	add := func(attr, summary, detail string) {
		es = append(es, &FieldError{[]string{"ports", name, attr}, summary, detail})
	}
	switch p.Mode {
	case ModeDefault, ModeAccess, ModeTrunk, ModeDynamicAuto, ModeDynamicDesirable:
	default:
		add("mode", fmt.Sprintf("the mode %q is not known", p.Mode),
			`write "access", "trunk", "dynamic auto" or "dynamic desirable", or leave it out`)
	}
	for attr, id := range map[string]int{"access_vlan": p.AccessVLAN, "native_vlan": p.NativeVLAN} {
		if id == 0 {
			continue
		}
		if e := vlanIDError([]string{"ports", name, attr}, id); e != nil {
			es = append(es, e)
		}
	}
	switch {
	case len(p.Description) > maxDescription:
		add("description", fmt.Sprintf("the description has %d characters", len(p.Description)), fmt.Sprintf("the switch takes %d", maxDescription))
	case strings.TrimSpace(p.Description) != p.Description:
		add("description", "the description begins or ends with a space", "the switch would drop it, and the next plan would differ")
	case strings.ContainsFunc(p.Description, func(r rune) bool { return r < ' ' || r > '~' || r == '?' }):
		add("description", fmt.Sprintf("the description %q cannot be typed on a switch", p.Description),
			"use printable ASCII in one line, without question marks (the switch takes those for a call for help)")
	}
	for _, e := range validateAttributes(p) {
		e.Path = append([]string{"ports", name}, e.Path...)
		es = append(es, e)
	}
	if p.Channel != nil && ChannelGroup(name) != 0 {
		add("channel", "a port-channel cannot be a member of one", "")
	}
	slices.SortStableFunc(es, func(a, b *FieldError) int { return strings.Compare(a.PathString(), b.PathString()) })
	return es
}

// ValidateAgainst finds what is wrong with a want for the switch that was
// observed: ports that it does not have, VLANs that it cannot have.
func ValidateAgainst(o Observation, w Want) FieldErrors {
	var es FieldErrors
	for _, name := range slices.Sorted(maps.Keys(w.Ports)) {
		es = append(es, portAgainst(o, w, name)...)
	}
	for _, name := range slices.Sorted(maps.Keys(w.Restore)) {
		if _, ok := o.Ports[name]; !ok && ChannelGroup(name) == 0 && SVINumber(name) == 0 {
			es = append(es, unknownPort(o, name))
		}
	}
	return es
}

func portAgainst(o Observation, w Want, name string) FieldErrors {
	have, ok := o.Ports[name]
	want := w.Ports[name]
	group := have.Group()
	if want.Channel != nil {
		group = want.Channel.Group
	}
	switch {
	case !ok && ChannelGroup(name) == 0:
		return FieldErrors{unknownPort(o, name)}
	case have.Routed && want.Switched() && hasAddress(have):
		return FieldErrors{{[]string{"ports", name}, "the port is a routed port with an address",
			"to make it a switch port would take the address away: do that by hand first (`switchport`), or leave mode and VLANs out"}}
	case group != 0 && !sameSwitching(o.Capabilities, bundle(o, w, group, have), want):
		return FieldErrors{{[]string{"ports", name}, fmt.Sprintf("the port is a member of %s", ChannelName(group)),
			"its mode and VLANs must follow the bundle: configure the port-channel instead"}}
	case want.Channel != nil && group != 0 && want.Channel.Mode == "" && have.Group() != group:
		return FieldErrors{{[]string{"ports", name, "channel"}, fmt.Sprintf("the port is to join %s in no mode", ChannelName(group)),
			`write "active", "passive" or "on"`}}
	}
	return nil
}

// hasAddress says whether a routed port routes: to have it switch would cut
// something off.
func hasAddress(p Port) bool {
	return slices.ContainsFunc(p.Lines, func(l string) bool {
		return strings.HasPrefix(l, "ip address ") || strings.HasPrefix(l, "ipv6 address ") || strings.HasPrefix(l, "ip unnumbered ")
	})
}

// bundle is what the members of a port-channel must be like: the port-channel
// as it is wanted, as it is, or, where it is yet to be made, whatever its first
// member is.
func bundle(o Observation, w Want, group int, member Port) Port {
	name := ChannelName(group)
	if p, wanted := w.Ports[name]; wanted {
		return p
	}
	if p, there := o.Ports[name]; there {
		return p
	}
	if member.Group() == group {
		return member
	}
	return Port{}
}

// sameSwitching says whether what a member asks for is what its port-channel
// has. What either leaves out is no difference.
func sameSwitching(caps Capabilities, have, want Port) bool {
	same := func(h, w int) bool { return h == 0 || w == 0 || h == w }
	return (want.Mode == ModeDefault || have.Mode == ModeDefault && have.Name == "" || caps.SameMode(have.Mode, want.Mode)) &&
		same(have.AccessVLAN, want.AccessVLAN) && same(have.NativeVLAN, want.NativeVLAN) &&
		(want.Allowed.IsZero() || have.Allowed.IsZero() || have.Allowed == want.Allowed)
}

func unknownPort(o Observation, name string) *FieldError {
	host := o.Hostname
	if host == "" {
		host = "the switch"
	}
	detail := "it has no ports that can be configured"
	if n := len(o.Order); n > 0 {
		detail = fmt.Sprintf("it has %d, from %s to %s", n, o.Order[0], o.Order[n-1])
	}
	return &FieldError{[]string{"ports", name}, fmt.Sprintf("%s has no port %s", host, name), detail}
}
