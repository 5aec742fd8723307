package gridapp

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// What tasks write is shown to people: it never has more lines than is said,
// nor anything that would upset a terminal.
func FuzzTail(f *testing.F) {
	for _, s := range []string{"", "one\ntwo\n", "\x1b[2J\x07", "a\xffb", strings.Repeat("x\n", 50), strings.Repeat("é", 4000)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := tail(s)
		if !utf8.ValidString(got) || strings.ContainsAny(got, "\x1b\x07\r\x00") || strings.Count(got, "\n") > tailLines || len(got) > tailBytes+8 {
			t.Errorf("%q became %q", s, got)
		}
	})
}

func FuzzAllocIndex(f *testing.F) {
	for _, s := range []string{"wc.app[0]", "wc", "[", "]", "a[99999999999999999999]"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if n, ok := allocIndex(s); ok && n < 0 {
			t.Errorf("%q became %d", s, n)
		}
	})
}
