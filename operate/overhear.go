package operate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
	"github.com/cthulix/terraform-provider-cthulix/keg"
)

// speaker is a controller that can open the machine's serial console.
type speaker interface {
	EnabledConsole(ctx context.Context) (*ipmi.Console, error)
}

// The times of a Hearing that names none.
const (
	openLimit = 10 * time.Second
	openAgain = 15 * time.Second
)

// overheardBytes is how much of what a machine says is kept: some screens full.
const overheardBytes = 16 << 10

// Hearing is how the serial console of a machine is listened to while somebody waits for it: its end tells why the
// machine does not come up. The console is taken from nobody, and one that cannot be had is no more than a remark.
type Hearing struct {
	// Host is whose console it is, Booting what it is to boot, for the messages.
	Host    string
	Booting keg.KID
	BMC     Controller
	// After is when to begin: a wait that is over at once needs no console.
	After time.Duration
	// Open bounds how long the console may take to open, for other verbs wait behind it. Default 10 s.
	Open time.Duration
	// Again is when a console that was lost, or that somebody has, is asked for again: some controllers end it when
	// the machine is reset. Default 15 s.
	Again time.Duration
	// Secrets are never shown, whatever the machine says.
	Secrets []string
	// Tell hears why there is no console, once for each reason; nil is nobody.
	Tell func(why string)
}

// Overheard is what a machine said so far.
type Overheard struct {
	Hearing
	stop context.CancelFunc
	done chan struct{} // closed when the console is

	mu    sync.Mutex
	tail  *ipmi.Tail
	said  int       // bytes
	since time.Time // when it was first open; zero for never
	lost  string    // why it is not open; empty while it is
	told  string
}

// Start listens until Close or the end of ctx.
func (h Hearing) Start(ctx context.Context) *Overheard {
	if h.Open <= 0 {
		h.Open = openLimit
	}
	if h.Again <= 0 {
		h.Again = openAgain
	}
	ctx, stop := context.WithCancel(ctx)
	o := &Overheard{Hearing: h, stop: stop, done: make(chan struct{}), tail: ipmi.NewTail(overheardBytes), lost: "it was not open yet"}
	s, ok := h.BMC.(speaker)
	if !ok {
		o.lost = "its controller has none"
		close(o.done)
		return o
	}
	go func() {
		defer close(o.done)
		for wait := h.After; rest(ctx, wait) && o.listen(ctx, s); wait = h.Again {
		}
	}()
	return o
}

// listen has the console until it ends. It reports whether it is worth to try again.
func (o *Overheard) listen(whole context.Context, s speaker) bool {
	ctx, cancel := context.WithCancelCause(whole)
	defer cancel(nil)
	late := time.AfterFunc(o.Open, func() { cancel(fmt.Errorf("its BMC did not open it within %s", o.Open)) })
	defer late.Stop()
	console, err := s.EnabledConsole(ctx)
	if err != nil {
		if context.Cause(ctx) != nil {
			err = context.Cause(ctx)
		}
		return o.without(whole, err)
	}
	// Closed whatever ends it: a session that is left open keeps others out.
	defer console.Close()
	if !late.Stop() {
		return o.without(whole, context.Cause(ctx))
	}
	o.mu.Lock()
	o.lost = ""
	if o.since.IsZero() {
		o.since = time.Now()
	}
	o.mu.Unlock()
	_, err = io.Copy(o, console)
	return o.without(whole, err)
}

// without notes why the console is not open. It reports whether it is worth to try again.
func (o *Overheard) without(ctx context.Context, err error) bool {
	if ctx.Err() != nil {
		return false // nobody wants it any more
	}
	again, why := true, strings.Join(strings.Fields(err.Error()), " ")
	var auth *ipmi.AuthError
	var refused *ipmi.CommandError
	switch {
	case errors.Is(err, ipmi.ErrConsoleDisabled):
		again, why = false, "serial over LAN is disabled on its BMC"
	case ipmi.ConsoleInUse(err):
		why = "somebody else has it"
	case errors.Is(err, ipmi.ErrConsoleTaken):
		why = "its BMC ended it, or somebody took it"
	case errors.As(err, &auth), errors.As(err, &refused):
		again = false
	}
	why = o.hide(why)
	o.mu.Lock()
	o.lost = why
	first := o.told != why
	o.told = why
	o.mu.Unlock()
	if first && o.Tell != nil {
		o.Tell(why)
	}
	return again
}

// Write keeps what the machine says.
func (o *Overheard) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.said += len(p)
	return o.tail.Write(p)
}

// Close ends the listening and gives the console back.
func (o *Overheard) Close() {
	o.stop()
	<-o.done
}

// rest waits, and reports whether ctx lasted.
func rest(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
