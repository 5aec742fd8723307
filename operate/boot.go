package operate

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

const (
	// undoTime bounds what is put right after a failure.
	undoTime = 30 * time.Second
	// powerCheck is how often a wait asks whether the machine still has power.
	powerCheck = 15 * time.Second
)

// Boots is the part of the ophub that keeps what is seen of boots.
type Boots interface {
	ResetBoot(ctx context.Context, name, reason string) error
	AppendBoot(ctx context.Context, name string, e ophub.Event) error
}

// Boot is one boot that somebody begins on purpose.
type Boot struct {
	// Record is what the machine is to boot by.
	Record ophub.Host
	// Verb is what is done to it, Reason why; both are for the boot record.
	Verb, Reason string
	// On says that the machine has power, so that it is restarted and not switched on.
	On bool
	// Limit is how long it may take until the BMC says that the machine is on. Default PowerLimit.
	Limit time.Duration
}

// NetworkBoot is the override that has a host boot from the network.
func NetworkBoot(record ophub.Host) ipmi.Boot {
	return ipmi.Boot{
		Device: ipmi.DevicePXE, EFI: record.Firmware == ophub.FirmwareUEFI,
		Persistent: !record.Override.Once, Flags: record.Override.Bytes(),
	}
}

// PowerLimit is generous: a BMC's status lags by seconds, and a chassis may switch its machines on one after the other.
const PowerLimit = 2 * time.Minute

// Begin has a machine boot, and tells the records before it does: whoever comes upon a boot that has begun, such as an
// apply after a crash, waits for it rather than to restart the machine once more. A machine that could not be
// restarted leaves no boot that somebody might wait for.
func (b Boot) Begin(ctx context.Context, bmc Controller, records Boots) error {
	if err := records.ResetBoot(ctx, b.Record.Name, b.Reason); err != nil {
		return err
	}
	if err := records.AppendBoot(ctx, b.Record.Name, ophub.Event{Stage: ophub.StagePower, Detail: b.Verb, Image: b.Record.Image, Boots: b.Record.BootKey()}); err != nil {
		return err
	}
	start := bmc.PowerOn
	if b.On {
		start = bmc.Reset
	}
	limit := b.Limit
	if limit <= 0 {
		limit = PowerLimit
	}
	limited, done := context.WithTimeout(ctx, limit)
	defer done()
	err := start(limited)
	if err == nil {
		return nil
	}
	err = &PowerError{Host: b.Record.Name, Late: ctx.Err() == nil && limited.Err() != nil, Err: err}
	undo, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTime)
	defer cancel()
	return errors.Join(err, records.ResetBoot(undo, b.Record.Name, "the last restart failed"))
}

// Powered returns what tells a wait whether a machine has power. It asks the controller now and then, and takes one
// that does not answer for no news.
func Powered(ctx context.Context, bmc interface {
	Power(ctx context.Context) (ipmi.PowerState, error)
}) func() bool {
	var mu sync.Mutex
	on, asked := true, time.Now()
	return func() bool {
		mu.Lock()
		defer mu.Unlock()
		if time.Since(asked) < powerCheck {
			return on
		}
		asked = time.Now()
		if state, err := bmc.Power(ctx); err == nil {
			on = state == ipmi.On
		}
		return on
	}
}
