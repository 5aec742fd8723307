package ios

import (
	"fmt"
	"strconv"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// wantAttrs makes the managed lines of a wanted port. A line that says what is
// wanted already stays in the spelling that it has.
func wantAttrs(have attrs, p fabric.Port, caps fabric.Capabilities) attrs {
	to := have
	to.description, to.shutdown = p.Description, p.Shutdown
	wantChannel(&to, p)
	wantSettings(&to, p)
	if have.routed() && !p.Switched() {
		return to
	}
	if have.routed() {
		to.switching = ""
	}
	to.mode = string(p.Mode)
	usesAccess := p.Mode != fabric.ModeTrunk
	usesTrunk := p.Mode != fabric.ModeAccess
	to.access = wantNumber(have.access, p.AccessVLAN, usesAccess)
	to.native = wantNumber(have.native, p.NativeVLAN, usesTrunk)
	to.allowed = wantAllowed(have.allowed, p.Allowed, usesTrunk)
	if have.mode == "" && caps.SameMode(p.Mode, fabric.ModeDefault) {
		to.mode = ""
	}
	if p.Mode == fabric.ModeTrunk && caps.ISL && have.encapsulation != "dot1q" && !islTrunk(have) {
		to.encapsulation = "dot1q"
	}
	if p.Mode == fabric.ModeDefault && p.NativeVLAN == 1 && p.Allowed.IsAll() {
		// All of the trunk is to be at its default.
		to.encapsulation = ""
	}
	to.portfast = wantPortfast(have.portfast, p, caps)
	if p.Negotiate == "" && !static(to.mode) && !static(string(caps.DefaultMode)) && to.mode != have.mode {
		// IOS refuses to make a port dynamic that must not negotiate.
		to.set[setNonegotiate] = ""
	}
	return to
}

// islTrunk says whether a port is a trunk in ISL already. A want has no word for
// the encapsulation: it stays, since the other end has the same.
func islTrunk(have attrs) bool {
	return have.mode == string(fabric.ModeTrunk) && have.encapsulation == "isl"
}

// static says whether a port in a mode has no say in what it is.
func static(mode string) bool {
	return mode == string(fabric.ModeAccess) || mode == string(fabric.ModeTrunk)
}

// follow gives a member of a port-channel the lines that it must share with it.
func (a *attrs) follow(bundle attrs) {
	if a.routed() != bundle.routed() {
		a.switching = bundle.switching
	}
	if bundle.routed() {
		return // what either has kept for switching has no meaning
	}
	a.mode, a.access, a.native, a.allowed = bundle.mode, bundle.access, bundle.native, bundle.allowed
	a.encapsulation = bundle.encapsulation
	a.set[setNonegotiate] = bundle.set[setNonegotiate]
}

// newBundle is the port-channel that comes to be with its first member.
func newBundle(member attrs) attrs {
	var b attrs
	b.follow(member)
	return b
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

func wantChannel(to *attrs, p fabric.Port) {
	if p.Channel == nil {
		return
	}
	if p.Channel.Group == 0 {
		to.channel = ""
		return
	}
	if p.Channel.Group == to.group() && (p.Channel.Mode == "" || p.Channel.Mode == to.channelMode()) {
		return
	}
	to.channel = fmt.Sprintf("%d mode %s", p.Channel.Group, p.Channel.Mode)
}

// wantSettings fills in the settings that the want names.
func wantSettings(to *attrs, p fabric.Port) {
	set := func(id settingID, value string) { to.set[id] = value }
	// A line that is there or not.
	flag := func(id settingID, t fabric.Toggle, yes fabric.Toggle) {
		if t != "" {
			set(id, map[bool]string{true: valueOn}[t == yes])
		}
	}
	// A line that is printed for off.
	spokenOff := func(id settingID, t fabric.Toggle) {
		switch {
		case t == fabric.Disable:
			set(id, valueNo)
		case t == fabric.Default || t == fabric.Enable && to.set[id] == valueNo:
			set(id, "")
		}
	}
	text := func(id settingID, want string, def string) {
		if want == def || want == string(fabric.Default) {
			want = ""
		} else if want == "" {
			return
		}
		set(id, want)
	}
	count := func(id settingID, want, def int) {
		switch {
		case want == fabric.DefaultNumber || want == def && want != 0:
			set(id, "")
		case want != 0:
			set(id, strconv.Itoa(want))
		}
	}
	level := func(id settingID, want string) {
		if want != "" && !sameLevel(to.set[id], want) {
			text(id, want, "")
		}
	}
	wantVoice(to, p.VoiceVLAN)
	flag(setNonegotiate, p.Negotiate, fabric.Disable)
	if p.BPDUGuard != "" {
		text(setBPDUGuard, string(p.BPDUGuard), string(fabric.Default))
	}
	wantGuard(to, p.GuardRoot)
	level(setStormBroadcast, p.StormControl.Broadcast)
	level(setStormMulticast, p.StormControl.Multicast)
	level(setStormUnicast, p.StormControl.Unicast)
	if p.StormControl.Action != "" {
		shutdown, trap, _ := fabric.StormActions(p.StormControl.Action)
		flag(setStormShutdown, fabric.ToggleOf(shutdown), fabric.Enable)
		flag(setStormTrap, fabric.ToggleOf(trap), fabric.Enable)
	}
	flag(setSecure, p.PortSecurity.Enabled, fabric.Enable)
	count(setSecureMax, p.PortSecurity.Maximum, 1)
	if p.PortSecurity.Violation != "" {
		text(setSecureViolation, p.PortSecurity.Violation, "shutdown")
	}
	flag(setSecureSticky, p.PortSecurity.Sticky, fabric.Enable)
	flag(setSnoopTrust, p.DHCPSnoopingTrust, fabric.Enable)
	spokenOff(setLLDPTransmit, p.LLDP.Transmit)
	spokenOff(setLLDPReceive, p.LLDP.Receive)
	spokenOff(setCDP, p.CDP)
	wantPower(to, p.PoE)
	if p.Speed != "" {
		text(setSpeed, p.Speed, "auto")
	}
	if p.Duplex != "" {
		text(setDuplex, p.Duplex, "auto")
	}
	count(setMTU, p.MTU, 0)
}

func wantVoice(to *attrs, want int) {
	switch {
	case want == 0:
	case want == fabric.VoiceOff:
		to.set[setVoice] = ""
	case want > 0:
		to.set[setVoice] = strconv.Itoa(want)
	default:
		for word, n := range voiceWords {
			if n == want {
				to.set[setVoice] = word
			}
		}
	}
}

// wantGuard leaves a guard of another kind alone unless it is in the way.
func wantGuard(to *attrs, want fabric.Toggle) {
	switch {
	case want == fabric.Enable:
		to.set[setGuard] = guardRoot
	case want == fabric.Default || want == fabric.Disable && to.set[setGuard] == guardRoot:
		to.set[setGuard] = ""
	}
}

func wantPower(to *attrs, want fabric.PoE) {
	if want.Mode == "" {
		return
	}
	value := want.Mode
	if want.MaxMilliwatts > 0 {
		value += " max " + strconv.Itoa(want.MaxMilliwatts)
	}
	if value == settings[setPower].hidden {
		value = ""
	}
	to.set[setPower] = value
}
