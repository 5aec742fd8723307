package ophub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"

	"github.com/hashicorp/consul/api"
)

// A claim is a key that says which host has a MAC address or a switch port.
// Claims change in one transaction with the host's record, so no two hosts get
// the same, however many write at once.

func macClaim(mac string) string { return "mac:" + mac }

func portClaim(sw, port string) string {
	return "port:" + url.QueryEscape(sw) + ":" + url.QueryEscape(port)
}

// kernelUse is written by whoever attaches a host to a kernel. DeleteKernel
// checks that it did not change while it looked for such hosts.
func kernelUse(kernel string) string { return "kernel:" + kernel }

type claim struct{ name, field, what string }

func (host Host) claims() []claim {
	var all []claim
	for i, mac := range host.MACs {
		all = append(all, claim{macClaim(mac), fmt.Sprintf("macs[%d]", i), "MAC address " + mac})
	}
	if host.Port != "" {
		all = append(all, claim{portClaim(host.Switch, host.Port), "port", fmt.Sprintf("port %s of switch %s", host.Port, host.Switch)})
	}
	return all
}

// PutHost stores the record of a host. A MAC address or a switch port that
// another host has already is a *ConflictError, a kernel without a record an
// *InvalidError. Storing what is there already changes nothing.
func (h *Hub) PutHost(ctx context.Context, host Host) error {
	host, err := host.normalized()
	if err != nil {
		return err
	}
	what := "store host " + host.Name
	return h.retry(ctx, what, func() (bool, error) { return h.tryPutHost(ctx, what, host) })
}

func (h *Hub) tryPutHost(ctx context.Context, what string, host Host) (done bool, err error) {
	old, index, err := get[Host](ctx, h, kindHost, host.Name)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return false, err
	}
	claims := host.claims()
	var kernels []string
	for _, name := range host.Kernels {
		if !slices.Contains(old.Kernels, name) {
			kernels = append(kernels, name)
		}
	}
	var dropped []claim
	for _, c := range old.claims() {
		if !slices.ContainsFunc(claims, func(o claim) bool { return o.name == c.name }) {
			dropped = append(dropped, c)
		}
	}
	var keys []string
	for _, c := range slices.Concat(claims, dropped) {
		keys = append(keys, h.key(kindClaim, c.name))
	}
	for _, name := range kernels {
		keys = append(keys, h.key(kindKernel, name))
	}
	now, err := h.getAll(ctx, what, keys)
	if err != nil {
		return false, err
	}

	host.Generation, host.Updated = old.Generation+1, h.now().UTC().Round(0)
	owner, err := json.Marshal(host.Name)
	if err != nil {
		return false, h.fail(what, err)
	}
	value, err := json.Marshal(host)
	if err != nil {
		return false, h.fail(what, err)
	}
	ops := api.TxnOps{kvOp(api.KVTxnOp{Verb: api.KVCAS, Key: h.key(kindHost, host.Name), Value: value, Index: index})}
	changed := !host.same(old)
	for _, c := range claims {
		key := h.key(kindClaim, c.name)
		holder, err := h.holder(ctx, now[key], c)
		if err != nil {
			return false, err
		}
		switch holder {
		case host.Name:
			continue
		case "":
			changed = true
			ops = append(ops, kvOp(api.KVTxnOp{Verb: api.KVCAS, Key: key, Value: owner, Index: now[key].index()}))
		default:
			return false, &ConflictError{Host: host.Name, Field: c.field, What: c.what, Owner: holder}
		}
	}
	for _, c := range dropped {
		key := h.key(kindClaim, c.name)
		if p := now[key]; p != nil && string(p.Value) == string(owner) {
			ops = append(ops, kvOp(api.KVTxnOp{Verb: api.KVDeleteCAS, Key: key, Index: p.ModifyIndex}))
		}
	}
	for _, name := range kernels {
		p := now[h.key(kindKernel, name)]
		if p == nil {
			return false, &InvalidError{Kind: "host", Name: host.Name, Field: fmt.Sprintf("kernels[%d]", slices.Index(host.Kernels, name)),
				Problem: fmt.Sprintf("kernel %s has no record: create it first", name)}
		}
		use, err := json.Marshal(fmt.Sprintf("%s/%d/%d", host.Name, host.Generation, h.now().UnixNano()))
		if err != nil {
			return false, h.fail(what, err)
		}
		ops = append(ops,
			kvOp(api.KVTxnOp{Verb: api.KVCheckIndex, Key: p.Key, Index: p.ModifyIndex}),
			kvOp(api.KVTxnOp{Verb: api.KVSet, Key: h.key(kindClaim, kernelUse(name)), Value: use}))
	}
	if !changed {
		return true, nil
	}
	done, _, err = h.transact(ctx, what, ops)
	return done, err
}

// holder is who has the claim: a host with a record that names it, or no one.
func (h *Hub) holder(ctx context.Context, p *pair, c claim) (string, error) {
	if p == nil {
		return "", nil
	}
	name, err := decode[string](h, &p.KVPair)
	if err != nil {
		return "", err
	}
	host, _, err := get[Host](ctx, h, kindHost, name)
	switch {
	case errors.Is(err, ErrNotFound):
		return "", nil
	case err != nil:
		return "", err
	case !slices.ContainsFunc(host.claims(), func(o claim) bool { return o.name == c.name }):
		return "", nil
	}
	return name, nil
}

// DeleteHost removes a host's record and its boot record. No record is no error.
func (h *Hub) DeleteHost(ctx context.Context, name string) error {
	what := "delete host " + name
	return h.retry(ctx, what, func() (bool, error) {
		host, index, err := get[Host](ctx, h, kindHost, name)
		if errors.Is(err, ErrNotFound) {
			return true, nil
		}
		if err != nil {
			return false, err
		}
		keys := []string{h.key(kindBoot, name)}
		for _, c := range host.claims() {
			keys = append(keys, h.key(kindClaim, c.name))
		}
		now, err := h.getAll(ctx, what, keys)
		if err != nil {
			return false, err
		}
		owner, err := json.Marshal(name)
		if err != nil {
			return false, h.fail(what, err)
		}
		ops := api.TxnOps{kvOp(api.KVTxnOp{Verb: api.KVDeleteCAS, Key: h.key(kindHost, name), Index: index})}
		for i, key := range keys {
			p := now[key]
			switch {
			case p == nil:
			case i == 0:
				ops = append(ops, kvOp(api.KVTxnOp{Verb: api.KVDelete, Key: key}))
			case string(p.Value) == string(owner):
				ops = append(ops, kvOp(api.KVTxnOp{Verb: api.KVDeleteCAS, Key: key, Index: p.ModifyIndex}))
			}
		}
		done, _, err := h.transact(ctx, what, ops)
		return done, err
	})
}

// pair is a key that may be missing: a nil pair.
type pair struct{ api.KVPair }

func (p *pair) index() uint64 {
	if p == nil {
		return 0
	}
	return p.ModifyIndex
}

// getAll reads keys at one index, in one request. Keys that are missing are
// not in the map.
func (h *Hub) getAll(ctx context.Context, what string, keys []string) (map[string]*pair, error) {
	found := make(map[string]*pair, len(keys))
	if len(keys) == 0 {
		return found, nil
	}
	var ops api.TxnOps
	for _, key := range keys {
		ops = append(ops, kvOp(api.KVTxnOp{Verb: api.KVGetOrEmpty, Key: key}))
	}
	ok, resp, err := h.transact(ctx, what, ops)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, h.fail(what, fmt.Errorf("read claims: %s", resp.Errors[0].What))
	}
	for _, r := range resp.Results {
		// A missing key comes back without an index.
		if r.KV != nil && r.KV.ModifyIndex != 0 {
			found[r.KV.Key] = &pair{*r.KV}
		}
	}
	return found, nil
}
