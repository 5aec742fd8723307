package provider_test

import (
	"context"
	"strings"
	"testing"

	"github.com/cthulix/terraform-provider-cthulix/engines/enginetest"
	"github.com/cthulix/terraform-provider-cthulix/gridapp"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// The action drains a host, a job leaves it, and undo has it take work again.
func TestHostDrainAction(t *testing.T) {
	w := newWorld(t)
	hub, server := w.withOphub(), w.withNomad()
	ctx := context.Background()
	work, err := gridapp.New(gridapp.Config{Address: server.Address})
	if err != nil {
		t.Fatal(err)
	}
	domain := gridapp.DomainOf("drained", "")
	if err := work.EnsureDomain(ctx, domain); err != nil {
		t.Fatal(err)
	}
	enginetest.NomadClients(t, server, domain.NodePool, "drained1", "drained2")
	if _, err := work.WaitNodes(ctx, domain.NodePool, 2); err != nil {
		t.Fatal(err)
	}
	if err := hub.PutKernel(ctx, ophub.Kernel{Name: "drained", Namespace: domain.Namespace, NodePool: domain.NodePool}); err != nil {
		t.Fatal(err)
	}
	for name, mac := range map[string]string{"drained1": "52:54:00:00:0d:01", "drained2": "52:54:00:00:0d:02"} {
		if err := hub.PutHost(ctx, ophub.Host{Name: name, MACs: []string{mac}, Kernels: []string{"drained"}}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = hub.DeleteHost(ctx, name) })
	}
	spec := gridapp.Spec{
		Name: "daemon", Namespace: domain.Namespace, NodePool: domain.NodePool, Type: gridapp.Service, Command: "/bin/sleep", Args: []string{"600"},
	}
	begun, err := work.Run(ctx, spec, gridapp.RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = work.Stop(ctx, domain.Namespace, "daemon", true) })
	from := begun.Allocations[0].Host
	a := w.acting(t, hub.Address(), map[string]any{"nomad": map[string]any{"address": server.Address}})
	drain := func(more map[string]any, says string, eligible int) {
		t.Helper()
		more["name"] = from
		if wrong := a.plan("cthulix_host_drain", more); wrong != "" {
			t.Errorf("plan: %s", wrong)
		}
		told, wrong := a.invoke("cthulix_host_drain", more)
		if wrong != "" || !strings.Contains(strings.Join(told, "\n"), says) {
			t.Errorf("%s, told:\n%s\nwant %q in it", wrong, strings.Join(told, "\n"), says)
		}
		nodes, err := work.Nodes(ctx, domain.NodePool)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, node := range nodes {
			if node.Eligible {
				n++
			}
		}
		if n != eligible {
			t.Errorf("%d hosts take work, want %d", n, eligible)
		}
	}
	drain(map[string]any{"deadline": "1m", "reason": "a test"}, "nothing runs on it", 1)
	now, err := work.Observe(ctx, domain.Namespace, "daemon")
	if err != nil || len(now.Allocations) != 1 || now.Allocations[0].Host == from {
		t.Errorf("after the drain of %s: %+v, %v", from, now, err)
	}
	drain(map[string]any{"undo": true}, "it takes work again", 2)
}
