package ophub

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/keg"
)

// Watcher is the part of a Hub that WaitReady needs.
type Watcher interface {
	WatchHost(ctx context.Context, name string) <-chan View
}

// WaitOptions tune WaitReady.
type WaitOptions struct {
	// Kernels that must be joined; nil takes those of the host's record.
	Kernels []string
	// Since ignores earlier events. Leave it zero after ResetBoot, which needs
	// no two clocks to agree.
	Since time.Time
	// Powered tells whether the host has power, as far as one knows; nil is
	// yes. It is asked at each change and must answer at once.
	Powered func() bool
	// Progress hears each change of the verdict, and the standing one every
	// Every (10 s when zero).
	Progress func(Verdict)
	Every    time.Duration
}

// NotReady is the error of a host that did not become ready in time.
type NotReady struct {
	Verdict
	Host, Switch, Port string
	Waited             time.Duration
	Err                error // why the waiting ended
}

// Error names the host, its port, the stage, what was last seen, and a hint.
func (e *NotReady) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "host %s", e.Host)
	if e.Port != "" {
		fmt.Fprintf(&b, " (port %s of switch %s)", e.Port, e.Switch)
	}
	fmt.Fprintf(&b, " is not ready after %s: %s; %s", e.Waited.Round(time.Second), e.Stage, e.Evidence)
	if e.Hint != "" {
		fmt.Fprintf(&b, "; %s", e.Hint)
	}
	return b.String()
}

// Unwrap returns why the waiting ended.
func (e *NotReady) Unwrap() error { return e.Err }

// WaitReady waits until a host's agent has registered with the image want and
// has joined its kernels. When ctx ends first, or the host is quarantined, which
// nothing but an operator ends, it returns a *NotReady.
func WaitReady(ctx context.Context, hub Watcher, name string, want keg.KID, o WaitOptions) (Agent, error) {
	begin := time.Now()
	if o.Every <= 0 {
		o.Every = 10 * time.Second
	}
	watched, stop := context.WithCancel(ctx)
	watch := hub.WatchHost(watched, name)
	defer func() {
		stop()
		// The watch ends before WaitReady does.
		for range watch {
		}
	}()
	views := watch
	tick := time.NewTicker(o.Every)
	defer tick.Stop()

	view := View{Boot: Boot{Host: name}, Err: fmt.Errorf("no answer so far")}
	var verdict Verdict
	judge := func() Verdict {
		v := view
		if o.Kernels != nil && v.Host != nil {
			host := *v.Host
			host.Kernels = o.Kernels
			v.Host = &host
		}
		return Diagnose(v, want, o.Powered == nil || o.Powered(), o.Since)
	}
	tell := func(v Verdict, always bool) {
		changed := v.Stage != verdict.Stage || v.Reached != verdict.Reached
		verdict = v
		if o.Progress != nil && (changed || always) {
			o.Progress(v)
		}
	}
	notReady := func(v Verdict, err error) (Agent, error) {
		e := &NotReady{Verdict: v, Host: name, Waited: time.Since(begin), Err: err}
		if view.Host != nil {
			e.Switch, e.Port = view.Host.Switch, view.Host.Port
		}
		return Agent{}, e
	}
	for {
		select {
		case v, ok := <-views:
			if !ok {
				views = nil // it ends only with ctx
				continue
			}
			view = v
			tell(judge(), false)
			if verdict.Ready {
				return *view.Agent, nil
			}
			if verdict.Stage == QuarantinedText && view.Err == nil {
				return notReady(verdict, ErrQuarantined)
			}
		case now := <-tick.C:
			// The same view has grown older.
			view.At = now
			tell(judge(), true)
		case <-ctx.Done():
			view.At = time.Now()
			return notReady(judge(), context.Cause(ctx))
		}
	}
}
