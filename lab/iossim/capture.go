package iossim

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Captured returns what to make a switch from that a running configuration was
// taken from: its text as the device printed it, with or without what a
// terminal puts around it. The model is guessed from the text and has what the
// text uses; the sockets are those that the text names. Lines that the
// simulator does not know are kept, shown again and listed by
// [Sim.NotUnderstood]. VLANs that live in vlan.dat are not in such a text:
// give them in Config.VLANs.
func Captured(text string) (Config, error) {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	cfg := Config{Startup: text, Captured: true}
	nexus := nexusText.MatchString(text)
	ended := nexus
	for _, line := range strings.Split(text, "\n") {
		ended = ended || strings.TrimRight(line, " ") == "end"
		if name, ok := strings.CutPrefix(line, "hostname "); ok && cfg.Hostname == "" {
			cfg.Hostname = strings.Trim(strings.TrimSpace(name), `"`)
		}
	}
	if !ended {
		return Config{}, fmt.Errorf("the configuration is not whole: it has no line `end`")
	}
	if !physical.MatchString(text) {
		return Config{}, fmt.Errorf("the configuration names no port: is it one of a switch that runs IOS?")
	}
	cfg.Profile = guessProfile(text)
	if nexus {
		cfg.Profile = "N9K-C93180YC-EX"
	}
	return cfg, nil
}

var (
	physical         = regexp.MustCompile(`(?m)^interface ((?:Fast|Gigabit|TwoGigabit|FiveGigabit|TenGigabit|FortyGigabit|AppGigabit)?Ethernet|TwentyFiveGigE|HundredGigE|mgmt)(\S+)[ \t]*$`)
	nexusText        = regexp.MustCompile(`(?m)^(version \S+ +Bios:version|!Command: show (running|startup)-config|feature \S+)`)
	nexusVersionLine = regexp.MustCompile(`(?m)^version \S.*$`)
	provided         = regexp.MustCompile(`(?m)^switch \d+ provision (\S+)`)
	release          = regexp.MustCompile(`(?m)^version (\d+)\.(\S+)`)
)

// guessProfile is the model that a configuration is nearest to.
func guessProfile(text string) string {
	if m := provided.FindStringSubmatch(text); m != nil {
		for _, p := range profiles {
			if strings.HasPrefix(strings.ToLower(p.Name), m[1]) {
				return p.Name
			}
		}
	}
	major := ""
	if m := release.FindStringSubmatch(text); m != nil {
		major = m[1]
	}
	switch {
	case major == "16" || major == "17":
		return "C9300-48P"
	case strings.Contains(text, "switchport trunk encapsulation "):
		return "WS-C3560X-48T-S"
	case strings.Contains(text, "power inline "):
		return "WS-C2960X-48FPD-L"
	}
	return DefaultProfile
}

// fit changes a model to what a captured configuration has.
func (p Profile) fit(text string) *Profile {
	has := func(s string) bool { return strings.Contains(text, s) }
	if p.NXOS {
		p.versionLine = strings.TrimRight(nexusVersionLine.FindString(text), " \n")
		return &p
	}
	if m := release.FindStringSubmatch(text); m != nil {
		p.release = m[1] + "." + m[2]
	}
	p.ISL = has("\n switchport trunk encapsulation ")
	p.Routed = p.Routed || has("\n no switchport\n") || has("\n switchport\n") || has("\ninterface Loopback") || has("\ninterface Tunnel")
	p.PoE = p.PoE || has("\n power inline ")
	p.portMTU = p.portMTU || has("\n mtu ")
	p.edge = has("spanning-tree portfast edge")
	if m := provided.FindStringSubmatch(text); m != nil {
		p.Name = strings.ToUpper(m[1])
	}
	return &p
}

// capturedPorts are the ports that a configuration names, and whether each
// switches frames: one with an address or a tag of its own does not.
func capturedPorts(text string) map[string]bool {
	ports := map[string]bool{}
	spans := physical.FindAllStringSubmatchIndex(text, -1)
	for _, m := range spans {
		name, used, ok := interfaceTokens([]token{{text: text[m[2]:m[5]]}})
		if !ok || used != 1 {
			continue
		}
		block := text[m[1]:]
		if end := regexp.MustCompile(`\n[^ \n]`).FindStringIndex(block); end != nil {
			block = block[:end[0]]
		}
		block = strings.ReplaceAll(block, "\n  ", "\n ")
		layer3 := strings.Contains(block, "\n ip address") || strings.Contains(block, "\n no ip address") || strings.Contains(block, "\n encapsulation ")
		ports[name] = name != "mgmt0" && !layer3 || strings.Contains(block, "\n no switchport") || strings.Contains(block, "\n switchport")
	}
	return ports
}

// Unread is a line of a configuration that the switch did not understand, or
// that it understood and refused.
type Unread struct {
	Number int // of the line, from 1 on
	Text   string
	Why    string
	Kept   bool // it is shown again
}

func (u Unread) String() string { return fmt.Sprintf("line %d: %q: %s", u.Number, u.Text, u.Why) }

// NotUnderstood are the lines of the startup configuration that did not mean
// anything to the switch when it booted.
func (s *Sim) NotUnderstood() []Unread {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.unread)
}

// loader carries out a configuration text.
type loader struct {
	*session
	number int
	raw    *stanza // a block that is kept and not understood
}

// load carries out the lines of a configuration.
func (s *Sim) load(text string) {
	l := &loader{session: newSession(s, "startup-config")}
	l.loading, l.level = true, 15
	l.enter(inConfig)
	for _, line := range strings.Split(text, "\n") {
		l.number++
		l.line(strings.TrimRight(line, "\r"))
	}
	l.enter(inExec)
	s.changed = s.now()
	if s.booting {
		s.changed = time.Time{}
	}
}

func (l *loader) line(line string) {
	if l.collect != nil {
		l.do(line)
		return
	}
	if skipped(line) {
		return
	}
	unit := 1 // by what a block is indented
	if l.sim.profile.NXOS {
		unit = 2
	}
	indent := len(line) - len(strings.TrimLeft(line, " \t"))
	// A block ends where the indentation does.
	if indent == 0 {
		l.raw = nil
		if l.context != inConfig {
			l.enter(inConfig)
		}
	}
	switch {
	case indent > 0 && l.raw != nil:
		l.raw.lines = append(l.raw.lines, strings.TrimRight(line[min(unit, indent):], " "))
		return
	case indent > unit && l.context == inSection:
		l.section.lines = append(l.section.lines, strings.TrimRight(line[unit:], " "))
		return
	}
	if n := len(l.sim.run.globals); indent > 0 && l.context == inConfig && l.sim.cfg.Captured && n > 0 {
		// A line of a block of which the simulator knows the first line alone.
		last := l.sim.run.globals[n-1]
		last.lines = append(last.lines, strings.TrimRight(line[min(unit, indent):], " "))
		return
	}
	if indent > unit && l.context == inInterface && l.nest(line[unit:]) {
		return
	}
	l.failed, l.block = "", indent > 0 && l.sim.cfg.Captured
	l.do(line)
	if l.failed == "" {
		return
	}
	u := Unread{Number: l.number, Text: line, Why: why(l.failed), Kept: l.sim.cfg.Captured}
	l.sim.unread = append(l.sim.unread, u)
	l.sim.log.Warn("line of the startup configuration not taken", "line", line, "why", u.Why)
	if l.sim.cfg.Captured {
		l.keep(indent, strings.TrimSpace(line))
	}
}

// nest keeps a line under the last line of the interface, to which it belongs.
func (l *loader) nest(line string) bool {
	i := l.sim.run.ifaces[l.selected[0]]
	if i == nil || len(i.other) == 0 {
		return false
	}
	i.other[len(i.other)-1] += "\n" + strings.TrimRight(line, " ")
	return true
}

// why is an answer of the switch in one line, without the caret.
func why(answer string) string {
	return strings.Join(strings.Fields(strings.TrimLeft(answer, " ^\n")), " ")
}

// keep stores a line as it is, where it was.
func (l *loader) keep(indent int, line string) {
	switch {
	case indent == 0:
		l.enter(inConfig)
		l.raw = &stanza{line: line}
		l.sim.run.globals = append(l.sim.run.globals, l.raw)
	case l.context == inInterface:
		for _, name := range l.selected {
			i := l.sim.run.ifaces[name]
			i.other = append(removeLines(i.other, line), line)
		}
	case l.context == inSection:
		l.section.lines = append(l.section.lines, line)
	}
}

// whole reports whether a text is a complete configuration, as the switch
// saves it, rather than a few lines on top of what it has from the factory.
func whole(text string) bool {
	return strings.HasPrefix(text, "version ") || strings.Contains(text, "\nversion ")
}

// terminalText is what a capture has around a configuration.
var terminalText = regexp.MustCompile(`^(?:[\w.\-/:]+[#>].*|Building configuration.*|Current configuration\b.*|Using \d+ out of .*|Load for five secs.*|Time source is .*|version .*|end|Bios:.*|Last configuration change .*)\s*$`)

// skipped reports whether a line of a configuration text is no command.
func skipped(line string) bool {
	return strings.HasPrefix(strings.TrimSpace(line), "!") || strings.TrimSpace(line) == "" || terminalText.MatchString(line)
}
