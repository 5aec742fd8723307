package ios

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// ErrShortRead says that a running configuration is not whole. It is never a
// difference between switch and want.
var ErrShortRead = errors.New("the running configuration is not whole")

// section is a line at the left margin with the indented lines below it.
type section struct {
	head string
	body []string
}

var (
	bannerRE = regexp.MustCompile(`^banner (?:motd|login|exec|incoming|prompt-timeout|slip-ppp) (.*)$`)
	// Lines of an interface that mean nothing at the left margin.
	strayRE = regexp.MustCompile(`^(?:(?:no )?switchport(?: |$)|channel-group \d|(?:no )?ip address(?: |$))`)
	macroRE = regexp.MustCompile(`^macro name `)
	// Counted so that the text of a menu, a banner or anything else between
	// two control-C marks is never read as configuration.
	delimiterRE = regexp.MustCompile(`\^C|\x03`)
)

// sections cuts a running configuration into its sections. Texts in between
// delimiters (banners, menus, macros) are skipped: they may look like
// configuration and are not. The text must end with the line "end".
func sections(text string) ([]section, error) {
	var out []section
	lines := strings.Split(strings.ReplaceAll(text, "\r", ""), "\n")
	ended := false
	for i := 0; i < len(lines); i++ {
		line := strings.TrimRight(lines[i], " \t")
		if line == "" || strings.HasPrefix(line, "!") {
			continue
		}
		if ended && promptOf(out, line) {
			break // of a saved session: the configuration was whole before
		}
		if ended {
			return nil, fmt.Errorf("%w: text follows its last line %q", ErrShortRead, "end")
		}
		if line == "end" {
			ended = true
			continue
		}
		if line[0] == ' ' || line[0] == '\t' {
			if len(out) > 0 {
				last := &out[len(out)-1]
				last.body = append(last.body, line)
			}
			continue
		}
		if strayRE.MatchString(line) {
			return nil, fmt.Errorf("%w: %q stands outside of any interface: the text has lost its indentation", ErrShortRead, cut(line, 40))
		}
		out = append(out, section{head: line})
		closes := closer(line)
		if closes == nil {
			continue
		}
		for i++; i < len(lines) && !closes(lines[i]); i++ {
		}
		if i >= len(lines) {
			return nil, fmt.Errorf("%w: it stops within %q", ErrShortRead, cut(line, 40))
		}
	}
	if !ended {
		return nil, fmt.Errorf("%w: its last line is not %q", ErrShortRead, "end")
	}
	return out, nil
}

// promptOf says whether a line begins with the prompt of the switch that a
// configuration is of, as in a saved session. Where the configuration tells no
// name, the line must be a prompt and nothing else.
func promptOf(secs []section, line string) bool {
	for _, s := range secs {
		if host, ok := hostnameOf(s.head); ok {
			rest, same := strings.CutPrefix(line, host)
			return same && rest != "" && strings.ContainsAny(rest[:1], ">#(")
		}
	}
	return anyPromptRE.MatchString(line)
}

func hostnameOf(line string) (string, bool) {
	word, rest, _ := strings.Cut(line, " ")
	return strings.Trim(rest, `" `), word == "hostname" || word == "switchname"
}

// closer tells whether a line opens a text that runs over several lines, and
// if so, how its last line is known.
func closer(line string) func(string) bool {
	if m := bannerRE.FindStringSubmatch(line); m != nil && m[1] != "" {
		delim := m[1][:1]
		if strings.HasPrefix(m[1], "^C") {
			delim = "^C"
		}
		if strings.Contains(m[1][len(delim):], delim) {
			return nil
		}
		return func(l string) bool { return strings.Contains(l, delim) }
	}
	if macroRE.MatchString(line) {
		return func(l string) bool { return strings.TrimSpace(l) == "@" }
	}
	if len(delimiterRE.FindAllString(line, -1))%2 == 1 {
		return delimiterRE.MatchString
	}
	return nil
}

func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:n] + "…"
}

// ParseRunning reads `show running-config`, also out of a terminal's record. A
// text that is not whole is ErrShortRead. VLANs that the configuration holds (VTP transparent or off)
// are read, too; others are in the VLAN table only.
func ParseRunning(text string) (fabric.Config, error) {
	secs, err := sections(capture(text))
	if err != nil {
		return fabric.Config{}, err
	}
	cfg := fabric.Config{VLANs: map[int]fabric.VLAN{}, Ports: map[string]fabric.Port{}, SVIs: map[int]fabric.SVI{}}
	var global []string
	bodies := map[string][]string{} // of interfaces: what comes again goes on
	for _, s := range secs {
		word, rest, _ := strings.Cut(s.head, " ")
		switch word {
		case "hostname", "switchname":
			cfg.Hostname, _ = hostnameOf(s.head)
		case "vlan":
			parseVLANSection(rest, s.body, cfg.VLANs)
		case "interface":
			if fabric.NamesRange(rest) {
				return fabric.Config{}, fmt.Errorf("%q is a command and no line of a running configuration: write out the interfaces one by one", cut(s.head, 60))
			}
			name := interfaceName(rest)
			bodies[name] = append(bodies[name], s.body...)
			if id := fabric.SVINumber(name); id != 0 {
				cfg.SVIs[id] = ParseSVI(id, bodies[name])
				continue
			}
			if !isPort(name) {
				continue
			}
			if _, again := cfg.Ports[name]; !again {
				cfg.Order = append(cfg.Order, name)
			}
			cfg.Ports[name] = ParsePort(name, bodies[name])
		default:
			if (&globalAttrs{}).take(s.head) {
				global = append(global, s.head)
			}
		}
	}
	cfg.Global = readGlobal(global).model()
	cfg.Global.Lines = global
	return cfg, nil
}

var portRE = regexp.MustCompile(`^(?:Ethernet|FastEthernet|(?:[A-Z][A-Za-z]*)?GigabitEthernet|[A-Z][A-Za-z]*GigE|Port-channel)\d+(?:/\d+)*$`)

// interfaceName is the name of an interface as the switch prints it. Saved
// configurations that people have written on have other spellings, too.
func interfaceName(name string) string {
	name = strings.TrimSpace(name)
	if isPort(name) {
		return name
	}
	if canonical, err := fabric.NormalizePort("", name); err == nil {
		return canonical
	}
	return name
}

// isPort tells ports and port-channels from interfaces that are none (SVIs,
// loopbacks, subinterfaces).
func isPort(name string) bool { return portRE.MatchString(name) }

// parseVLANSection reads `vlan 20` or `vlan 10,20-22` with its name. Sections
// such as `vlan internal allocation policy` name no VLAN.
func parseVLANSection(list string, body []string, into map[int]fabric.VLAN) {
	set, err := fabric.ParseVLANSet(list)
	if err != nil || set.IsAll() || set.IsNone() {
		return
	}
	for id := range set.All() {
		v, known := into[id]
		if !known {
			v = fabric.VLAN{ID: id, Name: fabric.DefaultVLANName(id)}
		}
		for _, line := range body {
			word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
			switch {
			case word == "name":
				v.Name = strings.Trim(rest, `"`)
			case word == "state" && rest == "suspend":
				v.State = map[bool]string{true: "sus/lshut", false: "suspended"}[stateOf(v.State).shut]
			case word == "shutdown":
				v.State = map[bool]string{true: "sus/lshut", false: "act/lshut"}[stateOf(v.State).suspended]
			}
		}
		into[id] = v
	}
}
