package ios

import "github.com/cthulix/terraform-provider-cthulix/fabric"

// Groups of settings, in the order in which they are written. Limits of port
// security are set before it watches, and lifted after it has ceased to.
var (
	securitySettings = []settingID{setSecureMax, setSecureViolation, setSecureSticky}
	otherSettings    = []settingID{
		setMTU, setPower, setStormBroadcast, setStormMulticast, setStormUnicast, setStormShutdown, setStormTrap,
		setSnoopTrust, setLLDPTransmit, setLLDPReceive, setCDP, setBPDUGuard, setGuard,
	}
)

// portLines are the lines within `interface X` that lead from one set of
// managed lines to the other.
//
// A port that is to be shut goes down before it changes and one that is to
// open comes up after. Before a port becomes a trunk its encapsulation, native
// VLAN and list are set, so that it is never a trunk for more than it should
// be; when it stops being one, they are cleared after. A port leaves its
// port-channel before it changes, and joins one when it is as the others are.
// A fresh port-channel has no members yet.
func portLines(from, to attrs, fresh bool) []string {
	var out []string
	add := func(lines ...string) { out = append(out, lines...) }
	value := func(command, have, want string) {
		if have != want {
			add(valueLine(command, want))
		}
	}
	set := func(ids ...settingID) {
		for _, id := range ids {
			if from.set[id] != to.set[id] {
				add(settings[id].write(to.set[id]))
			}
		}
	}
	clearFirst := func(id settingID) {
		if to.set[id] == "" {
			set(id)
			from.set[id] = ""
		}
	}
	if from.shutdown != to.shutdown && to.shutdown {
		add("shutdown")
	}
	if leaves(from, to) {
		add(lineLeaveChannel)
	}
	if from.routed() && !to.routed() {
		add("switchport")
	}
	value("description", from.description, to.description)
	// Both need a port that is static: they go before it ceases to be, and come
	// after it has become so.
	clearFirst(setSecure)
	clearFirst(setNonegotiate)
	add(switchLines(from, to, fresh || from.shutdown && to.shutdown)...)
	set(setNonegotiate, setVoice)
	set(securitySettings...)
	set(setSecure)
	if to.set[setSpeed] != "" {
		set(setSpeed, setDuplex)
	} else {
		set(setDuplex, setSpeed)
	}
	set(otherSettings...)
	if from.portfast != to.portfast {
		add(portfastLine(from.portfast, to.portfast))
	}
	if !from.routed() && to.routed() {
		add("no switchport")
	}
	if to.channel != "" && from.channel != to.channel {
		add("channel-group " + to.channel)
	}
	if from.shutdown != to.shutdown && !to.shutdown {
		add("no shutdown")
	}
	return out
}

const lineLeaveChannel = "no channel-group"

// leaves says whether a port has to leave its port-channel on the way. The mode
// can be changed in place only within one protocol.
func leaves(from, to attrs) bool {
	return from.channel != "" && (from.group() != to.group() || from.channelMode().Protocol() != to.channelMode().Protocol())
}

// switchLines change mode and VLANs. An idle port carries nothing meanwhile.
func switchLines(from, to attrs, idle bool) []string {
	var out []string
	add := func(lines ...string) { out = append(out, lines...) }
	widen, narrow := allowedLines(from.allowed, to.allowed, idle || from.mode == string(fabric.ModeAccess))
	trunk := func() {
		add(widen...)
		if from.native != to.native {
			add(valueLine("switchport trunk native vlan", to.native))
		}
		add(narrow...)
	}
	becomesTrunk := from.mode != to.mode && to.mode != string(fabric.ModeAccess) && to.mode != ""
	// A trunk needs an encapsulation that is settled: it is set before the
	// mode, and left to negotiation after.
	encapsulate := from.encapsulation != to.encapsulation
	settled := to.encapsulation != "" && to.encapsulation != "negotiate"
	if encapsulate && settled {
		add(valueLine("switchport trunk encapsulation", to.encapsulation))
	}
	// A port that turns from its access VLAN to a trunk is not sent through
	// another VLAN on the way.
	accessLast := from.mode != to.mode && to.mode == string(fabric.ModeTrunk)
	access := func() {
		if from.access != to.access {
			add(valueLine("switchport access vlan", to.access))
		}
	}
	if !accessLast {
		access()
	}
	if becomesTrunk || from.mode == to.mode {
		trunk()
	}
	if from.mode != to.mode {
		add(valueLine("switchport mode", to.mode))
		if !becomesTrunk {
			trunk()
		}
	}
	if accessLast {
		access()
	}
	if encapsulate && !settled {
		add(valueLine("switchport trunk encapsulation", to.encapsulation))
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

func portfastLine(from, to string) string {
	const command = "spanning-tree portfast"
	no, value := "", to
	if to == "" {
		no, value = "no ", from
	}
	if value == portfastPlain || value == unknown {
		return no + command
	}
	return no + command + " " + value
}
