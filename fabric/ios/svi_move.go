package ios

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// svisChange writes the blocks of SVIs. IOS refuses a network that another
// interface has: what moves is taken away from all before anybody gets it,
// interfaces that are shut come first and those that are opened last.
func (w *writer) svisChange(from, to map[int]sviAttrs, foreign map[string][]string) {
	from = maps.Clone(from)
	w.svisYield(from, to)
	rank := func(id int) int {
		have, want := from[id], to[id]
		switch {
		case want.shutdown && !have.shutdown:
			return -1
		case have.shutdown && !want.shutdown:
			return 1
		}
		return 0
	}
	ids := slices.SortedFunc(maps.Keys(to), func(a, b int) int { return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b)) })
	for _, id := range ids {
		have, exists := from[id]
		lines := sviLines(have, to[id])
		if !exists {
			lines = comesBack(lines, foreign[fabric.SVIName(id)])
		}
		if len(lines) > 0 || !exists {
			w.block(fabric.SVIName(id), lines)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(from)) {
		if _, stays := to[id]; !stays {
			w.global("no interface " + fabric.SVIName(id))
		}
	}
}

// svisYield takes addresses away whose network another SVI is to have, and notes
// so in from.
func (w *writer) svisYield(from, to map[int]sviAttrs) {
	for _, id := range slices.Sorted(maps.Keys(from)) {
		have := from[id]
		want, stays := to[id]
		lost := func(a string) bool {
			return !slices.Contains(want.addresses(), a) && comesTo(from, to, id, a)
		}
		if !slices.ContainsFunc(have.addresses(), lost) {
			continue
		}
		if !stays {
			w.global("no interface " + fabric.SVIName(id))
			delete(from, id)
			continue
		}
		kept := have
		kept.secondary = strings.Join(slices.DeleteFunc(items(have.secondary), lost), "\n")
		if have.address != "" && lost(have.address) {
			kept.address, kept.secondary = "", ""
		}
		w.block(fabric.SVIName(id), sviLines(have, kept))
		from[id] = kept
	}
}

// comesTo says whether an SVI but the given one gets an address in the network
// of another address.
func comesTo(from, to map[int]sviAttrs, but int, address string) bool {
	for id, want := range to {
		for _, a := range want.addresses() {
			if id != but && !slices.Contains(from[id].addresses(), a) && overlap(a, address) {
				return true
			}
		}
	}
	return false
}

// addresses are all of an SVI, the primary one first.
func (a sviAttrs) addresses() []string { return append(items(a.address), items(a.secondary)...) }

func overlap(a, b string) bool {
	p, err1 := parseMasked(a)
	q, err2 := parseMasked(b)
	return err1 == nil && err2 == nil && p.Overlaps(q)
}

// svisPossible finds networks that two interfaces would have. One that is shut
// has none.
func svisPossible(obs fabric.Observation, to state, want fabric.Want) fabric.FieldErrors {
	after := maps.Clone(to.svis)
	for id, s := range obs.SVIs {
		if _, known := after[id]; !known && !slices.Contains(want.AbsentSVIs, id) {
			after[id], _ = readSVI(s.Lines)
		}
	}
	var es fabric.FieldErrors
	for _, id := range slices.Sorted(maps.Keys(want.SVIs)) {
		if want.SVIs[id].Addresses == nil {
			continue
		}
		for _, a := range to.svis[id].addresses() {
			for _, other := range slices.Sorted(maps.Keys(after)) {
				if other == id || after[other].shutdown {
					continue
				}
				if i := slices.IndexFunc(after[other].addresses(), func(b string) bool { return overlap(a, b) }); i >= 0 {
					es = append(es, taken(id, other, a, after[other].addresses()[i]))
				}
			}
		}
	}
	return es
}

func taken(id, other int, a, b string) *fabric.FieldError {
	network := netip.Prefix{}
	if p, err := parseMasked(b); err == nil {
		network = p.Masked()
	}
	return &fabric.FieldError{
		Path:    []string{"svis", fmt.Sprint(id), "addresses"},
		Summary: fmt.Sprintf("%s is in %s, which %s has", strings.Fields(a)[0], network, fabric.SVIName(other)),
		Detail:  "a switch refuses two interfaces in one network: move the address in the same change, or shut the other interface",
	}
}
