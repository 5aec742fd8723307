package ipmi

import (
	"slices"
	"strings"
	"testing"
	"unicode"
)

func TestConsoleLines(t *testing.T) {
	for _, c := range []struct {
		name, said string
		want       []string
	}{
		{"lines of a machine", "one\r\ntwo\nthree", []string{"one", "two", "three"}},
		{"what was overwritten", "loading 10%\rloading 99%\rdone\r\n", []string{"doneing 99%"}},
		{"what was erased by hand", "abc\b\bX\n", []string{"aXc"}},
		{"colours", "\x1b[1;31mred\x1b[0m alert\n", []string{"red alert"}},
		{"a setup screen", "\x1b[2J\x1b[01;01HPhoenix\x1b[05;10HMemory Test\x1b[3CFailed", []string{"Phoenix", "Memory Test Failed"}},
		{"a title and a charset", "\x1b]0;node1\alogin\x1b(B:\x1b]0;x\x1b\\ root", []string{"login: root"}},
		{"what does not end", "boot\x1b[12;", []string{"boot"}},
		{"a string that does not end", "\x1b]0;panic", []string{"0;panic"}},
		{"what cannot be shown", "a\x07b\x00c\x9bd\u202ee\u00a0\U000e0001", []string{`a\x07bc\x9bd\u202ee\u00a0\U000e0001`}},
		{"tabs", "a\tb\n", []string{"a       b"}},
		{"one line over and over", "no link\nno link\nno link\n\n   \nup\n", []string{"no link (3 times)", "up"}},
		{"a line without an end", strings.Repeat("x", consoleWidth+1), []string{strings.Repeat("x", consoleWidth), "x"}},
		{"nothing", "", nil},
	} {
		if got := ConsoleLines([]byte(c.said)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func FuzzConsoleLines(f *testing.F) {
	f.Add([]byte("\x1b[2J\x1b[01;01HSeaBIOS\r\n\x1b]0;t\aiPXE\x9b\xff\x00"))
	f.Add([]byte("a\tb\b\b\rc\x1b(B\x1bM"))
	f.Fuzz(func(t *testing.T, said []byte) {
		size := 0
		for _, line := range ConsoleLines(said) {
			size += len(line)
			if strings.TrimRight(line, " ") == "" || strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Errorf("line %q", line)
			}
		}
		// A tab is up to eight columns, an unprintable rune up to ten characters.
		if size > 10*len(said)+len(" (9999 times)")*len(said) {
			t.Errorf("%d bytes became %d", len(said), size)
		}
	})
}
