package twin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
	"github.com/cthulix/terraform-provider-cthulix/fabric/ios"
	"github.com/cthulix/terraform-provider-cthulix/lab/iossim"
)

// archiveLines give a switch what its rollback timer needs.
const archiveLines = "archive\n path flash:backup\n!\n"

// twentyLines is a want whose transaction on a blank switch has 20 lines.
func twentyLines() fabric.Want {
	allowed, _ := fabric.ParseVLANSet("10,20")
	return fabric.Want{
		VLANs: map[int]fabric.VLAN{10: {Name: "storage"}, 20: {Name: "cluster"}},
		Ports: map[string]fabric.Port{
			"GigabitEthernet1/0/1": {Mode: fabric.ModeAccess, AccessVLAN: 10, Description: "node1", PortFast: true},
			"GigabitEthernet1/0/2": {Mode: fabric.ModeAccess, AccessVLAN: 20, Description: "node2", PortFast: true},
			"GigabitEthernet1/0/3": {Mode: fabric.ModeTrunk, NativeVLAN: 10, Allowed: allowed},
		},
	}
}

// rig is a switch that a transaction is tried on.
type rig struct {
	sim    *iossim.Sim
	target fabric.Target
	before string
}

// newRig makes a switch whose configuration is saved, unless it is dirty.
func newRig(t testing.TB, way ios.WayBack, dirty bool) rig {
	t.Helper()
	startup := "hostname leaf1\n!\n"
	if way == ios.WayBackRevertTimer {
		startup += archiveLines
	}
	sim, target := newSwitchFrom(t, iossim.Config{Hostname: "leaf1", Users: map[string]string{"admin": "pw", "other": "pw"}, EnableSecret: "enable",
		Startup: startup, Ports: 4, BootTime: 100 * time.Millisecond})
	target.Timeouts = fabric.Timeouts{Retry: 30 * time.Millisecond}
	if !dirty {
		if _, err := sim.Exec("write memory"); err != nil {
			t.Fatal(err)
		}
	}
	return rig{sim, target, state(t, sim)}
}

// state is all that a transaction may change.
func state(t testing.TB, sim *iossim.Sim) string {
	t.Helper()
	vlans, err := sim.Exec("show vlan brief")
	if err != nil {
		t.Error(err)
	}
	return sim.RunningConfig() + vlans
}

// nothingPending checks that no way back of ours is left armed.
func nothingPending(t testing.TB, sim *iossim.Sim) {
	t.Helper()
	if text := armed(sim); text != "" {
		t.Errorf("something is pending:\n%s", text)
	}
}

// armed is what the switch says of a way back that is armed; empty if none is.
func armed(sim *iossim.Sim) string {
	text, err := sim.Exec("show reload", "show archive config rollback timer")
	if err != nil || !strings.Contains(text, "No reload is scheduled") || !strings.Contains(text, "No Rollback Confirmed Change pending") {
		return fmt.Sprintf("%s%v", text, err)
	}
	return ""
}

// cell is what became of a transaction with a fault.
type cell struct {
	end string // "wanted", "before", or what is wrong
	bad string
}

// TestFaultMatrix strikes every line of a transaction with every fault, for
// each way back. The switch ends as wanted or as before, nothing stays armed,
// and the message names the line.
func TestFaultMatrix(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		way   ios.WayBack
		dirty bool
	}{{way: ios.WayBackRevertTimer}, {way: ios.WayBackReload}, {way: ios.WayBackInverse, dirty: true}} {
		t.Run(string(tc.way), func(t *testing.T) {
			kinds := iossim.FaultKinds()
			if tc.dirty {
				// A reboot loses what was never saved, whatever we do.
				kinds = slices.DeleteFunc(kinds, func(k iossim.FaultKind) bool { return k == iossim.RebootBefore || k == iossim.RebootAfter })
			}
			lines := plannedLines(t, tc.way, tc.dirty)
			if len(lines) != 20 {
				t.Fatalf("the transaction has %d lines, want 20: %q", len(lines), lines)
			}
			named := append(slices.Clone(lines), "end")
			table := map[iossim.FaultKind][]cell{}
			for _, kind := range kinds {
				table[kind] = make([]cell, len(named))
			}
			var mu sync.Mutex
			// A line that hangs costs waiting, and the others cost work.
			var work, hangs errgroup.Group
			work.SetLimit(2)
			hangs.SetLimit(21)
			for _, kind := range kinds {
				for n := 1; n <= len(named); n++ {
					on := &work
					if hanging(kind) {
						on = &hangs
					}
					on.Go(func() error {
						c := strike(t, newRig(t, tc.way, tc.dirty), tc.way, kind, n, named[n-1])
						mu.Lock()
						defer mu.Unlock()
						table[kind][n-1] = c
						return nil
					})
				}
			}
			_, _ = work.Wait(), hangs.Wait()
			printMatrix(t, tc.way, kinds, named, table)
		})
	}
}

func plannedLines(t *testing.T, way ios.WayBack, dirty bool) []string {
	t.Helper()
	r := newRig(t, way, dirty)
	out, err := ios.Transact(t.Context(), r.target, twentyLines(), ios.TransactOptions{Save: true})
	if err != nil {
		t.Fatal(err)
	}
	if out.WayBack != way || out.Sessions != 2 || !out.Saved {
		t.Errorf("way back %q in %d sessions, saved %t; want %q in 2", out.WayBack, out.Sessions, out.Saved, way)
	}
	nothingPending(t, r.sim)
	return out.Change.Commands
}

func hanging(kind iossim.FaultKind) bool {
	return kind == iossim.HangBefore || kind == iossim.HangAfter
}

// strike runs the transaction with one fault at the nth line.
func strike(t *testing.T, r rig, way ios.WayBack, kind iossim.FaultKind, n int, line string) (c cell) {
	if err := r.sim.SetFault(iossim.FaultAt(kind, n)); err != nil {
		return cell{bad: err.Error()}
	}
	if hanging(kind) {
		r.target.Timeouts.Command = 4 * time.Second
	}
	out, err := ios.Transact(t.Context(), r.target, twentyLines(), ios.TransactOptions{Save: true})
	c.end = "before"
	if err == nil {
		c.end = "wanted"
	}
	complain := func(format string, args ...any) { c.bad += fmt.Sprintf(format, args...) + "; " }
	if out.WayBack != way {
		complain("the way back was %q", out.WayBack)
	}
	switch {
	case err == nil:
		again, planErr := ios.Plan(out.After, twentyLines())
		if planErr != nil || !again.Empty() {
			complain("not as wanted: %v %q", planErr, again.Commands)
		}
		if got := r.sim.StartupConfig(); got != r.sim.RunningConfig() {
			complain("not saved")
		}
	default:
		if after := state(t, r.sim); after != r.before {
			complain("not as before: %v", err)
		}
		var apply *ios.ApplyError
		if !errors.As(err, &apply) || apply.Line != line || apply.Number != n || !apply.RolledBack || !strings.Contains(err.Error(), line) {
			complain("the message is %v", err)
		}
		if strings.Contains(r.sim.StartupConfig(), "node1") {
			complain("a change was saved that failed")
		}
	}
	benign := kind == iossim.MidLineText || kind == iossim.SyslogBurst || kind == iossim.SlowFlush || kind == iossim.BusyNVRAM
	if benign && err != nil {
		complain("this fault need not end a transaction")
	}
	if left := r.sim.PendingFaults(); left != 0 {
		complain("the fault did not strike")
	}
	if text := armed(r.sim); text != "" {
		complain("something is pending: %s", text)
	}
	return c
}

// printMatrix shows a row a fault and a column a line.
func printMatrix(t *testing.T, way ios.WayBack, kinds []iossim.FaultKind, lines []string, table map[iossim.FaultKind][]cell) {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "way back %s: w = as wanted, b = as before and the message names the line, X = neither\n%-34s", way, "")
	for n := range lines {
		fmt.Fprintf(&b, "%3d", n+1)
	}
	for _, kind := range kinds {
		fmt.Fprintf(&b, "\n%-34s", kind)
		for _, c := range table[kind] {
			mark := "X"
			if c.bad == "" && c.end != "" {
				mark = c.end[:1]
			}
			fmt.Fprintf(&b, "%3s", mark)
		}
	}
	b.WriteString("\n")
	for n, line := range lines {
		fmt.Fprintf(&b, "%3d %s\n", n+1, line)
	}
	t.Log(b.String())
	for _, kind := range kinds {
		for n, c := range table[kind] {
			if c.bad != "" {
				t.Errorf("%s at line %d, %q: %s", kind, n+1, lines[n], c.bad)
			}
		}
	}
}

// TestInterrupted ends the context at every line: the switch is as before.
func TestInterrupted(t *testing.T) {
	for n := 1; n <= 20; n++ {
		r := newRig(t, ios.WayBackRevertTimer, false)
		ctx, cancel := context.WithCancel(t.Context())
		_, err := ios.Transact(ctx, r.target, twentyLines(), ios.TransactOptions{Save: true, Progress: func(s ios.Step) {
			if s.Stage == ios.StageLine && s.Number == n {
				cancel()
			}
		}})
		cancel()
		var apply *ios.ApplyError
		if !errors.As(err, &apply) || !errors.Is(err, context.Canceled) || !apply.RolledBack || apply.Number != n {
			t.Errorf("line %d: got %v", n, err)
		}
		if state(t, r.sim) != r.before {
			t.Errorf("line %d: the switch is not as before", n)
		}
		nothingPending(t, r.sim)
	}
}
