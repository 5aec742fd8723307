package gridapp_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/cthulix/terraform-provider-cthulix/engines"
	"github.com/cthulix/terraform-provider-cthulix/gridapp"
)

// TestDrain: work moves to the other host and comes to this one again only
// after Undrain; a node that somebody else took out of service stays out.
func TestDrain(t *testing.T) {
	t.Parallel()
	c, ctx := newClient(t), within(t, 4*time.Minute)
	must(t, c.EnsureDomain(ctx, gridapp.DomainOf("moving", "")))
	for _, name := range []string{"moving1", "moving2"} {
		child, err := clients.Start(name, "moving")
		must(t, err)
		defer func(child *engines.Child) { child.Stop() }(child)
	}
	nodes, err := c.WaitNodes(ctx, "moving", 2)
	must(t, err)
	id := map[string]string{}
	for _, n := range nodes {
		id[n.Name] = n.ID
	}

	spec := app("daemon", "exec sleep 600")
	spec.Type, spec.Namespace, spec.NodePool = gridapp.Service, "moving", "moving"
	first, err := c.Run(ctx, spec, gridapp.RunOptions{})
	must(t, err)
	from := first.Allocations[0].Host

	var told []string
	must(t, c.Drain(ctx, from, gridapp.DrainOptions{
		Deadline: time.Minute, Reason: "a test", By: gridapp.ByApply, Progress: func(m string) { told = append(told, m) },
	}, "moving"))
	if len(told) < 2 || !strings.Contains(told[0], "1 allocations still run on node "+from) || !strings.Contains(told[len(told)-1], "is drained") {
		t.Errorf("progress: %q", told)
	}
	eligible := func(host string) bool {
		nodes, err := c.Nodes(ctx, "moving")
		must(t, err)
		return slices.ContainsFunc(nodes, func(n gridapp.Node) bool { return n.Name == host && n.Eligible })
	}
	if eligible(from) {
		t.Errorf("%s takes work although it is drained", from)
	}
	if now, err := c.Observe(ctx, "moving", "daemon"); err != nil || len(now.Allocations) != 1 || now.Allocations[0].Host == from {
		t.Errorf("after the drain of %s: %+v, %v", from, now, err)
	}
	out, err := c.Withdrawn(ctx, "moving")
	if err != nil || len(out) != 1 || out[0].Host != from || out[0].By != gridapp.ByApply || out[0].Reason != "a test" || time.Since(out[0].Since) > time.Hour {
		t.Errorf("what was drained: %+v, %v", out, err)
	}
	must(t, c.UndrainBy(ctx, gridapp.ByOperator, from, "moving"))
	if eligible(from) {
		t.Errorf("%s takes work although it was drained by somebody else", from)
	}
	must(t, c.UndrainBy(ctx, gridapp.ByApply, from, "moving"))
	if !eligible(from) {
		t.Errorf("%s takes no work although its drain is over", from)
	}
	if out, err := c.Withdrawn(ctx, "moving"); err != nil || len(out) > 0 {
		t.Errorf("drained although it is over: %+v, %v", out, err)
	}

	raw, err := api.NewClient(&api.Config{Address: nomad.Address})
	must(t, err)
	_, err = raw.Nodes().ToggleEligibility(id[from], false, nil)
	must(t, err)
	must(t, c.Undrain(ctx, from, "moving"))
	if eligible(from) {
		t.Errorf("%s, which somebody else took out of service, takes work again", from)
	}
	// The mark of a drain that is over must not claim what came after it.
	_, err = raw.Nodes().UpdateDrainOpts(id[from], &api.DrainOptions{DrainSpec: &api.DrainSpec{Deadline: time.Second}}, nil)
	must(t, err)
	must(t, c.Undrain(ctx, from, "moving"))
	if eligible(from) {
		t.Errorf("%s, which somebody else drained, takes work again", from)
	}

	// A drain that is broken off is taken back.
	to := "moving1"
	if from == to {
		to = "moving2"
	}
	soon, stop := context.WithCancelCause(ctx)
	cause := errors.New("interrupted")
	err = c.Drain(soon, to, gridapp.DrainOptions{Deadline: time.Minute, Progress: func(string) { stop(cause) }}, "moving")
	if !errors.Is(err, cause) {
		t.Errorf("a drain that was broken off: %v", err)
	}
	// Whoever drains it next waits for the end of that drain.
	if !slices.ContainsFunc(nodesOf(t, c, "moving"), func(n gridapp.Node) bool { return n.Name == to && n.Draining }) {
		t.Errorf("%s does not drain any more", to)
	}
	must(t, c.Drain(ctx, to, gridapp.DrainOptions{Deadline: time.Minute}, "moving"))
	if slices.ContainsFunc(nodesOf(t, c, "moving"), func(n gridapp.Node) bool { return n.Name == to && n.Draining }) {
		t.Errorf("the drain of %s was not waited for", to)
	}
	must(t, c.Undrain(ctx, to, "moving"))
	if !eligible(to) {
		t.Errorf("%s takes no work although its drain was taken back", to)
	}
	must(t, c.Stop(ctx, "moving", "daemon", true))

	// A batch runs to its end while there is time. Without any it is stopped.
	batch := app("long", "exec sleep 600")
	batch.Type, batch.Namespace, batch.NodePool = gridapp.Batch, "moving", "moving"
	following, leave := context.WithCancel(ctx)
	var at string
	_, _ = c.Run(following, batch, gridapp.RunOptions{Keg: store, Progress: func(gridapp.Progress) {
		now, err := c.Observe(ctx, "moving", "long")
		if err == nil && len(now.Allocations) == 1 && now.Allocations[0].State == "running" {
			at = now.Allocations[0].Host
			leave()
		}
	}})
	must(t, ctx.Err())
	must(t, c.Drain(ctx, at, gridapp.DrainOptions{Reason: "at once"}, "moving"))
	if eligible(at) {
		t.Errorf("%s takes work although it is drained", at)
	}
	must(t, c.Stop(ctx, "moving", "long", true))
}

func nodesOf(t *testing.T, c *gridapp.Client, pool string) []gridapp.Node {
	t.Helper()
	nodes, err := c.Nodes(t.Context(), pool)
	must(t, err)
	return nodes
}
