package nxos

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
	"github.com/cthulix/terraform-provider-cthulix/fabric/ios"
)

// The lines that a session sends besides those of a change.
const (
	lineRunning  = "show running-config"
	lineDefaults = `show running-config all | include "system default switchport"`
	lineVersion  = "show version"
	lineEnter    = "configure terminal"
	lineLeave    = "end"
	lineSave     = "copy running-config startup-config"
)

// Session is one SSH session with a Nexus. It is used by one goroutine at a
// time.
type Session struct {
	*ios.Session
	target  fabric.Target
	times   fabric.Timeouts
	version *Version // read once a session
	mode    string
	line    string // that was sent last
}

// On speaks NX-OS over a session that is open.
func On(ctx context.Context, s *ios.Session, t fabric.Target) *Session {
	out := &Session{Session: s, target: t, times: t.Timeouts.WithDefaults()}
	// Questions would have to be answered: the switch is told to ask none. One
	// that does not know the line asks none that we would meet.
	_, _ = out.ask(ctx, "terminal dont-ask", 0, nil)
	return out
}

func (s *Session) ask(ctx context.Context, line string, d time.Duration, complete func(string) bool) (ios.Reply, error) {
	s.line = line
	r, err := s.Ask(ctx, line, d, complete)
	if err == nil {
		s.mode = r.Mode
	}
	return r, err
}

// rereads is how often a reading is repeated when log lines fell into it: they
// may have torn a line.
const rereads = 3

func (s *Session) read(ctx context.Context, line string, complete func(string) bool) (string, error) {
	var r ios.Reply
	var err error
	for range rereads {
		if r, err = s.ask(ctx, line, s.times.Read, complete); err != nil {
			return "", err
		}
		if !r.Noise {
			break
		}
	}
	if refused(r.Text) {
		return "", s.refusal(line, r.Text, ios.ClassReject)
	}
	return r.Text, nil
}

// refused looks at the answer to a show command: refusals are short, and any
// other text is what was asked for.
func refused(text string) bool {
	const short = 400
	return len(text) <= short && Classify(text) == ios.ClassReject
}

func (s *Session) refusal(line, answer string, class ios.Class) *ios.AnswerError {
	return &ios.AnswerError{Switch: s.target.String(), Line: line, Answer: strings.TrimSpace(answer), Class: class}
}

// Observe reads the switch. Nothing is changed.
func (s *Session) Observe(ctx context.Context) (fabric.Observation, error) {
	running, err := s.read(ctx, lineRunning, func(text string) bool { return refused(text) || Complete(text) })
	if err != nil {
		return fabric.Observation{}, err
	}
	var unknown *ios.AnswerError
	defaults, err := s.read(ctx, lineDefaults, nil)
	if err != nil && !errors.As(err, &unknown) {
		return fabric.Observation{}, err
	}
	obs, err := Observe(onlyDefaults(defaults) + running)
	if err != nil {
		return obs, fmt.Errorf("%s: %s: %w", s.target, lineRunning, err)
	}
	obs.Running = running
	if obs.Hostname == "" {
		obs.Hostname = s.Host()
	}
	if s.version == nil {
		text, err := s.read(ctx, lineVersion, nil)
		if err != nil {
			return obs, err
		}
		v, err := ParseVersion(text)
		if err != nil {
			return obs, fmt.Errorf("%s: %s: %w", s.target, lineVersion, err)
		}
		s.version = &v
	}
	obs.Model, obs.Version = s.version.Model, s.version.Software
	obs.Taken = time.Now().UTC()
	obs.Fingerprint = fabric.WholeFingerprint(obs)
	return obs, nil
}

// onlyDefaults keeps the lines that are asked for, whatever a platform that
// does not filter prints besides.
func onlyDefaults(text string) string {
	var b strings.Builder
	for line := range strings.SplitSeq(clean(text), "\n") {
		if line = strings.TrimSpace(line); strings.HasPrefix(strings.TrimPrefix(line, "no "), "system default switchport") {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

// configure sends lines in configuration mode, and leaves it. It stops at the
// first answer that is not a success.
func (s *Session) configure(ctx context.Context, lines []string, told func(int)) ([]ios.Exchange, error) {
	var done []ios.Exchange
	r, err := s.ask(ctx, lineEnter, 0, nil)
	if err == nil && (Classify(r.Text) == ios.ClassReject || !strings.HasPrefix(r.Mode, "config")) {
		err = s.refusal(lineEnter, r.Text, ios.ClassReject)
	}
	if err != nil {
		return done, err
	}
	for i, line := range lines {
		if told != nil {
			told(i + 1)
		}
		if ctx.Err() != nil {
			s.line = line
			return done, fmt.Errorf("%s: stopped before %q: %w", s.target, line, context.Cause(ctx))
		}
		r, err := s.ask(ctx, line, 0, nil)
		if err != nil {
			return done, err
		}
		x := ios.Exchange{Line: line, Answer: strings.TrimSpace(r.Text), Class: Classify(r.Text)}
		if !strings.HasPrefix(r.Mode, "config") {
			x.Class, x.Answer = ios.ClassUnknown, strings.TrimSpace(x.Answer+" (configuration mode was left)")
		}
		done = append(done, x)
		if x.Class == ios.ClassReject || x.Class == ios.ClassUnknown {
			return done, s.refusal(line, x.Answer, x.Class)
		}
	}
	return done, s.leave(ctx)
}

// leave goes back to privileged mode from wherever it is.
func (s *Session) leave(ctx context.Context) error {
	if s.Broken() != nil || !strings.HasPrefix(s.mode, "config") {
		return nil
	}
	r, err := s.ask(ctx, lineLeave, 0, nil)
	if err == nil && Classify(r.Text) == ios.ClassReject {
		err = s.refusal(lineLeave, r.Text, ios.ClassReject)
	}
	return err
}

var copiedRE = regexp.MustCompile(`(?i)copy complete`)

// Save writes the running configuration to the startup configuration.
func (s *Session) Save(ctx context.Context) error {
	r, err := s.ask(ctx, lineSave, s.times.Save, nil)
	if err == nil && !copiedRE.MatchString(r.Text) {
		err = s.refusal(lineSave, r.Text, ios.ClassReject)
	}
	if err != nil {
		return &ios.SaveError{Switch: s.target.String(), Err: err}
	}
	return nil
}
