package bmc_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestIpmitoolConsole opens the console with ipmitool.
func TestIpmitoolConsole(t *testing.T) {
	chassis := &serial{}
	_, node, address := serveAt(t, chassis)
	path, err := exec.LookPath("ipmitool")
	if err != nil {
		t.Fatal("this test needs ipmitool: apt-get install --no-install-recommends ipmitool")
	}
	host, port, err := net.SplitHostPort(address.String())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, "-I", "lanplus", "-H", host, "-p", port, "-U", "admin", "-P", password, "-C", "17", "sol", "activate")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var talking sync.WaitGroup
	talking.Go(func() {
		for chassis.wire() == nil {
			select {
			case <-ctx.Done():
				return
			case <-time.After(time.Millisecond):
			}
		}
		_, _ = io.WriteString(chassis.wire(), "login: \n")
	})
	for lines := bufio.NewScanner(out); ; {
		if !lines.Scan() {
			t.Error("ipmitool never showed what the machine said")
			break
		}
		if strings.Contains(lines.Text(), "login:") {
			break
		}
	}
	cancel() // and so it ends without a word to the controller
	_ = in.Close()
	_ = cmd.Wait()
	talking.Wait()
	if err := node.ReleaseConsole(minute(t)); err != nil {
		t.Error(err)
	}
}
