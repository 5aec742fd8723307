package ophub_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

func TestBootRecord(t *testing.T) {
	t.Parallel()
	hub, ctx := newHub(t), within(t, time.Minute)
	if boot, err := hub.Boot(ctx, "node1"); err != nil || boot.Host != "node1" || len(boot.Events) != 0 {
		t.Fatalf("before all: %+v, %v", boot, err)
	}
	for range 3 {
		must(t, hub.AppendBoot(ctx, "node1", ophub.Event{Stage: ophub.StageDHCP, MAC: "52:54:00:00:00:01"}))
	}
	must(t, hub.AppendBoot(ctx, "node1", ophub.Event{Stage: ophub.StageAgent, Detail: strings.Repeat("x", 5000)}))
	boot, err := hub.Boot(ctx, "node1")
	must(t, err)
	if len(boot.Events) != 2 || boot.Events[0].Count != 3 || boot.Events[0].Time.IsZero() || len(boot.Events[1].Detail) > 1100 {
		t.Errorf("events: %+v", boot.Events)
	}
	for i := range ophub.MaxEvents + 5 {
		must(t, hub.AppendBoot(ctx, "node1", ophub.Event{Stage: ophub.StageDHCP, Detail: fmt.Sprint(i)}))
	}
	boot, err = hub.Boot(ctx, "node1")
	must(t, err)
	if n := len(boot.Events); n != ophub.MaxEvents || boot.Events[n-1].Detail != fmt.Sprint(ophub.MaxEvents+4) {
		t.Errorf("%d events are kept, the last is %+v", n, boot.Events[n-1])
	}
	must(t, hub.ResetBoot(ctx, "node1", "power on"))
	must(t, hub.ResetBoot(ctx, "node1", "power on"))
	boot, err = hub.Boot(ctx, "node1")
	if err != nil || boot.Attempt != 2 || boot.Reason != "power on" || len(boot.Events) != 0 || boot.Started.IsZero() {
		t.Errorf("after the reset: %+v, %v", boot, err)
	}
	if err := hub.AppendBoot(ctx, "node1", ophub.Event{Stage: "teleport"}); err == nil {
		t.Error("an unknown stage was taken")
	}
}

// TestBootRace: no event of several opservers is lost.
func TestBootRace(t *testing.T) {
	t.Parallel()
	hub, ctx := newHub(t), within(t, time.Minute)
	var wg sync.WaitGroup
	for i := range 12 {
		wg.Go(func() {
			if err := hub.AppendBoot(ctx, "node1", ophub.Event{Stage: ophub.StageDHCP, Detail: fmt.Sprint(i)}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if boot, err := hub.Boot(ctx, "node1"); err != nil || len(boot.Events) != 12 {
		t.Errorf("%d events, %v", len(boot.Events), err)
	}
}

func TestLeases(t *testing.T) {
	t.Parallel()
	hub, ctx := newHub(t), within(t, time.Minute)
	later := time.Now().Add(time.Hour)
	mine := ophub.Lease{MAC: "52:54:00:00:00:01", IP: "10.20.0.100", Host: "node1", Expires: later}
	theirs := ophub.Lease{MAC: "52:54:00:00:00:02", IP: "10.20.0.100", Host: "node2", Expires: later}
	must(t, hub.PutLease(ctx, mine))
	must(t, hub.PutLease(ctx, mine)) // renewed
	var taken *ophub.LeaseTakenError
	if err := hub.PutLease(ctx, theirs); !errors.As(err, &taken) || taken.Holder.Host != "node1" {
		t.Errorf("a held address: %v", err)
	}
	must(t, hub.DeleteLease(ctx, theirs)) // theirs to give back it is not
	must(t, hub.PutLease(ctx, ophub.Lease{MAC: mine.MAC, IP: "10.20.0.20", Host: "node1", Expires: time.Now().Add(-time.Second)}))
	must(t, hub.PutLease(ctx, ophub.Lease{MAC: theirs.MAC, IP: "10.20.0.20", Host: "node2", Expires: later})) // had expired
	leases, err := hub.Leases(ctx)
	if err != nil || len(leases) != 2 || leases[0].IP != "10.20.0.20" || leases[0].Host != "node2" || leases[1].Host != "node1" {
		t.Errorf("leases: %+v, %v", leases, err)
	}
	must(t, hub.DeleteLease(ctx, mine))
	must(t, hub.DeleteLease(ctx, mine))
	must(t, hub.PutLease(ctx, theirs))
	if err := hub.PutLease(ctx, ophub.Lease{MAC: "x", IP: "10.20.0.1"}); err == nil {
		t.Error("a lease without MAC address was taken")
	}
}
