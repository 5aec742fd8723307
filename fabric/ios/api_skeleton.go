package ios

import (
	"context"
	"errors"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

var errNotBuilt = errors.New("not built yet")

// Session is one SSH session with one switch, at privilege level 15. It is
// used by one goroutine at a time.
type Session struct{}

// Dial opens a session. Errors: *HostKeyError, *AuthError, *UnreachableError.
func Dial(ctx context.Context, t fabric.Target) (*Session, error) { return nil, errNotBuilt }

// Observe reads the switch.
func (s *Session) Observe(ctx context.Context) (fabric.Observation, error) {
	return fabric.Observation{}, errNotBuilt
}

// Result tells what an Apply sent and what came back.
type Result struct {
	Exchanges []Exchange
}

// Exchange is one line and its answer.
type Exchange struct {
	Line   string
	Answer string
}

// Apply sends the commands line by line and stops at the first answer that is
// not a success; then it rolls back what has landed. Error: *ApplyError.
func (s *Session) Apply(ctx context.Context, c fabric.Change) (Result, error) {
	return Result{}, errNotBuilt
}

// Save writes the running configuration to the startup configuration.
func (s *Session) Save(ctx context.Context) error { return errNotBuilt }

// Close ends the session.
func (s *Session) Close() error { return nil }

// ConvergeOptions say how Converge goes about it.
type ConvergeOptions struct {
	// Fingerprint, if set, is the state that the change was planned from, as
	// fabric.ScopeFingerprint or Observation.Fingerprint gives it. A switch
	// that has another by now is left alone: *ChangedError.
	Fingerprint string
	// Save writes the startup configuration after a change.
	Save bool
}

// Converge brings the switch to the want in one session: observe, compare,
// apply, verify by reading back in full, save once.
func Converge(ctx context.Context, t fabric.Target, want fabric.Want, opts ConvergeOptions) (fabric.Observation, fabric.Change, error) {
	return fabric.Observation{}, fabric.Change{}, errNotBuilt
}

// HostKeyError says that the switch's SSH key is not the pinned one.
type HostKeyError struct{ Switch, Presented, Want string }

func (e *HostKeyError) Error() string { return "host key" }

// AuthError says that the switch refused the login or the enable password.
type AuthError struct{ Switch, User, Stage string }

func (e *AuthError) Error() string { return "auth" }

// UnreachableError says that no session could be opened, or that it was lost.
type UnreachableError struct {
	Switch string
	Err    error
}

func (e *UnreachableError) Error() string { return "unreachable" }

// Unwrap gives the cause.
func (e *UnreachableError) Unwrap() error { return e.Err }

// ApplyError says which line failed and in what state the switch is now.
type ApplyError struct {
	Switch, Line, Answer string
	Landed               []string
	RolledBack           bool
	Err                  error
}

func (e *ApplyError) Error() string { return "apply" }

// Unwrap gives the cause.
func (e *ApplyError) Unwrap() error { return e.Err }

// ChangedError says that the switch is not what the change was planned from.
type ChangedError struct{ Switch, Planned, Found string }

func (e *ChangedError) Error() string { return "changed since the plan: plan again" }
