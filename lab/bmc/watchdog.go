package bmc

import (
	"context"
	"encoding/binary"
	"sync"
	"time"

	"github.com/bougou/go-ipmi/pkg/clock"
	"github.com/bougou/go-ipmi/pkg/handlers"
	"github.com/bougou/go-ipmi/pkg/types"
)

// The parts of a watchdog's setting, and what it does when its time is up.
const (
	watchKeepRunning = 0x40
	watchUse         = 0x07
	watchAction      = 0x07

	barkReset = 1
	barkOff   = 2
	barkCycle = 3

	watchTick = 100 * time.Millisecond
)

// watchdog is the controller's watchdog timer.
type watchdog struct {
	clock   clock.Clock
	expired func(action byte)

	mu                       sync.Mutex
	set                      bool
	use, action, warn, flags byte
	timeout                  time.Duration
	until                    time.Time
	stop                     context.CancelFunc // of the countdown; nil while there is none
	countdowns               sync.WaitGroup
}

func (w *watchdog) register(r *handlers.Registry) {
	serve(r, types.CommandSetWatchdogTimer, 6, func(data []byte) ([]byte, types.CompletionCode) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.set = true
		w.use, w.action, w.warn = data[0]&^watchKeepRunning, data[1], data[2]
		w.flags &^= data[3]
		w.timeout = time.Duration(binary.LittleEndian.Uint16(data[4:])) * watchTick
		running := w.stop != nil
		w.halt()
		if running && data[0]&watchKeepRunning != 0 {
			w.start()
		}
		return nil, types.CodeOK
	})
	serve(r, types.CommandResetWatchdogTimer, 0, func([]byte) ([]byte, types.CompletionCode) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if !w.set {
			return nil, types.CompletionCode(0x80) // it was never set (IPMI 2.0 §27.5)
		}
		w.halt()
		w.start()
		return nil, types.CodeOK
	})
	serve(r, types.CommandGetWatchdogTimer, 0, func([]byte) ([]byte, types.CompletionCode) { return w.state(), types.CodeOK })
}

func (w *watchdog) state() []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	use, left := w.use, w.timeout
	if w.stop != nil {
		use |= watchKeepRunning
		left = max(0, w.until.Sub(w.clock.Now()))
	}
	out := []byte{use, w.action, w.warn, w.flags}
	out = binary.LittleEndian.AppendUint16(out, uint16(w.timeout/watchTick))
	return binary.LittleEndian.AppendUint16(out, uint16(left/watchTick))
}

// start begins a countdown. The caller holds the lock.
func (w *watchdog) start() {
	ctx, stop := context.WithCancel(context.Background())
	w.stop, w.until = stop, w.clock.Now().Add(w.timeout)
	timer := w.clock.NewTimer(w.timeout)
	w.countdowns.Go(func() {
		defer stop()
		defer timer.Stop()
		select {
		case <-ctx.Done():
		case <-timer.C():
			if action, ok := w.bark(ctx); ok {
				w.expired(action)
			}
		}
	})
}

// bark ends the countdown of ctx, if it is still the one that counts.
func (w *watchdog) bark(ctx context.Context) (action byte, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if ctx.Err() != nil {
		return 0, false
	}
	w.stop = nil
	w.flags |= 1 << (w.use & watchUse)
	return w.action & watchAction, true
}

// halt ends a countdown. The caller holds the lock.
func (w *watchdog) halt() {
	if w.stop != nil {
		w.stop()
		w.stop = nil
	}
}

// close ends a countdown and waits for what it may be doing.
func (w *watchdog) close() {
	w.mu.Lock()
	w.halt()
	w.mu.Unlock()
	w.countdowns.Wait()
}

// bark does to the machine what the watchdog was set to.
func (b *BMC) bark(action byte) {
	ctx := context.Background()
	b.events.add(event{typeWatchdog, sensorWatchdog, action})
	b.boot.verb()
	var err error
	switch action {
	case barkReset:
		err = b.chassis.Reset(ctx)
	case barkOff:
		err = b.chassis.PowerOff(ctx, true)
	case barkCycle:
		if err = b.chassis.PowerOff(ctx, true); err == nil {
			err = b.chassis.PowerOn(ctx)
		}
	}
	b.log.InfoContext(ctx, "watchdog", "action", action, "error", err)
}
