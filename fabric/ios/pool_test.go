package ios

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// TestPoolIsFair: who wants two sessions is not passed over by those who want
// one, switches do not wait for each other, and who gives up makes room.
func TestPoolIsFair(t *testing.T) { synctest.Test(t, poolIsFair) }

func poolIsFair(t *testing.T) {
	p := NewPool(Limits{Sessions: 2, Switches: 2})
	a, b, c := fabric.Target{Address: "a"}, fabric.Target{Address: "b"}, fabric.Target{Address: "c"}
	take := func(target fabric.Target, n int) func() {
		t.Helper()
		release, got, err := p.reserve(t.Context(), target, n)
		if err != nil || got != n {
			t.Fatal(got, err)
		}
		return release
	}
	first := take(a, 1)
	served := make(chan string, 3)
	wait := func(name string, ctx context.Context, target fabric.Target, n int, queued int) {
		go func() {
			release, _, err := p.reserve(ctx, target, n)
			if err != nil {
				name += " gave up"
			} else {
				defer release()
			}
			served <- name
		}()
		synctest.Wait()
		if len(p.waiting) != queued {
			t.Fatalf("%d wait, want %d", len(p.waiting), queued)
		}
	}
	wait("two", t.Context(), a, 2, 1)
	ctx, cancel := context.WithCancel(t.Context())
	wait("one", ctx, a, 1, 2)
	other := take(b, 2)
	wait("third switch", t.Context(), c, 1, 3)
	cancel()
	if got := <-served; got != "one gave up" {
		t.Errorf("served %q", got)
	}
	other()
	if got := <-served; got != "third switch" {
		t.Errorf("served %q", got)
	}
	first()
	if got := <-served; got != "two" {
		t.Errorf("served %q", got)
	}
	if _, _, err := p.reserve(ctx, a, 1); err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
