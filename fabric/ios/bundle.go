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
		if was.shutdown != is.shutdown && (have.shutdown != want.shutdown || want.shutdown != is.shutdown) {
			// Not every image shuts and opens the members, too: say it aloud.
			have.shutdown = !want.shutdown
		}
		from.ports[name] = have
	}
}

func spreadLines(member, was, is attrs) attrs {
	text := func(field *string, was, is string) {
		if was != is {
			*field = is
		}
	}
	text(&member.mode, was.mode, is.mode)
	text(&member.access, was.access, is.access)
	text(&member.native, was.native, is.native)
	text(&member.encapsulation, was.encapsulation, is.encapsulation)
	text(&member.set[setNonegotiate], was.set[setNonegotiate], is.set[setNonegotiate])
	if was.allowed != is.allowed {
		member.allowed = is.allowed
	}
	if was.routed() != is.routed() {
		member.switching = is.switching
	}
	return member
}

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
