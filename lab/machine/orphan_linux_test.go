package machine

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// makerDir, when set, makes the test binary start a machine in that directory, tell its pid and wait to be killed.
const makerDir = "CTHULIX_TEST_MAKER_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(makerDir); dir != "" {
		os.Exit(maker(dir))
	}
	os.Exit(m.Run())
}

func maker(dir string) int {
	m, err := New(Config{Name: "orphan", RunDir: dir, MemoryMiB: 128, Accelerator: acceleratorTCG})
	if err == nil {
		err = m.PowerOn(context.Background())
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println("pid", m.PID())
	_, _ = io.Copy(io.Discard, os.Stdin)
	return 0
}

// TestMachineDiesWithItsMaker kills a program that runs a machine; the machine must not stay behind.
func TestMachineDiesWithItsMaker(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(cmd.Environ(), makerDir+"="+shortDir(t))
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stdin.Close() }()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, readErr := bufio.NewReader(stdout).ReadString('\n')
	pid, err := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(line, "pid ")))
	if err != nil {
		_ = cmd.Process.Kill()
		t.Fatalf("%q, %v, %v", line, readErr, err)
	}
	// A descriptor of the process tells when it ends, though it is no child of ours.
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Close(fd) }()
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // "signal: killed", by us
	poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	for deadline := time.Now().Add(30 * time.Second); ; {
		n, err := unix.Poll(poll, int(time.Until(deadline).Milliseconds()))
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil || n != 1 {
			t.Fatalf("QEMU (pid %d) outlived its maker: %v", pid, err)
		}
		return
	}
}
