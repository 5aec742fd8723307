package iossim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

var nexusShows = []command{
	{pattern: "show running-config", run: nexusRunning},
	{pattern: "show running-config all", run: nexusRunningAll},
	{pattern: "show running-config interface IF", run: nexusRunningInterface},
	{pattern: "show startup-config", run: func(c *call) error { c.printf("\n!Command: show startup-config\n\n%s", c.sim.startup); return nil }},
	{pattern: "show version", run: nexusVersion},
	{pattern: "show hostname", run: func(c *call) error { c.printf("%s \n", c.sim.run.hostname); return nil }},
	{pattern: "show clock", run: func(c *call) error { c.printf("%s\n", stamp(c.sim.now())); return nil }},
	{pattern: "show feature", run: nexusFeatures},
	{pattern: "show inventory", run: func(c *call) error {
		c.printf("NAME: \"Chassis\",  DESCR: \"Nexus9000 %s Chassis\"\nPID: %-18s,  VID: V01 ,  SN: %s\n", c.sim.profile.Name, c.sim.profile.Name, c.sim.serial())
		return nil
	}},
	{pattern: "show vlan [brief]", run: nexusVLANs},
	{pattern: "show vlan id 1-4094", run: nexusVLANs},
	{pattern: "show interface IF", run: nexusDetail},
	{pattern: "show interface [IF] status", run: nexusStatus},
	{pattern: "show interface [IF] switchport", run: nexusSwitchport},
	{pattern: "show interface [IF] trunk", run: showTrunk},
	{pattern: "show port-channel summary", run: nexusChannels},
	{pattern: "show mac address-table [dynamic]", run: nexusMAC},
	{pattern: "show lldp neighbors [detail]", run: nexusLLDP},
	{pattern: "show cdp neighbors [IF] [detail]", run: showCDPNeighbors},
	{pattern: "show logging logfile", run: func(c *call) error { c.printf("%s\n", strings.Join(c.sim.history, "\n")); return nil }},
	{pattern: "show users", run: showUsers},
	{pattern: "show privilege", run: func(c *call) error { c.printf("User name: %s\nCurrent privilege level: -1\n", c.by()); return nil }},
}

func nexusRunning(c *call) error {
	at := c.sim.now().UTC().Format("Mon Jan _2 15:04:05 2006")
	c.printf("\n!Command: show running-config\n!Running configuration last done at: %s\n!Time: %s\n\n%s", at, at, c.sim.text())
	return nil
}

// nexusRunningAll adds the defaults that decide what a port without lines is.
func nexusRunningAll(c *call) error {
	at := c.sim.now().UTC().Format("Mon Jan _2 15:04:05 2006")
	c.printf("\n!Command: show running-config all\n!Time: %s\n\nsystem default switchport\nno system default switchport shutdown\n%s", at, c.sim.text())
	return nil
}

func nexusRunningInterface(c *call) error {
	i := c.sim.run.ifaces[c.arg(0)]
	if i == nil {
		return c.invalid(0)
	}
	at := c.sim.now().UTC().Format("Mon Jan _2 15:04:05 2006")
	c.printf("\n!Command: show running-config interface %s\n!Time: %s\n\nversion %s Bios:version 05.45 \n\n%s\n\n", nexusName(i.name), at, c.sim.profile.Version, strings.Join(c.sim.nexusInterfaceLines(i), "\n"))
	return nil
}

func nexusVersion(c *call) error {
	p := c.sim.profile
	c.printf("Cisco Nexus Operating System (NX-OS) Software\nTAC support: none, this is a switch simulated by the Cthulix lab\n\nSoftware\n  BIOS: version 05.45\n  NXOS: version %s\n  NXOS image file is: bootflash:///nxos.%s.bin\n\n\n", p.Version, strings.NewReplacer("(", ".", ")", "").Replace(p.Version))
	c.printf("Hardware\n  cisco Nexus9000 %s Chassis \n  Intel(R) Xeon(R) CPU with 24632964 kB of memory.\n  Processor Board ID %s\n\n  Device name: %s\n  bootflash:   53298520 kB\n", p.Name, c.sim.serial(), c.sim.run.hostname)
	up := c.sim.now().Sub(c.sim.booted)
	c.printf("Kernel uptime is %d day(s), %d hour(s), %d minute(s), %d second(s)\n\nLast reset\n  Reason: Unknown\n  System version: %s\n  Service: \n\nplugin\n  Core Plugin, Ethernet Plugin\n\n",
		int(up.Hours())/24, int(up.Hours())%24, int(up.Minutes())%60, int(up.Seconds())%60, p.Version)
	return nil
}

func nexusFeatures(c *call) error {
	c.printf("Feature Name          Instance  State   \n--------------------  --------  --------\n")
	for _, f := range features {
		state := "disabled"
		if c.sim.feature(f) {
			state = "enabled "
		}
		c.printf("%-20s  %-8d  %s\n", f, 1, state)
	}
	return nil
}

// nexusVLANs are the VLANs that a Nexus shows: those that were made.
func (s *Sim) nexusVLANs() []int {
	ids := []int{1}
	for _, id := range s.db.ids() {
		if _, made := s.db.VLANs[id]; made {
			ids = append(ids, id)
		}
	}
	return ids
}

func nexusVLANs(c *call) error {
	ids := c.sim.nexusVLANs()
	if c.has("id") {
		if !c.sim.db.exists(c.num(0)) || c.num(0) >= 1002 && c.num(0) <= 1005 {
			return rejected("VLAN %d not found in current VLAN database\n", c.num(0))
		}
		ids = []int{c.num(0)}
	}
	c.printf("\nVLAN Name                             Status    Ports\n---- -------------------------------- --------- -------------------------------\n")
	for _, id := range ids {
		ports := fill(c.sim.nexusMembers(id), 31)
		c.printf("%-4d %-32s %-9s %s\n", id, c.sim.db.name(id), c.sim.db.status(id), ports[0])
		for _, more := range ports[1:] {
			c.printf("%48s%s\n", "", more)
		}
	}
	if c.has("brief") {
		return nil
	}
	c.printf("\nVLAN Type         Vlan-mode\n---- -----        ----------\n")
	for _, id := range ids {
		c.printf("%-4d enet         CE     \n", id)
	}
	c.printf("\nRemote SPAN VLANs\n-------------------------------------------------------------------------------\n\nPrimary  Secondary  Type             Ports\n-------  ---------  ---------------  -------------------------------------------\n\n")
	return nil
}

// nexusMembers are the ports in a VLAN, trunks that carry it included.
func (s *Sim) nexusMembers(id int) []string {
	var names []string
	for _, name := range s.run.names() {
		i := s.run.ifaces[name]
		if i.switched() && !i.routed && (!i.trunking() && i.access == id || i.trunking() && i.allowed.Has(id) && s.connected(i)) {
			names = append(names, nexusShort(name))
		}
	}
	return names
}

// nexusShown are the interfaces that a command is about.
func (c *call) nexusShown() ([]*iface, error) {
	return c.shown(func(i *iface) bool { return i.kind() != "Vlan" && i.kind() != "Loopback" })
}

func nexusStatus(c *call) error {
	list, err := c.nexusShown()
	if err != nil {
		return err
	}
	rule := strings.Repeat("-", 80)
	c.printf("\n%s\nPort          Name               Status    Vlan      Duplex  Speed   Type\n%s\n", rule, rule)
	for _, i := range list {
		status, duplex, speed := "notconnec", "auto", "auto"
		switch {
		case i.shutdown:
			status = "disabled"
		case i.managementIf || c.sim.connected(i):
			status, duplex, speed = "connected", "full", "1000"
		}
		vlan := strconv.Itoa(i.access)
		switch {
		case i.routed || i.managementIf:
			vlan = "routed"
		case i.trunking():
			vlan = "trunk"
		}
		name, media := i.description, c.sim.media(i)
		if name == "" {
			name = "--"
		}
		if media == "" {
			media = "--"
		}
		c.printf("%-13s %-18s %-9s %-9s %-7s %-7s %s\n", nexusShort(i.name), clip(name, 18), status, vlan, duplex, speed, media)
	}
	c.printf("\n")
	return nil
}

func nexusSwitchport(c *call) error {
	list, err := c.nexusShown()
	if err != nil {
		return err
	}
	label := func(id int) string {
		if !c.sim.db.exists(id) {
			return fmt.Sprintf("%d (Vlan not created)", id)
		}
		return fmt.Sprintf("%d (%s)", id, c.sim.db.name(id))
	}
	for _, i := range list {
		if i.managementIf {
			continue
		}
		c.printf("Name: %s\n", nexusName(i.name))
		if i.routed {
			c.printf("  Switchport: Disabled\n")
			continue
		}
		allowed := strings.Join(pairGroups(i.allowed), ",")
		if allowed == "" {
			allowed = "none"
		}
		voice := i.voice
		if voice == "" {
			voice = "none"
		}
		c.printf("  Switchport: Enabled\n  Switchport Monitor: Not enabled \n  Switchport Isolated: Not enabled \n  Switchport Block Multicast: Not enabled \n  Switchport Block Unicast: Not enabled \n")
		c.printf("  Operational Mode: %s\n  Access Mode VLAN: %s\n  Trunking Native Mode VLAN: %s\n  Trunking VLANs Allowed: %s\n  Voice VLAN: %s\n", modeWord(i), label(i.access), label(i.native), allowed, voice)
		c.printf("  Extended Trust State : not trusted [COS = 0]\n")
		for _, l := range []string{"primary host-association: none", "secondary host-association: none", "primary mapping: none", "secondary mapping: none", "trunk native VLAN: none", "trunk encapsulation: dot1q", "trunk normal VLANs: none", "trunk private VLANs: none"} {
			c.printf("  Administrative private-vlan %s\n", l)
		}
		c.printf("  Operational private-vlan: none\n")
	}
	return nil
}

func nexusDetail(c *call) error {
	list, err := c.nexusShown()
	if err != nil {
		return err
	}
	for _, i := range list {
		state := "down (Link not connected)"
		if i.shutdown {
			state = "down (Administratively down)"
		} else if c.sim.connected(i) {
			state = "up"
		}
		c.printf("%s is %s\nadmin state is %s\n", nexusName(i.name), state, map[bool]string{true: "down", false: "up"}[i.shutdown])
		mac := c.sim.portMAC(i.name)
		c.printf("  Hardware: 1000/10000 Ethernet, address: %s (bia %s)\n", dotted(mac[:]), dotted(mac[:]))
		if i.description != "" {
			c.printf("  Description: %s\n", i.description)
		}
		mtu := i.value("mtu")
		if mtu == "" {
			mtu = "1500"
		}
		c.printf("  MTU %s bytes, BW 1000000 Kbit, DLY 10 usec\n  Port mode is %s\n\n", mtu, modeWord(i))
	}
	return nil
}

func nexusChannels(c *call) error {
	rule := strings.Repeat("-", 80)
	c.printf("Flags:  D - Down        P - Up in port-channel (members)\n        I - Individual  H - Hot-standby (LACP only)\n        s - Suspended   r - Module-removed\n        b - BFD Session Wait\n        S - Switched    R - Routed\n        U - Up (port-channel)\n        p - Up in delay-lacp mode (member)\n        M - Not in use. Min-links not met\n")
	c.printf("%s\nGroup Port-       Type     Protocol  Member Ports\n      Channel\n%s\n", rule, rule)
	for _, name := range c.sim.run.names() {
		po := c.sim.run.ifaces[name]
		if po.kind() != "Port-channel" {
			continue
		}
		_, numbers := splitName(name)
		flags := map[bool]string{true: "R", false: "S"}[po.routed] + map[bool]string{true: "U", false: "D"}[c.sim.connected(po)]
		speaks := "NONE"
		var ports []string
		for _, member := range c.sim.memberNames(numbers[0]) {
			m := c.sim.run.ifaces[member]
			if protocol(m.groupMode) == "lacp" {
				speaks = "LACP"
			}
			flag := "D"
			switch {
			case m.suspended != "":
				flag = "s"
			case c.sim.connected(m):
				flag = "P"
			}
			ports = append(ports, fmt.Sprintf("%-13s", nexusShort(member)+"("+flag+")"))
		}
		if ports == nil {
			ports = []string{"--"}
		}
		lead := fmt.Sprintf("%-5d %-12s%-9s%-10s", numbers[0], fmt.Sprintf("Po%d(%s)", numbers[0], flags), "Eth", speaks)
		for row := range slices.Chunk(ports, 3) {
			c.printf("%s%s\n", lead, strings.Join(row, ""))
			lead = strings.Repeat(" ", 37)
		}
	}
	return nil
}

func nexusMAC(c *call) error {
	c.printf("Legend: \n        * - primary entry, G - Gateway MAC, (R) - Routed MAC, O - Overlay MAC\n        age - seconds since last seen,+ - primary entry using vPC Peer-Link,\n        (T) - True, (F) - False, C - ControlPlane MAC, ~ - vsan\n")
	c.printf("   VLAN     MAC Address      Type      age     Secure NTFY Ports\n---------+-----------------+--------+---------+------+----+------------------\n")
	for _, e := range c.sim.observer().MACTable() {
		c.printf("*%5d     %s   dynamic  0         F      F    %s\n", e.VLAN, dotted(e.MAC), nexusShort(e.Port))
	}
	return nil
}

func nexusLLDP(c *call) error {
	if !c.sim.feature("lldp") {
		return c.invalidWord(1)
	}
	c.printf("Capability codes:\n  (R) Router, (B) Bridge, (T) Telephone, (C) DOCSIS Cable Device\n  (W) WLAN Access Point, (P) Repeater, (S) Station, (O) Other\nDevice ID            Local Intf      Hold-time  Capability  Port ID  \n")
	detail := c.has("detail")
	if detail {
		c.printf("\n")
	}
	unsaid := func(text string) string {
		if text == "" {
			return "not advertised"
		}
		return text
	}
	total := c.seen(c.sim.lldp, func(port string, n sighting, left int) {
		if !detail {
			c.printf("%-20s %-15s %-10d %-11s %s\n", clip(unsaid(n.name), 20), nexusShort(port), n.holdSeconds, letters(n.enabled), n.port)
			return
		}
		address := "not advertised"
		for _, a := range n.addresses {
			if a.Is4() {
				address = a.String()
			}
		}
		vlan := "not advertised"
		if n.hasVLAN {
			vlan = strconv.Itoa(n.vlan)
		}
		c.printf("Chassis id: %s\nPort id: %s\nLocal Port id: %s\nPort Description: %s\nSystem Name: %s\nSystem Description: %s\nTime remaining: %d seconds\nSystem Capabilities: %s\nEnabled Capabilities: %s\nManagement Address: %s\nManagement Address IPV6: not advertised\nVlan ID: %s\n\n\n",
			n.chassis, n.port, nexusShort(port), unsaid(n.portDescription), unsaid(n.name), unsaid(n.description), left,
			unsaid(strings.ReplaceAll(letters(n.capabilities), ",", ", ")), unsaid(strings.ReplaceAll(letters(n.enabled), ",", ", ")), address, vlan)
	})
	c.printf("Total entries displayed: %d\n", total)
	return nil
}
