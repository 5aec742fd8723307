package iossim

import (
	"context"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

const (
	// defaultVTYs is how many sessions can be open at once.
	defaultVTYs = 16
	// loginTime is how long a login may take.
	loginTime = 120 * time.Second
	// loginTries is how many passwords a connection may try.
	loginTries = 3
)

// Serve answers SSH on the listener until the context ends, then closes the
// listener and all sessions and returns nil. It can be called for several
// listeners at once. While the first one serves, the switch also speaks LLDP
// and CDP on its plane.
func (s *Sim) Serve(ctx context.Context, l net.Listener, hostKey ssh.Signer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	config, err := s.serverConfig(hostKey)
	if err != nil {
		return err
	}
	var sessions sync.WaitGroup
	defer sessions.Wait()
	defer cancel()
	s.speaking.Do(func() { sessions.Go(func() { s.speak(ctx) }) })
	for {
		conn, err := l.Accept()
		if ctx.Err() != nil {
			if err == nil {
				conn.Close()
			}
			return nil
		}
		if err != nil {
			cancel()
			return fmt.Errorf("switch %s: accept on %v: %w", s.cfg.Hostname, l.Addr(), err)
		}
		sessions.Go(func() { s.serveConn(ctx, conn, config) })
	}
}

func (s *Sim) serverConfig(hostKey ssh.Signer) (*ssh.ServerConfig, error) {
	config := &ssh.ServerConfig{
		ServerVersion: "SSH-2.0-Cisco-1.25",
		MaxAuthTries:  loginTries,
		PasswordCallback: func(meta ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
			return nil, s.login(meta.User(), string(password))
		},
		KeyboardInteractiveCallback: func(meta ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
			answers, err := ask("", "", []string{"Password: "}, []bool{false})
			if err != nil {
				return nil, err
			}
			if len(answers) != 1 {
				return nil, errLogin
			}
			return nil, s.login(meta.User(), answers[0])
		},
		BannerCallback: func(ssh.ConnMetadata) string {
			s.mu.Lock()
			defer s.mu.Unlock()
			if text := s.banner("login"); text != "" {
				return crlf(text) + "\r\n"
			}
			return ""
		},
		AuthLogCallback: func(meta ssh.ConnMetadata, method string, err error) {
			if err != nil && method != "none" {
				s.log.Info("login refused", "user", meta.User(), "from", meta.RemoteAddr().String(), "method", method)
			}
		},
	}
	if len(s.cfg.PublicKeys) > 0 {
		config.PublicKeyCallback = func(meta ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			have := s.cfg.PublicKeys[meta.User()]
			if have == nil || subtle.ConstantTimeCompare(have.Marshal(), key.Marshal()) != 1 {
				return nil, errLogin
			}
			return nil, nil
		}
	}
	if s.profile.OldSSH {
		// What a switch of before 2010 offers, and nothing else.
		config.ServerVersion = "SSH-1.99-Cisco-1.25"
		config.KeyExchanges = []string{ssh.InsecureKeyExchangeDH1SHA1, ssh.InsecureKeyExchangeDHGEXSHA1}
		config.Ciphers = []string{ssh.InsecureCipherAES128CBC, ssh.InsecureCipherTripleDESCBC}
		config.MACs = []string{ssh.HMACSHA1, ssh.InsecureHMACSHA196}
		multi, ok := hostKey.(ssh.AlgorithmSigner)
		if !ok || hostKey.PublicKey().Type() != ssh.KeyAlgoRSA {
			return nil, fmt.Errorf("switch %s: a %s speaks ssh-rsa alone: its host key must be an RSA key, not %s", s.cfg.Hostname, s.profile.Name, hostKey.PublicKey().Type())
		}
		old, err := ssh.NewSignerWithAlgorithms(multi, []string{ssh.KeyAlgoRSA})
		if err != nil {
			return nil, fmt.Errorf("switch %s: host key: %w", s.cfg.Hostname, err)
		}
		hostKey = old
	}
	config.AddHostKey(hostKey)
	return config, nil
}

var errLogin = errors.New("login invalid")

// login checks a password against the configuration's users.
func (s *Sim) login(user, password string) error {
	if s.cfg.Captured || s.profile.NXOS {
		have, ok := s.cfg.Users[user]
		if !ok || subtle.ConstantTimeCompare([]byte(have), []byte(password)) != 1 {
			return errLogin
		}
		return nil
	}
	s.mu.Lock()
	stored := ""
	for _, u := range s.run.find("username " + user) {
		for _, how := range []string{" secret ", " password "} {
			if _, value, ok := strings.Cut(u.line, how); ok {
				stored = value
			}
		}
	}
	s.mu.Unlock()
	if stored == "" || !checkSecret(stored, password) {
		return errLogin
	}
	return nil
}

// privilege is the level at which a user's session begins.
func (s *Sim) privilege(user string) int {
	level := 1
	if s.profile.NXOS || s.cfg.Captured && s.cfg.EnableSecret == "" {
		return 15
	}
	for _, u := range s.run.find("username " + user) {
		if _, after, ok := strings.Cut(u.line, " privilege "); ok {
			word, _, _ := strings.Cut(after, " ")
			level, _ = strconv.Atoi(word)
		}
	}
	if _, key := s.cfg.PublicKeys[user]; key && len(s.run.find("username "+user)) == 0 && s.cfg.EnableSecret == "" {
		level = 15
	}
	return level
}

// lineSays reports whether a setting of a vty is on, in one of the blocks of
// the configuration that its number is in.
func (s *Sim) lineSays(n int, setting string) bool {
	for _, st := range s.run.find("line vty") {
		f := strings.Fields(st.line)
		first, last := 0, 0
		if len(f) > 2 {
			first, _ = strconv.Atoi(f[2])
			last = first
		}
		if len(f) > 3 {
			last, _ = strconv.Atoi(f[3])
		}
		for _, l := range st.lines {
			if n >= first && n <= last && (l == setting || strings.HasPrefix(l, setting+" ")) {
				return true
			}
		}
	}
	return false
}

// open takes a free line for a session; nil when all are taken.
func (s *Sim) open(from net.Addr) (*session, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Now().Before(s.upAt) {
		s.stats.Refused++
		return nil, 0
	}
	host, _, err := net.SplitHostPort(from.String())
	if err != nil {
		host = from.String()
	}
	for n, v := range s.vtys {
		if v == nil {
			s.vtys[n] = newSession(s, fmt.Sprintf("vty%d (%s)", n, host))
			return s.vtys[n], n
		}
	}
	s.stats.Refused++
	return nil, 0
}

func (s *Sim) release(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.vtys[n] = nil
}

// serveConn serves one connection, which is one session: as on a real switch,
// a line is taken before the login.
func (s *Sim) serveConn(ctx context.Context, conn net.Conn, config *ssh.ServerConfig) {
	defer conn.Close()
	session, line := s.open(conn.RemoteAddr())
	if session == nil {
		s.log.Info("connection refused: no line is free", "from", conn.RemoteAddr().String())
		return
	}
	defer s.release(line)
	defer session.leave()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()

	_ = conn.SetDeadline(time.Now().Add(loginTime))
	server, channels, requests, err := ssh.NewServerConn(conn, config)
	if err != nil {
		return
	}
	_ = conn.SetDeadline(time.Time{})
	defer server.Close()
	s.mu.Lock()
	session.user = server.User()
	if session.level = s.privilege(session.user); session.level == 15 {
		session.context = inExec
	}
	s.stats.Logins++
	session.stamped = s.lineSays(line, "exec prompt timestamp")
	session.synchronous = s.lineSays(line, "logging synchronous")
	s.mu.Unlock()
	s.log.Info("login", "user", session.user, "line", session.where)

	var work sync.WaitGroup
	defer work.Wait()
	work.Go(func() { ssh.DiscardRequests(requests) })
	work.Go(func() {
		// However the session ends, the connection ends with it.
		<-session.done
		server.Close()
	})
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		session.cut()
	}()
	taken := false
	for ch := range channels {
		if ch.ChannelType() != "session" || taken {
			_ = ch.Reject(ssh.Prohibited, "one session a connection")
			continue
		}
		taken = true
		channel, reqs, err := ch.Accept()
		if err != nil {
			return
		}
		work.Go(func() { session.serveChannel(channel, reqs) })
	}
}

// serveChannel waits for what the client wants: a terminal and a shell, or one
// command.
func (s *session) serveChannel(channel ssh.Channel, requests <-chan *ssh.Request) {
	var work sync.WaitGroup
	defer work.Wait()
	defer channel.Close()
	started := false
	start := func(run func()) {
		started = true
		work.Go(func() {
			run()
			_, _ = channel.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{0}))
			channel.Close()
			s.sim.mu.Lock()
			s.cut()
			s.sim.mu.Unlock()
		})
	}
	for r := range requests {
		ok := false
		switch {
		case r.Type == "pty-req":
			ok = s.size(r.Payload, true)
		case r.Type == "window-change":
			ok = s.size(r.Payload, false)
		case r.Type == "shell" && !started:
			ok = true
			start(newTerminal(s, channel).run)
		case r.Type == "exec" && !started:
			var command struct{ Line string }
			if ok = ssh.Unmarshal(r.Payload, &command) == nil; ok {
				start(func() { s.once(channel, command.Line) })
			}
		}
		if r.WantReply {
			_ = r.Reply(ok, nil)
		}
	}
}

// once carries out a single command without a terminal.
func (s *session) once(w io.Writer, line string) {
	if fault := s.sim.strike(line, false); fault != nil && fault.Drop && !fault.After {
		return
	}
	io.WriteString(w, "\r\n"+crlf(s.answer(line)))
}

// size takes over the size of the client's terminal: a string and four numbers
// in pty-req, the numbers alone in window-change.
func (s *session) size(payload []byte, named bool) bool {
	if named {
		if len(payload) < 4 {
			return false
		}
		skip := binary.BigEndian.Uint32(payload)
		if uint32(len(payload)-4) < skip {
			return false
		}
		payload = payload[4+skip:]
	}
	if len(payload) < 8 {
		return false
	}
	columns, rows := binary.BigEndian.Uint32(payload), binary.BigEndian.Uint32(payload[4:])
	s.sim.mu.Lock()
	defer s.sim.mu.Unlock()
	if columns > 0 && columns <= 512 && named {
		s.width = int(columns)
	}
	if rows > 0 && rows <= 512 && named {
		s.length = int(rows)
	}
	return true
}

func crlf(text string) string { return strings.ReplaceAll(text, "\n", "\r\n") }
