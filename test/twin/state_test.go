package twin

import (
	"fmt"
	mrand "math/rand/v2"
	"slices"
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// dice makes random states and wishes for a model of switch.
type dice struct {
	*mrand.Rand
	model model
	vtp   string
	// protocol is what is spoken in each port-channel of A.
	protocol map[int][]string
}

// pick returns one of the words.
func (d *dice) pick(words ...string) string { return words[d.IntN(len(words))] }

// chance is true in so many of a hundred cases.
func (d *dice) chance(percent int) bool { return d.IntN(100) < percent }

// The VLANs, port-channels and names that states and wishes are made of.
var (
	vlanPool = []int{10, 20, 30, 99, 100, 1001, 2000}
	groups   = []int{1, 2, 3}
	// Names are few, so that VLANs get one another's.
	vlanNames = []string{"users", "servers", "a.b/c-d_e", "#1!", "(lab)", "x|y", "30", "R&D", "-", "an_exactly_32_characters_long_one"[:32], "no", "name"}
	texts     = []string{"uplink ! core", "! odd", "host #3 (rack)", `the "blue" one`, "end", "no shutdown", "a^b", "switchport mode trunk", "x", "100%"}
)

func (d *dice) vlan() int {
	if d.chance(20) {
		return 1
	}
	id := vlanPool[d.IntN(len(vlanPool))]
	if id >= fabric.FirstExtended && !d.extended() {
		return 1
	}
	return id
}

// extended says whether the switch can have VLANs above 1005.
func (d *dice) extended() bool {
	return d.vtp == "transparent" || d.vtp == "off" || d.model.NXOS
}

// list is a random VLAN list, short or long.
func (d *dice) list() string {
	switch d.IntN(8) {
	case 0:
		return "2-4094"
	case 1:
		return "1,3,5,7,9,11,13,15,17,19,100,200,300,400,500,600,700,800-900,1000,2000,2500,3000,3100-3150,3200,3300,3400,3500,3600,3700"
	case 2:
		return "1-99,101-4094"
	}
	ids := make([]int, 1+d.IntN(40))
	for i := range ids {
		ids[i] = d.vlan()
		if d.chance(40) {
			ids[i] = 1 + d.IntN(4094)
		}
	}
	set, err := fabric.NewVLANSet(ids...)
	if err != nil {
		panic(err)
	}
	return set.String()
}

// state fills in A.
func (p *pair) state(d *dice) {
	p.vlans = map[int]fabric.VLAN{}
	for _, id := range vlanPool {
		if d.chance(45) || id >= fabric.FirstExtended && !d.extended() {
			continue
		}
		v := fabric.VLAN{ID: id}
		if d.chance(50) {
			v.Name = d.pick(vlanNames...)
		}
		if d.chance(25) && p.vtp != "client" {
			v.State = d.pick("suspended", "act/lshut", "sus/lshut")
		}
		taken := false
		for _, o := range p.vlans {
			taken = taken || strings.EqualFold(o.EffectiveName(), v.EffectiveName())
		}
		if !taken {
			p.vlans[id] = v
		}
	}
	bodies := map[int][]string{}
	for _, g := range groups {
		d.protocol[g] = [][]string{{"active", "passive"}, {"on"}}[d.IntN(2)]
		if d.chance(60) {
			bodies[g] = d.portLines(true)
			name := fabric.ChannelName(g)
			if d.model.NXOS {
				name = strings.ToLower(name)
			}
			p.blocks = append(p.blocks, block{"interface " + name, bodies[g]})
		}
	}
	var ports []block
	for n := 1; n <= wild; n++ {
		lines := d.portLines(false)
		if g := groups[d.IntN(len(groups))]; bodies[g] != nil && d.chance(40) {
			lines = d.memberLines(g, bodies[g], lines)
		}
		ports = append(ports, block{"interface " + d.model.port(n), lines})
	}
	d.Shuffle(len(ports), func(i, j int) { ports[i], ports[j] = ports[j], ports[i] })
	p.blocks = append(p.blocks, ports...)
	unknown := iosUnknown
	if d.model.NXOS {
		unknown = nexusUnknown
		speaks := slices.ContainsFunc(p.blocks, func(k block) bool {
			return slices.ContainsFunc(k.lines, func(l string) bool { return strings.HasPrefix(l, "channel-group") && strings.Contains(l, "mode") })
		})
		if speaks || d.chance(60) {
			p.blocks = slices.Insert(p.blocks, 0, block{head: lacp})
		}
		if d.chance(30) {
			p.blocks = append(p.blocks, block{head: "feature lldp"})
		}
		if d.chance(30) {
			p.blocks = append(p.blocks, block{head: "system jumbomtu " + d.pick("9000", "1500", "9216")})
		}
	} else {
		p.blocks = append(p.blocks, d.svis()...)
		p.blocks = append(p.blocks, d.globals()...)
	}
	if p.captured && !d.model.NXOS {
		unknown = slices.Concat(unknown, foreignBlocks)
		d.foreigners(p.blocks)
	}
	for _, k := range unknown {
		if !p.captured && strings.HasPrefix(k.head, invented) {
			continue
		}
		if d.chance(40) {
			p.blocks = append(p.blocks, k)
		}
	}
}

// foreigners puts foreign lines among those of ports and of an SVI that no wish
// removes: the simulated switch would not take them again.
func (d *dice) foreigners(blocks []block) {
	for i, k := range blocks {
		lines := foreignOnPorts
		switch {
		case k.head == "interface Vlan1":
			lines = foreignOnSVIs
		case !strings.Contains(k.head, "/"):
			continue
		}
		for range 3 {
			if l := d.pick(lines...); d.chance(20) && !slices.Contains(k.lines, l) {
				k.lines = append(slices.Clone(k.lines), l)
			}
		}
		blocks[i] = k
	}
}

// memberLines are those of a member of a port-channel: mostly like it, with
// what is its own, or as somebody left them.
func (d *dice) memberLines(group int, bundle, own []string) []string {
	followed := func(l string) bool {
		return strings.Contains(l, "switchport") || strings.HasPrefix(l, "ip address") || strings.HasPrefix(l, "spanning-tree") || d.model.NXOS && strings.HasPrefix(l, "mtu")
	}
	own = slices.DeleteFunc(own, func(l string) bool {
		return strings.Contains(l, "port-security") || l == "no switchport" || strings.HasPrefix(l, "ip address")
	})
	routed := slices.Contains(bundle, "no switchport")
	if routed || d.model.NXOS || !d.chance(30) {
		own = slices.DeleteFunc(own, followed)
		for _, l := range bundle {
			if followed(l) && !strings.HasPrefix(l, "ip address") && !strings.Contains(l, "port-security") {
				own = append(own, l)
			}
		}
	}
	line := fmt.Sprintf("channel-group %d mode %s", group, d.pick(d.protocol[group]...))
	if d.model.NXOS {
		line = strings.TrimSuffix(line, " mode on")
	}
	return append(own, line)
}

// portLines are those of a port or a port-channel, in no order. Some say what
// is the default anyhow, or what has no meaning in the port's mode.
func (d *dice) portLines(channel bool) []string {
	if d.chance(15) {
		return nil
	}
	var free [][]string
	line := func(percent int, format string, args ...any) {
		if d.chance(percent) {
			free = append(free, []string{fmt.Sprintf(format, args...)})
		}
	}
	routed := d.model.Routed && d.chance(10)
	line(40, "description %s", d.pick(texts...))
	line(50, "switchport access vlan %d", d.vlan())
	line(30, "switchport trunk native vlan %d", d.vlan())
	if d.chance(50) {
		free = append(free, d.allowed())
	}
	line(20, "shutdown")
	line(30, "%s", d.pick(unknownOnPorts(d.model.NXOS)...))
	line(20, "%s", d.pick(unknownOnPorts(d.model.NXOS)...))
	if d.model.mtu {
		line(15, "mtu %s", d.pick("1500", "9000", "9216"))
	}
	free = append(free, d.modeLines(channel || routed))
	if d.model.NXOS {
		line(20, "spanning-tree port type %s", d.pick("edge", "edge trunk", "network"))
		line(20, "spanning-tree bpduguard %s", d.pick("enable", "disable"))
		line(15, "spanning-tree guard root")
	} else {
		line(20, "switchport voice vlan %s", d.pick("10", "20", "100", "dot1p", "untagged", "none"))
		free = append(free, d.treeLines(), d.settingLines(channel))
	}
	d.Shuffle(len(free), func(i, j int) { free[i], free[j] = free[j], free[i] })
	lines := slices.Concat(free...)
	if routed {
		lines = append([]string{"no switchport"}, lines...)
		switch {
		case d.model.NXOS:
			lines = append(lines, fmt.Sprintf("ip address 192.0.2.%d/32", 1+d.IntN(250)))
		case d.chance(50) && !channel:
			lines = append(lines, fmt.Sprintf("ip address 192.0.2.%d 255.255.255.255", 1+d.IntN(250)))
		}
	}
	return lines
}

// allowed is a trunk's list as people and switches write it.
func (d *dice) allowed() []string {
	const allowed = "switchport trunk allowed vlan "
	switch d.IntN(6) {
	case 0:
		return []string{allowed + d.pick("none", "all")}
	case 1:
		return []string{allowed + "except " + d.pick("10", "1-99", "100,2000-3000")}
	case 2:
		return []string{allowed + "remove " + d.pick("10", "2-99")}
	case 3:
		return []string{allowed + d.pick("10", "1,99", "20-30"), allowed + "add 100-110", allowed + "add 2000,2010"}
	}
	return []string{allowed + d.list()}
}

// modeLines are in the order that the switch demands.
func (d *dice) modeLines(plain bool) []string {
	var lines []string
	mode := d.pick("", "access", "access", "trunk", "trunk", "dynamic auto", "dynamic desirable")
	if !d.model.NXOS && d.chance(5) {
		// There is no word for them in a wish.
		return append(lines, "switchport mode "+d.pick("dot1q-tunnel", "private-vlan host", "private-vlan promiscuous"))
	}
	if d.model.NXOS && strings.HasPrefix(mode, "dynamic") {
		mode = "trunk"
	}
	if d.model.ISL && (mode == "trunk" || d.chance(20)) {
		lines = append(lines, "switchport trunk encapsulation "+d.pick("dot1q", "dot1q", "isl"))
	}
	if mode == "" {
		return lines
	}
	lines = append(lines, "switchport mode "+mode)
	if d.model.NXOS || strings.HasPrefix(mode, "dynamic") {
		return lines
	}
	if d.chance(20) {
		lines = append(lines, "switchport nonegotiate")
	}
	if !plain && d.chance(15) {
		lines = append(lines, "switchport port-security")
	}
	return lines
}

func (d *dice) treeLines() []string {
	var lines []string
	if d.chance(30) {
		words := []string{"", " trunk", " disable"}
		if d.model.XE {
			words = append(words, " edge", " edge trunk", " network")
		}
		lines = append(lines, "spanning-tree portfast"+d.pick(words...))
	}
	if d.chance(20) {
		lines = append(lines, "spanning-tree bpduguard "+d.pick("enable", "disable"))
	}
	if d.chance(20) {
		lines = append(lines, "spanning-tree guard "+d.pick("root", "loop", "none"))
	}
	return lines
}

// settingLines are settings that stand by themselves.
func (d *dice) settingLines(channel bool) []string {
	all := []string{
		"storm-control broadcast level " + d.pick("5.00", "10", "20.5 10.25", "bps 10m"), "storm-control multicast level 3.50", "storm-control unicast level pps 1k",
		"storm-control action " + d.pick("shutdown", "trap"), "ip dhcp snooping trust",
		"switchport port-security maximum " + d.pick("1", "3"), "switchport port-security violation " + d.pick("restrict", "protect", "shutdown"),
		"switchport port-security mac-address sticky",
	}
	if !channel {
		all = append(all, "speed "+d.pick("auto", "100", "auto 10 100"), "duplex "+d.pick("auto", "full", "half"),
			d.pick("no ", "")+"lldp transmit", "no lldp receive", d.pick("no ", "")+"cdp enable")
		if d.model.PoE {
			all = append(all, "power inline "+d.pick("auto", "never", "static", "auto max 15400"))
		}
	}
	var lines []string
	for _, l := range all {
		if d.chance(12) {
			lines = append(lines, l)
		}
	}
	return lines
}

// nets are the networks of SVIs: few, so that they move between them.
var nets = []string{"10.9.0", "10.9.1", "10.9.2", "10.9.3"}

var sviPool = []int{1, 10, 20, 30}

func (d *dice) svis() []block {
	var out []block
	order := d.Perm(len(nets))
	for i, id := range sviPool {
		if !d.chance(50) {
			continue
		}
		k := block{head: fmt.Sprintf("interface Vlan%d", id)}
		line := func(percent int, format string, args ...any) {
			if d.chance(percent) {
				k.lines = append(k.lines, fmt.Sprintf(format, args...))
			}
		}
		net := nets[order[i]]
		line(30, "description %s", d.pick(texts...))
		if d.chance(70) {
			line(100, "ip address %s.%d 255.255.255.0", net, 1+d.IntN(3))
			line(30, "ip address %s.%d 255.255.255.0 secondary", net, 10+d.IntN(3))
			line(20, "ip address %s.%d 255.255.255.0 secondary", net, 20+d.IntN(3))
		}
		line(30, "ip helper-address 10.8.0.%d", 1+d.IntN(3))
		line(20, "ip helper-address 10.8.0.%d", 4+d.IntN(3))
		line(20, "shutdown")
		line(30, "%s", d.pick("ip access-group MGMT in", "no ip redirects", "no ip proxy-arp", "ip ospf cost 5", "standby 1 ip 10.9.0.254"))
		out = append(out, k)
	}
	return out
}

func (d *dice) globals() []block {
	var out []block
	line := func(percent int, format string, args ...any) {
		if d.chance(percent) {
			out = append(out, block{head: fmt.Sprintf(format, args...)})
		}
	}
	line(40, "spanning-tree vlan %s priority %s", d.pick("10", "10,20", "1,30-40"), d.pick("4096", "24576", "0"))
	line(20, "spanning-tree vlan %s priority %s", d.pick("99", "100-110"), d.pick("8192", "24576"))
	line(30, "ip dhcp snooping")
	line(20, "ip dhcp snooping vlan %s", d.pick("10", "10,20", "1-100"))
	line(10, "ip dhcp snooping vlan 1000")
	line(30, "lldp run")
	line(20, "no cdp run")
	line(20, "system mtu %s", d.pick("1500", "9000"))
	line(40, "ip default-gateway 10.9.0.%d", 254-d.IntN(2))
	return out
}
