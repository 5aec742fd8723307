package opserver

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// clip makes text from the wire fit for a log line or a record: printable, and at most n bytes.
func clip(text string, n int) string {
	text = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return '·'
		}
		return r
	}, text)
	if len(text) <= n {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n] + "…"
}
