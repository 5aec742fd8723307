package gridapp

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/nomad/api"
)

// drain is what Nomad keeps of a node's last drain, if it was one of ours that
// was not broken off.
type drain struct {
	by, reason string
	since      time.Time
}

func drainOf(m *api.DrainMetadata) *drain {
	if m == nil || m.Meta[drainMark] != markDrain {
		return nil
	}
	return &drain{by: m.Meta[drainBy], reason: m.Meta[drainReason], since: m.StartedAt}
}

// What Nomad calls the events of a node: the subsystem of drains, and how the
// message begins when somebody takes a node out of service without one.
const (
	drainSubsystem  = "Drain"
	withdrawnByHand = "Node marked as ineligible"
)

// drained tells whether a node takes no work because of a drain of ours. Nomad
// keeps our mark when a node is let take work again, so that one which somebody
// took out of service since is told by its events.
func (c *Client) drained(ctx context.Context, n Node) (bool, error) {
	if n.Eligible || n.drain == nil {
		return false, nil
	}
	q, cancel := c.query(ctx, "")
	defer cancel()
	info, _, err := c.nomad.Nodes().Info(n.ID, q)
	if err != nil {
		return false, err
	}
	for _, e := range slices.Backward(info.Events) {
		if e.Subsystem == drainSubsystem || strings.HasPrefix(e.Message, withdrawnByHand) {
			return e.Subsystem == drainSubsystem, nil
		}
	}
	return true, nil // the last ten events are all of something else
}

// Withdrawn is a host that takes no work, because somebody drained it by Drain.
type Withdrawn struct {
	Host, By, Reason string
	Since            time.Time
}

// Withdrawn returns the hosts of a pool that a Drain took out of service and no
// Undrain put back, ordered by name. Those whose agent process is gone are left
// out: what was moved off them cannot come back anyhow.
func (c *Client) Withdrawn(ctx context.Context, pool string) ([]Withdrawn, error) {
	nodes, err := c.Nodes(ctx, pool)
	if err != nil {
		return nil, err
	}
	var all []Withdrawn
	for _, n := range nodes {
		if n.gone() {
			continue
		}
		ours, err := c.drained(ctx, n)
		if err != nil && !notFound(err) {
			return nil, c.fail("read node "+n.Name, err)
		}
		if ours {
			all = append(all, Withdrawn{Host: n.Name, By: n.drain.by, Reason: n.drain.reason, Since: n.drain.since})
		}
	}
	return all, nil
}

// Undrain lets the nodes of a host that Drain emptied take work again, or ends
// a drain of ours that still goes on, whoever asked for it. Nodes that others
// took out of service stay so.
func (c *Client) Undrain(ctx context.Context, host string, pools ...string) error {
	return c.undrain(ctx, host, pools, func(*drain) bool { return true })
}

// UndrainBy is Undrain for what was drained by somebody, see DrainOptions.By.
func (c *Client) UndrainBy(ctx context.Context, by, host string, pools ...string) error {
	return c.undrain(ctx, host, pools, func(d *drain) bool { return d.by == by })
}

func (c *Client) undrain(ctx context.Context, host string, pools []string, which func(*drain) bool) error {
	nodes, err := c.nodesOf(ctx, host, pools)
	if err != nil {
		return err
	}
	var failed []error
	for _, n := range nodes {
		ours, err := c.drained(ctx, n)
		if err == nil && (!ours || !which(n.drain)) {
			continue
		}
		if err == nil {
			err = c.undrainNode(ctx, n)
		}
		if err != nil && !notFound(err) {
			failed = append(failed, c.fail("let node "+n.Name+" take work again", err))
		}
	}
	return errors.Join(failed...)
}

func (c *Client) undrainNode(ctx context.Context, n Node) error {
	w, cancel := c.write(ctx, "")
	defer cancel()
	_, err := c.nomad.Nodes().UpdateDrainOpts(n.ID, &api.DrainOptions{
		MarkEligible: true, Meta: map[string]string{drainMark: markDone},
	}, w)
	return err
}
