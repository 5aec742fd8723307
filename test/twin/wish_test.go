package twin

import (
	"fmt"
	"net/netip"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// wish is a random want. It names little or much of the switch, and little or
// much of each thing that it names.
func (d *dice) wish() fabric.Want {
	w := fabric.Want{VLANs: map[int]fabric.VLAN{}, Ports: map[string]fabric.Port{}, SVIs: map[int]fabric.SVI{}}
	much := []int{15, 40, 80}[d.IntN(3)]
	names := d.Perm(len(vlanNames))
	for i, id := range vlanPool {
		switch {
		case d.chance(much):
			v := fabric.VLAN{State: d.pick("", "", fabric.VLANActive, fabric.VLANSuspend)}
			if d.chance(50) {
				v.Name = vlanNames[names[i]]
			}
			w.VLANs[id] = v
		case d.chance(much / 2):
			w.AbsentVLANs = append(w.AbsentVLANs, id)
		}
	}
	modes := map[int][]string{}
	for _, g := range groups {
		modes[g] = [][]string{{"active", "passive"}, {"on"}, d.protocol[g]}[d.IntN(3)]
		switch {
		case d.chance(much):
			w.Ports[fabric.ChannelName(g)] = d.port(true)
		case d.chance(much / 2):
			w.AbsentChannels = append(w.AbsentChannels, g)
		}
	}
	for n := 1; n <= wild; n++ {
		if !d.chance(much) {
			continue
		}
		p := d.port(false)
		switch {
		case d.chance(30):
			g := groups[d.IntN(len(groups))]
			p.Channel = &fabric.ChannelMember{Group: g, Mode: fabric.ChannelMode(d.pick(modes[g]...))}
			if bundle, ok := w.Ports[fabric.ChannelName(g)]; d.chance(70) {
				p.Mode, p.AccessVLAN, p.NativeVLAN, p.Allowed = "", 0, 0, fabric.VLANSet{}
			} else if ok {
				p.Mode, p.AccessVLAN, p.NativeVLAN, p.Allowed = bundle.Mode, bundle.AccessVLAN, bundle.NativeVLAN, bundle.Allowed
			}
			p.PortSecurity.Enabled = fabric.Disable
		case d.chance(50):
			p.Channel = &fabric.ChannelMember{}
		}
		w.Ports[d.model.port(n)] = p
	}
	if d.model.NXOS {
		if d.chance(30) {
			w.Global.LLDP = d.toggle()
		}
		if d.chance(30) {
			w.Global.SystemMTU = []int{fabric.DefaultNumber, 1500, 9000, 9216}[d.IntN(4)]
		}
		return w
	}
	if d.chance(50) {
		d.wishSVIs(&w, much)
	}
	if d.chance(50) {
		w.Global = d.global(much)
	}
	return w
}

func (d *dice) toggle() fabric.Toggle {
	return fabric.Toggle(d.pick(string(fabric.Enable), string(fabric.Disable), string(fabric.Default)))
}

// port is a wanted port or port-channel.
func (d *dice) port(channel bool) fabric.Port {
	p := fabric.Port{Shutdown: d.chance(20), PortFast: d.chance(30)}
	if d.chance(40) {
		p.Description = d.pick(texts...)
	}
	modes := []string{"", "access", "access", "trunk", "trunk"}
	if !d.model.NXOS {
		modes = append(modes, "dynamic auto", "dynamic desirable")
	}
	p.Mode = fabric.PortMode(d.pick(modes...))
	if d.chance(50) {
		p.AccessVLAN = d.vlan()
	}
	if d.chance(30) {
		p.NativeVLAN = d.vlan()
	}
	if d.chance(50) {
		set, err := fabric.ParseVLANSet(d.pick("all", "none", "10", "10,20", d.list(), d.list()))
		if err != nil {
			panic(err)
		}
		p.Allowed = set
	}
	if d.chance(30) {
		p.BPDUGuard = d.toggle()
	}
	if d.chance(30) {
		p.GuardRoot = d.toggle()
	}
	if d.model.mtu && d.chance(20) {
		p.MTU = []int{fabric.DefaultNumber, 9000, 9216}[d.IntN(3)]
	}
	if d.model.NXOS {
		return p
	}
	d.settings(&p, channel)
	return p
}

// settings fills in what IOS alone has.
func (d *dice) settings(p *fabric.Port, channel bool) {
	static := p.Mode == fabric.ModeAccess || p.Mode == fabric.ModeTrunk
	some := []int{5, 40}[d.IntN(2)]
	toggle := func(t *fabric.Toggle) {
		if d.chance(some) {
			*t = d.toggle()
		}
	}
	word := func(s *string, words ...string) {
		if d.chance(some) {
			*s = d.pick(words...)
		}
	}
	if d.chance(some) {
		p.VoiceVLAN = []int{fabric.VoiceOff, fabric.VoiceDot1p, fabric.VoiceUntagged, d.vlan(), d.vlan()}[d.IntN(5)]
	}
	toggle(&p.Negotiate)
	if p.Negotiate == fabric.Disable && !static {
		p.Negotiate = fabric.Enable
	}
	word(&p.StormControl.Broadcast, "default", "5", "10.00", "20.5 10.25", "bps 10m", "pps 1k")
	word(&p.StormControl.Multicast, "default", "3.5")
	word(&p.StormControl.Unicast, "default", "bps 1m 500k")
	word(&p.StormControl.Action, "default", "shutdown", "trap", "shutdown trap")
	if static && !channel {
		toggle(&p.PortSecurity.Enabled)
	} else {
		// A port that is secure must be static.
		p.PortSecurity.Enabled = fabric.Disable
	}
	if d.chance(some) {
		p.PortSecurity.Maximum = []int{fabric.DefaultNumber, 1, 3, 10}[d.IntN(4)]
	}
	word(&p.PortSecurity.Violation, "default", "protect", "restrict", "shutdown")
	toggle(&p.PortSecurity.Sticky)
	toggle(&p.DHCPSnoopingTrust)
	if channel {
		return
	}
	toggle(&p.LLDP.Transmit)
	toggle(&p.LLDP.Receive)
	toggle(&p.CDP)
	word(&p.Speed, "auto", "10", "100", "auto 10 100")
	word(&p.Duplex, "auto", "full", "half")
	if d.model.PoE && d.chance(some) {
		p.PoE = []fabric.PoE{{Mode: "auto"}, {Mode: "never"}, {Mode: "static"}, {Mode: "auto", MaxMilliwatts: 15400}, {Mode: "static", MaxMilliwatts: 7000}}[d.IntN(5)]
	}
}

// wishSVIs moves networks between SVIs. All SVIs whose address could be in the
// way are in the wish.
func (d *dice) wishSVIs(w *fabric.Want, much int) {
	order := d.Perm(len(nets))
	move := d.chance(60)
	for i, id := range sviPool {
		switch {
		case id != 1 && d.chance(20):
			w.AbsentSVIs = append(w.AbsentSVIs, id)
			continue
		case !move && !d.chance(much):
			continue
		}
		s := fabric.SVI{}
		if move {
			s.Addresses = []netip.Prefix{}
			for n := range d.IntN(4) {
				s.Addresses = append(s.Addresses, netip.MustParsePrefix(fmt.Sprintf("%s.%d/24", nets[order[i]], 10*n+1+d.IntN(3))))
			}
		}
		if d.chance(much) {
			s.Helpers = []netip.Addr{}
			for _, n := range d.Perm(6)[:d.IntN(3)] {
				s.Helpers = append(s.Helpers, netip.MustParseAddr(fmt.Sprintf("10.8.0.%d", 1+n)))
			}
		}
		if d.chance(much) {
			text := d.pick(append([]string{""}, texts...)...)
			s.Description = &text
		}
		if d.chance(much) {
			s.Shutdown = d.toggle()
		}
		w.SVIs[id] = s
	}
}

func (d *dice) global(much int) fabric.Global {
	g := fabric.Global{}
	if d.chance(much) {
		g.SpanningTreeMode = d.pick("pvst", "rapid-pvst", "mst", "default")
	}
	if d.chance(much) {
		g.SpanningTreePriority = map[int]fabric.VLANSet{}
		free := fabric.AllVLANs()
		for _, prio := range []int{0, 4096, 24576, fabric.DefaultPriority} {
			set, err := fabric.ParseVLANSet(d.pick("10", "20", "10,20", "30-35", "99-105", "1,999"))
			if err != nil {
				panic(err)
			}
			if set = set.Intersect(free); d.chance(50) && !set.IsNone() {
				g.SpanningTreePriority[prio] = set
				free = free.Minus(set)
			}
		}
	}
	if d.chance(much) {
		g.DHCPSnooping.Enabled = d.toggle()
	}
	if d.chance(much) {
		set, err := fabric.ParseVLANSet(d.pick("none", "10", "10,30", "1-1000", "2,4,6,8-4000"))
		if err != nil {
			panic(err)
		}
		g.DHCPSnooping.VLANs = set
	}
	if d.chance(much) {
		g.LLDP = d.toggle()
	}
	if d.chance(much) {
		g.CDP = d.toggle()
	}
	if d.chance(much) {
		g.SystemMTU = []int{fabric.DefaultNumber, 1500, 9000, 9198}[d.IntN(4)]
	}
	if d.chance(much) {
		g.DefaultGateway = netip.MustParseAddr(d.pick("0.0.0.0", "10.9.0.254", "10.9.1.254"))
	}
	return g
}
