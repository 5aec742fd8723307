package ios

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Pending is a way back that is armed on a switch.
type Pending struct {
	WayBack WayBack
	User    string // who armed it
	Reason  string // of a reload
	// When is what the switch says of the time.
	When string
	// Own says that it is the caller's to finish or to revert.
	Own bool
	// Fires is when it is taken, by our clock; zero if another run armed it.
	Fires time.Time
}

// String describes it for a person.
func (p *Pending) String() string {
	s := "a rollback timer"
	if p.WayBack == WayBackReload {
		s = "a reload"
	}
	if p.User != "" {
		s += " of user " + p.User
	}
	switch {
	case !p.Fires.IsZero():
		s += " at about " + p.Fires.Format("15:04:05 MST")
	case p.When != "":
		s += ", " + p.When
	}
	return s
}

// reloadTag begins the reason of a reload that we schedule; our owner follows.
// The user alone would not do: an administrator can have the same account and
// a reload of his own.
const reloadTag = "cthulix way back of "

// isWayBack says whether a reload was scheduled by a transaction.
func (p *Pending) isWayBack() bool {
	return len(p.Reason) >= len(reloadTag) && strings.EqualFold(p.Reason[:len(reloadTag)], reloadTag)
}

var (
	// Source of the forms: Cisco's configuration fundamentals guide on
	// confirmed changes; NAPALM's IOS driver.
	archiveRE      = regexp.MustCompile(`(?m)^archive\n(?: .*\n)*? +path \S`)
	noTimerRE      = regexp.MustCompile(`(?i)No Rollback Confirmed Change pending`)
	timerUserRE    = regexp.MustCompile(`(?mi)^\s*User\s*:\s*(\S+)`)
	timerValueRE   = regexp.MustCompile(`(?mi)^\s*Timer value\s*:\s*(.+?)\s*$`)
	timerSetRE     = regexp.MustCompile(`(?mi)^\s*Time configured[^:]*:\s*(.+?)\s*$`)
	noReloadRE     = regexp.MustCompile(`(?i)No reload is scheduled`)
	reloadRE       = regexp.MustCompile(`(?mi)^Reload scheduled (?:for|in) (.+?)(?: by (\S+)(?: on .*)?)?\s*$`)
	reloadReasonRE = regexp.MustCompile(`(?mi)^Reload reason:\s*(.+?)\s*$`)
)

// archives says whether a running configuration has what a rollback timer
// needs.
func archives(running string) bool {
	return archiveRE.MatchString(strings.ReplaceAll(running, "\r", ""))
}

// errNoTimer says that a platform has no rollback timer, or does not let this user
// see it: then nobody could tell whether one that was armed is disarmed.
var errNoTimer = errors.New("the switch does not answer `show archive config rollback timer`")

// pendingTimer reads the rollback timer; nil if none is armed.
func (s *Session) pendingTimer(ctx context.Context, owner string) (*Pending, error) {
	const line = "show archive config rollback timer"
	text, err := s.read(ctx, line, nil)
	var refused *AnswerError
	s.timerHidden = errors.As(err, &refused)
	switch {
	case s.timerHidden:
		return nil, errNoTimer
	case err != nil:
		return nil, err
	case noTimerRE.MatchString(text):
		return nil, nil
	}
	user := timerUserRE.FindStringSubmatch(text)
	if user == nil {
		return nil, fmt.Errorf("%s: %s: nothing known in the answer %s", s.target, line, quoteAnswer(text))
	}
	p := &Pending{WayBack: WayBackRevertTimer, User: user[1], Own: user[1] == owner}
	if m := timerValueRE.FindStringSubmatch(text); m != nil {
		p.When = m[1]
	}
	if m := timerSetRE.FindStringSubmatch(text); m != nil {
		p.When = strings.TrimSpace(p.When + " from " + m[1])
	}
	return p, nil
}

// errNoReload says that a platform has no scheduled reload.
var errNoReload = errors.New("the switch knows no `show reload`")

// pendingReload reads the scheduled reload; nil if there is none.
func (s *Session) pendingReload(ctx context.Context, owner string) (*Pending, error) {
	const line = "show reload"
	text, err := s.read(ctx, line, nil)
	var refused *AnswerError
	switch {
	case errors.As(err, &refused):
		return nil, errNoReload
	case err != nil:
		return nil, err
	case noReloadRE.MatchString(text):
		return nil, nil
	}
	m := reloadRE.FindStringSubmatch(text)
	if m == nil {
		return nil, fmt.Errorf("%s: %s: nothing known in the answer %s", s.target, line, quoteAnswer(text))
	}
	p := &Pending{WayBack: WayBackReload, When: m[1], User: m[2]}
	if r := reloadReasonRE.FindStringSubmatch(text); r != nil {
		p.Reason = r[1]
		p.Own = strings.EqualFold(p.Reason, reloadTag+owner)
	}
	return p, nil
}

// pending reads what is armed on the switch: a rollback timer, which alone can
// take back what others do, before a reload.
func (s *Session) pending(ctx context.Context, running, owner string) (timer, reload *Pending, err error) {
	if archives(running) {
		if timer, err = s.pendingTimer(ctx, owner); err != nil && !errors.Is(err, errNoTimer) {
			return nil, nil, err
		}
	}
	reload, err = s.pendingReload(ctx, owner)
	if errors.Is(err, errNoReload) {
		err = nil
	}
	return timer, reload, err
}

var usersRowRE = regexp.MustCompile(`^\s*(\*?)\s*\d+ (?:vty|con|aux|tty) \d+\s+(\S+)\s`)

// othersOf counts the other sessions of a user; 0 where the switch does not
// tell.
func (s *Session) othersOf(ctx context.Context, user string) (int, error) {
	text, err := s.read(ctx, "show users", nil)
	var refused *AnswerError
	if errors.As(err, &refused) {
		return 0, nil
	}
	n := 0
	for l := range strings.SplitSeq(text, "\n") {
		m := usersRowRE.FindStringSubmatch(l)
		if m == nil || m[1] == "*" {
			continue
		}
		// The column is narrow: a long name is cut.
		const column = 10
		if m[2] == user || len(m[2]) >= column && strings.HasPrefix(user, m[2]) {
			n++
		}
	}
	return n, err
}
