package opserver

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

const (
	// offerTime is how long an offered address is kept for the client before it asks for it.
	offerTime = time.Minute
	// declineTime is how long an address is left alone after a client found it in use.
	declineTime = 10 * time.Minute
)

// errRangeFull says that every address is taken.
var errRangeFull = errors.New("no address is left")

// errNotYours says that a client asked for an address that it cannot have.
var errNotYours = errors.New("the address is not this client's")

// leases is the lease table: the records in the ophub, with a copy here that answers packets. An address is chosen by
// the MAC's hash and the next free one behind it, so that opservers that run side by side, or one that lost its
// records, come to the same choice; the record's compare-and-set decides when they do not.
type leases struct {
	records   Records
	addresses Range
	excluded  map[netip.Addr]bool
	time      time.Duration
	now       func() time.Time
	// onRecord says whether a MAC belongs to a host.
	onRecord func(mac string) bool

	loading sync.Mutex // held while the records are read

	mu       sync.Mutex
	byIP     map[netip.Addr]ophub.Lease
	since    map[netip.Addr]*ophub.Lease // what changed since the records began to be read; nil: given back
	offers   map[netip.Addr]offer
	declined map[netip.Addr]time.Time // until when
}

type offer struct {
	mac   string
	until time.Time
}

// load takes the records over. Offers that are still open stay, and so does what changes meanwhile: the reading may be
// older.
func (l *leases) load(ctx context.Context) error {
	l.loading.Lock()
	defer l.loading.Unlock()
	l.mu.Lock()
	l.since = map[netip.Addr]*ophub.Lease{}
	l.mu.Unlock()
	records, err := l.records.Leases(ctx)
	l.mu.Lock()
	defer l.mu.Unlock()
	since := l.since
	l.since = nil
	if err != nil {
		return fmt.Errorf("read the leases: %w", err)
	}
	l.byIP = make(map[netip.Addr]ophub.Lease, len(records))
	for _, lease := range records {
		if a := leaseAddr(lease); a.IsValid() {
			l.byIP[a] = lease
		}
	}
	for a, lease := range since {
		l.put(a, lease)
	}
	return nil
}

// put changes the copy; the lock is held. A nil lease is one that was given back.
func (l *leases) put(a netip.Addr, lease *ophub.Lease) {
	if l.since != nil {
		l.since[a] = lease
	}
	if lease == nil {
		delete(l.byIP, a)
		return
	}
	if l.byIP == nil {
		l.byIP = map[netip.Addr]ophub.Lease{}
	}
	l.byIP[a] = *lease
}

// offer chooses an address for mac: the one that it has or had, else a free one, else the one whose lease ran out
// first, those of machines that are on record no more before the rest.
func (l *leases) offer(mac string) (netip.Addr, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	l.forgetOffers(now)
	if a, ok := l.of(mac); ok {
		return l.keep(a, mac, now), nil
	}
	var fallback netip.Addr
	best := ophub.Lease{}
	n := l.addresses.size()
	for i, start := 0, int(hash(mac)%uint64(n)); i < n; i++ {
		a := l.addresses.at((start + i) % n)
		if !l.usable(a, mac) {
			continue
		}
		lease, leased := l.byIP[a]
		if !leased {
			return l.keep(a, mac, now), nil
		}
		if lease.Expires.After(now) {
			continue
		}
		if !fallback.IsValid() || l.rather(lease, best) {
			fallback, best = a, lease
		}
	}
	if !fallback.IsValid() {
		return netip.Addr{}, fmt.Errorf("%w: all of %v is leased", errRangeFull, l.addresses)
	}
	return l.keep(fallback, mac, now), nil
}

// rather says whether a's address shall be reused before b's.
func (l *leases) rather(a, b ophub.Lease) bool {
	if ra, rb := l.onRecord(a.MAC), l.onRecord(b.MAC); ra != rb {
		return rb
	}
	return a.Expires.Before(b.Expires)
}

func (l *leases) keep(a netip.Addr, mac string, now time.Time) netip.Addr {
	if l.offers == nil {
		l.offers = map[netip.Addr]offer{}
	}
	l.offers[a] = offer{mac: mac, until: now.Add(offerTime)}
	return a
}

func (l *leases) forgetOffers(now time.Time) {
	for a, o := range l.offers {
		if now.After(o.until) {
			delete(l.offers, a)
		}
	}
	for a, until := range l.declined {
		if now.After(until) {
			delete(l.declined, a)
		}
	}
}

// usable says whether mac may have the address as far as this server's own knowledge without the records goes.
func (l *leases) usable(a netip.Addr, mac string) bool {
	if !l.addresses.Contains(a) || l.excluded[a] || !l.declined[a].IsZero() {
		return false
	}
	o, offered := l.offers[a]
	return !offered || o.mac == mac
}

// of finds the address that is mac's by an open offer or a lease, run out or not.
func (l *leases) of(mac string) (netip.Addr, bool) {
	for a, o := range l.offers {
		if o.mac == mac && l.usable(a, mac) {
			return a, true
		}
	}
	var found netip.Addr
	for a, lease := range l.byIP {
		if lease.MAC == mac && l.usable(a, mac) && (!found.IsValid() || l.byIP[found].Expires.Before(lease.Expires)) {
			found = a
		}
	}
	return found, found.IsValid()
}

// take leases the address to mac, with a record, and returns for how long. A record that has most of its time left is
// not written anew: firmware, iPXE and Linux ask one after the other within seconds.
func (l *leases) take(ctx context.Context, a netip.Addr, mac, host string) (time.Duration, error) {
	l.mu.Lock()
	now := l.now()
	l.forgetOffers(now)
	old, leased := l.byIP[a]
	switch mine, ok := l.of(mac); {
	case !l.usable(a, mac), ok && mine != a:
		l.mu.Unlock()
		return 0, errNotYours
	case leased && old.MAC != mac && old.Expires.After(now):
		l.mu.Unlock()
		return 0, errNotYours
	}
	l.mu.Unlock()

	left := old.Expires.Sub(now)
	if leased && old.MAC == mac && old.Host == host && left > l.time*3/4 {
		return left, nil
	}
	lease := ophub.Lease{MAC: mac, IP: a.String(), Host: host, Expires: now.Add(l.time).UTC()}
	if err := l.records.PutLease(ctx, lease); err != nil {
		if taken := (*ophub.LeaseTakenError)(nil); errors.As(err, &taken) {
			l.set(taken.Holder) // another opserver was first
			return 0, fmt.Errorf("%w: %w", errNotYours, err)
		}
		if leased && old.MAC == mac && left > offerTime {
			return left, nil // the records are away; what was promised still holds
		}
		return 0, fmt.Errorf("record the lease of %v to %s (%s): %w", a, host, mac, err)
	}
	l.set(lease)
	return l.time, nil
}

// set takes over one record.
func (l *leases) set(lease ophub.Lease) {
	a := leaseAddr(lease)
	if !a.IsValid() {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.put(a, &lease)
	delete(l.offers, a)
}

// decline leaves an address alone for a while: its client found somebody else there.
func (l *leases) decline(ctx context.Context, a netip.Addr, mac string) error {
	l.mu.Lock()
	lease, leased := l.byIP[a]
	mine := leased && lease.MAC == mac || l.offers[a].mac == mac
	if mine {
		delete(l.offers, a)
		l.put(a, nil)
		if l.declined == nil {
			l.declined = map[netip.Addr]time.Time{}
		}
		l.declined[a] = l.now().Add(declineTime)
	}
	l.mu.Unlock()
	if !mine {
		return errNotYours
	}
	if !leased {
		return nil
	}
	if err := l.records.DeleteLease(ctx, lease); err != nil {
		return fmt.Errorf("give back the declined lease of %v: %w", a, err)
	}
	return nil
}

// release ends a lease now. The record stays, so that the machine gets the address again while nobody needs it.
func (l *leases) release(ctx context.Context, a netip.Addr, mac string) error {
	l.mu.Lock()
	lease, leased := l.byIP[a]
	l.mu.Unlock()
	now := l.now().UTC()
	if !leased || lease.MAC != mac || !lease.Expires.After(now) {
		return nil
	}
	lease.Expires = now
	if err := l.records.PutLease(ctx, lease); err != nil {
		return fmt.Errorf("end the lease of %v: %w", a, err)
	}
	l.set(lease)
	return nil
}

// holder is the lease in force on an address.
func (l *leases) holder(a netip.Addr) (ophub.Lease, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	lease, ok := l.byIP[a]
	return lease, ok && lease.Expires.After(l.now())
}

// all returns a copy of the table.
func (l *leases) all() []ophub.Lease {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Collect(maps.Values(l.byIP))
}

func leaseAddr(lease ophub.Lease) netip.Addr {
	a, err := netip.ParseAddr(lease.IP)
	if err != nil || !a.Is4() {
		return netip.Addr{}
	}
	return a
}

func hash(mac string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(mac))
	return h.Sum64()
}
