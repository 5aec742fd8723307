package ios

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// wayDevice is a fake device with ways back.
func wayDevice(t *testing.T, w *fakeWays) *fakeDevice {
	t.Helper()
	sw := newFakeSwitch("leaf1", 3)
	sw.ways = w
	if w.startup == "saved" {
		w.startup = sw.running()
	}
	return startDevice(t, sw)
}

const shutdownBanner = "\n\n\x07***\n*** --- SHUTDOWN in 0:10:00 ---\n***"

const reloadLine = "reload in 10 " + reloadTag + testUser

func TestWayBackIsChosen(t *testing.T) {
	timer := []string{"arm timer", "confirm"}
	reload := []string{"schedule", "cancel"}
	for _, tc := range []struct {
		name  string
		ways  fakeWays
		asked WayBack
		set   func(*fakeDevice)
		got   WayBack
		log   []string
	}{
		{name: "timer where there is an archive", ways: fakeWays{archive: true, startup: "saved"}, got: WayBackRevertTimer, log: timer},
		{name: "a timer that says nothing of a backup", ways: fakeWays{archive: true, mute: true}, got: WayBackRevertTimer, log: timer},
		{name: "reload without an archive", ways: fakeWays{startup: "saved"}, got: WayBackReload, log: reload},
		{name: "reload when asked for", ways: fakeWays{archive: true, startup: "saved"}, asked: WayBackReload, got: WayBackReload, log: reload},
		{name: "reload that asks, with banners anywhere", ways: fakeWays{startup: "saved"}, got: WayBackReload, log: reload, set: func(d *fakeDevice) {
			d.chunk = 1
			d.at(reloadLine, fault{ask: "\nSystem configuration has been modified. Save? [yes/no]: ", behind: shutdownBanner})
			d.at("configure terminal", fault{log: shutdownBanner, behind: shutdownBanner})
			d.at("description node1", fault{log: "\n\x07***\n*** --- SHUTDOWN in 0:05:00 ---\n***\n"})
			d.at("end", fault{behind: shutdownBanner})
			d.at("reload cancel", fault{log: shutdownBanner, behind: "\n\x07***\n*** --- SHUTDOWN ABORTED ---\n***"})
		}},
		{name: "reload that wants a confirmation", ways: fakeWays{startup: "saved"}, got: WayBackReload, log: reload, set: func(d *fakeDevice) {
			d.at(reloadLine, fault{ask: "Reload reason: x\nProceed with reload? [confirm]", behind: shutdownBanner})
		}},
		{name: "inverse when there are unsaved changes", ways: fakeWays{startup: "hostname leaf1\nend\n"}, got: WayBackInverse},
		{name: "inverse without a startup configuration", ways: fakeWays{}, got: WayBackInverse},
		{name: "inverse when somebody else has a reload", ways: fakeWays{startup: "saved", reload: "maintenance"}, got: WayBackInverse},
		{name: "timer on a switch with exec prompt timestamp", ways: fakeWays{archive: true}, got: WayBackRevertTimer, log: timer,
			set: func(d *fakeDevice) { d.timestamps = true }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := wayDevice(t, &tc.ways)
			if tc.set != nil {
				tc.set(d)
			}
			out, err := Transact(t.Context(), d.target(), wantNode1(), TransactOptions{Rollback: tc.asked, Save: true})
			if err != nil {
				t.Fatal(err)
			}
			if out.WayBack != tc.got || !slices.Equal(tc.ways.log, tc.log) || out.Sessions != 2 || !out.Saved {
				t.Errorf("way back %q, want %q; log %q, want %q; %d sessions, saved %t", out.WayBack, tc.got, tc.ways.log, tc.log, out.Sessions, out.Saved)
			}
			if i, j := slices.Index(d.lines(), "write memory"), slices.Index(d.lines(), "reload cancel"); i < j {
				t.Error("it saved before the change was confirmed")
			}
			if out.After.Ports[gi1].AccessVLAN != 20 || d.sw.saved != d.sw.running() {
				t.Error("not as wanted, or not saved")
			}
		})
	}
}

func TestWayBackThatCannotBeHad(t *testing.T) {
	for way, text := range map[WayBack]string{
		WayBackRevertTimer: "Turn config archive on",
		WayBackReload:      "never saved",
		"prayer":           "not known",
	} {
		d := wayDevice(t, &fakeWays{startup: "hostname leaf1\nend\n"})
		before := d.sw.running()
		_, err := Transact(t.Context(), d.target(), wantNode1(), TransactOptions{Rollback: way})
		var we *WayBackError
		if !errors.As(err, &we) || !strings.Contains(err.Error(), text) || d.sw.running() != before {
			t.Errorf("%s: got %v", way, err)
		}
	}
}

// TestSwitchTakesItsOwnWayBack: an inverse line is refused, and the timer's
// backup does what it could not.
func TestSwitchTakesItsOwnWayBack(t *testing.T) {
	w := &fakeWays{archive: true}
	d := wayDevice(t, w)
	before := d.sw.running() + d.sw.showVLANs()
	d.at("spanning-tree portfast", fault{answer: "Command rejected: not today\n"})
	d.at("no description", fault{answer: "Command rejected: not today either\n"})
	_, err := Transact(t.Context(), d.target(), wantNode1(), TransactOptions{Save: true})
	var ae *ApplyError
	if !errors.As(err, &ae) || !ae.RolledBack || ae.Line != "spanning-tree portfast" {
		t.Fatalf("got %v", err)
	}
	if got := d.sw.running() + d.sw.showVLANs(); got != before {
		t.Errorf("the switch is not as before: %s", cmp.Diff(before, got))
	}
	if !slices.Contains(w.log, "revert") || w.timer != "" {
		t.Errorf("log %q", w.log)
	}
}

// TestConfirmationThatFails: the timer would take the change back, so it is
// taken back at once; what stays pending is told.
func TestConfirmationThatFails(t *testing.T) {
	w := &fakeWays{archive: true, broken: true}
	d := wayDevice(t, w)
	before := d.sw.running()
	_, err := Transact(t.Context(), d.target(), wantNode1(), TransactOptions{Save: true})
	var ve *VerifyError
	if !errors.As(err, &ve) || ve.Pending == nil || !strings.Contains(err.Error(), "the change was not confirmed") {
		t.Fatalf("got %v", err)
	}
	if d.sw.running() != before || d.sw.saved != "" {
		t.Error("the switch is not as before, or was saved")
	}
}

// TestLostConfirmation: the answer to the confirmation is lost on the way.
func TestLostConfirmation(t *testing.T) {
	for name, f := range map[string]fault{"before": {drop: true}, "after": {lose: true}} {
		w := &fakeWays{archive: true}
		d := wayDevice(t, w)
		d.at("configure confirm", f)
		out, err := Transact(t.Context(), d.target(), wantNode1(), TransactOptions{Save: true})
		if err != nil || !out.Saved || w.timer != "" || d.sw.saved != d.sw.running() {
			t.Errorf("%s it was taken: %v", name, err)
		}
	}
}

// TestSessionLostAtTheEnd: neither reading back nor saving needs to end well
// at the first try.
func TestSessionLostAtTheEnd(t *testing.T) {
	for _, line := range []string{"write memory", "show vlan brief"} {
		d := wayDevice(t, &fakeWays{archive: true})
		target := d.target()
		var once sync.Once
		out, err := Transact(t.Context(), target, wantNode1(), TransactOptions{Save: true, Progress: func(s Step) {
			if s.Stage == StageVerify {
				once.Do(func() { d.at(line, fault{drop: true}) })
			}
		}})
		if err != nil || !out.Saved || out.Sessions != 3 {
			t.Errorf("%s lost: saved %t in %d sessions: %v", line, out.Saved, out.Sessions, err)
		}
	}
}

func TestRecover(t *testing.T) {
	const other = "   2 vty 1     " + testUser + "      idle                 00:00:10 192.0.2.8\n"
	for _, tc := range []struct {
		name  string
		ways  fakeWays
		owner string
		found bool
		did   RecoveryAction
		fails bool
		log   []string
	}{
		{name: "nothing", ways: fakeWays{archive: true}},
		{name: "our timer", ways: fakeWays{archive: true, timer: testUser}, found: true, did: Reverted, log: []string{"revert"}},
		{name: "somebody's timer", ways: fakeWays{archive: true, timer: "alice"}, found: true},
		{name: "a timer of the owner that was named", ways: fakeWays{archive: true, timer: "alice"}, owner: "alice", found: true, did: Reverted, log: []string{"revert"}},
		{name: "our timer, and a run of ours at work", ways: fakeWays{archive: true, timer: testUser, users: other}, fails: true},
		{name: "our reload", ways: fakeWays{startup: "saved", reload: reloadTag + testUser}, found: true, did: Reverted, log: []string{"cancel"}},
		{name: "somebody's reload", ways: fakeWays{startup: "saved", reload: "maintenance"}},
		{name: "another owner's reload", ways: fakeWays{startup: "saved", reload: reloadTag + "alice"}, found: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := wayDevice(t, &tc.ways)
			before := d.sw.running()
			tc.ways.backup = map[string]fakePort{gi1: *d.sw.ports[gi1]}
			d.sw.ports[gi1].description = "left behind"
			target := d.target()
			target.Timeouts.Lock = 10 * time.Millisecond
			got, err := Recover(t.Context(), target, tc.owner)
			var pe *PendingError
			if errors.As(err, &pe) != tc.fails || err != nil && !tc.fails {
				t.Fatal(err)
			}
			if (got.Found != nil) != tc.found || got.Action != tc.did || !slices.Equal(tc.ways.log, tc.log) {
				t.Errorf("found %v, did %q, log %q", got.Found, got.Action, tc.ways.log)
			}
			if (d.sw.running() == before) != (tc.did == Reverted) {
				t.Errorf("after %q: %s", tc.did, cmp.Diff(before, d.sw.running()))
			}
		})
	}
}

// TestUnknownTimerIsNotTakenForNone: what cannot be read is an error.
func TestUnknownTimerIsNotTakenForNone(t *testing.T) {
	for line, answer := range map[string]string{
		"show archive config rollback timer": "The timer is in a good mood today\n",
		"show reload":                        "Reloading is a matter of taste\n",
	} {
		d := wayDevice(t, &fakeWays{archive: true})
		d.at(line, fault{answer: answer})
		_, err := Transact(t.Context(), d.target(), wantNode1(), TransactOptions{})
		if err == nil || !strings.Contains(err.Error(), line) || slices.Contains(d.lines(), "configure terminal revert timer 10") {
			t.Errorf("%s: got %v", line, err)
		}
	}
}

func TestParts(t *testing.T) {
	d := wayDevice(t, &fakeWays{archive: true})
	out, errs, err := TransactParts(t.Context(), d.target(), []fabric.Part{
		{Want: wantNode1()},
		{Want: fabric.Want{Ports: map[string]fabric.Port{gi2: {Description: "stale"}}}, Fingerprint: "scope:other"},
		{Want: fabric.Want{Ports: map[string]fabric.Port{"GigabitEthernet9/9/9": {}}}},
	}, TransactOptions{})
	var ce *ChangedError
	var fe *fabric.FieldError
	if err != nil || errs[0] != nil || !errors.As(errs[1], &ce) || !errors.As(errs[2], &fe) {
		t.Fatalf("got %v, %v", errs, err)
	}
	if out.After.Ports[gi1].Description != "node1" || out.After.Ports[gi2].Description != "" {
		t.Error("the parts are not as they should be")
	}
}

func TestCheckHasTheLastWord(t *testing.T) {
	d := wayDevice(t, &fakeWays{archive: true})
	cuts := errors.New("line 3 cuts the management path")
	_, err := Transact(t.Context(), d.target(), wantNode1(), TransactOptions{Check: func(_ fabric.Observation, c fabric.Change) error {
		if c.Empty() {
			t.Error("no change to check")
		}
		return cuts
	}})
	if !errors.Is(err, cuts) || len(d.sw.ways.log) != 0 {
		t.Errorf("got %v, log %q", err, d.sw.ways.log)
	}
}

// TestNoise: whatever a switch writes into a session unasked, and however it
// cuts what it sends, a transaction reads through it.
func TestNoise(t *testing.T) {
	noises := []string{syslog, syslog + "\n" + syslog, shutdownBanner, shutdownBanner + "\n" + syslog,
		"Rollback Confirmed Change: Rollback will begin in one minute.\nEnter \"configure confirm\" if you wish to keep what you've configured",
		"000123: leaf1: Apr  1 2026 09:44:52.985 UTC: %SYS-5-CONFIG_I: Configured from console by admin on vty0 (192.0.2.9)"}
	for seed := range uint64(40) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			w := &fakeWays{archive: seed%2 == 0, startup: "saved"}
			d := wayDevice(t, w)
			d.chunk = r.IntN(40)
			d.timestamps = r.IntN(2) == 0
			d.login = []string{"", "\nleaf1#\n", "\n" + syslog + "\n"}[r.IntN(3)]
			struck := map[string]bool{}
			d.storm = func(line string) (f fault) {
				if struck[line] || r.IntN(3) == 0 {
					return f
				}
				struck[line] = true
				noise := noises[r.IntN(len(noises))]
				switch r.IntN(4) {
				case 0:
					f.log = noise
				case 1:
					f.log, f.redraw = noise, true
				case 2:
					f.behind = noise
				case 3:
					f.within = noise
				}
				return f
			}
			if _, err := Transact(t.Context(), d.target(), wantNode1(), TransactOptions{Save: true}); err != nil {
				t.Fatal(err)
			}
			if d.sw.saved != d.sw.running() || w.timer != "" || w.reload != "" {
				t.Error("not saved, or something is pending")
			}
		})
	}
}

// TestDue: a transaction ends before the switch would end it.
func TestDue(t *testing.T) {
	defer func(d time.Duration) { dueMargin = d }(dueMargin)
	dueMargin = defaultTimer - 300*time.Millisecond
	w := &fakeWays{archive: true}
	d := wayDevice(t, w)
	before := d.sw.running()
	d.at("switchport mode access", fault{silent: true})
	_, err := Transact(t.Context(), d.target(), wantNode1(), TransactOptions{})
	var ae *ApplyError
	if !errors.As(err, &ae) || !errors.Is(err, errDue) || !ae.RolledBack || d.sw.running() != before || w.timer != "" {
		t.Errorf("got %v", err)
	}
}

// TestPool: never more sessions than allowed, and transactions do not wait for
// each other in a ring.
func TestPool(t *testing.T) {
	for _, sessions := range []int{1, 2} { // a transaction has the switch for itself
		d := wayDevice(t, &fakeWays{})
		p := NewPool(Limits{Sessions: sessions, Switches: 1})
		target := d.target()
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				if s, err := p.Dial(t.Context(), target); err != nil {
					t.Error(err)
				} else if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		if _, err := Transact(t.Context(), target, wantNode1(), TransactOptions{Pool: p}); err != nil {
			t.Error(err)
		}
		all.Wait()
		if len(p.open) != 0 || len(p.waiting) != 0 {
			t.Errorf("%d sessions: open %v, waiting %d", sessions, p.open, len(p.waiting))
		}
	}
}
