package twin

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
	"github.com/cthulix/terraform-provider-cthulix/fabric/batch"
	"github.com/cthulix/terraform-provider-cthulix/fabric/ios"
	"github.com/cthulix/terraform-provider-cthulix/lab/iossim"
)

// onWait calls f when a transaction first says that it waits, and keeps all
// that it says.
type onWait struct {
	f    func()
	once sync.Once
	mu   sync.Mutex
	said []string
}

func (w *onWait) step(s ios.Step) {
	if s.Stage != ios.StageWait {
		return
	}
	w.mu.Lock()
	w.said = append(w.said, s.Detail)
	w.mu.Unlock()
	if w.f != nil {
		w.once.Do(w.f)
	}
}

func (w *onWait) heard(text string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Contains(strings.Join(w.said, "\n"), text)
}

// occupy takes lines of a switch until the function returned is called.
func occupy(t *testing.T, target fabric.Target, n int) (release func()) {
	t.Helper()
	var open []*ios.Session
	for range n {
		s, err := ios.Dial(t.Context(), target)
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, s)
	}
	return func() {
		for _, s := range open {
			_ = s.Close()
		}
	}
}

func TestWaitsAndSaysSo(t *testing.T) {
	archived := "hostname leaf1\n!\nusername other privilege 15 secret 0 pw\n!\n" + archiveLines
	for _, tc := range []struct {
		name   string
		hinder func(t *testing.T, sim *iossim.Sim, target fabric.Target) (release func())
		says   string
		late   func(error) bool // the error when nobody lets go
		lines  int
	}{
		{name: "all lines taken", lines: 2, says: "no session yet",
			hinder: func(t *testing.T, _ *iossim.Sim, target fabric.Target) func() { return occupy(t, target, 2) },
			late:   is[*ios.UnreachableError]},
		{name: "no line for the second session", lines: 2, says: "no session yet",
			hinder: func(t *testing.T, _ *iossim.Sim, target fabric.Target) func() { return occupy(t, target, 1) },
			late:   is[*ios.VerifyError]},
		{name: "configuration locked", says: "locked by somebody else",
			hinder: func(_ *testing.T, sim *iossim.Sim, _ fabric.Target) func() { return sim.LockConfiguration("NETCONF") },
			late:   is[*ios.LockedError]},
		{name: "NVRAM busy", says: "the NVRAM is busy",
			hinder: func(_ *testing.T, sim *iossim.Sim, _ fabric.Target) func() {
				sim.SetNVRAMBusy(1000)
				return func() { sim.SetNVRAMBusy(0) }
			},
			late: is[*ios.SaveError]},
		{name: "somebody else's timer", says: "rollback timer of user console",
			hinder: func(t *testing.T, sim *iossim.Sim, _ fabric.Target) func() {
				if _, err := sim.Exec("configure terminal revert timer 5", "end"); err != nil {
					t.Fatal(err)
				}
				return func() {
					if _, err := sim.Exec("configure confirm"); err != nil {
						t.Error(err)
					}
				}
			},
			late: is[*ios.PendingError]},
	} {
		for _, late := range []bool{false, true} {
			name := tc.name
			if late {
				name += ", for too long"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				sim, target := newSwitchFrom(t, iossim.Config{Hostname: "leaf1", Users: map[string]string{"admin": "pw"}, EnableSecret: "enable",
					Startup: archived, Ports: 4, VTYs: tc.lines})
				target.Timeouts = fabric.Timeouts{Retry: 20 * time.Millisecond}
				before := state(t, sim)
				w := &onWait{}
				wait := time.Minute
				release := tc.hinder(t, sim, target)
				if late {
					wait = 200 * time.Millisecond
				} else {
					w.f = release
				}
				out, err := ios.Transact(t.Context(), target, twentyLines(), ios.TransactOptions{Save: true, Wait: wait, Progress: w.step})
				if !w.heard(tc.says) {
					t.Errorf("it said %q, want %q", w.said, tc.says)
				}
				if !late {
					if err != nil || !out.Saved {
						t.Errorf("saved %t: %v", out.Saved, err)
					}
					nothingPending(t, sim)
					return
				}
				if err == nil || !tc.late(err) {
					t.Fatalf("got %T %v", err, err)
				}
				if is[*ios.SaveError](err) {
					return // the change is in force
				}
				if after := state(t, sim); after != before {
					t.Errorf("the switch is not as before: %v", err)
				}
				release()
				nothingPending(t, sim)
			})
		}
	}
}

func is[E error](err error) bool {
	var e E
	return errors.As(err, &e)
}

// TestStranded: the change cuts the way to the switch, so that neither a new
// session nor the way back can be had. The error says that the switch goes
// back by itself, and it does.
func TestStranded(t *testing.T) {
	for _, way := range []ios.WayBack{ios.WayBackRevertTimer, ios.WayBackReload} {
		t.Run(string(way), func(t *testing.T) {
			r := newRig(t, way, false)
			r.target.Timeouts.Rollback = 300 * time.Millisecond
			var dials atomic.Int32
			r.target.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				if dials.Add(1) > 1 {
					return nil, errors.New("no route to host")
				}
				return (&net.Dialer{}).DialContext(ctx, network, address)
			}
			cut := iossim.Fault{Line: "^end$", Config: true, Times: 1, Drop: true, After: true}
			if err := r.sim.SetFault(cut); err != nil {
				t.Fatal(err)
			}
			_, err := ios.Transact(t.Context(), r.target, twentyLines(), ios.TransactOptions{Save: true})
			var apply *ios.ApplyError
			if !errors.As(err, &apply) || apply.RolledBack || apply.Pending == nil || apply.Pending.WayBack != way ||
				!strings.Contains(err.Error(), "the switch goes back by itself, by a") {
				t.Fatalf("got %v", err)
			}
			r.sim.Elapse(11 * time.Minute)
			if got := r.sim.RunningConfig(); !strings.HasPrefix(r.before, got) {
				t.Error("the switch is not as before")
			}
			nothingPending(t, r.sim)
		})
	}
}

// TestTwoRuns: a second run, of the same user or of another, finds the first in
// the middle of its lines. It waits, and both do what they want.
func TestTwoRuns(t *testing.T) {
	for _, way := range []ios.WayBack{ios.WayBackRevertTimer, ios.WayBackReload} {
		for _, user := range []string{"admin", "other"} {
			t.Run(string(way)+"/"+user, func(t *testing.T) {
				r := newRig(t, way, false)
				second := r.target
				second.Username = user
				want := fabric.Want{Ports: map[string]fabric.Port{"GigabitEthernet1/0/4": {Description: "second"}}}
				w := &onWait{}
				waits, ended := make(chan struct{}), make(chan error, 1)
				w.f = func() { close(waits) }
				first := func(s ios.Step) {
					if s.Stage != ios.StageLine || s.Number != 10 {
						return
					}
					go func() {
						_, err := ios.Transact(t.Context(), second, want, ios.TransactOptions{Save: true, Wait: time.Minute, Progress: w.step})
						ended <- err
					}()
					select {
					case <-waits:
					case err := <-ended:
						t.Errorf("the second run did not wait: %v", err)
						ended <- err
					}
				}
				if _, err := ios.Transact(t.Context(), r.target, twentyLines(), ios.TransactOptions{Save: true, Progress: first}); err != nil {
					t.Errorf("the first run: %v", err)
				}
				if err := <-ended; err != nil {
					t.Errorf("the second run: %v", err)
				}
				running := r.sim.RunningConfig()
				if !strings.Contains(running, "description second") || !strings.Contains(running, "description node2") || r.sim.StartupConfig() != running {
					t.Error("one of them is not there, or not saved")
				}
				if reverts := r.sim.Stats().Reverts; reverts != 0 {
					t.Errorf("%d changes were taken back", reverts)
				}
				nothingPending(t, r.sim)
			})
		}
	}
}

// TestForeignReload: a reload that somebody else scheduled is neither cancelled
// nor replaced.
func TestForeignReload(t *testing.T) {
	r := newRig(t, ios.WayBackReload, false)
	scheduled := func() string {
		text, err := r.sim.Exec("show reload")
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	if _, err := r.sim.Exec("reload in 60 maintenance", ""); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(scheduled(), "maintenance") {
		t.Fatal(scheduled())
	}
	out, err := ios.Transact(t.Context(), r.target, twentyLines(), ios.TransactOptions{Save: true})
	if err != nil || out.WayBack != ios.WayBackInverse {
		t.Errorf("way back %q: %v", out.WayBack, err)
	}
	_, err = ios.Transact(t.Context(), r.target, fabric.Want{AbsentVLANs: []int{10, 20}, Ports: map[string]fabric.Port{
		"GigabitEthernet1/0/1": {}, "GigabitEthernet1/0/2": {}, "GigabitEthernet1/0/3": {}}},
		ios.TransactOptions{Rollback: ios.WayBackReload})
	if !is[*ios.WayBackError](err) || !strings.Contains(err.Error(), "a reload of user console") {
		t.Errorf("got %v", err)
	}
	if !strings.Contains(scheduled(), "maintenance") {
		t.Error("somebody else's reload is gone")
	}
}

// TestHiddenTimer: a user who may arm the rollback timer and not see it could not
// tell whether it was disarmed. Another way back is taken.
func TestHiddenTimer(t *testing.T) {
	r := newRig(t, ios.WayBackRevertTimer, false)
	if err := r.sim.SetFault(iossim.Fault{Line: "^show archive config rollback timer$", Answer: "Command authorization failed.\n\n"}); err != nil {
		t.Fatal(err)
	}
	_, err := ios.Transact(t.Context(), r.target, twentyLines(), ios.TransactOptions{Save: true, Rollback: ios.WayBackRevertTimer})
	if !is[*ios.WayBackError](err) {
		t.Errorf("got %v", err)
	}
	nothingPending(t, r.sim)
	out, err := ios.Transact(t.Context(), r.target, twentyLines(), ios.TransactOptions{Save: true})
	if err != nil || out.WayBack != ios.WayBackReload {
		t.Errorf("the way back was %q: %v", out.WayBack, err)
	}
	nothingPending(t, r.sim)
}

// TestManyCallersOneTransaction: callers at the same moment share sessions, a
// transaction and a save; one of them asks for what the switch refuses.
func TestManyCallersOneTransaction(t *testing.T) {
	r := newRig(t, ios.WayBackRevertTimer, false)
	pool := ios.NewPool(ios.Limits{Sessions: 2, Switches: 1})
	logins := r.sim.Stats().Logins
	q := batch.New(func(ctx context.Context, parts []fabric.Part) (ios.Outcome, []error, error) {
		return ios.TransactParts(ctx, r.target, parts, ios.TransactOptions{Save: true, Pool: pool})
	}, batch.Options{Gather: time.Second, Separable: ios.Separable})
	if err := r.sim.SetFault(iossim.Fault{Line: "description bad", Answer: "Command rejected: not this one\n"}); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for n, description := range []string{"one", "two", "bad", "four"} {
		all.Go(func() {
			name := "GigabitEthernet1/0/" + string(rune('1'+n))
			_, err := q.Do(t.Context(), fabric.Part{Want: fabric.Want{Ports: map[string]fabric.Port{name: {Description: description}}}})
			if (err != nil) != (description == "bad") {
				t.Errorf("%s: %v", description, err)
			}
		})
	}
	all.Wait()
	running := r.sim.RunningConfig()
	for _, d := range []string{"one", "two", "four"} {
		if !strings.Contains(running, "description "+d+"\n") {
			t.Errorf("%q is not there", d)
		}
	}
	if strings.Contains(running, "bad") || r.sim.StartupConfig() != running {
		t.Error("the bad one is there, or the good ones are not saved")
	}
	// All four, then halves, then the two of the bad half.
	if got := r.sim.Stats().Logins - logins; got > 8 {
		t.Errorf("%d sessions", got)
	}
	nothingPending(t, r.sim)
}

// TestFewLines bounds what a transaction sends beside the change: what a line
// takes on a real switch is what an apply takes.
func TestFewLines(t *testing.T) {
	for _, way := range []ios.WayBack{ios.WayBackRevertTimer, ios.WayBackReload, ios.WayBackInverse} {
		r := newRig(t, way, way == ios.WayBackInverse)
		before := r.sim.Stats()
		out, err := ios.Transact(t.Context(), r.target, twentyLines(), ios.TransactOptions{Save: true})
		if err != nil {
			t.Fatal(err)
		}
		after := r.sim.Stats()
		sent, logins, saves := after.Lines-before.Lines, after.Logins-before.Logins, after.Saves-before.Saves
		t.Logf("%s: %d lines for a change of %d, in %d sessions", way, sent, len(out.Change.Commands), logins)
		if sent > len(out.Change.Commands)+32 || logins != 2 || saves != 1 {
			t.Errorf("%s: %d lines in %d sessions, %d saves", way, sent, logins, saves)
		}
	}
}
