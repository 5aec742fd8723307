package ophub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/hashicorp/consul/api"
)

// Kinds of records: the first part of a key under the prefix.
const (
	kindHost    = "hosts"
	kindKernel  = "kernels"
	kindRelease = "releases"
	kindBoot    = "boots"
	kindLive    = "live"
	kindLease   = "leases"
	kindPool    = "pools"
	// kindDiscovered holds machines without a host record, by MAC address.
	kindDiscovered = "discovered"
	// kindClaim holds what only one host may have, and who has it.
	kindClaim = "claims"
)

// requestTimeout bounds each request that is no blocking query.
const requestTimeout = 30 * time.Second

func (h *Hub) query(ctx context.Context) (*api.QueryOptions, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	return new(api.QueryOptions).WithContext(ctx), cancel
}

func (h *Hub) write(ctx context.Context) (*api.WriteOptions, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	return new(api.WriteOptions).WithContext(ctx), cancel
}

// get reads one record and its modify index, for check-and-set.
func get[T any](ctx context.Context, h *Hub, kind, name string) (record T, index uint64, err error) {
	what := fmt.Sprintf("read %s/%s", kind, name)
	if name == "" || strings.Contains(name, "/") {
		return record, 0, h.fail(what, ErrNotFound)
	}
	q, cancel := h.query(ctx)
	defer cancel()
	pair, _, err := h.client.KV().Get(h.key(kind, name), q)
	if err != nil {
		return record, 0, h.fail(what, err)
	}
	if pair == nil {
		return record, 0, h.fail(what, ErrNotFound)
	}
	record, err = decode[T](h, pair)
	return record, pair.ModifyIndex, err
}

// list reads all records of a kind, in the order of their keys.
func list[T any](ctx context.Context, h *Hub, kind string) ([]T, error) {
	q, cancel := h.query(ctx)
	defer cancel()
	pairs, _, err := h.client.KV().List(h.key(kind, ""), q)
	if err != nil {
		return nil, h.fail("list "+kind, err)
	}
	records := make([]T, 0, len(pairs))
	for _, pair := range pairs {
		record, err := decode[T](h, pair)
		if err != nil {
			return nil, err
		}
		records = append(records, record)
	}
	return records, nil
}

// put stores a record in the place of any that is there.
func (h *Hub) put(ctx context.Context, kind, name string, record any) error {
	what := fmt.Sprintf("store %s/%s", kind, name)
	value, err := json.Marshal(record)
	if err != nil {
		return h.fail(what, err)
	}
	w, cancel := h.write(ctx)
	defer cancel()
	_, err = h.client.KV().Put(&api.KVPair{Key: h.key(kind, name), Value: value}, w)
	return h.fail(what, err)
}

// cas stores a record if it was not changed since it was read at index, 0
// meaning that it was not there.
func (h *Hub) cas(ctx context.Context, kind, name string, record any, index uint64) (bool, error) {
	what := fmt.Sprintf("store %s/%s", kind, name)
	value, err := json.Marshal(record)
	if err != nil {
		return false, h.fail(what, err)
	}
	w, cancel := h.write(ctx)
	defer cancel()
	ok, _, err := h.client.KV().CAS(&api.KVPair{Key: h.key(kind, name), Value: value, ModifyIndex: index}, w)
	return ok, h.fail(what, err)
}

func decode[T any](h *Hub, pair *api.KVPair) (record T, err error) {
	if err := json.Unmarshal(pair.Value, &record); err != nil {
		return record, h.fail("read "+pair.Key, fmt.Errorf("the record is damaged, store it again: %w", err))
	}
	return record, nil
}

// transact runs ops all or none. It is false when a check of theirs did not
// hold, which means that someone else wrote in between.
func (h *Hub) transact(ctx context.Context, what string, ops api.TxnOps) (bool, *api.TxnResponse, error) {
	q, cancel := h.query(ctx)
	defer cancel()
	ok, resp, _, err := h.client.Txn().Txn(ops, q)
	if err != nil {
		return false, nil, h.fail(what, err)
	}
	if !ok {
		for _, e := range resp.Errors {
			if strings.Contains(e.What, "ermission denied") {
				return false, nil, h.fail(what, api.StatusError{Code: 403, Body: e.What})
			}
		}
	}
	return ok, resp, nil
}

func kvOp(op api.KVTxnOp) *api.TxnOp { return &api.TxnOp{KV: &op} }

var errContended = errors.New("others kept changing the record")

// retry calls try until it is done. It gives way to other writers in between.
func (h *Hub) retry(ctx context.Context, what string, try func() (done bool, err error)) error {
	const most = 60
	wait := backoff{least: 5 * time.Millisecond, most: 500 * time.Millisecond}
	for range most {
		done, err := try()
		if done || err != nil {
			return err
		}
		if err := wait.sleep(ctx); err != nil {
			return h.fail(what, err)
		}
	}
	return h.fail(what, errContended)
}

// backoff waits longer each time, with jitter, so that many who failed
// together do not come back together.
type backoff struct {
	least, most time.Duration
	next        time.Duration
}

func (b *backoff) sleep(ctx context.Context) error {
	b.next = min(max(2*b.next, b.least), b.most)
	return pause(ctx, b.next/2+rand.N(b.next/2+1))
}

func (b *backoff) reset() { b.next = 0 }

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
