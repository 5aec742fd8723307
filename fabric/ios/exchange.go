package ios

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// reply is what came back for one line.
type reply struct {
	text  string // without echo, prompt and log lines
	mode  string // of the prompt behind it
	noise bool   // log lines stood in it
}

const moreMark = "--More--"

// await collects what the switch sends until done says that it is enough. The
// bytes stay in s.buf. After a failure the session is unusable, since nobody
// knows where in the conversation it stands.
func (s *Session) await(ctx context.Context, d time.Duration, doing string, done func([]byte) bool) error {
	if s.broken != nil {
		return s.broken
	}
	ctx, cancel := limit(ctx, d, "no answer")
	defer cancel()
	moreAt := -1
	for {
		s.drain()
		if done(s.buf) {
			return nil
		}
		if at := bytes.LastIndex(s.buf, []byte(moreMark)); at > moreAt && strings.HasSuffix(strings.TrimSpace(lastLine(s.buf)), moreMark) {
			moreAt = at
			if err := s.wire.Write([]byte(" ")); err != nil {
				return s.breakOff(doing, err)
			}
		}
		select {
		case <-s.arrived:
		case <-s.wire.lost:
			// What came before the loss may still be on its way to the queue.
			s.drain()
			if done(s.buf) {
				return nil
			}
			return s.breakOff(doing, s.wire.err)
		case <-ctx.Done():
			return s.breakOff(doing, context.Cause(ctx))
		}
	}
}

// breakOff marks the session as unusable and says where it stopped.
func (s *Session) breakOff(doing string, err error) error {
	if tail := strings.TrimSpace(lastLine(s.buf)); tail != "" && !s.secret {
		err = fmt.Errorf("%w (the last that it sent is %q)", err, cut(tail, 80))
	}
	s.broken = &UnreachableError{Switch: s.target.String(), Doing: doing, Err: err}
	_ = s.closeWire() // what broke it has told
	return s.broken
}

func (s *Session) drain() {
	if b := s.channel.Q.DequeueAll(); len(b) > 0 {
		s.buf = append(s.buf, b...)
	}
}

// send writes one line. A question mark would call for help, even within a
// description, unless it is quoted with Ctrl-V.
func (s *Session) send(doing, line string) error {
	if s.broken != nil {
		return s.broken
	}
	if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return fmt.Errorf("%s: the line %q holds control characters and was not sent", s.target, line)
	}
	s.drain()
	s.buf = s.buf[:0]
	s.line = line
	if err := s.wire.Write([]byte(strings.ReplaceAll(line, "?", "\x16?") + "\n")); err != nil {
		return s.breakOff(doing, err)
	}
	return nil
}

// exchange sends a line and waits for its answer: first its echo, then the
// prompt behind it. complete, if not nil, looks at the answer and says whether
// it is whole; a prompt that comes before is taken for a line of text as long
// as more comes.
func (s *Session) exchange(ctx context.Context, line string, d time.Duration, complete func(string) bool) (reply, error) {
	return s.converse(ctx, line, d, complete, nil)
}

// question is what a switch may ask before it carries a line out.
type question struct {
	re    *regexp.Regexp // matched against the last line
	reply string
}

// converse is exchange with a line that the switch asks back about.
func (s *Session) converse(ctx context.Context, line string, d time.Duration, complete func(string) bool, qs []question) (reply, error) {
	doing := fmt.Sprintf("wait for the answer to %q", line)
	if err := s.send(doing, line); err != nil {
		return reply{}, err
	}
	var r reply
	nudged, asked := 0, 0
	found := func(b []byte) bool {
		if !s.atPrompt(b) {
			if q := asks(qs, b); q != nil && len(b) > asked {
				asked = len(b)
				if err := s.wire.Write([]byte(q.reply + "\n")); err != nil {
					s.log.Debug("reply failed", "switch", s.target.Name, "error", err)
				}
				return false
			}
			if log := s.logsBehindPrompt(b); log > nudged {
				// The switch wrote a log line behind its prompt and waits for
				// input: an empty line brings the prompt back.
				nudged = log
				if err := s.wire.Write([]byte("\n")); err != nil {
					s.log.Debug("nudge failed", "switch", s.target.Name, "error", err)
				}
			}
			return false
		}
		text := erase(string(b))
		end, _, ok := echo(text, s.host, line)
		if !ok {
			return false
		}
		r.mode = promptMode(s.host, lastLine(b))
		r.text, r.noise = answer(text[end:], s.host)
		return true
	}
	whole := func(b []byte) bool { return found(b) && (complete == nil || complete(r.text)) }
	err := s.await(ctx, d, doing, whole)
	if err == nil {
		s.mode = r.mode
		s.log.Debug("line", "switch", s.target.Name, "line", line, "mode", r.mode, "bytes", len(r.text))
		return r, nil
	}
	if complete != nil && errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil && found(s.buf) {
		return r, fmt.Errorf("%s: %q: %w (%d bytes came)", s.target, line, ErrShortRead, len(r.text))
	}
	return reply{}, err
}

// asks is the question that the last line asks.
func asks(qs []question, b []byte) *question {
	if len(qs) == 0 {
		return nil
	}
	last := erase(lastLine(b))
	for i := range qs {
		if qs[i].re.MatchString(last) {
			return &qs[i]
		}
	}
	return nil
}

// atPrompt says whether the switch waits for input, as far as can be told from
// its last line.
func (s *Session) atPrompt(b []byte) bool {
	return promptMode(s.host, erase(lastLine(b))) != ""
}

// logsBehindPrompt counts the log lines that stand behind the last prompt, with
// nothing else behind it.
func (s *Session) logsBehindPrompt(b []byte) int {
	return logsBehind(b, func(line string) bool { return promptMode(s.host, line) != "" })
}

func logsBehind(b []byte, isPrompt func(string) bool) int {
	if !bytes.HasSuffix(b, []byte("\n")) {
		return 0
	}
	// A banner begins with a bell.
	lines := strings.Split(erase(string(b[max(0, len(b)-4096):])), "\n")
	logs := 0
	for i := len(lines) - 1; i >= 0; i-- {
		switch l := lines[i]; {
		case strings.TrimSpace(l) == "":
		case isAsync(l):
			logs++
		case isPrompt(l):
			return logs
		default:
			return 0
		}
	}
	return 0
}
