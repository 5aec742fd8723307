package ophub

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/consul/api"
)

// Hosts' nodes are marked in Consul's catalog, so that no other node is ever
// reaped.
const (
	nodeMark     = "cthulix"
	nodeMarkHost = "host"
)

// nodeID is the same for a host at each of its boots: Consul refuses a name
// that comes back under another ID.
func nodeID(host string) string {
	sum := sha256.Sum256([]byte("cthulix host " + host))
	sum[6] = sum[6]&0x0f | 0x80 // version 8: made from what we like
	sum[8] = sum[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[0:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

// Reap removes the catalog nodes of hosts whose live record is gone. Several
// opservers may do so at once.
func (h *Hub) Reap(ctx context.Context) error {
	q, cancel := h.query(ctx)
	defer cancel()
	q.NodeMeta = map[string]string{nodeMark: nodeMarkHost}
	nodes, _, err := h.client.Catalog().Nodes(q)
	if err != nil {
		return h.fail("list nodes of hosts", err)
	}
	if len(nodes) == 0 {
		return nil
	}
	live, err := h.liveNames(ctx)
	if err != nil {
		return err
	}
	var failed []error
	for _, node := range nodes {
		if live[node.Node] {
			continue
		}
		if err := h.reap(ctx, node); err != nil {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

func (h *Hub) liveNames(ctx context.Context) (map[string]bool, error) {
	q, cancel := h.query(ctx)
	defer cancel()
	prefix := h.key(kindLive, "")
	keys, _, err := h.client.KV().Keys(prefix, "", q)
	if err != nil {
		return nil, h.fail("list live records", err)
	}
	names := make(map[string]bool, len(keys))
	for _, key := range keys {
		names[strings.TrimPrefix(key, prefix)] = true
	}
	return names, nil
}

func (h *Hub) reap(ctx context.Context, node *api.Node) error {
	what := "remove node " + node.Node
	q, cancel := h.query(ctx)
	defer cancel()
	// A host that registers right now has its session before its live record.
	sessions, _, err := h.client.Session().Node(node.Node, q)
	if err != nil {
		return h.fail(what, err)
	}
	if len(sessions) > 0 {
		return nil
	}
	ok, _, err := h.transact(ctx, what, api.TxnOps{{Node: &api.NodeTxnOp{
		Verb: api.NodeDeleteCAS,
		Node: api.Node{ID: node.ID, Node: node.Node, ModifyIndex: node.ModifyIndex},
	}}})
	if err != nil {
		return err
	}
	if ok {
		h.log.Info("removed the node of a host that is gone", "host", node.Node)
	}
	return nil
}
