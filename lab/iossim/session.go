package iossim

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// place is where in the command line a session is.
type place uint8

const (
	inUser place = iota
	inExec
	inConfig
	inInterface
	inVLAN
	inSection
)

// session is one user's command line: lines in, text out. It knows nothing of
// terminals; all its methods but answer and promptText want Sim.mu held.
type session struct {
	sim     *Sim
	user    string
	where   string // "vty0 (192.0.2.1)" or "console"
	level   int    // privilege
	context place
	loading bool // a configuration text is being loaded: no notices
	block   bool // the line is one of a block, and no global one

	selected []string // inInterface: the names
	ranged   bool     // inInterface: by `interface range`
	edited   *vlanEdit
	section  *stanza // inSection
	kind     *sectionKind
	touched  bool // the configuration was changed since `configure terminal`

	asking  *question
	collect *banner

	length, width int
	monitor       bool
	dontAsk       bool
	stamped       bool     // each exec command is preceded by the load and the time
	synchronous   bool     // log messages do not break into what is typed
	lines         []string // for show history

	out    strings.Builder
	failed string // what the last line was rejected with
	closed bool

	notices chan string // the system log, to a terminal that monitors it
	done    chan struct{}
}

// question is an answer that the switch waits for before its next prompt.
type question struct {
	prompt string
	hidden bool
	single bool // one key is the answer
	answer func(string)
}

func newSession(s *Sim, where string) *session {
	return &session{
		sim: s, where: where, level: 1, length: 24, width: 80,
		notices: make(chan string, 64), done: make(chan struct{}),
	}
}

// cut ends the session from the switch's side.
func (s *session) cut() {
	if !s.closed {
		s.closed = true
		close(s.done)
	}
}

// tell writes to the session's terminal between two lines or keys, whatever
// it is doing. The lock is held.
func (s *session) tell(text string) {
	select {
	case s.notices <- text:
	default:
	}
}

// answer carries out a line and returns what the switch prints.
func (s *session) answer(line string) string {
	s.sim.mu.Lock()
	defer s.sim.mu.Unlock()
	s.out.Reset()
	s.failed = ""
	s.sim.stats.Lines++
	if s.context > inExec {
		s.sim.stats.ConfigLines++
	}
	s.sim.revert.active(s)
	s.do(line)
	return s.out.String()
}

// rejection is what the last line was rejected with, or empty.
func (s *session) rejection() string {
	s.sim.mu.Lock()
	defer s.sim.mu.Unlock()
	return s.failed
}

// configuring reports whether the next line is one of a configuration mode.
func (s *session) configuring() bool {
	s.sim.mu.Lock()
	defer s.sim.mu.Unlock()
	return s.context > inExec && s.asking == nil
}

// leave is the end of the session: an open VLAN is applied, as IOS does.
func (s *session) leave() {
	s.sim.mu.Lock()
	defer s.sim.mu.Unlock()
	if s.context > inExec {
		s.enter(inExec)
		s.sim.drive()
	}
	s.unlock()
	s.cut()
}

// do is answer with the lock held.
func (s *session) do(line string) {
	switch {
	case s.asking != nil:
		q := s.asking
		s.asking = nil
		q.answer(strings.TrimSpace(line))
	case s.collect != nil:
		s.collectLine(line)
	default:
		s.command(line)
	}
	s.sim.drive()
}

// promptText is what the switch prints when it waits for a line.
func (s *session) promptText() string {
	s.sim.mu.Lock()
	defer s.sim.mu.Unlock()
	switch {
	case s.asking != nil:
		return s.asking.prompt
	case s.collect != nil:
		return ""
	}
	return s.prompt()
}

// configPromptName is how much of the host name a configuration prompt shows.
const configPromptName = 20

func (s *session) prompt() string {
	if s.sim.profile.NXOS {
		return s.modePrompt() + " "
	}
	return s.modePrompt()
}

func (s *session) modePrompt() string {
	name := s.sim.run.hostname
	if s.context > inExec && len(name) > configPromptName && !s.sim.profile.NXOS {
		name = name[:configPromptName]
	}
	switch s.context {
	case inUser:
		return name + ">"
	case inExec:
		return name + "#"
	case inConfig:
		return name + "(config)#"
	case inVLAN:
		return name + "(config-vlan)#"
	case inSection:
		return name + "(" + s.kind.prompt + ")#"
	}
	if s.ranged {
		return name + "(config-if-range)#"
	}
	return name + "(config-if)#"
}

func (s *session) printf(format string, args ...any) { fmt.Fprintf(&s.out, format, args...) }

// notice prints text that is no error.
func (s *session) notice(format string, args ...any) {
	if !s.loading {
		s.printf(format, args...)
	}
}

// reject prints why a line was not carried out.
func (s *session) reject(format string, args ...any) {
	s.failed += fmt.Sprintf(format, args...)
	s.printf(format, args...)
}

// command carries out a command line.
func (s *session) command(line string) {
	if text := strings.TrimSpace(line); text == "" || text[0] == '!' {
		return
	}
	s.remember(line)
	if s.context > inExec {
		s.configLine(line)
		return
	}
	s.execLine(line, 0)
}

func (s *session) remember(line string) {
	const kept = 20
	s.lines = append(s.lines, line)
	if len(s.lines) > kept {
		s.lines = s.lines[1:]
	}
}

// execLine carries out an exec command that begins at a column of the line.
func (s *session) execLine(line string, start int) {
	command, filter, bad := splitFilter(line, start, s.sim.profile.NXOS)
	if bad != nil {
		s.syntax(bad)
		return
	}
	m, err := s.sim.grammars().exec.parse(command, start, s.level)
	if err != nil {
		if toks := tokens(command[start:]); !s.sim.profile.NXOS && err.kind == "invalid" && len(toks) == 1 && err.col < start+toks[0].col+len(toks[0].text) && s.context <= inExec {
			s.lookup(toks[0].text)
			return
		}
		s.syntax(err)
		return
	}
	if s.stamped && s.context <= inExec {
		s.printf("Load for five secs: 14%%/0%%; one minute: 12%%; five minutes: 12%%\nTime source is NTP, %s\n\n", stamp(s.sim.now()))
	}
	if filter != nil && filter.re == nil {
		s.structured(m, command, filter.kind == "json-pretty")
		return
	}
	before := s.out.Len()
	s.call(m, command)
	if filter != nil {
		text := s.out.String()
		kept := text[:before] + filter.apply(text[before:])
		s.out.Reset()
		s.out.WriteString(kept)
	}
}

// lookup answers a word that is no command: IOS takes it for a host to connect to.
func (s *session) lookup(word string) {
	if !s.sim.run.has("no ip domain-lookup") && !s.sim.run.has("no ip domain lookup") {
		s.printf("Translating %q...domain server (255.255.255.255)\n", word)
	}
	s.reject("%% Unknown command or computer name, or unable to find computer address\n")
}

// configLine carries out a line of a configuration mode. What a mode does not
// know is tried as a global command, which leaves the mode.
func (s *session) configLine(line string) {
	m, err := s.grammar().parse(line, 0, 15)
	if err != nil && err.kind == "invalid" && s.context != inConfig && !s.block {
		global, globalErr := s.sim.grammars().config.parse(line, 0, 15)
		switch {
		case globalErr == nil:
			m, err = global, nil
			s.enter(inConfig)
		case globalErr.kind != "invalid" || globalErr.col > err.col:
			err = globalErr
		}
	}
	if err != nil && err.kind == "invalid" && s.sim.profile.NXOS && !s.loading {
		// NX-OS takes commands of the exec mode anywhere.
		if _, execErr := s.sim.grammars().exec.parse(line, 0, s.level); execErr == nil || strings.Contains(line, "|") {
			s.execLine(line, 0)
			return
		}
	}
	if err != nil {
		s.syntax(err)
		return
	}
	s.call(m, line)
}

func (s *session) grammar() *node {
	switch s.context {
	case inInterface:
		return s.sim.grammars().iface
	case inVLAN:
		return s.sim.grammars().vlan
	case inSection:
		return s.kind.grammar
	}
	return s.sim.grammars().config
}

// syntax prints an error in a line's form.
func (s *session) syntax(e *syntaxError) {
	if s.sim.profile.NXOS {
		s.reject("%s^\n%s", strings.Repeat(" ", len(s.prompt())+e.col), nexusSyntax(e))
		return
	}
	if e.kind == "invalid" {
		s.reject("%s^\n", strings.Repeat(" ", len(s.prompt())+e.col))
	}
	s.reject("%s", e.Error())
}

// call is a command being carried out.
type call struct {
	*session
	match
	line string
}

func (s *session) call(m match, line string) {
	c := &call{session: s, match: m, line: line}
	if err := m.node.run(c); err != nil {
		var e *syntaxError
		if errors.As(err, &e) {
			s.syntax(e)
			return
		}
		s.reject("%s", err)
	}
}

// negated reports a `no` or `default` command.
func (c *call) negated() bool { return c.words[0] == "no" || c.words[0] == "default" }

// arg is the text of a value, or empty where it was left out.
func (c *call) arg(i int) string {
	if i >= len(c.args) {
		return ""
	}
	return c.args[i].text
}

// num is the number of a value that is one.
func (c *call) num(i int) int {
	n, _ := strconv.Atoi(c.arg(i)) // the grammar lets numbers through only
	return n
}

// has reports whether a keyword is in the command.
func (c *call) has(word string) bool {
	for _, w := range c.words {
		if w == word {
			return true
		}
	}
	return false
}

// invalid rejects a value that is well formed and still not right.
func (c *call) invalid(i int) error {
	return &syntaxError{kind: "invalid", col: c.args[i].col}
}

// invalidWord rejects a keyword that this model does not have.
func (c *call) invalidWord(i int) error {
	return &syntaxError{kind: "invalid", col: tokens(c.line)[i].col}
}

// canonical is the command with its keywords in full.
func (c *call) canonical() string { return strings.Join(c.words, " ") }

// answer is what the switch says to a command that it does not carry out.
type answer string

func (a answer) Error() string { return string(a) }

// rejected is an answer as an error.
func rejected(format string, args ...any) error { return answer(fmt.Sprintf(format, args...)) }
