package fabric

import (
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// maxChannel is the highest number of a port-channel on any platform.
const maxChannel = 4096

// validateWide looks at port-channels, SVIs and settings of the whole switch.
func validateWide(w Want) FieldErrors {
	var es FieldErrors
	for _, group := range w.AbsentChannels {
		path := []string{"absent_channels", strconv.Itoa(group)}
		if group < 1 || group > maxChannel {
			es = append(es, &FieldError{path, fmt.Sprintf("port-channel %d does not exist", group), fmt.Sprintf("they are numbered 1 to %d", maxChannel)})
		}
		if _, both := w.Ports[ChannelName(group)]; both {
			es = append(es, &FieldError{path, "the port-channel is both wanted and unwanted", ""})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(w.Ports)) {
		if ChannelGroup(name) > maxChannel {
			es = append(es, &FieldError{[]string{"ports", name}, "there is no port-channel of that number", fmt.Sprintf("they are numbered 1 to %d", maxChannel)})
		}
	}
	for _, id := range slices.Sorted(maps.Keys(w.SVIs)) {
		es = append(es, validateSVI(id, w.SVIs[id])...)
	}
	for _, id := range w.AbsentSVIs {
		path := []string{"absent_svis", strconv.Itoa(id)}
		if e := vlanIDError(path, id); e != nil {
			es = append(es, e)
		} else if id == 1 {
			es = append(es, &FieldError{path, "the interface of VLAN 1 cannot be removed", "shut it down and take its address away instead"})
		}
		if _, both := w.SVIs[id]; both {
			es = append(es, &FieldError{path, "the SVI is both wanted and unwanted", ""})
		}
	}
	return append(es, validateGlobal(w.Global)...)
}

func validateSVI(id int, s SVI) FieldErrors {
	key := strconv.Itoa(id)
	if e := vlanIDError([]string{"svis", key}, id); e != nil {
		return FieldErrors{e}
	}
	var es FieldErrors
	add := func(attr, summary, detail string) {
		es = append(es, &FieldError{[]string{"svis", key, attr}, summary, detail})
	}
	if s.VLAN != 0 && s.VLAN != id {
		add("vlan", fmt.Sprintf("the SVI of VLAN %d stands under the key %d", s.VLAN, id), "")
	}
	seen := map[netip.Prefix]bool{}
	for _, p := range s.Addresses {
		switch {
		case !p.IsValid() || !p.Addr().Is4():
			add("addresses", fmt.Sprintf("%q is not an IPv4 address with a prefix length", p), "write it like 10.20.0.1/24")
		case p.Bits() < 31 && (p.Addr() == p.Masked().Addr() || p.Addr() == lastOf(p)):
			add("addresses", fmt.Sprintf("%s is the network's own or its broadcast address", p), "give the interface an address of a host")
		case seen[p]:
			add("addresses", fmt.Sprintf("%s is there twice", p), "")
		}
		seen[p] = true
	}
	for _, h := range s.Helpers {
		if !h.Is4() || h.IsUnspecified() {
			add("helpers", fmt.Sprintf("%q is not an IPv4 address", h), "")
		}
	}
	if s.Description != nil {
		if why := untypable(*s.Description); why != "" {
			add("description", why, "use printable ASCII in one line, without question marks, and no space at either end")
		}
	}
	if e := toggleError("shutdown", s.Shutdown); e != nil {
		e.Path = append([]string{"svis", key}, e.Path...)
		es = append(es, e)
	}
	return es
}

// lastOf is the broadcast address of a network.
func lastOf(p netip.Prefix) netip.Addr {
	a := p.Masked().Addr().As4()
	for bit := p.Bits(); bit < 32; bit++ {
		a[bit/8] |= 0x80 >> (bit % 8)
	}
	return netip.AddrFrom4(a)
}

func untypable(s string) string {
	switch {
	case len(s) > maxDescription:
		return fmt.Sprintf("the description has %d characters; the switch takes %d", len(s), maxDescription)
	case strings.TrimSpace(s) != s, strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' || r == '?' }):
		return fmt.Sprintf("the description %q cannot be typed on a switch", s)
	}
	return ""
}

func validateGlobal(g Global) FieldErrors {
	var es FieldErrors
	add := func(attr, summary, detail string) {
		es = append(es, &FieldError{[]string{"global", attr}, summary, detail})
	}
	switch g.SpanningTreeMode {
	case "", "pvst", "rapid-pvst", "mst", string(Default):
	default:
		add("spanning_tree_mode", fmt.Sprintf("the mode %q is not known", g.SpanningTreeMode), `write "pvst", "rapid-pvst", "mst" or "default"`)
	}
	taken := NoVLANs()
	for _, prio := range slices.Sorted(maps.Keys(g.SpanningTreePriority)) {
		set := g.SpanningTreePriority[prio]
		if prio < 0 || prio > 61440 || prio%4096 != 0 {
			add("spanning_tree_priority", fmt.Sprintf("%d is not a bridge priority", prio), "the switch takes multiples of 4096 from 0 to 61440")
		}
		if both := taken.Intersect(set); !both.IsNone() {
			add("spanning_tree_priority", fmt.Sprintf("VLAN %s has two priorities", both), "")
		}
		taken = taken.Union(set)
	}
	for attr, t := range map[string]Toggle{"dhcp_snooping": g.DHCPSnooping.Enabled, "lldp": g.LLDP, "cdp": g.CDP} {
		if e := toggleError(attr, t); e != nil {
			e.Path = append([]string{"global"}, e.Path...)
			es = append(es, e)
		}
	}
	if g.SystemMTU != 0 && g.SystemMTU != DefaultNumber && (g.SystemMTU < 1500 || g.SystemMTU > 9216) {
		add("system_mtu", fmt.Sprintf("%d bytes is not an MTU", g.SystemMTU), "switches take 1500 to 9198 or 9216")
	}
	if g.DefaultGateway.IsValid() && !g.DefaultGateway.Is4() {
		add("default_gateway", fmt.Sprintf("%s is not an IPv4 address", g.DefaultGateway), "")
	}
	slices.SortStableFunc(es, func(a, b *FieldError) int { return strings.Compare(a.PathString(), b.PathString()) })
	return es
}

func toggleError(attr string, t Toggle) *FieldError {
	switch t {
	case "", Enable, Disable, Default:
		return nil
	}
	return &FieldError{[]string{attr}, fmt.Sprintf("%q is not known", t), `write "enable", "disable" or "default"`}
}

var (
	levelRE  = regexp.MustCompile(`^(?:\d{1,3}(?:\.\d{1,2})?(?: \d{1,3}(?:\.\d{1,2})?)?|(?:bps|pps) \d+(?:\.\d+)?[kmg]?(?: \d+(?:\.\d+)?[kmg]?)?|default)$`)
	speedRE  = regexp.MustCompile(`^(?:auto(?: \d+)*|\d+|nonegotiate)$`)
	duplexRE = regexp.MustCompile(`^(?:auto|full|half)$`)
)

// validateAttributes looks at the settings of one port. The paths begin at the
// port.
func validateAttributes(p Port) FieldErrors {
	var es FieldErrors
	add := func(summary, detail string, path ...string) {
		es = append(es, &FieldError{path, summary, detail})
	}
	if p.VoiceVLAN > 0 {
		if e := vlanIDError([]string{"voice_vlan"}, p.VoiceVLAN); e != nil {
			es = append(es, e)
		}
	} else if p.VoiceVLAN < VoiceUntagged {
		add(fmt.Sprintf("%d is not a voice VLAN", p.VoiceVLAN), "", "voice_vlan")
	}
	for attr, t := range map[string]Toggle{
		"negotiate": p.Negotiate, "bpdu_guard": p.BPDUGuard, "guard_root": p.GuardRoot, "dhcp_snooping_trust": p.DHCPSnoopingTrust,
		"lldp_transmit": p.LLDP.Transmit, "lldp_receive": p.LLDP.Receive, "cdp": p.CDP,
		"port_security": p.PortSecurity.Enabled, "port_security_sticky": p.PortSecurity.Sticky,
	} {
		if e := toggleError(attr, t); e != nil {
			es = append(es, e)
		}
	}
	if p.Negotiate == Disable && (p.Mode == ModeDynamicAuto || p.Mode == ModeDynamicDesirable) {
		add("a dynamic port negotiates", `it needs the mode "access" or "trunk" to be told not to`, "negotiate")
	}
	for attr, level := range map[string]string{"broadcast": p.StormControl.Broadcast, "multicast": p.StormControl.Multicast, "unicast": p.StormControl.Unicast} {
		if level != "" && !levelRE.MatchString(level) {
			add(fmt.Sprintf("%q is not a level", level), `write a percentage ("5", "10 5") or a rate ("bps 10m", "pps 1k")`, "storm_control", attr)
		}
	}
	if _, _, ok := StormActions(p.StormControl.Action); !ok {
		add(fmt.Sprintf("the action %q is not known", p.StormControl.Action), `write "shutdown", "trap", "shutdown trap" or "default"`, "storm_control", "action")
	}
	switch p.PortSecurity.Violation {
	case "", "protect", "restrict", "shutdown", "shutdown vlan", string(Default):
	default:
		add(fmt.Sprintf("the violation mode %q is not known", p.PortSecurity.Violation), `write "protect", "restrict" or "shutdown"`, "port_security", "violation")
	}
	if n := p.PortSecurity.Maximum; n < DefaultNumber || n > 16384 {
		add(fmt.Sprintf("%d is not a number of stations", n), "", "port_security", "maximum")
	}
	if p.PortSecurity.Enabled == Enable && (p.Mode == ModeDynamicAuto || p.Mode == ModeDynamicDesirable) {
		add("a dynamic port cannot have port security", `it needs the mode "access" or "trunk"`, "port_security", "enabled")
	}
	switch p.PoE.Mode {
	case "", "auto", "static", "never":
	default:
		add(fmt.Sprintf("the mode %q is not known", p.PoE.Mode), `write "auto", "static" or "never"`, "poe", "mode")
	}
	if p.PoE.MaxMilliwatts < 0 || p.PoE.MaxMilliwatts > 0 && (p.PoE.Mode == "" || p.PoE.Mode == "never") {
		add("a limit of power needs the mode auto or static", "", "poe", "max_milliwatts")
	}
	if p.Speed != "" && !speedRE.MatchString(p.Speed) {
		add(fmt.Sprintf("%q is not a speed", p.Speed), `write "auto", "nonegotiate" or a number of Mbit/s`, "speed")
	}
	if p.Duplex != "" && !duplexRE.MatchString(p.Duplex) {
		add(fmt.Sprintf("%q is not a duplex mode", p.Duplex), `write "auto", "full" or "half"`, "duplex")
	}
	if p.MTU != 0 && p.MTU != DefaultNumber && (p.MTU < 64 || p.MTU > 9216) {
		add(fmt.Sprintf("%d bytes is not an MTU", p.MTU), "", "mtu")
	}
	if p.Channel != nil {
		es = append(es, validateMember(*p.Channel)...)
	}
	slices.SortStableFunc(es, func(a, b *FieldError) int { return strings.Compare(a.PathString(), b.PathString()) })
	return es
}

func validateMember(c ChannelMember) FieldErrors {
	var es FieldErrors
	if c.Group < 0 || c.Group > maxChannel {
		es = append(es, &FieldError{[]string{"channel", "group"}, fmt.Sprintf("port-channel %d does not exist", c.Group), fmt.Sprintf("they are numbered 1 to %d", maxChannel)})
	}
	switch c.Mode {
	case "", ChannelActive, ChannelPassive, ChannelOn, ChannelDesirable, ChannelAuto:
	default:
		es = append(es, &FieldError{[]string{"channel", "mode"}, fmt.Sprintf("the mode %q is not known", c.Mode),
			`write "active" or "passive" for LACP, "on" for none, "desirable" or "auto" for PAgP`})
	}
	return es
}
