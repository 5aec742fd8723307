package ios

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// The lines around those of a change.
const (
	lineEnter = "configure terminal"
	lineLeave = "end"
)

// Exchange is one line that was sent and what came back.
type Exchange struct {
	Line   string
	Answer string
	Class  Class
}

// Result tells what an Apply sent and what came back.
type Result struct {
	Exchanges []Exchange
}

// Landed are the lines that the switch took.
func (r Result) Landed() []string {
	var out []string
	for _, e := range r.Exchanges {
		if e.Class == ClassSilent || e.Class == ClassNotice {
			out = append(out, e.Line)
		}
	}
	return out
}

// Apply sends the commands of a change line by line, and stops at the first
// answer that is not a success. Then it brings the switch back to what it was,
// reads it back, and reports an *ApplyError. It does not save.
func (s *Session) Apply(ctx context.Context, c fabric.Change) (Result, error) {
	if c.Empty() {
		return Result{}, nil
	}
	if len(c.Unmet) > 0 {
		return Result{}, &UnmetError{Switch: s.target.String(), Unmet: c.Unmet}
	}
	res, failed := s.configure(ctx, c.Commands)
	if failed == nil {
		return res, nil
	}
	e := s.applyError(c, res, failed)
	e.Rollback = s.rollback(ctx, c)
	e.RolledBack = e.Rollback == nil
	s.log.Warn("change failed", "switch", s.target.Name, "line", e.Line, "landed", len(e.Landed), "rolled_back", e.RolledBack)
	return res, e
}

// applyError names the line at which a change stopped.
func (s *Session) applyError(c fabric.Change, res Result, failed error) *ApplyError {
	e := &ApplyError{Switch: s.target.String(), Total: len(c.Commands), Landed: res.Landed(), Err: failed}
	// A line whose answer never came counts as failed: the way back is worked
	// out from what the switch is, so it does not matter whether it landed.
	e.Line = s.line
	e.Number = len(e.Landed) + 1
	if e.Line == lineLeave {
		e.Number = e.Total + 1
	}
	if len(res.Exchanges) == 0 && (e.Total == 0 || e.Line != c.Commands[0]) {
		e.Number = 0
	}
	var refused *AnswerError
	if errors.As(failed, &refused) {
		e.Answer = refused.Answer
	}
	return e
}

// configure sends lines in configuration mode, from entering to leaving it.
func (s *Session) configure(ctx context.Context, lines []string) (Result, error) {
	if err := s.enterConfig(ctx, s.times.Lock, reporter{target: s.target, log: s.log}); err != nil {
		return Result{}, err
	}
	return s.sendLines(ctx, lines, nil)
}

// sendLines sends lines in configuration mode and leaves it. told, if not nil,
// is called before each line with its number.
func (s *Session) sendLines(ctx context.Context, lines []string, told func(int)) (Result, error) {
	var res Result
	for i, line := range lines {
		if told != nil {
			told(i + 1)
		}
		if ctx.Err() != nil {
			s.line = line
			return res, fmt.Errorf("%s: stopped before %q: %w", s.target, line, context.Cause(ctx))
		}
		x, err := s.configLine(ctx, line)
		if x.Class != "" {
			res.Exchanges = append(res.Exchanges, x)
		}
		if err != nil {
			return res, err
		}
	}
	return res, s.leaveConfig(ctx)
}

func (s *Session) configLine(ctx context.Context, line string) (Exchange, error) {
	ctx, cancel := grace(ctx, lineGrace)
	defer cancel()
	r, err := s.exchange(ctx, line, s.times.Command, nil)
	if err != nil {
		return Exchange{}, err
	}
	x := Exchange{Line: line, Answer: strings.TrimSpace(r.text), Class: Classify(r.text)}
	if !strings.HasPrefix(r.mode, "config") {
		// The line threw us out of configuration mode: what it did is unknown.
		x.Class = ClassUnknown
		x.Answer = strings.TrimSpace(x.Answer + " (configuration mode was left)")
	}
	if x.Class == ClassReject || x.Class == ClassUnknown {
		return x, &AnswerError{Switch: s.target.String(), Line: line, Answer: x.Answer, Class: x.Class}
	}
	return x, nil
}

// enterConfig enters configuration mode. Somebody else may hold it locked: then
// it waits for some time.
func (s *Session) enterConfig(ctx context.Context, wait time.Duration, tell reporter) error {
	_, err := s.enterConfigBy(ctx, lineEnter, wait, tell)
	return err
}

// enterConfigBy is enterConfig with a form of the command, and gives its answer.
func (s *Session) enterConfigBy(ctx context.Context, line string, wait time.Duration, tell reporter) (string, error) {
	ctx, cancel := limit(ctx, wait+s.times.Command, "configuration mode")
	defer cancel()
	deadline := time.Now().Add(wait)
	for {
		r, err := s.exchange(ctx, line, s.times.Command, nil)
		if err != nil {
			return "", err
		}
		class := Classify(r.text)
		if class != ClassReject && strings.HasPrefix(r.mode, "config") {
			return r.text, nil
		}
		refused := &AnswerError{Switch: s.target.String(), Line: line, Answer: r.text, Class: ClassReject}
		if !lockedRE.MatchString(r.text) {
			return "", refused
		}
		if time.Now().After(deadline) {
			return "", &LockedError{Switch: s.target.String(), Waited: wait, Err: refused}
		}
		tell.say(StageWait, fmt.Sprintf("the configuration is locked by somebody else (%s): trying again every %s for up to %s", quoteAnswer(r.text), s.times.Retry, wait))
		if err := pause(ctx, s.times.Retry); err != nil {
			return "", &LockedError{Switch: s.target.String(), Waited: wait, Err: fmt.Errorf("%w: %w", err, refused)}
		}
	}
}

// lockedRE knows the answers that say that somebody else is configuring.
var lockedRE = regexp.MustCompile(`(?i)\block(?:ed)?\b|Rollback Confirmed Change is already pending`)

// leaveConfig goes back to privileged mode from wherever it is.
func (s *Session) leaveConfig(ctx context.Context) error {
	if s.broken != nil || !strings.HasPrefix(s.mode, "config") {
		return nil
	}
	r, err := s.exchange(ctx, lineLeave, s.times.Command, nil)
	if err != nil {
		return err
	}
	// Leaving a VLAN's block carries it out, which can fail.
	if class := Classify(r.text); class == ClassReject || class == ClassUnknown {
		return &AnswerError{Switch: s.target.String(), Line: lineLeave, Answer: r.text, Class: class}
	}
	return nil
}

// pause waits, unless the context ends first.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// rollback brings the switch back to what it was before a change. The lines
// are worked out from what the switch is now, so that they also undo a line
// whose answer was lost and what the switch did by itself. It runs to its end
// even if the caller's context has ended, and on a new session if this one is
// lost.
func (s *Session) rollback(ctx context.Context, c fabric.Change) error {
	ctx, cancel := limit(context.WithoutCancel(ctx), s.times.Rollback, "the way back was not finished")
	defer cancel()
	on := s
	if s.broken != nil {
		fresh, err := Dial(ctx, s.target)
		if err != nil {
			return fmt.Errorf("no new session for the way back: %w", err)
		}
		defer func() { _ = fresh.Close() }()
		on = fresh
	}
	if err := on.leaveConfig(ctx); err != nil && on.broken != nil {
		return err
	}
	if c.Undo.Empty() {
		// A change that was not made by Plan: all that is known is its inverse.
		_, err := on.configure(ctx, c.Rollback)
		return err
	}
	back, err := on.remaining(ctx, c.Undo)
	if err != nil || len(back) == 0 {
		return err
	}
	if _, err := on.configure(ctx, back); err != nil {
		return err
	}
	left, err := on.remaining(ctx, c.Undo)
	if err == nil && len(left) > 0 {
		err = fmt.Errorf("%s: after the way back these lines are still to do: %s", s.target, strings.Join(left, " / "))
	}
	return err
}

// remaining reads the switch and says which lines lead from there to a want.
func (s *Session) remaining(ctx context.Context, want fabric.Want) ([]string, error) {
	obs, err := s.Observe(ctx)
	if err != nil {
		return nil, err
	}
	c, err := Plan(obs, want)
	return c.Commands, err
}
