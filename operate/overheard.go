package operate

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
)

// The bounds of a console's end in a message.
const (
	endLines = 20
	endWidth = 400 // characters of a line
)

// BootError is a boot that was waited for in vain, with the end of the machine's serial console. [Explain] shows both.
type BootError struct {
	Err error
	// Console is a paragraph: the last lines, or in one why there are none.
	Console string
}

// Error is that of the wait.
func (e *BootError) Error() string { return e.Err.Error() }

// Unwrap returns what ended the wait.
func (e *BootError) Unwrap() error { return e.Err }

// Explain is an error's text, and after it the consoles of the machines that it is about.
func Explain(err error) string {
	return strings.Join(append([]string{err.Error()}, Consoles(err)...), "\n\n")
}

// Consoles are the paragraphs on consoles that an error has.
func Consoles(err error) []string {
	var all []string
	for _, e := range bootErrors(err) {
		all = append(all, e.Console)
	}
	return all
}

// bootErrors are those in an error's tree, in order.
func bootErrors(err error) []*BootError {
	var boot *BootError
	if !errors.As(err, &boot) {
		return nil
	}
	if e, ok := err.(*BootError); ok { //nolint:errorlint // the tree is walked here
		return append([]*BootError{e}, bootErrors(e.Err)...)
	}
	switch e := err.(type) { //nolint:errorlint // as above
	case interface{ Unwrap() error }:
		return bootErrors(e.Unwrap())
	case interface{ Unwrap() []error }:
		var all []*BootError
		for _, one := range e.Unwrap() {
			all = append(all, bootErrors(one)...)
		}
		return all
	}
	return nil
}

// Blame ends the listening, and joins what was heard to the error of the boot.
func (o *Overheard) Blame(err error) error {
	o.Close()
	return &BootError{Err: err, Console: o.End()}
}

// End is the end of what the machine said, as a paragraph. Its lines are indented, which keeps Terraform from breaking
// them.
func (o *Overheard) End() string {
	o.mu.Lock()
	raw, said, since, lost := o.tail.Bytes(), o.said, o.since, o.lost
	o.mu.Unlock()
	if said > len(raw) {
		// The beginning is lost, and with it what the first line is a part of: perhaps of a secret.
		_, raw, _ = bytes.Cut(raw, []byte("\n"))
	}
	lines := o.readable(raw)
	whose := "Serial console of " + o.Host
	if o.Booting != "" {
		whose += ", booting " + o.Booting.Short()
	}
	if len(lines) == 0 {
		if since.IsZero() {
			return fmt.Sprintf("%s: not heard: %s.", whose, lost)
		}
		return fmt.Sprintf("%s: nothing was said in %s. Firmware and Linux must use the port that serial over LAN is on.",
			whose, time.Since(since).Round(time.Second))
	}
	head := fmt.Sprintf("%s, the last lines", whose)
	if lost != "" {
		head += " until it was lost (" + lost + ")"
	}
	return head + ":\n    " + strings.Join(lines, "\n    ")
}

// readable are the last lines without what nobody may see, bounded.
func (o *Overheard) readable(raw []byte) []string {
	lines := ipmi.ConsoleLines(raw)
	from := -1 // a private key began there
	for i, line := range lines {
		switch {
		case strings.Contains(line, keyBegins) && strings.Contains(line, keyKind):
			from = i
		case strings.Contains(line, keyEnds) && strings.Contains(line, keyKind):
			// Its beginning may have been lost.
			for j := max(from, 0); j <= i; j++ {
				lines[j] = withheld
			}
			from = -1
		}
		lines[i] = o.hide(lines[i])
	}
	for j := from; j >= 0 && j < len(lines); j++ {
		lines[j] = withheld // it has not ended yet
	}
	lines = lines[max(0, len(lines)-endLines):]
	for i, line := range lines {
		if r := []rune(line); len(r) > endWidth {
			lines[i] = string(r[:endWidth]) + "…"
		}
	}
	return lines
}

// withheld stands in the place of a secret.
const withheld = "[withheld]"

// What goes before a secret, or around it: a name that says so and its value, what HTTP sends, and the part of a URL
// before its host.
var (
	namedSecret = regexp.MustCompile(`(?i)([\w.-]*(?:passw|passphrase|pwd|secret|token|psk|credential|api[-_]?key|private[-_]?key|auth[-_]?key)[\w.-]*["']?\s*[=:]\s*)("[^"]*"?|'[^']*'?|[^\s,;&]+)`)
	sentSecret  = regexp.MustCompile(`(?i)\b((?:bearer|basic)\s+)[\w.~+/=-]+`)
	urlSecret   = regexp.MustCompile(`(://)[^/\s@]+@`)
)

// What a private key begins and ends with (RFC 7468).
const (
	keyBegins = "-----BEGIN"
	keyEnds   = "-----END"
	keyKind   = "PRIVATE KEY"
)

// shortestSecret is how long a text must be to be hidden wherever it stands: shorter ones are part of words.
const shortestSecret = 3

// hide takes secrets out of a line: those that are known, and what looks like one.
func (o *Overheard) hide(line string) string {
	for _, secret := range o.Secrets {
		if len(secret) >= shortestSecret {
			line = strings.ReplaceAll(line, secret, withheld)
		}
	}
	line = namedSecret.ReplaceAllString(line, "${1}"+withheld)
	line = sentSecret.ReplaceAllString(line, "${1}"+withheld)
	return urlSecret.ReplaceAllString(line, "${1}"+withheld+"@")
}
