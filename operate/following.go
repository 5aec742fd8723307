package operate

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// following is a watch at work: what it has seen and told.
type following struct {
	Watch
	began time.Time
	told  int // sights

	looked   bool
	attempt  int    // the boot that was recorded first
	running  string // the boot that ran first
	recorded bool   // there was a record
	gone     bool   // there is none any more
	unread   bool   // the records cannot be read
	events   []ophub.Event
	verdict  ophub.Verdict
	start    time.Time // of the boot

	stage    ophub.Stage // the furthest that counts
	waitsFor string
	since    time.Time // it waits for that
	state    string
}

func newFollowing(w Watch) *following {
	now := time.Now()
	return &following{Watch: w, began: now, start: now, since: now, state: StateWaiting, waitsFor: "anything to be said of it"}
}

// look takes in what is recorded. It reports whether the watch is at its end.
func (f *following) look(v ophub.View) (end bool, err error) {
	if !f.looked {
		f.looked, f.attempt = true, v.Boot.Attempt
		if v.Agent != nil {
			f.running = v.Agent.BootID
		}
	}
	since := f.forgetBefore(&v)
	if f.gone = v.Host == nil && v.Err == nil && f.recorded; f.gone {
		return false, nil
	}
	f.recorded = f.recorded || v.Host != nil
	var want keg.KID
	if v.Host != nil {
		want = v.Host.Image
	}
	was, stage := f.verdict, f.stage
	f.verdict = ophub.Diagnose(v, want, true, since)
	f.stage = reachedBy(v, f.verdict, want)
	f.state = StateWaiting
	if f.verdict.Ready {
		f.state = StateReady
	}
	f.begin(v, since)
	f.waitFor(comesNext(v, f.verdict, f.stage))
	fresh := newEvents(f.events, v.Boot.Events)
	f.events = v.Boot.Events
	fresh = slices.DeleteFunc(fresh, func(e ophub.Event) bool {
		return e.Time.Before(since) || e.BootID != "" && e.BootID == v.Boot.OldBootID
	})
	for i, e := range fresh {
		f.tell(Sight{Stage: e.Stage, Detail: detailOf(e)}, i == len(fresh)-1)
	}
	if f.verdict.Stage == ophub.QuarantinedText && v.Err == nil {
		return true, f.fail(StateQuarantined, f.verdict.Evidence+"; "+f.verdict.Hint, ophub.ErrQuarantined)
	}
	changed := f.verdict.Stage != was.Stage || f.stage != stage || v.Err != nil && !f.unread
	f.unread = v.Err != nil
	if changed && (len(fresh) == 0 || f.verdict.Ready) {
		f.tell(Sight{Stage: f.stage, Detail: f.verdict.Stage + ": " + f.verdict.Evidence}, true)
	}
	return f.Until != "" && !f.stage.Before(f.Until), nil
}

const (
	goneText = "its record was removed: by a create that failed and was withdrawn, or by a destroy"
	// goneGrace is how long the journal has to tell why: it is looked at now and then only.
	goneGrace = 4 * journalLook
)

// grace is when a host without a record is given up: at the time that was set before, if it was, else soon. Nil for a
// host that has one.
func (f *following) grace(set <-chan time.Time) <-chan time.Time {
	switch {
	case !f.gone:
		return nil
	case set != nil:
		return set
	case f.Journal == nil:
		return time.After(0)
	}
	return time.After(goneGrace)
}

// forgetBefore takes out of a view what does not count where only the next boot does, and returns from when on events
// do.
func (f *following) forgetBefore(v *ophub.View) (since time.Time) {
	if !f.Next {
		return since
	}
	if v.Agent != nil && v.Agent.BootID == f.running {
		v.Agent = nil
	}
	if v.Boot.Attempt != f.attempt {
		return since // all of the record is of later boots
	}
	if q := v.Boot.Quarantine; q != nil && q.Since.Before(f.began) {
		v.Boot.Quarantine = nil
	}
	return f.began
}

// begin notes when the boot began, as far as that is known.
func (f *following) begin(v ophub.View, since time.Time) {
	switch {
	case v.Boot.Started.After(since):
		f.start = v.Boot.Started
	case len(v.Boot.Events) > 0 && since.IsZero():
		f.start = v.Boot.Events[0].Time
	}
}

// reachedBy is the furthest stage that the host is at now: one whose agent was lost is not registered any more.
func reachedBy(v ophub.View, verdict ophub.Verdict, want keg.KID) ophub.Stage {
	switch {
	case verdict.Ready:
		return ophub.StageKernels
	case v.Agent != nil && v.Agent.BootID != v.Boot.OldBootID && v.Agent.Image == want:
		return ophub.StageRegistered
	case ophub.StageAgent.Before(verdict.Reached):
		return ophub.StageAgent
	}
	return verdict.Reached
}

// nextSteps are what comes after each stage.
var nextSteps = map[ophub.Stage]string{
	"":                    "a DHCP request of it",
	ophub.StagePower:      "a DHCP request of it",
	ophub.StageDHCP:       "its boot program to be loaded",
	ophub.StageBootFile:   "its boot script to be loaded",
	ophub.StageBootScript: "linux to be loaded",
	ophub.StageLinux:      "the initramfs to be loaded",
	ophub.StageInitrd:     "its agent to speak",
	ophub.StageAgent:      "its agent to register",
}

// comesNext is what is waited for; nothing when the host is ready.
func comesNext(v ophub.View, verdict ophub.Verdict, stage ophub.Stage) string {
	switch {
	case v.Err != nil:
		return "the records to be read"
	case verdict.Ready:
		return ""
	case v.Host == nil:
		return "a record of it"
	case verdict.Stage == ophub.AgentLostText:
		return "its agent to come back"
	case verdict.Stage == ophub.OtherImageText:
		return "its restart with image " + v.Host.Image.Short()
	case stage == ophub.StageRegistered:
		return "kernels to be joined: " + strings.Join(notJoined(v), ", ")
	}
	return nextSteps[stage]
}

func notJoined(v ophub.View) []string {
	var all []string
	for _, name := range v.Host.Kernels {
		switch k := v.Agent.Kernels[name]; k.Status {
		case ophub.KernelReady:
		case "":
			all = append(all, name)
		default:
			all = append(all, fmt.Sprintf("%s (%s)", name, k.Status))
		}
	}
	return all
}

// newEvents are those of now that came after those of before, which may have lost its oldest, and whose last may have
// been seen again since.
func newEvents(before, now []ophub.Event) []ophub.Event {
	if len(before) == 0 {
		return slices.Clone(now)
	}
	last := before[len(before)-1]
	bare := func(e ophub.Event) ophub.Event {
		e.Time, e.Count = time.Time{}, 0
		return e
	}
	for i, e := range slices.Backward(now) {
		if bare(e) == bare(last) && (e.Time.Equal(last.Time) || e.Count > max(last.Count, 1)) {
			return slices.Clone(now[i+1:])
		}
	}
	return slices.Clone(now)
}

func detailOf(e ophub.Event) string {
	parts := map[string]bool{}
	for _, who := range []string{e.MAC, e.Address} {
		if who != "" && !strings.Contains(e.Detail, who) {
			parts[who] = true
		}
	}
	text := e.Detail
	if len(parts) > 0 {
		text += " (" + strings.Join(slices.Sorted(maps.Keys(parts)), ", ") + ")"
	}
	return strings.TrimSpace(text)
}

// read takes in a line of the journal. It reports whether the watch is at its end.
func (f *following) read(n Note) (end bool, err error) {
	// Times in the journal are rounded. What is older is of another apply, or of the beginning of this one, which the
	// records tell.
	if n.Host != f.Host || n.Time.Before(f.began.Add(-time.Millisecond)) {
		return false, nil
	}
	if f.Records == nil {
		f.follow(n)
	} else if n.Boot {
		return false, nil
	}
	detail := n.Message
	if n.Evidence != "" && n.Outcome != OutcomeFailed {
		detail += ": " + n.Evidence
	}
	if n.Outcome == OutcomeFailed {
		return true, f.fail(StateFailed, n.Message+": "+n.Evidence, ErrApplyFailed)
	}
	f.tell(Sight{Time: n.Time, Stage: f.stage, Detail: detail, Journal: true}, true)
	return f.Records == nil && f.Until != "" && !f.stage.Before(f.Until), nil
}

// follow takes the stage from the journal, where there are no records to take it from.
func (f *following) follow(n Note) {
	switch {
	case n.Outcome == OutcomeDone:
		f.stage, f.state = ophub.StageKernels, StateReady
		f.waitFor("")
	case n.Boot:
		f.stage = n.Stage
		f.waitFor(nextSteps[n.Stage])
	}
}

func (f *following) waitFor(what string) {
	if what != f.waitsFor {
		f.waitsFor, f.since = what, time.Now()
	}
}

// tell fills in what all sights have. Of several at once the last says what is waited for.
func (f *following) tell(s Sight, last bool) {
	f.told++
	if f.Tell == nil {
		return
	}
	now := time.Now()
	if s.Time.IsZero() {
		s.Time = now
	}
	s.Time, s.Host, s.State = s.Time.UTC().Round(time.Millisecond), f.Host, f.state
	s.Elapsed = seconds(now.Sub(f.start))
	if last && f.waitsFor != "" {
		s.WaitsFor, s.Waited = f.waitsFor, seconds(now.Sub(f.since))
	}
	f.Tell(s)
}

// seconds has one decimal. Clocks differ; nothing takes less than no time.
func seconds(d time.Duration) float64 {
	return max(d, 0).Round(100 * time.Millisecond).Seconds()
}

// remind tells again what is waited for.
func (f *following) remind() {
	if f.waitsFor != "" {
		f.tell(Sight{Stage: f.stage}, true)
	}
}

// fail tells the end of a host that will not get there.
func (f *following) fail(state, detail string, err error) error {
	f.state, f.waitsFor = state, ""
	f.tell(Sight{Stage: f.stage, Detail: detail, Journal: state == StateFailed}, true)
	return &WatchError{Host: f.Host, State: state, Detail: detail, Err: err}
}

// interrupted is the error of a watch whose time is over.
func (f *following) interrupted(cause error) error {
	if f.Until == "" && errors.Is(cause, context.Canceled) {
		return nil
	}
	detail := "it waits for " + f.waitsFor
	if f.looked {
		detail = f.verdict.Stage + "; " + f.verdict.Evidence
		if f.verdict.Hint != "" {
			detail += "; " + f.verdict.Hint
		}
	}
	state := "not at " + string(f.Until)
	if f.Until == "" {
		state = f.state
	}
	return &WatchError{Host: f.Host, State: state, Detail: fmt.Sprintf("%s (%v)", detail, cause), Err: cause}
}
