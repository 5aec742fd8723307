package iossim_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/cthulix/terraform-provider-cthulix/lab/iossim"
)

const (
	password = "correct horse"
	patience = 30 * time.Second
)

func newKey(t testing.TB) ssh.Signer {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

// serve starts a switch on loopback and returns where it listens.
func serve(t testing.TB, cfg iossim.Config) (*iossim.Sim, string) {
	t.Helper()
	if cfg.Hostname == "" {
		cfg.Hostname = "leaf1"
	}
	if cfg.Users == nil {
		cfg.Users = map[string]string{"admin": password}
	}
	sim, err := iossim.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- sim.Serve(ctx, l, newKey(t)) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return sim, l.Addr().String()
}

// shell is a user at a terminal.
type shell struct {
	t      testing.TB
	client *ssh.Client
	in     io.Writer
	out    io.Reader
	seen   bytes.Buffer
}

func dial(t testing.TB, address string, auth ...ssh.AuthMethod) (*ssh.Client, error) {
	t.Helper()
	if auth == nil {
		auth = []ssh.AuthMethod{ssh.Password(password)}
	}
	conn, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	c, channels, requests, err := ssh.NewClientConn(conn, address, &ssh.ClientConfig{
		User: "admin", Auth: auth, HostKeyCallback: ssh.InsecureIgnoreHostKey(),
	})
	if err != nil {
		conn.Close()
		return nil, err
	}
	client := ssh.NewClient(c, channels, requests)
	t.Cleanup(func() { client.Close() })
	return client, nil
}

func login(t testing.TB, address string, rows int) *shell {
	t.Helper()
	client, err := dial(t, address)
	if err != nil {
		t.Fatal(err)
	}
	session, err := client.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	in, err1 := session.StdinPipe()
	out, err2 := session.StdoutPipe()
	err3 := session.RequestPty("vt100", rows, 80, nil)
	if err := errors.Join(err1, err2, err3, session.Shell()); err != nil {
		t.Fatal(err)
	}
	return &shell{t: t, client: client, in: in, out: out}
}

// expect reads until the text appears and returns all up to its end.
func (s *shell) expect(text string) string {
	s.t.Helper()
	buf := make([]byte, 4096)
	for {
		if before, after, ok := strings.Cut(s.seen.String(), text); ok {
			s.seen.Reset()
			s.seen.WriteString(after)
			return before + text
		}
		n, err := s.out.Read(buf)
		s.seen.Write(buf[:n])
		if err != nil && n == 0 {
			s.t.Fatalf("waiting for %q: %v after %q", text, err, s.seen.String())
		}
	}
}

func (s *shell) send(keys string) {
	s.t.Helper()
	if _, err := io.WriteString(s.in, keys); err != nil {
		s.t.Fatalf("send %q: %v", keys, err)
	}
}

func (s *shell) run(line, prompt string) string {
	s.t.Helper()
	s.send(line + "\n")
	return s.expect(prompt)
}

func TestSessionOverSSH(t *testing.T) {
	sim, address := serve(t, iossim.Config{Ports: 4})
	sh := login(t, address, 40)
	sh.expect("leaf1#")
	for _, test := range []struct{ line, want string }{
		{"conf t", "conf t\r\nEnter configuration commands, one per line.  End with CNTL/Z.\r\nleaf1(config)#"},
		{"int gi1/0/1", "int gi1/0/1\r\nleaf1(config-if)#"},
		{"swithcport", "swithcport\r\n                     ^\r\n% Invalid input detected at '^' marker.\r\n\r\nleaf1(config-if)#"},
		{"sw\bhut", "sw\b \bhut\r\nleaf1(config-if)#"},
		{"description a\x15description bee", "description a" + strings.Repeat("\b \b", 13) + "description bee\r\nleaf1(config-if)#"},
		{"no shut\x1a", "no shut^Z\r\nleaf1#"},
		{"show pri\t", "show pri" + strings.Repeat("\b \b", 8) + "show privilege \r\nCurrent privilege level is 15\r\nleaf1#"},
		{"sho?", "sho?\r\nshow\r\n\r\nleaf1#sho\r\n% Incomplete command.\r\n\r\nleaf1#"},
		{"", "\r\nleaf1#"},
		{"\x1b[A", "sho\r\n% Incomplete command.\r\n\r\nleaf1#"},
	} {
		if !strings.HasSuffix(test.line, "\x1a") {
			test.line += "\r\n"
		}
		sh.send(test.line)
		got := ""
		for len(got) < len(test.want) {
			got += sh.expect("#")
		}
		if got != test.want {
			t.Fatalf("line %q:\n%q, want\n%q", test.line, got, test.want)
		}
	}
	if got := sim.RunningConfig(); !strings.Contains(got, "interface GigabitEthernet1/0/1\n description bee\n!") {
		t.Errorf("configuration:\n%s", got)
	}
	sh.send("exit\n")
	if rest, err := io.ReadAll(sh.out); err != nil {
		t.Errorf("after exit: %q, %v", rest, err)
	}
}

func TestPaging(t *testing.T) {
	_, address := serve(t, iossim.Config{Ports: 30})
	sh := login(t, address, 10)
	sh.expect("leaf1#")
	sh.send("show running-config\n")
	page := sh.expect("--More-- ")
	sh.send("\r")
	line := sh.expect("--More-- ")
	sh.send(" ")
	next := sh.expect("--More-- ")
	sh.send("q")
	sh.expect("leaf1#")
	if p, l, n := strings.Count(page, "\n"), strings.Count(line, "\n"), strings.Count(next, "\n"); l != 1 || n != 9 || p < 9 {
		t.Errorf("pages of %d, %d and %d lines", p, l, n)
	}
	sh.run("terminal length 0", "leaf1#")
	sh.run("", "leaf1#")
	if got := sh.run("show running-config", "end\r\n\r\nleaf1#"); strings.Contains(got, "More") {
		t.Error("paged in spite of terminal length 0")
	}
}

func TestEnable(t *testing.T) {
	_, address := serve(t, iossim.Config{EnableSecret: "open sesame", Ports: 4})
	sh := login(t, address, 40)
	sh.expect("leaf1>")
	if got := sh.run("show running-config", "leaf1>"); !strings.Contains(got, "Invalid input") {
		t.Errorf("not privileged: %q", got)
	}
	if got := sh.run("configure terminal", "leaf1>"); !strings.Contains(got, "Invalid input") {
		t.Errorf("not privileged: %q", got)
	}
	sh.run("enable", "Password: ")
	for range 2 {
		sh.run("wrong", "\r\nPassword: ")
	}
	if got := sh.run("wrong", "leaf1>"); !strings.Contains(got, "% Bad secrets") {
		t.Errorf("three wrong passwords: %q", got)
	}
	sh.run("en", "Password: ")
	if got := sh.run("open sesame", "leaf1#"); strings.Contains(got, "sesame") {
		t.Errorf("password echoed: %q", got)
	}
	sh.run("terminal length 0", "leaf1#")
	if got := sh.run("show running-config", "end\r\n\r\nleaf1#"); strings.Contains(got, "sesame") || !strings.Contains(got, "enable secret 9 $9$") {
		t.Errorf("configuration: %q", got)
	}
	sh.run("disable", "leaf1>")
}

func TestLogins(t *testing.T) {
	key := newKey(t)
	_, address := serve(t, iossim.Config{PublicKeys: map[string]ssh.PublicKey{"admin": key.PublicKey()}})
	interactive := func(answer string) ssh.AuthMethod {
		return ssh.KeyboardInteractive(func(_, _ string, questions []string, _ []bool) ([]string, error) {
			answers := make([]string, len(questions))
			for i := range answers {
				answers[i] = answer
			}
			return answers, nil
		})
	}
	for _, test := range []struct {
		name string
		auth ssh.AuthMethod
		ok   bool
	}{
		{"password", ssh.Password(password), true},
		{"wrong password", ssh.Password("guess"), false},
		{"keyboard-interactive", interactive(password), true},
		{"wrong keyboard-interactive", interactive("guess"), false},
		{"key", ssh.PublicKeys(key), true},
		{"wrong key", ssh.PublicKeys(newKey(t)), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := dial(t, address, test.auth); (err == nil) != test.ok {
				t.Errorf("login: %v", err)
			}
		})
	}
	client, err := dial(t, address)
	if err != nil {
		t.Fatal(err)
	}
	session, err := client.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	out, err := session.Output("show privilege")
	if err != nil || string(out) != "\r\nCurrent privilege level is 15\r\n" {
		t.Errorf("single command: %q, %v", out, err)
	}
}

func TestLinesRunOut(t *testing.T) {
	_, address := serve(t, iossim.Config{})
	var shells []*shell
	for range 16 {
		sh := login(t, address, 40)
		sh.expect("leaf1#")
		shells = append(shells, sh)
	}
	if _, err := dial(t, address); err == nil {
		t.Fatal("17 sessions at once")
	}
	// Several may configure at once; each sees what the others did.
	shells[0].run("conf t", "(config)#")
	shells[1].run("conf t", "(config)#")
	shells[0].run("vlan 20", "(config-vlan)#")
	shells[0].run("exit", "(config)#")
	if got := shells[1].run("do show vlan brief", "1005"); !strings.Contains(got, "VLAN0020") {
		t.Errorf("the other session sees %q", got)
	}
	shells[2].send("exit\n")
	if rest, err := io.ReadAll(shells[2].out); err != nil {
		t.Errorf("after exit: %q, %v", rest, err)
	}
	deadline := time.Now().Add(patience)
	for {
		// The line is free once the server has seen the connection end.
		client, err := dial(t, address)
		if err == nil {
			client.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("no line came free")
		}
	}
}

func TestFaults(t *testing.T) {
	sim, address := serve(t, iossim.Config{Ports: 4})
	for _, f := range []iossim.Fault{
		{Line: "^vlan 30$", Times: 1, Answer: "Command rejected: no memory"},
		{Line: "^show clock$", Noise: "*Mar  2 12:00:00.000: %LINK-3-UPDOWN: Interface GigabitEthernet1/0/2, changed state to up"},
		{Line: "^vlan 40$", Drop: true},
		{Line: "^vlan 50$", Drop: true, After: true},
	} {
		if err := sim.SetFault(f); err != nil {
			t.Fatal(err)
		}
	}
	if err := sim.SetFault(iossim.Fault{Line: "("}); err == nil {
		t.Error("a bad expression was taken")
	}
	sh := login(t, address, 40)
	sh.expect("leaf1#")
	if got := sh.run("show clock", "changed state to up\r\nleaf1#"); !strings.Contains(got, "UTC") {
		t.Errorf("noise: %q", got)
	}
	sh.run("conf t", "(config)#")
	if got := sh.run("vlan 30", "(config)#"); !strings.Contains(got, "no memory\r\n") {
		t.Errorf("answer: %q", got)
	}
	sh.run("vlan 30", "(config-vlan)#")
	sh.run("exit", "(config)#")
	for _, line := range []string{"vlan 40", "vlan 50"} {
		sh.send(line + "\n")
		if rest, err := io.ReadAll(sh.out); err != nil {
			t.Errorf("%s: %q, %v", line, rest, err)
		}
		sh = login(t, address, 40)
		sh.expect("leaf1#")
		sh.run("conf t", "(config)#")
	}
	sim.ClearFaults()
	got, err := sim.Exec("show vlan brief")
	if err != nil || !strings.Contains(got, "VLAN0030") || strings.Contains(got, "VLAN0040") || !strings.Contains(got, "VLAN0050") {
		t.Errorf("after the faults: %s %v", got, err)
	}
}

func TestReloadCutsSessions(t *testing.T) {
	sim, address := serve(t, iossim.Config{Ports: 4})
	sh := login(t, address, 40)
	sh.expect("leaf1#")
	if _, err := sim.Exec("conf t", "hostname kept", "do write", "hostname lost", "vlan 20"); err != nil {
		t.Fatal(err)
	}
	if err := sim.Reload(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(sh.out); err != nil {
		t.Errorf("session: %v", err)
	}
	sh = login(t, address, 40)
	sh.expect("kept#")
	if got := sh.run("show vlan brief", "1005"); !strings.Contains(got, "VLAN0020") {
		t.Errorf("vlan.dat did not survive: %q", got)
	}
	if sim.RunningConfig() != sim.StartupConfig() {
		t.Errorf("running configuration after a reload:\n%s\nstartup:\n%s", sim.RunningConfig(), sim.StartupConfig())
	}
}

// TestFaultKinds sets every kind of fault at the second configuration line and
// looks at what became of the session and of the configuration.
func TestFaultKinds(t *testing.T) {
	for _, kind := range iossim.FaultKinds() {
		t.Run(string(kind), func(t *testing.T) {
			sim, address := serve(t, iossim.Config{Ports: 4})
			if err := sim.SetFault(iossim.FaultAt(kind, 2)); err != nil {
				t.Fatal(err)
			}
			sh := login(t, address, 40)
			sh.expect("leaf1#")
			sh.run("conf t", "(config)#")
			sh.run("int gi1/0/1", "(config-if)#")
			sh.send("description struck\n")
			var ended, carriedOut bool
			switch kind {
			case iossim.DropBefore, iossim.DropAfter, iossim.RebootBefore, iossim.RebootAfter:
				rest, err := io.ReadAll(sh.out)
				if err != nil {
					t.Fatalf("%q, %v", rest, err)
				}
				ended, carriedOut = true, kind == iossim.DropAfter
			case iossim.HangBefore, iossim.HangAfter:
				sh.expect("struck\r\n")
				done := func() bool {
					return sim.PendingFaults() == 0 && (kind == iossim.HangBefore || strings.Contains(sim.RunningConfig(), "struck"))
				}
				for deadline := time.Now().Add(patience); !done() && time.Now().Before(deadline); {
					runtime.Gosched()
				}
				ended, carriedOut = true, kind == iossim.HangAfter
			default:
				got := sh.expect("(config-if)#")
				carriedOut = kind != iossim.RejectLine && kind != iossim.UnknownText && kind != iossim.Unauthorized
				if !carriedOut != (strings.Contains(got, "he lab ") || strings.Contains(got, "Command authorization failed.")) {
					t.Errorf("answer %q", got)
				}
				if kind == iossim.MidLineText && !strings.Contains(got, "des\r\n\r\n\a***\r\n*** --- SHUTDOWN in 0:01:00 ---\r\n***\r\ncription struck") {
					t.Errorf("echo %q", got)
				}
				if kind == iossim.SyslogBurst && strings.Count(got, "LINEPROTO") != 20 {
					t.Errorf("burst %q", got)
				}
			}
			if got := strings.Contains(sim.RunningConfig(), "struck"); got != carriedOut {
				t.Errorf("carried out: %v, want %v", got, carriedOut)
			}
			if sim.PendingFaults() != 0 {
				t.Error("the fault did not strike")
			}
			if ended {
				return
			}
			sh.run("end", "leaf1#")
			want := "[OK]"
			if kind == iossim.BusyNVRAM {
				want = "startup-config file open failed (Device or resource busy)"
			}
			sh.run("wr", want)
		})
	}
}

func TestRevertWarnsTheTerminal(t *testing.T) {
	sim, address := serve(t, iossim.Config{Ports: 4, Startup: "archive\n path flash:b"})
	sh := login(t, address, 40)
	sh.expect("leaf1#")
	sh.run("conf t rev t 2", "(config)#")
	sh.run("hostname lost", "lost(config)#")
	sim.Elapse(time.Minute)
	sh.expect("Rollback will begin in one minute.\r\nEnter \"configure confirm\" if you wish to keep what you've configured\r\n")
	sim.Elapse(time.Minute)
	sh.expect("Total number of passes: 1\r\nRollback Done\r\n")
	sh.run("end", "leaf1#")
	sh.run("reload in 5", "Save? [yes/no]: ")
	sh.run("no", "[confirm]")
	sh.send("\r")
	sh.expect("SHUTDOWN in 0:05:00")
	sh.run("reload cancel", "SHUTDOWN ABORTED")
}

func TestRefusals(t *testing.T) {
	sim, address := serve(t, iossim.Config{Ports: 4, VTYs: 1, BootTime: time.Hour})
	sh := login(t, address, 40)
	sh.expect("leaf1#")
	if _, err := dial(t, address); err == nil {
		t.Error("a second session on one line")
	}
	if got := sim.Stats(); got.Logins != 1 || got.Refused != 1 || sim.Sessions() != 1 {
		t.Errorf("stats %+v", got)
	}
	if err := sim.Reload(); err != nil {
		t.Fatal(err)
	}
	if _, err := dial(t, address); err == nil {
		t.Error("a session while the switch boots")
	}
}

func TestSynchronousLogging(t *testing.T) {
	sim, address := serve(t, iossim.Config{Ports: 4, Startup: "line vty 0 4\n logging synchronous\n exec prompt timestamp\nbanner login ^CKeep out^C\n"})
	sh := login(t, address, 40)
	sh.expect("leaf1#")
	sh.run("show clock", "Load for five secs:")
	sh.expect("Time source is NTP,")
	sh.expect("leaf1#")
	sh.run("terminal monitor", "leaf1#")
	sh.send("show ver")
	sh.expect("show ver")
	if _, err := sim.Exec("conf t", "int gi1/0/1", "shutdown", "end"); err != nil {
		t.Fatal(err)
	}
	sh.expect("changed state to administratively down\r\nleaf1#show ver")
}

func TestPrimaryServer(t *testing.T) {
	sim, err := iossim.New(iossim.Config{Hostname: "leaf1", Ports: 4})
	if err != nil {
		t.Fatal(err)
	}
	if out, err := sim.Exec("conf t", "vtp domain lab", "vtp version 3", "end"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if _, err := sim.Exec("conf t", "vlan 20"); err == nil || !strings.Contains(err.Error(), "not the primary server for vlan database") {
		t.Errorf("as no primary server: %v", err)
	}
	if out, err := sim.Exec("vtp primary force", "conf t", "vlan 20", "vlan 2000", "end", "show vlan id 2000"); err != nil {
		t.Errorf("as primary server: %v\n%s", err, out)
	}
}
