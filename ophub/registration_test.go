package ophub_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/hashicorp/consul/api"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

func agent(host, boot string) ophub.Agent {
	return ophub.Agent{
		Host: host, BootID: boot, Version: "0.1.0", Image: imageA, MAC: "52:54:00:00:00:01",
		Addresses: []string{"10.20.0.11"}, Started: time.Now(), CPUs: 2, MemoryMiB: 1024,
	}
}

// session is the one that holds a host's live record, "" for none.
func session(t *testing.T, host string) string {
	t.Helper()
	all, _, err := client(t).Session().Node(host, nil)
	must(t, err)
	if len(all) == 0 {
		return ""
	}
	return all[0].ID
}

func TestRegister(t *testing.T) {
	t.Parallel()
	hub, ctx := newHub(t), within(t, time.Minute)
	must(t, hub.PutHost(ctx, ophub.Host{Name: "reg1", MACs: []string{"52:54:00:00:00:01"}, Image: imageA}))
	views := hub.WatchHost(ctx, "reg1")
	next(t, views, 5*time.Second, "no agent yet", func(v ophub.View) bool { return v.Host != nil && v.Agent == nil && v.Err == nil })

	a := agent("reg1", "boot-1")
	reg, err := hub.Register(ctx, a, 10*time.Second)
	must(t, err)
	v := next(t, views, 5*time.Second, "registered", func(v ophub.View) bool { return v.Agent != nil && len(v.Boot.Events) > 0 })
	if v.Agent.Image != imageA || v.Agent.Updated.IsZero() || v.Boot.Events[0].Stage != ophub.StageRegistered || v.Boot.Events[0].BootID != "boot-1" {
		t.Errorf("view: %+v", v)
	}
	node, _, err := client(t).Catalog().Node("reg1", nil)
	must(t, err)
	if node == nil || node.Node.Address != "10.20.0.11" || node.Services[ophub.AgentService] == nil {
		t.Errorf("catalog: %+v", node)
	}

	a.Kernels = map[string]ophub.KernelState{"main": {Status: ophub.KernelStarting}}
	must(t, reg.Update(ctx, a))
	a.Kernels = map[string]ophub.KernelState{"main": {Status: ophub.KernelReady, NodeID: "n"}}
	must(t, reg.Update(ctx, a))
	v = next(t, views, 5*time.Second, "joined", func(v ophub.View) bool { return len(v.Boot.Events) > 1 })
	if v.Boot.Events[1].Stage != ophub.StageKernels {
		t.Errorf("events: %+v", v.Boot.Events)
	}

	must(t, reg.Close(ctx))
	must(t, reg.Close(ctx))
	next(t, views, 5*time.Second, "gone", func(v ophub.View) bool { return v.Agent == nil })
	if node, _, err := client(t).Catalog().Node("reg1", nil); err != nil || node != nil {
		t.Errorf("left in the catalog: %+v, %v", node, err)
	}
	if err := reg.Update(ctx, a); err == nil {
		t.Error("a closed registration was updated")
	}
}

// TestSessionLost: an agent whose session was ended registers again.
func TestSessionLost(t *testing.T) {
	t.Parallel()
	hub, ctx := newHub(t), within(t, time.Minute)
	reg, err := hub.Register(ctx, agent("lost1", "boot-1"), 10*time.Second)
	must(t, err)
	views := hub.WatchHost(ctx, "lost1")
	next(t, views, 5*time.Second, "registered", func(v ophub.View) bool { return v.Agent != nil })
	running, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- reg.Run(running) }()

	// The node goes with the session, as a reaper with an old view would have it.
	_, err = client(t).Catalog().Deregister(&api.CatalogDeregistration{Node: "lost1"}, nil)
	must(t, err)
	next(t, views, 5*time.Second, "lost", func(v ophub.View) bool { return v.Agent == nil })
	next(t, views, 20*time.Second, "registered again", func(v ophub.View) bool { return v.Agent != nil && v.Agent.BootID == "boot-1" })
	stop()
	if err := <-done; err != nil {
		t.Errorf("Run: %v", err)
	}
	must(t, reg.Close(ctx))
}

// TestTakeOver: the next boot of a host need not wait for the session of the
// one before, and the one before does not take the record back.
func TestTakeOver(t *testing.T) {
	t.Parallel()
	hub, ctx := newHub(t), within(t, time.Minute)
	old, err := hub.Register(ctx, agent("take1", "boot-1"), 10*time.Second)
	must(t, err)
	must(t, hub.ResetBoot(ctx, "take1", "restart"))
	boot, err := hub.Boot(ctx, "take1")
	if err != nil || boot.OldBootID != "boot-1" {
		t.Errorf("the boot before: %+v, %v", boot, err)
	}
	fresh, err := hub.Register(ctx, agent("take1", "boot-2"), 10*time.Second)
	must(t, err)
	if err := old.Update(ctx, agent("take1", "boot-1")); err == nil {
		t.Error("the boot before still writes")
	}
	if err := old.Renew(ctx); !errors.Is(err, ophub.ErrHeld) {
		t.Errorf("the boot before renews: %v", err)
	}
	if a, err := hub.Agent(ctx, "take1"); err != nil || a.BootID != "boot-2" {
		t.Errorf("the live record: %+v, %v", a, err)
	}
	must(t, fresh.Close(ctx))
	must(t, old.Renew(ctx)) // nobody is left
	must(t, old.Close(ctx))
}

// TestExpiry: a host that falls silent loses its live record by time alone,
// and the reaper takes its node.
func TestExpiry(t *testing.T) {
	t.Parallel()
	hub, ctx := newHub(t), within(t, 2*time.Minute)
	alive, err := hub.Register(ctx, agent("alive1", "boot-1"), time.Minute)
	must(t, err)
	_, err = hub.Register(ctx, agent("dead1", "boot-1"), 10*time.Second)
	must(t, err)
	must(t, hub.Reap(ctx))
	if session(t, "dead1") == "" {
		t.Fatal("a live host was reaped")
	}
	views := hub.WatchHost(ctx, "dead1")
	next(t, views, 60*time.Second, "expired", func(v ophub.View) bool { return v.Agent == nil && v.Err == nil })
	must(t, hub.Reap(ctx))
	for host, want := range map[string]bool{"dead1": false, "alive1": true} {
		node, _, err := client(t).Catalog().Node(host, nil)
		if err != nil || (node != nil) != want {
			t.Errorf("node %s: %+v, %v", host, node, err)
		}
	}
	if agents, err := hub.Agents(ctx); err != nil || len(agents) != 1 || agents[0].Host != "alive1" {
		t.Errorf("agents: %+v, %v", agents, err)
	}
	must(t, alive.Close(ctx))
}
