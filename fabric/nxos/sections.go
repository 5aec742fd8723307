package nxos

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/fabric/internal/vlanlines"
)

// ErrShortRead says that a running configuration is not whole. It is never a
// difference between switch and want.
var ErrShortRead = errors.New("the running configuration is not whole")

// section is a line at the left margin with the indented lines below it. The
// lines of the body have lost the indentation of the block; lines of blocks
// within it (HSRP groups, for example) keep what they have more.
type section struct {
	head string
	body []string
}

// indent is how far NX-OS indents a block.
const indent = "  "

// sections cuts a running configuration into its sections. Banners are
// skipped: they may look like configuration.
//
// NX-OS ends a configuration with no line of its own. What it prints in any
// case, and after all ports, are the terminal lines: a text with the header
// that `show running-config` writes must have them.
func sections(text string) ([]section, error) {
	var out []section
	captured, ended := false, false
	lines := strings.Split(strings.ReplaceAll(text, "\r", ""), "\n")
	for i := 0; i < len(lines); i++ {
		line := strings.TrimRight(lines[i], " \t")
		if strings.HasPrefix(line, "!Command: show running-config") && !strings.Contains(line, "running-config interface") {
			captured = true
		}
		if line == "" || strings.HasPrefix(line, "!") {
			continue
		}
		if line[0] == ' ' || line[0] == '\t' {
			if len(out) > 0 {
				last := &out[len(out)-1]
				last.body = append(last.body, unindented(line))
			}
			continue
		}
		if continuesList(out, line) {
			body := out[len(out)-1].body
			body[len(body)-1] += line
			continue
		}
		if strayRE.MatchString(line) {
			return nil, fmt.Errorf("%w: %q stands outside of any interface: the text has lost its indentation", ErrShortRead, line)
		}
		out = append(out, section{head: line})
		ended = ended || strings.HasPrefix(line, "line ")
		if closes := bannerEnd(line); closes != "" {
			for i++; i < len(lines) && !strings.Contains(lines[i], closes); i++ {
			}
			if i >= len(lines) {
				return nil, fmt.Errorf("%w: it stops within %q", ErrShortRead, line)
			}
		}
	}
	switch {
	case len(out) == 0:
		return nil, fmt.Errorf("%w: it has no lines", ErrShortRead)
	case captured && !ended:
		return nil, fmt.Errorf("%w: the terminal lines (`line vty`), which follow the ports, are missing", ErrShortRead)
	}
	return out, nil
}

// unindented takes the indentation of a block off a line. Texts that people have
// worked on have less than the switch's own.
func unindented(line string) string {
	if rest, ok := strings.CutPrefix(line, indent); ok {
		return rest
	}
	return line[1:]
}

// strayRE are lines of an interface that mean nothing at the left margin.
var strayRE = regexp.MustCompile(`^(?:(?:no )?switchport(?: |$)|channel-group \d|(?:no )?ip address(?: |$))`)

// continuesList says whether a line is the rest of a VLAN list that the
// terminal broke, as in a saved session: taken for a line of its own, it would
// cut the list, and a number in two.
func continuesList(out []section, line string) bool {
	if strings.Trim(line, "0123456789,-") != "" || len(out) == 0 {
		return false
	}
	body := out[len(out)-1].body
	return len(body) > 0 && strings.HasPrefix(body[len(body)-1], vlanlines.Allowed)
}

// bannerEnd is the delimiter of a banner that goes on in the next line.
func bannerEnd(line string) string {
	rest, ok := strings.CutPrefix(line, "banner ")
	if !ok {
		return ""
	}
	_, text, _ := strings.Cut(rest, " ")
	if text == "" {
		return ""
	}
	delimiter := text[:1]
	if strings.HasPrefix(text, "^C") {
		delimiter = "^C"
	}
	if strings.Contains(text[len(delimiter):], delimiter) {
		return ""
	}
	return delimiter
}

// Complete says whether the text is a whole running configuration as a switch
// prints it.
func Complete(text string) bool {
	if _, err := sections(text); err != nil {
		return false
	}
	return strings.Contains(text, "\nversion ") && strings.Contains(text, "\nline ")
}
