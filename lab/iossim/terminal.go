package iossim

import (
	"io"
	"strings"
	"time"
)

// idleTime is how long a session may be silent before the switch ends it.
const idleTime = 10 * time.Minute

// Keys that mean something.
const (
	ctrlA, ctrlC, ctrlE, ctrlN, ctrlP  = 0x01, 0x03, 0x05, 0x0e, 0x10
	ctrlR, ctrlU, ctrlW, ctrlZ, escape = 0x12, 0x15, 0x17, 0x1a, 0x1b
	backspace, del                     = 0x08, 0x7f
)

// terminal is what a session looks like to somebody who types: echo, line
// editing, paging.
type terminal struct {
	*session
	w    io.Writer
	keys chan []byte // what was typed; closed when the client is gone
	rest []byte      // typed and not looked at yet
	idle *time.Timer
	back int // how far back in the history the line is
	cr   bool
	slow time.Duration // between the lines of what is written

	typed func() string // the prompt and what was typed after it
}

func newTerminal(s *session, rw io.ReadWriter) *terminal {
	t := &terminal{session: s, w: rw, keys: make(chan []byte), typed: func() string { return "" }}
	go t.read(rw)
	return t
}

// read hands on what is typed. It ends with the channel, at the latest when
// the session has.
func (t *terminal) read(r io.Reader) {
	defer close(t.keys)
	buf := make([]byte, 4096)
	for {
		n, err := r.Read(buf)
		if n > 0 {
			select {
			case t.keys <- append([]byte(nil), buf[:n]...):
			case <-t.done:
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// write shows text, a line at a time where a fault makes the switch slow.
func (t *terminal) write(text string) {
	if t.slow == 0 {
		io.WriteString(t.w, text)
		return
	}
	for line := range strings.SplitAfterSeq(text, "\n") {
		io.WriteString(t.w, line)
		if !t.wait(t.slow) {
			return
		}
	}
}

// run is the session from its first prompt to its end.
func (t *terminal) run() {
	t.idle = time.NewTimer(idleTime)
	defer t.idle.Stop()
	if motd := t.banner("motd"); motd != "" {
		t.write("\r\n" + crlf(motd))
	}
	if login := t.banner("exec"); login != "" {
		t.write("\r\n" + crlf(login))
	}
	t.write("\r\n")
	for !t.ended() {
		line, ok := t.readLine()
		if !ok {
			return
		}
		if !t.carryOut(line) {
			return
		}
	}
}

func (t *terminal) ended() bool {
	select {
	case <-t.done:
		return true
	default:
		return false
	}
}

// banner returns the text of a configured banner.
func (t *terminal) banner(kind string) string {
	t.sim.mu.Lock()
	defer t.sim.mu.Unlock()
	return t.sim.banner(kind)
}

// banner is that of the running configuration; the caller holds the lock.
func (s *Sim) banner(kind string) string {
	for _, b := range s.run.find("banner " + kind) {
		return strings.TrimSuffix(strings.TrimPrefix(b.line, "banner "+kind+" ^C"), "^C")
	}
	return ""
}

const more = " --More-- "

// page writes an answer, a screen at a time unless the length is 0.
func (t *terminal) page(text string) bool {
	t.sim.mu.Lock()
	length := t.length
	t.sim.mu.Unlock()
	if length == 0 || strings.Count(text, "\n") < length {
		t.write(crlf(text))
		return true
	}
	lines := strings.SplitAfter(text, "\n")
	room := length - 1
	for i, line := range lines {
		if room == 0 && line != "" {
			t.write(more)
			key, ok := t.key()
			if !ok {
				return false
			}
			// The space before it is written over by what follows.
			t.write(strings.Repeat("\b", len(more)-1) + strings.Repeat(" ", len(more)-2) + strings.Repeat("\b", len(more)-1))
			switch key {
			case ' ':
				room = length - 1
			case '\r', '\n':
				room = 1
			default:
				return true
			}
		}
		t.write(crlf(lines[i]))
		room--
	}
	return true
}

// key waits for one key.
func (t *terminal) key() (byte, bool) {
	for len(t.rest) == 0 {
		select {
		case typed, ok := <-t.keys:
			if !ok {
				return 0, false
			}
			t.idle.Reset(idleTime)
			t.rest = typed
		case notice := <-t.notices:
			t.write("\r\n" + crlf(notice) + "\r\n")
			if t.synchronous {
				t.write(t.typed())
			}
		case <-t.idle.C:
			return 0, false
		case <-t.done:
			return 0, false
		}
		if len(t.rest) > 0 && t.cr && t.rest[0] == '\n' {
			t.rest = t.rest[1:]
		}
		t.cr = false
	}
	key := t.rest[0]
	t.rest = t.rest[1:]
	if key == '\r' {
		// The line feed of a CR LF is part of the same key.
		if len(t.rest) > 0 && t.rest[0] == '\n' {
			t.rest = t.rest[1:]
		}
		t.cr = len(t.rest) == 0
	}
	return key, true
}

// readLine prompts, and edits a line until it is entered.
func (t *terminal) readLine() (string, bool) {
	prompt := t.promptText()
	t.write(prompt)
	t.slow = 0
	t.sim.mu.Lock()
	hidden := t.asking != nil && t.asking.hidden
	single := t.asking != nil && t.asking.single
	configuring := t.context > inExec && t.asking == nil
	collecting := t.collect != nil
	t.sim.mu.Unlock()
	t.back = 0
	var line []byte
	t.typed = func() string {
		if hidden {
			return prompt
		}
		return prompt + string(line)
	}
	defer func() { t.typed = func() string { return "" } }()
	echo := func(text string) {
		if !hidden {
			t.write(text)
		}
	}
	replace := func(text string) {
		echo(strings.Repeat("\b \b", len(line)) + text)
		line = append(line[:0], text...)
	}
	for {
		key, ok := t.key()
		if !ok {
			return "", false
		}
		if single {
			t.write("\r\n")
			return strings.TrimSpace(string(rune(key))), true
		}
		if n := len(line); n == midLineAt && !hidden {
			begins, _, _ := strings.Cut(string(line)+string(key)+string(t.rest), "\r")
			begins, _, _ = strings.Cut(begins, "\n")
			t.write(crlf(t.sim.midLine(begins, configuring)))
		}
		switch {
		case key == '\r' || key == '\n':
			t.write("\r\n")
			return string(line), true
		case key == backspace || key == del:
			if len(line) > 0 {
				line = line[:len(line)-1]
				echo("\b \b")
			}
		case key == ctrlU:
			replace("")
		case key == ctrlW:
			cut := strings.LastIndexByte(strings.TrimRight(string(line), " "), ' ') + 1
			replace(string(line[:cut]))
		case key == ctrlR:
			t.write("\r\n" + prompt + string(line))
		case key == ctrlC:
			t.write("\r\n")
			if configuring {
				return "end", true
			}
			return "", true
		case key == ctrlZ:
			if !configuring {
				continue
			}
			t.write("^Z\r\n")
			if len(line) > 0 {
				t.write(crlf(t.answer(string(line))))
			}
			return "end", true
		case key == ctrlP:
			replace(t.recall(1))
		case key == ctrlN:
			replace(t.recall(-1))
		case key == escape:
			switch t.arrow() {
			case 'A':
				replace(t.recall(1))
			case 'B':
				replace(t.recall(-1))
			}
		case key == '\t' && !hidden && !collecting:
			if whole := t.complete(string(line)); whole != "" {
				replace(whole)
			}
		case key == '?' && !hidden && !collecting:
			t.write("?\r\n" + crlf(t.help(string(line))) + prompt + string(line))
		case key >= ' ' && key < del || key >= 0x80 || collecting && key == '\t':
			line = append(line, key)
			echo(string([]byte{key}))
		}
	}
}

// midLineAt is after how many characters of a line its echo can be broken.
const midLineAt = 3

// arrow reads the rest of an escape sequence and returns its last byte.
func (t *terminal) arrow() byte {
	for {
		key, ok := t.key()
		if !ok || key != '[' && key != 'O' {
			return key
		}
	}
}

// recall returns an earlier line: one further back for +1, forth for -1.
func (t *terminal) recall(step int) string {
	t.sim.mu.Lock()
	defer t.sim.mu.Unlock()
	t.back = min(max(t.back+step, 0), len(t.lines))
	if t.back == 0 {
		return ""
	}
	return t.lines[len(t.lines)-t.back]
}

// complete returns the line with its last word in full, if there is only one
// way to go on.
func (t *terminal) complete(line string) string {
	words, prefix := t.following(line)
	if len(words) != 1 || words[0] == "<cr>" || prefix == "" {
		return ""
	}
	return strings.TrimSuffix(line, prefix) + words[0] + " "
}

// help is the answer to a question mark.
func (t *terminal) help(line string) string {
	words, prefix := t.following(line)
	switch {
	case len(words) == 0:
		return "% Unrecognized command\n"
	case prefix != "":
		return strings.Join(words, "  ") + "\n\n"
	}
	return "  " + strings.Join(words, "\n  ") + "\n\n"
}

// following are the words that can stand where the line ends, and the
// beginning of the last word as typed.
func (t *terminal) following(line string) (words []string, prefix string) {
	t.sim.mu.Lock()
	defer t.sim.mu.Unlock()
	toks := tokens(line)
	if line != "" && !strings.HasSuffix(line, " ") {
		prefix = toks[len(toks)-1].text
		toks = toks[:len(toks)-1]
	}
	n, level := t.sim.grammars().exec, t.level
	if t.context > inExec {
		n, level = t.grammar(), 15
		if len(toks) > 0 && toks[0].text == "do" {
			n, toks = t.sim.grammars().exec, toks[1:]
		}
	}
	for len(toks) > 0 {
		next, _, err := n.keyword(toks[0], level)
		if err != nil {
			return nil, prefix
		}
		used := 1
		if next == nil {
			var v *value
			if v, _, used = n.value(line, toks); v == nil {
				return nil, prefix
			}
			next = v.next
		}
		n, toks = next, toks[used:]
	}
	return n.candidates(prefix, level), prefix
}
