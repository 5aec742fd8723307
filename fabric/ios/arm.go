package ios

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// unarmedError says why a way back cannot be had; the switch is as it was.
type unarmedError struct {
	way WayBack
	err error
}

func (e *unarmedError) Error() string { return fmt.Sprintf("%s: %v", e.way, e.err) }
func (e *unarmedError) Unwrap() error { return e.err }

// armedRE is what the switch says when the timer runs.
var armedRE = regexp.MustCompile(`Rollback Confirmed Change: Backing up`)

// armTimer enters configuration mode with a rollback timer.
func (s *Session) armTimer(ctx context.Context, minutes int, wait time.Duration, tell reporter, owner string) error {
	if s.timerHidden {
		return &unarmedError{WayBackRevertTimer, errNoTimer}
	}
	text, err := s.enterConfigBy(ctx, fmt.Sprintf("%s revert timer %d", lineEnter, minutes), wait, tell)
	var refused *AnswerError
	if errors.As(err, &refused) && s.broken == nil {
		return &unarmedError{WayBackRevertTimer, err}
	}
	if err != nil || armedRE.MatchString(text) {
		return err
	}
	// It said nothing of a backup: see whether the timer is there all the same.
	if err := s.leaveConfig(ctx); err != nil {
		return err
	}
	p, err := s.pendingTimer(ctx, owner)
	if err != nil {
		return err
	}
	if p == nil || !p.Own {
		return &unarmedError{WayBackRevertTimer, fmt.Errorf("the switch did not say that a backup was made, and shows no timer (it answered %s)", quoteAnswer(text))}
	}
	if err := s.enterConfig(ctx, wait, tell); err != nil {
		_, err2 := s.disarm(ctx, WayBackRevertTimer, owner)
		return errors.Join(err, err2)
	}
	return nil
}

var saveAskRE = regexp.MustCompile(`(?i)Save\? \[yes/no\]: ?$`)

// armReload schedules a reload, if what it would lead to is what the switch is
// now. running is the configuration as it is.
func (s *Session) armReload(ctx context.Context, minutes int, owner, running string) error {
	unusable := func(format string, args ...any) error {
		return &unarmedError{WayBackReload, fmt.Errorf(format, args...)}
	}
	p, err := s.pendingReload(ctx, owner)
	switch {
	case errors.Is(err, errNoReload):
		return unusable("%w", err)
	case err != nil:
		return err
	case p != nil && !p.Own:
		return unusable("there is %v already", p)
	case p != nil:
		// There was none a moment ago.
		return &PendingError{Switch: s.target.String(), Pending: p, Busy: true}
	}
	startup, err := s.readStartup(ctx)
	if err != nil {
		return err
	}
	if startup == "" {
		return unusable("the switch has no startup configuration, or one that is not whole")
	}
	if !sameConfig(running, startup) {
		return unusable("the running configuration has changes that were never saved, and a reload would lose them")
	}
	line := fmt.Sprintf("reload in %d %s%s", minutes, reloadTag, owner)
	r, err := s.converse(ctx, line, s.times.Command, nil, []question{{saveAskRE, "no"}, {confirmRE, ""}})
	if err != nil {
		return err
	}
	p, err = s.pendingReload(ctx, owner)
	if err != nil {
		return err
	}
	switch {
	case p == nil:
		return unusable("the switch did not schedule it, it answered %s", quoteAnswer(r.text))
	case !p.Own:
		// Nobody could tell later whose it is.
		_, err := s.exchange(ctx, "reload cancel", s.times.Command, nil)
		return errors.Join(unusable("the switch does not keep the reason of a reload, it shows %v", p), err)
	}
	return nil
}

// readStartup reads the startup configuration; empty if there is none that is
// whole. Without a banner in it no line can look like the prompt: then what
// came is all there is.
func (s *Session) readStartup(ctx context.Context) (string, error) {
	text, err := s.read(ctx, "show startup-config", func(text string) bool {
		_, bad := sections(text)
		return bad == nil || !strings.Contains(text, "banner ")
	})
	var refused *AnswerError
	if errors.As(err, &refused) {
		return "", nil
	}
	if _, bad := sections(text); bad != nil {
		return "", err
	}
	return text, err
}

// disarm lets a change stay: the way back is not taken any more. What counts
// is that nothing of ours is pending afterwards, and not what was answered.
// Where nothing of ours is pending before, it sends nothing: what is there then
// is somebody else's.
func (s *Session) disarm(ctx context.Context, way WayBack, owner string) (found bool, err error) {
	line, pending := "configure confirm", s.pendingTimer
	switch way {
	case WayBackRevertTimer:
	case WayBackReload:
		line, pending = "reload cancel", s.pendingReload
	default:
		return true, nil
	}
	p, err := pending(ctx, owner)
	if err != nil || p == nil || !p.Own {
		return false, err
	}
	r, err := s.converse(ctx, line, s.times.Command, nil, []question{{confirmRE, ""}})
	if err != nil {
		return true, err
	}
	p, err = pending(ctx, owner)
	if err == nil && p != nil && p.Own {
		err = &AnswerError{Switch: s.target.String(), Line: line, Answer: r.text + " (it is still pending)", Class: ClassReject}
	}
	return true, err
}

// revertNow has the switch take the change back by itself, and waits until it
// has.
func (s *Session) revertNow(ctx context.Context, owner string) error {
	const line = "configure revert now"
	r, err := s.converse(ctx, line, s.times.Rollback, nil, []question{{confirmRE, ""}})
	if err != nil {
		return err
	}
	for {
		p, err := s.pendingTimer(ctx, owner)
		if err != nil {
			return err
		}
		if p == nil || !p.Own {
			return nil
		}
		if Classify(r.text) == ClassReject {
			return &AnswerError{Switch: s.target.String(), Line: line, Answer: r.text, Class: ClassReject}
		}
		if err := pause(ctx, s.times.Retry); err != nil {
			return fmt.Errorf("%s: %s: the timer is still pending: %w", s.target, line, err)
		}
	}
}

// Lines of a configuration text that differ between the running and the
// startup configuration of a switch that is saved.
var volatileRE = regexp.MustCompile(`^(?:Building configuration|Current configuration|Using \d+|ntp clock-period|Uncompressed configuration)`)

// sameConfig says whether two configuration texts tell a switch the same.
func sameConfig(a, b string) bool {
	one, err1 := settled(a)
	two, err2 := settled(b)
	return err1 == nil && err2 == nil && one == two
}

// settled is a configuration without what changes by itself.
func settled(text string) (string, error) {
	secs, err := sections(text)
	var b strings.Builder
	for _, s := range secs {
		if volatileRE.MatchString(s.head) {
			continue
		}
		b.WriteString(s.head + "\n")
		if strings.HasPrefix(s.head, "crypto pki certificate chain") {
			continue
		}
		for _, l := range s.body {
			b.WriteString(strings.TrimRight(l, " \t") + "\n")
		}
	}
	return b.String(), err
}
