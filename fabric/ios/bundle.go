package ios

import (
	"maps"
	"slices"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// leaveBundles takes ports out of their port-channels before anything changes
// on those: where a port goes from one to another, where a protocol changes,
// since no two can be spoken in one port-channel at any moment, where another
// port takes its place, and where the port-channel itself changes, since that
// would change the port, too.
func (w *writer) leaveBundles(from, to state, order []string) {
	joined := map[int]bool{}
	for name, want := range to.ports {
		if have := from.ports[name]; want.channel != "" && have.channel != want.channel {
			joined[want.group()] = true
		}
	}
	for _, name := range order {
		have, want := from.ports[name], to.ports[name]
		if !leaves(have, want) {
			continue
		}
		bundle := fabric.ChannelName(have.group())
		if want.channel == "" && from.ports[bundle] == to.ports[bundle] && !joined[have.group()] {
			continue
		}
		w.block(name, []string{lineLeaveChannel})
		have.channel = ""
		from.ports[name] = have
	}
}

// unknown is the value of a line of a member that nobody can foretell. It is
// none that a switch could have, and so the line is said aloud.
const unknown = "\x00"

// spread notes on the members of a port-channel what IOS changes on them when
// the port-channel changes.
func spread(from, to state, group int, was, is attrs) {
	for _, name := range slices.Sorted(maps.Keys(from.ports)) {
		have := from.ports[name]
		if have.group() != group || fabric.ChannelGroup(name) != 0 {
			continue
		}
		want := to.ports[name]
		have = spreadLines(have, was, is)
		if was.allowed != is.allowed && from.ports[name].allowed != was.allowed && want.allowed.IsNone() {
			have.allowed = fabric.AllVLANs() // nothing, too, is said aloud
		}
		have = spreadShared(have, want, was, is)
		if was.shutdown != is.shutdown {
			have.shutdown = want.shutdown
			if from.ports[name].shutdown != was.shutdown || want.shutdown != is.shutdown {
				have.shutdown = !want.shutdown // say it aloud
			}
		}
		from.ports[name] = have
	}
}

// spreadLines foretells mode and VLANs. A member that was like its port-channel
// stays so; what becomes of another depends on the image.
func spreadLines(member, was, is attrs) attrs {
	for _, f := range followed(&member, &was, &is) {
		if *f.was == *f.is {
			continue
		}
		if *f.member == *f.was {
			*f.member = *f.is
		} else {
			*f.member = unknown
		}
	}
	if was.set[setNonegotiate] == "" && is.set[setNonegotiate] != "" && !static(member.mode) {
		member.set[setNonegotiate] = unknown // a dynamic port is refused it
	}
	if member.set[setNonegotiate] != "" && was.mode != is.mode && !static(is.mode) {
		member.set[setNonegotiate], member.mode = unknown, unknown // nor can it become dynamic
	}
	if was.allowed != is.allowed {
		if member.allowed == was.allowed {
			member.allowed = is.allowed
		} else {
			// From nothing, the whole list is written.
			member.allowed = fabric.NoVLANs()
		}
	}
	if was.routed() != is.routed() && member.routed() == was.routed() {
		member.switching = is.switching
	}
	return member
}

// spreadShared makes known that some images give members the spanning tree's
// and the phones' lines of their port-channel, and others do not.
func spreadShared(member, want, was, is attrs) attrs {
	either := func(field *string, want, was, is string) {
		if was != is && (want != is || want != *field) {
			*field = unknown
		}
	}
	either(&member.portfast, want.portfast, was.portfast, is.portfast)
	for _, id := range sharedSettings {
		either(&member.set[id], want.set[id], was.set[id], is.set[id])
	}
	return member
}

// trio is one line of a member, and of its port-channel before and after.
type trio struct{ member, was, is *string }

func followed(member, was, is *attrs) []trio {
	return []trio{
		{&member.mode, &was.mode, &is.mode},
		{&member.access, &was.access, &is.access},
		{&member.native, &was.native, &is.native},
		{&member.encapsulation, &was.encapsulation, &is.encapsulation},
		{&member.set[setNonegotiate], &was.set[setNonegotiate], &is.set[setNonegotiate]},
	}
}

// keepMisfits brings those members of changing port-channels into the scope
// that the want does not name and that are unlike their port-channel in what
// changes: they are to stay as they are.
func keepMisfits(obs fabric.Observation, from, to state) {
	for _, name := range obs.Order {
		if _, known := from.ports[name]; known || obs.Ports[name].Channel == nil {
			continue
		}
		have, _ := readAttrs(obs.Ports[name].Lines)
		bundle := fabric.ChannelName(have.group())
		was, exists := from.ports[bundle]
		is, stays := to.ports[bundle]
		if !exists || !stays {
			continue
		}
		end := spreadLines(have, was, is)
		fits := have.shutdown == was.shutdown || was.shutdown == is.shutdown
		for _, f := range followed(&end, &was, &is) {
			fits = fits && *f.member != unknown
		}
		fits = fits && (was.allowed == is.allowed || have.allowed == was.allowed)
		for _, id := range sharedSettings {
			fits = fits && (was.set[id] == is.set[id] || have.set[id] == was.set[id])
		}
		fits = fits && (was.portfast == is.portfast || have.portfast == was.portfast)
		if !fits {
			from.ports[name], to.ports[name] = have, keptMember(have, was, is)
		}
	}
}

// keptMember follows its port-channel where it was like it, and keeps the rest.
func keptMember(have, was, is attrs) attrs {
	end := have
	for _, f := range followed(&end, &was, &is) {
		if *f.member == *f.was {
			*f.member = *f.is
		}
	}
	if have.routed() == was.routed() {
		end.switching = is.switching // on another layer it would be suspended
	}
	if end.mode == string(fabric.ModeTrunk) && (end.encapsulation == "" || end.encapsulation == "negotiate") {
		end.encapsulation = is.encapsulation // a trunk cannot do without
	}
	if !static(end.mode) {
		// IOS refuses to have a dynamic port not negotiate.
		end.set[setNonegotiate] = ""
	}
	if have.allowed == was.allowed {
		end.allowed = is.allowed
	}
	if have.shutdown == was.shutdown {
		end.shutdown = is.shutdown
	}
	end.share(have, fabric.Port{}, was, is)
	return end
}

// sharedSettings are those that a port-channel may have in common with its
// members.
var sharedSettings = []settingID{setVoice, setBPDUGuard, setGuard}

// joinBundles makes the members of port-channels in the wanted state like the
// port-channel, and creates the port-channels that are missing.
func joinBundles(obs fabric.Observation, want fabric.Want, to state) {
	for _, name := range tellingFirst(want.Ports) {
		member := to.ports[name]
		if member.group() == 0 {
			continue
		}
		have, _ := readAttrs(obs.Ports[name].Lines)
		bundleName := fabric.ChannelName(member.group())
		bundle, ok := to.ports[bundleName]
		if seen, there := obs.Ports[bundleName]; !ok && there {
			bundle, _ = readAttrs(seen.Lines)
		} else if !ok {
			if !want.Ports[name].Switched() {
				member.follow(have)
			}
			bundle = newBundle(member)
			if idleGhost(obs, to, want.AbsentVLANs, bundle) && want.Ports[name].AccessVLAN == 0 {
				bundle.access = ""
			}
			if have.group() != member.group() {
				to.ports[bundleName] = bundle
			}
		}
		member.follow(bundle)
		if idleGhost(obs, to, want.AbsentVLANs, bundle) && want.Ports[name].AccessVLAN == 0 {
			member.access = have.access
		}
		member.share(have, want.Ports[name], bundleWas(obs, bundleName), bundle)
		if p := want.Ports[name]; p.PortFast {
			p.Mode = fabric.PortMode(member.mode) // a trunk has a form of its own
			member.portfast = wantPortfast(have.portfast, p, obs.Capabilities)
		}
		if bundle.shutdown && !want.Ports[name].Shutdown {
			// IOS shuts the members of a port-channel that is shut.
			member.shutdown = have.shutdown || have.group() == member.group() && !obs.Ports[bundleName].Shutdown
		}
		to.ports[name] = member
	}
	for _, name := range slices.Sorted(maps.Keys(want.Restore)) {
		group := to.ports[name].group()
		bundleName := fabric.ChannelName(group)
		_, wanted := to.ports[bundleName]
		_, there := obs.Ports[bundleName]
		if member, _ := readAttrs(want.Restore[name]); group != 0 && !wanted && !there && obs.Ports[name].Group() != group {
			to.ports[bundleName] = newBundle(member)
		}
	}
}

// tellingFirst are the ports in order, but first those that say something of
// mode and VLANs: a port-channel that is yet to be made is as these are.
func tellingFirst(ports map[string]fabric.Port) []string {
	names := slices.Sorted(maps.Keys(ports))
	slices.SortStableFunc(names, func(a, b string) int {
		switch x, y := ports[a].Switched(), ports[b].Switched(); {
		case x == y:
			return 0
		case x:
			return -1
		}
		return 1
	})
	return names
}

// asWished says whether a member that follows its port-channel is what was asked
// of the member itself.
func (a attrs) asWished(p fabric.Port, caps fabric.Capabilities) bool {
	allowed := a.allowed
	if allowed.IsZero() {
		allowed = fabric.AllVLANs()
	}
	return !a.routed() && (p.Mode == fabric.ModeDefault || caps.SameMode(fabric.PortMode(a.mode), p.Mode)) &&
		(p.AccessVLAN == 0 || p.AccessVLAN == numberOr1(a.access)) && (p.NativeVLAN == 0 || p.NativeVLAN == numberOr1(a.native)) &&
		(p.Allowed.IsZero() || p.Allowed == allowed)
}

func bundleWas(obs fabric.Observation, name string) attrs {
	a, _ := readAttrs(obs.Ports[name].Lines)
	return a
}

// share lets a member keep, where the want says nothing of its own, what it has
// in common with its port-channel, and otherwise what it has.
func (a *attrs) share(have attrs, p fabric.Port, was, is attrs) {
	common := func(field *string, have, was, is string) {
		*field = have
		if have == was {
			*field = is
		}
	}
	if !p.PortFast {
		common(&a.portfast, have.portfast, was.portfast, is.portfast)
	}
	for id, said := range map[settingID]bool{setVoice: p.VoiceVLAN != 0, setBPDUGuard: p.BPDUGuard != "", setGuard: p.GuardRoot != ""} {
		if !said {
			common(&a.set[id], have.set[id], was.set[id], is.set[id])
		}
	}
}
