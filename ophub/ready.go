package ophub

import (
	"context"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/keg"
)

// Verdict says whether a host is ready, or where it stopped.
type Verdict struct {
	Ready bool
	// Stage is where it stands: "no power", "no DHCP request seen", "DHCP but
	// no boot file", …, "ready".
	Stage string
	// Evidence is what was last seen, and how long ago.
	Evidence string
	// Hint is what to look at next.
	Hint string
	// Reached is the last stage that the boot record shows; empty for none.
	Reached Stage
}

// Diagnose judges a view of a host that is to run the image want (any, when
// empty) and serve the kernels of its record. Events before since are ignored
// when it is set.
func Diagnose(v View, want keg.KID, powered bool, since time.Time) Verdict { return Verdict{} }

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
	// Powered tells whether the host has power, as far as one knows; nil is yes.
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
func (e *NotReady) Error() string { return "" }

// Unwrap returns why the waiting ended.
func (e *NotReady) Unwrap() error { return e.Err }

// WaitReady waits until a host's agent has registered with the image want and
// has joined its kernels. When ctx ends first, it returns a *NotReady.
func WaitReady(ctx context.Context, hub Watcher, name string, want keg.KID, o WaitOptions) (Agent, error) {
	return Agent{}, errUnbuilt
}
