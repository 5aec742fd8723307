package operate_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/operate"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// script is a host whose records become one view after the other.
type script struct {
	views []ophub.View
	last  chan struct{} // closed when the last was taken; nil for nobody
}

func (s script) WatchHost(ctx context.Context, name string) <-chan ophub.View {
	out := make(chan ophub.View)
	go func() {
		defer close(out)
		for _, v := range s.views {
			v.Boot.Host, v.At = name, time.Now()
			select {
			case out <- v:
			case <-ctx.Done():
				return
			}
		}
		if s.last != nil {
			close(s.last)
		}
		<-ctx.Done()
	}()
	return out
}

var (
	imageA = keg.Sum([]byte("a"))
	imageB = keg.Sum([]byte("b"))
)

// seen are events of the stages, a second apart.
func seen(stages ...ophub.Stage) (all []ophub.Event) {
	for i, s := range stages {
		all = append(all, ophub.Event{Stage: s, Detail: "saw " + string(s), MAC: "52:54:00:00:00:01", Time: time.Unix(2e9+int64(i), 0), Image: imageA})
	}
	return all
}

func viewOf(attempt int, agent *ophub.Agent, events ...ophub.Event) ophub.View {
	return ophub.View{
		Host: &ophub.Host{Name: "node1", MACs: []string{"52:54:00:00:00:01"}, Image: imageA, Kernels: []string{"k1"}},
		Boot: ophub.Boot{Attempt: attempt, Events: events}, Agent: agent,
	}
}

func agentOf(boot string, image keg.KID, status string) *ophub.Agent {
	a := &ophub.Agent{Host: "node1", BootID: boot, Image: image, Kernels: map[string]ophub.KernelState{}}
	if status != "" {
		a.Kernels["k1"] = ophub.KernelState{Status: status}
	}
	return a
}

var allStages = []ophub.Stage{ophub.StagePower, ophub.StageDHCP, ophub.StageBootFile, ophub.StageBootScript, ophub.StageLinux, ophub.StageInitrd, ophub.StageAgent}

// lines are sights as lines of text, without times.
type lines struct {
	mu  sync.Mutex
	all []string
}

func (l *lines) add(s operate.Sight) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, fmt.Sprintf("%s|%s|%s|%s|%t", s.Stage, s.Detail, s.WaitsFor, s.State, s.Journal))
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.all, "\n")
}

func TestWatch(t *testing.T) {
	gone := ophub.View{}
	quarantined := viewOf(1, nil, seen(ophub.StageDHCP)...)
	quarantined.Boot.Quarantine = &ophub.Quarantine{Since: time.Now(), Reason: "it has begun to boot 5 times"}
	unread := viewOf(1, nil, seen(ophub.StageDHCP)...)
	unread.Err = errors.New("connection refused")
	up := agentOf("boot-1", imageA, ophub.KernelReady)
	for name, c := range map[string]struct {
		views []ophub.View
		notes []operate.Note
		watch operate.Watch
		says  []string // in this order
		err   error
		text  string // of the error
	}{
		"a boot to its end": {
			views: []ophub.View{
				viewOf(1, nil), viewOf(1, nil, seen(allStages[:2]...)...), viewOf(1, nil, seen(allStages...)...),
				viewOf(1, agentOf("boot-1", imageA, ophub.KernelStarting), seen(allStages...)...), viewOf(1, up, seen(allStages...)...),
			},
			watch: operate.Watch{Until: ophub.StageKernels},
			says: []string{
				"|no DHCP request seen: nothing seen so far|a DHCP request of it|waiting|false",
				"power|saw power (52:54:00:00:00:01)||waiting|false",
				"dhcp|saw dhcp (52:54:00:00:00:01)|its boot program to be loaded|waiting|false",
				"boot file|saw boot file", "initrd|saw initrd", "agent|saw agent (52:54:00:00:00:01)|its agent to register|waiting|false",
				"registered|agent registered but kernel k1 not joined: agent of boot boot-1", "|kernels to be joined: k1 (starting)|waiting|false",
				"kernels joined|ready: agent of boot boot-1", "||ready|false",
			},
		},
		"until a stage":           {views: []ophub.View{viewOf(1, nil, seen(allStages[:5]...)...)}, watch: operate.Watch{Until: ophub.StageLinux}, says: []string{"linux|saw linux"}},
		"until it has registered": {views: []ophub.View{viewOf(1, nil, seen(allStages...)...), viewOf(1, agentOf("boot-1", imageA, ""))}, watch: operate.Watch{Until: ophub.StageRegistered}, says: []string{"registered|"}},
		"ready already":           {views: []ophub.View{viewOf(1, up)}, watch: operate.Watch{Until: ophub.StageKernels}, says: []string{"kernels joined|ready"}},
		"quarantine": {
			views: []ophub.View{viewOf(1, nil), quarantined}, watch: operate.Watch{},
			says: []string{"quarantined|false"}, err: ophub.ErrQuarantined, text: "host node1 is quarantined: it has begun to boot 5 times; in quarantine since",
		},
		"a record that goes": {views: []ophub.View{viewOf(1, nil), gone}, watch: operate.Watch{Until: ophub.StageAgent}, says: []string{"|gone|false"}, err: operate.ErrHostGone, text: "withdrawn"},
		"a record that comes": {
			views: []ophub.View{gone, viewOf(1, up)}, watch: operate.Watch{Until: ophub.StageKernels},
			says: []string{"|no host record: nothing seen so far|a record of it|waiting", "kernels joined|"},
		},
		"another image": {
			views: []ophub.View{viewOf(1, agentOf("boot-0", imageB, ophub.KernelReady)), viewOf(2, up)}, watch: operate.Watch{Until: ophub.StageRegistered},
			says: []string{"|its restart with image " + imageA.Short(), "kernels joined|"},
		},
		"an agent that is lost": {
			views: []ophub.View{viewOf(1, up), viewOf(1, nil, seen(append(allStages, ophub.StageRegistered)...)...), viewOf(1, up, seen(append(allStages, ophub.StageRegistered, ophub.StageDHCP)...)...)},
			watch: operate.Watch{Until: ophub.StageKernels, Next: true},
			// The boot that ran before is not the next one.
			err: context.DeadlineExceeded, text: "host node1 is not at kernels joined: ",
		},
		"the next boot": {
			views: []ophub.View{viewOf(1, up, seen(allStages...)...), viewOf(2, up), viewOf(2, nil, seen(ophub.StageDHCP)...), viewOf(2, agentOf("boot-2", imageA, ophub.KernelReady))},
			watch: operate.Watch{Until: ophub.StageKernels, Next: true},
			says:  []string{"|its boot program to be loaded|waiting", "kernels joined|ready: agent of boot boot-2"},
		},
		"records that cannot be read": {
			views: []ophub.View{viewOf(1, nil, seen(ophub.StageDHCP)...), unread, unread, viewOf(1, up)}, watch: operate.Watch{Until: ophub.StageKernels},
			says: []string{"dhcp|saw dhcp", "dhcp|DHCP but no boot file: last seen: DHCP", "connection refused|the records to be read|waiting", "kernels joined|ready"},
		},
		"a deadline": {
			views: []ophub.View{viewOf(1, nil, seen(ophub.StageDHCP)...)}, watch: operate.Watch{Until: ophub.StageAgent},
			err: context.DeadlineExceeded, text: "host node1 is not at agent: DHCP but no boot file; last seen: DHCP",
		},
		"an apply that fails": {
			views: []ophub.View{viewOf(1, nil, seen(ophub.StageDHCP)...)},
			notes: []operate.Note{
				{Host: "node2", Message: "another"}, {Host: "node1", Message: "long ago", Outcome: operate.OutcomeFailed, Time: time.Unix(1e9, 0)},
				{Host: "node1", Message: "no agent", Boot: true}, {Host: "node1", Message: "drain: 3 jobs", Evidence: "all"},
				{Host: "node1", Message: "the apply failed", Evidence: "no agent\n\nSerial console", Outcome: operate.OutcomeFailed},
			},
			says: []string{"|drain: 3 jobs: all|", "|waiting|true", "|failed|true"}, err: operate.ErrApplyFailed, text: "host node1: the apply failed: no agent\n\nSerial console",
		},
		"the journal alone": {
			notes: []operate.Note{
				{Host: "node1", Message: "reboot", Evidence: "image"}, {Host: "node1", Message: "DHCP but no boot file", Boot: true, Stage: ophub.StageDHCP},
				{Host: "node1", Message: "the apply is done", Outcome: operate.OutcomeDone},
			},
			watch: operate.Watch{Until: ophub.StageKernels},
			says:  []string{"|reboot: image|", "dhcp|DHCP but no boot file|its boot program to be loaded|waiting|true", "kernels joined|the apply is done||ready|true"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			if errors.Is(c.err, context.DeadlineExceeded) {
				cancel()
				ctx, cancel = context.WithTimeout(t.Context(), 200*time.Millisecond)
			}
			defer cancel()
			var told lines
			w := c.watch
			w.Host, w.Tell = "node1", told.add
			taken := make(chan struct{})
			if c.views != nil {
				w.Records = script{c.views, taken}
			} else {
				close(taken)
			}
			if c.notes != nil {
				notes := make(chan operate.Note)
				w.Journal = notes
				go func() {
					<-taken
					for _, n := range c.notes {
						if n.Time.IsZero() {
							n.Time = time.Now()
						}
						select {
						case notes <- n:
						case <-ctx.Done():
						}
					}
				}()
			}
			err := w.Run(ctx)
			if !errors.Is(err, c.err) || c.err == nil && err != nil || err != nil && !strings.Contains(err.Error(), c.text) {
				t.Errorf("it ended with %v", err)
			}
			rest := told.String()
			for _, want := range c.says {
				_, after, found := strings.Cut(rest, want)
				if !found {
					t.Errorf("it does not say %q in time:\n%s", want, told.String())
					break
				}
				rest = after
			}
		})
	}
}

// A watch for no stage goes on until it is interrupted, and tells again what it waits for.
func TestWatchReminds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var told lines
	w := operate.Watch{Host: "node1", Records: script{views: []ophub.View{viewOf(1, nil, seen(allStages[:3]...)...)}}, Every: time.Millisecond, Tell: told.add}
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	awaitThat(t, func() bool {
		return strings.Count(told.String(), "\nboot file||its boot script to be loaded|waiting") > 2
	}, told.String)
	cancel()
	if err := <-done; err != nil {
		t.Errorf("interrupted: %v", err)
	}
	// With a stage to wait for, an interruption is a failure.
	w.Until = ophub.StageAgent
	if err := w.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted before its stage: %v", err)
	}
}

// Events are told once, though the oldest go and the last is counted.
func TestWatchTellsEventsOnce(t *testing.T) {
	e := seen(allStages...)
	repeated := e[1]
	repeated.Count, repeated.Time = 2, repeated.Time.Add(time.Minute)
	again := e[1]
	again.Time = again.Time.Add(time.Hour)
	var told lines
	err := operate.Watch{Host: "node1", Tell: told.add, Until: ophub.StageKernels, Records: script{views: []ophub.View{
		viewOf(1, nil, e[0], e[1]), viewOf(1, nil, e[0], repeated), viewOf(1, nil, repeated, e[2], again), viewOf(2, agentOf("b", imageA, ophub.KernelReady), again),
	}}}.Run(t.Context())
	if n := strings.Count(told.String(), "|saw "); err != nil || n != 4 {
		t.Errorf("%v; %d events were told, want 4:\n%s", err, n, told.String())
	}
}

func TestParseStage(t *testing.T) {
	for word, want := range map[string]ophub.Stage{"joined": ophub.StageKernels, "boot_file": ophub.StageBootFile, "boot-script": ophub.StageBootScript, "registered": ophub.StageRegistered, "kernels_joined": ophub.StageKernels} {
		if got, err := operate.ParseStage(word); err != nil || got != want {
			t.Errorf("%s: %q, %v", word, got, err)
		}
	}
	if _, err := operate.ParseStage("ready"); err == nil || !strings.Contains(err.Error(), "registered or joined") {
		t.Errorf("ready: %v", err)
	}
}
