package ios

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// Transact brings a switch to a want, or leaves it as it was.
//
// A way back is armed first. Then the lines are sent one by one, and the first
// answer that is not a success stops them. A new session, which proves that
// the switch can still be reached, reads it back in full. Only what reads as
// wanted is confirmed, and then saved once. After any failure the switch is
// brought back and read back, also when ctx has ended: *ApplyError and
// *VerifyError say whether that worked, and what becomes of the switch if not.
//
// What an earlier run of the same owner has left pending is finished if the
// switch is as wanted, and reverted if it is not.
//
// With a *SaveError the outcome is valid: the change is in force.
func Transact(ctx context.Context, t fabric.Target, want fabric.Want, opts TransactOptions) (Outcome, error) {
	out, errs, err := TransactParts(ctx, t, []fabric.Part{{Want: want, Fingerprint: opts.Fingerprint}}, opts)
	if err == nil {
		err = errs[0]
	}
	return out, err
}

// TransactParts is Transact for several wants in one transaction. A want that
// cannot be planned, or whose part of the switch was changed since it was
// planned, gets an error of its own in errs and is left out; the others go on.
// The wants must not disagree.
func TransactParts(ctx context.Context, t fabric.Target, parts []fabric.Part, opts TransactOptions) (out Outcome, errs []error, err error) {
	x := newTxn(t, opts)
	release, allowed, err := opts.Pool.reserve(ctx, t, 2)
	if err != nil {
		return x.out, make([]error, len(parts)), err
	}
	x.alone = allowed < 2
	defer release()
	defer x.close()
	errs, err = x.run(ctx, parts)
	return x.out, errs, err
}

// Separable says whether an error of a transaction with several wants may be
// the fault of one of them, so that it is worth to try them apart: the switch
// is as it was.
func Separable(err error) bool {
	var apply *ApplyError
	var verify *VerifyError
	var unmet *UnmetError
	var field *fabric.FieldError
	switch {
	case errors.As(err, &apply):
		return apply.RolledBack && apply.Answer != "" && apply.Number > 0
	case errors.As(err, &verify):
		return verify.RolledBack && len(verify.Missing) > 0
	}
	return errors.As(err, &unmet) || errors.As(err, &field)
}

// txn is a transaction that is being made.
type txn struct {
	target fabric.Target
	times  fabric.Timeouts
	opts   TransactOptions
	owner  string
	wait   time.Duration
	tell   reporter
	alone  bool // one session at a time is all that is allowed

	out     Outcome
	s       *Session // the session in use
	version *Version // what a new session need not read again
	probe   *probed

	waited bool // for somebody else's way back to be over

	way   WayBack // that is armed, or may be
	fires time.Time
}

func newTxn(t fabric.Target, opts TransactOptions) *txn {
	x := &txn{target: t, times: t.Timeouts.WithDefaults(), opts: opts, owner: opts.Owner, wait: opts.Wait}
	log := t.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	x.tell = reporter{target: t, log: log, progress: opts.Progress}
	if x.owner == "" {
		x.owner = t.Username
	}
	if x.wait <= 0 {
		x.wait = x.times.Lock
	}
	return x
}

func (x *txn) close() {
	if x.s != nil {
		_ = x.s.Close()
	}
}

// dial opens a session for x.s.
func (x *txn) dial(ctx context.Context, wait time.Duration, passing func(error) bool) error {
	s, err := dialPatiently(ctx, x.target, wait, x.tell, passing)
	if err != nil {
		return err
	}
	x.out.Sessions++
	s.version, s.probe = x.version, x.probe
	x.s = s
	return nil
}

func (x *txn) observe(ctx context.Context) (fabric.Observation, error) {
	obs, err := x.s.Observe(ctx)
	x.version, x.probe = x.s.version, x.s.probe
	return obs, err
}

// run is the transaction from its beginning to its end.
func (x *txn) run(ctx context.Context, parts []fabric.Part) (errs []error, err error) {
	errs = make([]error, len(parts))
	x.tell.say(StageConnect, "open a session")
	if err := x.dial(ctx, x.wait, linesTaken); err != nil {
		return errs, err
	}
	x.tell.say(StageObserve, "read the switch")
	before, err := x.observe(ctx)
	if err != nil {
		return errs, err
	}
	wanted := func(obs fabric.Observation) bool {
		for _, p := range parts {
			if c, err := Plan(obs, p.Want); err != nil || !c.Empty() {
				return false
			}
		}
		return true
	}
	if before, err = x.recover(ctx, before, wanted); err != nil {
		return errs, err
	}
	x.out.Before, x.out.After = before, before
	want, err := choose(x.target.String(), before, parts, errs)
	if err != nil {
		return errs, err
	}
	if x.out.Change, err = Plan(before, want); err != nil {
		return errs, err
	}
	if x.out.Change.Empty() {
		return errs, x.saveOld(ctx, want)
	}
	if unmet := x.out.Change.Unmet; len(unmet) > 0 {
		return errs, &UnmetError{Switch: x.target.String(), Unmet: unmet}
	}
	if x.opts.Check != nil {
		if err := x.opts.Check(before, x.out.Change); err != nil {
			return errs, err
		}
	}
	return errs, x.change(ctx, want)
}

// choose plans each want alone, and joins those that can be planned.
func choose(name string, obs fabric.Observation, parts []fabric.Part, errs []error) (fabric.Want, error) {
	var good []fabric.Want
	for i, p := range parts {
		if errs[i] = unchanged(name, obs, p); errs[i] == nil {
			_, errs[i] = Plan(obs, p.Want)
		}
		if errs[i] == nil {
			good = append(good, p.Want)
		}
	}
	if len(good) == 0 {
		return fabric.Want{}, errors.Join(errs...)
	}
	want, err := fabric.MergeWants(good...)
	if err != nil {
		return want, fmt.Errorf("%s: %w", name, err)
	}
	return want, nil
}

// unchanged compares the fingerprint that a want was planned from.
func unchanged(name string, obs fabric.Observation, p fabric.Part) error {
	scope := fabric.ScopeFingerprint(obs, p.Want)
	if p.Fingerprint == "" || p.Fingerprint == scope || p.Fingerprint == obs.Fingerprint {
		return nil
	}
	return &ChangedError{Switch: name, Planned: p.Fingerprint, Found: scope}
}

// errDue ends a transaction before the switch takes it back by itself.
var errDue = errors.New("the switch is about to take the change back by itself: set a longer timer")

// dueMargin is how long before that; a test can shorten what is left.
var dueMargin = time.Minute

// change makes the change that was planned.
func (x *txn) change(ctx context.Context, want fabric.Want) error {
	c := x.out.Change
	due := time.Now().Add(time.Duration(x.opts.minutes()) * time.Minute)
	ctx, cancel := context.WithDeadlineCause(ctx, due.Add(-dueMargin), errDue)
	defer cancel()
	x.fires = due
	if err := x.arm(ctx); err != nil {
		return x.failedBefore(ctx, err)
	}
	x.out.WayBack = x.way
	x.tell.say(StageArm, fmt.Sprintf("the way back is %q", x.way))
	res, err := x.s.sendLines(ctx, c.Commands, func(n int) {
		x.tell.tell(Step{Stage: StageLine, Detail: c.Commands[n-1], Number: n, Total: len(c.Commands)})
	})
	x.out.Exchanges = res.Exchanges
	if err != nil {
		return x.failed(ctx, x.s.applyError(c, res, err))
	}
	after, err := x.prove(ctx, want)
	if err != nil {
		return x.failed(ctx, err)
	}
	if err := x.confirm(ctx, want); err != nil {
		return x.failed(ctx, err)
	}
	x.out.After = after
	if !x.opts.Save {
		return nil
	}
	err = x.save(ctx, want)
	if is[*VerifyError](err) {
		return x.failed(ctx, err)
	}
	return err
}

// arm arms the first way back that can be had, and enters configuration mode.
func (x *txn) arm(ctx context.Context) error {
	ways := []WayBack{x.opts.Rollback}
	auto := x.opts.Rollback == "" || x.opts.Rollback == WayBackAuto
	if auto {
		ways = []WayBack{WayBackReload, WayBackInverse}
		if archives(x.out.Before.Running) {
			ways = append([]WayBack{WayBackRevertTimer}, ways...)
		}
	}
	for _, way := range ways {
		x.way = way
		var err error
		switch way {
		case WayBackRevertTimer:
			err = x.s.armTimer(ctx, x.opts.minutes(), x.wait, x.tell, x.owner)
		case WayBackReload:
			if err = x.s.armReload(ctx, x.opts.minutes(), x.owner, x.out.Before.Running); err == nil {
				err = x.s.enterConfig(ctx, x.wait, x.tell)
			}
		case WayBackInverse:
			err = x.s.enterConfig(ctx, x.wait, x.tell)
		default:
			err = &unarmedError{way, errors.New("it is not known here")}
		}
		var not *unarmedError
		if !errors.As(err, &not) {
			if refused(err) && way != WayBackReload || is[*PendingError](err) {
				x.way = "" // whatever is pending is not ours
			}
			return err
		}
		x.way = ""
		if !auto {
			return &WayBackError{Switch: x.target.String(), WayBack: way, Err: not.err}
		}
		x.tell.say(StageArm, fmt.Sprintf("the way back %q cannot be had: %v", way, not.err))
	}
	return nil
}

// prove opens a new session, and reads over it that the switch is as wanted.
func (x *txn) prove(ctx context.Context, want fabric.Want) (fabric.Observation, error) {
	x.tell.say(StageVerify, "open a new session and read the switch back")
	old := x.s
	if x.alone {
		_ = old.Close()
	}
	defer func() {
		if x.s != old && x.s.broken == nil {
			_ = old.Close()
		} else if x.s != old && old.broken == nil {
			_ = x.s.Close() // the old one is of more use for the way back
			x.s = old
		}
	}()
	for tries := 1; ; tries++ {
		if err := x.dial(ctx, x.wait, linesTaken); err != nil {
			return fabric.Observation{}, x.unproved(fmt.Errorf("no new session: %w", err))
		}
		after, err := x.observe(ctx)
		if err != nil && x.s.broken != nil && tries == 1 && ctx.Err() == nil {
			// That a session is lost says little of the change: once more.
			x.tell.say(StageVerify, fmt.Sprintf("once more: %v", err))
			continue
		}
		if err != nil {
			return after, x.unproved(err)
		}
		left, err := Plan(after, want)
		if err != nil || !left.Empty() {
			e := x.unproved(err)
			e.Missing = left.Commands
			return after, e
		}
		return after, nil
	}
}

func (x *txn) unproved(err error) *VerifyError {
	return &VerifyError{Switch: x.target.String(), Err: err}
}

// confirm disarms the way back: from here on the change stays. Whether a
// confirmation that got no answer was taken, a new session tells.
func (x *txn) confirm(ctx context.Context, want fabric.Want) error {
	if x.way != WayBackInverse {
		x.tell.say(StageConfirm, fmt.Sprintf("disarm the way back %q", x.way))
	}
	found, err := x.s.disarm(ctx, x.way, x.owner)
	lost := err != nil && x.s.broken != nil && ctx.Err() == nil
	if lost || err == nil && !found {
		// Somebody else may have taken the change back, or confirmed it.
		if _, err = x.prove(ctx, want); err != nil {
			return err
		}
		_, err = x.s.disarm(ctx, x.way, x.owner)
	}
	if err != nil {
		return x.unproved(fmt.Errorf("the change was not confirmed: %w", err))
	}
	x.way = ""
	return nil
}

// saveOld saves what is in force already and would not survive a reload.
func (x *txn) saveOld(ctx context.Context, want fabric.Want) error {
	if !x.opts.Save {
		return nil
	}
	if x.out.Recovered.Action != Finished {
		needed, err := x.s.needsSave(ctx, x.out.Before.Running)
		if err != nil || !needed {
			return err
		}
	}
	err := x.save(ctx, want)
	if is[*VerifyError](err) {
		return fmt.Errorf("%s: the session was lost while saving, and the switch came back without what had not been saved before: plan again", x.target)
	}
	return err
}

// save saves once; on a new session if the first is lost. What ended the first
// may have been a restart, which loses the change: so the new one reads the
// switch before it saves, and a *VerifyError says that it is not as wanted.
func (x *txn) save(ctx context.Context, want fabric.Want) error {
	wait := x.times.Save
	if x.opts.Wait > 0 {
		wait = x.opts.Wait
	}
	x.tell.say(StageSave, "save")
	err := x.s.save(ctx, wait, x.tell)
	if err != nil && x.s.broken != nil && ctx.Err() == nil {
		var verify *VerifyError
		if _, again := x.prove(ctx, want); errors.As(again, &verify) && len(verify.Missing) > 0 {
			return again
		} else if again != nil {
			return &SaveError{Switch: x.target.String(), Err: errors.Join(err, again)}
		}
		err = x.s.save(ctx, wait, x.tell)
	}
	x.out.Saved = err == nil
	return err
}
