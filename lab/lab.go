// Package lab is the digital twin: one simulated Cisco switch whose running
// configuration decides which frames pass, QEMU machines on its ports with a
// BMC each, and an opserver with Consul and Nomad on another port. It needs no
// privilege and nothing of the machine's network but loopback.
//
// [Run] is the lab itself, in the process that calls it; [Up] starts it as a
// daemon, and a [Control] speaks to one.
package lab

import (
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/keg"
)

// Config describes a lab. The zero value of each field has a default.
type Config struct {
	// Dir keeps the lab's state from one start to the next: secrets, the
	// switch's flash, the records, the keg and the logs.
	Dir string
	// Machines are the hosts; nil means node1 to node3 on the first three ports.
	Machines []Machine
	// MemoryMiB is each machine's RAM; 0 means 1024.
	MemoryMiB int
	// Switch is the name of the switch; "" means "leaf1".
	Switch string
	// Profile is the switch's model, a row of iossim's profiles; "" is its default.
	Profile string
	// Uplink is the opserver's port; "" means "GigabitEthernet1/0/48".
	Uplink string
	// Network is the hosts' network and the opserver's address in it; the zero
	// value means 10.20.0.1/24.
	Network netip.Prefix
	// Discovery is the image of machines without a host record; "" leaves them
	// without an answer. A Control can change it.
	Discovery keg.KID
	// FirmwareDir holds iPXE's boot programs; "" means "/usr/lib/ipxe", where
	// Debian's package has them.
	FirmwareDir string
	// Progress hears each step of a start.
	Progress func(Step)
	Logger   *slog.Logger
}

// Machine is one machine of the lab.
type Machine struct {
	Name string `json:"name"`
	MAC  string `json:"mac"`
	Port string `json:"port"` // of the switch
	// Disk is a raw image that the machine has as its disk; empty for none.
	Disk string `json:"disk,omitempty"`
	// Light is a machine that QEMU does not run: it speaks what a machine speaks
	// on its way to a host, and runs nothing. See package light.
	Light bool `json:"light,omitempty"`
}

// Step is one step of a lab's start.
type Step struct {
	N, Of   int           `json:"-"`
	Name    string        `json:"name"`
	Detail  string        `json:"detail,omitempty"`
	Elapsed time.Duration `json:"elapsed"`
	Done    bool          `json:"done"`
}

func (s Step) String() string {
	mark := "…"
	if s.Done {
		mark = "✓"
	}
	text := fmt.Sprintf("[%d/%d] %s %s", s.N, s.Of, mark, s.Name)
	if s.Detail != "" {
		text += ": " + s.Detail
	}
	return fmt.Sprintf("%s (%s)", text, s.Elapsed.Round(100*time.Millisecond))
}

const (
	consulPort   = 8500 // as the hosts see them, at the opserver's address
	nomadRPCPort = 4647
	httpPort     = 80
	tftpPort     = 69
	dhcpPort     = 67
)

func (c Config) withDefaults() Config {
	if c.Machines == nil {
		c.Machines = DefaultMachines(3)
	}
	if c.MemoryMiB == 0 {
		c.MemoryMiB = 1024
	}
	c.Switch = orDefault(c.Switch, "leaf1")
	c.Uplink = orDefault(c.Uplink, "GigabitEthernet1/0/48")
	c.FirmwareDir = orDefault(c.FirmwareDir, "/usr/lib/ipxe")
	if !c.Network.IsValid() {
		c.Network = netip.MustParsePrefix("10.20.0.1/24")
	}
	if c.Progress == nil {
		c.Progress = func(Step) {}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// DefaultMachines returns n machines, node1 on the switch's first port and so on.
func DefaultMachines(n int) []Machine {
	ms := make([]Machine, n)
	for i := range ms {
		ms[i] = Machine{
			Name: fmt.Sprintf("node%d", i+1),
			MAC:  fmt.Sprintf("52:54:00:20:00:%02x", i+1),
			Port: fmt.Sprintf("GigabitEthernet1/0/%d", i+1),
		}
	}
	return ms
}

// Rack returns n QEMU machines, node1 on the switch's first port and so on, and
// beside them light ones, light1 and so on.
func Rack(n, light int) ([]Machine, error) {
	if n < 0 || light < 0 || n+light > maxMachines {
		return nil, fmt.Errorf("%d machines and %d light ones: the switch has ports for %d", n, light, maxMachines)
	}
	ms := DefaultMachines(n)
	for i := range light {
		ms = append(ms, Machine{
			Name: fmt.Sprintf("light%d", i+1), MAC: fmt.Sprintf("52:54:00:21:00:%02x", i+1),
			Port: fmt.Sprintf("GigabitEthernet1/0/%d", n+i+1), Light: true,
		})
	}
	return ms, nil
}

// maxMachines is how many ports the switch has, less the opserver's.
const maxMachines = 47

func orDefault(s, d string) string {
	if s == "" {
		return d
	}
	return s
}
