package machine

import (
	"context"
	"errors"
	"log/slog"
)

// ErrOff is returned for what only a running machine can do.
var ErrOff = errors.New("the machine is off")

// Config describes a QEMU machine.
type Config struct {
	// Name is used for file names in RunDir and in messages.
	Name string
	// MAC of the network card, "52:54:00:…".
	MAC string
	// MemoryMiB defaults to 1024 and CPUs to 1.
	MemoryMiB, CPUs int
	// RunDir holds the machine's console log, sockets and UEFI variables. It is created.
	RunDir string
	// LocalSocket and RemoteSocket are the two ends of the network card's wire: unix datagram sockets, one
	// Ethernet frame a datagram. QEMU binds the local one and sends to the remote one. Both empty: no card.
	LocalSocket, RemoteSocket string
	// NIC is QEMU's model of the card; default "virtio-net-pci".
	NIC string
	// Disk is a raw image that the machine has as its disk. Optional.
	Disk string
	// Accelerator is "tcg" or "kvm"; empty means what [Accelerator] finds.
	Accelerator string
	// Firmware is "bios" or "uefi": what the machine starts while no boot setting says otherwise. Default "bios".
	Firmware string
	// ExtraArgs are appended to QEMU's command line.
	ExtraArgs []string
	// Logger gets power events. Nil discards.
	Logger *slog.Logger
}

// QEMU is a machine run by QEMU. It implements [Chassis].
type QEMU struct{ cfg Config }

var errNotBuilt = errors.New("machine: not built yet")

// New checks the configuration and finds QEMU and its firmware files. The machine is off.
func New(cfg Config) (*QEMU, error) { return &QEMU{cfg: cfg}, nil }

// Name is the machine's name.
func (m *QEMU) Name() string { return m.cfg.Name }

// SerialLog is the path of the file that keeps all console output, across power-ons.
func (m *QEMU) SerialLog() string { return "" }

// PID is the process id of the running QEMU, or 0.
func (m *QEMU) PID() int { return 0 }

// State says whether the machine is on.
func (m *QEMU) State() State { return StateOff }

// Powered implements Chassis.
func (m *QEMU) Powered() bool { return false }

// PowerOn implements Chassis.
func (m *QEMU) PowerOn(ctx context.Context) error { return errNotBuilt }

// PowerOff implements Chassis.
func (m *QEMU) PowerOff(ctx context.Context, hard bool) error { return errNotBuilt }

// Reset implements Chassis.
func (m *QEMU) Reset(ctx context.Context) error { return errNotBuilt }

// SetBoot implements Chassis.
func (m *QEMU) SetBoot(Boot) {}

// Boot implements Chassis.
func (m *QEMU) Boot() Boot { return Boot{Device: DeviceNone} }

// Events returns what happens to the machine from now on, until ctx ends; then the channel is closed. A reader
// that falls 64 events behind loses the oldest.
func (m *QEMU) Events(ctx context.Context) <-chan Event { return nil }

// Close switches the machine off and removes its sockets.
func (m *QEMU) Close() error { return nil }

// Accelerator says which of QEMU's accelerators runs guests on this computer: "kvm" or "tcg".
func Accelerator(ctx context.Context) (string, error) { return "tcg", nil }
