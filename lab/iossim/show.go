package iossim

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"time"
)

// showCommands print what the switch knows.
//

var showCommands = []command{
	{pattern: "show version", run: showVersion},
	{pattern: "show inventory", run: showInventory},
	{pattern: "show clock", run: func(c *call) error { c.printf("*%s\n", stamp(c.sim.now())); return nil }},
	{pattern: "show privilege", run: func(c *call) error { c.printf("Current privilege level is %d\n", c.level); return nil }},
	{pattern: "show users", run: showUsers},
	{pattern: "show history", run: func(c *call) error { c.printf("  %s\n", strings.Join(c.lines, "\n  ")); return nil }},
	{pattern: "show terminal", run: func(c *call) error {
		c.printf("Length: %d lines, Width: %d columns\n", c.length, c.width)
		return nil
	}},
	{pattern: "show running-config", run: showRunning, level: 15},
	{pattern: "show running-config interface IF", run: showRunningInterface, level: 15},
	{pattern: "show running-config vlan [WORD]", run: showRunningVLAN, level: 15},
	{pattern: "show startup-config", run: showStartup, level: 15},
	{pattern: "show vlan [brief]", run: showVLAN},
	{pattern: "show vlan id 1-4094", run: showVLAN},
	{pattern: "show vlan name WORD", run: showVLAN},
	{pattern: "show vlan summary", run: showVLANSummary},
	{pattern: "show vtp status", run: showVTP},
	{pattern: "show interfaces [IF]", run: showInterfaces},
	{pattern: "show interfaces [IF] status", run: showStatus},
	{pattern: "show interfaces [IF] switchport", run: showSwitchport},
	{pattern: "show interfaces [IF] trunk", run: showTrunk},
	{pattern: "show interfaces [IF] description", run: showDescription},
	{pattern: "show ip interface brief", run: showIPBrief},
	{pattern: "show ip interface", run: nothing},
	{pattern: "show ipv6 interface [brief]", run: nothing},
	{pattern: "show ip ssh", run: func(c *call) error { c.printf("SSH Enabled - version 2.0\n"); return nil }},
	{pattern: "show mac address-table [dynamic]", run: showMAC},
	{pattern: "show mac address-table [dynamic] (vlan 1-4094|interface IF|address WORD)", run: showMAC},
	{pattern: "show logging", run: showLogging},
	{pattern: "show boot", run: func(c *call) error {
		c.printf("BOOT path-list      : flash:/%s.bin\nConfig file         : flash:/config.text\n", imageFile(c.sim.profile))
		return nil
	}, level: 15},
	{pattern: "show flash:", run: dir, level: 15},
	{pattern: "show memory statistics", run: showMemory},
	{pattern: "show processes cpu", run: func(c *call) error {
		c.printf("CPU utilization for five seconds: 5%%/0%%; one minute: 5%%; five minutes: 5%%\n")
		return nil
	}},
}

// stamp is a time as `show clock` prints it.
func stamp(t time.Time) string { return t.UTC().Format("15:04:05.000 UTC Mon Jan 2 2006") }

// identity is a stable number of this switch, for its serial and its MAC.
func (s *Sim) identity() [32]byte {
	return sha256.Sum256([]byte("cthulix lab switch " + s.cfg.Hostname))
}

func (s *Sim) serial() string {
	const letters = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"
	id := s.identity()
	b := []byte("FOC1900")
	for _, x := range id[:4] {
		b = append(b, letters[int(x)%len(letters)])
	}
	return string(b)
}

// mac is the switch's base address, a locally administered one, plus n.
func (s *Sim) mac(n int) []byte {
	id := s.identity()
	return []byte{0x02, 0xc1, id[4], id[5], id[6] + byte(n>>8), byte(n)}
}

func dotted(mac []byte) string {
	return fmt.Sprintf("%02x%02x.%02x%02x.%02x%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5])
}

func imageFile(p *Profile) string {
	if p.XE {
		return "packages"
	}
	return strings.ToLower(p.image[:strings.LastIndex(p.image, "-")]) + "-mz." + strings.NewReplacer("(", "-", ")", ".").Replace(p.Version)
}

// software is the line by which the switch names what it runs.
func (s *Sim) software() string {
	p := s.profile
	if p.NXOS {
		return "Cisco Nexus Operating System (NX-OS) Software " + p.Version
	}
	if p.XE {
		return fmt.Sprintf("Cisco IOS Software [Bengaluru], %s Software (%s), Version %s, %s", p.family, p.image, p.Version, p.train)
	}
	if p.release < "12.2" {
		return fmt.Sprintf("Cisco Internetwork Operating System Software \nIOS (tm) %s Software (%s), Version %s, %s", p.family, p.image, p.Version, p.train)
	}
	return fmt.Sprintf("Cisco IOS Software, %s Software (%s), Version %s, %s", p.family, p.image, p.Version, p.train)
}

func showVersion(c *call) error {
	p := c.sim.profile
	if p.XE {
		c.printf("Cisco IOS XE Software, Version %s\n", p.Version)
	}
	c.printf("%s\n", c.sim.software())
	c.printf("Technical Support: none, this is a switch simulated by the Cthulix lab\n\n")
	c.printf("ROM: Bootstrap program is %s boot loader\n", p.family)
	c.printf("BOOTLDR: %s Boot Loader (%s-HBOOT-M) Version %s, %s\n\n", p.family, p.family, p.Version, p.train)
	c.printf("%s uptime is %s\n", c.sim.run.hostname, uptime(c.sim.now().Sub(c.sim.booted)))
	c.printf("System returned to ROM by power-on\n")
	c.printf("System image file is \"flash:/%s.bin\"\n\n", imageFile(p))
	c.printf("cisco %s (%s) processor (revision R0) with 524288K bytes of memory.\n", p.Name, p.cpu)
	c.printf("Processor board ID %s\n", c.sim.serial())
	c.printf("Last reset from power-on\n")
	svis, gigabit := 0, 0
	for _, name := range c.sim.run.names() {
		switch c.sim.run.ifaces[name].kind() {
		case "Vlan":
			svis++
		case "GigabitEthernet":
			gigabit++
		}
	}
	c.printf("%d Virtual Ethernet interface%s\n", svis, plural(svis))
	if p.management != "" {
		c.printf("1 FastEthernet interface\n")
	}
	c.printf("%d Gigabit Ethernet interface%s\n", gigabit, plural(gigabit))
	c.printf("The password-recovery mechanism is enabled.\n\n")
	c.printf("512K bytes of flash-simulated non-volatile configuration memory.\n")
	mac := c.sim.mac(0)
	c.printf("Base ethernet MAC Address       : %02X:%02X:%02X:%02X:%02X:%02X\n", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5])
	c.printf("Model revision number           : A0\n")
	c.printf("Model number                    : %s\n", p.Name)
	c.printf("System serial number            : %s\n\n\n", c.sim.serial())
	c.printf("Switch Ports Model                     SW Version            SW Image\n")
	c.printf("------ ----- -----                     ----------            ----------\n")
	c.printf("*    1 %-5d %-25s %-21s %s\n\n\n", gigabit, p.Name, p.Version, p.image)
	c.printf("Configuration register is 0xF\n\n")
	return nil
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}

// uptime is a duration in the two to four units that IOS shows.
func uptime(d time.Duration) string {
	minutes := int(d / time.Minute)
	var parts []string
	for _, u := range []struct {
		name string
		size int
	}{{"week", 7 * 24 * 60}, {"day", 24 * 60}, {"hour", 60}} {
		if n := minutes / u.size; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s%s", n, u.name, plural(n)))
			minutes %= u.size
		}
	}
	return strings.Join(append(parts, fmt.Sprintf("%d minute%s", minutes, plural(minutes))), ", ")
}

func showInventory(c *call) error {
	p := c.sim.profile
	c.printf("NAME: \"1\", DESCR: %q\nPID: %-18s, VID: V05  , SN: %s\n\n\n", p.Name, p.Name, c.sim.serial())
	return nil
}

func showUsers(c *call) error {
	c.printf("    Line       User       Host(s)              Idle       Location\n")
	for n, v := range c.sim.vtys {
		if v == nil {
			continue
		}
		mark := " "
		if v == c.session {
			mark = "*"
		}
		_, from, _ := strings.Cut(strings.TrimSuffix(v.where, ")"), " (")
		c.printf("%s%3d vty %-4d %-10s idle                 00:00:00 %s\n", mark, n+1, n, v.user, from)
	}
	return nil
}

func showMemory(c *call) error {
	c.printf("                Head    Total(b)     Used(b)     Free(b)   Lowest(b)  Largest(b)\n")
	c.printf("Processor    5A5B5C0   406097472    38912000   367185472   360000000   355000000\n")
	c.printf("      I/O    8000000    67108864    20971520    46137344    46000000    45900000\n")
	return nil
}

func dir(c *call) error {
	c.printf("Directory of flash:/\n\n")
	n := 1
	for _, f := range []string{databaseFile, startupFile} {
		data, err := c.sim.cfg.Flash.ReadFile(f)
		if err != nil {
			continue
		}
		n++
		name := f
		if f == startupFile {
			name = "config.text"
		}
		c.printf("%5d  -rwx %11d  %s  %s\n", n, len(data), c.sim.booted.UTC().Format("Jan _2 2006 15:04:05 +00:00"), name)
	}
	c.printf("\n122185728 bytes total (94371840 bytes free)\n")
	return nil
}
