// Package bmc is the lab's management controller: it speaks IPMI 2.0 on a packet connection and works the power
// button and boot setting of a machine.Chassis.
//
// The protocol is go-ipmi's server; what is here is the hardware behind it: the boot options with their 60-second
// expiry, sensors that follow the machine's power, an event log, an inventory, the network's settings, a watchdog
// that does reset the machine, and the answers to verbs that do not fit the machine's state.
package bmc

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"

	"github.com/bougou/go-ipmi/pkg/bmc"
	"github.com/bougou/go-ipmi/pkg/clock"
	"github.com/bougou/go-ipmi/pkg/handlers"
	"github.com/bougou/go-ipmi/pkg/server"
	"github.com/bougou/go-ipmi/pkg/types"
	"github.com/bougou/go-ipmi/pkg/vmproto"

	"github.com/cthulix/terraform-provider-cthulix/lab/machine"
)

// Config of a controller.
type Config struct {
	// Name is used in messages and for the controller's identifier.
	Name string
	// Username and Password of its administrator. A name has 16 bytes at most, a password 20.
	Username, Password string
	// CipherSuites that it accepts; default 17 and 3.
	CipherSuites []int
	// Intercept sees each command before it is carried out and answers in its place when handled is true: for
	// controllers that lie or fail. Nil leaves all commands alone.
	Intercept func(netFn, id byte, data []byte) (answer []byte, code byte, handled bool)
	// Clock drives the expiry of boot flags and sessions. Nil is the real one.
	Clock clock.Clock
	// Logger gets each command. Nil discards.
	Logger *slog.Logger
}

// Counts are how often things were asked of a controller.
type Counts struct {
	// On, Off, Soft, Cycle and Reset count the power verbs that arrived, also those that were refused.
	On, Off, Soft, Cycle, Reset int
	// SetBoot counts changes of the boot flags.
	SetBoot int
	// Logins counts log-ins that came as far as naming a user; Sessions those that succeeded.
	Logins, Sessions int
	// Commands counts all commands, inside and outside of sessions.
	Commands int
}

// BMC is a controller.
type BMC struct {
	cfg     Config
	state   *bmc.BMC
	chassis machine.Chassis
	log     *slog.Logger

	boot     *bootOptions
	front    *front
	events   *eventLog
	lan      *lanConfig
	watchdog *watchdog
	storage  *storage
	registry *handlers.Registry

	mu     sync.Mutex
	counts Counts
}

// The limits that IPMI sets.
const (
	maxUsername = bmc.MaxUserNameLen
	maxPassword = bmc.MaxPasswordLen
)

// lanChannel is the channel that the network is on; administratorSlot the user that the configuration names, one of
// userSlots.
const (
	lanChannel        = 1
	administratorSlot = 2
	userSlots         = 10
)

// New returns a controller for chassis.
func New(cfg Config, chassis machine.Chassis) (*BMC, error) {
	if chassis == nil {
		return nil, fmt.Errorf("lab BMC %s: no chassis given", cfg.Name)
	}
	if cfg.Username == "" || len(cfg.Username) > maxUsername {
		return nil, fmt.Errorf("lab BMC %s: the user name has %d bytes: want 1 to %d", cfg.Name, len(cfg.Username), maxUsername)
	}
	if cfg.Password == "" || len(cfg.Password) > maxPassword {
		return nil, fmt.Errorf("lab BMC %s: the password has %d bytes: want 1 to %d", cfg.Name, len(cfg.Password), maxPassword)
	}
	suites := []types.CipherSuiteID{types.CipherSuiteID17, types.CipherSuiteID3}
	if len(cfg.CipherSuites) > 0 {
		suites = nil
		for _, suite := range cfg.CipherSuites {
			if suite != 3 && suite != 17 {
				return nil, fmt.Errorf("lab BMC %s: cipher suite %d: want 3 or 17", cfg.Name, suite)
			}
			suites = append(suites, types.CipherSuiteID(suite))
		}
		// The list is advertised as it stands; clients expect it sorted.
		slices.Sort(suites)
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.Real
	}
	log := cfg.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	b := &BMC{cfg: cfg, chassis: chassis, log: log.With("bmc", cfg.Name)}
	b.boot = newBootOptions(cfg.Clock, chassis)
	b.front = &front{clock: cfg.Clock, chassis: chassis}
	b.events = &eventLog{clock: cfg.Clock}
	b.lan = newLANConfig(cfg.Name, suites)
	b.watchdog = &watchdog{clock: cfg.Clock, expired: b.bark}
	storage, err := newStorage(cfg.Name)
	if err != nil {
		return nil, fmt.Errorf("lab BMC %s: %w", cfg.Name, err)
	}
	b.storage = storage

	digest := sha256.Sum256([]byte("cthulix lab bmc " + cfg.Name))
	guid := [16]byte(digest[:16])
	guid[6] = guid[6]&0x0f | 0x80 // a version 8 UUID: the content is our own business
	guid[8] = guid[8]&0x3f | 0x80
	b.state = bmc.New(bmc.DeviceInfo{
		DeviceID: 0x20, DeviceRevision: 1, FirmwareMajor: 1, FirmwareMinor: 0x00, IPMIVersion: 0x02,
		// 0 is "unspecified": the lab has no vendor number of its own.
		ManufacturerID: 0, ProductID: 0x0001,
		AdditionalDeviceSupport: 0x87, // chassis device; event log, sensor records, sensors
	}, guid, &hardware{b}, bmc.WithClock(cfg.Clock), bmc.WithCipherSuites(suites), bmc.WithV15Disabled())

	b.state.Users = bmc.NewUserStore(bmc.WithMaxUsers(userSlots))
	user, err := b.state.Users.Add(administratorSlot, cfg.Username)
	if err != nil {
		return nil, fmt.Errorf("lab BMC %s: add the user %s: %w", cfg.Name, cfg.Username, err)
	}
	user.SetPassword([]byte(cfg.Password))
	user.Enabled = true
	user.ChannelAccess[lanChannel] = bmc.UserChannelAccess{MaxPrivilege: bmc.PrivilegeLevelAdministrator, Enabled: true}
	b.registry = handlers.NewRegistry()
	b.registry.Use(b.observe)
	handlers.RegisterAllHandlers(b.registry)
	b.register(b.registry)
	return b, nil
}

// Serve answers on conn until ctx ends; then it closes conn and returns nil. It is called once.
func (b *BMC) Serve(ctx context.Context, conn net.PacketConn) error {
	b.lan.listenOn(conn.LocalAddr())
	defer b.watchdog.close()
	srv := server.NewServer(b.state, &tap{PacketConn: conn, bmc: b}, server.WithHandlerRegistry(b.registry))

	// The server blocks in a read that knows nothing of contexts.
	stop := context.AfterFunc(ctx, func() { _ = srv.Close() })
	defer stop()
	err := srv.Serve(ctx)
	if ctx.Err() != nil {
		return nil
	}
	if err == nil {
		err = errors.New("the connection was closed")
	}
	return fmt.Errorf("lab BMC %s: %w", b.cfg.Name, errors.Join(err, srv.Close()))
}

// ServeSystem answers the machine itself, over the system interface: QEMU's ipmi-bmc-extern connects to listener at
// each start of the machine. Nobody logs in there, as in a real machine. It returns when ctx has ended.
func (b *BMC) ServeSystem(ctx context.Context, listener net.Listener) error {
	if err := vmproto.NewVMServer(b.state, vmproto.WithVMHandlerRegistry(b.registry)).Serve(ctx, listener); err != nil {
		return fmt.Errorf("lab BMC %s: system interface: %w", b.cfg.Name, err)
	}
	return nil
}

// Counts returns what was asked so far.
func (b *BMC) Counts() Counts {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.counts
}

// OpenSessions is how many sessions are open or half open.
func (b *BMC) OpenSessions() int { return b.state.Sessions.Count() }

func (b *BMC) count(add func(*Counts)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	add(&b.counts)
}

// observe counts and logs each command.
func (b *BMC) observe(next handlers.Handler) handlers.Handler {
	return handlers.HandlerFunc(func(ctx context.Context, hctx *handlers.HandlerContext, data []byte) ([]byte, types.CompletionCode, error) {
		answer, code, err := b.handle(ctx, next, hctx, data)
		b.count(func(c *Counts) { c.Commands++ })
		b.log.DebugContext(ctx, "ipmi", "command", hctx.Command.Name, "netfn", uint8(hctx.Command.NetFn), "id", hctx.Command.ID, "code", uint8(code))
		return answer, code, err
	})
}

func (b *BMC) handle(ctx context.Context, next handlers.Handler, hctx *handlers.HandlerContext, data []byte) ([]byte, types.CompletionCode, error) {
	if b.cfg.Intercept != nil {
		if answer, code, handled := b.cfg.Intercept(byte(hctx.Command.NetFn), hctx.Command.ID, data); handled {
			return answer, types.CompletionCode(code), nil
		}
	}
	return next.Handle(ctx, hctx, data)
}

// Serve runs a controller for chassis on conn until ctx ends.
func Serve(ctx context.Context, conn net.PacketConn, cfg Config, chassis machine.Chassis) error {
	b, err := New(cfg, chassis)
	if err != nil {
		return err
	}
	return b.Serve(ctx, conn)
}
