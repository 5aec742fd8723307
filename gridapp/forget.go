package gridapp

import "context"

// ForgetHost makes Nomad forget the nodes of a host that was switched off, in
// the pools given. Left alone they count as up until they miss a heartbeat, and
// jobs would be placed on them meanwhile. What ran there is placed anew.
func (c *Client) ForgetHost(ctx context.Context, host string, pools ...string) error {
	for _, pool := range pools {
		q, cancel := c.query(ctx, "")
		defer cancel()
		nodes, _, err := c.nodes(pool, q)
		if err != nil {
			return err
		}
		for _, n := range nodes {
			if n.Name != host {
				continue
			}
			if _, _, err := c.nomad.Nodes().Purge(n.ID, q); err != nil && !notFound(err) {
				return c.fail("forget node "+n.Name, err)
			}
		}
	}
	return nil
}
