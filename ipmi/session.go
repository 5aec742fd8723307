package ipmi

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// session is an open log-in on a controller. It is used by one goroutine, the holder of the line's turn.
type session struct {
	bmc    *BMC
	conn   net.Conn
	sealer *sealer
	wait   time.Duration // for one answer
	// own and id are the session's numbers, ours and the controller's; outbound and sequence count what we send.
	own, id            uint32
	outbound, sequence uint32
	buffer             [maxPacket]byte
	unhook             func()
	// heard: something came back at all. open: there is a session to close. dead: it no longer answers.
	heard, open, dead bool
}

var (
	cmdSetPrivilege = command{"set privilege level", netApp, 0x3b}
	cmdCloseSession = command{"close session", netApp, 0x3c}
)

// tries is how often a step that may be repeated is sent, before the BMC counts as silent.
const tries = 3

// busyPause is the first pause after "insufficient resources for a session"; it doubles up to busyRest. A BMC may
// have no more than four sessions, and keeps one whose client has died for a minute (IPMI 2.0 §6.12.15: 60 s, and 3 s
// more); so long is waited for one to be free.
const (
	busyPause    = 500 * time.Millisecond
	busyRest     = 4 * time.Second
	busyPatience = 64 * time.Second
)

// The causes that connect tells apart.
var (
	errSuite    = errors.New("cipher suite not offered")
	errBusy     = errors.New("no free session")
	errLost     = errors.New("no answer")
	errDropped  = errors.New("the log-in did not come to its end")
	errUnusable = errors.New("answer cannot be read")
	errRefused  = errors.New("nothing listens on that port (connection refused)")
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
	rest, began := busyPause, time.Now()
	for lost := 0; ; {
		s, err := b.logIn(ctx, suite, level)
		switch {
		case err == nil:
			return s, nil
		case ended(ctx) != nil:
			return nil, ended(ctx)
		case errors.Is(err, errBusy) && time.Since(began) < busyPatience:
			if ended := pause(ctx, rest); ended != nil {
				return nil, fmt.Errorf("%w: %w", ended, err)
			}
			rest = min(2*rest, busyRest)
		case errors.Is(err, errDropped) && lost < tries-1:
			// A BMC that is flooded with log-ins drops those that are half-way, and would do it again at once.
			if ended := pause(ctx, busyPause); ended != nil {
				return nil, fmt.Errorf("%w: %w", ended, err)
			}
			lost++
		default:
			return nil, err
		}
	}
}

// logIn makes one try at a log-in.
func (b *BMC) logIn(ctx context.Context, suite int, level Privilege) (_ *session, err error) {
	host, port, err := b.target.split()
	if err != nil {
		return nil, err
	}
	dial := b.target.Dial
	if dial == nil {
		dial = (&net.Dialer{Timeout: b.target.timeout()}).DialContext
	}
	conn, err := dial(ctx, "udp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return nil, err
	}
	s := &session{bmc: b, conn: conn, wait: b.target.timeout()}
	s.unhook = wakeOn(ctx, conn)
	defer func() {
		if err != nil {
			s.close(ctx)
		}
	}()
	if err := s.authenticate(ctx, suites[suite], level); err != nil {
		return nil, err
	}
	for range tries {
		if _, err = s.send(ctx, cmdSetPrivilege, []byte{byte(level)}); !errors.Is(err, errLost) {
			break
		}
	}
	var code *CommandError
	if errors.As(err, &code) {
		return nil, &refusal{fmt.Sprintf("the account has no %s privilege: %s", level, code.Text), true}
	}
	if errors.Is(err, errLost) {
		return nil, fmt.Errorf("%w: %w", errDropped, err)
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// wakeOn ends a read of conn when the context ends. After undo, no deadline is touched any more.
func wakeOn(ctx context.Context, conn net.Conn) (undo func()) {
	woken := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(woken)
		_ = conn.SetReadDeadline(time.Unix(1, 0))
	})
	return sync.OnceFunc(func() {
		if !stop() {
			<-woken
		}
	})
}

// exchange sends a packet once and reads until answers says that its answer has come.
func (s *session) exchange(ctx context.Context, packet []byte, answers func(packet []byte) bool) error {
	if _, err := s.conn.Write(packet); err != nil {
		return s.silence(ctx, err)
	}
	until := time.Now().Add(s.wait)
	if deadline, ok := ctx.Deadline(); ok && deadline.Before(until) {
		until = deadline
	}
	if err := s.conn.SetReadDeadline(until); err != nil {
		return s.silence(ctx, err)
	}
	for {
		// The context may have ended before the deadline was set.
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := s.conn.Read(s.buffer[:])
		if err != nil {
			return s.silence(ctx, err)
		}
		if answers(s.buffer[:n]) {
			s.heard = true
			return nil
		}
	}
}

// silence says why no answer came.
func (s *session) silence(ctx context.Context, err error) error {
	if err := ended(ctx); err != nil {
		return err
	}
	var timeout net.Error
	switch {
	case errors.Is(err, syscall.ECONNREFUSED) && s.heard:
		return fmt.Errorf("%w: the BMC has stopped listening, as one that restarts", errLost)
	case errors.Is(err, syscall.ECONNREFUSED):
		return errRefused
	case errors.As(err, &timeout) && timeout.Timeout():
		if s.heard {
			return fmt.Errorf("%w in time, though it has answered before", errLost)
		}
		return errLost
	}
	return err
}

// ended is the context's error. A read's deadline is the context's, and may fire a moment earlier.
func ended(ctx context.Context) error {
	if deadline, ok := ctx.Deadline(); ok && ctx.Err() == nil && time.Until(deadline) <= 0 {
		return context.DeadlineExceeded
	}
	return ctx.Err()
}

// packet makes the next packet of the session.
func (s *session) packet(kind byte, payload []byte) []byte {
	s.outbound++
	return s.sealer.seal(kind, s.id, s.outbound, payload)
}

// request makes the next packet with a command, and returns the number that its answer will have.
func (s *session) request(cmd command, data []byte) (packet []byte, sequence byte) {
	s.sequence++
	sequence = byte(s.sequence & 0x3f)
	m := message{netFn: cmd.netFn, sequence: sequence, id: cmd.id, data: data}
	return s.packet(payloadIPMI, m.request()), sequence
}

// send sends a command once and waits for its answer.
func (s *session) send(ctx context.Context, cmd command, data []byte) (answer []byte, err error) {
	if err := s.bmc.line.pace(ctx, s.bmc.target); err != nil {
		return nil, err
	}
	return s.transact(ctx, cmd, data)
}

// transact is send without heed to the pace.
func (s *session) transact(ctx context.Context, cmd command, data []byte) (answer []byte, err error) {
	packet, sequence := s.request(cmd, data)
	err = s.exchange(ctx, packet, func(packet []byte) bool {
		kind, session, payload, ok := s.sealer.open(packet)
		if !ok || kind != payloadIPMI || session != s.own {
			return false
		}
		m, ok := parseAnswer(payload)
		if !ok || m.sequence != sequence || m.id != cmd.id || m.netFn != cmd.netFn|1 {
			return false
		}
		answer = append([]byte(nil), m.data...)
		return true
	})
	if err != nil {
		return nil, err
	}
	return s.judge(cmd, answer)
}

// judge takes the completion code off an answer.
func (s *session) judge(cmd command, answer []byte) ([]byte, error) {
	if code := answer[0]; code != 0 {
		return nil, &CommandError{BMC: s.bmc.target.label(), Command: cmd.name, Code: code, Text: completionText(cmd, code)}
	}
	return answer[1:], nil
}

// closing is how long the answer to the end of a session is waited for, in all: a BMC that does not answer forgets
// the session by itself, but until then has one less for others.
const closing = time.Second

// close ends the session on the BMC, so that its slot is free again, and the socket.
func (s *session) close(ctx context.Context) {
	s.unhook()
	if s.open {
		s.open = false
		s.logOut(ctx)
	}
	_ = s.conn.Close()
}

// logOut tells the BMC that the session is over.
func (s *session) logOut(ctx context.Context) {
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), closing)
	defer cancel()
	wait := min(s.wait, closing/tries)
	if s.dead || ended(ctx) != nil {
		wait = 0 // the packet is not lost, most of the time
	}
	s.wait = wait
	for range tries {
		packet, _ := s.request(cmdCloseSession, binary.LittleEndian.AppendUint32(nil, s.id))
		err := s.exchange(limited, packet, func(packet []byte) bool {
			kind, session, _, ok := s.sealer.open(packet)
			return ok && kind == payloadIPMI && session == s.own
		})
		if err == nil {
			return
		}
	}
}
