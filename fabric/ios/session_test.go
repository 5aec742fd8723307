package ios

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

const syslog = "*Apr  1 09:44:52.985: %LINEPROTO-5-UPDOWN: Line protocol on Interface GigabitEthernet1/0/7, changed state to up"

func wantNode1() fabric.Want {
	return fabric.Want{
		VLANs: map[int]fabric.VLAN{20: {Name: "cluster"}},
		Ports: map[string]fabric.Port{gi1: {Mode: fabric.ModeAccess, AccessVLAN: 20, Description: "node1", PortFast: true}},
	}
}

func converge(t *testing.T, d *fakeDevice, want fabric.Want) (fabric.Observation, fabric.Change, error) {
	t.Helper()
	return Converge(t.Context(), d.target(), want, ConvergeOptions{Save: true})
}

// TestConverge goes there and back on devices that make reading hard.
func TestConverge(t *testing.T) {
	for _, tc := range []struct {
		name string
		set  func(*fakeDevice)
	}{
		{"plain", func(*fakeDevice) {}},
		{"one byte a write", func(d *fakeDevice) { d.chunk = 1 }},
		{"enable password", func(d *fakeDevice) { d.enable = testEnable; d.keyboard = true }},
		{"banner with lines like prompts", func(d *fakeDevice) {
			d.login = "\nWelcome to\nSW1#\nleaf1>\nleaf1#\ninterface GigabitEthernet1/0/1\n shutdown\nend\n"
			d.sw.banner = "Welcome to\nleaf1#\ninterface GigabitEthernet1/0/1\n shutdown\nend\nleaf1#"
			d.chunk = 1
		}},
		{"log lines in echoes", func(d *fakeDevice) {
			d.at("interface "+gi1, fault{log: syslog})
			d.at("switchport mode access", fault{log: syslog, redraw: true})
			d.at("show running-config", fault{log: syslog, redraw: true})
			d.at("terminal length 0", fault{log: syslog})
		}},
		{"log line behind the prompt", func(d *fakeDevice) {
			d.at("end", fault{behind: "*Apr  1 09:44:53.000: %SYS-5-CONFIG_I: Configured from console by admin on vty0 (127.0.0.1)", times: 9})
		}},
		{"log line behind the prompt, byte by byte", func(d *fakeDevice) {
			d.chunk = 1
			d.at("end", fault{behind: "Apr  1 2026 09:44:53 UTC: %SYS-5-CONFIG_I: Configured from console by admin on vty0 (127.0.0.1)", times: 9})
		}},
		{"long host name", func(d *fakeDevice) { d.sw.host = "leaf1-with-a-very-long-name.row7" }},
		{"timestamps and pages", func(d *fakeDevice) { d.timestamps = true; d.paging = 7 }},
		{"VTP transparent", func(d *fakeDevice) { d.sw.vtp = "transparent" }},
		{"locked for a while", func(d *fakeDevice) {
			d.at("configure terminal", fault{answer: "Configuration mode is locked by process '484' user 'NETCONF' from terminal '64'. Please try later.\n", times: 3})
		}},
		{"NVRAM busy, then a question", func(d *fakeDevice) {
			d.at("write memory", fault{answer: "Building configuration...\nstartup-config file open failed (Device or resource busy)\n", times: 2})
		}},
		{"NVRAM of another version", func(d *fakeDevice) {
			d.at("write memory", fault{ask: "Warning: Attempting to overwrite an NVRAM configuration previously written\nby a different version of the system image.\nOverwrite the previous NVRAM configuration?[confirm]"})
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := startDevice(t, newFakeSwitch("leaf1", 3))
			tc.set(d)
			before := d.sw.running() + d.sw.showVLANs()
			obs, change, err := converge(t, d, wantNode1())
			if err != nil {
				t.Fatal(err)
			}
			wantLines := []string{"description node1", "switchport access vlan 20", "switchport mode access", "spanning-tree portfast"}
			if got := d.sw.ports[gi1].lines(); !slices.Equal(got, []string{"description node1", "switchport access vlan 20", "switchport mode access", "spanning-tree portfast"}) {
				t.Errorf("port is %q, want %q", got, wantLines)
			}
			if d.sw.saved != d.sw.running() {
				t.Error("the change is not saved")
			}
			if obs.Ports[gi1].AccessVLAN != 20 || obs.VLANs[20].Name != "cluster" || obs.Model != "WS-C2960X-48TS-L" || obs.Hostname != d.sw.host {
				t.Errorf("observation %+v", obs)
			}
			if d.sessions != 2 {
				t.Errorf("%d sessions, want one to change and one to verify", d.sessions)
			}
			if _, back, err := converge(t, d, change.Undo); err != nil || back.Empty() {
				t.Fatalf("undo: %v", err)
			}
			if got := d.sw.running() + d.sw.showVLANs(); got != before {
				t.Errorf("undo leaves %s", cmp.Diff(before, got))
			}
		})
	}
}

func TestConvergeTwiceSendsNothing(t *testing.T) {
	d := startDevice(t, newFakeSwitch("leaf1", 3))
	for range 2 {
		if _, _, err := converge(t, d, wantNode1()); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	for _, l := range d.lines() {
		if l == "configure terminal" || l == "write memory" {
			n++
		}
	}
	if n != 2 {
		t.Errorf("configured and saved %d times in two runs, want once each", n)
	}
}

// TestApplyFaults fails every line of a change in every way: the switch ends as
// it was, and the error names the line.
func TestApplyFaults(t *testing.T) {
	obs := observe(t, newFakeSwitch("leaf1", 3))
	change, err := Plan(obs, wantNode1())
	if err != nil {
		t.Fatal(err)
	}
	faults := map[string]fault{
		"rejected":           {answer: "Command rejected: not today\n"},
		"unknown answer":     {answer: "The moon is full\n"},
		"invalid input":      {answer: invalid},
		"connection dropped": {drop: true},
		"answer lost":        {lose: true},
	}
	for name, f := range faults {
		for i, line := range change.Commands {
			t.Run(fmt.Sprintf("%s/%d %s", name, i+1, line), func(t *testing.T) {
				d := startDevice(t, newFakeSwitch("leaf1", 3))
				before := d.sw.running() + d.sw.showVLANs()
				d.at(line, f)
				_, _, err := converge(t, d, wantNode1())
				var ae *ApplyError
				if !errors.As(err, &ae) {
					t.Fatalf("got %v, want an ApplyError", err)
				}
				if ae.Line != line || ae.Number != i+1 || !ae.RolledBack {
					t.Errorf("error is about line %d %q, rolled back %t: %v", ae.Number, ae.Line, ae.RolledBack, err)
				}
				if got := d.sw.running() + d.sw.showVLANs(); got != before {
					t.Errorf("the switch is not as before: %s", cmp.Diff(before, got))
				}
				if d.sw.saved != "" {
					t.Error("a failed change was saved")
				}
				noSecret(t, "the error", err.Error())
			})
		}
	}
}

func TestApplyNotice(t *testing.T) {
	d := startDevice(t, newFakeSwitch("leaf1", 3))
	s, err := Dial(t.Context(), d.target())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	res, err := s.Apply(t.Context(), fabric.Change{Commands: []string{"interface " + gi1, "switchport access vlan 30"}})
	if err != nil {
		t.Fatal(err)
	}
	if last := res.Exchanges[1]; last.Class != ClassNotice || last.Answer != "% Access VLAN does not exist. Creating vlan 30" {
		t.Errorf("got %+v", last)
	}
}

// TestCancelInMidApply ends the context while a line waits for its answer: the
// call returns soon, and the way back is taken all the same.
func TestCancelInMidApply(t *testing.T) {
	d := startDevice(t, newFakeSwitch("leaf1", 3))
	before := d.sw.running()
	d.at("switchport mode access", fault{silent: true})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	target := d.target()
	logs := &logBuffer{}
	target.Logger = slog.New(slog.NewTextHandler(&cancelOn{logs, `line="switchport access vlan 20"`, cancel}, &slog.HandlerOptions{Level: slog.LevelDebug}))
	_, _, err := Converge(ctx, target, wantNode1(), ConvergeOptions{})
	var ae *ApplyError
	if !errors.As(err, &ae) || !errors.Is(err, context.Canceled) || !ae.RolledBack {
		t.Fatalf("got %v", err)
	}
	if got := d.sw.running(); got != before {
		t.Errorf("the switch is not as before: %s", cmp.Diff(before, got))
	}
	noSecret(t, "the log", logs.String())
}

// cancelOn cancels when a text is logged: an event to wait for.
type cancelOn struct {
	to     *logBuffer
	text   string
	cancel context.CancelFunc
}

func (c *cancelOn) Write(p []byte) (int, error) {
	if strings.Contains(string(p), c.text) {
		c.cancel()
	}
	return c.to.Write(p)
}

func TestChangedSincePlan(t *testing.T) {
	d := startDevice(t, newFakeSwitch("leaf1", 3))
	want := wantNode1()
	obs := observe(t, d.sw)
	scope := fabric.ScopeFingerprint(obs, want)
	d.sw.ports[gi2].description = "by hand" // not in the scope
	if _, _, err := Converge(t.Context(), d.target(), want, ConvergeOptions{Fingerprint: scope}); err != nil {
		t.Fatalf("a change outside of the scope: %v", err)
	}
	_, _, err := Converge(t.Context(), d.target(), want, ConvergeOptions{Fingerprint: scope})
	var ce *ChangedError
	if !errors.As(err, &ce) || !strings.Contains(err.Error(), "changed since the plan: plan again") {
		t.Errorf("got %v", err)
	}
}

func TestUnmetIsRefusedAtApply(t *testing.T) {
	d := startDevice(t, newFakeSwitch("leaf1", 3))
	want := wantNode1()
	want.VLANs = nil
	_, _, err := converge(t, d, want)
	var ue *UnmetError
	var fe *fabric.FieldError
	if !errors.As(err, &ue) || !errors.As(err, &fe) || slices.Contains(d.lines(), "configure terminal") {
		t.Errorf("got %v", err)
	}
}

func TestVerifyUndoes(t *testing.T) {
	d := startDevice(t, newFakeSwitch("leaf1", 3))
	before := d.sw.running()
	d.at("switchport mode access", fault{answer: "% Access VLAN does not exist. Creating vlan 20\n"}) // "taken", without effect
	_, _, err := converge(t, d, wantNode1())
	var ve *VerifyError
	if !errors.As(err, &ve) || !ve.RolledBack || !slices.Contains(ve.Missing, "switchport mode access") {
		t.Fatalf("got %v", err)
	}
	if d.sw.running() != before {
		t.Error("the switch is not as before")
	}
}

func TestSaveFails(t *testing.T) {
	d := startDevice(t, newFakeSwitch("leaf1", 3))
	d.at("write memory", fault{answer: "%Error opening nvram:/startup-config (Read-only file system)\n"})
	obs, change, err := converge(t, d, wantNode1())
	var se *SaveError
	if !errors.As(err, &se) {
		t.Fatalf("got %v", err)
	}
	if change.Empty() || obs.Ports[gi1].AccessVLAN != 20 {
		t.Error("the observation after the change is missing")
	}
}

func TestShortRead(t *testing.T) {
	d := startDevice(t, newFakeSwitch("leaf1", 3))
	d.at("show running-config", fault{answer: "version 15.2\n!\nhostname leaf1\ninterface GigabitEthernet1/0/1\n"})
	target := d.target()
	target.Timeouts.Read = 200 * time.Millisecond
	s, err := Dial(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if _, err := s.Observe(t.Context()); !errors.Is(err, ErrShortRead) {
		t.Errorf("got %v, want ErrShortRead", err)
	}
}

func TestDialErrors(t *testing.T) {
	for _, tc := range []struct {
		name  string
		set   func(*fakeDevice, *fabric.Target)
		check func(error) bool
		text  string
	}{
		{"wrong password", func(d *fakeDevice, t *fabric.Target) { d.keyboard = true; t.Password = "s3cret-wrong" },
			is[*AuthError], "refused the login"},
		{"unknown host key", func(_ *fakeDevice, t *fabric.Target) { t.HostKey = "SHA256:" + strings.Repeat("A", 43) },
			is[*HostKeyError], "the switch presents the host key SHA256:"},
		{"no host key", func(_ *fakeDevice, t *fabric.Target) { t.HostKey = "" }, is[*HostKeyError], "no host key is set"},
		{"malformed host key", func(_ *fakeDevice, t *fabric.Target) { t.HostKey = "SHA256:short" }, any1, "43 characters"},
		{"wrong enable password", func(d *fakeDevice, t *fabric.Target) { d.enable = testEnable; t.EnablePassword = "s3cret-wrong" },
			is[*AuthError], "check enable_password"},
		{"no enable password", func(d *fakeDevice, t *fabric.Target) { d.enable = testEnable; t.EnablePassword = "" },
			is[*AuthError], "none is set"},
		{"silence", func(d *fakeDevice, t *fabric.Target) {
			d.muteShell = true
			t.Timeouts.Connect = 300 * time.Millisecond
		}, is[*UnreachableError], "within 300ms"},
		{"nobody there", func(d *fakeDevice, _ *fabric.Target) { _ = d.Listener.Close() }, is[*UnreachableError], "connect to"},
		{"closed at once", func(d *fakeDevice, t *fabric.Target) {
			t.Dial = func(context.Context, string, string) (net.Conn, error) {
				a, b := net.Pipe()
				_ = b.Close()
				return a, nil
			}
		}, is[*UnreachableError], "vty lines"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := startDevice(t, newFakeSwitch("leaf1", 3))
			target := d.target()
			tc.set(d, &target)
			d.settle()
			s, err := Dial(t.Context(), target)
			if err == nil {
				_ = s.Close()
				t.Fatal("no error")
			}
			if !tc.check(err) || !strings.Contains(err.Error(), tc.text) {
				t.Errorf("got %T %v", err, err)
			}
			noSecret(t, "the error", err.Error()+fmt.Sprintf("%v %+v %#v", target, target, target))
			if strings.Contains(err.Error(), "s3cret-wrong") {
				t.Error("the error shows the password")
			}
			d.mu.Lock()
			defer d.mu.Unlock()
			if d.logins > 1 {
				t.Errorf("the password was tried %d times", d.logins)
			}
		})
	}
}

func any1(err error) bool { return err != nil }

func TestSilenceInMidSession(t *testing.T) {
	d := startDevice(t, newFakeSwitch("leaf1", 3))
	d.at("show vlan brief", fault{silent: true})
	target := d.target()
	target.Timeouts.Read = 200 * time.Millisecond
	s, err := Dial(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	_, err = s.Observe(t.Context())
	var ue *UnreachableError
	if !errors.As(err, &ue) || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), `"show vlan brief"`) {
		t.Errorf("got %v", err)
	}
}

func TestStatus(t *testing.T) {
	d := startDevice(t, newFakeSwitch("leaf1", 3))
	s, err := Dial(t.Context(), d.target())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	rows, err := s.Status(t.Context())
	if err != nil || len(rows) != 1 || rows[0].Status != "connected" || rows[0].Name != gi1 {
		t.Errorf("got %+v, %v", rows, err)
	}
}
