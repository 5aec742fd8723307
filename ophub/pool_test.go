package ophub_test

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

func TestPools(t *testing.T) {
	t.Parallel()
	hub, ctx := newHub(t), within(t, time.Minute)
	a := netip.MustParseAddr
	pool := ophub.Pool{Opserver: a("10.20.0.1"), First: a("10.20.0.1"), Last: a("10.20.0.9"), Excluded: []netip.Addr{a("10.20.0.1")}}
	for _, last := range []string{"10.20.0.9", "10.20.0.9", "10.20.0.12"} { // the same, and another
		pool.Last = a(last)
		if err := hub.PutPool(ctx, pool); err != nil {
			t.Fatal(err)
		}
	}
	pools, err := hub.Pools(ctx)
	if err != nil || len(pools) != 1 || pools[0].Last != a("10.20.0.12") || pools[0].Updated.IsZero() {
		t.Fatalf("%+v, %v", pools, err)
	}
	for address, want := range map[string]bool{"10.20.0.1": false, "10.20.0.2": true, "10.20.0.12": true, "10.20.0.13": false, "10.19.0.5": false} {
		if got := pools[0].Contains(a(address)); got != want {
			t.Errorf("%s: %v", address, got)
		}
	}
	pool.Last = a("10.19.0.1")
	var invalid *ophub.InvalidError
	if err := hub.PutPool(ctx, pool); !errors.As(err, &invalid) {
		t.Errorf("a range that ends before it begins: %v", err)
	}
}
