package twin

import (
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

// shortAnswers are faults of readings, beside those that any line can meet.
var shortAnswers = map[iossim.FaultKind]iossim.Fault{
	"answer that lacks its last line":   {Times: 1, Short: 1},
	"answer that lacks five lines":      {Times: 1, Short: 5},
	"session dropped within the answer": {Times: 1, Short: 3, Drop: true},
}

// TestEveryLine strikes every line of the conversation beside those of the
// change, which TestFaultMatrix strikes: what logs in, reads, arms, verifies,
// confirms and saves.
// What the error says of the switch is so: it is as before, or as wanted and
// not saved. Without an error it is as wanted, saved, and nothing is armed. And
// the next run gets there.
func TestEveryLine(t *testing.T) {
	t.Parallel()
	for _, way := range []ios.WayBack{ios.WayBackRevertTimer, ios.WayBackReload, ios.WayBackInverse} {
		t.Run(string(way), func(t *testing.T) {
			r := newRig(t, way, way == ios.WayBackInverse)
			lines, at := r.conversation(t)
			kinds := iossim.FaultKinds()
			for kind := range shortAnswers {
				kinds = append(kinds, kind)
			}
			slices.Sort(kinds)
			if way == ios.WayBackInverse {
				kinds = slices.DeleteFunc(kinds, func(k iossim.FaultKind) bool { return k == iossim.RebootBefore || k == iossim.RebootAfter })
			}
			table := map[iossim.FaultKind][]cell{}
			var mu sync.Mutex
			var work, hangs errgroup.Group
			work.SetLimit(2)
			hangs.SetLimit(40)
			for _, kind := range kinds {
				table[kind] = make([]cell, len(lines))
			}
			for _, kind := range kinds {
				for i, where := range at {
					on := &work
					if hanging(kind) {
						on = &hangs
					}
					on.Go(func() error {
						c := r.meet(t, way, kind, where)
						mu.Lock()
						defer mu.Unlock()
						table[kind][i] = c
						return nil
					})
				}
			}
			_, _ = work.Wait(), hangs.Wait()
			printMatrix(t, way, kinds, lines, table)
		})
	}
}

// spot is where a line stands, from 1, among those that line matches.
type spot struct {
	line string
	at   int
}

// conversation is what a transaction without a fault types beside the change, and
// where each line of it stands: empty lines among all, others among those with
// text. Whether an empty line is needed for a prompt to come again can depend on
// how fast the switch is.
func (r rig) conversation(t *testing.T) (lines []string, at []spot) {
	t.Helper()
	var all []string
	r.sim.OnLine(func(line string) { all = append(all, line) })
	out, err := ios.Transact(t.Context(), r.target, twentyLines(), ios.TransactOptions{Save: true})
	if err != nil {
		t.Fatal(err)
	}
	texts := 0
	for n, line := range all {
		where := spot{at: n + 1}
		if line != "" {
			texts++
			where = spot{`\S`, texts}
		}
		if !slices.Contains(out.Change.Commands, line) {
			lines, at = append(lines, line), append(at, where)
		}
	}
	return lines, at
}

// meet runs a transaction of which the line at a spot meets a fault.
func (r rig) meet(t *testing.T, way ios.WayBack, kind iossim.FaultKind, where spot) (c cell) {
	r = newRig(t, way, way == ios.WayBackInverse)
	fault, short := shortAnswers[kind]
	if !short {
		fault = iossim.FaultAt(kind, where.at)
	}
	fault.Config, fault.At, fault.Line = false, where.at, where.line
	if err := r.sim.SetFault(fault); err != nil {
		return cell{bad: err.Error()}
	}
	// What waits for somebody does so for long enough, and no longer.
	r.target.Timeouts = fabric.Timeouts{Connect: 4 * time.Second, Command: 4 * time.Second, Read: 4 * time.Second, Save: 8 * time.Second, Retry: 30 * time.Millisecond}
	out, err := ios.Transact(t.Context(), r.target, twentyLines(), ios.TransactOptions{Save: true})
	complain := func(format string, args ...any) { c.bad += fmt.Sprintf(format, args...) + "; " }
	if left := r.sim.PendingFaults(); left != 0 {
		complain("the fault did not strike")
	}
	wanted := func(obs fabric.Observation) bool {
		again, err := ios.Plan(obs, twentyLines())
		return err == nil && again.Empty()
	}
	var save *ios.SaveError
	switch {
	case err == nil:
		c.end = "wanted"
		if r.sim.StartupConfig() != r.sim.RunningConfig() {
			complain("not saved")
		}
	case errors.As(err, &save):
		c.end = "unsaved"
	default:
		c.end = "before"
		if after := state(t, r.sim); after != r.before {
			complain("not as before, though it says %v", err)
		}
		if strings.Contains(r.sim.StartupConfig(), "node1") {
			complain("a change was saved that failed")
		}
	}
	if c.end != "before" && !(wanted(out.After) && wanted(simObservation(t, r.sim))) {
		complain("not as wanted, though it says %v", err)
	}
	if text := armed(r.sim); text != "" {
		complain("something is pending, though it says %v: %s", err, text)
	}
	r.sim.ClearFaults()
	again, err := ios.Transact(t.Context(), r.target, twentyLines(), ios.TransactOptions{Save: true})
	if err != nil || !wanted(again.After) || r.sim.StartupConfig() != r.sim.RunningConfig() {
		complain("the next run does not get there: %v", err)
	}
	if text := armed(r.sim); text != "" {
		complain("something is pending after the next run: %s", text)
	}
	return c
}
