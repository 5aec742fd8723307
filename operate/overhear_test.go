package operate_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
	"github.com/cthulix/terraform-provider-cthulix/lab/bmc"
	"github.com/cthulix/terraform-provider-cthulix/lab/machine"
	"github.com/cthulix/terraform-provider-cthulix/operate"
)

// What an IPMI command is known by.
const (
	netTransport = 0x0c
	getSOL       = 0x22
	netApp       = 0x06
	activate     = 0x48
)

// talker is a machine with a serial console, and its BMC.
type talker struct {
	machine.Memory
	machine.Line
	served *bmc.BMC
	node   *ipmi.BMC

	mu    sync.Mutex
	codes map[[2]byte]byte // that the BMC answers to commands instead of carrying them out
	off   bool             // serial over LAN is disabled
	asked map[[2]byte]int
}

func (m *talker) intercept(netFn, id byte, _ []byte) ([]byte, byte, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	command := [2]byte{netFn, id}
	m.asked[command]++
	if m.off && command == [2]byte{netTransport, getSOL} {
		return []byte{0x11, 0}, 0, true
	}
	code, set := m.codes[command]
	return nil, code, set
}

func (m *talker) count(netFn, id byte) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.asked[[2]byte{netFn, id}]
}

func newTalker(t *testing.T) *talker {
	t.Helper()
	m := &talker{codes: map[[2]byte]byte{}, asked: map[[2]byte]int{}}
	var err error
	if m.served, err = bmc.New(bmc.Config{Name: "node1", Username: "admin", Password: "example", Intercept: m.intercept}, m); err != nil {
		t.Fatal(err)
	}
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- m.served.Serve(ctx, conn) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	m.node = ipmi.NewPool().Get(ipmi.Target{Name: "node1", Address: conn.LocalAddr().String(), Username: "admin", Password: "example"})
	return m
}

// hear listens until done says that it is enough of what ends up in a message, and returns that.
func (m *talker) hear(t *testing.T, h operate.Hearing, done func(end string) bool) string {
	t.Helper()
	h.Host, h.BMC = "node1", m.node
	o := h.Start(t.Context())
	defer o.Close()
	awaitThat(t, func() bool { return done(o.End()) }, func() string { return o.End() })
	text := operate.Explain(fmt.Errorf("apply: %w", o.Blame(errors.New("no agent"))))
	if n := m.served.OpenSessions(); n != 0 {
		t.Errorf("%d sessions were left open", n)
	}
	head, end, _ := strings.Cut(text, "\n\n")
	if head != "apply: no agent" {
		t.Errorf("the error became %q", text)
	}
	return end
}

func awaitThat(t *testing.T, holds func() bool, saw func() string) {
	t.Helper()
	deadline := time.NewTimer(20 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("it never came; saw: %s", saw())
		}
	}
}

func has(part string) func(string) bool {
	return func(s string) bool { return strings.Contains(s, part) }
}

func TestOverhears(t *testing.T) {
	m := newTalker(t)
	for i := range 500 {
		m.Say("[%4d] a line of a booting machine that is long enough to fill what is kept", i)
	}
	m.Say("\x1b[31mKernel panic\x1b[0m - not syncing\x07")
	m.Say(strings.Repeat("x", 500))
	end := m.hear(t, operate.Hearing{}, has("xxx"))
	lines := strings.Split(end, "\n")
	if lines[0] != "Serial console of node1, the last lines:" || len(lines) != 21 {
		t.Errorf("%d lines: %s", len(lines), end)
	}
	if lines[19] != `    Kernel panic - not syncing\x07` || lines[20] != "    "+strings.Repeat("x", 400)+"…" {
		t.Errorf("the end is %q", lines[19:])
	}
}

// A console that cannot be had is told in one line, and asked for again only where that may help.
func TestNoConsoleToHear(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(*talker)
		want    string
		asked   int // for the console, when it is not asked for again
	}{
		"disabled":        {func(m *talker) { m.off = true }, "serial over LAN is disabled on its BMC", 0},
		"disabled at all": {func(m *talker) { m.codes[[2]byte{netApp, activate}] = 0x81 }, "serial over LAN is disabled on its BMC", 1},
		"refused":         {func(m *talker) { m.codes[[2]byte{netApp, activate}] = 0xc1 }, "activate the console: completion code 0xc1 (invalid command)", 1},
		"untold": {func(m *talker) {
			m.codes[[2]byte{netTransport, getSOL}] = 0xc1
			m.codes[[2]byte{netApp, activate}] = 0x82
		}, "too many consoles", 1},
	} {
		t.Run(name, func(t *testing.T) {
			m := newTalker(t)
			m.mu.Lock()
			c.prepare(m)
			m.mu.Unlock()
			var told []string
			h := operate.Hearing{Host: "node1", BMC: m.node, Again: time.Millisecond, Tell: func(why string) { told = append(told, why) }}
			o := h.Start(t.Context())
			awaitThat(t, func() bool { return has(c.want)(o.End()) }, o.End)
			o.Close()
			if end := o.End(); strings.Contains(end, "\n") || !strings.HasPrefix(end, "Serial console of node1: not heard: ") {
				t.Errorf("got %q", end)
			}
			if n := m.count(netApp, activate); n != c.asked || len(told) != 1 {
				t.Errorf("asked %d times, told %q", n, told)
			}
			if n := m.served.OpenSessions(); n != 0 {
				t.Errorf("%d sessions were left open", n)
			}
		})
	}
}

// Somebody else's console stays theirs; when they are done, it is heard.
func TestConsoleOfOthers(t *testing.T) {
	m := newTalker(t)
	theirs, err := m.node.Console(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	h := operate.Hearing{Host: "node1", BMC: m.node, Again: time.Millisecond}
	o := h.Start(t.Context())
	defer o.Close()
	awaitThat(t, func() bool { return has("not heard: somebody else has it.")(o.End()) }, o.End)
	m.Say("theirs")
	if _, err := theirs.Read(make([]byte, 100)); err != nil {
		t.Errorf("their console: %v", err)
	}
	if err := theirs.Close(); err != nil {
		t.Fatal(err)
	}
	awaitThat(t, func() bool { return has("    theirs")(o.End()) }, o.End)

	// And whoever wants it takes it.
	if err := m.node.ReleaseConsole(t.Context()); err != nil {
		t.Fatal(err)
	}
	theirs, err = m.node.Console(t.Context())
	for ipmi.ConsoleInUse(err) { // it was quicker
		if err = m.node.ReleaseConsole(t.Context()); err == nil {
			theirs, err = m.node.Console(t.Context())
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	awaitThat(t, func() bool { return has("until it was lost (somebody else has it):\n    theirs")(o.End()) }, o.End)
	if err := theirs.Close(); err != nil {
		t.Error(err)
	}
}

// However a wait ends, the console is given back.
func TestConsoleIsGivenBack(t *testing.T) {
	for name, end := range map[string]func(o *operate.Overheard, cancel func()){
		"closed":      func(o *operate.Overheard, _ func()) {},
		"interrupted": func(_ *operate.Overheard, cancel func()) { cancel() },
	} {
		for _, open := range []bool{true, false} {
			t.Run(fmt.Sprint(name, open), func(t *testing.T) {
				m := newTalker(t)
				m.Say("up")
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				o := operate.Hearing{Host: "node1", BMC: m.node}.Start(ctx)
				if open {
					awaitThat(t, func() bool { return has("    up")(o.End()) }, o.End)
				}
				end(o, cancel)
				o.Close()
				if open { // who is interrupted does not wait for the answer
					awaitThat(t, func() bool { return m.served.OpenSessions() == 0 }, func() string { return "a session that was left open" })
				}
				console, err := m.node.Console(t.Context())
				if err != nil {
					t.Fatalf("the next one does not get it: %v", err)
				}
				if err := console.Close(); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// A BMC that does not answer delays nobody for long.
func TestMuteConsole(t *testing.T) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	mute := ipmi.NewPool().Get(ipmi.Target{Name: "mute", Address: conn.LocalAddr().String(), Username: "admin", Password: "example"})
	o := operate.Hearing{Host: "mute", BMC: mute, Open: 20 * time.Millisecond, Again: time.Hour}.Start(t.Context())
	awaitThat(t, func() bool { return has("its BMC did not open it within 20ms")(o.End()) }, o.End)
	o.Close()

	// Nor does one whose console is still being opened when the wait ends.
	o = operate.Hearing{Host: "mute", BMC: mute}.Start(t.Context())
	began := time.Now()
	o.Close()
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("it took %s to let go", took)
	}
}

func TestMachineOfAnotherKind(t *testing.T) {
	o := operate.Hearing{Host: "node1", BMC: &button{}}.Start(t.Context())
	if err := o.Blame(errors.New("x")); !strings.Contains(operate.Explain(err), "its controller has none") {
		t.Errorf("%v", operate.Explain(err))
	}
	if text := operate.Explain(errors.New("plain")); text != "plain" {
		t.Errorf("%q", text)
	}
}

// Each boot that an error is about has its console, after the text of it all.
func TestExplainsAllBoots(t *testing.T) {
	first := &operate.BootError{Err: errors.New("no agent"), Console: "first"}
	second := &operate.BootError{Err: fmt.Errorf("outer: %w", &operate.BootError{Err: errors.New("inner"), Console: "third"}), Console: "second"}
	err := fmt.Errorf("%w; and it could not return: %w", first, errors.Join(errors.New("plain"), second))
	if got, want := operate.Explain(err), err.Error()+"\n\nfirst\n\nsecond\n\nthird"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// What a machine says of secrets is in no message.
func TestConsoleKeepsSecrets(t *testing.T) {
	for _, c := range []struct{ said, want string }{
		{"ipmi: logged in with swordfish!", "ipmi: logged in with [withheld]"},
		{"ipmi: logged in with sword\x1b[1mfish!", "ipmi: logged in with [withheld]"},
		{"Command line: root=/dev/ram0 cthulix.token=sesame quiet", "Command line: root=/dev/ram0 cthulix.token=[withheld] quiet"},
		{`config: {"password": "open sesame", "user": "x"}`, `config: {"password": [withheld], "user": "x"}`},
		{"Authorization: Bearer sesame.3 sent", "Authorization: Bearer [withheld] sent"},
		{"GET http://admin:sesame@10.0.0.1/x", "GET http://[withheld]@10.0.0.1/x"},
		{"sesame\n-----END RSA PRIVATE KEY-----\nmounted", "[withheld] (2)\nmounted"},
		{"a\n-----BEGIN PRIVATE KEY-----\nsesame\n-----END PRIVATE KEY-----\nmounted", "a\n[withheld] (3)\nmounted"},
		{"mounted\n-----BEGIN EC PRIVATE KEY-----\nsesame", "mounted\n[withheld] (2)"},
		{"token ring: no secrets here", "token ring: no secrets here"},
	} {
		want := strings.ReplaceAll(strings.ReplaceAll(c.want, " (2)", "\n[withheld]"), " (3)", "\n[withheld]\n[withheld]")
		_, end, _ := strings.Cut(operate.Heard("node1", []byte(c.said), "swordfish!", ""), "\n")
		if got := strings.ReplaceAll(strings.TrimPrefix(end, "    "), "\n    ", "\n"); got != want {
			t.Errorf("%q became %q, want %q", c.said, got, want)
		}
	}
}

func FuzzOverheard(f *testing.F) {
	f.Add([]byte("Kernel panic\r\n\x1b[2Jpassword: swordfish\xff\x07"))
	f.Fuzz(func(t *testing.T, said []byte) {
		end := operate.Heard("node1", said, "swordfish")
		lines := strings.Split(end, "\n")
		if len(lines) > 21 || strings.Contains(end, "swordfish") {
			t.Errorf("%q", end)
		}
		for _, line := range lines {
			if len([]rune(line)) > 4+400+1 && line != lines[0] || strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Errorf("line %q", line)
			}
		}
	})
}
