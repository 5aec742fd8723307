package ophub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/hashicorp/consul/api"
)

// AgentService is the name of the service that a live host has in Consul's
// catalog.
const AgentService = "cthulix-agent"

// Consul's bounds for the time to live of a session.
const (
	minTTL = 10 * time.Second
	maxTTL = 24 * time.Hour
)

// Registration keeps one host's live record. It is safe for concurrent use.
type Registration struct {
	hub *Hub
	ttl time.Duration

	mu      sync.Mutex
	agent   Agent
	session string // empty when lost
	closed  bool
}

// Register makes the live record of a host: a node and a service in Consul's
// catalog, and a record under a session that ends ttl after the last renewal
// (at least 10 s, and Consul may be up to twice as late). A live record of an
// earlier boot of the same host is taken over. Run must follow, to renew.
func (h *Hub) Register(ctx context.Context, agent Agent, ttl time.Duration) (*Registration, error) {
	agent, err := agent.normalized()
	if err != nil {
		return nil, err
	}
	r := &Registration{hub: h, ttl: min(max(ttl, minTTL), maxTTL), agent: agent}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.register(ctx, true); err != nil {
		return nil, err
	}
	return r, nil
}

// errHeld is a live record that another boot of the host holds.
var errHeld = errors.New("another boot of this host holds the live record")

// register needs r.mu.
func (r *Registration) register(ctx context.Context, takeOver bool) error {
	h, what := r.hub, "register host "+r.agent.Host
	return h.retry(ctx, what, func() (bool, error) {
		if err := r.catalog(ctx); err != nil {
			return false, err
		}
		w, cancel := h.write(ctx)
		session, _, err := h.client.Session().CreateNoChecks(&api.SessionEntry{
			Name: "cthulix host " + r.agent.Host, Node: r.agent.Host,
			TTL: r.ttl.String(), Behavior: api.SessionBehaviorDelete,
			// A host that restarts must not wait for its own old lock; 0 would
			// mean Consul's default of 15 s.
			LockDelay: time.Millisecond,
		}, w)
		cancel()
		if isMissingNode(err) {
			return false, nil // reaped in between
		}
		if err != nil {
			return false, h.fail(what, err)
		}
		ok, err := r.acquire(ctx, session)
		if err == nil && ok {
			r.session = session
			r.note(ctx, StageRegistered)
			return true, nil
		}
		h.destroy(ctx, session)
		if err != nil {
			return false, err
		}
		return false, r.evict(ctx, takeOver)
	})
}

// catalog makes or renews the host's node and service.
func (r *Registration) catalog(ctx context.Context) error {
	h, a := r.hub, r.agent
	w, cancel := h.write(ctx)
	defer cancel()
	_, err := h.client.Catalog().Register(&api.CatalogRegistration{
		ID: nodeID(a.Host), Node: a.Host, Address: a.Addresses[0],
		NodeMeta: map[string]string{nodeMark: nodeMarkHost, "boot_id": a.BootID},
		Service: &api.AgentService{
			ID: AgentService, Service: AgentService, Address: a.Addresses[0],
			Meta: map[string]string{
				"boot_id": a.BootID, "image": a.Image.String(), "version": a.Version, "mac": a.MAC,
				"cpus": strconv.Itoa(a.CPUs), "memory_mib": strconv.Itoa(a.MemoryMiB),
			},
		},
	}, w)
	return h.fail("register node "+a.Host, err)
}

// acquire writes the live record under the session, if no other holds it.
func (r *Registration) acquire(ctx context.Context, session string) (bool, error) {
	h := r.hub
	r.agent.Updated = h.now().UTC().Round(0)
	value, err := json.Marshal(r.agent)
	if err != nil {
		return false, err
	}
	w, cancel := h.write(ctx)
	defer cancel()
	ok, _, err := h.client.KV().Acquire(&api.KVPair{Key: h.key(kindLive, r.agent.Host), Value: value, Session: session}, w)
	if isInvalidSession(err) {
		return false, nil
	}
	return ok, h.fail("write live record of host "+r.agent.Host, err)
}

// evict ends the session that holds the live record, unless it is another
// boot's and takeOver is false.
func (r *Registration) evict(ctx context.Context, takeOver bool) error {
	h := r.hub
	q, cancel := h.query(ctx)
	defer cancel()
	pair, _, err := h.client.KV().Get(h.key(kindLive, r.agent.Host), q)
	if err != nil {
		return h.fail("read live record of host "+r.agent.Host, err)
	}
	if pair == nil {
		return nil
	}
	var other Agent
	if json.Unmarshal(pair.Value, &other) == nil && other.BootID != r.agent.BootID && !takeOver {
		return h.fail("register host "+r.agent.Host, fmt.Errorf("%w: boot %s of %s", errHeld, other.BootID, other.MAC))
	}
	if pair.Session == "" {
		w, cancel := h.write(ctx)
		defer cancel()
		_, _, err := h.client.KV().DeleteCAS(pair, w)
		return h.fail("remove stale live record of host "+r.agent.Host, err)
	}
	h.log.Info("taking over the live record of an earlier boot", "host", r.agent.Host, "boot", other.BootID)
	h.destroy(ctx, pair.Session)
	return nil
}

// destroy ends a session. One that cannot be ended ends by itself in time.
func (h *Hub) destroy(ctx context.Context, session string) {
	w, cancel := h.write(context.WithoutCancel(ctx))
	defer cancel()
	if _, err := h.client.Session().Destroy(session, w); err != nil {
		h.log.Warn("session not ended", "error", err)
	}
}

// note adds a stage to the boot record. The host is registered without it too.
func (r *Registration) note(ctx context.Context, stage Stage) {
	a := r.agent
	err := r.hub.AppendBoot(ctx, a.Host, Event{Stage: stage, MAC: a.MAC, Address: a.Addresses[0], Image: a.Image, BootID: a.BootID})
	if err != nil {
		r.hub.log.Warn("boot record not written", "host", a.Host, "stage", string(stage), "error", err)
	}
}

// Update replaces the live record.
func (r *Registration) Update(ctx context.Context, agent Agent) error {
	agent, err := agent.normalized()
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return fmt.Errorf("update host %s: its registration is closed", agent.Host)
	}
	if agent.Host != r.agent.Host {
		return &InvalidError{Kind: "agent of host", Name: agent.Host, Field: "host", Problem: "was registered as " + r.agent.Host}
	}
	old := r.agent
	r.agent = agent
	if r.session == "" {
		return fmt.Errorf("update host %s: its session is lost, the record follows when it is registered again", agent.Host)
	}
	if agent.Addresses[0] != old.Addresses[0] || agent.Version != old.Version || agent.CPUs != old.CPUs || agent.MemoryMiB != old.MemoryMiB {
		if err := r.catalog(ctx); err != nil {
			return err
		}
	}
	ok, err := r.acquire(ctx, r.session)
	if err != nil {
		return err
	}
	if !ok {
		r.session = ""
		return fmt.Errorf("update host %s: its session is lost, the record follows when it is registered again", agent.Host)
	}
	if agent.joined() && !old.joined() {
		r.note(ctx, StageKernels)
	}
	return nil
}

// Run renews the session until ctx ends, and registers again when it is lost.
// It returns nil when ctx ends.
func (r *Registration) Run(ctx context.Context) error {
	trouble := backoff{least: time.Second, most: max(r.ttl/4, time.Second)}
	for {
		if pause(ctx, r.ttl/3) != nil {
			return nil
		}
		trouble.reset()
		for {
			err := r.renew(ctx)
			if err == nil {
				break
			}
			if ctx.Err() != nil {
				return nil
			}
			r.hub.log.Warn("session not renewed, will retry", "host", r.agent.Host, "error", err)
			if trouble.sleep(ctx) != nil {
				return nil
			}
		}
	}
}

func (r *Registration) renew(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil
	}
	if r.session != "" {
		w, cancel := r.hub.write(ctx)
		entry, _, err := r.hub.client.Session().Renew(r.session, w)
		cancel()
		if err != nil {
			return r.hub.fail("renew session of host "+r.agent.Host, err)
		}
		if entry != nil {
			return nil
		}
		r.session = ""
		r.hub.log.Warn("session lost, registering again", "host", r.agent.Host)
	}
	// Whoever registered since then booted later: it stays until it is gone.
	return r.register(ctx, false)
}

// Close takes the live record and the catalog entries back.
func (r *Registration) Close(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil
	}
	r.closed = true
	if r.session == "" {
		return nil
	}
	h, what := r.hub, "deregister host "+r.agent.Host
	w, cancel := h.write(ctx)
	defer cancel()
	if _, err := h.client.Session().Destroy(r.session, w); err != nil {
		return h.fail(what, err)
	}
	r.session = ""
	_, err := h.client.Catalog().Deregister(&api.CatalogDeregistration{Node: r.agent.Host}, w)
	return h.fail(what, err)
}
