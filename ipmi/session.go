package ipmi

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/bougou/go-ipmi/pkg/client"
	"github.com/bougou/go-ipmi/pkg/command/app"
	"github.com/bougou/go-ipmi/pkg/types"
)

// session is an open log-in on a controller. It is used by one goroutine, the holder of the line's turn.
type session struct {
	bmc  *BMC
	c    *client.Client
	wire *guard
	id   uint32
	wait time.Duration
	open bool
	dead bool
}

var cmdSetPrivilege = command{"set privilege level", netApp, 0x3b}

// tries is how often a step that may be repeated is sent, before the BMC counts as silent.
const tries = 3

// busyPause is the first pause after "insufficient resources for a session"; it doubles, busyTries times.
const (
	busyPause = 500 * time.Millisecond
	busyTries = 4
)

// The causes that connect tells apart.
var (
	errSuite    = errors.New("cipher suite not offered")
	errBusy     = errors.New("no free session")
	errLost     = errors.New("no answer")
	errUnusable = errors.New("answer cannot be read")
)

// refusal is a log-in that the BMC understood and turned down: the account, or only the privilege it asks for.
type refusal struct {
	reason      string
	ofPrivilege bool
}

func (r *refusal) Error() string { return r.reason }

// connect opens a session with the first cipher suite that the BMC offers. Lost packets and a BMC without a free
// session lead to another try, a refusal of the account never does.
func (b *BMC) connect(ctx context.Context, level Privilege) (*session, error) {
	began := time.Now()
	var last error
	for _, suite := range b.target.suites() {
		s, err := b.connectSuite(ctx, suite, level)
		if err == nil {
			return s, nil
		}
		var no *refusal
		if errors.As(err, &no) {
			if !no.ofPrivilege {
				level = anyPrivilege
			}
			b.line.remember(b.target, level, no.reason)
			return nil, &AuthError{BMC: b.target.label(), Username: b.target.Username, Reason: no.reason}
		}
		last = err
		if !errors.Is(err, errSuite) {
			break
		}
	}
	if errors.Is(last, errSuite) {
		return nil, &SuiteError{BMC: b.target.label(), Tried: b.target.suites()}
	}
	return nil, &UnreachableError{BMC: b.target.label(), Doing: "log in", Waited: time.Since(began), Err: last}
}

func (b *BMC) connectSuite(ctx context.Context, suite int, level Privilege) (*session, error) {
	rest := busyPause
	// The first wait is short, so that one lost packet does not cost much; the later ones suit a slow BMC.
	wait := b.target.timeout() * 2 / 5
	for lost, busy := 0, 0; ; {
		s, err := b.logIn(ctx, suite, level, wait)
		switch {
		case err == nil:
			return s, nil
		case ended(ctx) != nil:
			return nil, ended(ctx)
		case errors.Is(err, errBusy) && busy < busyTries:
			busy++
			if err := pause(ctx, rest); err != nil {
				return nil, err
			}
			rest *= 2
		case errors.Is(err, errLost) && lost < tries-1:
			lost++
			wait = b.target.timeout()
		default:
			return nil, err
		}
	}
}

// logIn makes one try at the four steps of a log-in. Nothing in it is sent twice: a repeated RAKP message may make
// the BMC draw new random numbers, and the right password would then look wrong.
func (b *BMC) logIn(ctx context.Context, suite int, level Privilege, wait time.Duration) (_ *session, err error) {
	host, port, err := b.target.split()
	if err != nil {
		return nil, err
	}
	dial := b.target.Dial
	if dial == nil {
		dial = (&net.Dialer{Timeout: wait}).DialContext
	}
	raw, err := dial(ctx, "udp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return nil, err
	}
	c, err := client.NewClient(host, port, b.target.Username, b.target.Password)
	if err != nil {
		return nil, errors.Join(err, raw.Close())
	}
	s := &session{bmc: b, c: c, wire: newGuard(raw, b.target.Password, suite), wait: wait}
	defer func() {
		if err != nil {
			s.close(ctx)
		}
	}()
	c.WithUDPProxy(once{s.wire}).WithRetry(0).WithTimeout(wait).
		WithCipherSuiteID(types.CipherSuiteID(suite)).
		WithMaxPrivilegeLevel(types.PrivilegeLevel(level))

	steps := []func() error{
		func() error {
			answer, err := c.OpenSession(ctx)
			if err == nil {
				s.id = answer.ManagedSystemSessionID
			}
			return err
		},
		func() error { _, err := c.RAKPMessage1(ctx); return err },
		func() error { _, err := c.RAKPMessage3(ctx); return err },
	}
	for _, step := range steps {
		if err := b.line.pace(ctx, b.target); err != nil {
			return nil, err
		}
		if err := guarded(step); err != nil {
			return nil, s.explain(ctx, err)
		}
	}
	s.open = true
	_, err = s.send(ctx, cmdSetPrivilege, []byte{byte(level)})
	var code *CommandError
	if errors.As(err, &code) {
		return nil, &refusal{fmt.Sprintf("the account has no %s privilege: %s", level, code.Text), true}
	}
	if err != nil {
		return nil, err
	}
	s.wait = b.target.timeout()
	c.WithTimeout(s.wait)
	return s, nil
}

// explain finds out why a step of the log-in failed.
func (s *session) explain(ctx context.Context, err error) error {
	if err := ended(ctx); err != nil {
		return err
	}
	status, heard := s.wire.state()
	if status > 0 {
		code := types.RmcpStatusCode(status)
		text := fmt.Sprintf("status 0x%02x, %s", status, code)
		switch code {
		case types.RmcpStatusCodeNoResToCreateSess, types.RmcpStatusCodeNoResToCreateSessAtRole:
			return fmt.Errorf("%w: %s", errBusy, text)
		case types.RmcpStatusCodeInvalidRole, types.RmcpStatusCodeUnauthorizedRoleOfPriLevel:
			return &refusal{text, true}
		case types.RmcpStatusCodeInvalidNameLength, types.RmcpStatusCodeUnauthorizedName,
			types.RmcpStatusCodeInvalidIntegrityCheckValue:
			return &refusal{reason: text}
		case types.RmcpStatusCodeInvalidSessionID, types.RmcpStatusCodeInactiveSessionID:
			return fmt.Errorf("%w: the BMC dropped the log-in half-way: %s", errLost, text)
		default:
			return fmt.Errorf("%w: %s", errSuite, text)
		}
	}
	if errors.Is(err, client.ErrRAKPAuthentication) {
		if s.wire.wantedLast() == payloadRAKP4 {
			return &refusal{reason: "the BMC accepted the password but signs with another key (a BMC key, Kg, is set)"}
		}
		return &refusal{reason: "wrong password, or no such user"}
	}
	return unanswered(err, heard)
}

// guarded turns a panic of a decoder, on bytes that came from outside, into an error.
func guarded(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", errUnusable, p)
		}
	}()
	return f()
}

// unanswered sorts the library's errors for "nothing usable came back".
func unanswered(err error, heard bool) error {
	var timeout net.Error
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return errors.New("nothing listens on that port (connection refused)")
	case errors.As(err, &timeout) && timeout.Timeout(), isNoMatch(err):
		if heard {
			return fmt.Errorf("%w in time, though it has answered before", errLost)
		}
		return errLost
	}
	return err
}

// isNoMatch recognises what the library returns when its own deadline passes without an answer; it does not
// export that error.
func isNoMatch(err error) bool { return strings.Contains(err.Error(), "no datagram matched") }

// ended is the context's error. The library's read deadline is the context's, and may fire a moment earlier.
func ended(ctx context.Context) error {
	if deadline, ok := ctx.Deadline(); ok && ctx.Err() == nil && time.Until(deadline) <= 0 {
		return context.DeadlineExceeded
	}
	return ctx.Err()
}

// once hands the library the connection that was opened for it.
type once struct{ conn net.Conn }

func (o once) Dial(string, string) (net.Conn, error) { return o.conn, nil }

// send sends a command once and waits for its answer.
func (s *session) send(ctx context.Context, cmd command, data []byte) (answer []byte, err error) {
	if err := s.bmc.line.pace(ctx, s.bmc.target); err != nil {
		return nil, err
	}
	err = guarded(func() error {
		raw, err := s.c.RawCommand(ctx, types.NetFn(cmd.netFn), cmd.id, data, cmd.name)
		if err == nil {
			answer = raw.Response
		}
		return err
	})
	if err == nil {
		return answer, nil
	}
	var failure *types.ResponseError
	if errors.As(err, &failure) {
		if code := failure.CompletionCode(); code != types.CodeOK {
			return nil, &CommandError{BMC: s.bmc.target.label(), Command: cmd.name, Code: uint8(code), Text: completionText(code)}
		}
		return nil, fmt.Errorf("BMC %s: %s: %w: %w", s.bmc.target.label(), cmd.name, errUnusable, err)
	}
	if err := ended(ctx); err != nil {
		return nil, err
	}
	_, heard := s.wire.state()
	return nil, unanswered(err, heard)
}

// close ends the session on the BMC, so that its slot is free again, and the socket. It does not wait long: the
// request is out, and a BMC that does not answer forgets the session by itself.
func (s *session) close(ctx context.Context) {
	if s.open {
		s.open = false
		grace := time.Second
		if s.dead || ended(ctx) != nil {
			grace = 20 * time.Millisecond
			// Wakes a reader of the library's that still waits and holds its lock.
			_ = s.wire.SetReadDeadline(time.Now())
		}
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
		_ = guarded(func() error {
			_, err := s.c.CloseSession(closing, &app.CloseSessionRequest{SessionID: s.id})
			return err
		})
		cancel()
	}
	// The library's Close would wait for a reader that holds its lock; closing the wire below it frees both.
	_ = s.wire.Conn.Close()
}
