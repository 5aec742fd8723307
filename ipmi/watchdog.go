package ipmi

import (
	"context"
	"fmt"
	"slices"
	"time"
)

var (
	cmdWatchdogReset = command{"reset the watchdog", netApp, 0x22}
	cmdSetWatchdog   = command{"set the watchdog", netApp, 0x24}
	cmdWatchdog      = command{"get the watchdog", netApp, 0x25}
)

// WatchdogAction is what a watchdog does when its time is up.
type WatchdogAction string

// The actions, in the order of their codes (IPMI 2.0 §27.6).
const (
	WatchdogNothing WatchdogAction = "none"
	WatchdogReset   WatchdogAction = "reset"
	WatchdogOff     WatchdogAction = "power_off"
	WatchdogCycle   WatchdogAction = "power_cycle"
)

var watchdogActions = []WatchdogAction{WatchdogNothing, WatchdogReset, WatchdogOff, WatchdogCycle}

// watchdogUses are what a watchdog watches over, by their codes.
var watchdogUses = []string{"none", "BIOS FRB2", "BIOS POST", "OS load", "SMS/OS", "OEM"}

// The watchdog's use that we set: an operating system's. allUses clears the flags of all, and no reserved ones.
const (
	useOperatingSystem = 4
	allUses            = 0x3e
)

// Watchdog is the state of a controller's watchdog timer.
type Watchdog struct {
	// Running is true while it counts down.
	Running bool
	// Use is what it watches over, in IPMI's words.
	Use string
	// Action is what it does when the time is up, Timeout how much time it has in all and Remaining how much is
	// left, in steps of 100 ms.
	Action             WatchdogAction
	Timeout, Remaining time.Duration
	// PreTimeout is how long before the end it warns the machine, in seconds; zero if it does not.
	PreTimeout time.Duration
	// Expired are the uses under which the time was up since the flags were cleared.
	Expired []string
}

// Watchdog reads the watchdog timer.
func (b *BMC) Watchdog(ctx context.Context) (w Watchdog, err error) {
	err = b.talk(ctx, "read the watchdog", func(v *conversation) error {
		w, err = v.watchdog()
		return err
	})
	return w, err
}

func (v *conversation) watchdog() (Watchdog, error) {
	answer, err := v.request(cmdWatchdog)
	if err != nil {
		return Watchdog{}, err
	}
	return decodeWatchdog(answer)
}

// tick is the watchdog's unit of time.
const tick = 100 * time.Millisecond

func decodeWatchdog(answer []byte) (Watchdog, error) {
	f := fields{rest: answer}
	use, action, warning, expired := f.u8(), f.u8(), f.u8(), f.u8()
	w := Watchdog{
		Running: use&0x40 != 0, Use: watchdogUses[0], Action: WatchdogNothing,
		PreTimeout: time.Duration(warning) * time.Second,
		Expired:    named(expired, "", watchdogUses[1], watchdogUses[2], watchdogUses[3], watchdogUses[4], watchdogUses[5]),
	}
	if code := int(use & 0x07); code < len(watchdogUses) {
		w.Use = watchdogUses[code]
	}
	if code := int(action & 0x07); code < len(watchdogActions) {
		w.Action = watchdogActions[code]
	}
	w.Timeout, w.Remaining = time.Duration(f.u16())*tick, time.Duration(f.u16())*tick
	return w, f.end("the watchdog's state")
}

// SetWatchdog stops the watchdog and sets what it will do, and in what time: up to 6553.5 s, in steps of 100 ms.
// ResetWatchdog starts it.
func (b *BMC) SetWatchdog(ctx context.Context, action WatchdogAction, timeout time.Duration) error {
	code := slices.Index(watchdogActions, action)
	ticks := (timeout + tick - 1) / tick
	if code < 0 {
		return fmt.Errorf("BMC %s: watchdog action %q: want one of %v", b.target.label(), action, watchdogActions)
	}
	if ticks < 1 || ticks > 0xffff {
		return fmt.Errorf("BMC %s: watchdog timeout %s: want 100 ms to %s", b.target.label(), timeout, 0xffff*tick)
	}
	return b.talk(ctx, "set the watchdog", func(v *conversation) error {
		count := le16(uint16(ticks))
		if _, err := v.request(cmdSetWatchdog, useOperatingSystem, byte(code), 0, allUses, count[0], count[1]); err != nil {
			return err
		}
		w, err := v.watchdog()
		if err != nil || w.Action == action && w.Timeout == ticks*tick && !w.Running {
			return err
		}
		return v.differs(fmt.Sprintf("%s after %s", action, ticks*tick), fmt.Sprintf("%s after %s, running: %v", w.Action, w.Timeout, w.Running))
	})
}

// ResetWatchdog starts the watchdog, or starts it anew. It fails on one that was never set.
func (b *BMC) ResetWatchdog(ctx context.Context) error {
	return b.talk(ctx, "reset the watchdog", func(v *conversation) error {
		_, err := v.request(cmdWatchdogReset)
		return err
	})
}

// StopWatchdog stops the watchdog and reads that back.
func (b *BMC) StopWatchdog(ctx context.Context) error {
	return b.talk(ctx, "stop the watchdog", func(v *conversation) error {
		now, err := v.watchdog()
		if err != nil || !now.Running {
			return err
		}
		// Setting it stops it. It keeps its time, and loses its action so that nothing comes of a late start.
		count := le16(uint16(now.Timeout / tick))
		if _, err := v.request(cmdSetWatchdog, useOperatingSystem, 0, 0, 0, count[0], count[1]); err != nil {
			return err
		}
		now, err = v.watchdog()
		if err != nil || !now.Running {
			return err
		}
		return v.differs("a stopped watchdog", "it running")
	})
}
