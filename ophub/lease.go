package ophub

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/consul/api"
)

// Lease is an address that DHCP gave to a host.
type Lease struct {
	MAC     string    `json:"mac"`
	IP      string    `json:"ip"`
	Host    string    `json:"host"`
	Expires time.Time `json:"expires"`
}

func (l Lease) normalized() (Lease, error) {
	mac, err := NormalizeMAC(l.MAC)
	if err != nil {
		return l, &InvalidError{Kind: "lease", Name: l.IP, Field: "mac", Problem: err.Error()}
	}
	ip, err := netip.ParseAddr(l.IP)
	if err != nil {
		return l, &InvalidError{Kind: "lease", Name: l.IP, Field: "ip", Problem: err.Error()}
	}
	l.MAC, l.IP, l.Expires = mac, ip.Unmap().String(), l.Expires.UTC().Round(0)
	return l, nil
}

// PutLease stores or renews a lease. An address that another MAC holds until
// later than now is a *LeaseTakenError.
func (h *Hub) PutLease(ctx context.Context, lease Lease) error {
	lease, err := lease.normalized()
	if err != nil {
		return err
	}
	return h.retry(ctx, "store lease of "+lease.IP, func() (bool, error) {
		held, index, err := get[Lease](ctx, h, kindLease, lease.IP)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return false, err
		}
		if held.MAC != "" && held.MAC != lease.MAC && held.Expires.After(h.now()) {
			return false, &LeaseTakenError{Lease: lease, Holder: held}
		}
		return h.cas(ctx, kindLease, lease.IP, lease, index)
	})
}

// Leases returns all leases, ordered by address, expired ones too.
func (h *Hub) Leases(ctx context.Context) ([]Lease, error) {
	leases, err := list[Lease](ctx, h, kindLease)
	slices.SortFunc(leases, func(a, b Lease) int {
		x, errX := netip.ParseAddr(a.IP)
		y, errY := netip.ParseAddr(b.IP)
		if errX != nil || errY != nil {
			return strings.Compare(a.IP, b.IP)
		}
		return x.Compare(y)
	})
	return leases, err
}

// DeleteLease gives an address back, if the lease's MAC still holds it.
func (h *Hub) DeleteLease(ctx context.Context, lease Lease) error {
	lease, err := lease.normalized()
	if err != nil {
		return err
	}
	what := "delete lease of " + lease.IP
	return h.retry(ctx, what, func() (bool, error) {
		held, index, err := get[Lease](ctx, h, kindLease, lease.IP)
		if errors.Is(err, ErrNotFound) || (err == nil && held.MAC != lease.MAC) {
			return true, nil
		}
		if err != nil {
			return false, err
		}
		w, cancel := h.write(ctx)
		defer cancel()
		done, _, err := h.client.KV().DeleteCAS(&api.KVPair{Key: h.key(kindLease, lease.IP), ModifyIndex: index}, w)
		return done, h.fail(what, err)
	})
}
