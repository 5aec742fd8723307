package iossim

import (
	"slices"
	"strings"
)

// iosTrees are the trees of IOS's modes. They are built when the program starts, since
// what a command does can be to carry out another.
var iosTrees trees

func init() {
	iosTrees.exec = newGrammar(otherCommands(), execCommands, reloadCommands, archiveCommands, lockCommands, showCommands, portShows, neighborShows, snoopingCommands[len(snoopingCommands)-1:])
	iosTrees.config = newGrammar(generic(globalWords, globalAlone, storeGlobal), globalCommands, spanningTreeCommands, snoopingCommands[:len(snoopingCommands)-1], moveCommands)
	iosTrees.iface = newGrammar(generic(interfaceWords, interfaceAlone, storeInterface), interfaceCommands, switchportCommands, channelCommands, addressCommands, settingCommands(), moveCommands)
	iosTrees.vlan = newGrammar(vlanCommands, moveCommands)
}

// generic are the commands that are kept and shown, and do nothing else: how
// they begin, with whatever follows. Those of alone are whole by themselves.
func generic(words, alone []string, store func(*call) error) []command {
	var table []command
	for _, w := range words {
		table = append(table, command{pattern: w + " LINE", run: store}, command{pattern: "(no|default) " + w + " LINE", run: store})
		if slices.Contains(alone, w) {
			table = append(table, command{pattern: w, run: store})
		}
		if strings.Contains(w, " ") || slices.Contains(alone, w) {
			table = append(table, command{pattern: "(no|default) " + w, run: store})
		}
	}
	return table
}

// moveCommands are those of every configuration mode.
var moveCommands = []command{
	{pattern: "exit", run: func(c *call) error {
		if c.context == inConfig {
			c.enter(inExec)
		} else {
			c.enter(inConfig)
		}
		return nil
	}},
	{pattern: "end", run: func(c *call) error { c.enter(inExec); return nil }},
	{pattern: "do LINE", run: func(c *call) error { c.execLine(c.line, c.args[0].col); return nil }},
}

// enter changes the mode. What the old one had open is applied.
func (s *session) enter(to place) {
	if s.context == inVLAN {
		s.commitVLAN()
	}
	if s.context > inExec && to == inExec && !s.loading {
		if s.touched {
			s.sim.changed, s.sim.by = s.sim.now(), s.user
		}
		s.touched = false
		s.unlock()
		s.sim.syslog("%SYS-5-CONFIG_I: Configured from " + s.origin())
	}
	s.context = to
	s.selected, s.ranged, s.section, s.kind = nil, false, nil, nil
}

// origin says who changed something, as the system log does.
func (s *session) origin() string {
	if s.user == "" {
		return s.where + " by console"
	}
	return "console by " + s.user + " on " + s.where
}

// sectionKind is a kind of block whose lines are kept and do nothing.
type sectionKind struct {
	prompt  string
	grammar *node
}

// sectionDef is a kind of block: how its first line begins, what the prompt
// shows, and with what its lines can begin.
type sectionDef struct {
	pattern, prompt string
	words           []string
}

// sections are the blocks that can be entered: how their first line begins,
// what the prompt shows, and with what their lines can begin.
//

var sections = []sectionDef{
	{"line (con|console|vty|aux) LINE", "config-line", []string{
		"login", "transport", "exec-timeout", "privilege", "password", "logging", "access-class", "length", "width", "stopbits", "speed",
		"session-timeout", "history", "motd-banner", "exec-banner", "authorization", "accounting", "escape-character", "exec", "absolute-timeout", "rotary"}},
	{"ip access-list standard WORD", "config-std-nacl", aclWords},
	{"ip access-list extended WORD", "config-ext-nacl", aclWords},
	{"ipv6 access-list WORD", "config-ipv6-acl", aclWords},
	{"router LINE", "config-router", []string{"network", "router-id", "neighbor", "passive-interface", "redistribute", "version", "auto-summary", "default-information", "log-adjacency-changes", "address-family", "maximum-paths", "area"}},
	{"class-map LINE", "config-cmap", []string{"match", "description"}},
	{"route-map LINE", "config-route-map", []string{"match", "set", "description", "continue"}},
	{"ip dhcp pool WORD", "dhcp-config", []string{"network", "default-router", "dns-server", "domain-name", "lease", "option", "host", "vrf", "netbios-name-server", "import"}},
	{"vrf definition WORD", "config-vrf", []string{"rd", "address-family", "route-target", "exit-address-family", "description"}},
	{"key chain WORD", "config-keychain", []string{"key", "key-string"}},
	{"event manager applet LINE", "config-applet", []string{"event", "action", "description"}},
	{"control-plane", "config-cp", []string{"service-policy"}},
	{"ip sla 1-2147483647", "config-ip-sla", []string{"icmp-echo", "type", "timeout", "frequency", "tag", "threshold"}},
	{"policy-map LINE", "config-pmap", []string{"class", "police", "set", "trust", "description", "bandwidth", "priority"}},
	{"archive", "config-archive", []string{"path", "write-memory", "maximum", "time-period", "log", "rollback"}},
	{"aaa group server LINE", "config-sg", []string{"server", "server-private", "ip", "deadtime"}},
	{"radius server WORD", "config-radius-server", []string{"address", "key", "timeout", "retransmit"}},
	{"tacacs server WORD", "config-server-tacacs", []string{"address", "key", "timeout", "single-connection"}},
	{"crypto pki trustpoint WORD", "ca-trustpoint", pkiWords},
	{"crypto pki certificate chain WORD", "config-cert-chain", append([]string{"certificate"}, pkiWords...)},
	{"monitor session LINE", "config", nil},
}

var (
	aclWords = []string{"permit", "deny", "remark", "evaluate"}
	pkiWords = []string{"enrollment", "subject-name", "revocation-check", "rsakeypair", "serial-number", "fqdn", "usage", "quit"}
)

// sectionCommands enter the blocks; it is a table of configuration commands.
func sectionCommands() []command { return sectionTable(sections) }

func sectionTable(defs []sectionDef) []command {
	var table []command
	for _, def := range defs {
		if def.words == nil {
			continue
		}
		kind := &sectionKind{prompt: def.prompt, grammar: newGrammar(generic(def.words, def.words, storeSection), numbered(def.words), moveCommands)}
		table = append(table,
			command{pattern: def.pattern, run: func(c *call) error {
				line := c.canonical()
				if c.words[0] == "line" && c.words[1] == "console" && len(c.args) > 0 {
					line = "line con " + c.arg(0)
				}
				c.enter(inConfig)
				c.section, c.kind, c.context, c.touched = c.sim.run.set(line), kind, inSection, true
				return nil
			}},
			command{pattern: "(no|default) " + def.pattern, run: storeGlobal})
	}
	return table
}

// numbered are lines that begin with a number, as those of access lists may.
func numbered(words []string) []command {
	if len(words) == 0 || words[0] != aclWords[0] {
		return nil
	}
	return []command{{pattern: "1-2147483647 LINE", run: storeSection}, {pattern: "no 1-2147483647", run: storeSection}}
}

func storeSection(c *call) error {
	c.touched = true
	line := c.canonical()
	if c.loading && c.sim.cfg.Captured {
		c.section.lines = append(c.section.lines, strings.TrimSpace(c.line))
		return nil
	}
	if c.negated() {
		c.section.lines = removeLines(c.section.lines, line[len(c.words[0])+1:])
		if c.loading && c.words[0] == "no" {
			c.section.lines = append(c.section.lines, line)
		}
		return nil
	}
	if c.kind.prompt == "config-line" {
		c.section.lines = removeLines(c.section.lines, c.words[0]+wordAfter(c, "transport", "access-class"))
	}
	c.section.lines = append(removeLines(c.section.lines, line), line)
	if c.kind.prompt == "config-line" {
		slices.SortStableFunc(c.section.lines, func(a, b string) int { return lineRank(a) - lineRank(b) })
	}
	return nil
}

// wordAfter is the second word where the first is one of those given: there
// both together name a setting.
func wordAfter(c *call, first ...string) string {
	for _, f := range first {
		if c.words[0] == f && len(c.words) > 1 {
			for _, t := range tokens(c.words[1])[:1] {
				return " " + t.text
			}
		}
	}
	return ""
}
