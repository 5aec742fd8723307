package twin

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// reached says where the switch is not as wished, and where it lost what the
// wish leaves alone. It reads the lines by rules of its own, so that a planner
// that misreads a line cannot agree with itself about it.
func (p *pair) reached(a, b picture) error {
	var es []error
	complain := func(format string, args ...any) { es = append(es, fmt.Errorf(format, args...)) }
	for id, v := range p.b.VLANs {
		v.ID = id
		is, there := b.vlans[id]
		switch suspended := strings.HasPrefix(is.State, "sus"); {
		case !there:
			complain("VLAN %d is not there", id)
		case is.Name != v.EffectiveName():
			complain("VLAN %d is called %q", id, is.Name)
		case v.State == "" && a.vlans[id].ID != 0 && is.State != a.vlans[id].State,
			v.State == fabric.VLANActive && is.State != "active", v.State == fabric.VLANSuspend && !suspended:
			complain("VLAN %d is %s", id, is.State)
		}
	}
	for _, id := range p.b.AbsentVLANs {
		if _, there := b.vlans[id]; there {
			complain("VLAN %d is still there", id)
		}
	}
	for _, g := range p.b.AbsentChannels {
		if b.has(fabric.ChannelName(g)) {
			complain("port-channel %d is still there", g)
		}
	}
	for _, id := range p.b.AbsentSVIs {
		if b.has(fabric.SVIName(id)) {
			complain("Vlan%d is still there", id)
		}
	}
	for name, want := range p.b.Ports {
		if !b.has(name) {
			complain("%s is not there", name)
			continue
		}
		o := outcome{p.model, want, known(a.lines(name)), known(b.lines(name)), a.has(name)}
		es = append(es, o.check(name, b)...)
	}
	for id, s := range p.b.SVIs {
		if !b.has(fabric.SVIName(id)) {
			complain("Vlan%d is not there", id)
			continue
		}
		es = append(es, checkSVI(id, s, known(a.lines(fabric.SVIName(id))), known(b.lines(fabric.SVIName(id))))...)
	}
	if !p.model.NXOS {
		es = append(es, p.checkGlobal(a, b)...)
		return errors.Join(es...)
	}
	jumbo := value(a.heads, "system jumbomtu", "9216")
	switch n := p.b.Global.SystemMTU; n {
	case 0:
	case fabric.DefaultNumber:
		jumbo = "9216"
	default:
		jumbo = strconv.Itoa(n)
	}
	if got := value(b.heads, "system jumbomtu", "9216"); got != jumbo {
		complain("the jumbo MTU is %s, want %s", got, jumbo)
	}
	return errors.Join(es...)
}

// outcome is one port before and after.
type outcome struct {
	model    model
	want     fabric.Port
	was, is  []string
	was_here bool
}

// value is what follows a key in some lines, and def without such a line.
func value(lines []string, key, def string) string {
	for _, l := range lines {
		if l == key {
			return "yes"
		}
		if l == "no "+key {
			return "no"
		}
		if v, ok := strings.CutPrefix(l, key+" "); ok {
			return v
		}
	}
	return def
}

// allowedOf joins the lines of a trunk's list.
func allowedOf(lines []string) string {
	set := fabric.AllVLANs()
	for _, l := range lines {
		list, ok := strings.CutPrefix(l, "switchport trunk allowed vlan ")
		if !ok {
			continue
		}
		rest, add := strings.CutPrefix(list, "add ")
		more, err := fabric.ParseVLANSet(rest)
		if err != nil {
			return err.Error()
		}
		if add {
			more = set.Union(more)
		}
		set = more
	}
	return set.String()
}

// edge says whether a port is one for spanning tree.
func edge(lines []string) bool {
	trunk := value(lines, "switchport mode", "") == "trunk"
	switch value(lines, "spanning-tree portfast", value(lines, "spanning-tree port type", "")) {
	case "trunk", "edge trunk":
		return true
	case "yes", "edge":
		return !trunk
	}
	return false
}

func (o outcome) check(name string, b picture) []error {
	var es []error
	expect := func(what, got string, want ...string) {
		if !slices.Contains(want, got) {
			es = append(es, fmt.Errorf("%s: %s is %q, want %q", name, what, got, want))
		}
	}
	member := groupOf(o.is) != 0
	bundleDown := member && value(b.lines(fabric.ChannelName(groupOf(o.is))), "shutdown", "") == "yes"
	expect("the description", value(o.is, "description", ""), o.want.Description)
	if down := value(o.is, "shutdown", "no"); !bundleDown {
		expect("shutdown", down, map[bool]string{true: "yes", false: "no"}[o.want.Shutdown])
	}
	if c := o.want.Channel; c != nil {
		line := ""
		if c.Group != 0 {
			line = fmt.Sprintf("%d mode %s", c.Group, c.Mode)
		}
		expect("the channel group", value(o.is, "channel-group", ""), line, strings.TrimSuffix(line, " mode on"))
	} else {
		expect("the channel group", value(o.is, "channel-group", ""), value(o.was, "channel-group", ""))
	}
	if routed := slices.Contains(o.is, "no switchport"); routed && o.want.Switched() {
		expect("the layer", "3", "2")
	} else if !routed {
		o.checkSwitching(expect, member)
	}
	o.checkSettings(expect, member)
	return es
}

// checkSwitching looks at mode and VLANs. Members of a port-channel have what
// that has, wherever the wish does not say the same.
func (o outcome) checkSwitching(expect func(string, string, ...string), member bool) {
	def := string(o.model.mode)
	if o.model.NXOS {
		def = "access"
	}
	mode := func(lines []string) string { return value(lines, "switchport mode", def) }
	if w := string(o.want.Mode); w != "" {
		expect("the mode", mode(o.is), w)
	} else if !member {
		expect("the mode", mode(o.is), def)
	}
	number := func(key string, want int, used bool) {
		was, is := value(o.was, key, "1"), value(o.is, key, "1")
		switch {
		case want != 0:
			expect(key, is, strconv.Itoa(want))
		case member:
		case used:
			expect(key, is, "1")
		default:
			expect(key, is, was)
		}
	}
	number("switchport access vlan", o.want.AccessVLAN, o.want.Mode != fabric.ModeTrunk)
	trunk := o.want.Mode != fabric.ModeAccess
	if o.model.NXOS {
		trunk = o.want.Mode == fabric.ModeTrunk // others are access ports there
	}
	number("switchport trunk native vlan", o.want.NativeVLAN, trunk)
	switch {
	case !o.want.Allowed.IsZero():
		expect("the list", allowedOf(o.is), o.want.Allowed.String())
	case member:
	case trunk:
		expect("the list", allowedOf(o.is), "all")
	default:
		expect("the list", allowedOf(o.is), allowedOf(o.was))
	}
	if o.want.PortFast || !member {
		expect("portfast", fmt.Sprint(edge(o.is)), fmt.Sprint(o.want.PortFast))
	}
}

// checkSettings looks at the settings that a wish leaves alone with a zero.
func (o outcome) checkSettings(expect func(string, string, ...string), member bool) {
	setting := func(key, def string, shared bool, want ...string) {
		was, is := value(o.was, key, def), value(o.is, key, def)
		switch {
		case len(want) > 0:
			expect(key, is, want...)
		case !shared || !member && groupOf(o.was) == 0:
			expect(key, is, was)
		}
	}
	toggle := func(t fabric.Toggle, on, off, def string) []string {
		switch t {
		case "":
			return nil
		case fabric.Enable:
			return []string{on}
		case fabric.Disable:
			return []string{off}
		}
		return []string{def}
	}
	w := o.want
	setting("spanning-tree bpduguard", "", true, toggle(w.BPDUGuard, "enable", "disable", "")...)
	guard := toggle(w.GuardRoot, "root", "", "")
	if w.GuardRoot == fabric.Disable {
		guard = []string{"", "loop", "none"}
	}
	setting("spanning-tree guard", "", true, guard...)
	if o.model.mtu {
		mtu := map[int][]string{0: nil, fabric.DefaultNumber: {"1500"}, w.MTU: {strconv.Itoa(w.MTU)}}
		mtu[0], mtu[fabric.DefaultNumber] = nil, []string{"1500"}
		setting("mtu", "1500", o.model.NXOS, mtu[w.MTU]...)
	}
	if o.model.NXOS {
		return
	}
	voice := map[int][]string{0: nil, fabric.VoiceOff: {""}, fabric.VoiceDot1p: {"dot1p"}, fabric.VoiceUntagged: {"untagged"}}
	if w.VoiceVLAN > 0 {
		voice[w.VoiceVLAN] = []string{strconv.Itoa(w.VoiceVLAN)}
	}
	setting("switchport voice vlan", "", true, voice[w.VoiceVLAN]...)
	if w.Negotiate != "" && !member {
		setting("switchport nonegotiate", "", true, toggle(w.Negotiate, "", "yes", "")...)
	}
	o.checkIndependent(setting, toggle)
}

// checkIndependent looks at what a port has for itself.
func (o outcome) checkIndependent(setting func(string, string, bool, ...string), toggle func(fabric.Toggle, string, string, string) []string) {
	w := o.want
	word := func(s, def string) []string {
		switch s {
		case "":
			return nil
		case "default":
			return []string{def}
		}
		return []string{s}
	}
	number := func(n int, def string) []string {
		switch n {
		case 0:
			return nil
		case fabric.DefaultNumber:
			return []string{def}
		}
		return []string{strconv.Itoa(n)}
	}
	for kind, level := range map[string]string{"broadcast": w.StormControl.Broadcast, "multicast": w.StormControl.Multicast, "unicast": w.StormControl.Unicast} {
		setting("storm-control "+kind+" level", "", false, word(percent(level), "")...)
	}
	if w.StormControl.Action != "" {
		for _, action := range []string{"shutdown", "trap"} {
			has := strings.Contains(" "+w.StormControl.Action+" ", " "+action+" ")
			setting("storm-control action "+action, "", false, map[bool]string{true: "yes"}[has])
		}
	}
	if secure := w.PortSecurity.Enabled; secure != "" {
		// Other lines begin with the same words.
		has := map[bool]string{true: "yes"}[slices.Contains(o.is, "switchport port-security")]
		if want := toggle(secure, "yes", "", "")[0]; has != want {
			setting("switchport port-security", "", false, want)
		}
	}
	setting("switchport port-security maximum", "1", false, number(w.PortSecurity.Maximum, "1")...)
	setting("switchport port-security violation", "shutdown", false, word(w.PortSecurity.Violation, "shutdown")...)
	setting("switchport port-security mac-address sticky", "", false, toggle(w.PortSecurity.Sticky, "yes", "", "")...)
	setting("ip dhcp snooping trust", "", false, toggle(w.DHCPSnoopingTrust, "yes", "", "")...)
	setting("lldp transmit", "yes", false, toggle(w.LLDP.Transmit, "yes", "no", "yes")...)
	setting("lldp receive", "yes", false, toggle(w.LLDP.Receive, "yes", "no", "yes")...)
	setting("cdp enable", "yes", false, toggle(w.CDP, "yes", "no", "yes")...)
	setting("speed", "auto", false, word(w.Speed, "auto")...)
	setting("duplex", "auto", false, word(w.Duplex, "auto")...)
	power := w.PoE.Mode
	if w.PoE.MaxMilliwatts > 0 {
		power += fmt.Sprintf(" max %d", w.PoE.MaxMilliwatts)
	}
	setting("power inline", "auto", false, word(power, "auto")...)
}

// percent writes levels with two digits, as the switch does.
func percent(level string) string {
	fields := strings.Fields(level)
	for i, f := range fields {
		n, err := strconv.ParseFloat(f, 64)
		if err != nil || fields[0] == "bps" || fields[0] == "pps" {
			return level
		}
		fields[i] = fmt.Sprintf("%.2f", n)
	}
	return strings.Join(fields, " ")
}
