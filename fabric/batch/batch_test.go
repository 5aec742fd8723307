package batch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// recorder is a switch that counts its transactions.
type recorder struct {
	mu    sync.Mutex
	runs  [][]string
	takes time.Duration
	bad   string // a port whose presence fails the whole transaction
}

var errBad = errors.New("the switch refused a line")

func (s *recorder) transact(ctx context.Context, parts []fabric.Part) (int, []error, error) {
	var ports []string
	errs := make([]error, len(parts))
	var wants []fabric.Want
	for i, p := range parts {
		for name := range p.Want.Ports {
			ports = append(ports, name)
		}
		if p.Fingerprint == "stale" {
			errs[i] = errors.New("changed since the plan")
		}
		wants = append(wants, p.Want)
	}
	slices.Sort(ports)
	s.mu.Lock()
	s.runs = append(s.runs, ports)
	n := len(s.runs)
	s.mu.Unlock()
	if _, err := fabric.MergeWants(wants...); err != nil {
		return n, errs, fmt.Errorf("wants that disagree came together: %w", err)
	}
	select {
	case <-time.After(s.takes):
	case <-ctx.Done():
		return n, errs, context.Cause(ctx)
	}
	if slices.Contains(ports, s.bad) {
		return n, errs, errBad
	}
	return n, errs, nil
}

func port(name, description string) fabric.Part {
	return fabric.Part{Want: fabric.Want{Ports: map[string]fabric.Port{name: {Description: description}}}}
}

func TestCallersShareATransaction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &recorder{takes: 5 * time.Second}
		q := New(s.transact, Options{})
		var all sync.WaitGroup
		for i := range 10 {
			all.Go(func() {
				// Some come together, and the others while the first transaction runs.
				<-time.After(time.Duration(i%2) * time.Second)
				if _, err := q.Do(t.Context(), port(fmt.Sprintf("Gi%d", i), "x")); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if len(s.runs) != 2 || len(s.runs[0]) != 5 || len(s.runs[1]) != 5 {
			t.Errorf("transactions: %q", s.runs)
		}
	})
}

func TestWantsThatDisagreeGoInTheirOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &recorder{}
		q := New(s.transact, Options{})
		var all sync.WaitGroup
		for i := range 3 {
			all.Go(func() {
				<-time.After(time.Duration(i) * time.Millisecond)
				n, err := q.Do(t.Context(), port("Gi1", fmt.Sprint(i)))
				if err != nil || n != i+1 {
					t.Errorf("want %d was in transaction %d: %v", i, n, err)
				}
			})
		}
		all.Wait()
	})
}

func TestOneBadWantDoesNotSpoilTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &recorder{bad: "Gi5"}
		q := New(s.transact, Options{Separable: func(err error) bool { return errors.Is(err, errBad) }})
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				p := port(fmt.Sprintf("Gi%d", i), "x")
				if i == 2 {
					p.Fingerprint = "stale"
				}
				_, err := q.Do(t.Context(), p)
				switch {
				case i == 5 && !errors.Is(err, errBad), i == 2 && (err == nil || !strings.Contains(err.Error(), "changed since")), i != 5 && i != 2 && err != nil:
					t.Errorf("want %d: %v", i, err)
				}
			})
		}
		all.Wait()
	})
}

// What is tried apart is tried in an order in which each finds what it builds on,
// however the wants came.
func TestTriedApartInOrder(t *testing.T) {
	vlan := fabric.Part{Want: fabric.Want{VLANs: map[int]fabric.VLAN{60: {ID: 60}}}}
	gone := fabric.Part{Want: fabric.Want{AbsentVLANs: []int{70}}}
	names := func(w fabric.Want) string {
		switch {
		case len(w.VLANs) > 0:
			return "VLAN 60"
		case len(w.AbsentVLANs) > 0:
			return "no VLAN 70"
		}
		for name := range w.Ports {
			return name
		}
		return ""
	}
	synctest.Test(t, func(t *testing.T) {
		var alone []string
		q := New(func(_ context.Context, parts []fabric.Part) (int, []error, error) {
			if len(parts) > 1 {
				return 0, nil, errBad
			}
			alone = append(alone, names(parts[0].Want))
			return 0, nil, nil
		}, Options{Separable: func(err error) bool { return errors.Is(err, errBad) }})
		var all sync.WaitGroup
		for _, p := range []fabric.Part{gone, port("Gi1", "x"), port("Port-channel5", "x"), vlan} {
			all.Go(func() { _, _ = q.Do(t.Context(), p) })
			synctest.Wait() // they come in this order
		}
		all.Wait()
		if want := []string{"VLAN 60", "Port-channel5", "Gi1", "no VLAN 70"}; !slices.Equal(alone, want) {
			t.Errorf("%q, want %q", alone, want)
		}
	})
}

func TestEndedContexts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &recorder{takes: time.Minute}
		q := New(s.transact, Options{})
		var all sync.WaitGroup
		do := func(name string, ctx context.Context) {
			all.Go(func() {
				_, err := q.Do(ctx, port(name, "x"))
				wantErr := ctx.Err() != nil
				if (err != nil) != wantErr && name != "stays with others" {
					t.Errorf("%s: %v", name, err)
				}
			})
		}
		brief, cancelBrief := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancelBrief()
		begun := time.Now()
		// One of two ends: the transaction goes on, and both hear of it.
		do("stays with others", brief)
		do("patient", t.Context())
		<-time.After(time.Second)
		// This one ends while it waits: it is withdrawn.
		do("withdrawn", brief)
		all.Wait()
		if took := time.Since(begun); took < time.Minute {
			t.Errorf("the transaction ended after %s", took)
		}
		// A transaction all of whose callers are gone ends early.
		begun = time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		do("alone", ctx)
		all.Wait()
		if took := time.Since(begun); took > 6*time.Second {
			t.Errorf("it went on for %s with nobody waiting", took)
		}
		if len(s.runs) != 2 {
			t.Errorf("transactions: %q", s.runs)
		}
	})
}

func TestSet(t *testing.T) {
	s := NewSet(func(string) *Queue[int] { return New((&recorder{}).transact, Options{Gather: time.Nanosecond}) })
	first, again := s.Queue("leaf1"), s.Queue("leaf1")
	if first != again || first == s.Queue("leaf2") {
		t.Error("a switch has one queue")
	}
	if _, err := s.Queue("leaf1").Do(t.Context(), port("Gi1", "x")); err != nil {
		t.Error(err)
	}
}
