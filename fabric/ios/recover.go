package ios

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// Recovery tells what an earlier run had left on a switch.
type Recovery struct {
	// Found is the way back that was pending; nil for none.
	Found *Pending
	// Action is what became of it; empty for nothing.
	Action RecoveryAction
}

// RecoveryAction is what became of a pending way back.
type RecoveryAction string

// The actions.
const (
	Finished RecoveryAction = "finished" // the change stays: it is confirmed
	Reverted RecoveryAction = "reverted" // the change was taken back
)

// Recover looks for a way back that an interrupted run of the same owner has
// left pending, and takes it. An owner that is empty is the target's user. A
// way back of somebody else is reported, and never touched.
//
// Transact does the same by itself, but for a change that turns out to be what
// is wanted: that one it finishes.
func Recover(ctx context.Context, t fabric.Target, owner string) (Recovery, error) {
	x := newTxn(t, TransactOptions{Owner: owner})
	defer x.close()
	if err := x.dial(ctx, x.wait, linesTaken); err != nil {
		return Recovery{}, err
	}
	obs, err := x.observe(ctx)
	if err != nil {
		return Recovery{}, err
	}
	_, err = x.recover(ctx, obs, func(fabric.Observation) bool { return false })
	var foreign *PendingError
	if errors.As(err, &foreign) && !foreign.Busy {
		return Recovery{Found: foreign.Pending}, nil
	}
	return x.out.Recovered, err
}

// recover deals with what is pending on the switch, and returns what the
// switch is after that.
func (x *txn) recover(ctx context.Context, obs fabric.Observation, wanted func(fabric.Observation) bool) (fabric.Observation, error) {
	timer, reload, err := x.settle(ctx, obs.Running)
	if err != nil {
		return obs, err
	}
	p := timer
	if p == nil && reload != nil && reload.Own {
		p = reload
	}
	if p == nil {
		if x.waited {
			obs, err = x.observe(ctx) // somebody else's is over: so may be its change
		}
		return obs, err
	}
	x.out.Recovered.Found = p
	if wanted(obs) {
		x.tell.say(StageRecover, fmt.Sprintf("found %v of an interrupted run, and the switch as wanted: confirm", p))
		if _, err := x.s.disarm(ctx, p.WayBack, x.owner); err != nil {
			return obs, err
		}
		x.out.Recovered.Action = Finished
		return obs, nil
	}
	x.tell.say(StageRecover, fmt.Sprintf("found %v of an interrupted run: revert", p))
	switch p.WayBack {
	case WayBackReload:
		err = x.restoreStartup(ctx, obs, p)
	default:
		err = x.s.revertNow(ctx, x.owner)
	}
	if err != nil {
		return obs, err
	}
	x.out.Recovered.Action = Reverted
	return x.observe(ctx)
}

// settle waits until what is pending is nobody's but ours, and no other
// session of ours is at work on it. A reload of somebody else does not disturb,
// since what is saved outlives it, unless it is another run's way back: to save
// would save that run's change, too.
func (x *txn) settle(ctx context.Context, running string) (timer, reload *Pending, err error) {
	deadline := time.Now().Add(x.wait)
	for {
		timer, reload, err = x.s.pending(ctx, running, x.owner)
		if err != nil {
			return nil, nil, err
		}
		p := timer
		if p == nil && reload != nil && reload.isWayBack() {
			p = reload
		}
		if p == nil {
			return nil, reload, nil
		}
		busy := false
		if p.Own {
			others, err := x.s.othersOf(ctx, x.target.Username)
			if err != nil || others == 0 {
				return timer, reload, err
			}
			busy = true
		}
		x.waited = true
		blocked := &PendingError{Switch: x.target.String(), Pending: p, Waited: x.wait, Busy: busy}
		if !time.Now().Add(x.times.Retry).Before(deadline) {
			return nil, nil, blocked
		}
		x.tell.say(StageWait, fmt.Sprintf("%v is pending on the switch: looking again every %s for up to %s", p, x.times.Retry, x.wait))
		if err := pause(ctx, x.times.Retry); err != nil {
			return nil, nil, fmt.Errorf("%w: %w", err, blocked)
		}
	}
}

// restoreStartup takes an interrupted change back without the reload that is
// pending: it was armed when the startup configuration was what the switch
// was, so that its lines go back to that. Where they do not suffice, the reload
// is left to do it.
func (x *txn) restoreStartup(ctx context.Context, obs fabric.Observation, p *Pending) error {
	startup, err := x.s.readStartup(ctx)
	if err != nil {
		return err
	}
	cfg, err := ParseRunning(startup)
	if err != nil {
		return fmt.Errorf("%s: startup configuration: %w", x.target, err)
	}
	x.out.Change.Undo = fabric.Between(obs.Config, startupState(obs, cfg))
	if err := x.inverse(ctx); err != nil {
		return err
	}
	after, err := x.s.readRunning(ctx)
	if err != nil {
		return err
	}
	if !sameConfig(after, startup) {
		return fmt.Errorf("%s: an interrupted change cannot be taken back by its lines, and %v will do it: apply again after that, or `reload cancel` to keep the switch as it is", x.target, p)
	}
	x.out.Change = fabric.Change{}
	_, err = x.s.disarm(ctx, WayBackReload, x.owner)
	return err
}

// startupState is what a startup configuration leads to. VLANs that it does not
// hold stay as they are: with VTP as server or client they live elsewhere, and
// those of the factory are not shown.
func startupState(obs fabric.Observation, startup fabric.Config) fabric.Config {
	shown := obs.VTPMode == "transparent" || obs.VTPMode == "off"
	vlans := map[int]fabric.VLAN{}
	for id, v := range obs.VLANs {
		if !shown || id == 1 || id >= fabric.FirstReserved && id <= fabric.LastReserved {
			vlans[id] = v
		}
	}
	if shown {
		maps.Copy(vlans, startup.VLANs)
	}
	startup.VLANs = vlans
	return startup
}
