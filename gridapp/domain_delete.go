package gridapp

import (
	"context"
	"fmt"
	"strings"
)

// DeleteDomain removes the namespace and the node pool, with the finished jobs
// in the one and the lost nodes in the other. Nodes that are still up get until
// ctx ends to go; live jobs are an error. No domain is no error.
func (c *Client) DeleteDomain(ctx context.Context, d Domain) error {
	if err := d.Validate(); err != nil {
		return err
	}
	q, cancel := c.query(ctx, "")
	defer cancel()
	what := "delete namespace " + d.Namespace
	space, _, err := c.nomad.Namespaces().Info(d.Namespace, q)
	if err != nil && !notFound(err) {
		return c.fail(what, err)
	}
	ours := err == nil && space.Meta[mark] == markMade
	if ours {
		if err := c.purgeJobs(ctx, d.Namespace); err != nil {
			return c.fail(what, err)
		}
	}
	if err := c.emptyPool(ctx, d.NodePool); err != nil {
		return err
	}
	w, cancelWrite := c.write(ctx, "")
	defer cancelWrite()
	if ours {
		if err := c.purgeRecords(ctx, d.Namespace); err != nil {
			return c.fail(what, err)
		}
		if _, err := c.nomad.Namespaces().Delete(d.Namespace, w); err != nil && !notFound(err) {
			return c.fail(what, err)
		}
	} else if space != nil && space.Meta[poolMark] != "" {
		// It was there before us, and is no kernel's from now on.
		delete(space.Meta, poolMark)
		if _, err := c.nomad.Namespaces().Register(space, w); err != nil {
			return c.fail(what, err)
		}
	}

	what = "delete node pool " + d.NodePool
	late, cancelLate := c.query(ctx, "") // the first query's deadline may have passed while nodes went away
	defer cancelLate()
	pool, _, err := c.nomad.NodePools().Info(d.NodePool, late)
	if notFound(err) {
		return nil
	}
	if err != nil {
		return c.fail(what, err)
	}
	if pool.Meta[mark] != markMade {
		return nil
	}
	if _, err := c.nomad.NodePools().Delete(d.NodePool, w); err != nil && !notFound(err) {
		return c.fail(what, err)
	}
	return nil
}

func (c *Client) purgeJobs(ctx context.Context, namespace string) error {
	q, cancel := c.query(ctx, namespace)
	defer cancel()
	jobs, _, err := c.nomad.Jobs().List(q)
	if err != nil {
		return err
	}
	var live []string
	for _, j := range jobs {
		if j.Status != "dead" {
			live = append(live, j.ID)
		}
	}
	if len(live) > 0 {
		return fmt.Errorf("jobs still live in it: %s; stop them first", strings.Join(live, ", "))
	}
	w, cancelWrite := c.write(ctx, namespace)
	defer cancelWrite()
	for _, j := range jobs {
		if _, _, err := c.nomad.Jobs().Deregister(j.ID, true, w); err != nil && !notFound(err) {
			return fmt.Errorf("forget job %s: %w", j.ID, err)
		}
	}
	return nil
}

// emptyPool makes Nomad forget the nodes of hosts that are gone. A host that
// was just switched off still counts as up until it misses its heartbeat.
func (c *Client) emptyPool(ctx context.Context, pool string) error {
	var index uint64
	var trouble backoff
	for {
		q, cancel := c.block(ctx, "", index)
		nodes, at, err := c.nodes(pool, q)
		cancel()
		if err != nil {
			if !passing(err) || trouble.sleep(ctx) != nil {
				return err
			}
			continue
		}
		var up []string
		for _, n := range nodes {
			if !n.gone() {
				up = append(up, n.String())
				continue
			}
			p, cancel := c.query(ctx, "")
			_, _, err := c.nomad.Nodes().Purge(n.ID, p)
			cancel()
			if err != nil && !notFound(err) {
				return c.fail("forget node "+n.Name, err)
			}
		}
		if len(up) == 0 {
			return nil
		}
		index = nextIndex(index, at)
		if pause(ctx, restFor) != nil {
			return c.fail("delete node pool "+pool, fmt.Errorf("hosts still serve it: %s; take the kernel off them, or switch them off: %w",
				strings.Join(up, ", "), context.Cause(ctx)))
		}
	}
}
