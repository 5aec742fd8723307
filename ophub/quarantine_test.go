package ophub_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// TestBootBudget: so many boots without a registration and no more.
func TestBootBudget(t *testing.T) {
	t.Parallel()
	hub, ctx := newHub(t), within(t, time.Minute)
	must(t, hub.PutHost(ctx, ophub.Host{Name: "node1", MACs: []string{"52:54:00:00:00:01"}}))
	begin := func(budget ophub.Budget, times int) *ophub.Quarantine {
		t.Helper()
		var q *ophub.Quarantine
		for i := range times {
			if q != nil {
				t.Fatalf("in quarantine after %d boots: %+v", i, q)
			}
			var err error
			q, err = hub.BeginBoot(ctx, "node1", budget)
			must(t, err)
		}
		return q
	}
	if q := begin(ophub.Budget{}, ophub.DefaultAttempts); q != nil {
		t.Fatalf("within its budget: %+v", q)
	}
	// The agent registers: what was before is no matter.
	must(t, hub.AppendBoot(ctx, "node1", ophub.Event{Stage: ophub.StageRegistered}))
	if q := begin(ophub.Budget{}, ophub.DefaultAttempts); q != nil {
		t.Fatalf("after it has registered: %+v", q)
	}
	q := begin(ophub.Budget{}, 1)
	if q == nil || q.Since.IsZero() || !strings.Contains(q.Reason, "6 times") {
		t.Fatalf("one boot too many: %+v", q)
	}
	again, err := hub.BeginBoot(ctx, "node1", ophub.Budget{Attempts: 50})
	if err != nil || again == nil || *again != *q {
		t.Errorf("asked again: %+v, %v", again, err)
	}

	// What restarts it on purpose lifts the quarantine, and so does the operator.
	must(t, hub.ResetBoot(ctx, "node1", "image changes"))
	if q := begin(ophub.Budget{Attempts: 1}, 2); q == nil {
		t.Error("its own budget is not kept")
	}
	if was, err := hub.ReleaseHost(ctx, "node1"); !was || err != nil {
		t.Errorf("release: %v, %v", was, err)
	}
	if was, err := hub.ReleaseHost(ctx, "node1"); was || err != nil {
		t.Errorf("second release: %v, %v", was, err)
	}
	if q := begin(ophub.Budget{Attempts: 1}, 1); q != nil {
		t.Errorf("after the release: %+v", q)
	}
	if _, err := hub.ReleaseHost(ctx, "node7"); !errors.Is(err, ophub.ErrNotFound) {
		t.Errorf("release of nobody: %v", err)
	}
}

func TestBudgetIsChecked(t *testing.T) {
	for _, b := range []ophub.Budget{{Attempts: -1}, {Attempts: 101}, {Minutes: -5}, {Minutes: 1441}} {
		err := ophub.Host{Name: "n", MACs: []string{"52:54:00:00:00:01"}, Budget: b}.Validate()
		var invalid *ophub.InvalidError
		if !errors.As(err, &invalid) || invalid.Field != "budget" {
			t.Errorf("%+v: %v", b, err)
		}
	}
}

func TestQuarantineIsDiagnosed(t *testing.T) {
	at := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	v := ophub.View{
		Host: &ophub.Host{Name: "node1"}, At: at.Add(time.Minute),
		Boot: ophub.Boot{Host: "node1", OldBootID: "old", Quarantine: &ophub.Quarantine{Since: at, Reason: "it has begun to boot 6 times"}},
	}
	got := ophub.Diagnose(v, "", true, time.Time{})
	if got.Ready || got.Stage != ophub.QuarantinedText || !strings.Contains(got.Hint, "cthulix host release node1") ||
		got.Evidence != "it has begun to boot 6 times; in quarantine since 12:00:00 UTC (1m0s ago); nothing seen so far" {
		t.Errorf("%+v", got)
	}
	v.Agent = &ophub.Agent{BootID: "old"}
	if got := ophub.Diagnose(v, "", true, time.Time{}); got.Stage != ophub.QuarantinedText {
		t.Errorf("with the agent of the boot before: %+v", got)
	}
	v.Agent = &ophub.Agent{BootID: "new"}
	if got := ophub.Diagnose(v, "", true, time.Time{}); !got.Ready {
		t.Errorf("with an agent: %+v", got)
	}
}

// TestWaitEndsWithQuarantine: nobody waits for what cannot come.
func TestWaitEndsWithQuarantine(t *testing.T) {
	t.Parallel()
	hub, ctx := newHub(t), within(t, time.Minute)
	must(t, hub.PutHost(ctx, ophub.Host{Name: "node1", MACs: []string{"52:54:00:00:00:01"}, Switch: "leaf1", Port: "Gi1/0/1"}))
	for range 2 {
		_, err := hub.BeginBoot(ctx, "node1", ophub.Budget{Attempts: 1})
		must(t, err)
	}
	_, err := ophub.WaitReady(ctx, hub, "node1", "", ophub.WaitOptions{})
	var notReady *ophub.NotReady
	if !errors.As(err, &notReady) || !errors.Is(err, ophub.ErrQuarantined) || notReady.Port != "Gi1/0/1" || ctx.Err() != nil {
		t.Errorf("%v", err)
	}
}
