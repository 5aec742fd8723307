package ophub

import (
	"context"
	"time"
)

// Lease is an address that DHCP gave to a host.
type Lease struct {
	MAC     string    `json:"mac"`
	IP      string    `json:"ip"`
	Host    string    `json:"host"`
	Expires time.Time `json:"expires"`
}

// PutLease stores or renews a lease. An address that another MAC holds until
// later than now is a *LeaseTakenError.
func (h *Hub) PutLease(ctx context.Context, lease Lease) error { return errUnbuilt }

// Leases returns all leases, ordered by address, expired ones too.
func (h *Hub) Leases(ctx context.Context) ([]Lease, error) { return nil, errUnbuilt }

// DeleteLease gives an address back, if the lease's MAC still holds it.
func (h *Hub) DeleteLease(ctx context.Context, lease Lease) error { return errUnbuilt }
