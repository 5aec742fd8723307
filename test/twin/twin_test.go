// Package twin holds the two readings of IOS against each other: the planner in
// fabric and the simulated switch in lab/iossim, which share no code.
package twin

import (
	"context"
	"fmt"
	mrand "math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
	"github.com/cthulix/terraform-provider-cthulix/fabric/ios"
	"github.com/cthulix/terraform-provider-cthulix/lab/iossim"
	"github.com/cthulix/terraform-provider-cthulix/test/switches"
)

// newSwitch serves a simulated switch and returns how to reach it.
func newSwitch(t testing.TB, startup string) (*iossim.Sim, fabric.Target) {
	t.Helper()
	return newSwitchFrom(t, iossim.Config{Hostname: "leaf1", Users: map[string]string{"admin": "pw"}, EnableSecret: "enable", Startup: startup})
}

func newSwitchFrom(t testing.TB, cfg iossim.Config) (*iossim.Sim, fabric.Target) {
	t.Helper()
	sw := switches.Start(t, cfg)
	sw.Target.Platform = "" // it is found out
	return sw.Sim, sw.Target
}

// TestPairs: for random states A and wishes B, the planned commands bring the
// switch from A to B and touch nothing else, planning again is empty, and the
// inverse returns to A byte for byte. TWIN_SEED repeats a run, TWIN_PAIRS sets
// its length.
func TestPairs(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("TWIN_SEED"); s != "" {
		seed, _ = strconv.ParseUint(s, 10, 64)
	}
	pairs := 60
	if s := os.Getenv("TWIN_PAIRS"); s != "" {
		pairs, _ = strconv.Atoi(s)
	}
	t.Logf("TWIN_SEED=%d", seed)
	r := mrand.New(mrand.NewPCG(seed, 0))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	sim, target := newSwitch(t, "")
	for i := range pairs {
		a, b := randomWant(r), randomWant(r)
		if _, _, err := ios.Converge(ctx, target, a, ios.ConvergeOptions{}); err != nil {
			t.Fatalf("pair %d: reach A: %v\nA: %s", i, err, describe(a))
		}
		before := sim.RunningConfig()
		s, err := ios.Dial(ctx, target)
		if err != nil {
			t.Fatal(err)
		}
		err = roundTrip(ctx, s, b)
		s.Close()
		if err != nil {
			t.Fatalf("pair %d: %v\nA: %s\nB: %s", i, err, describe(a), describe(b))
		}
		if after := sim.RunningConfig(); after != before {
			t.Fatalf("pair %d: after change and inverse:\n%s\nbefore:\n%s\nA: %s\nB: %s", i, after, before, describe(a), describe(b))
		}
	}
}

func roundTrip(ctx context.Context, s *ios.Session, b fabric.Want) error {
	obs, err := s.Observe(ctx)
	if err != nil {
		return fmt.Errorf("observe A: %w", err)
	}
	change, err := ios.Plan(obs, b)
	if err != nil {
		return fmt.Errorf("plan: %w", err)
	}
	if _, err := s.Apply(ctx, change); err != nil {
		return fmt.Errorf("apply %q: %w", change.Commands, err)
	}
	reached, err := s.Observe(ctx)
	if err != nil {
		return fmt.Errorf("observe B: %w", err)
	}
	again, err := ios.Plan(reached, b)
	if err != nil {
		return fmt.Errorf("plan again: %w", err)
	}
	if len(again.Commands) > 0 {
		return fmt.Errorf("after %q planning again is not empty: %q", change.Commands, again.Commands)
	}
	for name, p := range obs.Ports {
		if _, wanted := b.Ports[name]; !wanted && fmt.Sprint(p) != fmt.Sprint(reached.Ports[name]) {
			return fmt.Errorf("%s was not in scope and changed from %v to %v", name, p, reached.Ports[name])
		}
	}
	back := fabric.Change{Commands: change.Rollback, Rollback: change.Commands}
	if _, err := s.Apply(ctx, back); err != nil {
		return fmt.Errorf("apply the inverse %q of %q: %w", change.Rollback, change.Commands, err)
	}
	return nil
}

func randomWant(r *mrand.Rand) fabric.Want {
	w := fabric.Want{VLANs: map[int]fabric.VLAN{}, Ports: map[string]fabric.Port{}}
	// A VLAN only leaves when no port out of scope needs it, so a wish that
	// removes some covers every port that these tests use.
	whole := r.IntN(2) == 0
	pool := []int{2, 10, 20, 30, 99, 100, 200, 1001}
	for _, id := range pool {
		switch n := r.IntN(3); {
		case n == 0:
			w.VLANs[id] = fabric.VLAN{ID: id, Name: fmt.Sprintf("net-%d-%d", id, r.IntN(2))}
		case n == 1 && whole:
			w.AbsentVLANs = append(w.AbsentVLANs, id)
		}
	}
	var have []int
	for id := range w.VLANs {
		have = append(have, id)
	}
	have = append(have, 1)
	for i := range 6 {
		if !whole && r.IntN(2) == 0 {
			continue
		}
		name := fmt.Sprintf("GigabitEthernet1/0/%d", 1+i)
		p := fabric.Port{Name: name, Shutdown: r.IntN(4) == 0, PortFast: r.IntN(2) == 0}
		if r.IntN(2) == 0 {
			p.Description = fmt.Sprintf("host %d", r.IntN(9))
		}
		toggle := func() fabric.Toggle { return []fabric.Toggle{"", "", fabric.Enable, fabric.Disable}[r.IntN(4)] }
		p.BPDUGuard, p.GuardRoot, p.CDP = toggle(), toggle(), toggle()
		// Said either way, or a voice VLAN of an earlier wish could not be removed by this one.
		p.VoiceVLAN = fabric.VoiceOff
		if r.IntN(2) == 0 {
			p.Mode, p.AccessVLAN = fabric.ModeAccess, have[r.IntN(len(have))]
			if r.IntN(3) == 0 {
				p.VoiceVLAN = have[r.IntN(len(have))]
			}
		} else {
			p.Mode, p.NativeVLAN = fabric.ModeTrunk, have[r.IntN(len(have))]
			switch r.IntN(4) {
			case 0:
				p.Allowed = fabric.AllVLANs()
			default:
				ids := make([]int, 1+r.IntN(40))
				for i := range ids {
					ids[i] = 1 + r.IntN(1001)
				}
				p.Allowed, _ = fabric.NewVLANSet(ids...)
			}
		}
		w.Ports[name] = p
	}
	return w
}

func describe(w fabric.Want) string { return fmt.Sprintf("%+v", w) }
