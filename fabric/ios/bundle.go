package ios

import (
	"maps"
	"slices"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// leaveBundles takes ports out of their port-channels before anything changes
// on those: where a port goes from one to another, where a protocol changes,
// since no two can be spoken in one port-channel at any moment, and where the
// port-channel itself changes, since that would change the port, too.
func (w *writer) leaveBundles(from, to state, order []string) {
	for _, name := range order {
		have, want := from.ports[name], to.ports[name]
		if !leaves(have, want) {
			continue
		}
		bundle := fabric.ChannelName(have.group())
		if want.channel == "" && from.ports[bundle] == to.ports[bundle] {
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
		have = spreadSpanningTree(have, want, is)
		if was.shutdown != is.shutdown && (have.shutdown != want.shutdown || want.shutdown != is.shutdown) {
			// Not every image shuts and opens the members, too.
			have.shutdown = !want.shutdown
		}
		from.ports[name] = have
	}
}

// spreadLines foretells mode and VLANs. A member that was like its port-channel
// stays so; what becomes of another depends on the image.
func spreadLines(member, was, is attrs) attrs {
	follow := func(field *string, was, is string) {
		if *field == was {
			*field = is
		} else {
			*field = unknown
		}
	}
	follow(&member.mode, was.mode, is.mode)
	follow(&member.access, was.access, is.access)
	follow(&member.native, was.native, is.native)
	follow(&member.encapsulation, was.encapsulation, is.encapsulation)
	follow(&member.set[setNonegotiate], was.set[setNonegotiate], is.set[setNonegotiate])
	switch {
	case member.allowed == was.allowed:
		member.allowed = is.allowed
	default:
		// From nothing, the whole list is written.
		member.allowed = fabric.NoVLANs()
	}
	if member.routed() == was.routed() {
		member.switching = is.switching
	}
	return member
}

// spreadSpanningTree makes known that some images give members the spanning
// tree's and the phones' lines of their port-channel, and others do not.
func spreadSpanningTree(member, want, is attrs) attrs {
	either := func(field *string, want, is string) {
		if want != is {
			*field = unknown
		}
	}
	either(&member.portfast, want.portfast, is.portfast)
	for _, id := range sharedSettings {
		either(&member.set[id], want.set[id], is.set[id])
	}
	return member
}

// sharedSettings are those that a port-channel may have in common with its
// members.
var sharedSettings = []settingID{setVoice, setBPDUGuard, setGuard}

// joinBundles makes the members of port-channels in the wanted state like the
// port-channel, and creates the port-channels that are missing.
func joinBundles(obs fabric.Observation, want fabric.Want, to state) {
	for _, name := range slices.Sorted(maps.Keys(want.Ports)) {
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
			to.ports[bundleName] = bundle
		}
		member.follow(bundle)
		member.share(have, want.Ports[name], bundleWas(obs, bundleName), bundle)
		if bundle.shutdown && !want.Ports[name].Shutdown {
			// IOS shuts the members of a port-channel that is shut.
			member.shutdown = have.shutdown
		}
		to.ports[name] = member
	}
	for name := range want.Restore {
		group := to.ports[name].group()
		if group == 0 {
			continue
		}
		bundleName := fabric.ChannelName(group)
		_, wanted := to.ports[bundleName]
		if _, there := obs.Ports[bundleName]; !wanted && !there {
			to.ports[bundleName] = newBundle(to.ports[name])
		}
	}
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
