package operate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
)

const (
	stageOn       = "power on"
	stageOff      = "power off"
	stageCycle    = "power cycle"
	stageReset    = "reset"
	stageIdentify = "identify"
)

// DefaultGrace is how long an operating system has to shut down before the power is cut.
const DefaultGrace = 2 * time.Minute

// PowerOn switches the machine on and waits until it is.
func (h Host) PowerOn(ctx context.Context) error {
	v := h.start()
	state, err := v.look(ctx, stageOn)
	if err != nil {
		return err
	}
	if state == ipmi.On {
		v.tell(stageOn, "it is on already")
		return nil
	}
	if err := v.during(ctx, stageOn, "waiting until the BMC says that it is on", h.BMC.PowerOn); err != nil {
		return err
	}
	v.tell(stageOn, "it is on")
	return nil
}

// Off says how a machine is switched off.
type Off struct {
	// Hard cuts the power at once.
	Hard bool
	// Grace is how long the operating system has to shut down before the power is cut. Negative means that it is
	// never cut.
	Grace time.Duration
}

// PowerOff switches the machine off and waits until it is.
func (h Host) PowerOff(ctx context.Context, how Off) error {
	v := h.start()
	state, err := v.look(ctx, stageOff)
	if err != nil {
		return err
	}
	if state == ipmi.Off {
		v.tell(stageOff, "it is off already")
		return nil
	}
	if !how.Hard {
		done, err := v.shutDown(ctx, how.Grace)
		if done || err != nil {
			return err
		}
	}
	if err := v.during(ctx, stageOff, "cutting the power, waiting until the BMC says that it is off", h.BMC.PowerOff); err != nil {
		return err
	}
	v.tell(stageOff, "it is off")
	return nil
}

// shutDown asks the operating system. It reports whether the machine is off; when it is not, without an error, the
// power is to be cut.
func (v *verb) shutDown(ctx context.Context, grace time.Duration) (done bool, err error) {
	soft, cancel := ctx, context.CancelFunc(func() {})
	detail := "waiting for the operating system to shut down"
	if grace >= 0 {
		soft, cancel = context.WithTimeout(ctx, grace)
		detail += fmt.Sprintf("; after %s the power is cut", grace)
	}
	defer cancel()
	err = v.during(soft, stageOff, detail, v.BMC.PowerSoft)
	var auth *ipmi.AuthError
	switch {
	case err == nil:
		v.tell(stageOff, "it has shut down")
		return true, nil
	case errors.As(err, &auth), ctx.Err() != nil, grace < 0:
		return false, err
	}
	v.tell(stageOff, "it did not shut down: "+err.Error())
	return false, nil
}

// PowerCycle switches the machine off and on again; one that is off is switched on.
func (h Host) PowerCycle(ctx context.Context) error {
	v := h.start()
	if err := v.during(ctx, stageCycle, "waiting until the BMC says that it is on again", h.BMC.PowerCycle); err != nil {
		return err
	}
	v.tell(stageCycle, "it is on")
	return nil
}

// Reset restarts the machine; one that is off is switched on.
func (h Host) Reset(ctx context.Context) error {
	v := h.start()
	if err := v.during(ctx, stageReset, "waiting until the BMC says that it is on", h.BMC.Reset); err != nil {
		return err
	}
	v.tell(stageReset, "it was restarted")
	return nil
}

// Identify lights the machine's identify light for a while: see [ipmi.BMC.Identify].
func (h Host) Identify(ctx context.Context, d time.Duration) error {
	v := h.start()
	if err := h.BMC.Identify(ctx, d); err != nil {
		return err
	}
	switch {
	case d == 0:
		v.tell(stageIdentify, "the light is off")
	case d < 0:
		v.tell(stageIdentify, "the light is on until it is switched off")
	default:
		v.tell(stageIdentify, fmt.Sprintf("the light is on for %s", d))
	}
	return nil
}

func (v *verb) look(ctx context.Context, stage string) (ipmi.PowerState, error) {
	v.tell(stage, "reading the power state")
	return v.BMC.Power(ctx)
}
