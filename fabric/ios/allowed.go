package ios

import (
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// maxLine keeps a line below the 254 characters that IOS reads, and clear of
// the width of the terminal.
const maxLine = 220

const allowedPrefix = "switchport trunk allowed vlan "

// allowedLines changes the list of a trunk from one to the other, where unset
// is "no line". The lines come in two parts, since the native VLAN is changed
// between them: what widens the list, and what narrows it. At no moment is a
// VLAN missing that is in both lists.
//
// A port that is quiet carries nothing on its trunk meanwhile: it can be given
// the list from nothing.
func allowedLines(from, to fabric.VLANSet, quiet bool) (widen, narrow []string) {
	isAll := from.IsZero() || from.IsAll()
	if from == to || isAll && (to.IsZero() || to.IsAll()) {
		return nil, nil // "all" is the default, whether it is printed or not
	}
	if to.IsZero() {
		return []string{"no switchport trunk allowed vlan"}, nil
	}
	whole := allowedPrefix + to.String()
	if to.IsAll() {
		return []string{whole}, nil
	}
	switch {
	case isAll && len(whole) <= maxLine, to.IsNone():
		return nil, []string{whole}
	case isAll && !quiet:
		// The list is too long for one line, and its first part alone would cut
		// off the rest: take away what is not in it instead.
		return nil, chunked(allowedPrefix+"remove ", fabric.AllVLANs().Minus(to))
	case isAll, from.IsNone():
		lines := chunked(allowedPrefix, to)
		for i := 1; i < len(lines); i++ {
			lines[i] = allowedPrefix + "add " + strings.TrimPrefix(lines[i], allowedPrefix)
		}
		return lines, nil
	}
	if add := to.Minus(from); !add.IsNone() {
		widen = chunked(allowedPrefix+"add ", add)
	}
	if gone := from.Minus(to); !gone.IsNone() {
		narrow = chunked(allowedPrefix+"remove ", gone)
	}
	return widen, narrow
}

// chunked writes a list in lines that begin with the prefix and are short
// enough even with "add " put in.
func chunked(prefix string, set fabric.VLANSet) []string {
	room := maxLine - len(prefix) - len("add ")
	var lines []string
	var cur string
	for part := range strings.SplitSeq(set.String(), ",") {
		if cur != "" && len(cur)+1+len(part) > room {
			lines = append(lines, prefix+cur)
			cur = ""
		}
		if cur != "" {
			cur += ","
		}
		cur += part
	}
	return append(lines, prefix+cur)
}
