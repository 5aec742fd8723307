package ophub_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/consul/api"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// The canary goes alone, then never more than max_unavailable.
func TestRollout(t *testing.T) {
	t.Parallel()
	hub, ctx := newHub(t), within(t, 2*time.Minute)
	var mu sync.Mutex
	var order []string
	down, most := 0, 0
	var all sync.WaitGroup
	for i := range 6 {
		host := fmt.Sprintf("host%d", i)
		all.Go(func() {
			turn, err := hub.JoinRollout(ctx, ophub.RolloutSpec{Group: "rack", Host: host, Target: "b", Run: "1", MaxUnavailable: 2, Canary: true})
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			order = append(order, host)
			first := len(order) == 1
			down++
			if most = max(most, down); first && down > 1 || !first && len(order) == 2 && down > 2 {
				t.Errorf("%s went with %d others", host, down-1)
			}
			mu.Unlock()
			if first {
				// Nobody follows while the canary is not back.
				quick, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
				defer cancel()
				if _, err := hub.JoinRollout(quick, ophub.RolloutSpec{Group: "rack", Host: "late", Target: "b", Run: "1", MaxUnavailable: 2, Canary: true}); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), host+", which goes first") {
					t.Errorf("beside the canary: %v", err)
				}
			}
			mu.Lock()
			down--
			mu.Unlock()
			if err := turn.Done(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if len(order) != 6 || most > 2 {
		t.Errorf("%d hosts went, at most %d at once", len(order), most)
	}
}

// A failure stops the run that it belongs to, and no other.
func TestRolloutStops(t *testing.T) {
	t.Parallel()
	hub, ctx := newHub(t), within(t, time.Minute)
	join := func(host, run string) (*ophub.RolloutTurn, error) {
		return hub.JoinRollout(ctx, ophub.RolloutSpec{Group: "rack", Host: host, Target: "b", Run: run, MaxUnavailable: 1, Canary: true})
	}
	canary, err := join("host1", "1")
	must(t, err)
	waiting := make(chan error, 1)
	go func() { _, err := join("host2", "1"); waiting <- err }()
	must(t, canary.Fail(ctx, "no agent"))
	var stopped *ophub.RolloutStoppedError
	if err := <-waiting; !errors.As(err, &stopped) || stopped.Host != "host1" || !strings.Contains(err.Error(), "host host1 failed") {
		t.Errorf("who waited got %v", err)
	}
	if _, err := join("host3", "1"); !errors.As(err, &stopped) {
		t.Errorf("who came later got %v", err)
	}
	again, err := join("host1", "2")
	must(t, err)
	must(t, again.Done(ctx))
	next, err := join("host2", "2")
	must(t, err)
	must(t, next.Release(ctx))
}

// The slot of a holder that has died is free once its host is back.
func TestRolloutSurvivesItsHolder(t *testing.T) {
	t.Parallel()
	hub, ctx := newHub(t), within(t, time.Minute)
	join := func(ctx context.Context, host string) (*ophub.RolloutTurn, error) {
		return hub.JoinRollout(ctx, ophub.RolloutSpec{Group: "rack", Host: host, Target: "b", Run: "1", MaxUnavailable: 1})
	}
	_, err := join(ctx, "dead-holder-1")
	must(t, err)
	sessions, _, err := client(t).Session().List(new(api.QueryOptions).WithContext(ctx))
	must(t, err)
	for _, s := range sessions {
		if strings.HasSuffix(s.Name, "dead-holder-1") {
			_, err := client(t).Session().Destroy(s.ID, nil)
			must(t, err)
		}
	}
	quick, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
	defer cancel()
	if _, err := join(quick, "dead-holder-2"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("while the host may be on its way up: %v", err)
	}
	agent := ophub.Agent{Host: "dead-holder-1", BootID: "b", Image: imageA, Addresses: []string{"10.0.0.1"}}
	registration, err := hub.Register(ctx, agent, time.Minute)
	must(t, err)
	defer registration.Close(context.WithoutCancel(ctx))
	turn, err := join(ctx, "dead-holder-2")
	must(t, err)
	must(t, turn.Done(ctx))
}
