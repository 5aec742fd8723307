package iossim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/lab/wire"
)

// observer is the plane to look at; a plane that cannot be looked at has all
// enabled ports connected.
func (s *Sim) observer() Observer {
	if o, ok := s.cfg.Plane.(Observer); ok {
		return o
	}
	return nobody{}
}

// connected reports whether a port is enabled and has a live peer.
func (s *Sim) connected(i *iface) bool {
	switch {
	case i.shutdown || i.errDisabled:
		return false
	case i.kind() == "Vlan":
		_, numbers := splitName(i.name)
		return s.db.forwards(numbers[0])
	case i.kind() == "Loopback":
		return true
	case i.kind() == "Port-channel":
		_, numbers := splitName(i.name)
		return slices.ContainsFunc(s.memberNames(numbers[0]), func(name string) bool {
			m := s.run.ifaces[name]
			return m.suspended == "" && s.connected(m)
		})
	case i.managementIf:
		return false
	}
	return s.observer().LinkUp(i.name)
}

// shown are the interfaces that a command is about: the one named, or all that
// pass the test.
func (c *call) shown(test func(*iface) bool) ([]*iface, error) {
	if len(c.args) > 0 {
		i := c.sim.run.ifaces[c.arg(0)]
		if i == nil {
			return nil, c.invalid(0)
		}
		return []*iface{i}, nil
	}
	var all []*iface
	for _, name := range c.sim.run.names() {
		if i := c.sim.run.ifaces[name]; test(i) {
			all = append(all, i)
		}
	}
	return all, nil
}

func (s *Sim) media(i *iface) string {
	if g, ok := s.ports[i.name]; ok {
		return g.media
	}
	if i.managementIf {
		return "10/100BaseTX"
	}
	return ""
}

func showStatus(c *call) error {
	list, err := c.shown(func(i *iface) bool { return i.kind() != "Vlan" && i.kind() != "Loopback" })
	if err != nil {
		return err
	}
	c.printf("\nPort      Name               Status       Vlan       Duplex  Speed Type\n")
	for _, i := range list {
		status, duplex, speed := "notconnect", "auto", "auto"
		up := c.sim.connected(i)
		switch {
		case i.shutdown:
			status = "disabled"
		case i.errDisabled:
			status = "err-disabled"
		case up && !i.trunking() && !i.routed && !c.sim.db.forwards(i.access):
			status = "inactive"
		case up && i.suspended != "":
			status = "suspended"
		case up:
			status, duplex, speed = "connected", "a-full", "a-1000"
		}
		if v := i.value("speed"); v != "" && !strings.HasPrefix(v, "auto") && v != "nonegotiate" {
			speed = v
		}
		if v := i.value("duplex"); v != "" {
			duplex = v
		}
		vlan := fmt.Sprint(i.access)
		switch {
		case i.routed || i.managementIf:
			vlan = "routed"
		case i.trunking() && up:
			vlan = "trunk"
		}
		c.printf("%-9s %-18s %-12s %-10s %6s %6s %s\n", shortName(i.name), clip(i.description, 18), status, vlan, duplex, speed, c.sim.media(i))
	}
	return nil
}

func clip(s string, n int) string { return s[:min(len(s), n)] }

func showDescription(c *call) error {
	list, err := c.shown(func(*iface) bool { return true })
	if err != nil {
		return err
	}
	c.printf("Interface                      Status         Protocol Description\n")
	for _, i := range list {
		status, protocol := c.sim.updown(i, "admin down")
		c.printf("%-30s %-14s %-8s %s\n", shortName(i.name), status, protocol, i.description)
	}
	return nil
}

func (s *Sim) updown(i *iface, disabled string) (status, protocol string) {
	switch {
	case i.shutdown:
		return disabled, "down"
	case s.connected(i):
		return "up", "up"
	}
	return "down", "down"
}

func (s *Sim) voiceLabel(voice string) string {
	if id, err := strconv.Atoi(voice); err == nil {
		return s.vlanLabel(id)
	}
	if voice == "" {
		return "none"
	}
	return voice
}

func (s *Sim) vlanLabel(id int) string {
	if !s.db.exists(id) {
		return fmt.Sprintf("%d (Inactive)", id)
	}
	return fmt.Sprintf("%d (%s)", id, s.db.name(id))
}

func showSwitchport(c *call) error {
	list, err := c.shown((*iface).switched)
	if err != nil {
		return err
	}
	for _, i := range list {
		c.switchport(i)
	}
	return nil
}

func (c *call) switchport(i *iface) {
	c.printf("Name: %s\n", shortName(i.name))
	if !i.switched() || i.routed {
		c.printf("Switchport: Disabled\n\n")
		return
	}
	mode := i.mode
	if mode == modeDefault {
		mode = c.sim.profile.defaultMode
	}
	operational, encap := "down", ""
	switch up := c.sim.connected(i); {
	case up && i.suspended != "":
	case up && i.group > 0:
		operational, encap = "trunk", "dot1q"
		if !i.trunking() {
			operational, encap = "static access", "native"
		}
		operational += fmt.Sprintf(" (member of bundle Po%d)", i.group)
	case up && i.trunking():
		operational, encap = "trunk", "dot1q"
	case up:
		operational, encap = "static access", "native"
	}
	admin := "dot1q"
	if c.sim.profile.ISL {
		admin = "negotiate"
		if i.encap != "" {
			admin = i.encap
		}
	}
	if mode == modeAccess {
		mode = "static access"
	}
	negotiation := "On"
	if i.nonegotiate || i.mode == modeAccess {
		negotiation = "Off"
	}
	c.printf("Switchport: Enabled\nAdministrative Mode: %s\nOperational Mode: %s\n", mode, operational)
	c.printf("Administrative Trunking Encapsulation: %s\n", admin)
	if encap != "" {
		c.printf("Operational Trunking Encapsulation: %s\n", encap)
	}
	c.printf("Negotiation of Trunking: %s\n", negotiation)
	c.printf("Access Mode VLAN: %s\n", c.sim.vlanLabel(i.access))
	c.printf("Trunking Native Mode VLAN: %s\n", c.sim.vlanLabel(i.native))
	c.printf("Administrative Native VLAN tagging: enabled\nVoice VLAN: %s\n", c.sim.voiceLabel(i.voice))
	for _, l := range []string{"host-association", "mapping", "trunk native VLAN"} {
		c.printf("Administrative private-vlan %s: none \n", l)
	}
	c.printf("Administrative private-vlan trunk Native VLAN tagging: enabled\nAdministrative private-vlan trunk encapsulation: dot1q\n")
	for _, l := range []string{"normal VLANs", "associations", "mappings"} {
		c.printf("Administrative private-vlan trunk %s: none\n", l)
	}
	c.printf("Operational private-vlan: none\n")
	enabled := "ALL"
	switch {
	case i.allowed == wire.VLANs{}:
		enabled = "NONE"
	case i.allowed != wire.AllVLANs():
		enabled = strings.Join(wrapVLANs(i.allowed, 54, 70), ",\n     ")
	}
	c.printf("Trunking VLANs Enabled: %s\nPruning VLANs Enabled: 2-1001\nCapture Mode Disabled\nCapture VLANs Allowed: ALL\n\n", enabled)
	c.printf("Protected: false\nUnknown unicast blocked: disabled\nUnknown multicast blocked: disabled\nAppliance trust: none\n\n")
}

func showTrunk(c *call) error {
	list, err := c.shown(func(i *iface) bool { return i.switched() && i.trunking() && c.sim.connected(i) })
	if err != nil || len(list) == 0 {
		return err
	}
	var live wire.VLANs
	for _, id := range c.sim.db.ids() {
		if c.sim.db.forwards(id) {
			live.Add(id)
		}
	}
	c.printf("\nPort        Mode             Encapsulation  Status        Native vlan\n")
	for _, i := range list {
		mode, status := "on", "trunking"
		if !i.trunking() {
			mode, status = "auto", "not-trunking"
		}
		c.printf("%-11s %-16s %-14s %-13s %d\n", c.sim.short(i.name), mode, "802.1q", status, i.native)
	}
	table := func(title string, set func(*iface) wire.VLANs) {
		c.printf("\nPort        %s\n", title)
		for _, i := range list {
			text := formatVLANs(set(i))
			if text == "" {
				text = "none"
			}
			c.printf("%-11s %s\n", c.sim.short(i.name), text)
		}
	}
	table("Vlans allowed on trunk", func(i *iface) wire.VLANs { return i.allowed })
	table("Vlans allowed and active in management domain", func(i *iface) wire.VLANs { return i.allowed.Intersect(live) })
	table("Vlans in spanning tree forwarding state and not pruned", func(i *iface) wire.VLANs { return i.allowed.Intersect(live) })
	return nil
}

func showIPBrief(c *call) error {
	c.printf("Interface              IP-Address      OK? Method Status                Protocol\n")
	list, _ := c.shown(func(*iface) bool { return true })
	for _, kind := range []string{"Vlan", ""} {
		for _, i := range list {
			if (i.kind() == "Vlan") != (kind == "Vlan") {
				continue
			}
			address, method := "unassigned", "unset"
			if p, ok := i.address(); ok {
				address, method = p.Addr().String(), "NVRAM"
			} else if !i.switched() {
				method = "NVRAM"
			}
			status, protocol := c.sim.updown(i, "administratively down")
			c.printf("%-22s %-15s YES %-6s %-21s %-8s\n", i.name, address, method, status, protocol)
		}
	}
	return nil
}

func showInterfaces(c *call) error {
	list, err := c.shown(func(*iface) bool { return true })
	if err != nil {
		return err
	}
	for _, i := range list {
		c.interfaceDetail(i)
	}
	return nil
}

func (c *call) interfaceDetail(i *iface) {
	status, protocol := c.sim.updown(i, "administratively down")
	state := map[bool]string{true: "connected", false: "notconnect"}[protocol == "up"]
	if i.shutdown {
		state = "disabled"
	}
	if i.kind() == "Vlan" {
		c.printf("%s is %s, line protocol is %s \n", i.name, status, protocol)
	} else {
		c.printf("%s is %s, line protocol is %s (%s) \n", i.name, status, protocol, state)
	}
	kind, numbers := splitName(i.name)
	hardware := "Gigabit Ethernet"
	switch kinds[kind].name {
	case "Vlan":
		hardware = "EtherSVI"
	case "FastEthernet":
		hardware = "Fast Ethernet"
	case "Port-channel":
		hardware = "EtherChannel"
	}
	mac := dotted(c.sim.mac(kind<<8 + numbers[len(numbers)-1]))
	c.printf("  Hardware is %s, address is %s (bia %s)\n", hardware, mac, mac)
	if i.description != "" {
		c.printf("  Description: %s\n", i.description)
	}
	if p, ok := i.address(); ok {
		c.printf("  Internet address is %s\n", p)
	}
	mtu := i.value("mtu")
	if mtu == "" {
		mtu = "1500"
	}
	c.printf("  MTU %s bytes, BW 1000000 Kbit/sec, DLY 10 usec, \n     reliability 255/255, txload 1/255, rxload 1/255\n", mtu)
	c.printf("  Encapsulation ARPA, loopback not set\n  Keepalive set (10 sec)\n")
	if i.kind() != "Vlan" {
		duplex := "Auto-duplex, Auto-speed"
		if protocol == "up" {
			duplex = "Full-duplex, 1000Mb/s"
		}
		c.printf("  %s, media type is %s\n  input flow-control is off, output flow-control is unsupported \n", duplex, c.sim.media(i))
	}
	c.printf("  ARP type: ARPA, ARP Timeout 04:00:00\n  Last input never, output never, output hang never\n")
	c.printf("  Last clearing of \"show interface\" counters never\n")
	n := c.sim.observer().Counters(i.name)
	c.printf("  Input queue: 0/75/0/0 (size/max/drops/flushes); Total output drops: %d\n", n.TxDropped)
	c.printf("  Queueing strategy: fifo\n  Output queue: 0/40 (size/max)\n")
	c.printf("  5 minute input rate 0 bits/sec, 0 packets/sec\n  5 minute output rate 0 bits/sec, 0 packets/sec\n")
	c.printf("     %d packets input, %d bytes, 0 no buffer\n     Received 0 broadcasts (0 multicasts)\n", n.RxFrames, n.RxBytes)
	c.printf("     0 runts, 0 giants, 0 throttles \n     0 input errors, 0 CRC, 0 frame, 0 overrun, %d ignored\n", n.RxDropped)
	c.printf("     0 watchdog, 0 multicast, 0 pause input\n     0 input packets with dribble condition detected\n")
	c.printf("     %d packets output, %d bytes, 0 underruns\n     0 output errors, 0 collisions, 0 interface resets\n", n.TxFrames, n.TxBytes)
	c.printf("     0 unknown protocol drops\n     0 babbles, 0 late collision, 0 deferred\n     0 lost carrier, 0 no carrier, 0 pause output\n")
	c.printf("     0 output buffer failures, 0 output buffers swapped out\n")
}
