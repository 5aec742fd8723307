package ios

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// wayBackTries is how many sessions the way back may lose.
const wayBackTries = 3

// failedBefore handles a failure while the way back was being armed: no line
// was sent, and what may be armed is disarmed.
func (x *txn) failedBefore(ctx context.Context, err error) error {
	if is[*WayBackError](err) || is[*PendingError](err) {
		return err
	}
	e := x.s.applyError(x.out.Change, Result{}, err)
	e.Number = 0
	return x.failed(ctx, e)
}

// refused says whether the switch answered no, so that what was asked for did
// not happen.
func refused(err error) bool { return is[*AnswerError](err) || is[*LockedError](err) }

func is[E error](err error) bool {
	var e E
	return errors.As(err, &e)
}

// failed takes the way back, and notes in the error how it went.
func (x *txn) failed(ctx context.Context, err error) error {
	x.tell.say(StageRollback, fmt.Sprintf("going back: %v", why(err)))
	back := x.rollback(ctx)
	var pending *Pending
	if back != nil && (x.way == WayBackRevertTimer || x.way == WayBackReload) && time.Now().Before(x.fires) {
		pending = &Pending{WayBack: x.way, User: x.owner, Own: true, Fires: x.fires}
	}
	detail := "the switch is as it was"
	if back != nil {
		detail = fmt.Sprintf("the way back failed: %v", back)
	}
	x.tell.say(StageRollback, detail)
	var apply *ApplyError
	var verify *VerifyError
	switch {
	case errors.As(err, &apply):
		apply.Rollback, apply.RolledBack, apply.Pending = back, back == nil, pending
	case errors.As(err, &verify):
		verify.Rollback, verify.RolledBack, verify.Pending = back, back == nil, pending
	}
	return err
}

// why is the cause of a failure, without what is not known yet.
func why(err error) error {
	if cause := errors.Unwrap(err); cause != nil {
		return cause
	}
	return errors.New("the switch does not read back as wanted")
}

// rollback brings the switch back to what it was before the change, reads that
// back, and disarms. It runs to its end even if the caller's context has ended,
// and on a new session if this one is lost. The inverse lines come first: they
// touch what was changed and nothing else. The switch's own way back is for
// when they fail.
func (x *txn) rollback(ctx context.Context) error {
	ctx, cancel := limit(context.WithoutCancel(ctx), x.times.Rollback, "the way back was not finished")
	defer cancel()
	var err error
	for range wayBackTries {
		if x.s.broken != nil {
			if err2 := x.dial(ctx, x.times.Rollback, unreachable); err2 != nil {
				return errors.Join(fmt.Errorf("no new session for the way back: %w", err2), err)
			}
			if err = x.outlive(ctx); err != nil {
				continue
			}
		}
		if err = x.back(ctx); err == nil || x.s.broken == nil {
			return err
		}
	}
	return err
}

// outlive waits until a session that was lost is gone from the switch, too: a VLAN
// whose lines were typed there comes to be only when it ends, and whoever reads
// the switch before that does not see it. As others may have the same user, it
// is waited for no longer than for a lock.
func (x *txn) outlive(ctx context.Context) error {
	deadline := time.Now().Add(x.wait)
	for {
		others, err := x.s.othersOf(ctx, x.target.Username)
		if err != nil || others == 0 || !time.Now().Add(x.times.Retry).Before(deadline) {
			return err
		}
		x.tell.say(StageWait, fmt.Sprintf("another session of user %s is open, as the one that was lost may still be: looking again every %s for up to %s", x.target.Username, x.times.Retry, x.wait))
		if err := pause(ctx, x.times.Retry); err != nil {
			return err
		}
	}
}

// back is one try of the way back, on a session that works.
func (x *txn) back(ctx context.Context) error {
	if err := x.s.leaveConfig(ctx); err != nil && x.s.broken != nil {
		return err
	}
	err := x.inverse(ctx)
	if err != nil && x.s.broken == nil && x.way == WayBackRevertTimer {
		x.tell.say(StageRollback, fmt.Sprintf("the inverse lines did not do, the switch takes its own way back: %v", err))
		if err := x.s.leaveConfig(ctx); err != nil && x.s.broken != nil {
			return err
		}
		if err2 := x.s.revertNow(ctx, x.owner); err2 != nil {
			return errors.Join(err, err2)
		}
		err = x.inverse(ctx) // VLANs are not in what the switch restores
	}
	if err != nil {
		return err
	}
	if x.way == WayBackRevertTimer || x.way == WayBackReload {
		if _, err := x.s.disarm(ctx, x.way, x.owner); err != nil {
			return err
		}
	}
	x.way = ""
	return nil
}

// inverse sends the lines that lead from what the switch is now to what it
// was, and reads it back. They are worked out anew, so that they also undo a
// line whose answer was lost.
func (x *txn) inverse(ctx context.Context) error {
	undo := x.out.Change.Undo
	lines, err := x.s.remaining(ctx, undo)
	if err != nil || len(lines) == 0 {
		return err
	}
	if err := x.s.enterConfig(ctx, x.wait, x.tell); err != nil {
		return err
	}
	if _, err := x.s.sendLines(ctx, lines, nil); err != nil {
		return err
	}
	left, err := x.s.remaining(ctx, undo)
	if err == nil && len(left) > 0 {
		err = fmt.Errorf("%s: after the way back these lines are still to do: %s", x.target, strings.Join(left, " / "))
	}
	return err
}
