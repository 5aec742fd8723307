package fabric

import (
	"fmt"
	"iter"
	"math/bits"
	"strconv"
	"strings"
)

// The VLAN IDs that exist, and those of them that IOS keeps for Token Ring and
// FDDI: they can be neither created nor removed.
const (
	MinVLAN         = 1
	MaxVLAN         = 4094
	FirstReserved   = 1002
	LastReserved    = 1005
	FirstExtended   = 1006
	unsetVLANs      = ""
	wordNone        = "none"
	wordAll         = "all"
	vlanWords       = (MaxVLAN + 64) / 64
	maxVLANSetInput = 64 << 10
)

// VLANSet is a set of VLANs as a value: it can be compared with ==, and every
// spelling of the same VLANs is the same set. The zero value is "not set",
// which is something else than the set of no VLANs: on a trunk the first means
// the switch's default (all) and the second means none.
type VLANSet struct {
	// text is the canonical spelling; being canonical makes == the set's
	// equality and lets a set be a map key.
	text string
}

type vlanBits [vlanWords]uint64

func (b *vlanBits) has(id int) bool { return b[id/64]&(1<<(id%64)) != 0 }
func (b *vlanBits) set(id int)      { b[id/64] |= 1 << (id % 64) }

func (b *vlanBits) count() int {
	n := 0
	for _, w := range b {
		n += bits.OnesCount64(w)
	}
	return n
}

func allBits() vlanBits {
	var b vlanBits
	for id := MinVLAN; id <= MaxVLAN; id++ {
		b.set(id)
	}
	return b
}

// AllVLANs is the set of all VLANs, 1 to 4094.
func AllVLANs() VLANSet { return VLANSet{wordAll} }

// NoVLANs is the set of no VLANs.
func NoVLANs() VLANSet { return VLANSet{wordNone} }

// NewVLANSet is the set of the given VLANs.
func NewVLANSet(ids ...int) (VLANSet, error) {
	var b vlanBits
	for _, id := range ids {
		if id < MinVLAN || id > MaxVLAN {
			return VLANSet{}, fmt.Errorf("VLAN %d is not between %d and %d", id, MinVLAN, MaxVLAN)
		}
		b.set(id)
	}
	return fromBits(b), nil
}

// ParseVLANSet reads a VLAN list as people and switches write it: "10,20-29",
// "all", "none", "except 5-7", with spaces or line breaks anywhere between the
// parts. An empty text is refused, since it has been taken for both all and
// none before.
func ParseVLANSet(s string) (VLANSet, error) {
	if len(s) > maxVLANSetInput {
		return VLANSet{}, fmt.Errorf("VLAN list of %d bytes is too long", len(s))
	}
	text := strings.ToLower(strings.TrimSpace(s))
	switch text {
	case "":
		return VLANSet{}, fmt.Errorf("empty VLAN list: write %q or %q", wordNone, wordAll)
	case wordAll:
		return AllVLANs(), nil
	case wordNone:
		return NoVLANs(), nil
	}
	rest, except := text, false
	if r, ok := strings.CutPrefix(text, "except"); ok {
		rest, except = r, true
	}
	var b vlanBits
	for part := range strings.SplitSeq(rest, ",") {
		first, last, err := parseVLANRange(part)
		if err != nil {
			return VLANSet{}, fmt.Errorf("VLAN list %.60q: %w", s, err)
		}
		for id := first; id <= last; id++ {
			b.set(id)
		}
	}
	set := fromBits(b)
	if except {
		set = AllVLANs().Minus(set)
	}
	return set, nil
}

func parseVLANRange(part string) (first, last int, err error) {
	lo, hi, isRange := strings.Cut(part, "-")
	if first, err = parseVLANID(lo); err != nil {
		return 0, 0, err
	}
	if !isRange {
		return first, first, nil
	}
	if last, err = parseVLANID(hi); err != nil {
		return 0, 0, err
	}
	if last < first {
		return 0, 0, fmt.Errorf("range %d-%d runs backwards", first, last)
	}
	return first, last, nil
}

func parseVLANID(s string) (int, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return 0, fmt.Errorf("a VLAN number is missing")
	}
	id, err := strconv.ParseUint(s, 10, 16)
	if err != nil {
		return 0, fmt.Errorf("%.20q is not a VLAN number", s)
	}
	if id < MinVLAN || id > MaxVLAN {
		return 0, fmt.Errorf("VLAN %d is not between %d and %d", id, MinVLAN, MaxVLAN)
	}
	return int(id), nil
}

func fromBits(b vlanBits) VLANSet {
	switch b.count() {
	case 0:
		return NoVLANs()
	case MaxVLAN:
		return AllVLANs()
	}
	var out strings.Builder
	for id := MinVLAN; id <= MaxVLAN; id++ {
		if !b.has(id) {
			continue
		}
		last := id
		for last < MaxVLAN && b.has(last+1) {
			last++
		}
		if out.Len() > 0 {
			out.WriteByte(',')
		}
		out.WriteString(strconv.Itoa(id))
		switch {
		case last == id+1:
			out.WriteString("," + strconv.Itoa(last))
		case last > id:
			out.WriteString("-" + strconv.Itoa(last))
		}
		id = last
	}
	return VLANSet{out.String()}
}

func (v VLANSet) bits() vlanBits {
	var b vlanBits
	switch v.text {
	case unsetVLANs, wordNone:
		return b
	case wordAll:
		return allBits()
	}
	for part := range strings.SplitSeq(v.text, ",") {
		first, last, err := parseVLANRange(part)
		if err != nil {
			// Only this file writes the text, and it writes canonical ones.
			panic("fabric: VLANSet is not canonical: " + err.Error())
		}
		for id := first; id <= last; id++ {
			b.set(id)
		}
	}
	return b
}

// String is the canonical spelling: "1,3-5", "all", "none", or "" if not set.
func (v VLANSet) String() string { return v.text }

// IsZero says whether the set was never set.
func (v VLANSet) IsZero() bool { return v.text == unsetVLANs }

// IsAll says whether every VLAN is in the set.
func (v VLANSet) IsAll() bool { return v.text == wordAll }

// IsNone says whether the set is set and has no VLAN in it.
func (v VLANSet) IsNone() bool { return v.text == wordNone }

// Equal is the same as ==.
func (v VLANSet) Equal(o VLANSet) bool { return v == o }

// Len is the number of VLANs in the set.
func (v VLANSet) Len() int {
	b := v.bits()
	return b.count()
}

// Contains says whether a VLAN is in the set.
func (v VLANSet) Contains(id int) bool {
	if id < MinVLAN || id > MaxVLAN {
		return false
	}
	b := v.bits()
	return b.has(id)
}

// Union is the set of what is in either.
func (v VLANSet) Union(o VLANSet) VLANSet {
	a, b := v.bits(), o.bits()
	for i := range a {
		a[i] |= b[i]
	}
	return fromBits(a)
}

// Minus is the set of what is in v and not in o.
func (v VLANSet) Minus(o VLANSet) VLANSet {
	a, b := v.bits(), o.bits()
	for i := range a {
		a[i] &^= b[i]
	}
	return fromBits(a)
}

// Intersect is the set of what is in both.
func (v VLANSet) Intersect(o VLANSet) VLANSet {
	a, b := v.bits(), o.bits()
	for i := range a {
		a[i] &= b[i]
	}
	return fromBits(a)
}

// All yields the VLANs in ascending order.
func (v VLANSet) All() iter.Seq[int] {
	return func(yield func(int) bool) {
		b := v.bits()
		for id := MinVLAN; id <= MaxVLAN; id++ {
			if b.has(id) && !yield(id) {
				return
			}
		}
	}
}

// MarshalText writes the canonical spelling.
func (v VLANSet) MarshalText() ([]byte, error) { return []byte(v.text), nil }

// UnmarshalText reads any spelling; an empty text is "not set".
func (v *VLANSet) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*v = VLANSet{}
		return nil
	}
	set, err := ParseVLANSet(string(b))
	if err != nil {
		return err
	}
	*v = set
	return nil
}
