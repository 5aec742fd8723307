package ipmi

import (
	"context"
	"errors"
	"fmt"
	"time"
)

var (
	cmdDeviceID       = command{"get device id", netApp, 0x01}
	cmdChassisControl = command{"chassis control", netChassis, 0x02}
)

// powerVerb is the action of a chassis control command (IPMI 2.0 §28.3).
type powerVerb byte

const (
	verbOff   powerVerb = 0
	verbOn    powerVerb = 1
	verbCycle powerVerb = 2
	verbReset powerVerb = 3
	verbSoft  powerVerb = 5
)

// harmless says whether a verb may be sent again: one that names the state it leads to. Others would do twice what
// was to be done once.
func (verb powerVerb) harmless() bool { return verb == verbOn || verb == verbOff }

// DefaultSettle bounds the wait for a power state when the context has no deadline.
const DefaultSettle = 2 * time.Minute

// cycleLooks is how many looks in a row must see a machine on before a power cycle counts as done although it was
// never seen off: the off phase may be shorter than the pause between looks, and the status may lag behind it.
const cycleLooks = 4

// Power reads the power state.
func (b *BMC) Power(ctx context.Context) (state PowerState, err error) {
	err = b.talk(ctx, "read the power state", func(v *conversation) error {
		state, err = v.power()
		return err
	})
	if err != nil {
		return "", err
	}
	return state, nil
}

// PowerOn switches the machine on and waits until the BMC says that it is. On a running machine it does nothing.
func (b *BMC) PowerOn(ctx context.Context) error {
	return b.talk(ctx, "power on", func(v *conversation) error { return v.toState(verbOn, On) })
}

// PowerOff cuts the power at once and waits until it is off. On a machine that is off it does nothing.
func (b *BMC) PowerOff(ctx context.Context) error {
	return b.talk(ctx, "power off", func(v *conversation) error { return v.toState(verbOff, Off) })
}

// PowerSoft asks the operating system to shut down and waits until the power is off. An operating system may
// ignore it, so give the context a deadline and fall back to PowerOff.
func (b *BMC) PowerSoft(ctx context.Context) error {
	return b.talk(ctx, "soft power off", func(v *conversation) error { return v.toState(verbSoft, Off) })
}

// PowerCycle switches the machine off and on again. A machine that is off is switched on.
func (b *BMC) PowerCycle(ctx context.Context) error {
	return b.talk(ctx, "power cycle", func(v *conversation) error { return v.restart(verbCycle) })
}

// Reset restarts the machine without cutting its power. A machine that is off is switched on, because many
// controllers answer a reset of one with success and do nothing.
func (b *BMC) Reset(ctx context.Context) error {
	return b.talk(ctx, "reset", func(v *conversation) error { return v.restart(verbReset) })
}

// Info identifies the controller.
func (b *BMC) Info(ctx context.Context) (info Info, err error) {
	err = b.talk(ctx, "identify the controller", func(v *conversation) error {
		answer, err := v.request(cmdDeviceID)
		if err != nil {
			return err
		}
		info, err = decodeInfo(answer)
		return err
	})
	return info, err
}

// decodeInfo reads the answer to Get Device ID (IPMI 2.0 §20.1).
func decodeInfo(answer []byte) (Info, error) {
	f := fields{rest: answer}
	info := Info{DeviceID: int(f.u8()), Revision: int(f.u8() & 0x0f)}
	// The minor number is in BCD: its hexadecimal digits are its decimal ones. So is the version, low digit first.
	info.Firmware = fmt.Sprintf("%d.%02x", f.u8()&0x7f, f.u8())
	version := f.u8()
	info.IPMIVersion = fmt.Sprintf("%d.%d", version&0x0f, version>>4)
	f.u8() // what it is
	info.ManufacturerID, info.ProductID = f.u24(), f.u16()
	return info, f.end("the controller's identity")
}

func (v *conversation) power() (PowerState, error) {
	status, err := v.status()
	return status.Power, err
}

// control sends a power verb, once. lost is why no answer came, if none did: the verb may have been carried out
// all the same. A refusal because of the present state counts as an answer too, for the state that was read
// before it may be old; the caller looks again.
func (v *conversation) control(verb powerVerb) (lost error, err error) {
	err = v.once(cmdChassisControl, byte(verb))
	var silent *UnreachableError
	if errors.As(err, &silent) && ended(v.ctx) == nil {
		v.s.dead = true
		v.hangUp()
		return err, nil
	}
	return nil, err
}

// toState brings the machine into a state with a verb that does nothing when it is there already.
func (v *conversation) toState(verb powerVerb, want PowerState) error {
	now, err := v.power()
	if err != nil || now == want {
		return err
	}
	lost, err := v.control(verb)
	for again := 1; lost != nil && verb.harmless() && again < tries; again++ {
		// On a lossy way it may not have arrived. Looked at first, it is only sent where it is still wanted.
		if now, lookErr := v.power(); lookErr != nil || now == want {
			break
		}
		lost, err = v.control(verb)
	}
	if refusedByState(err) {
		// Somebody else was quicker, or the state lagged: see whether it is what we want.
		if now, lookErr := v.power(); lookErr != nil || now != want {
			return errors.Join(err, lookErr)
		}
		return nil
	}
	if err != nil {
		return err
	}
	return v.settle(lost, string(want), func(now PowerState) bool { return now == want })
}

// restart sends a verb that makes a running machine boot anew.
func (v *conversation) restart(verb powerVerb) error {
	now, err := v.power()
	if err != nil {
		return err
	}
	if now == Off {
		return v.toState(verbOn, On)
	}
	lost, err := v.control(verb)
	if refusedByState(err) {
		now, lookErr := v.power()
		if lookErr == nil && now == Off {
			return v.toState(verbOn, On)
		}
		return errors.Join(err, lookErr)
	}
	if err != nil {
		return err
	}
	if lost != nil {
		// Nothing that can be read back tells whether it was carried out, and to send it again might do it twice.
		return &StateError{BMC: v.bmc.target.label(), Verb: v.doing, Want: "an answer", Saw: "none: whether the machine restarted is not known", Waited: time.Since(v.began), Err: lost}
	}
	if verb == verbReset {
		return v.settle(nil, string(On), func(now PowerState) bool { return now == On })
	}
	sawOff, looks := false, 0
	return v.settle(nil, "off and on again", func(now PowerState) bool {
		looks++
		sawOff = sawOff || now == Off
		return now == On && (sawOff || looks >= cycleLooks)
	})
}

// settle looks at the power state until done says so.
func (v *conversation) settle(lost error, want string, done func(PowerState) bool) error {
	ctx := v.ctx
	if _, bounded := ctx.Deadline(); !bounded {
		limited, cancel := context.WithTimeout(ctx, DefaultSettle)
		defer cancel()
		ctx = limited
	}
	saw := PowerState("nothing")
	for {
		now, err := v.power()
		switch {
		case err == nil && done(now):
			return nil
		case err == nil:
			saw = now
			err = pause(ctx, v.bmc.target.pollInterval())
		}
		// A BMC that falls silent after a verb may be busy carrying it out, so only the context ends the wait.
		var silent *UnreachableError
		if errors.As(err, &silent) && ended(ctx) == nil {
			err = pause(ctx, v.bmc.target.pollInterval())
		}
		if err != nil {
			return &StateError{BMC: v.bmc.target.label(), Verb: v.doing, Want: want, Saw: string(saw), Waited: time.Since(v.began), Err: errors.Join(err, lost)}
		}
	}
}

// refusedByState recognises 0xd5: the verb does not fit the present state.
func refusedByState(err error) bool { return answered(err, codeNotSupported) }
