package ios

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// fakeSwitch is a small switch with state: enough of IOS to apply lines, to
// refuse some, and to print its configuration. It shares no code with the
// package that it tests.
type fakeSwitch struct {
	host   string
	isl    bool
	vtp    string
	banner string // text of a banner motd, empty for none
	order  []string
	ports  map[string]*fakePort
	vlans  map[int]string // 1..4094 to name
	saved  string
	ways   *fakeWays // nil for a switch that has no way back

	wide fakeWide

	port *fakePort // the interface that is being configured
	vlan int
	mode string // "", "config", "config-if", "config-vlan"
}

type fakePort struct {
	description, mode, access, native, encap, portfast string
	allowed                                            *vlanMap // nil is no line
	shutdown                                           bool
	other                                              []string
	channel                                            string            // what follows channel-group
	set                                                map[string]string // further lines, by what they begin with
}

func newFakeSwitch(host string, ports int) *fakeSwitch {
	f := &fakeSwitch{host: host, vtp: "server", ports: map[string]*fakePort{}, vlans: map[int]string{1: "default"}}
	for i := 1; i <= ports; i++ {
		name := fmt.Sprintf("GigabitEthernet1/0/%d", i)
		f.order = append(f.order, name)
		f.ports[name] = &fakePort{}
	}
	return f
}

type vlanMap [4095]bool

func ranges(set *vlanMap) string {
	var ids []int
	for id, in := range set {
		if in {
			ids = append(ids, id)
		}
	}
	var parts []string
	for i := 0; i < len(ids); i++ {
		j := i
		for j+1 < len(ids) && ids[j+1] == ids[j]+1 {
			j++
		}
		switch {
		case j == i:
			parts = append(parts, strconv.Itoa(ids[i]))
		case j == i+1:
			parts = append(parts, strconv.Itoa(ids[i]), strconv.Itoa(ids[j]))
		default:
			parts = append(parts, fmt.Sprintf("%d-%d", ids[i], ids[j]))
		}
		i = j
	}
	return strings.Join(parts, ",")
}

func expand(list string) (*vlanMap, bool) {
	set := &vlanMap{}
	for part := range strings.SplitSeq(list, ",") {
		lo, hi, r := strings.Cut(part, "-")
		a, err := strconv.Atoi(lo)
		b := a
		if r {
			var err2 error
			if b, err2 = strconv.Atoi(hi); err2 != nil {
				return nil, false
			}
		}
		if err != nil || a < 1 || b > 4094 || a > b {
			return nil, false
		}
		for id := a; id <= b; id++ {
			set[id] = true
		}
	}
	return set, true
}

// lines are the port's lines in the order of a running configuration.
func (p *fakePort) lines() []string {
	var out []string
	add := func(prefix, v string) {
		if v != "" {
			out = append(out, prefix+v)
		}
	}
	add("description ", p.description)
	add("switchport access vlan ", p.access)
	add("switchport trunk encapsulation ", p.encap)
	add("switchport trunk native vlan ", p.native)
	if p.allowed != nil {
		out = append(out, wrapAllowed(ranges(p.allowed))...)
	}
	add("switchport mode ", p.mode)
	out = append(out, p.other...)
	add("channel-group ", p.channel)
	out = append(out, p.settings()...)
	if p.shutdown {
		out = append(out, "shutdown")
	}
	switch p.portfast {
	case "":
	case "plain":
		out = append(out, "spanning-tree portfast")
	default:
		out = append(out, "spanning-tree portfast "+p.portfast)
	}
	return out
}

// wrapAllowed breaks a list as Catalysts do.
func wrapAllowed(list string) []string {
	const prefix = "switchport trunk allowed vlan "
	if list == "" {
		return []string{prefix + "none"}
	}
	if list == "1-4094" {
		return nil
	}
	var out []string
	cur, room := "", 48
	for part := range strings.SplitSeq(list, ",") {
		if cur != "" && len(cur)+1+len(part) > room {
			out = append(out, cur)
			cur, room = "", 44
		}
		if cur != "" {
			cur += ","
		}
		cur += part
	}
	out = append(out, cur)
	for i := range out {
		if i == 0 {
			out[i] = prefix + out[i]
		} else {
			out[i] = prefix + "add " + out[i]
		}
	}
	return out
}

func (f *fakeSwitch) running() string {
	var b strings.Builder
	fmt.Fprintf(&b, "version 15.2\n!\nhostname %s\n!\n", f.host)
	if f.banner != "" {
		fmt.Fprintf(&b, "banner motd ^C\n%s\n^C\n!\n", f.banner)
	}
	if f.ways != nil && f.ways.archive {
		b.WriteString("archive\n log config\n  logging enable\n path flash:backup\n!\n")
	}
	if f.vtp == "transparent" {
		var ids []int
		for id := range f.vlans {
			ids = append(ids, id)
		}
		slices.Sort(ids)
		for _, id := range ids {
			if id == 1 {
				continue
			}
			fmt.Fprintf(&b, "vlan %d\n", id)
			if f.wide.suspended[id] {
				b.WriteString(" state suspend\n")
			}
			if f.vlans[id] != fmt.Sprintf("VLAN%04d", id) {
				fmt.Fprintf(&b, " name %s\n", f.vlans[id])
			}
			b.WriteString("!\n")
		}
	}
	for _, name := range f.order {
		fmt.Fprintf(&b, "interface %s\n", name)
		for _, l := range f.ports[name].lines() {
			b.WriteString(" " + l + "\n")
		}
		b.WriteString("!\n")
	}
	b.WriteString("interface Vlan1\n no ip address\n shutdown\n!\n" + f.wide.text() + "line vty 0 4\n login local\n!\nend\n")
	return b.String()
}

const invalid = "                ^\n% Invalid input detected at '^' marker.\n"

// exec carries out one line of configuration and gives the answer.
func (f *fakeSwitch) exec(line string) string {
	line = strings.TrimSpace(line)
	no := false
	cmd := line
	if rest, ok := strings.CutPrefix(line, "no "); ok {
		no, cmd = true, rest
	}
	switch {
	case line == "exit":
		f.wide.svi = nil
		f.mode, f.port = map[string]string{"config": "", "config-if": "config", "config-vlan": "config"}[f.mode], nil
		return ""
	case line == "end":
		f.mode, f.port = "", nil
		return ""
	case strings.HasPrefix(cmd, "interface ") && !no:
		p, ok := f.ports[strings.TrimPrefix(cmd, "interface ")]
		f.wide.svi = nil
		if !ok {
			return f.logical(strings.TrimPrefix(cmd, "interface "))
		}
		f.mode, f.port = "config-if", p
		return ""
	case strings.HasPrefix(cmd, "vlan "):
		id, err := strconv.Atoi(strings.TrimPrefix(cmd, "vlan "))
		switch {
		case err != nil || id < 1 || id > 4094:
			return "Command rejected: Bad VLAN list - character #1 is a non-numeric\n"
		case f.vtp == "client":
			return "VTP VLAN configuration not allowed when device is in CLIENT mode.\n"
		case no && id == 1:
			return "%Default VLAN 1 may not be deleted.\n"
		case no:
			delete(f.vlans, id)
			delete(f.wide.suspended, id)
			f.mode, f.port = "config", nil
			return ""
		}
		if f.vlans[id] == "" {
			f.vlans[id] = fmt.Sprintf("VLAN%04d", id)
		}
		f.mode, f.vlan, f.port = "config-vlan", id, nil
		return ""
	case f.mode == "config-vlan" && no && cmd == "name":
		f.vlans[f.vlan] = fmt.Sprintf("VLAN%04d", f.vlan)
		return ""
	case f.mode == "config-vlan" && strings.HasPrefix(cmd, "name "):
		name := strings.TrimPrefix(cmd, "name ")
		for id, n := range f.vlans {
			if n == name && id != f.vlan {
				return fmt.Sprintf("%%VLAN #%d and #%d have an identical name: %s\n", id, f.vlan, name)
			}
		}
		f.vlans[f.vlan] = name
		return ""
	case f.mode == "config-if" && f.wide.svi != nil:
		return f.wide.svi.exec(no, cmd)
	case f.mode == "config-if":
		before := *f.port
		if before.allowed != nil {
			list := *before.allowed
			before.allowed = &list
		}
		answer := f.execPort(no, cmd)
		f.spread(before, f.port)
		return answer
	}
	return f.execWide(no, cmd)
}

func (f *fakeSwitch) execPort(no bool, cmd string) string {
	p := f.port
	set := func(field *string, value string) string {
		if no {
			value = ""
		}
		*field = value
		return ""
	}
	after := func(prefix string) (string, bool) {
		if no && cmd == prefix {
			return "", true
		}
		return strings.CutPrefix(cmd, prefix+" ")
	}
	if v, ok := after("description"); ok {
		return set(&p.description, v)
	}
	if cmd == "shutdown" {
		p.shutdown = !no
		return ""
	}
	if v, ok := after("switchport access vlan"); ok {
		notice := ""
		if id, err := strconv.Atoi(v); err == nil && f.vlans[id] == "" && !no {
			f.vlans[id] = fmt.Sprintf("VLAN%04d", id)
			notice = fmt.Sprintf("%% Access VLAN does not exist. Creating vlan %d\n", id)
		}
		if v == "1" {
			v = ""
		}
		set(&p.access, v)
		return notice
	}
	if v, ok := after("switchport trunk native vlan"); ok {
		return set(&p.native, v)
	}
	if v, ok := after("switchport trunk encapsulation"); ok {
		if !f.isl {
			return invalid
		}
		if no && p.mode == "trunk" {
			return "Command rejected: An interface in trunk mode needs an encapsulation.\n"
		}
		return set(&p.encap, v)
	}
	if v, ok := after("switchport trunk allowed vlan"); ok {
		return p.execAllowed(no, v)
	}
	if v, ok := after("switchport mode"); ok {
		if _, silent := p.set["switchport nonegotiate"]; silent && (no || strings.HasPrefix(v, "dynamic")) {
			return "Command rejected: Conflict between 'nonegotiate' and 'dynamic' status.\n"
		}
		if f.isl && v == "trunk" && p.encap == "" && !no {
			return "Command rejected: An interface whose trunk encapsulation is \"Auto\" can not be configured to \"trunk\" mode.\n"
		}
		return set(&p.mode, v)
	}
	if cmd == "spanning-tree portfast" {
		set(&p.portfast, "plain")
		if no {
			return ""
		}
		return "%Warning: portfast should only be enabled on ports connected to a single\n host. Connecting hubs, concentrators, switches, bridges, etc... to this\n interface  when portfast is enabled, can cause temporary bridging loops.\n Use with CAUTION\n\n%Portfast has been configured on GigabitEthernet1/0/1 but will only\n have effect when the interface is in a non-trunking mode.\n"
	}
	if v, ok := after("spanning-tree portfast"); ok {
		return set(&p.portfast, v)
	}
	return f.execSetting(no, cmd)
}

func (p *fakePort) execAllowed(no bool, v string) string {
	if no {
		p.allowed = nil
		return ""
	}
	all, _ := expand("1-4094")
	word, list, _ := strings.Cut(v, " ")
	switch word {
	case "all":
		p.allowed = nil
		return ""
	case "none":
		p.allowed = &vlanMap{}
		return ""
	case "add", "remove":
		set, ok := expand(list)
		if !ok {
			return "Command rejected: Bad VLAN list\n"
		}
		if p.allowed == nil {
			p.allowed, _ = expand("1-4094")
		}
		for id, in := range set {
			if in {
				p.allowed[id] = word == "add"
			}
		}
	default:
		set, ok := expand(v)
		if !ok {
			return "Command rejected: Bad VLAN list\n"
		}
		p.allowed = set
	}
	if *p.allowed == *all {
		p.allowed = nil
	}
	return ""
}

func (f *fakeSwitch) showVLANs() string {
	var b strings.Builder
	b.WriteString("\nVLAN Name                             Status    Ports\n---- -------------------------------- --------- -------------------------------\n")
	var ids []int
	for id := range f.vlans {
		ids = append(ids, id)
	}
	ids = append(ids, 1002, 1003, 1004, 1005)
	slices.Sort(ids)
	for _, id := range ids {
		if id >= 1002 && id <= 1005 {
			fmt.Fprintf(&b, "%-4d %-32s act/unsup \n", id, "reserved")
			continue
		}
		status := "active"
		if f.wide.suspended[id] {
			status = "suspended"
		}
		fmt.Fprintf(&b, "%-4d %-32s %-9s \n", id, f.vlans[id], status)
	}
	return b.String()
}

// show answers a command of privileged mode.
func (f *fakeSwitch) show(line string) string {
	switch {
	case line == "show running-config":
		return "Building configuration...\n\nCurrent configuration : 1234 bytes\n!\n" + f.running()
	case line == "show vlan brief":
		return f.showVLANs()
	case line == "show vtp status":
		return "VTP Version capable             : 1 to 3\nVTP version running             : 1\nVTP Domain Name                 : \n\nFeature VLAN:\n--------------\nVTP Operating Mode                : " + f.vtp + "\n"
	case line == "show version":
		return "Cisco IOS Software, C2960X Software (C2960X-UNIVERSALK9-M), Version 15.2(7)E6, RELEASE SOFTWARE (fc2)\n\n" + f.host + " uptime is 1 day\ncisco WS-C2960X-48TS-L (APM86XXX) processor (revision D0) with 524288K bytes of memory.\nModel number                    : WS-C2960X-48TS-L\n"
	case strings.HasSuffix(line, " switchport"):
		encap := "dot1q"
		if f.isl {
			encap = "negotiate"
		}
		return "Name: Gi1/0/1\nSwitchport: Enabled\nAdministrative Mode: dynamic auto\nOperational Mode: down\nAdministrative Trunking Encapsulation: " + encap + "\nAccess Mode VLAN: 1 (default)\nTrunking Native Mode VLAN: 1 (default)\nTrunking VLANs Enabled: ALL\nPruning VLANs Enabled: 2-1001\n"
	case line == "show interfaces status":
		return "\nPort      Name               Status       Vlan       Duplex  Speed Type\nGi1/0/1                      connected    1          a-full a-1000 10/100/1000BaseTX\n"
	case line == "write memory":
		f.saved = f.running()
		return "Building configuration...\n[OK]\n"
	case strings.HasPrefix(line, "terminal "):
		return ""
	}
	return invalid
}
