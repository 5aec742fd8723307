package ophub

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/keg"
)

// MaxDiscovered is how many discovered machines are kept; those that were not
// heard of for longest go first.
const MaxDiscovered = 512

// Discovered is a machine that no host record names, as it says itself that it
// is. It runs the site's discovery image and waits for a record.
type Discovered struct {
	// MAC is the address that it booted from, lower case with colons.
	MAC string `json:"mac"`
	// First and Last are when it was first and last heard of. PutDiscovered
	// keeps them.
	First   time.Time `json:"first"`
	Last    time.Time `json:"last"`
	Address string    `json:"address,omitempty"`
	Image   keg.KID   `json:"image,omitempty"` // that it runs
	BootID  string    `json:"boot_id,omitempty"`
	// Inventory is what it is made of, what its cables lead to, and its BMC.
	Inventory Inventory `json:"inventory"`
}

// MACs are all addresses of the machine, the one that it booted from first.
func (d Discovered) MACs() []string {
	out := []string{d.MAC}
	for _, nic := range d.Inventory.NICs {
		if nic.MAC != "" && !slices.Contains(out, nic.MAC) {
			out = append(out, nic.MAC)
		}
	}
	return out
}

// Cable is what the interface that the machine booted by is plugged into; false
// when nobody at the other end said so.
func (d Discovered) Cable() (Cable, bool) {
	for c := range d.Inventory.Cables() {
		if c.NIC.MAC == d.MAC {
			return c, true
		}
	}
	return Cable{}, false
}

// normalized is the record as it is stored. All of it comes from a machine that
// nobody knows.
func (d Discovered) normalized() (Discovered, error) {
	bad := func(field, format string, args ...any) (Discovered, error) {
		return d, &InvalidError{Kind: "discovered machine", Name: tidy(d.MAC), Field: field, Problem: fmt.Sprintf(format, args...)}
	}
	mac, err := NormalizeMAC(d.MAC)
	if err != nil {
		return bad("mac", "%v", err)
	}
	d.MAC = mac
	if _, err := netip.ParseAddr(d.Address); d.Address != "" && err != nil {
		return bad("address", "%v", err)
	}
	if d.Image != "" && !d.Image.Valid() {
		return bad("image", "is not a KID")
	}
	d.BootID, d.Inventory = tidy(d.BootID), d.Inventory.Tidy()
	return d, nil
}

// PutDiscovered stores what a machine says, in the place of what it said before.
func (h *Hub) PutDiscovered(ctx context.Context, d Discovered) error {
	d, err := d.normalized()
	if err != nil {
		return err
	}
	fresh := false
	err = h.retry(ctx, "store discovered machine "+d.MAC, func() (bool, error) {
		old, index, err := get[Discovered](ctx, h, kindDiscovered, d.MAC)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return false, err
		}
		d.Last = h.now().UTC().Round(0)
		d.First = d.Last
		if fresh = index == 0; !fresh {
			d.First = old.First
		}
		return h.cas(ctx, kindDiscovered, d.MAC, d, index)
	})
	if err != nil || !fresh {
		return err
	}
	return h.pruneDiscovered(ctx)
}

// pruneDiscovered forgets the oldest of too many.
func (h *Hub) pruneDiscovered(ctx context.Context) error {
	q, cancel := h.query(ctx)
	keys, _, err := h.client.KV().Keys(h.key(kindDiscovered, ""), "", q)
	cancel()
	if err != nil || len(keys) <= MaxDiscovered {
		return h.fail("list discovered machines", err)
	}
	all, err := h.Discovered(ctx)
	if err != nil {
		return err
	}
	slices.SortFunc(all, func(a, b Discovered) int { return cmp.Or(a.Last.Compare(b.Last), strings.Compare(a.MAC, b.MAC)) })
	for _, d := range all[:max(0, len(all)-MaxDiscovered)] {
		if err := h.DeleteDiscovered(ctx, d.MAC); err != nil {
			return err
		}
	}
	return nil
}

// Discovered returns all discovered machines, ordered by MAC address.
func (h *Hub) Discovered(ctx context.Context) ([]Discovered, error) {
	return list[Discovered](ctx, h, kindDiscovered)
}

// DeleteDiscovered forgets a machine. One that is not there is no error.
func (h *Hub) DeleteDiscovered(ctx context.Context, mac string) error {
	w, cancel := h.write(ctx)
	defer cancel()
	_, err := h.client.KV().Delete(h.key(kindDiscovered, mac), w)
	return h.fail("forget discovered machine "+mac, err)
}
