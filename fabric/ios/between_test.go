package ios

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// TestBetween takes one random switch to be another, and back.
func TestBetween(t *testing.T) {
	for i := range uint64(200) {
		rng := rand.New(rand.NewPCG(5, i))
		isl, vtp := rng.IntN(3) == 0, oneOf(rng, "server", "transparent")
		a, b := randomSwitch(t, rng, isl, vtp), randomSwitch(t, rng, isl, vtp)
		from, to := observe(t, a), observe(t, b)
		c, err := Plan(from, fabric.Between(from.Config, to.Config))
		if err != nil {
			t.Fatalf("round %d: %v", i, err)
		}
		before := a.running() + a.showVLANs()
		enter(t, a, c.Commands)
		if d := cmp.Diff(b.running()+b.showVLANs(), a.running()+a.showVLANs()); d != "" {
			t.Fatalf("round %d: from\n%s\nby\n%s\n(-wanted +got)\n%s", i, before, strings.Join(c.Commands, "\n"), d)
		}
		enter(t, a, c.Rollback)
		if d := cmp.Diff(before, a.running()+a.showVLANs()); d != "" {
			t.Fatalf("round %d: the way back\n%s\nleaves\n%s", i, strings.Join(c.Rollback, "\n"), d)
		}
	}
}

// randomSwitch is a switch that random wants have been applied to.
func randomSwitch(t *testing.T, rng *rand.Rand, isl bool, vtp string) *fakeSwitch {
	f := newFakeSwitch("leaf1", 5)
	f.isl, f.vtp = isl, vtp
	for range 2 {
		if c, err := Plan(observe(t, f), randomWideWant(rng, f)); err == nil {
			enter(t, f, c.Commands)
		}
	}
	return f
}
