package ios

import (
	"context"
	"log/slog"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// WayBack names how a switch gets back to what it was, should a transaction
// not come to its end.
type WayBack string

// The ways back. The first that the switch offers is taken for WayBackAuto, in
// the order in which they stand here.
const (
	WayBackAuto WayBack = "auto"
	// WayBackRevertTimer is `configure terminal revert timer`: the switch takes
	// the change back by itself unless it is confirmed in time. It needs
	// `archive` with a `path` on the switch.
	WayBackRevertTimer WayBack = "revert_timer"
	// WayBackReload is `reload in`: the switch restarts from what was saved
	// unless that is cancelled in time. It needs a running configuration that
	// is saved.
	WayBackReload WayBack = "reload"
	// WayBackInverse is to send the inverse commands. They need a session: a
	// switch that cannot be reached any more stays as it is.
	WayBackInverse WayBack = "inverse"
)

// Stage is a part of a transaction.
type Stage string

// The stages, in their order.
const (
	StageConnect  Stage = "connect"
	StageRecover  Stage = "recover" // what an earlier, interrupted run has left
	StageObserve  Stage = "observe"
	StageArm      Stage = "arm"
	StageLine     Stage = "line"
	StageVerify   Stage = "verify" // on a new session
	StageConfirm  Stage = "confirm"
	StageSave     Stage = "save"
	StageRollback Stage = "rollback"
	StageWait     Stage = "wait" // for something that is busy
)

// Step is what a transaction is doing.
type Step struct {
	Switch string
	Stage  Stage
	// Detail is a sentence for a person.
	Detail string
	// Number of the line, from 1, and Total: only with StageLine.
	Number, Total int
}

// TransactOptions say how a transaction is made. The zero value is fine.
type TransactOptions struct {
	// Rollback is the way back; empty is WayBackAuto.
	Rollback WayBack
	// Timer is after what time a switch takes an unconfirmed change back, in
	// whole minutes from 2 to 120; 0 is 10 minutes. The transaction stops, and
	// goes back by itself, a minute before.
	Timer time.Duration
	// Fingerprint, if set, is the state that the change was planned from, as
	// fabric.ScopeFingerprint or Observation.Fingerprint gives it. A switch
	// that has another by now is left alone: *ChangedError.
	Fingerprint string
	// Save writes the startup configuration after a change, and also without
	// one if the switch says that it holds changes that were never saved.
	Save bool
	// Owner is the user whose pending way back is ours to finish or to revert;
	// empty is the user of the target.
	Owner string
	// Wait is how long to wait for a free vty line, for another's configuration
	// lock or pending way back, and for the NVRAM, each. 0 is what the
	// target's Timeouts say (Lock, and Save for the NVRAM).
	Wait time.Duration
	// Progress, if set, is told each step. It must not block.
	Progress func(Step)
	// Check, if set, has the last word before anything is changed: an error
	// leaves the switch as it is. It is where the management path is proved.
	Check func(fabric.Observation, fabric.Change) error
	// Pool, if set, limits the sessions.
	Pool *Pool
}

// Outcome is what a transaction was and what it led to.
type Outcome struct {
	Before, After fabric.Observation
	Change        fabric.Change
	Exchanges     []Exchange
	// WayBack is what was armed; empty if nothing was changed.
	WayBack WayBack
	// Recovered tells what an earlier run had left, and what became of it.
	Recovered Recovery
	Saved     bool
	// Sessions is how many SSH sessions it took.
	Sessions int
}

const (
	defaultTimer = 10 * time.Minute
	minTimer     = 2 * time.Minute
	maxTimer     = 120 * time.Minute
)

// minutes is the timer in whole minutes within what switches take.
func (o TransactOptions) minutes() int {
	d := o.Timer
	if d <= 0 {
		d = defaultTimer
	}
	d = min(max(d, minTimer), maxTimer)
	return int((d + time.Minute - 1) / time.Minute)
}

// reporter tells a caller and the log what goes on.
type reporter struct {
	target   fabric.Target
	log      *slog.Logger
	progress func(Step)
}

func (r reporter) say(stage Stage, detail string) { r.tell(Step{Stage: stage, Detail: detail}) }

func (r reporter) tell(s Step) {
	s.Switch = r.target.Name
	level := slog.LevelDebug
	if s.Stage == StageWait || s.Stage == StageRecover || s.Stage == StageRollback {
		level = slog.LevelInfo
	}
	r.log.Log(context.Background(), level, s.Detail, "switch", s.Switch, "stage", string(s.Stage))
	if r.progress != nil {
		r.progress(s)
	}
}
