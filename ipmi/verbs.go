package ipmi

import (
	"context"
	"errors"
)

var errNotBuilt = errors.New("ipmi: not built yet")

// Power reads the power state.
func (b *BMC) Power(ctx context.Context) (PowerState, error) { return "", errNotBuilt }

// PowerOn switches the machine on and waits until the BMC says that it is. On a running machine it does nothing.
func (b *BMC) PowerOn(ctx context.Context) error { return errNotBuilt }

// PowerOff cuts the power at once and waits until it is off. On a machine that is off it does nothing.
func (b *BMC) PowerOff(ctx context.Context) error { return errNotBuilt }

// PowerSoft asks the operating system to shut down and waits until the power is off. An operating system may
// ignore it, so give the context a deadline and fall back to PowerOff.
func (b *BMC) PowerSoft(ctx context.Context) error { return errNotBuilt }

// PowerCycle switches the machine off and on again. A machine that is off is switched on.
func (b *BMC) PowerCycle(ctx context.Context) error { return errNotBuilt }

// Reset restarts the machine without cutting its power. A machine that is off is switched on, because many
// controllers answer a reset of one with success and do nothing.
func (b *BMC) Reset(ctx context.Context) error { return errNotBuilt }

// SetBoot sets the boot override and reads it back.
func (b *BMC) SetBoot(ctx context.Context, boot Boot) error { return errNotBuilt }

// Boot reads the boot override.
func (b *BMC) Boot(ctx context.Context) (Boot, error) { return Boot{}, errNotBuilt }

// Info identifies the controller.
func (b *BMC) Info(ctx context.Context) (Info, error) { return Info{}, errNotBuilt }
