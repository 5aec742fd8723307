package gridapp

import "context"

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

// EnsureDomain makes the namespace and the node pool, or brings their
// description up to date.
func (c *Client) EnsureDomain(ctx context.Context, d Domain) error { return errUnbuilt }

// Domain returns the domain of that namespace, or ErrNotFound.
func (c *Client) Domain(ctx context.Context, namespace string) (Domain, error) {
	return Domain{}, errUnbuilt
}

// DeleteDomain removes the namespace and the node pool, with the finished jobs
// in the one and the lost nodes in the other. Nodes that are still up get until
// ctx ends to go; live jobs are an error. No domain is no error.
func (c *Client) DeleteDomain(ctx context.Context, d Domain) error { return errUnbuilt }

// Node is a host's agent process in a node pool.
type Node struct {
	ID, Name string
	Status   string // "ready", "initializing", "down", "disconnected"
	Eligible bool
}

// Nodes returns the nodes of a pool, ordered by name.
func (c *Client) Nodes(ctx context.Context, pool string) ([]Node, error) { return nil, errUnbuilt }
