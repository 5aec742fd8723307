package gridapp

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/nomad/api"
)

// describe says in one line where a job stands, and what it waits for.
func (f *follower) describe(ctx context.Context, t tally, word string, n int) string {
	line := fmt.Sprintf("%d of %d shards %s", n, f.spec.Count, word)
	if running := t.running; running > 0 && word == "done" {
		line += fmt.Sprintf(", %d running", running)
	}
	missing := f.spec.Count - t.placed
	if missing == 0 {
		return line
	}
	return fmt.Sprintf("%s, %d waiting for a host (%s)", line, missing, f.shortage(ctx))
}

// shortage says what keeps shards from being placed: the nodes of the kernel,
// and what Nomad's scheduler found wrong with them.
func (f *follower) shortage(ctx context.Context) string {
	var parts []string
	nodes, err := f.c.Nodes(ctx, f.spec.NodePool)
	switch {
	case err != nil:
		parts = append(parts, err.Error())
	case len(nodes) == 0:
		parts = append(parts, "kernel "+f.spec.NodePool+" has no hosts any more")
	default:
		parts = append(parts, "kernel "+f.spec.NodePool+" has "+listNodes(nodes))
	}
	q, cancel := f.c.query(ctx, f.spec.Namespace)
	defer cancel()
	evaluations, _, err := f.c.nomad.Jobs().Evaluations(f.spec.Name, q)
	if err != nil {
		return strings.Join(append(parts, err.Error()), "; ")
	}
	return strings.Join(append(parts, complaints(evaluations)...), "; ")
}

// listNodes tells the ready ones by number when there are many.
func listNodes(nodes []Node) string {
	const most = 6
	var odd []string
	ready := 0
	for _, n := range nodes {
		if n.ready() {
			ready++
		}
		if len(nodes) <= most || !n.ready() {
			odd = append(odd, n.String())
		}
	}
	if len(odd) > most {
		odd = append(odd[:most], fmt.Sprintf("and %d more", len(odd)-most))
	}
	if len(nodes) <= most {
		return strings.Join(odd, ", ")
	}
	text := fmt.Sprintf("%d nodes, %d of them ready", len(nodes), ready)
	if len(odd) > 0 {
		text += ", but " + strings.Join(odd, ", ")
	}
	return text
}

// complaints are what the scheduler's latest evaluation has against the nodes.
func complaints(evaluations []*api.Evaluation) []string {
	var metric *api.AllocationMetric
	var at uint64
	for _, e := range evaluations {
		if m := e.FailedTGAllocs[groupName]; m != nil && e.ModifyIndex >= at {
			metric, at = m, e.ModifyIndex
		}
	}
	if metric == nil {
		return nil
	}
	var all []string
	for _, what := range slices.Sorted(maps.Keys(metric.ConstraintFiltered)) {
		n := metric.ConstraintFiltered[what]
		text := fmt.Sprintf("%d ruled out by %q", n, what)
		switch what {
		case api.ConstraintDistinctHosts:
			text = fmt.Sprintf("%d taken, since each shard wants a host of its own", n)
		case "missing drivers":
			text = fmt.Sprintf("%d without the raw_exec driver", n)
		}
		all = append(all, text)
	}
	for _, what := range slices.Sorted(maps.Keys(metric.DimensionExhausted)) {
		all = append(all, fmt.Sprintf("%d without enough %s", metric.DimensionExhausted[what], what))
	}
	return all
}
