package agentd

import (
	"context"
	"net"
	"net/netip"
	"os"

	"github.com/cthulix/terraform-provider-cthulix/agentd/lldp"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// Action is how the host ends.
type Action int

// The ways in which a host ends.
const (
	// None leaves the machine as it is: the agent was only stopped.
	None Action = iota
	// PowerOff switches the machine off.
	PowerOff
	// Reboot starts it again through its firmware.
	Reboot
)

// String names the action as log lines do.
func (a Action) String() string {
	switch a {
	case PowerOff:
		return "power off"
	case Reboot:
		return "reboot"
	default:
		return "stop"
	}
}

// Mount is one file system that the agent wants in place.
type Mount struct {
	Source, Target, Type string
	Flags                uintptr
	Data                 string
}

// Link is a network interface.
type Link struct {
	Name string
	// MAC is lower case with colons.
	MAC string
	// Up says that the interface is up and has a carrier.
	Up bool
	// Physical says that there is hardware behind it.
	Physical bool
}

// Network is how one interface shall be configured.
type Network struct {
	Address netip.Prefix
	Router  netip.Addr // invalid: no default route
	MTU     int        // 0: as it is
}

// Command is a child process to start.
type Command struct {
	Path string
	Args []string // without the program's own name
	Env  []string
	Dir  string
	// Output receives both standard output and standard error.
	Output *os.File
}

// Process is a started child.
type Process interface {
	PID() int
	// Done is closed when the child has ended and was reaped.
	Done() <-chan struct{}
	// Exit tells how it ended ("exit status 1", "signal: killed"); only after Done.
	Exit() string
	Signal(os.Signal) error
}

// OS is all that the agent needs of Linux beyond plain files. NewLinux is the
// real one; a test gives one that records.
type OS interface {
	// Mount mounts one file system, making its target if needed. One that is mounted already is no error.
	Mount(Mount) error
	// LoadModule loads one Linux module. One that is loaded already, or whose hardware is not there, is no error.
	LoadModule(path, params string) error
	SetHostname(name string) error
	// Seed waits until Linux can give random numbers.
	Seed() error
	// OpenConsole makes the console the agent's standard streams, once /dev is mounted.
	OpenConsole() error
	Links() ([]Link, error)
	LinkUp(name string) error
	// Configure gives the interface its address and default route, and takes away others that it had.
	Configure(link string, n Network) error
	// DHCPConn opens a socket that sends and receives DHCP on an interface that has no address yet.
	DHCPConn(link Link) (net.PacketConn, error)
	// LLDPConn opens a socket that sends and receives LLDP frames on an interface.
	LLDPConn(link Link) (lldp.Conn, error)
	// BMC asks the machine's own management controller where it is.
	BMC(ctx context.Context) ophub.InBandBMC
	// ZeroDisk overwrites a disk of so many bytes with zeros, and reads back that it holds them. It refuses a disk that is
	// in use.
	ZeroDisk(ctx context.Context, name string, size int64, progress func(done int64)) error
	// WatchLinks tells whenever an interface came, went or changed, until ctx ends.
	WatchLinks(ctx context.Context) (<-chan struct{}, error)
	Start(Command) (Process, error)
	// Events tells what a signal or the power button asks for, until ctx ends.
	Events(ctx context.Context) <-chan Action
	// Halt ends all other processes, syncs, and ends the host. It returns only on failure.
	Halt(Action) error
}
