package ophub

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"time"
)

// Pool is the run of addresses that an opserver hands out, so that nobody else
// uses one of them for good.
type Pool struct {
	// Opserver is its address, which names the pool.
	Opserver netip.Addr `json:"opserver"`
	// First and Last are in the pool, Excluded between them are never handed out.
	First    netip.Addr   `json:"first"`
	Last     netip.Addr   `json:"last"`
	Excluded []netip.Addr `json:"excluded,omitempty"`
	// Updated is when PutPool stored it.
	Updated time.Time `json:"updated,omitzero"`
}

// Contains tells whether the opserver may hand an address out.
func (p Pool) Contains(a netip.Addr) bool {
	return p.First.Compare(a) <= 0 && a.Compare(p.Last) <= 0 && !slices.Contains(p.Excluded, a)
}

// PutPool stores what an opserver hands out.
func (h *Hub) PutPool(ctx context.Context, p Pool) error {
	if !p.Opserver.IsValid() || !p.First.IsValid() || p.Last.Less(p.First) {
		return &InvalidError{Kind: "pool", Name: p.Opserver.String(), Field: "first", Problem: p.First.String() + " to " + p.Last.String() + " is no run of addresses"}
	}
	return h.retry(ctx, "store the pool of opserver "+p.Opserver.String(), func() (bool, error) {
		old, index, err := get[Pool](ctx, h, kindPool, p.Opserver.String())
		if err != nil && !errors.Is(err, ErrNotFound) {
			return false, err
		}
		if old.First == p.First && old.Last == p.Last && slices.Equal(old.Excluded, p.Excluded) {
			return true, nil
		}
		p.Updated = h.now().UTC().Round(0)
		return h.cas(ctx, kindPool, p.Opserver.String(), p, index)
	})
}

// Pools returns what all opservers hand out.
func (h *Hub) Pools(ctx context.Context) ([]Pool, error) { return list[Pool](ctx, h, kindPool) }
