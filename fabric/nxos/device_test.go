package nxos

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// nexus is a switch that takes lines, written without the planner's code. It
// refuses what NX-OS refuses: a port that joins must be like its port-channel,
// LACP needs its feature, a VLAN's name must be free.
type nexus struct {
	routedDefault, downDefault bool
	drags                      bool // members follow in spanning tree and shutdown, too
	features                   map[string]bool
	vlans                      map[int]map[string]string
	ports                      map[string]*nxPort
}

type nxPort struct {
	routed, shut bool
	v            map[string]string // value lines, by command
	allowed      fabric.VLANSet
	group, mode  string
}

// shared are the commands that a port-channel and its members have in common.
var shared = []string{"switchport mode", "switchport access vlan", "switchport trunk native vlan", "mtu"}

func newNexus(routedDefault, downDefault bool, ports int) *nexus {
	n := &nexus{routedDefault, downDefault, false, map[string]bool{}, map[int]map[string]string{1: {}}, map[string]*nxPort{}}
	for i := range ports {
		n.ports["Ethernet1/"+strconv.Itoa(i+1)] = &nxPort{routed: routedDefault, shut: downDefault, v: map[string]string{}, allowed: fabric.AllVLANs()}
	}
	return n
}

func (n *nexus) members(channel string) []*nxPort {
	var out []*nxPort
	for _, name := range slices.Sorted(maps.Keys(n.ports)) {
		if p := n.ports[name]; p.group != "" && "port-channel"+p.group == channel {
			out = append(out, p)
		}
	}
	return out
}

// apply carries out lines and returns the first that was refused.
func (n *nexus) apply(lines []string) error {
	port, vlan := "", 0
	for _, line := range lines {
		var err error
		switch rest, no := strings.CutPrefix(line, "no "); {
		case line == "exit":
			port, vlan = "", 0
		case strings.HasPrefix(rest, "feature "):
			n.features[strings.TrimPrefix(rest, "feature ")] = !no
			for _, p := range n.ports {
				if no && p.mode != "on" && p.group != "" {
					err = fmt.Errorf("LACP is in use")
				}
			}
		case strings.HasPrefix(rest, "vlan "):
			vlan, _ = strconv.Atoi(strings.TrimPrefix(rest, "vlan "))
			if no {
				if n.vlans[vlan] == nil {
					err = fmt.Errorf("no such VLAN")
				}
				delete(n.vlans, vlan)
				vlan = 0
			} else if n.vlans[vlan] == nil {
				n.vlans[vlan] = map[string]string{}
			}
		case strings.HasPrefix(rest, "interface "):
			port = strings.TrimPrefix(rest, "interface ")
			err = n.enter(port, no)
		case vlan != 0:
			err = n.vlanLine(vlan, rest, no)
		case port != "":
			err = n.portLine(port, rest, no)
		default:
			err = fmt.Errorf("not understood in global mode")
		}
		if err != nil {
			return fmt.Errorf("%q: %w", line, err)
		}
	}
	return nil
}

func (n *nexus) enter(name string, no bool) error {
	_, there := n.ports[name]
	channel := strings.HasPrefix(name, "port-channel")
	switch {
	case !there && !channel:
		return fmt.Errorf("no such port")
	case no && len(n.members(name)) > 0:
		return fmt.Errorf("it has members")
	case no:
		delete(n.ports, name)
	case !there:
		n.ports[name] = &nxPort{routed: n.routedDefault, v: map[string]string{}, allowed: fabric.AllVLANs()}
	}
	return nil
}

func (n *nexus) vlanLine(id int, line string, no bool) error {
	word, rest, _ := strings.Cut(line, " ")
	switch {
	case word == "name" && !no:
		for other, v := range n.vlans {
			if other != id && v["name"] == rest {
				return fmt.Errorf("the name is in use")
			}
		}
		n.vlans[id]["name"] = rest
	case word == "name":
		delete(n.vlans[id], "name")
	case line == "state suspend":
		n.vlans[id]["state"] = "suspend"
	case line == "state active":
		delete(n.vlans[id], "state")
	default:
		return fmt.Errorf("not understood in a VLAN")
	}
	return nil
}

func (n *nexus) portLine(name, line string, no bool) error {
	p := n.ports[name]
	word, rest, _ := strings.Cut(line, " ")
	switch {
	case line == "switchport":
		p.routed = no
		if no {
			for _, c := range shared[:3] {
				delete(p.v, c)
			}
			p.allowed = fabric.AllVLANs()
		}
		return n.spread(name)
	case line == "shutdown":
		p.shut = !no
		for _, m := range n.members(name) {
			if n.drags {
				m.shut = p.shut
			}
		}
		return nil
	case word == "channel-group":
		return n.join(p, rest, no)
	case strings.HasPrefix(line, "switchport trunk allowed vlan "):
		return n.list(name, strings.TrimPrefix(line, "switchport trunk allowed vlan "))
	}
	for _, c := range []string{"switchport mode", "switchport access vlan", "switchport trunk native vlan", "mtu", "description",
		"spanning-tree port type", "spanning-tree bpduguard", "spanning-tree guard"} {
		value, ok := strings.CutPrefix(line+" ", c+" ")
		if !ok {
			continue
		}
		if p.routed && strings.HasPrefix(c, "switchport") {
			return fmt.Errorf("the port is routed")
		}
		if value = strings.TrimSpace(value); no || value == "access" {
			delete(p.v, c)
		} else {
			p.v[c] = value
		}
		for _, m := range n.members(name) {
			if n.drags && strings.HasPrefix(c, "spanning-tree") {
				delete(m.v, c)
				if v, ok := p.v[c]; ok {
					m.v[c] = v
				}
			}
		}
		return n.spread(name)
	}
	return fmt.Errorf("not understood on a port")
}

func (n *nexus) list(name, list string) error {
	p := n.ports[name]
	word, rest, _ := strings.Cut(list, " ")
	text := list
	if word == "add" || word == "remove" {
		text = rest
	}
	set, err := fabric.ParseVLANSet(text)
	switch {
	case err != nil:
		return err
	case p.routed:
		return fmt.Errorf("the port is routed")
	case word == "add":
		p.allowed = p.allowed.Union(set)
	case word == "remove":
		p.allowed = p.allowed.Minus(set)
	default:
		p.allowed = set
	}
	return n.spread(name)
}

// spread gives the members what was set on their port-channel, and refuses to
// have a member differ from it.
func (n *nexus) spread(name string) error {
	p := n.ports[name]
	if p.group != "" {
		if !alike(p, n.ports["port-channel"+p.group]) {
			return fmt.Errorf("the port is a member of port-channel%s", p.group)
		}
		return nil
	}
	for _, m := range n.members(name) {
		m.routed, m.allowed = p.routed, p.allowed
		for _, c := range shared {
			delete(m.v, c)
			if v, ok := p.v[c]; ok {
				m.v[c] = v
			}
		}
	}
	return nil
}

func alike(a, b *nxPort) bool {
	same := a.routed == b.routed && a.allowed == b.allowed
	for _, c := range shared {
		same = same && a.v[c] == b.v[c]
	}
	return same
}

func (n *nexus) join(p *nxPort, rest string, no bool) error {
	if no {
		p.group, p.mode = "", ""
		return nil
	}
	w := strings.Fields(rest)
	group, mode := w[0], w[2]
	channel, there := n.ports["port-channel"+group]
	switch {
	case !there:
		return fmt.Errorf("the planner makes the port-channel first")
	case p.group != "" && p.group != group:
		return fmt.Errorf("the port is in another port-channel")
	case mode != "on" && !n.features["lacp"]:
		return fmt.Errorf("feature lacp is off")
	case !alike(p, channel):
		return fmt.Errorf("command failed: port not compatible")
	}
	for _, m := range n.members("port-channel" + group) {
		if m != p && (m.mode == "on") != (mode == "on") {
			return fmt.Errorf("the members speak another protocol")
		}
	}
	if p.group != "" && (p.mode == "on") != (mode == "on") {
		return fmt.Errorf("leave first")
	}
	p.group, p.mode = group, mode
	return nil
}

// String prints the running configuration, defaults hidden.
func (n *nexus) String() string {
	var b strings.Builder
	b.WriteString("!Command: show running-config\n\nversion 9.3(10)\nhostname nx\n")
	if n.routedDefault {
		b.WriteString("no system default switchport\n")
	}
	if n.downDefault {
		b.WriteString("system default switchport shutdown\n")
	}
	for _, f := range slices.Sorted(maps.Keys(n.features)) {
		if n.features[f] {
			b.WriteString("feature " + f + "\n")
		}
	}
	set, _ := fabric.NewVLANSet(slices.Collect(maps.Keys(n.vlans))...)
	b.WriteString("vlan " + FormatVLANs(set) + "\n")
	for _, id := range slices.Sorted(maps.Keys(n.vlans)) {
		if v := n.vlans[id]; len(v) > 0 {
			fmt.Fprintf(&b, "vlan %d\n", id)
			for _, c := range slices.Sorted(maps.Keys(v)) {
				b.WriteString("  " + c + " " + v[c] + "\n")
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(n.ports)) {
		n.printPort(&b, name)
	}
	b.WriteString("line console\nline vty\n")
	return b.String()
}

func (n *nexus) printPort(b *strings.Builder, name string) {
	p := n.ports[name]
	b.WriteString("\ninterface " + name + "\n")
	if p.routed != n.routedDefault {
		b.WriteString(map[bool]string{true: "  no switchport\n", false: "  switchport\n"}[p.routed])
	}
	for _, c := range slices.Sorted(maps.Keys(p.v)) {
		b.WriteString("  " + c + " " + p.v[c] + "\n")
	}
	if !p.allowed.IsAll() {
		list := strings.Split(FormatVLANs(p.allowed), ",")
		for i := 0; i < len(list); i += 6 {
			add := ""
			if i > 0 {
				add = "add "
			}
			b.WriteString("  switchport trunk allowed vlan " + add + strings.Join(list[i:min(i+6, len(list))], ",") + "\n")
		}
	}
	if p.group != "" {
		b.WriteString("  channel-group " + p.group + " mode " + p.mode + "\n")
	}
	down := n.downDefault && !strings.HasPrefix(name, "port-channel") && !p.routed
	if p.shut != down {
		b.WriteString(map[bool]string{true: "  shutdown\n", false: "  no shutdown\n"}[p.shut])
	}
}
