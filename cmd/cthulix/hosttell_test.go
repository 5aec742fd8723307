package main

import (
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/bougou/go-ipmi/pkg/clock"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
	"github.com/cthulix/terraform-provider-cthulix/lab/machine"
)

// What a BMC tells.
func TestHostTells(t *testing.T) {
	c := newControllerAt(t, &machine.Memory{}, stoppedClock{clock.Real})
	for _, step := range []struct{ args, golden string }{
		{"power on node1", ""},
		{"sensors node1", "sensors.txt"},
		{"sensors node1 -o json", "sensors.json"},
		{"power off node1", ""},
		{"sel node1", "sel.txt"},
		{"sel node1 -o json", "sel.json"},
		{"sel node1 --clear", ""},
		{"sel node1", "sel-empty.txt"},
		{"sel node1 -o json", "sel-empty.json"},
	} {
		got := c.host(t, strings.Fields(step.args)...)
		if got.status != 0 || got.err != "" {
			t.Errorf("host %s: status %d, %s", step.args, got.status, got.err)
		}
		if step.golden != "" {
			golden(t, step.golden, got.out)
		}
	}
}

// A log that is followed begins with what is in it, and goes on until somebody
// ends that, which is no failure.
func TestHostFollowsLog(t *testing.T) {
	c := newController(t, &machine.Memory{})
	b := ipmi.New(ipmi.Target{Address: c.address, Username: "admin", Password: "swordfish-bmc"})
	if err := b.PowerOn(t.Context()); err != nil {
		t.Fatal(err)
	}
	follow := c.start(t, "sel", "node1", "--follow", "-o", "json")
	follow.await("S0")
	if err := b.PowerOff(t.Context()); err != nil {
		t.Fatal(err)
	}
	follow.await("S5")
	follow.interrupt()
	if got := follow.end(); got.status != 0 || got.err != "" || strings.Count(got.out, "\n") != 2 {
		t.Errorf("status %d, %s:\n%s", got.status, got.err, got.out)
	}
}

// talkative is a chassis whose serial console asks whoever opens it for a name.
type talkative struct{ machine.Memory }

func (s *talkative) OpenSerial(context.Context) (io.ReadWriteCloser, error) {
	here, there := net.Pipe()
	go func() {
		_, _ = io.WriteString(here, "login: \n")
		_, _ = io.Copy(io.Discard, here)
	}()
	return there, nil
}

// A console shows what the machine says until somebody ends that, and is free
// then for the next. Who has it is not pushed out unasked.
func TestHostConsole(t *testing.T) {
	c := newController(t, &talkative{})
	first := c.start(t, "console", "node1")
	first.await("login:")
	if got := c.host(t, "console", "node1"); got.status != exitFailed || !strings.Contains(got.err, "the console is in use") || !strings.Contains(got.err, "--take") {
		t.Errorf("a second console: status %d, %s", got.status, got.err)
	}
	if got := c.host(t, "console", "node1", "--bmc-username", "nobody"); got.status != exitFailed || strings.Contains(got.err, "--take") {
		t.Errorf("who must not: status %d, %s", got.status, got.err)
	}
	second := c.start(t, "console", "node1", "--take")
	if got := first.end(); got.status != exitFailed || !strings.Contains(got.err, "somebody else may have taken it") {
		t.Errorf("whose console was taken: status %d, %s", got.status, got.err)
	}
	interrupted := func(console *command) {
		t.Helper()
		console.await("login:")
		console.interrupt()
		if got := console.end(); got.status != 0 || got.err != "" {
			t.Errorf("interrupted: status %d, %s", got.status, got.err)
		}
	}
	interrupted(second)
	interrupted(c.start(t, "console", "node1"))
}

// duplex is the end of a console that somebody types at.
type duplex struct {
	io.Reader
	io.Writer
	closed chan struct{}
	once   sync.Once
}

func (d *duplex) Close() error {
	d.once.Do(func() { close(d.closed) })
	return nil
}

// What is typed goes to the machine up to the escape, which ends it.
func TestTalk(t *testing.T) {
	said, saying := io.Pipe()
	var typed, shown strings.Builder
	console := &duplex{Reader: said, Writer: &typed, closed: make(chan struct{})}
	keys, typing := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- talk(t.Context(), keys, &shown, console) }()
	for _, text := range []string{"root\r", "\x03reboot\r\x1dnot this"} {
		if _, err := io.WriteString(typing, text); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := io.WriteString(saying, "login: "); err != nil {
		t.Fatal(err)
	}
	<-console.closed
	saying.Close()
	if err := <-done; err != nil || typed.String() != "root\r\x03reboot\r" || shown.String() != "login: " {
		t.Errorf("%v, typed %q, shown %q", err, typed.String(), shown.String())
	}
}
