package gridapp

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/nomad/api"
)

// Domain is a kernel as Nomad has it.
type Domain struct {
	Namespace   string
	NodePool    string
	Description string
}

// DomainOf returns the domain of the kernel of that name: a namespace and a
// node pool of the same name.
func DomainOf(kernel, description string) Domain {
	return Domain{Namespace: kernel, NodePool: kernel, Description: description}
}

// What we made is marked, so that what was there before is never removed.
const (
	mark     = "cthulix"
	markMade = "kernel"
)

var domainName = regexp.MustCompile(`^[a-zA-Z0-9-]{1,128}$`)

// Validate checks the names by themselves. Nomad's own namespace and node pools
// are nobody's kernel.
func (d Domain) Validate() error {
	for _, n := range []struct{ field, name string }{{"namespace", d.Namespace}, {"node pool", d.NodePool}} {
		if !domainName.MatchString(n.name) {
			return fmt.Errorf("%s %q: want 1 to 128 letters, digits and hyphens", n.field, n.name)
		}
		if n.name == api.DefaultNamespace || n.name == api.NodePoolAll || n.name == api.NodePoolDefault {
			return fmt.Errorf("%s %q is Nomad's own: choose another name for the kernel", n.field, n.name)
		}
	}
	return nil
}

// EnsureDomain makes the namespace and the node pool, or brings their
// description up to date. What is there already is used, and outlives the
// domain.
func (c *Client) EnsureDomain(ctx context.Context, d Domain) error {
	if err := d.Validate(); err != nil {
		return err
	}
	q, cancel := c.query(ctx, "")
	defer cancel()
	w, cancelWrite := c.write(ctx, "")
	defer cancelWrite()

	what := "make node pool " + d.NodePool
	pool, _, err := c.nomad.NodePools().Info(d.NodePool, q)
	switch {
	case notFound(err):
		pool = &api.NodePool{Name: d.NodePool, Meta: map[string]string{mark: markMade}}
	case err != nil:
		return c.fail(what, err)
	}
	if pool.ModifyIndex == 0 || (pool.Description != d.Description && pool.Meta[mark] == markMade) {
		pool.Description = d.Description
		if _, err := c.nomad.NodePools().Register(pool, w); err != nil {
			return c.fail(what, err)
		}
	}

	what = "make namespace " + d.Namespace
	space, _, err := c.nomad.Namespaces().Info(d.Namespace, q)
	switch {
	case notFound(err):
		space = &api.Namespace{Name: d.Namespace, Meta: map[string]string{mark: markMade}}
	case err != nil:
		return c.fail(what, err)
	}
	// The namespace names its node pool, so that Domain can find it.
	stale := space.Description != d.Description && space.Meta[mark] == markMade
	if space.ModifyIndex == 0 || stale || space.Meta[poolMark] != d.NodePool {
		if space.Meta == nil {
			space.Meta = map[string]string{}
		}
		space.Meta[poolMark] = d.NodePool
		if space.Meta[mark] == markMade {
			space.Description = d.Description
		}
		if _, err := c.nomad.Namespaces().Register(space, w); err != nil {
			return c.fail(what, err)
		}
	}
	return nil
}

const poolMark = "cthulix_node_pool"

// Domain returns the domain of that namespace, or ErrNotFound when it or its
// node pool is not there.
func (c *Client) Domain(ctx context.Context, namespace string) (Domain, error) {
	what := "read namespace " + namespace
	q, cancel := c.query(ctx, "")
	defer cancel()
	space, _, err := c.nomad.Namespaces().Info(namespace, q)
	if notFound(err) {
		return Domain{}, c.fail(what, ErrNotFound)
	}
	if err != nil {
		return Domain{}, c.fail(what, err)
	}
	pool := space.Meta[poolMark]
	if pool == "" {
		return Domain{}, c.fail(what, fmt.Errorf("it is no kernel's: %w", ErrNotFound))
	}
	what = "read node pool " + pool
	if _, _, err := c.nomad.NodePools().Info(pool, q); notFound(err) {
		return Domain{}, c.fail(what, ErrNotFound)
	} else if err != nil {
		return Domain{}, c.fail(what, err)
	}
	return Domain{Namespace: space.Name, NodePool: pool, Description: space.Description}, nil
}

// Node is a host's agent process in a node pool.
type Node struct {
	ID, Name string
	Status   string // "ready", "initializing", "down", "disconnected"
	Eligible bool
	// Draining tells that work is still being moved off it.
	Draining bool

	drain *drain // of ours; nil for none
}

func (n Node) ready() bool { return n.Status == api.NodeStatusReady && n.Eligible }

// gone tells that no agent process is behind the node any more.
func (n Node) gone() bool {
	return n.Status == api.NodeStatusDown || n.Status == api.NodeStatusDisconnected
}

func (n Node) String() string {
	status := n.Status
	if !n.Eligible && status == api.NodeStatusReady {
		status = "ready, but not eligible"
	}
	return fmt.Sprintf("%s (%s)", n.Name, status)
}

// Nodes returns the nodes of a pool, ordered by name. A pool that is not there
// has none.
func (c *Client) Nodes(ctx context.Context, pool string) ([]Node, error) {
	q, cancel := c.query(ctx, "")
	defer cancel()
	nodes, _, err := c.nodes(pool, q)
	return nodes, err
}

func (c *Client) nodes(pool string, q *api.QueryOptions) ([]Node, uint64, error) {
	stubs, meta, err := c.nomad.NodePools().ListNodes(pool, q)
	if notFound(err) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, c.fail("list the nodes of pool "+pool, err)
	}
	nodes := make([]Node, 0, len(stubs))
	for _, s := range stubs {
		nodes = append(nodes, Node{
			ID: s.ID, Name: s.Name, Status: s.Status, Eligible: s.SchedulingEligibility == api.NodeSchedulingEligible,
			Draining: s.Drain, drain: drainOf(s.LastDrain),
		})
	}
	slices.SortFunc(nodes, func(a, b Node) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID))
	})
	return nodes, meta.LastIndex, nil
}

// WaitNodes waits until at least n nodes of a pool are ready, and returns all
// of its nodes. When ctx ends first, the error says which are not.
func (c *Client) WaitNodes(ctx context.Context, pool string, n int) ([]Node, error) {
	var index uint64
	var trouble backoff
	for {
		q, cancel := c.block(ctx, "", index)
		nodes, at, err := c.nodes(pool, q)
		cancel()
		if err != nil {
			if !passing(err) || trouble.sleep(ctx) != nil {
				return nil, err
			}
			continue
		}
		ready := 0
		for _, node := range nodes {
			if node.ready() {
				ready++
			}
		}
		if ready >= n {
			return nodes, nil
		}
		index = nextIndex(index, at)
		if at == 0 {
			err = trouble.sleep(ctx) // a pool that is not there blocks nobody
		} else {
			err = pause(ctx, restFor)
		}
		if err != nil {
			return nodes, c.fail("wait for the nodes of pool "+pool, fmt.Errorf("%d of %d are ready: %s: %w", ready, n, orNone(listNodes(nodes)), context.Cause(ctx)))
		}
	}
}

func orNone(s string) string {
	if s == "" {
		return "none has joined"
	}
	return s
}
