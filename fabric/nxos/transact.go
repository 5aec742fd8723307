package nxos

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
	"github.com/cthulix/terraform-provider-cthulix/fabric/ios"
)

// Transact brings a switch to a want, or leaves it as it was: see ios.Transact,
// of which it has the options, the outcome and the errors. The way back is a
// checkpoint.
func Transact(ctx context.Context, t fabric.Target, want fabric.Want, opts ios.TransactOptions) (ios.Outcome, error) {
	out, errs, err := TransactParts(ctx, t, []fabric.Part{{Want: want, Fingerprint: opts.Fingerprint}}, opts)
	if err == nil {
		err = errs[0]
	}
	return out, err
}

// TransactParts is Transact for several wants in one transaction, like
// ios.TransactParts.
func TransactParts(ctx context.Context, t fabric.Target, parts []fabric.Part, opts ios.TransactOptions) (ios.Outcome, []error, error) {
	x := &txn{target: t, times: t.Timeouts.WithDefaults(), opts: opts, log: t.Logger, wait: opts.Wait}
	errs := make([]error, len(parts))
	if x.log == nil {
		x.log = slog.New(slog.DiscardHandler)
	}
	if x.wait <= 0 {
		x.wait = x.times.Lock
	}
	owner := opts.Owner
	if owner == "" {
		owner = t.Username
	}
	x.checkpoint = Checkpoint(owner)
	parts = slices.Clone(parts)
	for i := range parts {
		parts[i].Want = inModelNames(parts[i].Want)
	}
	release, allowed, err := opts.Pool.Reserve(ctx, t, 2)
	if err != nil {
		return x.out, errs, err
	}
	defer release()
	x.alone = allowed < 2
	defer x.close()
	err = x.run(ctx, parts, errs)
	return x.out, errs, err
}

type txn struct {
	target     fabric.Target
	times      fabric.Timeouts
	opts       ios.TransactOptions
	log        *slog.Logger
	wait       time.Duration
	alone      bool // one session at a time is all that is allowed
	checkpoint string

	out     ios.Outcome
	s       *Session
	version *Version
}

func (x *txn) close() {
	if x.s != nil {
		_ = x.s.Close()
	}
}

func (x *txn) say(stage ios.Stage, detail string) { x.tell(ios.Step{Stage: stage, Detail: detail}) }

func (x *txn) tell(step ios.Step) {
	step.Switch = x.target.Name
	x.log.Debug(step.Detail, "switch", step.Switch, "stage", string(step.Stage))
	if x.opts.Progress != nil {
		x.opts.Progress(step)
	}
}

func (x *txn) dial(ctx context.Context) error {
	s, err := ios.DialPatiently(ctx, x.target, x.wait, x.opts.Progress)
	if err != nil {
		return err
	}
	x.out.Sessions++
	x.s = On(ctx, s, x.target)
	x.s.version = x.version
	return nil
}

func (x *txn) observe(ctx context.Context) (fabric.Observation, error) {
	obs, err := x.s.Observe(ctx)
	x.version = x.s.version
	return obs, err
}

// run is the transaction from its beginning to its end.
func (x *txn) run(ctx context.Context, parts []fabric.Part, errs []error) error {
	x.say(ios.StageConnect, "open a session")
	if err := x.dial(ctx); err != nil {
		return err
	}
	x.say(ios.StageObserve, "read the switch")
	before, err := x.observe(ctx)
	if err != nil {
		return err
	}
	x.out.Before, x.out.After = before, before
	// A checkpoint of ours is what an interrupted run has left. It is not rolled
	// back to: others may have changed the switch since. This run goes on from
	// where the switch is, and saves what the other did not.
	stale, err := x.s.hasCheckpoint(ctx, x.checkpoint)
	if err == nil && stale {
		x.say(ios.StageRecover, fmt.Sprintf("an earlier run was interrupted and left the checkpoint %s: going on from where it stopped", x.checkpoint))
		err = x.s.drop(ctx, x.checkpoint)
	}
	if err != nil {
		return err
	}
	want, err := x.choose(before, parts, errs)
	if err != nil {
		return err
	}
	if x.out.Change, err = Plan(before, want); err != nil {
		return err
	}
	if x.out.Change.Empty() {
		if stale && x.opts.Save {
			return x.save(ctx, want)
		}
		return nil
	}
	if unmet := x.out.Change.Unmet; len(unmet) > 0 {
		return &ios.UnmetError{Switch: x.target.String(), Unmet: unmet}
	}
	if x.opts.Check != nil {
		if err := x.opts.Check(before, x.out.Change); err != nil {
			return err
		}
	}
	return x.change(ctx, want)
}

// choose plans each want alone, and joins those that can be planned.
func (x *txn) choose(obs fabric.Observation, parts []fabric.Part, errs []error) (fabric.Want, error) {
	var good []fabric.Want
	for i, p := range parts {
		scope := fabric.ScopeFingerprint(obs, p.Want)
		if p.Fingerprint != "" && p.Fingerprint != scope && p.Fingerprint != obs.Fingerprint {
			errs[i] = &ios.ChangedError{Switch: x.target.String(), Planned: p.Fingerprint, Found: scope}
			continue
		}
		if _, errs[i] = Plan(obs, p.Want); errs[i] == nil {
			good = append(good, p.Want)
		}
	}
	if len(good) == 0 {
		return fabric.Want{}, errors.Join(errs...)
	}
	want, err := fabric.MergeWants(good...)
	if err != nil {
		return want, fmt.Errorf("%s: %w", x.target, err)
	}
	return want, nil
}

// arm takes the checkpoint.
func (x *txn) arm(ctx context.Context) error {
	asked := x.opts.Rollback
	auto := asked == "" || asked == ios.WayBackAuto
	switch {
	case asked == ios.WayBackInverse:
		x.out.WayBack = ios.WayBackInverse
		return nil
	case !auto && asked != WayBackCheckpoint:
		return &ios.WayBackError{Switch: x.target.String(), WayBack: asked, Err: errors.New("NX-OS does not have it")}
	}
	err := x.s.take(ctx, x.checkpoint)
	switch {
	case err == nil:
		x.out.WayBack = WayBackCheckpoint
	case x.s.Broken() == nil && auto:
		x.say(ios.StageArm, fmt.Sprintf("no checkpoint can be taken: %v", err))
		x.out.WayBack = ios.WayBackInverse
		return nil
	case x.s.Broken() == nil:
		return &ios.WayBackError{Switch: x.target.String(), WayBack: WayBackCheckpoint, Err: err}
	}
	return err
}

// change makes the change that was planned.
func (x *txn) change(ctx context.Context, want fabric.Want) error {
	c := x.out.Change
	if err := x.arm(ctx); err != nil {
		return err
	}
	x.say(ios.StageArm, fmt.Sprintf("the way back is %q", x.out.WayBack))
	var err error
	x.out.Exchanges, err = x.s.configure(ctx, c.Commands, func(n int) {
		x.tell(ios.Step{Stage: ios.StageLine, Detail: c.Commands[n-1], Number: n, Total: len(c.Commands)})
	})
	if err != nil {
		return x.failed(ctx, x.applyError(err))
	}
	after, err := x.prove(ctx, want)
	if err != nil {
		return x.failed(ctx, err)
	}
	x.out.After = after
	if x.out.WayBack == WayBackCheckpoint {
		x.say(ios.StageConfirm, "remove the checkpoint")
		if err := x.s.drop(ctx, x.checkpoint); err != nil {
			// It is in nobody's way, and the next run removes it.
			x.say(ios.StageConfirm, fmt.Sprintf("the checkpoint stays: %v", err))
		}
	}
	if !x.opts.Save {
		return nil
	}
	err = x.save(ctx, want)
	var lost *ios.VerifyError
	if errors.As(err, &lost) {
		return x.failed(ctx, err)
	}
	return err
}

// applyError names the line at which the change stopped.
func (x *txn) applyError(err error) *ios.ApplyError {
	c := x.out.Change
	e := &ios.ApplyError{Switch: x.target.String(), Total: len(c.Commands), Line: x.s.line, Err: err}
	e.Landed = ios.Result{Exchanges: x.out.Exchanges}.Landed()
	e.Number = len(e.Landed) + 1
	switch e.Line {
	case lineEnter:
		e.Number = 0
	case lineLeave:
		e.Number = e.Total + 1
	}
	var refused *ios.AnswerError
	if errors.As(err, &refused) {
		e.Answer = refused.Answer
	}
	return e
}

// prove opens a new session, and reads over it that the switch is as wanted.
func (x *txn) prove(ctx context.Context, want fabric.Want) (fabric.Observation, error) {
	x.say(ios.StageVerify, "open a new session and read the switch back")
	unproved := func(err error) *ios.VerifyError { return &ios.VerifyError{Switch: x.target.String(), Err: err} }
	old := x.s
	if x.alone {
		_ = old.Close()
	}
	if err := x.dial(ctx); err != nil {
		return fabric.Observation{}, unproved(fmt.Errorf("no new session: %w", err))
	}
	_ = old.Close()
	after, err := x.observe(ctx)
	if err != nil {
		return after, unproved(err)
	}
	left, err := Plan(after, want)
	if err != nil || !left.Empty() {
		e := unproved(err)
		e.Missing = left.Commands
		return after, e
	}
	return after, nil
}

// failed takes the way back, and notes in the error how it went.
func (x *txn) failed(ctx context.Context, err error) error {
	x.say(ios.StageRollback, "going back")
	back := x.rollback(ctx)
	detail := "the switch is as it was"
	if back != nil {
		detail = fmt.Sprintf("the way back failed: %v", back)
		if x.out.WayBack == WayBackCheckpoint {
			back = fmt.Errorf("%w; by hand, `rollback running-config checkpoint %s` takes the change back", back, x.checkpoint)
		}
	}
	x.say(ios.StageRollback, detail)
	var apply *ios.ApplyError
	var verify *ios.VerifyError
	switch {
	case errors.As(err, &apply):
		apply.Rollback, apply.RolledBack = back, back == nil
	case errors.As(err, &verify):
		verify.Rollback, verify.RolledBack = back, back == nil
	}
	return err
}

// wayBackTries is how many sessions the way back may lose.
const wayBackTries = 3

// rollback brings the switch back to what it was, and reads that back. It runs
// to its end even if the caller's context has ended. The inverse lines come
// first: they touch what was changed and nothing else.
func (x *txn) rollback(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), x.times.Rollback,
		fmt.Errorf("%w: the way back was not finished within %s", context.DeadlineExceeded, x.times.Rollback))
	defer cancel()
	var err error
	for range wayBackTries {
		if x.s.Broken() != nil {
			if err2 := x.dial(ctx); err2 != nil {
				return errors.Join(fmt.Errorf("no new session for the way back: %w", err2), err)
			}
		}
		if err = x.back(ctx); err == nil {
			return nil
		}
		if x.s.Broken() == nil {
			return err
		}
	}
	return err
}

func (x *txn) back(ctx context.Context) error {
	if err := x.s.leave(ctx); err != nil && x.s.Broken() != nil {
		return err
	}
	err := x.inverse(ctx)
	if err != nil && x.s.Broken() == nil && x.out.WayBack == WayBackCheckpoint {
		x.say(ios.StageRollback, fmt.Sprintf("the inverse lines did not do, rolling back to the checkpoint: %v", err))
		if err2 := x.s.leave(ctx); err2 != nil {
			return errors.Join(err, err2)
		}
		if err2 := x.s.rollBack(ctx, x.checkpoint); err2 != nil {
			return errors.Join(err, err2)
		}
		err = x.readBack(ctx)
	}
	if err == nil && x.out.WayBack == WayBackCheckpoint {
		err = x.dropLeft(ctx)
	}
	return err
}

// dropLeft removes the checkpoint if it is still there: a restart may have lost it.
func (x *txn) dropLeft(ctx context.Context) error {
	left, err := x.s.hasCheckpoint(ctx, x.checkpoint)
	if err != nil || !left {
		return err
	}
	return x.s.drop(ctx, x.checkpoint)
}

// inverse sends the lines that lead from what the switch is now to what it was.
// They are worked out anew, so that they also undo a line whose answer was lost.
func (x *txn) inverse(ctx context.Context) error {
	now, err := x.observe(ctx)
	if err != nil {
		return err
	}
	undo, err := Plan(now, x.out.Change.Undo)
	if err != nil {
		return err
	}
	lines := undo.Commands
	for _, line := range x.out.Change.Commands {
		if f, ok := strings.CutPrefix(line, "feature "); ok && now.Nexus.Has(f) {
			lines = append(lines, "no "+line)
		}
	}
	if len(lines) > 0 {
		if _, err := x.s.configure(ctx, lines, nil); err != nil {
			return err
		}
	}
	return x.readBack(ctx)
}

// readBack says whether the switch is what it was, in what the change touched.
func (x *txn) readBack(ctx context.Context) error {
	now, err := x.observe(ctx)
	if err != nil {
		return err
	}
	left, err := Plan(now, x.out.Change.Undo)
	if err == nil && !left.Empty() {
		err = fmt.Errorf("%s: after the way back these lines are still to do: %s", x.target, strings.Join(left.Commands, " / "))
	}
	return err
}

// save saves once; on a new session if the first is lost. What ended the first
// may have been a restart, which loses the change: so the new one reads the
// switch before it saves, and a *ios.VerifyError says that it is not as wanted.
func (x *txn) save(ctx context.Context, want fabric.Want) error {
	x.say(ios.StageSave, "save")
	err := x.s.Save(ctx)
	if err != nil && x.s.Broken() != nil && ctx.Err() == nil {
		var verify *ios.VerifyError
		if _, again := x.prove(ctx, want); errors.As(again, &verify) && len(verify.Missing) > 0 {
			return again
		} else if again != nil {
			return &ios.SaveError{Switch: x.target.String(), Err: errors.Join(err, again)}
		}
		err = x.s.Save(ctx)
	}
	x.out.Saved = err == nil
	return err
}
