package ios

import (
	"github.com/cthulix/terraform-provider-cthulix/fabric"
	"github.com/cthulix/terraform-provider-cthulix/fabric/internal/vlanlines"
)

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
	whole := vlanlines.Allowed + to.String()
	if to.IsAll() {
		return []string{whole}, nil
	}
	switch {
	case isAll && len(whole) <= vlanlines.Max, to.IsNone():
		return nil, []string{whole}
	case isAll && !quiet:
		// The list is too long for one line, and its first part alone would cut
		// off the rest: take away what is not in it instead.
		return nil, vlanlines.Chunked(vlanlines.Allowed+"remove ", fabric.AllVLANs().Minus(to).String())
	case isAll, from.IsNone():
		return vlanlines.Anew(to.String()), nil
	}
	return vlanlines.Between(from, to, fabric.VLANSet.String)
}
