// Package ipmi drives a machine's management controller (BMC) over IPMI 2.0: power, boot override, sensors, event
// log, inventory, accounts, network configuration, watchdog and serial console.
//
// A BMC is a small, slow and sometimes moody computer, so the package treats it gently. Callers of the same
// address share one queue, sessions are short and always closed, a wrong password is tried once and then
// remembered for the life of the process, and a power verb is sent once: what became of it is read back, never
// assumed. Every call honours its context.
//
// Cipher suites 17 and 3 are tried in that order unless [Target.CipherSuites] says otherwise; suite 0, which
// accepts any password, is refused.
package ipmi

import (
	"context"
	"log/slog"
	"net"
	"time"
)

// DefaultPort is the UDP port of IPMI over LAN, used where an address names none.
const DefaultPort = "623"

// DefaultTimeout bounds the wait for one answer when [Target.Timeout] is zero. Below 5 s, controllers with
// round trips of 1.5 s fail half-way through their log-in.
const DefaultTimeout = 5 * time.Second

// Target says which BMC to talk to, as whom, and how patiently.
type Target struct {
	// Name is what messages call the machine. Empty means its address.
	Name string
	// Address is "host", "host:port" or "[v6]:port".
	Address string
	// Username and Password are those of an account with operator privilege, or administrator's for the verbs
	// that change the controller itself: its accounts and its network configuration.
	Username string
	Password string
	// CipherSuites are tried in order; empty means 17, then 3.
	CipherSuites []int
	// Timeout is how long to wait for the answer to one request before it is repeated, or, for a request that
	// must not be repeated, given up. The whole call is bounded by its context.
	Timeout time.Duration
	// PollInterval is the pause between two looks at the power state after a verb. Zero means 500 ms.
	PollInterval time.Duration
	// Rate is how many commands a second the controller gets at most, after Burst at once; some freeze when
	// they get more. Zero means DefaultRate and DefaultBurst. Callers of one address share what is left.
	Rate  float64
	Burst int
	// Dial opens the UDP association. Nil means net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Logger gets one line a verb. Nil discards.
	Logger *slog.Logger
}

// PowerState says whether a machine has power.
type PowerState string

// The power states that IPMI tells apart.
const (
	On  PowerState = "on"
	Off PowerState = "off"
)

// The boot devices that SetBoot takes. DeviceNone removes an override. DeviceOther is only ever read: an
// override that somebody else set, such as a virtual CD-ROM or the firmware's setup.
const (
	DeviceNone  = "none"
	DevicePXE   = "pxe"
	DeviceDisk  = "disk"
	DeviceOther = "other"
)

// Boot is a boot override: what the machine starts from, other than what its own firmware would choose.
type Boot struct {
	// Device is DevicePXE, DeviceDisk or DeviceNone; DeviceOther when read.
	Device string
	// EFI asks for a UEFI boot, rather than a legacy one.
	EFI bool
	// Persistent keeps the override for all boots, rather than the next one.
	Persistent bool
	// Valid tells, when read, that the BMC holds the override to be in force. It is ignored by SetBoot.
	Valid bool
	// Flags, unless they are zero, are what SetBoot sends as the first two data bytes of the boot flags (IPMI 2.0
	// §28.13, parameter 5) in place of what the other fields say, for boards that want bytes of their own:
	// Supermicro's UEFI PXE is e0 24 on some and e0 08 on others. Boot fills in what the BMC has.
	Flags [2]byte
}

// Info identifies a BMC.
type Info struct {
	// DeviceID and Revision are the controller's own numbers.
	DeviceID, Revision int
	// Firmware is the controller's firmware version, "major.minor".
	Firmware string
	// IPMIVersion is "2.0" on all that this package can talk to.
	IPMIVersion string
	// ManufacturerID is the vendor's IANA enterprise number; ProductID is the vendor's own.
	ManufacturerID uint32
	ProductID      uint16
}

// BMC is one account on one controller. Its methods may be called from many goroutines; those for the same
// address wait for each other, in this process, whichever BMC value they came through.
type BMC struct {
	target Target
	line   *line
}

// New returns the BMC that target names, from the process's own pool. It does not touch the network, so a bad
// address or cipher suite is reported by the first call.
func New(target Target) *BMC { return processPool.Get(target) }

var processPool = NewPool()
