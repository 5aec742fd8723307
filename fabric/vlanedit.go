package fabric

import "strings"

// Edited is the set after one more line of a trunk's list, as people and
// switches write it: a whole list, or one that begins with "add" or "remove".
// A trunk that was told nothing carries all VLANs.
func (v VLANSet) Edited(list string) (VLANSet, error) {
	word, rest, _ := strings.Cut(list, " ")
	if word != "add" && word != "remove" {
		return ParseVLANSet(list)
	}
	set, err := ParseVLANSet(rest)
	if err != nil {
		return VLANSet{}, err
	}
	if v.IsZero() {
		v = AllVLANs()
	}
	if word == "add" {
		return v.Union(set), nil
	}
	return v.Minus(set), nil
}
