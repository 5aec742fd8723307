package ophub

import (
	"encoding/hex"
	"fmt"
)

// BootOverride is how a host's BMC is told to boot it from the network. The zero
// value is for all boots, in IPMI's standard encoding.
type BootOverride struct {
	// Once is for the next boot only, rather than for all.
	Once bool `json:"once,omitempty"`
	// Flags, unless empty, are the first two data bytes of IPMI's boot flags as
	// four hexadecimal digits (IPMI 2.0 §28.13, parameter 5), for boards that
	// want bytes of their own. They say by themselves whether it is for once.
	Flags string `json:"flags,omitempty"`
}

// bootFlagsValid is the bit without which a BMC takes no notice of boot flags,
// bootFlagsPersistent the one that keeps them for all boots.
const (
	bootFlagsValid      = 0x80
	bootFlagsPersistent = 0x40
)

// ParseBootFlags reads the digits of BootOverride.Flags.
func ParseBootFlags(digits string) (flags [2]byte, err error) {
	b, err := hex.DecodeString(digits)
	switch {
	case err != nil || len(b) != len(flags):
		return flags, fmt.Errorf("boot flags %q: want two bytes as four hexadecimal digits, such as e024", digits)
	case b[0]&bootFlagsValid == 0:
		return flags, fmt.Errorf("boot flags %q: without bit 7 of the first byte (80), a BMC takes no notice of them", digits)
	}
	return [2]byte(b), nil
}

// Bytes are the flags, zero where the standard encoding counts.
func (o BootOverride) Bytes() (flags [2]byte) {
	if o.Flags != "" {
		flags, _ = ParseBootFlags(o.Flags) // Validate has reported what is wrong with it
	}
	return flags
}

// UsedUp tells whether the override is gone after one boot.
func (o BootOverride) UsedUp() bool {
	if flags := o.Bytes(); flags != [2]byte{} {
		return flags[0]&bootFlagsPersistent == 0
	}
	return o.Once
}

func (o BootOverride) problem() string {
	if o.Flags == "" {
		return ""
	}
	if o.Once {
		return "once and flags are both given: the flags say by themselves whether it is for one boot"
	}
	if _, err := ParseBootFlags(o.Flags); err != nil {
		return err.Error()
	}
	return ""
}
