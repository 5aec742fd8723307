package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bougou/go-ipmi/pkg/clock"

	"github.com/cthulix/terraform-provider-cthulix/lab/bmc"
	"github.com/cthulix/terraform-provider-cthulix/lab/machine"
)

// asCommand, in the environment of this test, makes a command of it.
const asCommand = "CTHULIX_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// patience is how long a command may take.
const patience = time.Minute

// outcome is what a command printed, and how it ended.
type outcome struct {
	out, err string
	status   int
}

// command is one that can be interrupted.
type command struct {
	t     *testing.T
	cmd   *exec.Cmd
	lines chan string // of its standard output
	err   bytes.Buffer
	out   strings.Builder
}

// start starts `cthulix` as a process of its own, with nothing of the lab or of
// a site in its environment.
func start(t *testing.T, env []string, args ...string) *command {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	c := &command{t: t, cmd: exec.CommandContext(ctx, exe, args...), lines: make(chan string, 1000)}
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "CTHULIX_") {
			c.cmd.Env = append(c.cmd.Env, kv)
		}
	}
	c.cmd.Env = append(append(c.cmd.Env, asCommand+"=1"), env...)
	c.cmd.Stderr = &c.err
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(c.lines)
		for in := bufio.NewScanner(out); in.Scan(); {
			c.lines <- in.Text()
		}
	}()
	return c
}

// await waits until it prints a line with a text in it.
func (c *command) await(text string) {
	c.t.Helper()
	for line := range c.lines {
		c.out.WriteString(line + "\n")
		if strings.Contains(line, text) {
			return
		}
	}
	c.t.Fatalf("it ended without %q:\n%s", text, c.out.String())
}

func (c *command) interrupt() {
	c.t.Helper()
	if err := c.cmd.Process.Signal(os.Interrupt); err != nil {
		c.t.Fatal(err)
	}
}

// end waits for its end.
func (c *command) end() outcome {
	c.t.Helper()
	for line := range c.lines {
		c.out.WriteString(line + "\n")
	}
	err := c.cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		c.t.Fatal(err)
	}
	return outcome{c.out.String(), c.err.String(), c.cmd.ProcessState.ExitCode()}
}

// elapsed are the times in what verbs tell.
var elapsed = regexp.MustCompile(`\(\d+(\.\d+)?m?s\)|"elapsed_seconds":[\d.]+`)

// golden compares an output, without times and addresses in it, with a file.
// CTHULIX_UPDATE takes it over.
func golden(t *testing.T, name, got string) {
	t.Helper()
	got = elapsed.ReplaceAllStringFunc(got, func(s string) string {
		if s[0] == '(' {
			return "(TIME)"
		}
		return `"elapsed_seconds":0`
	})
	path := filepath.Join("testdata", name)
	if os.Getenv("CTHULIX_UPDATE") != "" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || got != string(want) {
		t.Errorf("%s: %v; got:\n%s", path, err, got)
	}
}

// stoppedClock shows one time.
type stoppedClock struct{ clock.Clock }

func (stoppedClock) Now() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }

// controller is a lab's BMC, and how `cthulix host` gets to it without records.
type controller struct {
	*bmc.BMC
	address string
	env     []string
	login   []string // flags
}

// newController serves a BMC in front of a chassis.
func newController(t *testing.T, chassis machine.Chassis) *controller {
	t.Helper()
	return newControllerAt(t, chassis, clock.Real)
}

// newControllerAt serves a BMC with another clock.
func newControllerAt(t *testing.T, chassis machine.Chassis, now clock.Clock) *controller {
	t.Helper()
	b, err := bmc.New(bmc.Config{Name: "node1", Username: "admin", Password: "swordfish-bmc", Clock: now}, chassis)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var served sync.WaitGroup
	served.Go(func() {
		if err := b.Serve(ctx, conn); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { cancel(); served.Wait() })
	c := &controller{BMC: b, address: conn.LocalAddr().String()}
	c.env = []string{"CTHULIX_BMC_USERNAME=admin", "CTHULIX_BMC_PASSWORD=swordfish-bmc"}
	c.login = []string{"--bmc", c.address}
	return c
}

// host runs `cthulix host` to its end.
func (c *controller) host(t *testing.T, args ...string) outcome {
	t.Helper()
	return c.start(t, args...).end()
}

func (c *controller) start(t *testing.T, args ...string) *command {
	t.Helper()
	return start(t, c.env, append(append([]string{"host"}, args...), c.login...)...)
}

// passwordFile holds a password, as an editor leaves it.
func passwordFile(t *testing.T, password string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte(password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
