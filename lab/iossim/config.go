package iossim

import (
	"slices"
	"strings"
)

// globalCommands are the configuration commands that mean something here.
var globalCommands = slices.Concat([]command{
	{pattern: "hostname WORD", run: setHostname},
	{pattern: "(no|default) hostname [WORD]", run: setHostname},
	{pattern: "interface IF", run: enterInterface},
	{pattern: "no interface IF", run: removeInterface},
	{pattern: "interface range LINE", run: enterRange},
	{pattern: "default interface IF", run: defaultInterface},
	{pattern: "default interface range LINE", run: defaultRange},
	{pattern: "vlan WORD", run: enterVLAN},
	{pattern: "no vlan WORD", run: removeVLANs},
	{pattern: "vlan internal allocation policy (ascending|descending)", run: storeGlobal},
	{pattern: "vtp mode (server|client|transparent|off)", run: setVTPMode},
	{pattern: "no vtp mode", run: setVTPMode},
	{pattern: "vtp domain WORD", run: func(c *call) error { c.sim.db.Domain = c.arg(0); c.sim.saveDatabase(); return nil }},
	{pattern: "vtp version 1-3", run: setVTPVersion},
	{pattern: "enable secret LINE", run: setEnableSecret},
	{pattern: "username WORD [privilege 0-15] (secret|password) LINE", run: setUser},
	{pattern: "username WORD privilege 0-15", run: storeGlobal},
	{pattern: "no username WORD [LINE]", run: func(c *call) error { c.touched = true; c.sim.run.unset("username " + c.arg(0)); return nil }},
	{pattern: "banner (motd|login|exec|incoming) LINE", run: beginBanner},
	{pattern: "no banner (motd|login|exec|incoming)", run: storeGlobal},
	{pattern: "no (ip domain-lookup|ip domain-name|ip default-gateway|ip name-server) [LINE]", run: storeGlobal},
	{pattern: "(ip domain-lookup|ip routing)", run: storeGlobal},
	{pattern: "(ip domain-name|ip default-gateway|ip name-server) LINE", run: storeGlobal},
	{pattern: "[(no|default)] lldp run", run: func(c *call) error { c.sim.announceSoon(); return storeGlobal(c) }},
	{pattern: "[(no|default)] cdp run", run: func(c *call) error { c.sim.announceSoon(); return storeGlobal(c) }},
}, sectionCommands())

// globalWords begin the lines that are kept and shown, and do nothing else.
var globalWords = []string{
	"aaa", "access-list", "alias", "arp", "authentication", "boot", "boot-start-marker", "boot-end-marker", "cdp", "clock", "crypto",
	"diagnostic", "dot1x", "enable", "errdisable", "file", "ip", "ip dhcp", "ip sla", "ip domain", "ipv6", "lacp", "license", "lldp", "logging", "login", "mac", "macro",
	"memory", "mls", "platform", "transceiver", "configuration", "monitor", "network-policy", "ntp", "port-channel", "power", "privilege", "process", "qos", "queue-monitor",
	"radius-server", "redundancy", "rmon", "scheduler", "sdm", "security", "call-home", "telemetry", "netconf-yang", "restconf", "software", "event", "key", "vrf", "route-map", "template", "service", "snmp-server", "sntp", "spanning-tree", "stack-mac",
	"stackwise", "switch", "system", "tacacs-server", "track", "tftp-server", "time-range", "udld", "upgrade", "vstack", "vtp", "wsma",
}

// singles are settings that a new line replaces: how such lines begin. The
// others can stand many times.
var singles = []string{
	"aaa new-model", "clock timezone", "clock summer-time", "enable secret", "enable password", "ip default-gateway",
	"ip domain-name", "ip domain name", "ip http", "ip ssh version", "ip ssh time-out", "ip ssh authentication-retries",
	"lacp system-priority", "logging buffered", "logging console", "logging facility", "logging monitor", "logging source-interface",
	"logging trap", "ntp source", "port-channel load-balance", "snmp-server chassis-id", "snmp-server contact", "snmp-server location",
	"snmp-server trap-source", "spanning-tree mode", "spanning-tree pathcost", "system mtu", "vlan internal",
}

// globalKey is what makes two lines the same setting, or empty.
func globalKey(line string) string {
	for _, k := range singles {
		if strings.HasPrefix(line, k+" ") {
			if k == "ip http" {
				return ""
			}
			return k
		}
	}
	if rest, ok := strings.CutPrefix(line, "username "); ok {
		name, _, _ := strings.Cut(rest, " ")
		return "username " + name
	}
	if kind, _, ok := strings.Cut(line, " ^C"); ok && strings.HasPrefix(kind, "banner ") {
		return kind
	}
	return ""
}

// onByDefault are settings whose `no` is shown and whose positive form is not.
var onByDefault = []string{
	"aaa new-model", "cdp run", "ip domain-lookup", "ip domain lookup", "ip http server", "ip http secure-server", "ip routing",
	"ip dhcp snooping information option", "ip dhcp snooping verify mac-address", "service pad", "service password-encryption", "service config", "logging console", "logging monitor", "ip gratuitous-arps",
	"ip source-route", "spanning-tree optimize bpdu transmission", "vstack", "ip igmp snooping", "file verify auto",
}

// shownPositive are those of onByDefault that are shown either way, because
// their default differs between models or is off.
var shownPositive = []string{"aaa new-model", "ip http server", "ip http secure-server", "ip routing", "service password-encryption"}

// storeGlobal keeps a line that does nothing else.
func storeGlobal(c *call) error {
	c.touched = true
	line := c.canonical()
	run := &c.sim.run
	if !c.negated() {
		if slices.Contains(onByDefault, line) && !slices.Contains(shownPositive, line) {
			run.unset("no " + line)
			return nil
		}
		run.set(line)
		return nil
	}
	bare := line[len(c.words[0])+1:]
	found := run.unset(bare)
	// What a configuration says is off is on by default.
	if c.words[0] == "no" && (slices.Contains(onByDefault, bare) || c.loading) {
		run.set("no " + bare)
	} else if !found {
		// A setting is also taken away by its name without the value it has.
		if key := globalKey(bare); key != "" {
			run.unset(key)
		}
	}
	return nil
}

// globalAlone are those of globalWords that are whole commands.
var globalAlone = []string{"boot-start-marker", "boot-end-marker", "vstack", "redundancy"}

func setHostname(c *call) error {
	name := "Switch"
	if !c.negated() {
		name = c.arg(0)
	}
	if !validHostname(name) {
		return rejected("%% Hostname contains one or more illegal characters.\n")
	}
	c.touched = true
	c.sim.run.hostname = name
	return nil
}

func setEnableSecret(c *call) error {
	c.touched = true
	c.sim.run.set("enable secret " + storedSecret(c.sim.run.hostname+"#", c.arg(0)))
	return nil
}

func setUser(c *call) error {
	c.touched = true
	level := ""
	if c.has("privilege") {
		level = " privilege " + c.arg(1)
	}
	secret := c.args[len(c.args)-1].text
	line := "username " + c.arg(0) + level
	if c.has("secret") {
		line += " secret " + storedSecret(c.sim.run.hostname+"/"+c.arg(0), secret)
	} else {
		if _, _, typed := strings.Cut(secret, " "); !typed {
			secret = "0 " + secret
		}
		line += " password " + secret
	}
	c.sim.run.set(line)
	return nil
}

func setVTPMode(c *call) error {
	mode := "server"
	if !c.negated() {
		mode = c.words[2]
	}
	db := &c.sim.db
	names := map[string]string{"server": "VTP Server", "client": "VTP Client", "transparent": "VTP Transparent", "off": "VTP Off"}
	if mode == db.Mode {
		c.notice("Device mode already %s for VLANS.\n", names[mode])
		return nil
	}
	if mode == "server" || mode == "client" {
		for _, id := range db.ids() {
			if id > 1005 {
				return rejected("Device mode cannot be %s for VLANS because extended VLANs exist.\n", names[mode])
			}
		}
	}
	c.touched = true
	db.Mode = mode
	c.sim.saveDatabase()
	c.notice("Setting device to %s mode for VLANS.\n", names[mode])
	return nil
}

func setVTPVersion(c *call) error {
	if c.sim.db.Version == c.num(0) {
		c.notice("VTP mode already in V%d.\n", c.num(0))
		return nil
	}
	if c.num(0) == 3 && c.sim.db.Domain == "" {
		return rejected("Cannot set the version to 3 because domain name is not configured\n")
	}
	c.sim.db.Version = c.num(0)
	c.sim.saveDatabase()
	return nil
}

// banner is a text being typed over several lines.
type banner struct {
	kind, until string
	lines       []string
}

// beginBanner starts a banner; it may end in the same line.
func beginBanner(c *call) error {
	text := c.arg(0)
	until := text[:1]
	if strings.HasPrefix(text, "^C") {
		until = "^C"
	}
	b := &banner{kind: c.words[1], until: until}
	c.collect = b
	rest := text[len(until):]
	if rest == "" {
		b.lines = []string{""}
		c.notice("Enter TEXT message.  End with the character '%s'.\n", until)
		return nil
	}
	c.collectLine(rest)
	return nil
}

// collectLine takes one more line of a banner.
func (s *session) collectLine(line string) {
	b := s.collect
	text, _, ended := strings.Cut(line, b.until)
	if !ended || text != "" {
		b.lines = append(b.lines, text)
	}
	if !ended {
		return
	}
	s.collect = nil
	s.touched = true
	text = strings.Join(b.lines, "\n")
	if line == b.until && len(b.lines) > 0 {
		text += "\n"
	}
	s.sim.run.set("banner " + b.kind + " ^C" + text + "^C")
}

// removeLines returns the lines that neither are prefix nor begin with it.
func removeLines(lines []string, prefix string) []string {
	return slices.DeleteFunc(lines, func(l string) bool { return l == prefix || strings.HasPrefix(l, prefix+" ") })
}
