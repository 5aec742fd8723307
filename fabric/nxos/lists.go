package nxos

import (
	"strconv"
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
	"github.com/cthulix/terraform-provider-cthulix/fabric/internal/vlanlines"
)

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
	whole := vlanlines.Allowed + FormatVLANs(to)
	switch {
	case from == to:
		return nil, nil
	case to.IsAll():
		return []string{vlanlines.Allowed + "all"}, nil
	case to.IsNone():
		return nil, []string{whole}
	case from.IsAll() && len(whole) <= vlanlines.Max:
		return nil, []string{whole}
	case from.IsAll():
		return nil, vlanlines.Chunked(vlanlines.Allowed+"remove ", FormatVLANs(fabric.AllVLANs().Minus(to)))
	case from.IsNone():
		return vlanlines.Anew(FormatVLANs(to)), nil
	}
	return vlanlines.Between(from, to, FormatVLANs)
}
