package gridapp_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/cthulix/terraform-provider-cthulix/engines"
	"github.com/cthulix/terraform-provider-cthulix/gridapp"
)

func TestDomain(t *testing.T) {
	t.Parallel()
	c, ctx := newClient(t), within(t, time.Minute)
	if _, err := c.Domain(ctx, "lab"); !errors.Is(err, gridapp.ErrNotFound) {
		t.Errorf("before: %v", err)
	}
	d := gridapp.DomainOf("lab", "first")
	must(t, c.EnsureDomain(ctx, d))
	must(t, c.EnsureDomain(ctx, d))
	d.Description = "second"
	must(t, c.EnsureDomain(ctx, d))
	if got, err := c.Domain(ctx, "lab"); err != nil || got != d {
		t.Errorf("read back: %+v, %v", got, err)
	}
	if nodes, err := c.Nodes(ctx, "lab"); err != nil || len(nodes) != 0 {
		t.Errorf("nodes: %+v, %v", nodes, err)
	}
	must(t, c.DeleteDomain(ctx, d))
	must(t, c.DeleteDomain(ctx, d))
	if _, err := c.Domain(ctx, "lab"); !errors.Is(err, gridapp.ErrNotFound) {
		t.Errorf("after: %v", err)
	}
	for _, bad := range []string{"default", "all", "", "a b"} {
		if err := c.EnsureDomain(ctx, gridapp.DomainOf(bad, "")); err == nil {
			t.Errorf("kernel %q was made", bad)
		}
	}
}

// TestAdoptedDomain: what was there before us is used, and stays as it was.
func TestAdoptedDomain(t *testing.T) {
	t.Parallel()
	c, ctx := newClient(t), within(t, time.Minute)
	raw, err := api.NewClient(&api.Config{Address: nomad.Address})
	must(t, err)
	_, err = raw.Namespaces().Register(&api.Namespace{Name: "theirs", Description: "theirs", Meta: map[string]string{"owner": "them"}}, nil)
	must(t, err)
	d := gridapp.DomainOf("theirs", "ours")
	must(t, c.EnsureDomain(ctx, d))
	must(t, c.DeleteDomain(ctx, d))
	space, _, err := raw.Namespaces().Info("theirs", nil)
	if err != nil || space.Description != "theirs" || len(space.Meta) != 1 {
		t.Errorf("their namespace: %+v, %v", space, err)
	}
	if _, _, err := raw.NodePools().Info("theirs", nil); err == nil {
		t.Error("our node pool is left")
	}
}

func TestLiveDomain(t *testing.T) {
	t.Parallel()
	c, ctx := newClient(t), within(t, time.Minute)
	other := gridapp.DomainOf("busy", "")
	must(t, c.EnsureDomain(ctx, other))
	spec := app("daemon", "exec sleep 600")
	spec.Type, spec.Namespace = gridapp.Service, "busy" // on the hosts of another kernel
	_, err := c.Run(ctx, spec, gridapp.RunOptions{})
	must(t, err)
	if err := c.DeleteDomain(ctx, other); err == nil || !strings.Contains(err.Error(), "jobs still live in it: daemon") {
		t.Errorf("got %v", err)
	}
	must(t, c.Stop(ctx, "busy", "daemon", false))
	must(t, c.DeleteDomain(ctx, other))
}

// TestLostHost: what ran on a host that is lost runs again on another, and the
// nodes of lost hosts do not keep a kernel from being deleted.
func TestLostHost(t *testing.T) {
	t.Parallel()
	c, ctx := newClient(t), within(t, 4*time.Minute)
	d := gridapp.DomainOf("shaky", "")
	must(t, c.EnsureDomain(ctx, d))
	children := map[string]*engines.Child{}
	for _, name := range []string{"shaky1", "shaky2"} {
		child, err := clients.Start(name, "shaky")
		must(t, err)
		children[name] = child
		defer child.Stop()
	}
	_, err := c.WaitNodes(ctx, "shaky", 2)
	must(t, err)

	gate := filepath.Join(t.TempDir(), "gate")
	spec := app("survivor", `until [ -e `+gate+` ]; do sleep 0.1; done; echo here`)
	spec.Namespace, spec.NodePool = "shaky", "shaky"
	lost := make(chan string, 1)
	go func() {
		// Whoever runs it first is lost.
		host, ok := <-lost
		if ok {
			children[host].Stop()
		}
	}()
	running := false
	first := ""
	result, err := c.Run(ctx, spec, gridapp.RunOptions{Keg: store, Progress: func(p gridapp.Progress) {
		if !running && strings.Contains(p.Message, "1 running") {
			running = true
			seen, err := c.Observe(ctx, "shaky", "survivor")
			if err != nil || len(seen.Allocations) != 1 {
				t.Errorf("in between: %+v, %v", seen, err)
				close(lost)
				return
			}
			first = seen.Allocations[0].Host
			lost <- first
		}
		if running {
			if seen, err := c.Observe(ctx, "shaky", "survivor"); err == nil && len(seen.Allocations) == 1 && seen.Allocations[0].Host != first {
				open(t, gate)
			}
		}
	}})
	if err != nil || result.Output != "here\n" || result.Allocations[0].Host == first {
		t.Errorf("lost %s: %+v, %v", first, result, err)
	}
	for _, child := range children {
		child.Stop()
	}
	must(t, c.DeleteDomain(ctx, d))
}

func open(t *testing.T, gate string) {
	t.Helper()
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Error(err)
	}
}
