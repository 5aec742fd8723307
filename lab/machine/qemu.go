package machine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// ErrOff is returned for what only a running machine can do.
var ErrOff = errors.New("the machine is off")

// startDeadline is how long QEMU may take until it accepts commands.
const startDeadline = 30 * time.Second

// Config describes a QEMU machine.
type Config struct {
	// Name is used for file names in RunDir and in messages.
	Name string
	// MAC of the network card, "52:54:00:…".
	MAC string
	// MemoryMiB defaults to 1024 and CPUs to 1.
	MemoryMiB, CPUs int
	// RunDir holds the machine's console log, QEMU's messages and the UEFI variables. It is created.
	RunDir string
	// LocalSocket and RemoteSocket are the two ends of the network card's wire: unix datagram sockets, one
	// Ethernet frame a datagram. QEMU binds the local one and sends to the remote one. Both empty: no card.
	LocalSocket, RemoteSocket string
	// NIC is QEMU's model of the card; default "virtio-net-pci".
	NIC string
	// BMCSocket is the unix stream socket on which the machine's controller is spoken to from within: the machine has
	// a KCS interface then (IPMI 2.0 §9), and QEMU connects to it at each start. Empty: no such interface.
	BMCSocket string
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
//
// Each boot is a process of its own, also after a reset, for firmware and boot order are fixed on QEMU's command
// line. All processes end with the program that made them.
type QEMU struct {
	cfg  Config
	qemu string
	log  *slog.Logger
	feed feed

	turn chan struct{} // holds one token: whoever has it may start and stop processes

	mu   sync.Mutex
	boot Boot
	proc *process // nil when off
}

var _ Chassis = (*QEMU)(nil)

// New checks the configuration and finds QEMU and its firmware files. The machine is off.
func New(cfg Config) (*QEMU, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	qemu, err := findQEMU()
	if err == nil && cfg.Firmware == firmwareUEFI {
		_, err = ovmfCode.find()
	}
	if err == nil && cfg.Firmware == firmwareBIOS {
		_, err = cfg.prepare(plan{})
	}
	if err == nil {
		err = os.MkdirAll(cfg.RunDir, 0o755)
	}
	if err != nil {
		return nil, fmt.Errorf("machine %s: %w", cfg.Name, err)
	}
	log := cfg.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	m := &QEMU{cfg: cfg, qemu: qemu, log: log.With("machine", cfg.Name), turn: make(chan struct{}, 1), boot: Boot{Device: DeviceNone}}
	m.turn <- struct{}{}
	return m, nil
}

// Name is the machine's name.
func (m *QEMU) Name() string { return m.cfg.Name }

// SerialLog is the path of the file that keeps all console output, across power-ons.
func (m *QEMU) SerialLog() string { return m.cfg.SerialPath() }

// PID is the process id of the running QEMU, or 0.
func (m *QEMU) PID() int {
	if p := m.process(); p != nil {
		return p.cmd.Process.Pid
	}
	return 0
}

// State says whether the machine is on.
func (m *QEMU) State() State {
	if m.Powered() {
		return StateOn
	}
	return StateOff
}

// Powered implements Chassis.
func (m *QEMU) Powered() bool { return m.process() != nil }

// Events returns what happens to the machine from now on, until ctx ends; then the channel is closed. A reader
// that falls 64 events behind loses the oldest.
func (m *QEMU) Events(ctx context.Context) <-chan Event { return m.feed.follow(ctx) }

// SetBoot implements Chassis.
func (m *QEMU) SetBoot(boot Boot) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.boot = settled(boot)
}

// Boot implements Chassis.
func (m *QEMU) Boot() Boot {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.boot
}

// PowerOn implements Chassis.
func (m *QEMU) PowerOn(ctx context.Context) error {
	return m.verb(ctx, "power on", func() error {
		if m.process() != nil {
			return nil
		}
		detail, err := m.start(ctx)
		if err == nil {
			m.tell(EventOn, detail)
		}
		return err
	})
}

// PowerOff implements Chassis.
func (m *QEMU) PowerOff(ctx context.Context, hard bool) error {
	if !hard {
		return m.verb(ctx, "soft power off", func() error {
			p := m.process()
			if p == nil {
				return nil
			}
			_, err := p.control.do(ctx, "system_powerdown")
			return err
		})
	}
	return m.verb(ctx, "power off", func() error {
		if p := m.take(); p != nil {
			p.stop(ctx)
			m.tell(EventOff, "switched off")
		}
		return nil
	})
}

// Reset implements Chassis.
func (m *QEMU) Reset(ctx context.Context) error {
	return m.verb(ctx, "reset", func() error {
		p := m.process()
		if p == nil {
			return ErrOff
		}
		p.stop(ctx)
		return m.restart(ctx, "reset line")
	})
}

// Status is QEMU's own word for what the machine does: "running", "paused", "internal-error" …
func (m *QEMU) Status(ctx context.Context) (string, error) {
	p := m.process()
	if p == nil {
		return "", fmt.Errorf("machine %s: status: %w", m.cfg.Name, ErrOff)
	}
	status, err := p.control.status(ctx)
	if err != nil {
		return "", fmt.Errorf("machine %s: status: %w", m.cfg.Name, err)
	}
	return status, nil
}

// Close switches the machine off and removes its socket.
func (m *QEMU) Close() error {
	err := m.PowerOff(context.Background(), true)
	if m.cfg.LocalSocket != "" {
		err = errors.Join(err, removeSocket(m.cfg.LocalSocket))
	}
	return err
}

// verb takes the turn for op.
func (m *QEMU) verb(ctx context.Context, name string, op func() error) error {
	select {
	case <-m.turn:
	case <-ctx.Done():
		return fmt.Errorf("machine %s: %s: another verb is still at work: %w", m.cfg.Name, name, ctx.Err())
	}
	defer func() { m.turn <- struct{}{} }()
	if err := op(); err != nil {
		return fmt.Errorf("machine %s: %s: %w", m.cfg.Name, name, err)
	}
	return nil
}

// start launches QEMU with the boot setting, and uses that up. The caller has the turn.
func (m *QEMU) start(ctx context.Context) (detail string, err error) {
	limited, cancel := context.WithTimeout(ctx, startDeadline)
	defer cancel()
	accel := m.cfg.Accelerator
	if accel == "" {
		if accel, err = Accelerator(limited); err != nil {
			return "", err
		}
	}
	boot := m.Boot()
	plan := m.cfg.planFor(boot)
	fw, err := m.cfg.prepare(plan)
	if err != nil {
		return "", err
	}
	if m.cfg.LocalSocket != "" {
		if err := removeSocket(m.cfg.LocalSocket); err != nil {
			return "", err
		}
	}
	p, err := launch(limited, m.qemu, m.cfg.args(plan, fw, accel), m.cfg.file(".qemu.log"))
	if err != nil {
		return "", err
	}
	m.mu.Lock()
	m.proc = p
	if m.boot == boot { // and not set anew in the meantime
		m.boot = afterBoot(boot)
	}
	m.mu.Unlock()
	go m.watch(p)
	return plan.describe(boot), nil
}

// restart puts a new process in the place of one that has ended. The caller has the turn.
func (m *QEMU) restart(ctx context.Context, cause string) error {
	detail, err := m.start(ctx)
	if err != nil {
		m.take()
		m.tell(EventExit, cause+", and then: "+err.Error())
		return err
	}
	m.tell(EventReset, cause+", "+detail)
	return nil
}

// watch sees to what a process leaves behind when it ends by itself.
func (m *QEMU) watch(p *process) {
	<-p.done
	<-m.turn
	defer func() { m.turn <- struct{}{} }()
	if m.process() != p {
		return // a verb ended it, and has told
	}
	switch reason := p.control.shutdownReason(); reason {
	case "guest-reset", "host-qmp-system-reset":
		// The error, if any, has been told as an event; nobody else waits for it.
		_ = m.restart(context.Background(), "the machine restarted itself")
	case "guest-shutdown":
		m.take()
		m.tell(EventOff, "the machine shut itself down")
	default:
		m.take()
		m.tell(EventExit, p.exit())
	}
}

func (m *QEMU) process() *process {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.proc
}

// take removes the process, so that the machine is off.
func (m *QEMU) take() *process {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.proc
	m.proc = nil
	return p
}

func (m *QEMU) tell(kind EventKind, detail string) {
	m.log.Info(string(kind), "detail", detail)
	m.feed.send(Event{Machine: m.cfg.Name, Kind: kind, Detail: detail})
}
