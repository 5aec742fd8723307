package agentd

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// standInInit is what process 1 does with its children, tried in a process
// that Linux gives orphans to as it does to process 1.
func standInInit() int {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		fmt.Println("prctl:", err)
		return 1
	}
	r := newReaper()
	out, in, err := os.Pipe()
	if err != nil {
		fmt.Println(err)
		return 1
	}
	start := func(script string) *child {
		c, err := r.start(Command{Path: "/bin/sh", Args: []string{"-c", script}, Env: os.Environ(), Dir: "/", Output: in})
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		return c
	}
	if _, err := r.start(Command{Path: "/no/such/program", Dir: "/", Output: in}); err == nil {
		fmt.Println("started a program that is not there")
		return 1
	}
	orphaned := start(`sh -c 'echo orphan; exit 7' & exit 5`)
	<-orphaned.Done()
	fmt.Println("parent:", orphaned.Exit())
	stopped := start("exec sleep 1000")
	fmt.Println("before:", stopped.Exit())
	if err := stopped.Signal(syscall.SIGTERM); err != nil {
		fmt.Println(err)
		return 1
	}
	<-stopped.Done()
	fmt.Println("stopped:", stopped.Exit(), stopped.Signal(syscall.SIGTERM))
	var many []*child
	for n := range 20 {
		many = append(many, start(fmt.Sprintf("exit %d", n)))
	}
	for n, c := range many {
		<-c.Done()
		if want := fmt.Sprintf("exit status %d", n); c.Exit() != want {
			fmt.Println("child", n, c.Exit())
			return 1
		}
	}
	in.Close()
	buf := make([]byte, 64)
	n, _ := out.Read(buf)
	fmt.Printf("said: %s", buf[:n])
	// Everything is reaped once there is no child at all.
	r.drain(10 * time.Second)
	var info unix.Siginfo
	fmt.Println("left:", unix.Waitid(unix.P_ALL, 0, &info, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil))
	return 0
}

func TestReaperTellsChildrenAndTakesOrphans(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, os.Args[0], "stand-in-init").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want := strings.Join([]string{
		"parent: exit status 5", "before: running",
		"stopped: signal: terminated os: process already finished",
		"said: orphan", "left: no child processes", "",
	}, "\n")
	if string(out) != want {
		t.Errorf("got\n%s\nwant\n%s", out, want)
	}
}

func TestACPIPowerButton(t *testing.T) {
	// As Linux 6.1 sent it when QEMU's power button was pressed.
	event := func(class string) []byte {
		b := []byte{1, 1, 0, 0, 0x30, 0, 1, 0}
		name := make([]byte, 20)
		copy(name, class)
		b = append(b, name...)
		bus := make([]byte, 16)
		copy(bus, "LNXPWRBN:00")
		b = append(b, bus...)
		return append(b, 0x80, 0, 0, 0, 1, 0, 0, 0)
	}
	if !acpiPowerButton(event("button/power")) {
		t.Error("the power button was not recognised")
	}
	for name, b := range map[string][]byte{
		"another class": event("button/sleep"), "short": event("button/power")[:20], "empty": nil,
		"another attribute": append([]byte{1, 1, 0, 0, 0x30, 0, 2, 0}, event("button/power")[8:]...),
		"short attribute":   append([]byte{1, 1, 0, 0, 5, 0, 1, 0}, event("button/power")[8:]...),
	} {
		if acpiPowerButton(b) {
			t.Errorf("%s: taken for the power button", name)
		}
	}
}
