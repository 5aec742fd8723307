package ios

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/scrapli/scrapligo/transport"
	"golang.org/x/crypto/ssh"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// terminalWidth is wide enough that the switch never wraps or scrolls a line
// that we send.
const terminalWidth = 511

// sshTransport is scrapligo's transport over crypto/ssh with a dialer, a pinned
// host key and a context, none of which scrapligo's own has.
type sshTransport struct {
	client  *ssh.Client
	session *ssh.Session
	in      io.WriteCloser
	out     io.Reader

	once sync.Once
	lost chan struct{} // closed when reading has failed
	err  error         // why; read it after lost is closed
}

var _ transport.Implementation = (*sshTransport)(nil)

// Open does nothing: the transport is made open.
func (t *sshTransport) Open(*transport.Args) error { return nil }

// IsAlive says whether the switch can still be read.
func (t *sshTransport) IsAlive() bool {
	select {
	case <-t.lost:
		return false
	default:
		return true
	}
}

// Read turns every failure into io.EOF, which ends scrapligo's read loop; the
// reason is kept.
func (t *sshTransport) Read(n int) ([]byte, error) {
	b := make([]byte, n)
	n, err := t.out.Read(b)
	if n > 0 {
		return b[:n], nil
	}
	t.once.Do(func() {
		t.err = err
		if err == nil || errors.Is(err, io.EOF) {
			t.err = errClosed
		}
		close(t.lost)
	})
	return nil, io.EOF
}

// Write sends bytes to the switch.
func (t *sshTransport) Write(b []byte) error {
	_, err := t.in.Write(b)
	return err
}

// Close ends the connection. It can be called at any time, also to interrupt.
func (t *sshTransport) Close() error {
	err := t.client.Close()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// openSSH connects, authenticates once, and starts a shell.
func openSSH(ctx context.Context, target fabric.Target) (*sshTransport, error) {
	name := target.String()
	pins, err := parseHostKeys(target.HostKey)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	address := target.Address
	if _, _, err := net.SplitHostPort(address); err != nil {
		address = net.JoinHostPort(strings.Trim(address, "[]"), "22")
	}
	dial := target.Dial
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	conn, err := dial(ctx, "tcp", address)
	if err != nil {
		return nil, &UnreachableError{Switch: name, Doing: "connect to " + address, Err: err, Hint: "check the address and that SSH is enabled (`ip ssh version 2`, `transport input ssh`)"}
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	t, err := handshake(conn, address, target, pins)
	if !stop() && err == nil {
		err = ctx.Err()
		_ = t.Close()
	}
	if err != nil {
		_ = conn.Close()
		return nil, explainHandshake(ctx, err, target)
	}
	return t, nil
}

func handshake(conn net.Conn, address string, target fabric.Target, pins hostKeys) (*sshTransport, error) {
	var hostKeyErr error
	auth, err := authMethods(target)
	if err != nil {
		return nil, err
	}
	cfg := &ssh.ClientConfig{
		User:              target.Username,
		Auth:              auth,
		HostKeyCallback:   pins.check(target.String(), &hostKeyErr),
		HostKeyAlgorithms: pins.algorithms(),
	}
	if target.AllowLegacyAlgorithms {
		allowLegacy(cfg)
	}
	c, chans, reqs, err := ssh.NewClientConn(conn, address, cfg)
	if hostKeyErr != nil {
		return nil, hostKeyErr
	}
	if err != nil {
		return nil, err
	}
	t := &sshTransport{client: ssh.NewClient(c, chans, reqs), lost: make(chan struct{})}
	if err := t.shell(); err != nil {
		_ = t.Close()
		return nil, err
	}
	return t, nil
}

func (t *sshTransport) shell() (err error) {
	if t.session, err = t.client.NewSession(); err != nil {
		return fmt.Errorf("open a session: %w", err)
	}
	if t.in, err = t.session.StdinPipe(); err != nil {
		return err
	}
	if t.out, err = t.session.StdoutPipe(); err != nil {
		return err
	}
	modes := ssh.TerminalModes{ssh.ECHO: 1, ssh.TTY_OP_ISPEED: 115200, ssh.TTY_OP_OSPEED: 115200}
	if err = t.session.RequestPty("vt100", 24, terminalWidth, modes); err != nil {
		return fmt.Errorf("request a terminal: %w", err)
	}
	if err = t.session.Shell(); err != nil {
		return fmt.Errorf("start a shell: %w", err)
	}
	return nil
}

// errTriedOnce stops the client from offering a refused password a second time
// by another method: that is how accounts get locked.
var errTriedOnce = errors.New("the password was refused once and is not tried again")

func authMethods(target fabric.Target) ([]ssh.AuthMethod, error) {
	var methods []ssh.AuthMethod
	if target.PrivateKey != "" {
		signer, err := ssh.ParsePrivateKey([]byte(target.PrivateKey))
		if err != nil {
			// The library's text can quote nothing of the key.
			return nil, fmt.Errorf("the private key cannot be read: %w", err)
		}
		methods = append(methods, ssh.PublicKeys(signer))
	}
	if target.Password == "" {
		return methods, nil
	}
	tried := false
	methods = append(methods,
		ssh.PasswordCallback(func() (string, error) {
			tried = true
			return target.Password, nil
		}),
		ssh.KeyboardInteractive(func(_, _ string, questions []string, echos []bool) ([]string, error) {
			if len(questions) == 0 {
				return nil, nil
			}
			if tried {
				return nil, errTriedOnce
			}
			tried = true
			answers := make([]string, len(questions))
			for i := range questions {
				answers[i] = target.Password
				if i < len(echos) && echos[i] {
					answers[i] = target.Username
				}
			}
			return answers, nil
		}))
	return methods, nil
}

// allowLegacy offers what old IOS needs behind what is sound.
func allowLegacy(cfg *ssh.ClientConfig) {
	good, bad := ssh.SupportedAlgorithms(), ssh.InsecureAlgorithms()
	cfg.KeyExchanges = append(good.KeyExchanges, bad.KeyExchanges...)
	cfg.Ciphers = append(good.Ciphers, bad.Ciphers...)
	cfg.MACs = append(good.MACs, bad.MACs...)
	if cfg.HostKeyAlgorithms == nil {
		cfg.HostKeyAlgorithms = append(good.HostKeys, bad.HostKeys...)
	}
}

// explainHandshake makes a typed error of what the SSH client says.
func explainHandshake(ctx context.Context, err error, target fabric.Target) error {
	name := target.String()
	var hostKey *HostKeyError
	var negotiation *ssh.AlgorithmNegotiationError
	switch {
	case errors.As(err, &hostKey):
		return hostKey
	case errors.Is(err, errTriedOnce), strings.Contains(err.Error(), "unable to authenticate"):
		return &AuthError{Switch: name, User: target.Username, Stage: "login", Err: err}
	case errors.As(err, &negotiation):
		hint := "the switch offers only old algorithms: set allow_legacy_algorithms, or make a larger key and newer algorithms on it"
		if target.AllowLegacyAlgorithms {
			hint = "nothing that the switch offers is known here"
		}
		return &UnreachableError{Switch: name, Doing: "agree on SSH algorithms", Err: err, Hint: hint}
	case ctx.Err() != nil:
		return &UnreachableError{Switch: name, Doing: "open an SSH session", Err: fmt.Errorf("%w (%w)", context.Cause(ctx), err)}
	}
	return &UnreachableError{Switch: name, Doing: "open an SSH session", Err: err,
		Hint: "if the switch closes the connection at once, its vty lines may all be in use"}
}

// limit gives a context with a deadline of its own and a cause that says which.
func limit(ctx context.Context, d time.Duration, what string) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, d, fmt.Errorf("%w: %s within %s", context.DeadlineExceeded, what, d))
}
