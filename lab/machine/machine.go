// Package machine holds the lab's machines: real QEMU processes with a network card on a virtual wire, a
// firmware that follows the BMC's boot setting, a serial console kept in a file, and a power button.
//
// A machine knows nothing of IPMI; package lab/bmc puts a controller in front of any [Chassis].
package machine

import (
	"context"
	"time"
)

// The boot devices of a [Boot].
const (
	DeviceNone = "none"
	DevicePXE  = "pxe"
	DeviceDisk = "disk"
)

// Boot is what a machine's controller tells it to start from.
type Boot struct {
	// Device is DevicePXE, DeviceDisk or DeviceNone. Empty means DeviceNone: the machine's own order.
	Device string
	// EFI starts the UEFI firmware instead of the legacy BIOS.
	EFI bool
	// Persistent keeps the setting; otherwise the next power-on or reset uses it up.
	Persistent bool
}

// Chassis is a machine as its controller sees it.
type Chassis interface {
	// PowerOn starts the machine. On a running machine it does nothing.
	PowerOn(ctx context.Context) error
	// PowerOff stops the machine: at once when hard, else by asking its operating system, in which case it
	// returns before the machine is off.
	PowerOff(ctx context.Context, hard bool) error
	// Reset restarts a running machine. It fails with ErrOff on one that is off.
	Reset(ctx context.Context) error
	// Powered says whether the machine is on.
	Powered() bool
	// SetBoot sets what the next power-on or reset starts from.
	SetBoot(Boot)
	// Boot returns the setting that the next power-on or reset will follow: its Device is DeviceNone when there
	// is none, or when it has been used up.
	Boot() Boot
}

// EventKind says what happened to a machine.
type EventKind string

// What happens to machines. A reset is one event, not an exit and a power-on.
const (
	EventOn    EventKind = "power on"
	EventOff   EventKind = "power off"
	EventReset EventKind = "reset"
	EventExit  EventKind = "exit"
)

// Event is one thing that happened to a machine. EventOff is a machine that was switched off or shut itself
// down; EventExit is one whose process ended in any other way, told in Detail.
type Event struct {
	Machine string
	Kind    EventKind
	Time    time.Time
	Detail  string
}

// State of a machine.
type State string

// The states of a machine.
const (
	StateOff State = "off"
	StateOn  State = "on"
)
