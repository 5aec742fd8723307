package opserver

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

func newTable(records Records, now *time.Time, onRecord func(string) bool) *leases {
	return &leases{
		records: records, addresses: Range{netip.MustParseAddr("10.20.0.100"), netip.MustParseAddr("10.20.0.103")},
		time: time.Hour, now: func() time.Time { return *now }, onRecord: onRecord,
	}
}

func mac(i int) string { return fmt.Sprintf("52:54:00:00:01:%02x", i) }

func TestTheChoiceIsTheSameEverywhere(t *testing.T) {
	now := time.Unix(1e9, 0)
	first := newTable(newRecords(), &now, func(string) bool { return true })
	again := newTable(newRecords(), &now, func(string) bool { return true })
	for i := range 4 {
		a, err := first.offer(mac(i))
		if err != nil {
			t.Fatal(err)
		}
		b, err := again.offer(mac(i))
		if err != nil || a != b {
			t.Errorf("%s: %v on one server, %v (%v) on another", mac(i), a, b, err)
		}
	}
	if _, err := first.offer(mac(4)); !errors.Is(err, errRangeFull) || !strings.Contains(err.Error(), "10.20.0.100–10.20.0.103") {
		t.Errorf("a fifth address of four: %v", err)
	}
	now = now.Add(2 * offerTime)
	if _, err := first.offer(mac(4)); err != nil {
		t.Errorf("offers that nobody took are still kept: %v", err)
	}
}

func TestExpiredLeasesAreReusedOldestFirstAndThoseOfTheGoneBeforeAll(t *testing.T) {
	now := time.Unix(1e9, 0)
	records := newRecords()
	records.now = func() time.Time { return now }
	gone := map[string]bool{mac(2): true}
	table := newTable(records, &now, func(m string) bool { return !gone[m] })
	ctx := context.Background()
	of := map[string]netip.Addr{}
	for i := range 4 {
		a, err := table.offer(mac(i))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := table.take(ctx, a, mac(i), "node"); err != nil {
			t.Fatal(err)
		}
		of[mac(i)] = a
		now = now.Add(time.Minute)
	}
	if _, err := table.offer(mac(9)); !errors.Is(err, errRangeFull) {
		t.Fatalf("leases in force were reused: %v", err)
	}
	now = now.Add(2 * time.Hour)
	// A machine whose lease ran out comes back to its own address.
	if a, err := table.offer(mac(3)); err != nil || a != of[mac(3)] {
		t.Errorf("offered %v (%v), had %v", a, err, of[mac(3)])
	}
	for i, want := range []string{mac(2), mac(0), mac(1)} {
		m := mac(10 + i)
		a, err := table.offer(m)
		if err != nil || a != of[want] {
			t.Errorf("reuse %d: %v (%v), want %v, which %s had", i, a, err, of[want], want)
		}
		if _, err := table.take(ctx, a, m, "new"); err != nil {
			t.Errorf("reuse %d: %v", i, err)
		}
	}
}

func TestAnotherOpserverWasFirst(t *testing.T) {
	now := time.Unix(1e9, 0)
	records := newRecords()
	records.now = func() time.Time { return now }
	table := newTable(records, &now, func(string) bool { return true })
	a, err := table.offer(mac(0))
	if err != nil {
		t.Fatal(err)
	}
	// The other server's lease is not in this one's copy.
	holder := ophub.Lease{MAC: mac(7), IP: a.String(), Host: "node7", Expires: now.Add(time.Hour)}
	if err := records.PutLease(context.Background(), holder); err != nil {
		t.Fatal(err)
	}
	if _, err := table.take(context.Background(), a, mac(0), "node0"); !errors.Is(err, errNotYours) {
		t.Fatalf("two machines were given %v: %v", a, err)
	}
	b, err := table.offer(mac(0))
	if err != nil || b == a {
		t.Errorf("then offered %v (%v)", b, err)
	}
	if _, err := table.take(context.Background(), b, mac(0), "node0"); err != nil {
		t.Error(err)
	}
}

func TestARepeatedRequestWritesOnce(t *testing.T) {
	now := time.Unix(1e9, 0)
	records := newRecords()
	table := newTable(records, &now, func(string) bool { return true })
	a, err := table.offer(mac(0))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := table.take(context.Background(), a, mac(0), "node0"); err != nil {
		t.Fatal(err)
	}
	written := records.leases[a.String()].Expires
	now = now.Add(10 * time.Minute)
	left, err := table.take(context.Background(), a, mac(0), "node0")
	if err != nil || left != 50*time.Minute || !records.leases[a.String()].Expires.Equal(written) {
		t.Errorf("left %v, %v, record until %v", left, err, records.leases[a.String()].Expires)
	}
	now = now.Add(20 * time.Minute)
	left, err = table.take(context.Background(), a, mac(0), "node0")
	if err != nil || left != time.Hour || records.leases[a.String()].Expires.Equal(written) {
		t.Errorf("a renewal: left %v, %v, record until %v", left, err, records.leases[a.String()].Expires)
	}
}

func TestAddressesThatAreNeverHandedOut(t *testing.T) {
	now := time.Unix(1e9, 0)
	table := newTable(newRecords(), &now, func(string) bool { return true })
	table.excluded = map[netip.Addr]bool{netip.MustParseAddr("10.20.0.101"): true}
	for i := range 3 {
		if a, err := table.offer(mac(i)); err != nil || a.String() == "10.20.0.101" {
			t.Errorf("offered %v, %v", a, err)
		}
	}
	if _, err := table.offer(mac(3)); !errors.Is(err, errRangeFull) {
		t.Errorf("got %v", err)
	}
}

// slowRecords run a function in the middle of a reading, when the list has been made.
type slowRecords struct {
	*memRecords
	meanwhile func()
}

func (s *slowRecords) Leases(ctx context.Context) ([]ophub.Lease, error) {
	list, err := s.memRecords.Leases(ctx)
	s.meanwhile()
	return list, err
}

func TestALeaseGivenDuringAReadingIsKept(t *testing.T) {
	now := time.Unix(1e9, 0)
	records := &slowRecords{memRecords: newRecords()}
	table := newTable(records, &now, func(string) bool { return true })
	declined := netip.MustParseAddr("10.20.0.102")
	table.set(ophub.Lease{MAC: mac(5), IP: declined.String(), Expires: now.Add(time.Hour)})
	records.leases[declined.String()] = table.byIP[declined]
	var given netip.Addr
	records.meanwhile = func() {
		var err error
		if given, err = table.offer(mac(0)); err != nil {
			t.Fatal(err)
		}
		if _, err := table.take(context.Background(), given, mac(0), "node0"); err != nil {
			t.Fatal(err)
		}
		if err := table.decline(context.Background(), declined, mac(5)); err != nil {
			t.Fatal(err)
		}
	}
	if err := table.load(context.Background()); err != nil {
		t.Fatal(err)
	}
	if lease, ok := table.holder(given); !ok || lease.MAC != mac(0) {
		t.Errorf("the lease of %v is gone", given)
	}
	if _, ok := table.holder(declined); ok {
		t.Error("the declined lease is back")
	}
}
