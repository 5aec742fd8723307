package wire

import "math/bits"

// MaxVLAN is the highest VLAN number that a frame can be tagged with.
const MaxVLAN = 4094

// VLANs is a set of VLAN numbers between 1 and 4094. The zero value is empty;
// it is a value: assigning copies it, == compares it.
type VLANs [64]uint64

// VLANsOf returns the set of the numbers given; those out of range are left out.
func VLANsOf(ids ...int) VLANs {
	var v VLANs
	for _, id := range ids {
		v.Add(id)
	}
	return v
}

// AllVLANs returns 1–4094, what a trunk allows unless told otherwise.
func AllVLANs() VLANs {
	var v VLANs
	for i := range v {
		v[i] = ^uint64(0)
	}
	v[0] &^= 1
	v[63] &^= 1 << 63
	return v
}

// Has reports whether the set contains id.
func (v *VLANs) Has(id int) bool {
	return id >= 1 && id <= MaxVLAN && v[id/64]&(1<<(id%64)) != 0
}

// Add puts id into the set; a number out of range is ignored.
func (v *VLANs) Add(id int) {
	if id >= 1 && id <= MaxVLAN {
		v[id/64] |= 1 << (id % 64)
	}
}

// Remove takes id out of the set.
func (v *VLANs) Remove(id int) {
	if id >= 1 && id <= MaxVLAN {
		v[id/64] &^= 1 << (id % 64)
	}
}

// Union returns what is in either set.
func (v VLANs) Union(o VLANs) VLANs {
	for i := range v {
		v[i] |= o[i]
	}
	return v
}

// Intersect returns what is in both sets.
func (v VLANs) Intersect(o VLANs) VLANs {
	for i := range v {
		v[i] &= o[i]
	}
	return v
}

// Minus returns what is in v and not in o.
func (v VLANs) Minus(o VLANs) VLANs {
	for i := range v {
		v[i] &^= o[i]
	}
	return v
}

// Len returns how many VLANs the set holds.
func (v VLANs) Len() int {
	n := 0
	for _, w := range v {
		n += bits.OnesCount64(w)
	}
	return n
}

// IDs returns the numbers in ascending order.
func (v VLANs) IDs() []int {
	ids := make([]int, 0, v.Len())
	for i, w := range v {
		for ; w != 0; w &= w - 1 {
			ids = append(ids, i*64+bits.TrailingZeros64(w))
		}
	}
	return ids
}
