package images

import (
	"fmt"
	"slices"
	"strings"
)

// argsLimit leaves room for ours in the 2048 bytes that Linux takes on amd64.
const argsLimit = 1200

// DefaultArgs returns the kernel arguments that every image of a flavour has: a
// quiet serial console, and a restart if Linux itself fails. One for virtual
// machines does not test the timer: where a busy host lets the machine wait, that
// takes a good one for broken, and panics.
func DefaultArgs(flavour string) []string {
	args := []string{"console=ttyS0,115200", "quiet", "panic=10"}
	if flavour == FlavourCloud {
		args = append(args, "no_timer_check")
	}
	return args
}

// mergeArgs puts args after defaults, less the defaults that args replace.
func mergeArgs(defaults, args []string) []string {
	named := map[string]bool{}
	for _, a := range args {
		switch key, _, _ := strings.Cut(a, "="); key {
		case "loglevel", "debug", "ignore_loglevel":
			named["quiet"] = true
		default:
			named[key] = true
		}
	}
	kept := slices.DeleteFunc(slices.Clone(defaults), func(a string) bool {
		key, _, _ := strings.Cut(a, "=")
		return named[key]
	})
	return append(kept, args...)
}

// ValidateArgs checks kernel arguments, whose field is called path: a boot
// script must carry them unchanged.
func ValidateArgs(path string, args []string) []Problem {
	var problems Problems
	total := 0
	for i, a := range args {
		total += len(a) + 1
		if message := argProblem(a); message != "" {
			problems = append(problems, Problem{Path: fmt.Sprintf("%s[%d]", path, i), Message: message})
		}
	}
	if total > argsLimit {
		problems = append(problems, Problem{Path: path, Message: fmt.Sprintf("the arguments have %d bytes together; Linux has room for %d", total, argsLimit)})
	}
	return problems
}

func argProblem(a string) string {
	switch {
	case a == "":
		return "an argument is empty"
	case strings.ContainsFunc(a, func(r rune) bool { return r <= ' ' || r > '~' }):
		return fmt.Sprintf("%q: an argument is printable ASCII without spaces; give each its own place in the list", a)
	case strings.ContainsAny(a, "\"'\\") || strings.Contains(a, "${") || a[0] == '#' || a == "||" || a == "&&":
		return fmt.Sprintf("%q: firmware would change quotes, backslashes, ${…}, #, || and &&", a)
	case strings.HasPrefix(a, reservedArgs), strings.HasPrefix(a, "ignition."), strings.HasPrefix(a, "initrd="):
		return fmt.Sprintf("%q: Cthulix sets %s itself", a, a[:strings.IndexAny(a, ".=")+1]+"…")
	}
	return ""
}
