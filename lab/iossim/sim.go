package iossim

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/cthulix/terraform-provider-cthulix/lab/wire"
)

// Plane is the data plane that the running configuration drives. It is told
// the state of every port after each change; a [wire.Switch] is one.
type Plane interface {
	Configure(ports map[string]wire.PortState)
}

// Observer is a [Plane] that can be looked at: `show interfaces status` and
// `show mac address-table` answer from it. Without it all enabled ports count
// as connected.
type Observer interface {
	LinkUp(port string) bool
	MACTable() []wire.MACEntry
	Counters(port string) wire.Counters
}

// Config is what a switch is made from.
type Config struct {
	// Hostname of the switch where its startup configuration names none.
	Hostname string
	// Profile names the model, a row of [Profiles]; empty is [DefaultProfile].
	Profile string
	// Ports is the number of host-facing ports; 0 is as many as the model has.
	Ports int
	// Users may log in with their passwords. They start privileged when
	// EnableSecret is empty and must `enable` otherwise.
	Users map[string]string
	// EnableSecret is the password of `enable`.
	EnableSecret string
	// Startup is the startup configuration of a switch whose flash has none.
	Startup string
	// Flash keeps the startup configuration and vlan.dat; nil keeps them in
	// memory. [DirFlash] keeps them in a directory.
	Flash Flash
	// Plane forwards frames as configured; nil for a switch without any.
	Plane Plane
	// Clock tells the time; nil is time.Now.
	Clock func() time.Time
	// Logger gets logins and configuration changes; nil discards.
	Logger *slog.Logger
}

// Flash is the switch's permanent memory: "startup-config" and "vlan.dat".
// ReadFile of a missing file returns an error that is fs.ErrNotExist.
type Flash interface {
	ReadFile(name string) ([]byte, error)
	WriteFile(name string, data []byte) error
	Remove(name string) error
}

// Sim is one simulated switch.
type Sim struct{}

var errNotBuilt = errors.New("iossim: not built yet")

// New boots a switch: it loads its startup configuration and vlan.dat and sets
// up the plane.
func New(cfg Config) (*Sim, error) { return nil, errNotBuilt }

// Serve answers SSH on the listener until the context ends, then closes the
// listener and all sessions and returns nil.
func (s *Sim) Serve(ctx context.Context, l net.Listener, hostKey ssh.Signer) error { return errNotBuilt }

// RunningConfig returns the running configuration, from its version line to
// `end`, without the size and time that `show running-config` puts before it.
func (s *Sim) RunningConfig() string { return "" }

// StartupConfig returns what a reload would load; empty if nothing was saved.
func (s *Sim) StartupConfig() string { return "" }

// Exec types lines at the console, beginning in privileged mode, as somebody
// who changes the switch by hand. It returns what the console showed.
func (s *Sim) Exec(lines ...string) (string, error) { return "", errNotBuilt }

// Reload restarts the switch from its flash: unsaved changes are lost and
// sessions are cut.
func (s *Sim) Reload() error { return errNotBuilt }

// Fault makes the switch misbehave. The zero value of each field does nothing.
type Fault struct {
	// Line is a regular expression over the lines that it affects, as typed; empty is all.
	Line string
	// Times is how often it strikes; 0 is until ClearFaults.
	Times int
	// Delay passes before the line is answered.
	Delay time.Duration
	// Answer is printed in place of carrying out the line.
	Answer string
	// Drop cuts the session: before the line is carried out, or with After, afterwards.
	Drop, After bool
	// Noise is written into the session after the answer, as a syslog message would be.
	Noise string
}

// SetFault adds a fault. Faults strike in the order in which they were set.
func (s *Sim) SetFault(f Fault) error { return errNotBuilt }

// ClearFaults removes all faults.
func (s *Sim) ClearFaults() {}
