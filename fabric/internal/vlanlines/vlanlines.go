// Package vlanlines writes the lines by which IOS and NX-OS are told of VLANs,
// as far as the two do not differ.
package vlanlines

import (
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// Max keeps a line below the 254 characters that IOS reads, and clear of the
// width of the terminal.
const Max = 220

// Allowed is how the list of a trunk is begun.
const Allowed = "switchport trunk allowed vlan "

// Chunked writes a list in lines that begin with the prefix and are short
// enough even with "add " put in.
func Chunked(prefix, list string) []string {
	room := Max - len(prefix) - len("add ")
	var lines []string
	var cur string
	for part := range strings.SplitSeq(list, ",") {
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

// Anew gives a trunk a list that had none.
func Anew(list string) []string {
	lines := Chunked(Allowed, list)
	for i := 1; i < len(lines); i++ {
		lines[i] = Allowed + "add " + strings.TrimPrefix(lines[i], Allowed)
	}
	return lines
}

// Between changes the list of a trunk, which is neither all nor none, so that at
// no moment a VLAN is missing that is in both: what widens it, and what narrows
// it. format is how the platform writes a set.
func Between(from, to fabric.VLANSet, format func(fabric.VLANSet) string) (widen, narrow []string) {
	if add := to.Minus(from); !add.IsNone() {
		widen = Chunked(Allowed+"add ", format(add))
	}
	if gone := from.Minus(to); !gone.IsNone() {
		narrow = Chunked(Allowed+"remove ", format(gone))
	}
	return widen, narrow
}

// NameIsTaken says whether VLAN id holds, in from, a name that another one is
// to get in to.
func NameIsTaken(from, to map[int]fabric.VLAN, id int) bool {
	name := from[id].EffectiveName()
	if name == fabric.DefaultVLANName(id) {
		return false
	}
	for other, v := range to {
		if other != id && v.EffectiveName() == name {
			return true
		}
	}
	return false
}
