package ios

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// HostKeyError says that the switch's SSH key is not a pinned one, or that
// none is pinned. Nothing was sent to the switch.
type HostKeyError struct {
	Switch    string
	Presented string // fingerprint, "SHA256:…"
	KeyType   string
	Want      string // what was pinned, empty for nothing
}

func (e *HostKeyError) Error() string {
	if e.Want == "" {
		return fmt.Sprintf("%s: no host key is set, and the switch presents %s (%s): compare it with the switch's own (`show crypto key mypubkey rsa`, or on its console), then set host_key to it",
			e.Switch, e.Presented, e.KeyType)
	}
	return fmt.Sprintf("%s: the switch presents the host key %s (%s), and host_key is %s: nothing was sent; if the switch was replaced or its key made anew, set host_key to the new one, else somebody stands in between",
		e.Switch, e.Presented, e.KeyType, e.Want)
}

// AuthError says that the switch refused the login or the enable password. It
// was tried once.
type AuthError struct {
	Switch string
	User   string
	// Stage is "login" or "enable".
	Stage string
	Err   error
}

func (e *AuthError) Error() string {
	if e.Stage == "enable" {
		return fmt.Sprintf("%s: user %q logged in, but privilege level 15 was refused: %v: check enable_password", e.Switch, e.User, e.Err)
	}
	return fmt.Sprintf("%s: the switch refused the login of user %q: check username, password and private_key", e.Switch, e.User)
}

// Unwrap gives the cause.
func (e *AuthError) Unwrap() error { return e.Err }

// UnreachableError says that no session could be opened, that it was lost, or
// that the switch fell silent.
type UnreachableError struct {
	Switch string
	Doing  string
	Err    error
	Hint   string
}

func (e *UnreachableError) Error() string {
	s := fmt.Sprintf("%s: %s: %v", e.Switch, e.Doing, e.Err)
	if e.Hint != "" {
		s += ": " + e.Hint
	}
	return s
}

// Unwrap gives the cause.
func (e *UnreachableError) Unwrap() error { return e.Err }

// AnswerError says that the switch did not take a line.
type AnswerError struct {
	Switch, Line string
	Answer       string
	Class        Class
}

func (e *AnswerError) Error() string {
	verb := "refused"
	if e.Class == ClassUnknown {
		verb = "answered something unknown to"
	}
	return fmt.Sprintf("%s: the switch %s the line %q: %s", e.Switch, verb, e.Line, quoteAnswer(e.Answer))
}

// ApplyError says which line failed, and in what state the switch is now.
type ApplyError struct {
	Switch string
	Line   string // the line that failed
	Answer string // what the switch said to it
	// Number of the line, from 1. It is 0 where configuration mode was not
	// entered, and above Total where leaving it failed.
	Number int
	Total  int
	Landed []string // the lines that were taken before
	// RolledBack says that the switch was brought back and read back: it is as
	// it was before.
	RolledBack bool
	// Rollback is what went wrong on the way back.
	Rollback error
	// Pending is the way back that the switch takes by itself where RolledBack
	// is false; nil for none.
	Pending *Pending
	Err     error
}

func (e *ApplyError) Error() string {
	var b strings.Builder
	switch {
	case e.Number < 1 && !strings.HasPrefix(e.Line, lineEnter):
		fmt.Fprintf(&b, "%s: before the first line, %q: ", e.Switch, e.Line)
	case e.Number < 1:
		fmt.Fprintf(&b, "%s: entering configuration mode, %q: ", e.Switch, e.Line)
	case e.Number > e.Total:
		fmt.Fprintf(&b, "%s: after %s, %q: ", e.Switch, lines(e.Total), e.Line)
	default:
		fmt.Fprintf(&b, "%s: line %d of %d, %q: ", e.Switch, e.Number, e.Total, e.Line)
	}
	var lost *UnreachableError
	switch {
	case e.Answer != "":
		fmt.Fprintf(&b, "the switch answered %s", quoteAnswer(e.Answer))
	case errors.As(e.Err, &lost):
		fmt.Fprintf(&b, "%v", lost.Err)
	default:
		fmt.Fprintf(&b, "%v", e.Err)
	}
	switch {
	case e.RolledBack && len(e.Landed) == 0:
		b.WriteString("; nothing had been changed before it, and the switch was read back: it is as it was")
	case e.RolledBack:
		fmt.Fprintf(&b, "; what had landed before it (%s) was undone, and the switch was read back: it is as it was", lines(len(e.Landed)))
	default:
		fmt.Fprintf(&b, "; it is not certain that the switch is as it was, %s had landed", lines(len(e.Landed)))
		if e.Rollback != nil {
			fmt.Fprintf(&b, " (the way back failed: %v)", e.Rollback)
		}
		b.WriteString(stranded(e.Pending))
	}
	return b.String()
}

func lines(n int) string {
	if n == 1 {
		return "1 line"
	}
	return fmt.Sprintf("%d lines", n)
}

// Unwrap gives the cause.
func (e *ApplyError) Unwrap() error { return e.Err }

// stranded says what becomes of a switch that could not be brought back.
func stranded(p *Pending) string {
	if p == nil {
		return "; the configuration was not saved: plan again to see what is left to do"
	}
	return fmt.Sprintf("; the configuration was not saved, and the switch goes back by itself, by %v: plan again after that", p)
}

// VerifyError says that the switch took every line, and does not read back as
// wanted, or could not be read back over a new session.
type VerifyError struct {
	Switch     string
	Missing    []string // the commands that a plan would still send
	RolledBack bool
	Rollback   error
	// Pending is the way back that the switch takes by itself where RolledBack
	// is false; nil for none.
	Pending *Pending
	// Err is why it could not be read back or the change not be confirmed.
	Err error
}

func (e *VerifyError) Error() string {
	s := e.Switch + ": the switch took all lines, but could not be read back"
	switch {
	case len(e.Missing) > 0:
		s = fmt.Sprintf("%s: the switch took all lines, but reading it back shows that these are still to do: %s", e.Switch, strings.Join(e.Missing, " / "))
	case e.Err != nil:
		s += fmt.Sprintf(": %v", e.Err)
	}
	if e.RolledBack {
		return s + "; the change was undone and the switch is as it was"
	}
	return s + fmt.Sprintf("; the change could not be undone (%v)", e.Rollback) + stranded(e.Pending)
}

// Unwrap gives the cause.
func (e *VerifyError) Unwrap() error { return e.Err }

// LockedError says that somebody else holds the configuration. Nothing was
// changed.
type LockedError struct {
	Switch string
	Waited time.Duration
	Err    error
}

func (e *LockedError) Error() string {
	return fmt.Sprintf("%s: configuration mode stayed locked for %s: %v: let the other session finish, or wait longer", e.Switch, e.Waited, e.Err)
}

// Unwrap gives the cause.
func (e *LockedError) Unwrap() error { return e.Err }

// PendingError says that a way back is armed on the switch that is not ours,
// and that would take our change back, too. Nothing was changed.
type PendingError struct {
	Switch  string
	Pending *Pending
	Waited  time.Duration
	// Busy says that it is ours, and that another session of ours is open.
	Busy bool
}

func (e *PendingError) Error() string {
	if e.Busy {
		return fmt.Sprintf("%s: another session of user %s is open and has %v pending: it looks like another run at work (waited %s): let it finish, or clear its line",
			e.Switch, e.Pending.User, e.Pending, e.Waited)
	}
	return fmt.Sprintf("%s: %v is pending on the switch and would take this change back, too (waited %s): let user %s confirm or revert it, then apply again",
		e.Switch, e.Pending, e.Waited, e.Pending.User)
}

// WayBackError says that the way back that was asked for cannot be had.
// Nothing was changed.
type WayBackError struct {
	Switch  string
	WayBack WayBack
	Err     error
}

func (e *WayBackError) Error() string {
	return fmt.Sprintf("%s: nothing was changed, since the way back %q cannot be had: %v: choose another one, or \"auto\"", e.Switch, e.WayBack, e.Err)
}

// Unwrap gives the cause.
func (e *WayBackError) Unwrap() error { return e.Err }

// SaveError says that a change is in force and would not survive a reload.
type SaveError struct {
	Switch string
	Err    error
}

func (e *SaveError) Error() string {
	return fmt.Sprintf("%s: the change is in force but was not saved, a reload would lose it: %v: save it on the switch (`write memory`) once it lets you", e.Switch, e.Err)
}

// Unwrap gives the cause.
func (e *SaveError) Unwrap() error { return e.Err }

// ChangedError says that the switch is not what the change was planned from.
// Nothing was changed.
type ChangedError struct{ Switch, Planned, Found string }

func (e *ChangedError) Error() string {
	return fmt.Sprintf("%s: the switch was changed since the plan: plan again (planned from %s, found %s)", e.Switch, e.Planned, e.Found)
}

// UnmetError says that a change needs something that the switch lacks. Nothing
// was changed.
type UnmetError struct {
	Switch string
	Unmet  []*fabric.FieldError
}

func (e *UnmetError) Error() string {
	return fmt.Sprintf("%s: nothing was changed: %v", e.Switch, fabric.FieldErrors(e.Unmet))
}

// Unwrap gives the fields to errors.As.
func (e *UnmetError) Unwrap() error { return fabric.FieldErrors(e.Unmet) }

// quoteAnswer makes one short line of an answer.
func quoteAnswer(s string) string {
	return fmt.Sprintf("%q", cut(strings.Join(strings.Fields(s), " "), 300))
}
