package main

import (
	"bytes"
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cthulix/terraform-provider-cthulix/lab/bmc"
	"github.com/cthulix/terraform-provider-cthulix/lab/machine"
)

// runHost runs `cthulix host` against the BMC at an address.
func runHost(t *testing.T, address string, args ...string) (string, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("example\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	cmd := hostCommand()
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	cmd.SetArgs(append(args, "--bmc", address, "--bmc-username", "admin", "--bmc-password-file", file))
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

// The verbs find the BMC by its address, and its account by what the operator gives.
func TestHostVerbs(t *testing.T) {
	t.Setenv("CTHULIX_OPHUB_ADDR", "")
	var node machine.Memory
	controller, err := bmc.New(bmc.Config{Name: "node1", Username: "admin", Password: "example"}, &node)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- controller.Serve(ctx, conn) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	at := conn.LocalAddr().String()
	for _, step := range []struct{ args, says string }{
		{"power status node1", "node1: off"},
		{"power on node1", "node1: power on: it is on ("},
		{"power on node1", "it is on already"},
		{"identify node1 --for 10s", "the light is on for 10s"},
		{"power reset node1", "it was restarted"},
		{"power soft node1", "it has shut down"},
		{"sensors node1", "SENSOR"},
	} {
		out, err := runHost(t, at, strings.Fields(step.args)...)
		if err != nil || !strings.Contains(out, step.says) {
			t.Errorf("host %s: %v\n%s", step.args, err, out)
		}
	}
	if _, err := runHost(t, at, "power", "on", "node1", "node2"); err == nil || !strings.Contains(err.Error(), "--bmc names the BMC of one host") {
		t.Errorf("two hosts with one BMC: %v", err)
	}
	t.Setenv("CTHULIX_BMC_USERNAME", "")
	cmd := hostCommand()
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	cmd.SetArgs([]string{"power", "on", "node1", "--bmc", at})
	if err := cmd.ExecuteContext(t.Context()); err == nil || !strings.Contains(err.Error(), "CTHULIX_BMC_USERNAME") {
		t.Errorf("without an account: %v", err)
	}
}
