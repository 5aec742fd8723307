package twin

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// checkSVI looks at one SVI before and after.
func checkSVI(id int, s fabric.SVI, was, is []string) []error {
	var es []error
	many := func(lines []string, key string) []string {
		var out []string
		for _, l := range lines {
			if v, ok := strings.CutPrefix(l, key+" "); ok {
				out = append(out, v)
			}
		}
		slices.Sort(out)
		return out
	}
	expect := func(key string, want []string) {
		if got := many(is, key); !slices.Equal(got, want) {
			es = append(es, fmt.Errorf("Vlan%d: %s is %q, want %q", id, key, got, want))
		}
	}
	addresses := many(was, "ip address")
	if s.Addresses != nil {
		addresses = nil
		for n, a := range s.Addresses {
			line := a.Addr().String() + " " + net.IP(net.CIDRMask(a.Bits(), 32)).String()
			if n > 0 {
				line += " secondary"
			}
			addresses = append(addresses, line)
		}
		slices.Sort(addresses)
	}
	expect("ip address", addresses)
	helpers := many(was, "ip helper-address")
	if s.Helpers != nil {
		helpers = nil
		for _, h := range s.Helpers {
			helpers = append(helpers, h.String())
		}
		slices.Sort(helpers)
	}
	expect("ip helper-address", helpers)
	description := many(was, "description")
	if s.Description != nil {
		if description = nil; *s.Description != "" {
			description = []string{*s.Description}
		}
	}
	expect("description", description)
	down := slices.Contains(was, "shutdown")
	if s.Shutdown != "" {
		down = s.Shutdown == fabric.Enable
	}
	if slices.Contains(is, "shutdown") != down {
		es = append(es, fmt.Errorf("Vlan%d: shutdown is %t, want %t", id, !down, down))
	}
	return es
}

func (p *pair) checkGlobal(a, b picture) []error {
	var es []error
	g := p.b.Global
	a.heads, b.heads = knownHeads(a.heads), knownHeads(b.heads)
	expect := func(key, def string, want ...string) {
		if got := value(b.heads, key, def); len(want) > 0 && !slices.Contains(want, got) {
			es = append(es, fmt.Errorf("%s is %q, want %q", key, got, want))
		}
	}
	onOff := func(key, def string, t fabric.Toggle) {
		if t != "" {
			expect(key, def, map[fabric.Toggle]string{fabric.Enable: "yes", fabric.Disable: "no", fabric.Default: def}[t])
		}
	}
	if g.SpanningTreeMode != "" && g.SpanningTreeMode != "default" {
		expect("spanning-tree mode", "", g.SpanningTreeMode)
	}
	onOff("lldp run", "no", g.LLDP)
	onOff("cdp run", "yes", g.CDP)
	if t := g.DHCPSnooping.Enabled; t != "" && slices.Contains(b.heads, "ip dhcp snooping") != (t == fabric.Enable) {
		es = append(es, fmt.Errorf("DHCP snooping is not %q", t))
	}
	if set := g.DHCPSnooping.VLANs; !set.IsZero() {
		expect("ip dhcp snooping vlan", "none", set.String())
	}
	switch g.SystemMTU {
	case 0:
	case fabric.DefaultNumber, 1500:
		expect("system mtu", "1500", "1500")
	default:
		expect("system mtu", "1500", strconv.Itoa(g.SystemMTU))
	}
	switch gw := g.DefaultGateway; {
	case gw.IsUnspecified():
		expect("ip default-gateway", "", "")
	case gw.IsValid():
		expect("ip default-gateway", "", gw.String())
	}
	was, is := priorities(a.heads), priorities(b.heads)
	want := was
	for prio, set := range g.SpanningTreePriority {
		for id := range set.All() {
			want[id] = prio
		}
	}
	for id, prio := range want {
		if is[id] != prio {
			es = append(es, fmt.Errorf("the priority in VLAN %d is %d, want %d", id, is[id], prio))
			break
		}
	}
	return es
}

// priorities are those of all VLANs.
func priorities(heads []string) [fabric.MaxVLAN + 1]int {
	var out [fabric.MaxVLAN + 1]int
	for id := range out {
		out[id] = fabric.DefaultPriority
	}
	for _, h := range heads {
		var list string
		var prio int
		if _, err := fmt.Sscanf(h, "spanning-tree vlan %s priority %d", &list, &prio); err != nil {
			continue
		}
		if set, err := fabric.ParseVLANSet(list); err == nil {
			for id := range set.All() {
				out[id] = prio
			}
		}
	}
	return out
}
