package ipmi

import (
	"context"
	"fmt"
	"time"
)

var (
	cmdChassisStatus   = command{"get chassis status", netChassis, 0x01}
	cmdChassisIdentify = command{"chassis identify", netChassis, 0x04}
	cmdRestorePolicy   = command{"set power restore policy", netChassis, 0x06}
	cmdSystemGUID      = command{"get system guid", netApp, 0x37}
)

// RestorePolicy is what a machine does when mains power returns.
type RestorePolicy string

// The restore policies. RestoreUnknown is only ever read.
const (
	RestoreOff      RestorePolicy = "off"
	RestorePrevious RestorePolicy = "previous"
	RestoreOn       RestorePolicy = "on"
	RestoreUnknown  RestorePolicy = "unknown"
)

// restorePolicies are in the order of their codes (IPMI 2.0 §28.2, §28.8).
var restorePolicies = []RestorePolicy{RestoreOff, RestorePrevious, RestoreOn, RestoreUnknown}

// IdentifyState says whether the identify light is on.
type IdentifyState string

// The identify states. IdentifyUnknown: the controller does not tell.
const (
	IdentifyOff       IdentifyState = "off"
	IdentifyTimed     IdentifyState = "timed"
	IdentifyOn        IdentifyState = "on"
	IdentifyUnknown   IdentifyState = "unknown"
	identifySupported               = 0x40
)

// Status is the state of a chassis (IPMI 2.0 §28.2).
type Status struct {
	// Power says whether the machine is on.
	Power PowerState
	// Restore is what it does when mains power returns.
	Restore RestorePolicy
	// Identify is the state of the identify light.
	Identify IdentifyState
	// Faults are what is wrong, in words: "power overload", "drive fault" …
	Faults []string
	// Intrusion is true while the chassis is open; Lockout while the front panel's buttons are disabled.
	Intrusion, Lockout bool
	// LastPowerEvents are why the power changed last, as far as the controller tells.
	LastPowerEvents []string
}

// Status reads the state of the chassis.
func (b *BMC) Status(ctx context.Context) (status Status, err error) {
	err = b.talk(ctx, "read the chassis status", func(v *conversation) error {
		status, err = v.status()
		return err
	})
	return status, err
}

func (v *conversation) status() (Status, error) {
	answer, err := v.request(cmdChassisStatus)
	if err != nil {
		return Status{}, err
	}
	return decodeStatus(answer)
}

func decodeStatus(answer []byte) (Status, error) {
	f := fields{rest: answer}
	power, last, misc := f.u8(), f.u8(), f.u8()
	s := Status{
		Power: Off, Restore: restorePolicies[power>>5&0x03], Identify: IdentifyUnknown,
		Faults:    append(named(power, "", "power overload", "power interlock", "power fault", "power control fault"), named(misc, "", "", "drive fault", "cooling fault")...),
		Intrusion: misc&0x01 != 0, Lockout: misc&0x02 != 0,
		LastPowerEvents: named(last, "mains power failed", "power overload", "power interlock", "power fault", "switched on by command"),
	}
	if power&0x01 != 0 {
		s.Power = On
	}
	if misc&identifySupported != 0 {
		s.Identify = []IdentifyState{IdentifyOff, IdentifyTimed, IdentifyOn, IdentifyUnknown}[misc>>4&0x03]
	}
	return s, f.end("the chassis status")
}

// named are the names of the bits that are set, from bit 0. Bits without a name are left out.
func named(bits byte, names ...string) (set []string) {
	for i, name := range names {
		if name != "" && bits>>i&1 != 0 {
			set = append(set, name)
		}
	}
	return set
}

// IdentifyForever, given to Identify, keeps the light on until it is switched off.
const IdentifyForever time.Duration = -1

// MaxIdentify is the longest time that fits into the command's one byte of seconds.
const MaxIdentify = 255 * time.Second

// Identify switches the identify light on for a while: for d, rounded up to seconds and 255 s at most, or for
// ever when d is IdentifyForever. Zero switches it off. Where the controller tells the light's state, it is read
// back.
func (b *BMC) Identify(ctx context.Context, d time.Duration) error {
	request, want := []byte{0, 0}, IdentifyOff
	switch {
	case d == IdentifyForever:
		request[1], want = 1, IdentifyOn
	case d < 0 || d > MaxIdentify:
		return fmt.Errorf("BMC %s: identify for %s: want 0 s (off) to %s, or for ever", b.target.label(), d, MaxIdentify)
	case d > 0:
		request[0], want = byte((d+time.Second-1)/time.Second), IdentifyTimed
	}
	return b.talk(ctx, "identify", func(v *conversation) error {
		if _, err := v.request(cmdChassisIdentify, request...); err != nil {
			return err
		}
		status, err := v.status()
		if err != nil || status.Identify == IdentifyUnknown || status.Identify == want {
			return err
		}
		return v.differs(string(want), string(status.Identify))
	})
}

// RestorePolicy reads what the machine does when mains power returns.
func (b *BMC) RestorePolicy(ctx context.Context) (RestorePolicy, error) {
	status, err := b.Status(ctx)
	return status.Restore, err
}

// SetRestorePolicy sets what the machine does when mains power returns, and reads it back.
func (b *BMC) SetRestorePolicy(ctx context.Context, policy RestorePolicy) error {
	var code byte
	switch policy {
	case RestoreOff, RestorePrevious, RestoreOn:
		for i, known := range restorePolicies {
			if known == policy {
				code = byte(i)
			}
		}
	default:
		return fmt.Errorf("BMC %s: restore policy %q: want %q, %q or %q", b.target.label(), policy, RestoreOff, RestorePrevious, RestoreOn)
	}
	return b.talk(ctx, "set the power restore policy", func(v *conversation) error {
		if _, err := v.request(cmdRestorePolicy, code); err != nil {
			return err
		}
		status, err := v.status()
		if err != nil || status.Restore == policy || status.Restore == RestoreUnknown {
			return err
		}
		return v.differs(string(policy), string(status.Restore))
	})
}

// differs says that the BMC accepted a setting and does not keep it.
func (v *conversation) differs(want, saw string) error {
	return &StateError{
		BMC: v.bmc.target.label(), Verb: v.doing, Waited: time.Since(v.began), Want: want,
		Saw: saw + ": the BMC accepted the setting and does not keep it",
	}
}

// GUID reads the machine's identifier as the controller sends it. Vendors disagree about the order of its bytes,
// so compare it with itself rather than with what the firmware calls the machine.
func (b *BMC) GUID(ctx context.Context) (guid [16]byte, err error) {
	err = b.talk(ctx, "read the system's GUID", func(v *conversation) error {
		answer, err := v.request(cmdSystemGUID)
		if err != nil {
			return err
		}
		f := fields{rest: answer}
		guid = [16]byte(f.take(len(guid)))
		return f.end("the GUID")
	})
	return guid, err
}
