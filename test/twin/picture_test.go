package twin

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
	"github.com/cthulix/terraform-provider-cthulix/lab/iossim"
)

// picture is all of a switch that a change may alter, read by this package and
// not by the planner.
type picture struct {
	heads  []string // in the switch's order, those of interfaces and VLANs left out
	blocks map[string][]string
	// order are the interfaces in the switch's order.
	order []string
	vlans map[int]fabric.VLAN
}

var vlanRowRE = regexp.MustCompile(`(?m)^(\d{1,4}) +(\S+) +(active|suspended|act/lshut|sus/lshut)\b`)

// look takes a picture.
func look(sim *iossim.Sim) picture {
	p := picture{blocks: map[string][]string{}, vlans: map[int]fabric.VLAN{}}
	table, _ := sim.Exec("show vlan brief")
	for _, m := range vlanRowRE.FindAllStringSubmatch(table, -1) {
		var id int
		_, _ = fmt.Sscan(m[1], &id)
		p.vlans[id] = fabric.VLAN{ID: id, Name: m[2], State: m[3]}
	}
	head, banner := "", false
	for line := range strings.Lines(sim.RunningConfig()) {
		line = strings.TrimRight(line, "\n")
		if banner {
			p.blocks[head] = append(p.blocks[head], line)
			banner = !strings.Contains(line, "^C")
			continue
		}
		if line == "!" || line == "" {
			continue
		}
		banner = strings.HasPrefix(line, "banner") && strings.Count(line, "^C") == 1
		if strings.HasPrefix(line, " ") && head != "" {
			p.blocks[head] = append(p.blocks[head], strings.TrimPrefix(strings.TrimPrefix(line, " "), " "))
			continue
		}
		head = line
		p.blocks[head] = nil
		switch {
		case strings.HasPrefix(line, "interface "):
			p.order = append(p.order, portName(line))
		case isVLAN.MatchString(line):
		default:
			p.heads = append(p.heads, line)
		}
	}
	// Features have no order that means anything.
	slices.SortStableFunc(p.heads, func(a, b string) int {
		if strings.HasPrefix(a, "feature ") && strings.HasPrefix(b, "feature ") {
			return strings.Compare(a, b)
		}
		return 0
	})
	return p
}

var isVLAN = regexp.MustCompile(`^vlan [\d,-]+ ?$`)

// portName is the name of an interface in the model: that of a port-channel
// begins with an upper-case letter on all switches.
func portName(head string) string {
	name := strings.TrimPrefix(head, "interface ")
	if rest, ok := strings.CutPrefix(name, "port-channel"); ok {
		return "Port-channel" + rest
	}
	return name
}

// lines are those of an interface.
func (p picture) lines(name string) []string {
	if lines, ok := p.blocks["interface "+name]; ok {
		return lines
	}
	return p.blocks["interface "+strings.ToLower(name)]
}

func (p picture) has(name string) bool { return slices.Contains(p.order, name) }

// spoken are lines that say what is so without them, too. Where a real switch
// shows them, a line that comes and goes does not bring them back.
var spoken = []string{"switchport", "speed auto", "duplex auto", "cdp enable", "lldp transmit", "lldp receive", "power inline auto", "mtu 1500", "no shutdown",
	"switchport port-security maximum 1", "switchport port-security violation shutdown"}

// quietHeads are in no order: a line that comes back stands behind those of which
// the simulated switch knows no place.
func quietHeads(heads []string) []string {
	out := slices.DeleteFunc(slices.Clone(heads), func(l string) bool { return l == "system mtu 1500" })
	slices.Sort(out)
	return out
}

func quiet(lines []string) []string {
	out := slices.DeleteFunc(slices.Clone(lines), func(l string) bool { return slices.Contains(spoken, l) })
	slices.Sort(out)
	return out
}

// same says where two pictures differ in what they come to.
func (p picture) same(now picture) error {
	var es []error
	if !maps.Equal(p.vlans, now.vlans) {
		es = append(es, fmt.Errorf("the VLANs were %v and are %v", p.vlans, now.vlans))
	}
	if !slices.Equal(quietHeads(p.heads), quietHeads(now.heads)) {
		es = append(es, fmt.Errorf("the lines were %q and are %q", less(p.heads, now.heads), less(now.heads, p.heads)))
	}
	if !slices.Equal(p.order, now.order) {
		es = append(es, fmt.Errorf("the interfaces were %q and are %q", p.order, now.order))
	}
	for _, name := range p.order {
		if was, is := quiet(p.lines(name)), quiet(now.lines(name)); !slices.Equal(was, is) {
			es = append(es, fmt.Errorf("%s was %q and is %q", name, was, is))
		}
	}
	for _, head := range p.heads {
		if !slices.Equal(p.blocks[head], now.blocks[head]) {
			es = append(es, fmt.Errorf("%q was %q and is %q", head, p.blocks[head], now.blocks[head]))
		}
	}
	return errors.Join(es...)
}

func less(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(l string) bool { return slices.Contains(b, l) })
}

// managed are the lines of ports that Cthulix may change, by dialect.
var (
	managedIOS = regexp.MustCompile(`^(?:no )?(?:description .*|switchport|switchport (?:access vlan|trunk (?:native|allowed) vlan|trunk encapsulation|mode|voice vlan) .*|switchport nonegotiate|` +
		`switchport port-security(?: maximum \d+| violation \w+| mac-address sticky)?|spanning-tree (?:portfast|bpduguard|guard)\b.*|storm-control .*|channel-group .*|shutdown|` +
		`speed .*|duplex .*|mtu \d+|power inline (?:auto|never|static)\b.*|ip dhcp snooping trust|lldp (?:transmit|receive)|cdp enable|ip address)$`)
	managedNexus = regexp.MustCompile(`^(?:no )?(?:description .*|switchport|switchport (?:access vlan|trunk (?:native|allowed) vlan|mode) .*|` +
		`spanning-tree (?:port type|bpduguard|guard) .*|channel-group .*|shutdown|mtu \d+)$`)
	managedSVI = regexp.MustCompile(`^(?:no )?(?:description .*|ip address\b.*|ip helper-address .*|shutdown)$`)
	// followed are those that a port-channel shares with its members.
	followed = regexp.MustCompile(`^(?:no )?(?:switchport|switchport (?:access|trunk|mode|nonegotiate|voice)\b.*|spanning-tree (?:portfast|bpduguard|guard|port type)\b.*|shutdown|mtu .*|ip address)$`)
)

// keeps are the lines that a pattern does not match, and those that are foreign,
// in their order.
func keeps(lines []string, may *regexp.Regexp) []string {
	return slices.DeleteFunc(slices.Clone(lines), func(l string) bool { return may.MatchString(l) && !foreign(l) })
}

// others are the lines outside of blocks that are none of the wish's business.
func others(heads []string, mine *regexp.Regexp) []string {
	return slices.DeleteFunc(slices.Clone(heads), func(l string) bool { return mine.MatchString(l) && !notManaged(l) })
}

// untouched says what changed that was not in the wish.
func (p *pair) untouched(a, b picture) error {
	var es []error
	managed := managedIOS
	if p.model.NXOS {
		managed = managedNexus
	}
	for _, name := range slices.Compact(slices.Sorted(slices.Values(slices.Concat(a.order, b.order)))) {
		was, is := a.lines(name), b.lines(name)
		switch may, come, go_ := p.reach(a, name, managed); {
		case !a.has(name) && !come:
			es = append(es, fmt.Errorf("%s came to be", name))
		case !b.has(name) && !go_:
			es = append(es, fmt.Errorf("%s is gone", name))
		case a.has(name) && b.has(name) && may == nil && !slices.Equal(was, is):
			es = append(es, fmt.Errorf("%s was not in scope and went from %q to %q", name, was, is))
		case a.has(name) && b.has(name) && may != nil && !slices.Equal(keeps(was, may), keeps(is, may)):
			es = append(es, fmt.Errorf("lines of %s that nobody spoke of went from %q to %q", name, keeps(was, may), keeps(is, may)))
		}
	}
	for id := range a.vlans {
		_, named := p.b.VLANs[id]
		if !named && !slices.Contains(p.b.AbsentVLANs, id) && a.vlans[id] != b.vlans[id] {
			es = append(es, fmt.Errorf("VLAN %d was not in scope and went from %v to %v", id, a.vlans[id], b.vlans[id]))
		}
	}
	for id := range b.vlans {
		if _, named := p.b.VLANs[id]; !named && a.vlans[id].ID == 0 {
			es = append(es, fmt.Errorf("VLAN %d came to be", id))
		}
	}
	mine := p.globalScope()
	if was, is := others(a.heads, mine), others(b.heads, mine); !slices.Equal(was, is) {
		es = append(es, fmt.Errorf("lines that nobody spoke of went from %q to %q", less(was, is), less(is, was)))
	}
	for _, head := range a.heads {
		if !slices.Equal(a.blocks[head], b.blocks[head]) {
			es = append(es, fmt.Errorf("%q went from %q to %q", head, a.blocks[head], b.blocks[head]))
		}
	}
	return errors.Join(es...)
}

// reach says which lines of an interface the wish may change, none if nil, and
// whether it may make or remove it.
func (p *pair) reach(a picture, name string, managed *regexp.Regexp) (may *regexp.Regexp, come, leave bool) {
	if id := fabric.SVINumber(name); id != 0 {
		_, named := p.b.SVIs[id]
		if named {
			may = managedSVI
		}
		return may, named, slices.Contains(p.b.AbsentSVIs, id)
	}
	_, named := p.b.Ports[name]
	if group := fabric.ChannelGroup(name); group != 0 {
		for _, m := range p.b.Ports {
			come = come || m.Group() == group
		}
		come, leave = come || named, slices.Contains(p.b.AbsentChannels, group)
	}
	if named {
		return managed, come, leave
	}
	if _, follows := p.b.Ports[fabric.ChannelName(groupOf(a.lines(name)))]; follows {
		may = followed
	}
	return may, come, leave
}

// groupOf is the port-channel of the lines of a member, 0 for none.
func groupOf(lines []string) int {
	for _, l := range lines {
		var group int
		if _, err := fmt.Sscanf(l, "channel-group %d", &group); err == nil {
			return group
		}
	}
	return 0
}

// fits says whether there can be such a switch: no member of a port-channel is
// on another layer than that, and on a Nexus none is unlike it.
func (p picture) fits(m model) error {
	shared := func(lines []string) []string {
		return quiet(slices.DeleteFunc(slices.Clone(lines), func(l string) bool { return !onNexus.MatchString(l) }))
	}
	for _, name := range p.order {
		group := groupOf(p.lines(name))
		if bundle := fabric.ChannelName(group); m.NXOS && group != 0 && !slices.Equal(shared(p.lines(name)), shared(p.lines(bundle))) {
			return fmt.Errorf("%w: %s is unlike %s", errImpossible, name, bundle)
		} else if routed := func(name string) bool { return slices.Contains(p.lines(name), "no switchport") }; group != 0 && routed(name) != routed(bundle) {
			return fmt.Errorf("%w: %s is on another layer than %s", errImpossible, name, bundle)
		}
	}
	return nil
}

var onNexus = regexp.MustCompile(`^(?:no )?(?:switchport|mtu)\b`)

// globalScope matches the lines outside of blocks that the wish is about.
func (p *pair) globalScope() *regexp.Regexp {
	mine := []string{`$^`}
	add := func(named bool, pattern string) {
		if named {
			mine = append(mine, pattern)
		}
	}
	g := p.b.Global
	if p.model.NXOS {
		add(g.LLDP != "", `feature lldp`)
		add(g.SystemMTU != 0, `system jumbomtu .*`)
		for _, port := range p.b.Ports {
			add(port.Channel != nil && port.Channel.Mode.Protocol() == "lacp", `feature lacp`)
		}
	} else {
		add(g.SpanningTreeMode != "", `spanning-tree mode .*`)
		add(len(g.SpanningTreePriority) > 0, `spanning-tree vlan [\d,-]+ priority \d+`)
		add(g.DHCPSnooping.Enabled != "", `ip dhcp snooping`)
		add(!g.DHCPSnooping.VLANs.IsZero(), `ip dhcp snooping vlan .*`)
		add(g.LLDP != "", `lldp run`)
		add(g.CDP != "", `(?:no )?cdp run`)
		add(g.SystemMTU != 0, `system mtu .*`)
		add(g.DefaultGateway.IsValid(), `ip default-gateway .*`)
	}
	return regexp.MustCompile(`^(?:` + strings.Join(mine, "|") + `)$`)
}
