package path

import (
	"fmt"
	"strings"
)

// How a VLAN travels on a port. The empty text is "not at all".
const (
	untagged = "untagged"
	tagged   = "tagged"
	taggedBy = "tagged by ISL"
)

// bundle is the port, or the port-channel that it is a member of.
func (d *device) bundle(name string) *link {
	l := d.links[name]
	if l != nil && l.group != 0 {
		if b, ok := d.links[d.channelName(l.group)]; ok {
			return b
		}
	}
	return l
}

// carrier says whether VLANs come in over the interface by itself.
func (l *link) carrier() bool {
	return l.kind == kindChannel || l.kind == kindPort && l.group == 0
}

// forms are the ways in which a VLAN may travel on a port. There is one, except
// on a port that negotiates its mode anew: that may end as either.
func (d *device) forms(l *link, vlan int, settled bool) []string {
	mode := d.mode(l)
	switch {
	case l.routed:
		return []string{""}
	case !strings.HasPrefix(mode, modeDynamic):
		return []string{d.form(l, mode, vlan)}
	case settled:
		return []string{d.form(l, d.negotiated, vlan)}
	}
	return []string{d.form(l, modeAccess, vlan), d.form(l, modeTrunk, vlan)}
}

func (d *device) form(l *link, mode string, vlan int) string {
	switch mode {
	case modeTrunk:
		switch {
		case !l.allowed.Contains(vlan):
			return ""
		case l.isl:
			return taggedBy
		case l.native == vlan && !d.tagNative:
			return untagged
		}
		return tagged
	case modeAccess:
		switch vlan {
		case l.access:
			return untagged
		case l.voice:
			return tagged
		}
		return ""
	}
	// Tunnels and private VLANs: what they do is theirs, as long as it stays.
	if l.access == vlan {
		return mode
	}
	return ""
}

// loss says why a port no longer carries the VLAN in the way in which it did
// at the start, or nothing if it does. VLAN 0 stands for a routed port.
func (d *device) loss(start *device, name string, vlan int) string {
	was := start.links[name]
	now, there := d.links[name]
	switch {
	case !there:
		return name + " no longer exists"
	case now.shut:
		return name + " is shut down"
	case now.group != was.group && now.group != 0:
		return fmt.Sprintf("%s joins %s, and nothing is known of the other end's", name, d.channelName(now.group))
	case now.group != was.group:
		return fmt.Sprintf("%s leaves %s", name, d.channelName(was.group))
	case now.routed && !was.routed:
		return name + " becomes a routed port and carries no VLAN"
	case now.speed != was.speed:
		return fmt.Sprintf("the speed or duplex of %s changes, and the other end may not follow", name)
	}
	if why := now.newGuard(was); why != "" {
		return why
	}
	if now.kind == kindChannel {
		if why := d.membersLost(start, now); why != "" {
			return why
		}
	}
	if vlan == 0 {
		return ""
	}
	return d.vlanLost(start, was, now, vlan)
}

// newGuard says which new setting would shut or block a port that leads to a
// switch. On a port that is told to lead to an end host it is what it is for.
func (l *link) newGuard(was *link) string {
	switch {
	case l.bpduGuard && !was.bpduGuard && !was.edge:
		return "bpduguard shuts " + l.name + " down at the first BPDU of the switch behind it"
	case l.rootGuard && !was.rootGuard && !was.edge:
		return "guard root blocks " + l.name + " if the root bridge is behind it"
	case l.security && !was.security:
		return "port security shuts " + l.name + " down at the second address behind it"
	}
	return ""
}

// vlanLost compares how the VLAN travelled with how it does.
func (d *device) vlanLost(start *device, was, now *link, vlan int) string {
	before := start.forms(was, vlan, true)[0]
	for _, form := range d.forms(now, vlan, d.mode(now) == start.mode(was)) {
		if form != before || form == "" {
			return d.vlanLoss(now, vlan, before, form)
		}
	}
	return ""
}

func (d *device) vlanLoss(l *link, vlan int, before, form string) string {
	mode := d.mode(l)
	switch {
	case form == "" && mode == modeAccess:
		return fmt.Sprintf("%s becomes an access port of VLAN %d and no longer carries VLAN %d", l.name, l.access, vlan)
	case form == "" && mode == modeTrunk:
		return fmt.Sprintf("VLAN %d is no longer allowed on %s", vlan, l.name)
	case form == "":
		return fmt.Sprintf("%s no longer carries VLAN %d in mode %s", l.name, vlan, mode)
	case before == "":
		return fmt.Sprintf("%s did not carry VLAN %d", l.name, vlan)
	}
	return fmt.Sprintf("VLAN %d, %s on %s so far, becomes %s, and the other end may not follow", vlan, before, l.name, form)
}

// membersLost says why no member is left that bundles as it did.
func (d *device) membersLost(start *device, channel *link) string {
	was := start.members(start.links[channel.name])
	if len(was) == 0 {
		// Without members in the observation nothing is known of them.
		return ""
	}
	last, left := "", false
	for _, m := range was {
		if m.shut || m.diverged {
			continue
		}
		why, whole := d.memberLost(m)
		if whole {
			return why
		}
		left = left || why == ""
		last = why
	}
	if left {
		return ""
	}
	if last == "" {
		return "no member of " + channel.name + " is up"
	}
	return fmt.Sprintf("%s, and no member of %s is left that was in use", last, channel.name)
}

// memberLost says why a member no longer bundles as it did, and whether that
// hurts the bundle as a whole.
func (d *device) memberLost(was *link) (why string, whole bool) {
	now := d.links[was.name]
	switch {
	case now == nil:
		return was.name + " no longer exists", false
	case now.shut:
		return was.name + " is shut down", false
	case now.group != was.group && was.groupMode == "on":
		return was.name + " leaves a static port-channel, and the other end goes on sending to it", true
	case now.group != was.group:
		return was.name + " leaves the port-channel", false
	case d.noFeature["lacp"] && was.groupMode != "on":
		return "without the feature lacp " + was.name + " leaves the port-channel", false
	case !channelModeKept(was.groupMode, now.groupMode):
		return fmt.Sprintf("%s changes from mode %s to %s, and the other end may not follow", was.name, was.groupMode, now.groupMode), false
	case now.diverged:
		return was.name + " no longer matches its port-channel and is suspended", false
	case now.speed != was.speed:
		return "the speed or duplex of " + was.name + " changes", false
	}
	return "", false
}

// channelModeKept says whether a member bundles in the new mode with whatever
// it bundled with in the old one.
func channelModeKept(was, now string) bool {
	return was == now || was == "passive" && now == "active" || was == "auto" && now == "desirable"
}
