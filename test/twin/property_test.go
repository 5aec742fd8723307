package twin

import (
	"errors"
	"fmt"
	"maps"
	mrand "math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
	"github.com/cthulix/terraform-provider-cthulix/fabric/ios"
	"github.com/cthulix/terraform-provider-cthulix/lab/iossim"
)

// pair is a random state and a random wish, on one model of switch.
type pair struct {
	profile, vtp string
	a, b         fabric.Want
}

func (p pair) String() string {
	return fmt.Sprintf("on %s, VTP %s\nA: %s\nB: %s", p.profile, p.vtp, describe(p.a), describe(p.b))
}

// TestProperty tries random pairs on every IOS model, at the console, so that
// many thousand fit into a run; a failure is shrunk before it is told. TWIN_SEED
// repeats a run, TWIN_PROPERTY_PAIRS sets its length.
func TestProperty(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("TWIN_SEED"); s != "" {
		seed, _ = strconv.ParseUint(s, 10, 64)
	}
	pairs := 1000
	if s := os.Getenv("TWIN_PROPERTY_PAIRS"); s != "" {
		pairs, _ = strconv.Atoi(s)
	}
	t.Logf("TWIN_SEED=%d, %d pairs", seed, pairs)
	var profiles []string
	for _, p := range iossim.Profiles() {
		if !p.NXOS {
			profiles = append(profiles, p.Name)
		}
	}
	var wg sync.WaitGroup
	var refused atomic.Int64
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		wg.Go(func() {
			r := mrand.New(mrand.NewPCG(seed, uint64(w)))
			for i := w; i < pairs && !t.Failed(); i += workers {
				p := pair{profile: profiles[i%len(profiles)], vtp: []string{"server", "transparent"}[r.IntN(2)], a: randomWant(r), b: randomWant(r)}
				switch err := p.try(); {
				case errors.Is(err, errImpossible):
					refused.Add(1)
				case err != nil:
					small, err := p.shrink(err)
					t.Errorf("pair %d: %v\n%s", i, err, small)
				}
			}
		})
	}
	wg.Wait()
	t.Logf("%d wishes were refused as impossible", refused.Load())
	if int(refused.Load()) > pairs/10 {
		t.Errorf("%d of %d random pairs make no sense: the generator is to blame", refused.Load(), pairs)
	}
}

// errImpossible marks a pair that cannot be: the planner refused the wish.
var errImpossible = errors.New("refused")

// try walks from blank to A, to B, and back to A.
func (p pair) try() error {
	sim, err := iossim.New(iossim.Config{Hostname: "sw", Profile: p.profile})
	if err != nil {
		return err
	}
	if err := enter(sim, "vtp mode "+p.vtp); err != nil {
		return err
	}
	port := firstPort(sim)
	a, b := onto(p.a, port), onto(p.b, port)
	if _, err := reach(sim, a); err != nil {
		return fmt.Errorf("reach A: %w", err)
	}
	before, err := read(sim)
	if err != nil {
		return err
	}
	text := look(sim)
	change, err := reach(sim, b)
	if err != nil {
		return fmt.Errorf("from A to B: %w", err)
	}
	after, err := read(sim)
	if err != nil {
		return err
	}
	for name, was := range before.Ports {
		if _, wanted := b.Ports[name]; !wanted && !slices.Equal(was.Lines, after.Ports[name].Lines) {
			return fmt.Errorf("%s was not in scope and went from %q to %q by %q", name, was.Lines, after.Ports[name].Lines, change.Commands)
		}
	}
	if err := enter(sim, change.Rollback...); err != nil {
		return fmt.Errorf("the inverse %q of %q: %w", change.Rollback, change.Commands, err)
	}
	if now := look(sim); now != text {
		return fmt.Errorf("after %q and its inverse %q the switch is\n%s\nand was\n%s", change.Commands, change.Rollback, now, text)
	}
	return nil
}

// reach brings the switch to a wish, and plans again to see that it is there.
func reach(sim *iossim.Sim, want fabric.Want) (fabric.Change, error) {
	obs, err := read(sim)
	if err != nil {
		return fabric.Change{}, err
	}
	change, err := ios.Plan(obs, want)
	if err != nil || len(change.Unmet) > 0 {
		return change, fmt.Errorf("%w: %w", errImpossible, err)
	}
	if err := enter(sim, change.Commands...); err != nil {
		return change, err
	}
	there, err := read(sim)
	if err != nil {
		return change, err
	}
	again, err := ios.Plan(there, want)
	if err != nil {
		return change, fmt.Errorf("plan again after %q: %w", change.Commands, err)
	}
	if !again.Empty() {
		return change, fmt.Errorf("after %q planning again is not empty: %q", change.Commands, again.Commands)
	}
	return change, nil
}

// read observes the switch through what it prints.
func read(sim *iossim.Sim) (fabric.Observation, error) {
	say := func(line string) string {
		out, err := sim.Exec(line)
		if err != nil {
			return ""
		}
		// The console shows prompt and echo before the answer, and a prompt after it.
		_, out, _ = strings.Cut(out, "\n")
		return out[:strings.LastIndexByte(out, '\n')+1]
	}
	return ios.Saved{
		Running: sim.RunningConfig(), VLANBrief: say("show vlan brief"), VTPStatus: say("show vtp status"),
		Version: say("show version"), Switchport: say("show interfaces " + firstPort(sim)(48) + " switchport"),
	}.Observation()
}

// look is all that a change may alter: the configuration, and VLANs that are in
// a file of their own.
func look(sim *iossim.Sim) string {
	vlans, _ := sim.Exec("show vlan brief")
	return sim.RunningConfig() + vlans
}

func enter(sim *iossim.Sim, lines ...string) error {
	if len(lines) == 0 {
		return nil
	}
	out, err := sim.Exec(append(append([]string{"configure terminal"}, lines...), "end")...)
	if err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
}

// firstPort returns how the model calls its n-th port.
func firstPort(sim *iossim.Sim) func(n int) string {
	for line := range strings.Lines(sim.RunningConfig()) {
		name, ok := strings.CutPrefix(strings.TrimSpace(line), "interface ")
		if ok && strings.HasSuffix(name, "/1") {
			stem := strings.TrimSuffix(name, "1")
			return func(n int) string { return fmt.Sprintf("%s%d", stem, min(n, 24)) }
		}
	}
	return func(n int) string { return fmt.Sprintf("GigabitEthernet1/0/%d", n) }
}

// onto renames the ports of a wish to those of a model.
func onto(w fabric.Want, port func(int) string) fabric.Want {
	out := w
	out.Ports = map[string]fabric.Port{}
	for name, p := range w.Ports {
		n, _ := strconv.Atoi(name[strings.LastIndexByte(name, '/')+1:])
		p.Name = port(n)
		out.Ports[p.Name] = p
	}
	return out
}

// shrink drops from a failing pair what it can fail without.
func (p pair) shrink(err error) (pair, error) {
	for again := true; again; {
		again = false
		for _, smaller := range p.smaller() {
			if e := smaller.try(); e != nil && !errors.Is(e, errImpossible) {
				p, err, again = smaller, e, true
				break
			}
		}
	}
	return p, err
}

func (p pair) smaller() []pair {
	var out []pair
	for _, side := range []func(*pair) *fabric.Want{func(q *pair) *fabric.Want { return &q.a }, func(q *pair) *fabric.Want { return &q.b }} {
		w := *side(&p)
		with := func(change func(*fabric.Want)) {
			q := p
			c := w
			c.VLANs, c.Ports, c.AbsentVLANs = maps.Clone(w.VLANs), maps.Clone(w.Ports), slices.Clone(w.AbsentVLANs)
			change(&c)
			*side(&q) = c
			out = append(out, q)
		}
		for id := range w.VLANs {
			with(func(c *fabric.Want) { delete(c.VLANs, id) })
		}
		for i := range w.AbsentVLANs {
			with(func(c *fabric.Want) { c.AbsentVLANs = slices.Delete(c.AbsentVLANs, i, i+1) })
		}
		for name, port := range w.Ports {
			with(func(c *fabric.Want) { delete(c.Ports, name) })
			for _, plain := range []func(*fabric.Port){
				func(q *fabric.Port) { q.Description = "" },
				func(q *fabric.Port) { q.Shutdown = false },
				func(q *fabric.Port) { q.PortFast = false },
				func(q *fabric.Port) { q.VoiceVLAN = 0 },
				func(q *fabric.Port) { q.BPDUGuard = "" },
				func(q *fabric.Port) { q.GuardRoot = "" },
				func(q *fabric.Port) { q.CDP = "" },
				func(q *fabric.Port) { q.Allowed = fabric.VLANSet{} },
			} {
				q := port
				plain(&q)
				if fmt.Sprint(q) != fmt.Sprint(port) {
					with(func(c *fabric.Want) { c.Ports[name] = q })
				}
			}
		}
	}
	return out
}
