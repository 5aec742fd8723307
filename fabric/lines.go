package fabric

import (
	"regexp"
	"slices"
	"strings"
)

// ListsInOrder moves the line that begins the allowed VLANs of a port before
// those that go on with it ("add", "remove"), if it is not there already. A
// switch prints it first; a text that was sorted or merged may not have it so.
func ListsInOrder(lines []string) []string {
	const command = "switchport trunk allowed vlan "
	goesOn := func(l string) bool {
		return strings.HasPrefix(l, command+"add ") || strings.HasPrefix(l, command+"remove ")
	}
	first := slices.IndexFunc(lines, goesOn)
	if first < 0 {
		return lines
	}
	begins := slices.IndexFunc(lines[first:], func(l string) bool { return strings.HasPrefix(l, command) && !goesOn(l) })
	if begins < 0 {
		return lines
	}
	begins += first
	ordered := slices.Delete(slices.Clone(lines), begins, begins+1)
	return slices.Insert(ordered, first, lines[begins])
}

// SaysRouting says whether lines tell aloud that a port routes, or that it
// switches where it would route by default.
func SaysRouting(lines []string) bool {
	return slices.Contains(lines, "no switchport") || slices.Contains(lines, "switchport")
}

// SaysSwitching says whether lines tell aloud what kind of port it is, if only
// by a setting that just one kind has.
func SaysSwitching(lines []string) bool {
	return SaysRouting(lines) || slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, "switchport ") })
}

// secretRE are the words before what nobody may see.
var secretRE = regexp.MustCompile(`(?i)\b(?:key|keys|key-string|key-chain|password|secret|authentication|md5|community|psk|passphrase)\b|message-digest`)

// WithoutSecrets leaves out lines that may hold a secret, where lines that are
// not managed are shown in a plan.
func WithoutSecrets(lines []string) []string {
	return slices.DeleteFunc(slices.Clone(lines), secretRE.MatchString)
}

var rangeRE = regexp.MustCompile(`(?i)^(?:range[ \t]|[a-z-]+[ \t]*\d[\d/]*[ \t]*[-,][ \t]*\w)`)

// NamesRange says whether what follows "interface" are several: a command, which
// no switch prints in its configuration.
func NamesRange(name string) bool { return rangeRE.MatchString(name) }
