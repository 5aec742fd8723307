package nxos

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
	"github.com/cthulix/terraform-provider-cthulix/fabric/ios"
)

var transactWant = fabric.Want{
	VLANs: map[int]fabric.VLAN{20: {Name: "lab"}},
	Ports: map[string]fabric.Port{
		"port-channel7": {Mode: "trunk"},
		"Ethernet1/1":   {Mode: "access", AccessVLAN: 20, PortFast: true, Description: "node1"},
		"Ethernet1/2":   {Channel: &fabric.ChannelMember{Group: 7, Mode: fabric.ChannelActive}},
	},
}

func TestTransact(t *testing.T) {
	d := startNexus(t, newNexus(true, false, 4))
	var steps []ios.Step
	checked := false
	out, err := Transact(context.Background(), d.target(), transactWant, ios.TransactOptions{Save: true,
		Progress: func(s ios.Step) { steps = append(steps, s) },
		Check:    func(fabric.Observation, fabric.Change) error { checked = true; return nil }})
	if err != nil {
		t.Fatal(err)
	}
	if !out.Saved || out.Sessions != 2 || out.WayBack != WayBackCheckpoint || !checked || d.startup != d.running() || len(d.checkpoints) != 0 {
		t.Errorf("saved %t, %d sessions, way back %q, checkpoints %v", out.Saved, out.Sessions, out.WayBack, d.checkpoints)
	}
	if out.After.Model != "C93180YC-FX3" || out.After.Version != "9.3(10)" || !out.After.Nexus.RoutedPorts {
		t.Errorf("observation: %+v", out.After)
	}
	if !slices.ContainsFunc(steps, func(s ios.Step) bool { return s.Stage == ios.StageLine && s.Number == 1 && s.Detail == "feature lacp" }) {
		t.Errorf("steps: %+v", steps)
	}
	out, err = Transact(context.Background(), d.target(), transactWant, ios.TransactOptions{Save: true})
	if err != nil || !out.Change.Empty() || out.Sessions != 1 || out.Saved {
		t.Errorf("again: %v, %+v", err, out.Change)
	}
}

// TestFaults has each line of a change fail in each way: the switch ends as it
// was, and the message names the line.
func TestFaults(t *testing.T) {
	plain, err := Plan(observe(t, newNexus(true, false, 4).String()), transactWant)
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range plain.Commands {
		if slices.Index(plain.Commands, line) != i {
			continue
		}
		for _, fault := range []string{"reject", "unknown", "drop", "lose", "log"} {
			d := startNexus(t, newNexus(true, false, 4))
			before := d.running()
			d.faults[line] = fault
			_, err := Transact(context.Background(), d.target(), transactWant, ios.TransactOptions{Save: true})
			if fault == "log" {
				if err != nil {
					t.Errorf("a log line at %q: %v", line, err)
				}
				continue
			}
			var e *ios.ApplyError
			if !errors.As(err, &e) || !e.RolledBack || e.Line != line {
				t.Errorf("%s at %q: %v", fault, line, err)
				continue
			}
			if d.running() != before || d.startup != "" || len(d.checkpoints) != 0 {
				t.Errorf("%s at %q: the switch is not as it was:\n%s", fault, line, d.running())
			}
		}
	}
}

func TestRollbackToCheckpoint(t *testing.T) {
	d := startNexus(t, newNexus(false, false, 4))
	before := d.running()
	d.faults["channel-group 7 mode active"] = "reject"
	d.faults["no interface port-channel7"] = "reject" // the inverse fails, too
	_, err := Transact(context.Background(), d.target(), transactWant, ios.TransactOptions{})
	var e *ios.ApplyError
	if !errors.As(err, &e) || !e.RolledBack || d.running() != before {
		t.Errorf("%v\n%s", err, d.running())
	}
	d.noRollback = true
	d.faults["channel-group 7 mode active"] = "reject"
	d.faults["no interface port-channel7"] = "reject"
	_, err = Transact(context.Background(), d.target(), transactWant, ios.TransactOptions{})
	if !errors.As(err, &e) || e.RolledBack || !strings.Contains(err.Error(), "rollback running-config checkpoint cthulix-ops") {
		t.Errorf("a way back that fails: %v", err)
	}
	// The next run finds what was left, and goes on from there.
	out, err := Transact(context.Background(), d.target(), transactWant, ios.TransactOptions{Save: true})
	if err != nil || !out.Saved || len(d.checkpoints) != 0 {
		t.Errorf("the run after: %v, checkpoints %v", err, d.checkpoints)
	}
}

func TestRefusals(t *testing.T) {
	d := startNexus(t, newNexus(false, false, 2))
	ctx := context.Background()
	want := fabric.Want{VLANs: map[int]fabric.VLAN{30: {}}}
	var way *ios.WayBackError
	if _, err := Transact(ctx, d.target(), want, ios.TransactOptions{Rollback: ios.WayBackReload}); !errors.As(err, &way) {
		t.Errorf("a reload: %v", err)
	}
	var changed *ios.ChangedError
	if _, err := Transact(ctx, d.target(), want, ios.TransactOptions{Fingerprint: "scope:0"}); !errors.As(err, &changed) {
		t.Errorf("a switch that was changed: %v", err)
	}
	var unmet *ios.UnmetError
	if _, err := Transact(ctx, d.target(), fabric.Want{Ports: map[string]fabric.Port{"Ethernet1/1": {Mode: "access", AccessVLAN: 99}}}, ios.TransactOptions{}); !errors.As(err, &unmet) {
		t.Errorf("a VLAN that is not there: %v", err)
	}
	refused := errors.New("not now")
	check := func(fabric.Observation, fabric.Change) error { return refused }
	if _, err := Transact(ctx, d.target(), want, ios.TransactOptions{Check: check}); !errors.Is(err, refused) {
		t.Errorf("the last word: %v", err)
	}
	if len(d.sent) != 0 {
		t.Errorf("lines were sent: %q", d.sent)
	}
}

func TestClassify(t *testing.T) {
	for answer, want := range map[string]ios.Class{
		"": ios.ClassSilent, "Lorem ipsum": ios.ClassUnknown,
		"              ^\n% Invalid command at '^' marker.":             ios.ClassReject,
		"command failed: port not compatible [port mode]":               ios.ClassReject,
		"ERROR: VLAN name already in use":                               ios.ClassReject,
		"Enter configuration commands, one per line.  End with CNTL/Z.": ios.ClassNotice,
		"Warning: Edge port type (portfast) should only be enabled on ports connected to a single\n host. Connecting hubs, concentrators, switches, bridges, etc...  to this\n" +
			" interface  when edge port type (portfast) is enabled, can cause temporary bridging loops.\n Use with CAUTION": ios.ClassNotice,
	} {
		if got := Classify(answer); got != want {
			t.Errorf("%q is %s, want %s", answer, got, want)
		}
	}
}
