package nxos

import (
	"strconv"
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// maxLine keeps a line well below what the switch reads.
const maxLine = 220

const allowedPrefix = "switchport trunk allowed vlan "

// FormatVLANs writes a set as NX-OS does: two neighbours are a range, too.
func FormatVLANs(set fabric.VLANSet) string {
	if set.IsZero() || set.IsAll() || set.IsNone() {
		return set.String()
	}
	var parts []string
	first, last := 0, 0
	flush := func() {
		switch {
		case first == 0:
		case first == last:
			parts = append(parts, strconv.Itoa(first))
		default:
			parts = append(parts, strconv.Itoa(first)+"-"+strconv.Itoa(last))
		}
	}
	for id := range set.All() {
		if id != last+1 || first == 0 {
			flush()
			first = id
		}
		last = id
	}
	flush()
	return strings.Join(parts, ",")
}

// allowedLines changes the list of a trunk from one to the other, in two parts
// since the native VLAN is changed between them: what widens the list, and what
// narrows it. At no moment is a VLAN missing that is in both lists.
func allowedLines(from, to fabric.VLANSet) (widen, narrow []string) {
	whole := allowedPrefix + FormatVLANs(to)
	switch {
	case from == to:
		return nil, nil
	case to.IsAll():
		return []string{allowedPrefix + "all"}, nil
	case to.IsNone():
		return nil, []string{whole}
	case from.IsAll() && len(whole) <= maxLine:
		return nil, []string{whole}
	case from.IsAll():
		return nil, chunked(allowedPrefix+"remove ", fabric.AllVLANs().Minus(to))
	case from.IsNone():
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
	for part := range strings.SplitSeq(FormatVLANs(set), ",") {
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
