package ios

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"strings"

	"github.com/scrapli/scrapligo/channel"
	"github.com/scrapli/scrapligo/driver/options"
	"github.com/scrapli/scrapligo/logging"
	"github.com/scrapli/scrapligo/transport"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// Session is one SSH session with one switch, at privilege level 15. It is
// used by one goroutine at a time.
type Session struct {
	target  fabric.Target
	times   fabric.Timeouts
	log     *slog.Logger
	wire    *sshTransport
	channel *channel.Channel
	arrived arrival

	host   string // pinned: the name in the prompt
	mode   string // of the last prompt
	line   string // that was sent last
	buf    []byte // what came since the last line was sent
	secret bool   // what comes now may hold a secret
	broken error  // why the session is unusable
	// timerHidden says that the switch refused to show its rollback timer.
	timerHidden bool

	release func() // gives the place in a Pool back; may be nil

	version *Version // read once a session, like the probe
	probe   *probed
}

// arrival wakes whoever waits for bytes. scrapligo's channel offers them to a
// log after it has queued them, which spares us polling its queue.
type arrival chan struct{}

func (a arrival) Write(p []byte) (int, error) {
	select {
	case a <- struct{}{}:
	default:
	}
	return len(p), nil
}

// Dial opens a session: it checks the host key, logs in, finds the prompt,
// turns paging off and enables. Errors: *HostKeyError, *AuthError,
// *UnreachableError.
func Dial(ctx context.Context, target fabric.Target) (*Session, error) {
	s := &Session{target: target, times: target.Timeouts.WithDefaults(), log: target.Logger, arrived: make(arrival, 1)}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	ctx, cancel := limit(ctx, s.times.Connect, "no session")
	defer cancel()
	wire, err := openSSH(ctx, target)
	if err != nil {
		return nil, err
	}
	s.wire = wire
	if err := s.start(); err != nil {
		_ = wire.Close()
		return nil, fmt.Errorf("%s: start reading: %w", target, err)
	}
	if err := s.prepare(ctx); err != nil {
		_ = s.Close()
		return nil, err
	}
	s.log.Debug("session open", "switch", target.Name, "host", s.host)
	return s, nil
}

// start puts scrapligo's channel on the open transport.
func (s *Session) start() error {
	// scrapligo's own log would show what is typed; ours says what matters.
	quiet, err := logging.NewInstance()
	if err != nil {
		return err
	}
	t, err := transport.NewTransport(quiet, s.target.Address, transport.StandardTransport, options.WithCustomTransport(s.wire))
	if err != nil {
		return err
	}
	s.channel, err = channel.NewChannel(quiet, t,
		options.WithReadDelay(0), options.WithChannelLog(io.Writer(s.arrived)), options.WithAuthBypass())
	if err != nil {
		return err
	}
	return s.channel.Open()
}

// prepare brings a fresh session to a pinned prompt at privilege level 15.
func (s *Session) prepare(ctx context.Context) error {
	const doing = "find the prompt"
	if err := s.await(ctx, s.times.Connect, doing, s.nudging(func(b []byte) bool { return anyPromptRE.MatchString(promptText(b)) })); err != nil {
		return err
	}
	// A banner may hold a line like a prompt. What answers a command is the
	// prompt; what was here before the command is kept, since the echo stands
	// behind it.
	const first = "terminal length 0"
	if err := s.wire.Write([]byte(first + "\n")); err != nil {
		return s.breakOff(doing, err)
	}
	if err := s.await(ctx, s.times.Connect, doing, s.nudging(func(b []byte) bool { return s.pin(b, first) })); err != nil {
		return err
	}
	if _, err := s.exchange(ctx, fmt.Sprintf("terminal width %d", terminalWidth), s.times.Command, nil); err != nil {
		return err
	}
	if s.mode == modeUser {
		return s.enable(ctx)
	}
	return nil
}

// nudging is done, and an empty line for a switch that wrote a log line behind
// something like a prompt and waits for input.
func (s *Session) nudging(done func([]byte) bool) func([]byte) bool {
	nudged := 0
	return func(b []byte) bool {
		if done(b) {
			return true
		}
		logs := logsBehind(b, func(line string) bool { return anyPromptRE.MatchString(strings.TrimSuffix(line, " ")) })
		if logs > nudged {
			nudged = logs
			if err := s.wire.Write([]byte("\n")); err != nil {
				s.log.Debug("nudge failed", "switch", s.target.Name, "error", err)
			}
		}
		return false
	}
}

func promptText(b []byte) string { return strings.TrimSuffix(erase(lastLine(b)), " ") }

// pin takes the last line for the prompt if the echo of the first command
// stands behind the same prompt.
func (s *Session) pin(b []byte, first string) bool {
	m := anyPromptRE.FindStringSubmatch(promptText(b))
	if m == nil {
		return false
	}
	text := erase(string(b))
	_, prompted, ok := echo(text, m[1], first)
	if !ok {
		return false
	}
	// A line that was echoed before the prompt came up (typed ahead) is followed
	// by two prompts: the one it was typed at, and its answer.
	same := promptText(b)
	twice := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(same) + ` ?\n+` + regexp.QuoteMeta(same) + ` ?\z`).MatchString(text)
	if !prompted && !twice {
		return false
	}
	s.host, s.mode = m[1], promptMode(m[1], same)
	return true
}

var passwordRE = regexp.MustCompile(`(?i)password: ?$`)

// enable raises the session to privilege level 15. The password is tried once.
func (s *Session) enable(ctx context.Context) error {
	refused := func(text string) error {
		return &AuthError{Switch: s.target.String(), User: s.target.Username, Stage: "enable", Err: errors.New(text)}
	}
	const doing = "enable"
	if err := s.send(doing, "enable"); err != nil {
		return err
	}
	asked := func(b []byte) bool { return passwordRE.MatchString(lastLine(b)) }
	err := s.await(ctx, s.times.Command, doing, func(b []byte) bool {
		if asked(b) {
			return true
		}
		_, _, echoed := echo(erase(string(b)), s.host, "enable")
		return echoed && s.atPrompt(b)
	})
	if err != nil {
		return err
	}
	if asked(s.buf) {
		if s.target.EnablePassword == "" {
			return refused("the switch asks for an enable password and none is set")
		}
		s.secret = true
		defer func() { s.secret = false }()
		s.buf = s.buf[:0]
		if err := s.wire.Write([]byte(s.target.EnablePassword + "\n")); err != nil {
			return s.breakOff(doing, err)
		}
		err := s.await(ctx, s.times.Command, doing, func(b []byte) bool { return asked(b) || s.atPrompt(b) })
		if err != nil {
			return err
		}
	}
	if promptMode(s.host, erase(lastLine(s.buf))) != modeExec {
		return refused("the enable password is wrong, or enabling is not allowed")
	}
	s.mode = modeExec
	return nil
}

// Host is the switch's name as its prompt gives it.
func (s *Session) Host() string { return s.host }

// Close ends the session.
func (s *Session) Close() error {
	if s.broken == nil {
		s.broken = fmt.Errorf("%s: the session is closed", s.target)
	}
	err := s.closeWire()
	if s.release != nil {
		s.release()
	}
	return err
}

func (s *Session) closeWire() error {
	err := s.wire.Close()
	if s.channel != nil {
		_ = s.channel.Close()
	}
	return err
}
