package operate

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// States of a host that is watched.
const (
	StateWaiting     = "waiting"
	StateReady       = "ready"
	StateQuarantined = "quarantined"
	StateFailed      = "failed" // the apply that was at work on it gave up
	StateGone        = "gone"   // its record was removed
)

// Sight is one thing that is seen of a host on its way from power to work.
type Sight struct {
	Time time.Time `json:"time"`
	Host string    `json:"host"`
	// Elapsed is how long the boot has taken so far, in seconds.
	Elapsed float64 `json:"elapsed_seconds"`
	// Stage is the furthest that was reached; empty for none.
	Stage ophub.Stage `json:"stage,omitempty"`
	// Detail is what was seen; empty where it is only told again what is waited for.
	Detail string `json:"detail,omitempty"`
	// WaitsFor is what comes next, Waited for how long it has been waited for, in seconds. Empty when nothing is.
	WaitsFor string  `json:"waits_for,omitempty"`
	Waited   float64 `json:"waited_seconds,omitempty"`
	State    string  `json:"state"`
	// Journal says that it is what an apply did, from its journal.
	Journal bool `json:"journal,omitempty"`
}

// Watch follows one host.
type Watch struct {
	Host string
	// Records and Journal are what it is followed by: either or both. Records alone tell what state the host is in, the
	// journal what an apply does to it, and that it gave up.
	Records ophub.Watcher
	Journal <-chan Note
	// Until is the stage that ends the watch; empty is none.
	Until ophub.Stage
	// Next says that only a boot counts which begins after the watch.
	Next bool
	// Tell hears each sight, one at a time.
	Tell func(Sight)
	// Every is after how much silence it is told again what is waited for. Default 10 s.
	Every time.Duration
}

// WatchError is a watch whose host did not get there.
type WatchError struct {
	Host string
	// State is what became of it, Detail what was last seen and what to do.
	State, Detail string
	// Err is why the watch ended: ErrApplyFailed, ErrHostGone, ophub.ErrQuarantined, or that of the context.
	Err error
}

// Error names the host, what became of it, and what was last seen.
func (e *WatchError) Error() string {
	if e.State == StateFailed {
		return fmt.Sprintf("host %s: %s", e.Host, e.Detail)
	}
	return fmt.Sprintf("host %s is %s: %s", e.Host, e.State, e.Detail)
}

// Unwrap returns why the watch ended.
func (e *WatchError) Unwrap() error { return e.Err }

// The causes of a *WatchError that are a watch's own.
var (
	ErrApplyFailed = errors.New("the apply gave up")
	ErrHostGone    = errors.New("the host's record was removed")
)

// ParseStage reads a stage as a user writes it: `boot_file`, `registered`; `joined` are all kernels.
func ParseStage(word string) (ophub.Stage, error) {
	stage := ophub.Stage(strings.NewReplacer("_", " ", "-", " ").Replace(word))
	if stage == "joined" {
		stage = ophub.StageKernels
	}
	if !stage.Valid() {
		return "", fmt.Errorf("%q is no stage of a boot: want power, dhcp, boot_file, boot_script, linux, initrd, agent, registered or joined", word)
	}
	return stage, nil
}

// Run follows the host until it has reached the stage, or will not: then, and when ctx ends before, it is a
// *WatchError. A watch for no stage ends without one when it is interrupted.
func (w Watch) Run(ctx context.Context) error {
	if w.Every <= 0 {
		w.Every = 10 * time.Second
	}
	watched, stop := context.WithCancel(ctx)
	var views <-chan ophub.View
	if w.Records != nil {
		views = w.Records.WatchHost(watched, w.Host)
	}
	defer func() {
		stop()
		if views != nil {
			for range views { // the follower ends before the watch does
			}
		}
	}()
	f := newFollowing(w)
	tick := time.NewTicker(w.Every)
	defer tick.Stop()
	feed, notes := views, w.Journal
	var grace <-chan time.Time
	for {
		var end bool
		var err error
		before := f.told
		select {
		case v, ok := <-feed:
			if !ok {
				feed = nil // it ends only with ctx
				continue
			}
			end, err = f.look(v)
			grace = f.grace(grace)
		case <-grace:
			return f.fail(StateGone, goneText, ErrHostGone)
		case n, ok := <-notes:
			if !ok {
				notes = nil
				continue
			}
			end, err = f.read(n)
		case <-tick.C:
			f.remind()
		case <-ctx.Done():
			return f.interrupted(context.Cause(ctx))
		}
		if end || err != nil {
			return err
		}
		if f.told != before {
			tick.Reset(w.Every)
		}
	}
}
