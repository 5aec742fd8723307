package provider_test

import (
	"strings"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
	"github.com/cthulix/terraform-provider-cthulix/fabric/ios"
	"github.com/cthulix/terraform-provider-cthulix/lab/iossim"
)

// TestStateIsTrueWhenHindered: what somebody else holds makes an apply wait, and
// then fail. Nothing was changed, and the state says so.
func TestStateIsTrueWhenHindered(t *testing.T) {
	for name, hinder := range map[string]func(*life) (release func()){
		"configuration locked": func(l *life) func() { return l.sim.LockConfiguration("NETCONF") },
		"all lines taken":      func(l *life) func() { return l.occupy(2) },
		"a line for one":       func(l *life) func() { return l.occupy(1) },
		"a timer of another": func(l *life) func() {
			if out, err := l.sim.Exec("configure terminal revert timer 5", "end"); err != nil {
				l.t.Fatal(err, out)
			}
			return func() {
				if _, err := l.sim.Exec("configure confirm"); err != nil {
					l.complain("%v", err)
				}
			}
		},
	} {
		for _, create := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				ref := newLife(t, "revert_timer", create)
				ref.run(nil)
				l := newLife(t, "revert_timer", create, func(c *iossim.Config) { c.VTYs = 2 })
				l.meant = ref.meant
				l.hinder = hinder
				l.run(nil)
				if l.bad != "" || l.end != "b" {
					t.Errorf("it ended as %q: %s", l.end, l.bad)
				}
			})
		}
	}
}

// occupy takes lines of the switch until the function returned is called.
func (l *life) occupy(n int) func() {
	l.t.Helper()
	var open []*ios.Session
	for range n {
		s, err := ios.Dial(l.t.Context(), fabric.Target{Address: l.address, HostKey: l.hostKey, Username: "cthulix", Password: switchPassword, EnablePassword: switchSecret})
		if err != nil {
			l.t.Fatal(err)
		}
		open = append(open, s)
	}
	return func() {
		for _, s := range open {
			_ = s.Close()
		}
	}
}

// TestStateIsTrueWhenStranded: the change cuts the way to the switch, so that
// the provider can neither verify it nor take it back. The state keeps what was;
// a refresh takes over what is, whether the switch has gone back by itself by
// then or not, and the next run gets to what is meant.
func TestStateIsTrueWhenStranded(t *testing.T) {
	for _, way := range []string{"revert_timer", "reload"} {
		for _, waits := range []bool{false, true} {
			t.Run(way, func(t *testing.T) {
				ref := newLife(t, way, false)
				ref.run(nil)
				l := newLife(t, way, false, func(c *iossim.Config) { c.BootTime = 0 })
				if e := l.to(l.before); e != "" {
					t.Fatal(e)
				}
				was, stateWas := l.real(), l.walk().text(ofSwitch, l.state)
				l.times.Rollback = 300 * time.Millisecond
				cut := iossim.Fault{Line: "^end$", Config: true, Times: 1, Drop: true, After: true}
				if err := l.sim.SetFault(cut); err != nil {
					t.Fatal(err)
				}
				l.sim.OnLine(func(line string) {
					if line == "end" {
						l.dial.cut(true)
					}
				})
				e := l.to(asMeant())
				if !strings.Contains(e, "the switch goes back by itself") {
					t.Fatalf("got %q", e)
				}
				l.sim.OnLine(nil)
				l.dial.cut(false)
				l.times = fabric.Timeouts{Retry: l.times.Retry}
				if got := l.walk().text(ofSwitch, l.state); got != stateWas {
					t.Errorf("the state is\n%s\nand was\n%s", got, stateWas)
				}
				if waits {
					l.sim.Elapse(11 * time.Minute)
					if now := l.sim.RunningConfig(); !strings.HasPrefix(was, now) {
						t.Fatalf("the switch did not go back:\n%s", now)
					}
				} else {
					l.inForce("before the switch goes back")
				}
				seen := l.walk().text(ofSwitch, l.walk().refresh(ofSwitch, l.state))
				if strings.Contains(seen, "as meant") == waits || strings.Contains(seen, "as it was") != waits {
					t.Errorf("a refresh sees %s", seen)
				}
				if e := l.to(asMeant()); e != "" {
					t.Fatalf("the next run: %s", e)
				}
				l.meant = ref.meant
				l.true_("after the next run", l.meant, asMeant())
				l.inForce("after the next run")
				if l.bad != "" {
					t.Error(l.bad)
				}
			})
		}
	}
}

// cut pulls the cable out, or puts it in again.
func (g *gate) cut(out bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.pulled = out
}
