package nxos

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// validate finds what is wrong with a want for the switch that was observed,
// and what is not spoken of in this dialect.
func validate(obs fabric.Observation, want fabric.Want) fabric.FieldErrors {
	var es fabric.FieldErrors
	for _, name := range slices.Sorted(maps.Keys(want.Ports)) {
		es = append(es, validatePort(obs, want, name)...)
	}
	for _, name := range slices.Sorted(maps.Keys(want.Restore)) {
		if _, ok := obs.Ports[name]; !ok && fabric.ChannelGroup(name) == 0 {
			es = append(es, unknownPort(obs, name))
		}
	}
	foreign := func(path ...string) {
		es = append(es, &fabric.FieldError{Path: path, Summary: "this is not managed on NX-OS", Detail: "leave it out"})
	}
	for _, id := range slices.Sorted(maps.Keys(want.SVIs)) {
		foreign("svis", itoa(id))
	}
	for _, id := range want.AbsentSVIs {
		foreign("absent_svis", itoa(id))
	}
	g := want.Global
	if mtu := g.SystemMTU; mtu > 0 && mtu%2 != 0 {
		es = append(es, &fabric.FieldError{Path: []string{"global", "system_mtu"}, Summary: fmt.Sprintf("%d bytes is not an MTU of a Nexus", mtu), Detail: "it takes even numbers from 1500 to 9216"})
	}
	g.LLDP, g.SystemMTU = "", 0
	if !g.Empty() {
		foreign("global")
	}
	return es
}

func validatePort(obs fabric.Observation, want fabric.Want, name string) fabric.FieldErrors {
	have, there := obs.Ports[name]
	p := want.Ports[name]
	var es fabric.FieldErrors
	add := func(attr, summary, detail string) {
		path := []string{"ports", name}
		if attr != "" {
			path = append(path, attr)
		}
		es = append(es, &fabric.FieldError{Path: path, Summary: summary, Detail: detail})
	}
	if !there && (fabric.ChannelGroup(name) == 0 || ChannelName(fabric.ChannelGroup(name)) != name) {
		return fabric.FieldErrors{unknownPort(obs, name)}
	}
	if have.Routed && p.Switched() && !plainRouted(have) {
		add("", "the port is a routed port with settings of its own",
			"to make it a switch port would take them away: do that by hand first (`switchport`), or leave mode and VLANs out")
	}
	switch p.Mode {
	case fabric.ModeDynamicAuto, fabric.ModeDynamicDesirable:
		add("mode", "NX-OS does not negotiate the mode of a port", `write "access" or "trunk"`)
	}
	if p.Channel != nil && p.Channel.Group != 0 {
		switch p.Channel.Mode {
		case fabric.ChannelActive, fabric.ChannelPassive, fabric.ChannelOn:
		case "":
			if have.Group() != p.Channel.Group {
				add("channel", fmt.Sprintf("the port is to join %s in no mode", ChannelName(p.Channel.Group)), `write "active", "passive" or "on"`)
			}
		default:
			add("channel", fmt.Sprintf("NX-OS does not know the mode %q", p.Channel.Mode), `write "active", "passive" or "on"`)
		}
	}
	for _, attr := range foreignSettings(p) {
		add(attr, "this is not managed on NX-OS", "leave it out")
	}
	return es
}

// plainRouted says whether nothing is lost when a routed port becomes a switch
// port.
func plainRouted(p fabric.Port) bool {
	return !slices.ContainsFunc(p.Lines, func(l string) bool { return l != "no switchport" && layer3RE.MatchString(l) })
}

// foreignSettings are those that this dialect does not speak of and that are
// asked to be something else than the switch's default.
func foreignSettings(p fabric.Port) []string {
	isDefault := func(words ...string) bool {
		return !slices.ContainsFunc(words, func(w string) bool { return w != "" && w != "default" && w != "auto" })
	}
	var out []string
	for _, c := range []struct {
		attr string
		fine bool
	}{
		{"voice_vlan", p.VoiceVLAN == 0 || p.VoiceVLAN == fabric.VoiceOff},
		{"negotiate", p.Negotiate != fabric.Enable},
		{"storm_control", isDefault(p.StormControl.Broadcast, p.StormControl.Multicast, p.StormControl.Unicast, p.StormControl.Action)},
		{"port_security", p.PortSecurity.Enabled != fabric.Enable && p.PortSecurity.Sticky != fabric.Enable},
		{"dhcp_snooping_trust", p.DHCPSnoopingTrust != fabric.Enable},
		{"lldp", isDefault(string(p.LLDP.Transmit), string(p.LLDP.Receive))},
		{"cdp", isDefault(string(p.CDP))},
		{"poe", isDefault(p.PoE.Mode) && p.PoE.MaxMilliwatts == 0},
		{"speed", isDefault(p.Speed)},
		{"duplex", isDefault(p.Duplex)},
	} {
		if !c.fine {
			out = append(out, c.attr)
		}
	}
	return out
}

func unknownPort(obs fabric.Observation, name string) *fabric.FieldError {
	detail := "it has no ports that can be configured"
	if n := len(obs.Order); n > 0 {
		detail = fmt.Sprintf("it has %d, from %s to %s", n, obs.Order[0], obs.Order[n-1])
	}
	return &fabric.FieldError{Path: []string{"ports", name}, Summary: fmt.Sprintf("%s has no port %s", host(obs), name), Detail: detail}
}

func host(obs fabric.Observation) string {
	if obs.Hostname == "" {
		return "the switch"
	}
	return obs.Hostname
}

// reserved are the VLANs that the switch keeps for itself. Where it does not
// say, they are those that all models have in common.
func reserved(n *fabric.Nexus) fabric.VLANSet {
	if !n.ReservedVLANs.IsZero() {
		return n.ReservedVLANs
	}
	set, err := fabric.ParseVLANSet("3968-4047,4094")
	if err != nil {
		panic("nxos: " + err.Error())
	}
	return set
}

// vlansPossible checks changes of the VLAN table.
func vlansPossible(obs fabric.Observation, from, to state) fabric.FieldErrors {
	var es fabric.FieldErrors
	for _, id := range slices.Sorted(maps.Keys(to.vlans)) {
		have, was := from.vlans[id]
		want := to.vlans[id]
		path := []string{"vlans", itoa(id)}
		if !was && reserved(obs.Nexus).Contains(id) {
			es = append(es, &fabric.FieldError{Path: path, Summary: fmt.Sprintf("VLAN %d is reserved", id),
				Detail: "the switch uses it itself (`show vlan internal usage`)"})
		}
		if was && have.EffectiveName() == want.EffectiveName() {
			continue
		}
		for other, v := range obs.VLANs {
			_, inScope := from.vlans[other]
			if other != id && !inScope && v.EffectiveName() == want.EffectiveName() {
				es = append(es, &fabric.FieldError{Path: append(path, "name"), Summary: fmt.Sprintf("VLAN %d has the name %q already", other, v.Name),
					Detail: "a switch refuses two VLANs of one name"})
			}
		}
	}
	return es
}

// bundlesPossible checks what the members of a port-channel have in common.
func bundlesPossible(obs fabric.Observation, to state, want fabric.Want) fabric.FieldErrors {
	var es fabric.FieldErrors
	for _, name := range slices.Sorted(maps.Keys(want.Ports)) {
		a := to.ports[name]
		if a.group == 0 {
			continue
		}
		path := []string{"ports", name, "channel"}
		bundle := ChannelName(a.group)
		if slices.Contains(want.AbsentChannels, a.group) {
			es = append(es, &fabric.FieldError{Path: path, Summary: fmt.Sprintf("the port is to join %s, which is to go", bundle)})
			continue
		}
		if have := obs.Ports[name]; have.Routed && a.on && !plainRouted(have) {
			es = append(es, &fabric.FieldError{Path: path, Summary: "the port is a routed port with settings of its own",
				Detail: fmt.Sprintf("%s is not: to join it would take them away, do that by hand first (`switchport`)", bundle)})
		}
		if p := want.Ports[name]; p.Switched() && !a.on || (a.on || p.MTU != 0) && !sameSwitching(a.switching, p) {
			es = append(es, &fabric.FieldError{Path: path[:2], Summary: "the port is a member of " + bundle,
				Detail: "its mode, VLANs and MTU must follow the bundle: configure the port-channel instead"})
		}
		for _, other := range obs.Order {
			b, inScope := to.ports[other]
			if !inScope {
				b = observed(other, obs.Ports[other], obs.Nexus)
			}
			if other != name && b.group == a.group && b.groupMode.Protocol() != a.groupMode.Protocol() {
				es = append(es, &fabric.FieldError{Path: path, Summary: fmt.Sprintf("%s is in %s in mode %q", other, bundle, b.groupMode),
					Detail: "all members of a port-channel speak one protocol: change them together"})
				break
			}
		}
	}
	return es
}

// sameSwitching says whether what a member asks for is what its port-channel
// has. What it leaves out is no difference.
func sameSwitching(have switching, p fabric.Port) bool {
	same := func(h, w int) bool { return w == 0 || h == w }
	return (p.Mode == fabric.ModeDefault || have.mode == string(p.Mode)) && same(have.access, p.AccessVLAN) &&
		same(have.native, p.NativeVLAN) && (p.Allowed.IsZero() || p.Allowed == have.allowed) &&
		(p.MTU == 0 || have.mtu == p.MTU || have.mtu == defaultMTU && p.MTU == fabric.DefaultNumber)
}

// unmet lists what the change takes for granted and the switch lacks.
func unmet(obs fabric.Observation, from, to state, want fabric.Want) []*fabric.FieldError {
	after := map[int]fabric.VLAN{}
	maps.Copy(after, obs.VLANs)
	for id := range from.vlans {
		delete(after, id)
	}
	maps.Copy(after, to.vlans)
	after[1] = fabric.VLAN{ID: 1} // on every switch
	var es []*fabric.FieldError
	add := func(summary, detail string, path ...string) {
		es = append(es, &fabric.FieldError{Path: path, Summary: summary, Detail: detail})
	}
	const create = "add it to the switch's VLANs, or let the port depend on the resource that creates it"
	for _, name := range slices.Sorted(maps.Keys(want.Ports)) {
		a := to.ports[name]
		trunk := a.mode == string(fabric.ModeTrunk)
		if _, ok := after[a.access]; !ok && a.on && !trunk {
			add(fmt.Sprintf("VLAN %d is not on %s", a.access, host(obs)), create, "ports", name, "access_vlan")
		}
		if _, ok := after[a.native]; !ok && a.on && trunk {
			add(fmt.Sprintf("VLAN %d is not on %s", a.native, host(obs)), create, "ports", name, "native_vlan")
		}
	}
	for _, id := range want.AbsentVLANs {
		if users := users(obs, to, func(a attrs) bool { return a.on && a.mode == string(fabric.ModeAccess) && a.access == id }); users != "" {
			add(fmt.Sprintf("VLAN %d is still the access VLAN of %s", id, users), "without their VLAN these ports would forward nothing: move them first",
				"absent_vlans", strconv.Itoa(id))
		}
	}
	for _, group := range want.AbsentChannels {
		if users := users(obs, to, func(a attrs) bool { return a.group == group }); users != "" {
			add(fmt.Sprintf("%s still has the members %s", ChannelName(group), users), "take them out of the port-channel first",
				"absent_channels", strconv.Itoa(group))
		}
	}
	return es
}

// users names the first of the ports that are so once the change is done.
func users(obs fabric.Observation, to state, is func(attrs) bool) string {
	const most = 5
	var names []string
	for _, name := range obs.Order {
		a, inScope := to.ports[name]
		if !inScope {
			a = observed(name, obs.Ports[name], obs.Nexus)
		}
		if is(a) {
			names = append(names, name)
		}
	}
	if len(names) > most {
		names = append(names[:most:most], fmt.Sprintf("and %d more", len(names)-most))
	}
	return strings.Join(names, ", ")
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
	const aboveAllGroups = 10000
	rank := func(name string) int {
		if group := fabric.ChannelGroup(name); group != 0 {
			return group - aboveAllGroups
		}
		return place[name]
	}
	return slices.SortedFunc(maps.Keys(inScope), func(a, b string) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b))
	})
}
