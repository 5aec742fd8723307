package ipmi

import (
	"context"
	"fmt"
	"strings"
	"time"
)

var (
	cmdSetBootOptions = command{"set boot options", netChassis, 0x08}
	cmdBootOptions    = command{"get boot options", netChassis, 0x09}
)

// The boot options (IPMI 2.0 §28.13).
const (
	optionKeepValid   = 3
	optionAcknowledge = 4
	optionFlags       = 5
)

// The bits of the boot flags' first data byte, and the boot devices of the second, which stand in bits 5 to 2.
const (
	bootValid      = 0x80
	bootPersistent = 0x40
	bootEFI        = 0x20

	bootDeviceMask = 0x3c
	bootPXE        = 0x04
	bootDisk       = 0x08
)

// bootFlagsSize is the length of the boot flags parameter.
const bootFlagsSize = 5

// Once is the override for the next boot only.
func (b Boot) Once() Boot {
	b.Persistent = false
	b.Flags[0] &^= bootPersistent
	return b
}

// SetBoot sets the boot override and reads it back. By default a BMC forgets an override that is not followed by
// a power command within 60 s; that is switched off first, where the BMC lets us.
func (b *BMC) SetBoot(ctx context.Context, boot Boot) error {
	flags, err := encodeBoot(boot)
	if err != nil {
		return fmt.Errorf("BMC %s: %w", b.target.label(), err)
	}
	return b.talk(ctx, "set the boot device to "+describeBoot(boot), func(v *conversation) error {
		// Either may be refused: not every BMC has the parameters, and those that lack them do not expire.
		for _, extra := range [][]byte{
			{optionKeepValid, 0x08},         // do not clear the flags after 60 s
			{optionAcknowledge, 0x01, 0x01}, // the firmware has not handled them yet
		} {
			if err := v.setBootOption(extra[0], extra[1:]...); err != nil && !refused(err) {
				return err
			}
		}
		if err := v.setBootOption(optionFlags, flags...); err != nil {
			return err
		}
		got, err := v.bootFlags()
		if err != nil {
			return err
		}
		if !bootHolds(flags, got) {
			return &StateError{
				BMC: b.target.label(), Verb: v.doing, Waited: time.Since(v.began),
				Want: fmt.Sprintf("%s (% x)", describeFlags(flags), flags[:2]),
				Saw:  fmt.Sprintf("%s (% x): the BMC accepted the setting and does not keep it", describeFlags(got), got[:2]),
			}
		}
		return nil
	})
}

// Boot reads the boot override.
func (b *BMC) Boot(ctx context.Context) (boot Boot, err error) {
	err = b.talk(ctx, "read the boot device", func(v *conversation) error {
		flags, err := v.bootFlags()
		if err != nil {
			return err
		}
		boot, err = decodeBoot(flags)
		return err
	})
	return boot, err
}

func (v *conversation) setBootOption(selector byte, data ...byte) error {
	_, err := v.request(cmdSetBootOptions, append([]byte{selector}, data...)...)
	return err
}

func (v *conversation) bootFlags() ([]byte, error) {
	answer, err := v.request(cmdBootOptions, optionFlags, 0, 0)
	if err != nil {
		return nil, err
	}
	f := fields{rest: answer}
	f.take(2) // the parameter's version and number
	flags := f.rest
	f.take(2)
	return flags, f.end("the boot flags")
}

// encodeBoot makes the boot flags parameter.
func encodeBoot(boot Boot) ([]byte, error) {
	flags := make([]byte, bootFlagsSize)
	flags[0] = bootValid
	switch boot.Device {
	case DevicePXE:
		flags[1] = bootPXE
	case DeviceDisk:
		flags[1] = bootDisk
	case DeviceNone:
		// "No override" is what the cleared flags say; the firmware's own order and mode apply.
		return make([]byte, bootFlagsSize), nil
	default:
		return nil, fmt.Errorf("boot device %q: want %q, %q or %q", boot.Device, DevicePXE, DeviceDisk, DeviceNone)
	}
	if boot.EFI {
		flags[0] |= bootEFI
	}
	if boot.Persistent {
		flags[0] |= bootPersistent
	}
	if boot.Flags != [2]byte{} {
		copy(flags, boot.Flags[:])
	}
	return flags, nil
}

// decodeBoot reads the boot flags parameter.
func decodeBoot(flags []byte) (Boot, error) {
	if len(flags) < 2 {
		return Boot{}, fmt.Errorf("boot flags of %d bytes: want %d", len(flags), bootFlagsSize)
	}
	boot := Boot{
		Device:     DeviceOther,
		EFI:        flags[0]&bootEFI != 0,
		Persistent: flags[0]&bootPersistent != 0,
		Valid:      flags[0]&bootValid != 0,
		Flags:      [2]byte(flags),
	}
	switch flags[1] & bootDeviceMask {
	case 0:
		boot.Device = DeviceNone
	case bootPXE:
		boot.Device = DevicePXE
	case bootDisk:
		boot.Device = DeviceDisk
	}
	return boot, nil
}

// bootHolds says whether a BMC keeps what was set: the valid bit counts, not only the device.
func bootHolds(set, got []byte) bool {
	if len(set) < 2 || len(got) < 2 {
		return false
	}
	if set[0]&bootValid == 0 {
		return got[0]&bootValid == 0 || got[1]&bootDeviceMask == 0
	}
	const bits = bootValid | bootPersistent | bootEFI
	return got[0]&bits == set[0]&bits && got[1]&bootDeviceMask == set[1]&bootDeviceMask
}

func describeFlags(flags []byte) string {
	boot, err := decodeBoot(flags)
	if err != nil {
		return err.Error()
	}
	text := describeBoot(boot)
	if !boot.Valid && boot.Device != DeviceNone {
		text += ", not valid"
	}
	return text
}

func describeBoot(boot Boot) string {
	if boot.Device == DeviceNone {
		return "none"
	}
	words := []string{boot.Device, "legacy", "once"}
	if boot.EFI {
		words[1] = "UEFI"
	}
	if boot.Persistent {
		words[2] = "always"
	}
	return strings.Join(words, ", ")
}
