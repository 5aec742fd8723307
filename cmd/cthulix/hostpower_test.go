package main

import (
	"strings"
	"testing"

	"github.com/cthulix/terraform-provider-cthulix/lab/machine"
)

// The verbs print what they do, and end with 0 when it is done.
func TestHostVerbs(t *testing.T) {
	c := newController(t, &machine.Memory{})
	var all strings.Builder
	for _, args := range []string{
		"power status node1", "power on node1", "power on node1 -o json", "identify node1 --for 10s", "identify node1 --forever -o json",
		"power status node1 -o json", "identify node1 --off", "power reset node1", "power cycle node1", "power soft node1", "power soft node1",
		"power off node1 -o json",
	} {
		got := c.host(t, strings.Fields(args)...)
		if got.status != 0 || got.err != "" {
			t.Errorf("host %s: status %d, %s", args, got.status, got.err)
		}
		all.WriteString("$ cthulix host " + args + "\n" + got.out)
	}
	golden(t, "host-verbs.txt", all.String())
}

// What is wrong is told on standard error, with a status of 1, and before
// anything is done where that can be known.
func TestHostVerbsRefuse(t *testing.T) {
	c := newController(t, &machine.Memory{})
	wrong := passwordFile(t, "not-it")
	for _, step := range []struct{ args, says string }{
		{"power on", "requires at least 1 arg"},
		{"power on node1 node2", "--bmc names the BMC of one host, and there are 2"},
		{"power explode node1", `there is no "cthulix host power explode"`},
		{"power on node1 -o yaml", "text and json are what there is"},
		{"power on node1 --cipher-suites 0", "cipher suite 0 accepts any password and is refused"},
		{"power on node1 --bmc-password-file /nowhere", "--bmc-password-file: open /nowhere: no such file"},
		{"power on node1 --bmc-username a-name-that-is-too-long", "IPMI has room for 16"},
		{"power on node1 --bmc-password-file " + wrong, "refused"},
		{"power soft node1 --grace soon", `invalid argument "soon"`},
		{"identify node1 --for 300s", "--for 5m0s: BMCs take 0s, which is off, to 4m15s"},
		{"identify node1 --for -1ns", "--for -1ns"},
		{"identify node1 --for 1s --off", "none of the others can be"},
		{"sensors node1 node2", "accepts 1 arg"},
		{"sel node1 --follow --clear", "none of the others can be"},
		{"console node1 -o json", "unknown shorthand flag"},
		{"reprovision node1", "no ophub address: set --ophub or CTHULIX_OPHUB_ADDR"},
		{"reprovision node1 --timeout 0s", "--timeout 0s"},
	} {
		got := c.host(t, strings.Fields(step.args)...)
		if got.status != exitFailed || !strings.HasPrefix(got.err, "cthulix: ") || !strings.Contains(got.err, step.says) {
			t.Errorf("host %s: status %d, said %q, printed %q; want %q", step.args, got.status, got.err, got.out, step.says)
		}
	}
	for args, says := range map[string]string{
		"power on node1": "CTHULIX_BMC_USERNAME and CTHULIX_BMC_PASSWORD, or --bmc-username",
		"drain node1":    "no ophub address", "release node1": "no ophub address", "adopt all": "no ophub address",
		"release": "requires at least 1 arg", "drain node1 --deadline -1s": "--deadline -1s",
	} {
		if got := start(t, nil, append([]string{"host"}, strings.Fields(args)...)...).end(); got.status != exitFailed || !strings.Contains(got.err, says) {
			t.Errorf("host %s: status %d, said %q, want %q", args, got.status, got.err, says)
		}
	}
	if n := c.Counts().Logins; n != 1 {
		t.Errorf("%d log-ins, want the one with the wrong password", n)
	}
}

// One host's failure does not stop the others, and is the status.
func TestHostVerbsGoOn(t *testing.T) {
	c := newController(t, &machine.Memory{})
	hub := records(t)
	putHost(t, hub, "node1", c.address)
	putHost(t, hub, "node2", "127.0.0.1:1")
	env := append([]string{"CTHULIX_OPHUB_ADDR=" + hub.Address()}, c.env...)
	got := start(t, env, "host", "power", "on", "node2", "node3", "node1").end()
	if got.status != exitFailed || !strings.Contains(got.out, "node1: power on: it is on (") {
		t.Errorf("status %d: %s", got.status, got.out)
	}
	for _, says := range []string{"cthulix: node2: ", "nothing listens on that port", "\nnode3: ", "no such record"} {
		if !strings.Contains(got.err, says) {
			t.Errorf("nobody was told %q:\n%s", says, got.err)
		}
	}
	got = start(t, env, "host", "power", "status", "-o", "json", "node2", "node1").end()
	if got.status != exitFailed || !strings.Contains(got.out, `"host": "node1"`) || strings.Contains(got.out, "node2") {
		t.Errorf("status %d: %s", got.status, got.out)
	}
}

// Who interrupts a verb is told how it stood.
func TestHostVerbsInterrupted(t *testing.T) {
	m := &machine.Memory{}
	m.IgnoreSoft()
	if err := m.PowerOn(t.Context()); err != nil {
		t.Fatal(err)
	}
	c := newController(t, m)
	soft := c.start(t, "power", "soft", "node1", "--grace", "-1s")
	soft.await("waiting for the operating system to shut down")
	soft.interrupt()
	if got := soft.end(); got.status != exitInterrupted || !strings.HasPrefix(got.err, "cthulix: interrupted: node1: ") {
		t.Errorf("status %d: %s", got.status, got.err)
	}
	if !m.Powered() {
		t.Error("its power was cut")
	}
}
