package ios

import (
	"regexp"
	"strings"
)

// Modes of the command line, as the prompt tells them.
const (
	modeUser = "user" // host>
	modeExec = "exec" // host#
)

// minConfigHost is how much of a long host name IOS keeps in the prompt of
// configuration mode at least.
const minConfigHost = 16

var (
	anyPromptRE    = regexp.MustCompile(`^([A-Za-z0-9][\w.\-@/:+]{0,62})[>#]$`)
	configPromptRE = regexp.MustCompile(`^(\S+)\((config[^()\s]*)\)#$`)
)

// promptMode says which mode a line is the prompt of, given the pinned host
// name; "" if it is no prompt. A pattern that took any name for the host would
// take lines of a banner for prompts.
func promptMode(host, line string) string {
	line = strings.TrimSuffix(line, " ")
	rest, ok := strings.CutPrefix(line, host)
	switch {
	case ok && rest == "#":
		return modeExec
	case ok && rest == ">":
		return modeUser
	}
	m := configPromptRE.FindStringSubmatch(line)
	if m != nil && strings.HasPrefix(host, m[1]) && len(m[1]) >= min(len(host), minConfigHost) {
		return m[2]
	}
	return ""
}

// cutPrompt takes a prompt off the front of a line.
func cutPrompt(host, line string) (rest string, ok bool) {
	for i := 0; i < len(line); i++ {
		if (line[i] == '#' || line[i] == '>') && promptMode(host, line[:i+1]) != "" {
			return strings.TrimPrefix(line[i+1:], " "), true
		}
	}
	return line, false
}

// lastLine is what follows the last line break.
func lastLine(b []byte) string {
	s := string(b[max(0, len(b)-512):])
	return s[strings.LastIndexByte(s, '\n')+1:]
}

// echo looks for the echo of a line at the front of what the switch sent, and
// gives the offset behind it. A log line may stand within the echo, after which
// the switch goes on where it was or prints the prompt and the echo anew.
// prompted says whether the echo stands behind a prompt.
func echo(text, host, line string) (end int, prompted, ok bool) {
	acc := ""
	for at := 0; at < len(text); {
		raw, _, _ := strings.Cut(text[at:], "\n")
		at += len(raw) + 1
		part := raw
		if isAsync(part) || strings.TrimSpace(part) == "" {
			continue
		}
		if rest, has := cutPrompt(host, part); has {
			acc, part, prompted = "", rest, true
		} else if acc == "" {
			part = strings.TrimLeft(part, " ")
		}
		acc += part
		if strings.TrimRight(acc, " ") == strings.TrimRight(line, " ") {
			return min(at, len(text)), prompted, true
		}
		if !strings.HasPrefix(line, acc) {
			acc = ""
			if strings.HasPrefix(line, part) {
				acc = part
			}
		}
	}
	return 0, false, false
}

var (
	backspaced  = regexp.MustCompile(`[^\n\x08]\x08`)
	timestampRE = regexp.MustCompile(`\A\n*Load for five secs: [^\n]*\n(?:[^\n]*[Tt]ime source[^\n]*\n)?`)
)

// moreRE is a "--More--" that was wiped. How many backspaces and spaces do that
// depends on the image, and one too few would leave a space behind, which makes
// the first line of the next page one of the block before it.
var moreRE = regexp.MustCompile(` ?--More-- ?\x08+ *\x08*`)

// erase carries out backspaces, with which the switch wipes "--More--".
func erase(s string) string {
	if !strings.ContainsAny(s, "\x08\x07\x00") {
		return s
	}
	s = moreRE.ReplaceAllString(strings.NewReplacer("\x07", "", "\x00", "").Replace(s), "")
	for strings.Contains(s, "\x08") {
		shorter := backspaced.ReplaceAllString(s, "")
		if shorter == s {
			return strings.ReplaceAll(s, "\x08", "")
		}
		s = shorter
	}
	return s
}

// answer cleans what stands between an echo and the prompt behind it: log lines
// and repeated prompts go, and so does the load that `exec prompt timestamp`
// puts before every answer. noise says whether a log line was in it.
func answer(text, host string) (clean string, noise bool) {
	lines := strings.Split(timestampRE.ReplaceAllString(text, ""), "\n")
	for n := len(lines); n > 0; n-- {
		l := lines[n-1]
		if strings.TrimSpace(l) != "" && promptMode(host, l) == "" && !isAsync(l) {
			break
		}
		lines = lines[:n-1]
	}
	kept := lines[:0]
	for _, l := range lines {
		if isAsync(l) {
			noise = true
			continue
		}
		kept = append(kept, l)
	}
	return strings.Join(kept, "\n"), noise
}
