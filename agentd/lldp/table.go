package lldp

import (
	"slices"
	"time"
)

// maxNeighbors is how many one link keeps: more than a few are there only if
// somebody makes them up.
const maxNeighbors = 8

// table holds the neighbours of one link for as long as their words hold.
type table struct {
	list []sighting
}

type sighting struct {
	PDU
	until time.Time
}

// note takes in what was heard, and reports whether that changes what is known,
// and whether its sender is new here.
func (t *table) note(p PDU, now time.Time) (changed, fresh bool) {
	i := slices.IndexFunc(t.list, func(s sighting) bool { return s.same(p) })
	if p.TTL == 0 {
		if i >= 0 {
			t.list = slices.Delete(t.list, i, i+1)
		}
		return i >= 0, false
	}
	s := sighting{p, now.Add(p.TTL)}
	switch {
	case i >= 0:
		changed = !t.list[i].equal(p)
		t.list[i] = s
		return changed, false
	case len(t.list) >= maxNeighbors:
		return false, false // those who came first stay, until they go (§9.2.5.16)
	}
	t.list = append(t.list, s)
	return true, true
}

// expire forgets those whose time has run out, and reports whether there were any.
func (t *table) expire(now time.Time) bool {
	n := len(t.list)
	t.list = slices.DeleteFunc(t.list, func(s sighting) bool { return !s.until.After(now) })
	return len(t.list) < n
}

// next is when the next one runs out; false when there is none.
func (t *table) next() (time.Time, bool) {
	if len(t.list) == 0 {
		return time.Time{}, false
	}
	return slices.MinFunc(t.list, func(a, b sighting) int { return a.until.Compare(b.until) }).until, true
}

func (t *table) neighbors() []PDU {
	out := make([]PDU, len(t.list))
	for i, s := range t.list {
		out[i] = s.PDU
	}
	return out
}
