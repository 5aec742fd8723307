package ophub

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/consul/api"
)

// A rollout takes the hosts of a group down one after the other: a canary
// first and alone, then so many at a time. Whoever takes a host down holds a
// slot meanwhile. A slot is under a Consul session, so that one whose holder
// has died is free again once its host is back.

const (
	kindRollout = "rollouts"
	// slotTTL is how long a slot outlives its holder's last word. Consul takes
	// ten seconds or more and may let twice as much pass.
	slotTTL = 15 * time.Second
	// slotPatience is how long the host of a slot without a holder may still be
	// on its way up.
	slotPatience = 5 * time.Minute
	// slotLook is how often whoever waits looks for holders that have died,
	// which no record tells.
	slotLook = 5 * time.Second
	// maxProven bounds what a rollout remembers of canaries.
	maxProven = 16
)

// RolloutSpec says whose turn is asked for.
type RolloutSpec struct {
	Group, Host string
	// Target is what the host is to become: hosts of one target share a canary.
	Target string
	// Run identifies the apply. A failure stops the hosts of the same run; the
	// next run begins anew.
	Run string
	// MaxUnavailable is how many hosts of the group may be down at once; 0 is 1.
	MaxUnavailable int
	// Canary lets the first host of a target go alone, and the others only after
	// it has come up.
	Canary bool
	// Waiting hears what it waits for, whenever that changes; nil is nobody.
	Waiting func(message string)
}

// RolloutStoppedError is a rollout in which a host has failed.
type RolloutStoppedError struct {
	Group  string
	Host   string // the one that failed
	Reason string
	Time   time.Time
}

// Error names the failed host.
func (e *RolloutStoppedError) Error() string {
	return fmt.Sprintf("the rollout of group %s has stopped: host %s failed at %s: %s", e.Group, e.Host, e.Time.UTC().Format("15:04:05 MST"), e.Reason)
}

type rollout struct {
	Group  string                 `json:"group"`
	Slots  map[string]rolloutSlot `json:"slots,omitempty"` // by host
	Proven []proof                `json:"proven,omitempty"`
	Failed *rolloutFailure        `json:"failed,omitempty"`
}

type rolloutSlot struct {
	Session string    `json:"session"`
	Target  string    `json:"target"`
	Most    int       `json:"most"`
	Canary  bool      `json:"canary,omitempty"`
	Since   time.Time `json:"since"`
}

// proof is a target that a canary came up with.
type proof struct {
	Run    string `json:"run"`
	Target string `json:"target"`
}

type rolloutFailure struct {
	Host   string    `json:"host"`
	Run    string    `json:"run"`
	Reason string    `json:"reason"`
	Time   time.Time `json:"time"`
}

// RolloutTurn is a host's turn to be down. It ends with Done, Fail or Release.
type RolloutTurn struct {
	hub     *Hub
	spec    RolloutSpec
	session string
	stop    func()
}

// JoinRollout waits for a host's turn. It returns a *RolloutStoppedError when
// a host of the same run has failed.
func (h *Hub) JoinRollout(ctx context.Context, spec RolloutSpec) (*RolloutTurn, error) {
	if err := checkName("rollout group", spec.Group); err != nil {
		return nil, err
	}
	if err := checkName("host", spec.Host); err != nil {
		return nil, err
	}
	spec.MaxUnavailable = max(spec.MaxUnavailable, 1)
	if spec.Waiting == nil {
		spec.Waiting = func(string) {}
	}
	session, err := h.slotSession(ctx, spec)
	if err != nil {
		return nil, err
	}
	t := &RolloutTurn{hub: h, spec: spec, session: session}
	t.keep(ctx)
	if err := t.await(ctx); err != nil {
		t.stop()
		return nil, err
	}
	return t, nil
}

func (h *Hub) slotSession(ctx context.Context, spec RolloutSpec) (string, error) {
	w, cancel := h.write(ctx)
	defer cancel()
	id, _, err := h.client.Session().CreateNoChecks(&api.SessionEntry{
		Name: "cthulix rollout " + spec.Group + " " + spec.Host, TTL: slotTTL.String(),
		Behavior: api.SessionBehaviorDelete, LockDelay: time.Millisecond,
	}, w)
	return id, h.fail("join rollout "+spec.Group, err)
}

// keep renews the session until stop ends it. It outlives ctx: a turn is given
// back after an interruption, too.
func (t *RolloutTurn) keep(ctx context.Context) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var renewing sync.WaitGroup
	renewing.Go(func() {
		for pause(ctx, slotTTL/3) == nil {
			w, cancel := t.hub.write(ctx)
			if _, _, err := t.hub.client.Session().Renew(t.session, w); err != nil && ctx.Err() == nil {
				t.hub.log.Warn("session of a rollout not renewed, will retry", "group", t.spec.Group, "host", t.spec.Host, "error", err)
			}
			cancel()
		}
	})
	t.stop = sync.OnceFunc(func() {
		cancel()
		renewing.Wait()
		t.hub.destroy(ctx, t.session)
	})
}

// await tries to take a slot until there is one.
func (t *RolloutTurn) await(ctx context.Context) error {
	var told string
	for {
		wait, index, err := t.take(ctx)
		if err != nil || wait == "" {
			return err
		}
		if wait != told {
			told = wait
			t.spec.Waiting(wait)
		}
		q, cancel := t.hub.query(ctx)
		q.WaitIndex, q.WaitTime = index, slotLook
		_, _, err = t.hub.client.KV().Get(t.hub.key(kindRollout, t.spec.Group), q)
		cancel()
		if ctx.Err() != nil {
			return t.hub.fail(fmt.Sprintf("wait for the turn of host %s in rollout %s (%s)", t.spec.Host, t.spec.Group, wait), context.Cause(ctx))
		}
		if err != nil {
			t.hub.log.Warn("rollout cannot be followed, will retry", "group", t.spec.Group, "error", err)
			if err := pause(ctx, time.Second); err != nil {
				return err
			}
		}
	}
}

// take takes a slot, or says what it waits for and at which index that was so.
func (t *RolloutTurn) take(ctx context.Context) (wait string, index uint64, err error) {
	err = t.change(ctx, func(r *rollout, at uint64) (bool, error) {
		index = at
		if f := r.Failed; f != nil && f.Run == t.spec.Run {
			return false, &RolloutStoppedError{Group: r.Group, Host: f.Host, Reason: f.Reason, Time: f.Time}
		}
		if err := t.prune(ctx, r); err != nil {
			return false, err
		}
		slot := rolloutSlot{Session: t.session, Target: t.spec.Target, Most: t.spec.MaxUnavailable, Since: t.hub.now().UTC().Round(0)}
		if wait = r.admit(t.spec, &slot); wait != "" {
			return false, nil
		}
		r.Failed = nil // of an earlier run
		r.Slots[t.spec.Host] = slot
		return true, nil
	})
	return wait, index, err
}

// admit says what a host waits for; nothing if it may go, and then whether as
// the canary.
func (r *rollout) admit(spec RolloutSpec, slot *rolloutSlot) (wait string) {
	most := spec.MaxUnavailable
	var down []string
	for _, host := range slices.Sorted(maps.Keys(r.Slots)) {
		s := r.Slots[host]
		if host == spec.Host {
			return "the slot of host " + host + " itself: another apply holds it, or was cut off less than half a minute ago"
		}
		if s.Canary {
			return "host " + host + ", which goes first"
		}
		most = min(most, cmp.Or(s.Most, 1))
		down = append(down, host)
	}
	if spec.Canary && !slices.Contains(r.Proven, proof{spec.Run, spec.Target}) {
		if len(down) > 0 {
			return "being the first, alone: " + strings.Join(down, ", ") + " are not back yet"
		}
		slot.Canary = true
		return ""
	}
	if len(down) >= most {
		return fmt.Sprintf("%s: at most %d of the group may be down at once", strings.Join(down, ", "), most)
	}
	return ""
}

// prune takes away slots of holders that have died, of this very host too.
// Those whose hosts may still be on their way up stay.
func (t *RolloutTurn) prune(ctx context.Context, r *rollout) error {
	for host, s := range r.Slots {
		q, cancel := t.hub.query(ctx)
		entry, _, err := t.hub.client.Session().Info(s.Session, q)
		cancel()
		switch {
		case err != nil:
			return t.hub.fail("read the session of rollout "+t.spec.Group, err)
		case entry != nil:
			continue
		case host != t.spec.Host && t.hub.now().Sub(s.Since) < slotPatience:
			if _, err := t.hub.Agent(ctx, host); errors.Is(err, ErrNotFound) {
				continue
			} else if err != nil {
				return err
			}
		}
		delete(r.Slots, host)
	}
	return nil
}

// LeaveRollout gives back a slot that an apply which did not live to do so has
// left to a host. It is for whoever has seen the host come up since.
func (h *Hub) LeaveRollout(ctx context.Context, group, host string) error {
	return h.changeRollout(ctx, group, func(r *rollout, _ uint64) (bool, error) {
		_, there := r.Slots[host]
		delete(r.Slots, host)
		return there, nil
	})
}

func (t *RolloutTurn) change(ctx context.Context, change func(r *rollout, index uint64) (bool, error)) error {
	return t.hub.changeRollout(ctx, t.spec.Group, change)
}

// changeRollout changes the record of a group; a change that is not made leaves it.
func (h *Hub) changeRollout(ctx context.Context, group string, change func(r *rollout, index uint64) (bool, error)) error {
	what := "change rollout " + group
	return h.retry(ctx, what, func() (bool, error) {
		r, index, err := get[rollout](ctx, h, kindRollout, group)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return false, err
		}
		r.Group = group
		if r.Slots == nil {
			r.Slots = map[string]rolloutSlot{}
		}
		made, err := change(&r, index)
		if err != nil || !made {
			return true, err
		}
		return h.cas(ctx, kindRollout, group, r, index)
	})
}

// end gives the slot back, with a verdict.
func (t *RolloutTurn) end(ctx context.Context, verdict func(*rollout)) error {
	defer t.stop()
	return t.change(ctx, func(r *rollout, _ uint64) (bool, error) {
		if r.Slots[t.spec.Host].Session == t.session {
			delete(r.Slots, t.spec.Host)
		}
		verdict(r)
		return true, nil
	})
}

// Done tells that the host has come up as it is to be.
func (t *RolloutTurn) Done(ctx context.Context) error {
	return t.end(ctx, func(r *rollout) {
		if p := (proof{t.spec.Run, t.spec.Target}); !slices.Contains(r.Proven, p) {
			r.Proven = append(r.Proven, p)
			r.Proven = r.Proven[max(0, len(r.Proven)-maxProven):]
		}
	})
}

// Fail stops the rollout for all hosts of this run that have not begun.
func (t *RolloutTurn) Fail(ctx context.Context, reason string) error {
	return t.end(ctx, func(r *rollout) {
		r.Failed = &rolloutFailure{Host: t.spec.Host, Run: t.spec.Run, Reason: reason, Time: t.hub.now().UTC().Round(0)}
	})
}

// Release gives the turn back without a verdict, as when nothing was done.
func (t *RolloutTurn) Release(ctx context.Context) error { return t.end(ctx, func(*rollout) {}) }
