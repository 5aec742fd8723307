package gridapp

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/nomad/api"
)

// DrainOptions say how a host's work moves away.
type DrainOptions struct {
	// Deadline is how long the work may take; what still runs then is stopped. At
	// zero all of it is stopped at once.
	Deadline time.Duration
	// Reason is kept with the node, for whoever wonders why it takes no work.
	Reason string
	// By is kept with the node, too: who is to let it take work again.
	By string
	// Progress hears what is left, whenever that changes; nil is nobody.
	Progress func(message string)
}

// Who drains a host.
const (
	// ByApply is an apply, which lets the host take work again itself.
	ByApply = "apply"
	// ByOperator is somebody who will say when.
	ByOperator = "operator"
)

// What we drain is marked, so that Undrain gives no work to a node that
// somebody else took out of service.
const (
	drainMark   = "cthulix"
	drainReason = "cthulix_reason"
	drainBy     = "cthulix_by"

	markDrain = "drain"
	markDone  = "done"
)

// drainGrace is what Nomad gets beyond the deadline to stop what is left.
const drainGrace = time.Minute

// Drain moves the work of a host off its nodes in the pools given, and returns
// once none is left there. It takes no new work until Undrain. A node that is
// down, or that takes no work already, has its work moved by whoever saw to
// that, and is left alone; but where a drain of ours still goes on, whose caller
// may be dead, its end is waited for. When ctx ends first the nodes stay as they
// are: Undrain takes the drain back.
func (c *Client) Drain(ctx context.Context, host string, o DrainOptions, pools ...string) error {
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	ctx, cancel := context.WithTimeoutCause(ctx, o.Deadline+drainGrace,
		fmt.Errorf("it was to take %s, and a minute more for what has to be stopped", o.Deadline))
	defer cancel()
	nodes, err := c.nodesOf(ctx, host, pools)
	if err != nil {
		return err
	}
	nodes = slices.DeleteFunc(nodes, func(n Node) bool { return n.gone() || !n.Eligible && !(n.Draining && n.drain != nil) })
	for _, n := range nodes {
		if !n.Eligible {
			continue
		}
		w, cancel := c.write(ctx, "")
		_, err := c.nomad.Nodes().UpdateDrainOpts(n.ID, &api.DrainOptions{
			DrainSpec: &api.DrainSpec{Deadline: nomadDeadline(o.Deadline)},
			Meta:      map[string]string{drainMark: markDrain, drainReason: o.Reason, drainBy: o.By},
		}, w)
		cancel()
		if err != nil {
			return c.fail("drain node "+n.Name, err)
		}
	}
	for _, n := range nodes {
		if err := c.waitDrained(ctx, n, o.Progress); err != nil {
			return err
		}
	}
	return nil
}

// nomadDeadline is a deadline as Nomad takes it: there, zero is none at all, and
// what is negative is over at once.
func nomadDeadline(d time.Duration) time.Duration {
	if d <= 0 {
		return -1
	}
	return d
}

// waitDrained follows one node until Nomad calls it drained and nothing runs there.
func (c *Client) waitDrained(ctx context.Context, n Node, progress func(string)) error {
	what := "drain node " + n.Name
	var trouble backoff
	var nodeIndex, allocIndex uint64
	left := -1
	for {
		working, at, err := c.working(ctx, n.ID, allocIndex)
		if err == nil && working > 0 {
			if working != left {
				left = working
				progress(fmt.Sprintf("%d allocations still run on node %s", left, n.Name))
			}
			allocIndex, trouble = nextIndex(allocIndex, at), backoff{}
			err = pause(ctx, restFor)
		} else if err == nil {
			var draining bool
			if draining, nodeIndex, err = c.draining(ctx, n.ID, nodeIndex); err == nil && !draining {
				progress("node " + n.Name + " is drained")
				return nil
			}
			allocIndex = 0 // it answers at once: what comes next is the node's turn again
			if err == nil {
				err = pause(ctx, restFor)
			}
		}
		switch {
		case ctx.Err() != nil:
			return c.fail(what, fmt.Errorf("%d allocations are left: %w", max(left, 0), context.Cause(ctx)))
		case notFound(err):
			return nil // it was purged: nothing runs there
		case err != nil && (!passing(err) || trouble.sleep(ctx) != nil):
			return c.fail(what, err)
		}
	}
}

// working counts what runs on a node, or is about to.
func (c *Client) working(ctx context.Context, node string, index uint64) (n int, at uint64, err error) {
	q, cancel := c.block(ctx, "", index)
	defer cancel()
	allocations, meta, err := c.nomad.Nodes().Allocations(node, q)
	if err != nil {
		return 0, 0, err
	}
	for _, a := range allocations {
		if a.ClientStatus == api.AllocClientStatusPending || a.ClientStatus == api.AllocClientStatusRunning {
			n++
		}
	}
	return n, meta.LastIndex, nil
}

func (c *Client) draining(ctx context.Context, node string, index uint64) (yes bool, at uint64, err error) {
	q, cancel := c.block(ctx, "", index)
	defer cancel()
	info, meta, err := c.nomad.Nodes().Info(node, q)
	if err != nil {
		return false, index, err
	}
	return info.DrainStrategy != nil, nextIndex(index, meta.LastIndex), nil
}

// nodesOf returns the nodes that a host has in the pools given.
func (c *Client) nodesOf(ctx context.Context, host string, pools []string) ([]Node, error) {
	var own []Node
	for _, pool := range pools {
		nodes, err := c.Nodes(ctx, pool)
		if err != nil {
			return nil, err
		}
		for _, n := range nodes {
			if n.Name == host {
				own = append(own, n)
			}
		}
	}
	return own, nil
}
