package bmc

import (
	"sync"
	"time"

	"github.com/bougou/go-ipmi/pkg/clock"
	"github.com/bougou/go-ipmi/pkg/types"

	"github.com/cthulix/terraform-provider-cthulix/lab/machine"
)

// The boot options that are kept, and how long each is.
const (
	optSetInProgress = 0
	optValidClear    = 3
	optAcknowledge   = 4
	optFlags         = 5
	optInitiator     = 6
)

var optionSize = map[byte]int{optSetInProgress: 1, optValidClear: 1, optAcknowledge: 2, optFlags: 5, optInitiator: 9}

// The bits of the boot flags.
const (
	flagValid      = 0x80
	flagPersistent = 0x40
	flagEFI        = 0x20

	deviceMask = 0x3c
	devicePXE  = 0x04
	deviceDisk = 0x08

	// keepValid is the bit of optValidClear that stops the expiry.
	keepValid = 0x08
)

// flagsExpiry is how long boot flags stay valid without a power command.
const flagsExpiry = 60 * time.Second

// parameterVersion begins each answer to Get System Boot Options.
const parameterVersion = 0x01

// bootOptions are a controller's boot options, kept as the bytes that were sent, for ipmitool shows them all.
type bootOptions struct {
	clock   clock.Clock
	chassis machine.Chassis

	mu      sync.Mutex
	values  map[byte][]byte
	expires time.Time // zero: never
}

func newBootOptions(c clock.Clock, chassis machine.Chassis) *bootOptions {
	o := &bootOptions{clock: c, chassis: chassis, values: map[byte][]byte{}}
	for selector, size := range optionSize {
		o.values[selector] = make([]byte, size)
	}
	return o
}

// set stores a parameter.
func (o *bootOptions) set(selector byte, data []byte) types.CompletionCode {
	size, known := optionSize[selector]
	if !known {
		return types.CodeParameterNotSupported
	}
	if len(data) == 0 {
		return types.CodeOK // only the lock bit was meant, which is not kept
	}
	if len(data) != size {
		return types.CodeRequestDataLengthInvalid
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if selector == optSetInProgress && data[0]&0x03 == 0x01 && o.values[selector][0]&0x03 == 0x01 {
		return types.CodeParamConfigSetInProgressConflict
	}
	o.values[selector] = append([]byte(nil), data...)
	if selector == optFlags {
		o.chassis.SetBoot(decodeFlags(data))
		o.expires = o.clock.Now().Add(flagsExpiry)
	}
	return types.CodeOK
}

// get returns a parameter.
func (o *bootOptions) get(selector byte) ([]byte, types.CompletionCode) {
	o.mu.Lock()
	defer o.mu.Unlock()
	value, known := o.values[selector]
	if !known {
		return nil, types.CodeParameterNotSupported
	}
	if selector == optFlags {
		o.refresh()
		value = o.values[selector]
	}
	return append([]byte{parameterVersion, selector}, value...), types.CodeOK
}

// verb notes that a power command is about to be carried out: flags that have expired by now are dropped before
// the machine looks at them, and what is still valid has served its time limit.
func (o *bootOptions) verb() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.refresh()
	o.expires = time.Time{}
}

// refresh clears the valid bit of flags that have expired, or that the machine has used up.
func (o *bootOptions) refresh() {
	flags := o.values[optFlags]
	if flags[0]&flagValid == 0 {
		return
	}
	expired := !o.expires.IsZero() && !o.clock.Now().Before(o.expires) && o.values[optValidClear][0]&keepValid == 0
	usedUp := decodeFlags(flags).Device != machine.DeviceNone && o.chassis.Boot().Device == machine.DeviceNone
	if !expired && !usedUp {
		return
	}
	cleared := append([]byte(nil), flags...)
	cleared[0] &^= flagValid
	o.values[optFlags] = cleared
	if expired {
		o.chassis.SetBoot(machine.Boot{Device: machine.DeviceNone})
	}
}

// decodeFlags reads boot flags. Devices that a lab machine does not have mean no override.
func decodeFlags(flags []byte) machine.Boot {
	none := machine.Boot{Device: machine.DeviceNone}
	if len(flags) < 2 || flags[0]&flagValid == 0 {
		return none
	}
	boot := machine.Boot{EFI: flags[0]&flagEFI != 0, Persistent: flags[0]&flagPersistent != 0}
	switch flags[1] & deviceMask {
	case devicePXE:
		boot.Device = machine.DevicePXE
	case deviceDisk:
		boot.Device = machine.DeviceDisk
	default:
		return none
	}
	return boot
}
