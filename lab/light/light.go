// Package light is the lab's second kind of machine: one that speaks PXE at
// protocol level and runs nothing. It asks by DHCP as its firmware and iPXE
// would, fetches boot program, script, linux and initrd, and then registers as
// agentd would, so that hundreds of them fit into one process.
//
// What it does after linux is said on its command line: `light.fail=` and one of
// the Fail constants makes a bad image.
package light

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/lab/machine"
	"github.com/cthulix/terraform-provider-cthulix/lab/wire"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// What light.fail= on the command line of linux can be.
const (
	FailAgent    = "agent"    // linux starts and nothing more is heard
	FailRegister = "register" // the agent tells that it runs, and never registers
	FailKernels  = "kernels"  // the agent registers, and joins none of its kernels
	FailLoop     = "loop"     // linux restarts the machine at once
	FailPanic    = "panic"    // linux finds no root file system, and says so on the console
)

// Fetch is how blobs are fetched.
type Fetch string

// How blobs are fetched. A HEAD costs the opserver nothing, and is not seen as
// a stage of the boot.
const (
	Get  Fetch = "GET"
	Head Fetch = "HEAD"
)

// Config describes a machine.
type Config struct {
	Name string
	MAC  net.HardwareAddr
	// Plug puts a cable between the machine and its port, at each power-on; the
	// machine closes its end when it loses power.
	Plug func() (wire.Endpoint, error)
	// Fetch is how linux and initrd are fetched; default Get.
	Fetch Fetch
	// Retry is the first pause of whatever gets no answer; it doubles up to
	// eight times as much. Default 250 ms.
	Retry time.Duration
	// Up hears when the machine's agent registers, and when it is gone. It
	// is called with the machine locked.
	Up func(up bool)
	// Neighbors are whom the machine hears by LLDP.
	Neighbors []ophub.Neighbor
	Logger    *slog.Logger // nil discards
}

// Machine is a light machine. It implements [machine.Serial].
type Machine struct {
	cfg    Config
	log    *slog.Logger
	serial machine.Line

	mu    sync.Mutex
	on    bool
	up    bool
	boot  machine.Boot
	boots int
	life  *life // of the boot that runs; nil when off
}

var _ machine.Serial = (*Machine)(nil)

// life is one boot, from power to the end of it.
type life struct {
	id     string
	efi    bool // its firmware is UEFI
	linux  bool // an operating system runs, which hears the power button
	cancel context.CancelCauseFunc
	done   chan struct{}
}

// New returns a machine that is off.
func New(cfg Config) (*Machine, error) {
	if len(cfg.MAC) != 6 || cfg.MAC[0]&1 != 0 || cfg.Plug == nil {
		return nil, fmt.Errorf("light machine %s: it needs the MAC address of one card (not %q) and a cable to plug", cfg.Name, cfg.MAC)
	}
	if cfg.Fetch == "" {
		cfg.Fetch = Get
	}
	if cfg.Retry <= 0 {
		cfg.Retry = 250 * time.Millisecond
	}
	log := cfg.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Machine{cfg: cfg, log: log.With("machine", cfg.Name)}, nil
}

// PowerOn starts the machine. On a running machine it does nothing.
func (m *Machine) PowerOn(context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.on {
		m.on = true
		m.start()
	}
	return nil
}

// errSoft ends a boot the way an operating system ends it: the agent takes its
// record back.
var errSoft = fmt.Errorf("it was asked to shut down")

// PowerOff stops the machine: at once when hard, else by asking its
// operating system. A machine on which none runs does not hear it.
func (m *Machine) PowerOff(_ context.Context, hard bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if hard {
		m.on = false
		m.stop()
		return nil
	}
	if running := m.life; running != nil && running.linux {
		running.cancel(errSoft)
		go func() {
			<-running.done
			m.mu.Lock()
			defer m.mu.Unlock()
			if m.life == running {
				m.on, m.life = false, nil
			}
		}()
	}
	return nil
}

// Reset restarts a running machine. It fails with machine.ErrOff on one that is off.
func (m *Machine) Reset(context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.on {
		return machine.ErrOff
	}
	m.stop()
	m.start()
	return nil
}

// Powered says whether the machine is on.
func (m *Machine) Powered() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.on
}

// SetBoot sets what the next power-on or reset starts from.
func (m *Machine) SetBoot(b machine.Boot) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.boot = b
}

// Boot returns the setting that the next power-on or reset will follow.
func (m *Machine) Boot() machine.Boot {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.boot
}

// Boots is how often the machine was started or restarted.
func (m *Machine) Boots() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.boots
}

// Up says whether the machine's agent is registered.
func (m *Machine) Up() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.up
}

// OpenSerial attaches to the console, which has what was said since power-on.
func (m *Machine) OpenSerial(ctx context.Context) (io.ReadWriteCloser, error) {
	return m.serial.OpenSerial(ctx)
}

// Close cuts the power.
func (m *Machine) Close() error { return m.PowerOff(context.Background(), true) }

// start needs m.mu. A machine whose controller does not send it to the network
// finds nothing on its disk.
func (m *Machine) start() {
	m.boots++
	m.serial.Clear()
	boot := m.boot
	if !boot.Persistent {
		m.boot = machine.Boot{Device: machine.DeviceNone}
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	l := &life{id: newBootID(), efi: boot.EFI, cancel: cancel, done: make(chan struct{})}
	m.life = l
	if boot.Device != machine.DevicePXE {
		m.serial.Say("No bootable device.")
		close(l.done)
		return
	}
	go func() {
		defer close(l.done)
		if err := m.live(ctx, l); err != nil && ctx.Err() == nil {
			m.log.Error("the machine hangs", "error", err)
			m.serial.Say("Halted: %v", err)
		}
	}()
}

// stop needs m.mu, and gives it away while the boot ends.
func (m *Machine) stop() {
	l := m.life
	m.life = nil
	m.setUp(false)
	if l == nil {
		return
	}
	l.cancel(context.Canceled)
	m.mu.Unlock()
	<-l.done
	m.mu.Lock()
}

// setUp needs m.mu.
func (m *Machine) setUp(up bool) {
	if m.up != up {
		m.up = up
		if m.cfg.Up != nil {
			m.cfg.Up(up)
		}
	}
}

// registered notes how the agent of a boot fares, unless that boot is over.
func (m *Machine) registered(l *life, up bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.life == l {
		m.setUp(up)
	}
}

// starts notes that an operating system runs.
func (m *Machine) starts(l *life) {
	m.mu.Lock()
	defer m.mu.Unlock()
	l.linux = true
}

// restart is what linux does to its own machine.
func (m *Machine) restart(l *life) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.life == l && m.on {
		m.life = nil
		m.start()
	}
}

// newBootID is a random UUID, as Linux makes one at each boot.
func newBootID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16])
}
