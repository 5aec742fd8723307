package provider_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
	"github.com/cthulix/terraform-provider-cthulix/lab/iossim"
	"github.com/cthulix/terraform-provider-cthulix/provider"
)

const ofSwitch = "cthulix_switch"

// asItWas and asMeant are a switch before and after a change of 20 lines.
func asItWas() map[string]any {
	return map[string]any{
		"name":  "leaf1",
		"vlans": map[string]any{"50": map[string]any{"name": "old"}},
		"ports": map[string]any{
			"gi1/0/1": map[string]any{"mode": "access", "access_vlan": 50, "description": "as it was"},
			"gi1/0/2": map[string]any{"mode": "trunk", "allowed_vlans": "50"},
		},
	}
}

func asMeant() map[string]any {
	return map[string]any{
		"name":  "leaf1",
		"vlans": map[string]any{"60": map[string]any{"name": "storage"}, "61": map[string]any{"name": "cluster"}},
		"ports": map[string]any{
			"gi1/0/1": map[string]any{"mode": "access", "access_vlan": 60, "description": "as meant"},
			"gi1/0/2": map[string]any{"mode": "trunk", "allowed_vlans": "60-61", "native_vlan": 61},
			"gi1/0/3": map[string]any{"mode": "access", "access_vlan": 61, "description": "new", "portfast": true},
		},
	}
}

// place is a line of a transaction that a fault strikes.
type place struct {
	name  string
	fault func(kind iossim.FaultKind) iossim.Fault
	line  string // that the message names; empty for any
}

// places are lines of the change, and what comes after it.
func places(commands []string) []place {
	var out []place
	for _, n := range []int{1, len(commands) / 2, len(commands), len(commands) + 1} {
		line := append(slices.Clone(commands), "end")[n-1]
		out = append(out, place{fmt.Sprintf("line %d, %s", n, line), func(kind iossim.FaultKind) iossim.Fault { return iossim.FaultAt(kind, n) }, line})
	}
	// The reading that verifies comes after that of the plan and that before the
	// change.
	for _, p := range []struct {
		name, line string
		at         int
	}{{"verify", "^show running-config$", 3}, {"confirm", "^(configure confirm|reload cancel)$", 1}, {"save", "^write memory$", 1}} {
		out = append(out, place{name: p.name, fault: func(kind iossim.FaultKind) iossim.Fault {
			f := iossim.FaultAt(kind, p.at)
			if kind == truncated {
				f.Short = 7
			}
			f.Config, f.Line = false, p.line
			return f
		}})
	}
	return out
}

// truncated is a reading that lacks its end; only readings meet it.
const truncated = iossim.FaultKind("answer cut short")

// TestStateIsTrue strikes a few lines of a change with each fault, and compares
// what Terraform keeps with what the switch then is: after the change, after a
// refresh, after the next run, and after the destroy. A table shows how the
// switch ended. With CTHULIX_FAULTS=all, as make test-twin has it, each fault
// strikes each line, for both ways back, in a create and in an update; else every
// twelfth of them.
func TestStateIsTrue(t *testing.T) {
	all := os.Getenv("CTHULIX_FAULTS") == "all"
	rounds := []struct {
		way    string
		create bool
	}{{"revert_timer", false}, {"reload", true}, {"revert_timer", true}, {"reload", false}}
	for round, r := range rounds {
		t.Run(fmt.Sprintf("%s/create=%t", r.way, r.create), func(t *testing.T) {
			ref := newLife(t, r.way, r.create)
			ref.run(nil)
			if ref.bad != "" {
				t.Fatalf("without a fault: %s", ref.bad)
			}
			at := places(ref.change)
			kinds := append(iossim.FaultKinds(), truncated)
			table := map[iossim.FaultKind][]string{}
			for _, kind := range kinds {
				table[kind] = make([]string, len(at))
			}
			var mu sync.Mutex
			var work, hangs errgroup.Group
			work.SetLimit(2)
			hangs.SetLimit(20)
			for k, kind := range kinds {
				for i, pl := range at {
					if kind == truncated && pl.name != "verify" || !all && (k+i)%(3*len(rounds)) != round {
						continue
					}
					on := &work
					if hanging(kind) {
						on = &hangs
					}
					on.Go(func() error {
						l := newLife(t, r.way, r.create)
						l.meant = ref.meant
						l.run(&strike{pl, kind})
						mu.Lock()
						defer mu.Unlock()
						table[kind][i] = l.end
						if l.bad != "" {
							t.Errorf("%s at %s: %s", kind, pl.name, l.bad)
							table[kind][i] = "X"
						}
						return nil
					})
				}
			}
			_, _ = work.Wait(), hangs.Wait()
			t.Log(faultTable(kinds, at, table))
		})
	}
}

func hanging(kind iossim.FaultKind) bool {
	return kind == iossim.HangBefore || kind == iossim.HangAfter
}

func faultTable(kinds []iossim.FaultKind, at []place, table map[iossim.FaultKind][]string) string {
	var b strings.Builder
	b.WriteString("w = as wanted, u = as wanted and not saved, b = as before; the state is true in all\n")
	for n, p := range at {
		fmt.Fprintf(&b, "%d %s\n", n+1, p.name)
	}
	for _, kind := range kinds {
		fmt.Fprintf(&b, "%-34s", kind)
		for _, end := range table[kind] {
			fmt.Fprintf(&b, "%3s", end)
		}
		b.WriteString("\n")
	}
	return b.String()
}

type strike struct {
	place
	kind iossim.FaultKind
}

// life is that of a resource, on a switch of its own.
type life struct {
	*world
	t      *testing.T
	create bool
	times  fabric.Timeouts

	before map[string]any // the configuration that a fault's change starts from; nil for a create
	state  held
	lines  []string // that the last plan showed
	change []string // that the plan of the change showed
	meant  string   // the state of a switch that is as meant

	// hinder is what somebody else does before the change.
	hinder func(*life) (release func())

	end, bad string
}

func newLife(t *testing.T, way string, create bool, change ...func(*iossim.Config)) *life {
	t.Helper()
	startup := "hostname leaf1\n!\ninterface GigabitEthernet1/0/3\n description of old\n!\n"
	if way == "revert_timer" {
		startup += "archive\n path flash:backup\n!\n"
	}
	small := func(c *iossim.Config) { c.Ports, c.BootTime = 4, 50*time.Millisecond }
	w := newWorldOf(t, startup+"end\n", append([]func(*iossim.Config){small}, change...)...)
	w.managed = "gi1/0/4"
	if _, err := w.sim.Exec("write memory"); err != nil {
		t.Fatal(err)
	}
	l := &life{world: w, t: t, create: create}
	l.times.Retry = 20 * time.Millisecond
	if !create {
		l.before = asItWas()
	}
	return l
}

// walk is a provider as Terraform starts one for each of its walks.
func (l *life) walk() protocol {
	l.t.Helper()
	return l.protocol(l.t, provider.WithSwitchTimeouts(l.times))
}

// real is all that the switch is.
func (l *life) real() string {
	vlans, err := l.sim.Exec("show vlan brief")
	if err != nil {
		l.complain("%v", err)
	}
	return l.sim.RunningConfig() + vlans
}

func (l *life) complain(format string, args ...any) { l.bad += fmt.Sprintf(format, args...) + "; " }

// to brings the switch to a configuration, which somebody may hinder once it is
// planned, and returns the error.
func (l *life) to(config map[string]any, hinder ...func(*life) (release func())) string {
	l.t.Helper()
	p := l.walk()
	if l.state.state != nil {
		l.state = p.refresh(ofSwitch, l.state)
	}
	plan := p.plan(ofSwitch, l.state, config)
	if config != nil {
		l.lines = p.commands(ofSwitch, plan)
	}
	for _, h := range hinder {
		if h != nil {
			l.times.Lock = 200 * time.Millisecond
			defer h(l)()
		}
	}
	next, diags := l.walk().apply(ofSwitch, l.state, plan, config)
	l.state = next
	return errorsOf(diags)
}

// true_ compares the state file with the switch: it is what is expected, also
// after a refresh, and a plan of the configuration that made it is empty.
func (l *life) true_(when, want string, config map[string]any) {
	l.t.Helper()
	p := l.walk()
	if got := p.text(ofSwitch, l.state); got != want {
		l.complain("%s the state is\n%s\nand not\n%s", when, got, want)
	}
	if l.state.state == nil {
		return
	}
	seen := p.refresh(ofSwitch, l.state)
	if got := p.text(ofSwitch, seen); got != want {
		l.complain("%s a refresh makes\n%s\nof\n%s", when, got, want)
	}
	if left := p.commands(ofSwitch, p.plan(ofSwitch, seen, config)); len(left) > 0 {
		l.complain("%s there is still to do: %q", when, left)
	}
}

// run is the whole life: as it was, the change that meets a fault, the next run,
// the end.
func (l *life) run(s *strike) {
	l.t.Helper()
	blank := l.real()
	if !l.create {
		if e := l.to(l.before); e != "" {
			l.complain("%s", e)
			return
		}
	}
	was, stateWas := l.real(), l.walk().text(ofSwitch, l.state)
	if s != nil {
		if err := l.sim.SetFault(s.fault(s.kind)); err != nil {
			l.complain("%v", err)
			return
		}
		if s.kind == truncated || s.kind == iossim.UnknownText {
			l.times.Read = 8 * time.Second // for the rest of what is not whole
		}
		if hanging(s.kind) {
			l.times.Command, l.times.Read, l.times.Save = 4*time.Second, 4*time.Second, 6*time.Second
		}
	}
	failed := l.to(asMeant(), l.hinder)
	if left := l.sim.PendingFaults(); left != 0 {
		l.complain("the fault did not strike")
	}
	l.sim.ClearFaults()
	l.times = fabric.Timeouts{Retry: l.times.Retry}
	if s == nil && l.hinder == nil {
		l.change, l.meant = l.lines, l.walk().text(ofSwitch, l.state)
	}
	l.judge(s, failed, was, stateWas)
	if e := l.to(asMeant()); e != "" {
		l.complain("the next run: %s", e)
	}
	l.true_("after the next run", l.meant, asMeant())
	l.inForce("after the next run")
	if e := l.to(nil); e != "" || l.state.state != nil {
		l.complain("the end: %s", e)
	}
	if now := l.real(); now != blank {
		l.complain("after the destroy the switch is\n%s\nand was\n%s", now, blank)
	}
}

// judge looks at the switch and at the state after the change that met a fault.
func (l *life) judge(s *strike, failed, was, stateWas string) {
	l.t.Helper()
	if now := l.real(); now == was {
		l.end = "b"
		if failed == "" {
			l.complain("the switch is as before, and nobody said so")
		}
		if s != nil && s.line != "" && !strings.Contains(failed, s.line) {
			l.complain("the message does not name %q: %s", s.line, failed)
		}
		l.true_("after the failure", stateWas, l.before)
		return
	}
	l.end = "w"
	if l.sim.StartupConfig() != l.sim.RunningConfig() {
		l.end = "u"
	} else if failed != "" {
		l.complain("the switch is as wanted, and it says %s", failed)
	}
	l.true_("after the change", l.meant, asMeant())
	l.inForce("after the change")
}

// inForce reads from the switch itself that it is as meant.
func (l *life) inForce(when string) {
	l.t.Helper()
	for _, want := range []string{
		" description as meant\n switchport access vlan 60\n switchport mode access\n",
		" switchport trunk native vlan 61\n switchport trunk allowed vlan 60,61\n switchport mode trunk\n",
		" description new\n switchport access vlan 61\n switchport mode access\n spanning-tree portfast\n",
	} {
		if err := l.has(want); err != nil {
			l.complain("%s: %v", when, err)
		}
	}
	for line, there := range map[string]bool{"60   storage": true, "61   cluster": true, "50   old": false} {
		if text := l.real(); strings.Contains(text, "\n"+line) != there {
			l.complain("%s: %q should be there: %t\n%s", when, line, there, text)
		}
	}
}
