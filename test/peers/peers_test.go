// Package peers runs other projects' clients against what the lab simulates, so
// that it is not right for our own alone: Ansible's Cisco modules and netmiko
// against each model of switch, and ipmitool against a BMC.
package peers

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"time"
)

// TestIPMItool runs the script that says what has to hold.
func TestIPMItool(t *testing.T) {
	if os.Getenv("CTHULIX_BIN") == "" {
		t.Fatal("CTHULIX_BIN is not set: run `make test-e2e`, which builds what this test runs")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "./ipmitool")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 30 * time.Second
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatal(err)
	}
}
