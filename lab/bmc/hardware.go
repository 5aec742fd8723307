package bmc

import (
	"context"
	"errors"

	"github.com/bougou/go-ipmi/pkg/hal"
	"github.com/bougou/go-ipmi/pkg/types"

	"github.com/cthulix/terraform-provider-cthulix/lab/machine"
)

// hardware shows the server a machine, its records and, if it has one, its console. Sensors and network settings have
// handlers of their own.
type hardware struct{ bmc *BMC }

func (h *hardware) Chassis() hal.ChassisHAL { return &panel{h.bmc} }
func (h *hardware) Sensors() hal.SensorHAL  { return nil }
func (h *hardware) Storage() hal.StorageHAL { return h.bmc.storage }
func (h *hardware) Network() hal.NetworkHAL { return nil }
func (h *hardware) GPIO() hal.GPIOHAL       { return nil }
func (h *hardware) I2C() hal.I2CHAL         { return nil }
func (h *hardware) Close() error            { return nil }

func (h *hardware) Console() hal.ConsoleHAL {
	serial, ok := h.bmc.chassis.(machine.Serial)
	if !ok {
		return nil // and not an interface with nothing in it
	}
	return &console{serial: serial}
}

// panel is the machine's front panel, as go-ipmi wants to see it.
type panel struct{ bmc *BMC }

// errState is what servers answer to a verb that does not fit the machine's state.
var errState = types.CodeNotSupported

func (p *panel) PowerState(context.Context) (bool, error) { return p.bmc.chassis.Powered(), nil }

func (p *panel) SetPower(ctx context.Context, on bool) error {
	p.bmc.boot.verb()
	if on {
		p.bmc.count(func(c *Counts) { c.On++ })
		was := p.bmc.chassis.Powered()
		err := p.told(ctx, "power on", p.bmc.chassis.PowerOn(ctx))
		if err == nil && !was {
			p.bmc.events.add(eventOn)
		}
		return err
	}
	p.bmc.count(func(c *Counts) { c.Off++ })
	if !p.bmc.chassis.Powered() {
		return errState
	}
	return p.told(ctx, "power off", p.bmc.chassis.PowerOff(ctx, true), eventOff)
}

func (p *panel) PowerCycle(ctx context.Context) error {
	p.bmc.count(func(c *Counts) { c.Cycle++ })
	p.bmc.boot.verb()
	if !p.bmc.chassis.Powered() {
		return errState
	}
	if err := p.told(ctx, "power cycle: off", p.bmc.chassis.PowerOff(ctx, true), eventCycle); err != nil {
		return err
	}
	return p.told(ctx, "power cycle: on", p.bmc.chassis.PowerOn(ctx), eventOn)
}

func (p *panel) ColdReset(ctx context.Context) error {
	p.bmc.count(func(c *Counts) { c.Reset++ })
	p.bmc.boot.verb()
	return p.told(ctx, "reset", p.bmc.chassis.Reset(ctx), eventReset)
}

// WarmReset is what go-ipmi's server calls for IPMI's soft shutdown.
func (p *panel) WarmReset(ctx context.Context) error {
	p.bmc.count(func(c *Counts) { c.Soft++ })
	if !p.bmc.chassis.Powered() {
		return errState
	}
	return p.told(ctx, "soft power off", p.bmc.chassis.PowerOff(ctx, false), eventSoft)
}

// told logs what the machine said, in the event log too, and turns it into a completion code.
func (p *panel) told(ctx context.Context, verb string, err error, events ...event) error {
	switch {
	case err == nil:
		p.bmc.events.add(events...)
		p.bmc.log.InfoContext(ctx, "power", "verb", verb)
		return nil
	case errors.Is(err, machine.ErrOff):
		return errState
	default:
		p.bmc.log.ErrorContext(ctx, "power", "verb", verb, "error", err)
		return err
	}
}

// Identification and status have handlers of their own.

func (p *panel) Identify(context.Context, uint8) error { return hal.ErrNotSupported }

func (p *panel) IntrusionState(context.Context) (bool, error) { return false, hal.ErrNotSupported }

// The boot options have handlers of their own, so the server never calls these four.

func (p *panel) SetBootFlags(context.Context, *types.BootOptionParam_BootFlags) error {
	return hal.ErrNotSupported
}

func (p *panel) GetBootFlags(context.Context) (*types.BootOptionParam_BootFlags, error) {
	return nil, hal.ErrNotSupported
}

func (p *panel) SetBootInfoAcknowledge(context.Context, *types.BootOptionParam_BootInfoAcknowledge) error {
	return hal.ErrNotSupported
}

func (p *panel) GetBootInfoAcknowledge(context.Context) (*types.BootOptionParam_BootInfoAcknowledge, error) {
	return nil, hal.ErrNotSupported
}
