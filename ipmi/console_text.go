package ipmi

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// consoleWidth bounds a line, in columns: a cursor that is sent further stays there.
const consoleWidth = 1024

// ConsoleLines makes what a machine said on its console readable: the lines as a terminal would have left them, without
// its control sequences (ECMA-48) and without empty ones. Firmware that writes all over the screen leaves a line for each
// place that it wrote to. What cannot be shown is written as \x07 or \u202e. A line that comes several times in a row
// comes once, with how often.
func ConsoleLines(said []byte) []string {
	var s screen
	for len(said) > 0 {
		n := 1
		switch r, size := utf8.DecodeRune(said); {
		case said[0] == escape:
			var effect rune
			n, effect = sequence(said)
			s.take(effect)
		case r == utf8.RuneError && size == 1:
			s.write(fmt.Sprintf(`\x%02x`, said[0]))
		default:
			n = size
			s.take(r)
		}
		said = said[n:]
	}
	s.feed()
	return s.counted()
}

const (
	escape   = 0x1b
	tabWidth = 8
	// maxSequence bounds a control sequence, in bytes. What seems longer is none, and its text is text.
	maxSequence = 256
)

// sequence is how long the control sequence is that said begins with, and the character that does the same: a line feed
// where it moves the cursor to another line, a space where it moves it forward, 0 where it shows nothing.
func sequence(said []byte) (n int, effect rune) {
	said = said[:min(len(said), maxSequence)]
	if len(said) < 2 {
		return len(said), 0
	}
	within := func(b, from, to byte) bool { return from <= b && b <= to }
	switch said[1] {
	case '[':
		for i, b := range said[2:] {
			switch {
			case within(b, 0x40, 0x7e):
				return i + 3, csiEffects[b]
			case !within(b, 0x20, 0x3f):
				return i + 2, 0
			}
		}
		return len(said), 0
	case ']', 'P', 'X', '^', '_': // a string with a terminator
		if end := bytes.IndexAny(said[2:], "\a\x1b"); end >= 0 {
			n = 2 + end + 1
			if said[n-1] == escape && n < len(said) && said[n] == '\\' {
				n++
			}
			return n, 0
		}
		return 2, 0
	}
	for i, b := range said[1:] {
		switch {
		case within(b, 0x30, 0x7e):
			if strings.IndexByte("cDEM", b) >= 0 && i == 0 { // reset, index, next line, reverse index
				effect = '\n'
			}
			return i + 2, effect
		case !within(b, 0x20, 0x2f):
			return i + 1, 0
		}
	}
	return len(said), 0
}

// csiEffects are the control sequences that move the cursor, by their last bytes (ECMA-48 §8.3).
var csiEffects = map[byte]rune{
	'A': '\n', 'B': '\n', 'E': '\n', 'F': '\n', 'H': '\n', 'J': '\n', 'd': '\n', 'f': '\n',
	'C': ' ', 'G': ' ', 'a': ' ',
}

// screen is a terminal that keeps lines.
type screen struct {
	line   []rune
	column int
	lines  []string
}

// take takes one character.
func (s *screen) take(r rune) {
	switch {
	case r == 0:
	case r == '\n', r == '\v', r == '\f':
		s.feed()
	case r == '\r':
		s.column = 0
	case r == '\b':
		s.column = max(s.column-1, 0)
	case r == '\t':
		s.write(strings.Repeat(" ", tabWidth-s.column%tabWidth))
	case unicode.IsPrint(r):
		s.write(string(r))
	case r < 0x80:
		s.write(fmt.Sprintf(`\x%02x`, r))
	case r < 0x10000:
		s.write(fmt.Sprintf(`\u%04x`, r))
	default:
		s.write(fmt.Sprintf(`\U%08x`, r))
	}
}

// write writes text that can be shown over what is there.
func (s *screen) write(text string) {
	for _, r := range text {
		if s.column >= consoleWidth {
			s.feed()
		}
		if s.column < len(s.line) {
			s.line[s.column] = r
		} else {
			s.line = append(s.line, r)
		}
		s.column++
	}
}

// feed ends a line.
func (s *screen) feed() {
	if text := strings.TrimRight(string(s.line), " "); text != "" {
		s.lines = append(s.lines, text)
	}
	s.line, s.column = s.line[:0], 0
}

// counted are the lines, those that repeat the one before counted.
func (s *screen) counted() []string {
	var all []string
	for i := 0; i < len(s.lines); {
		n := 1
		for i+n < len(s.lines) && s.lines[i+n] == s.lines[i] {
			n++
		}
		if n > 1 {
			all = append(all, fmt.Sprintf("%s (%d times)", s.lines[i], n))
		} else {
			all = append(all, s.lines[i])
		}
		i += n
	}
	return all
}
