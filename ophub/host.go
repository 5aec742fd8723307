package ophub

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/cthulix/terraform-provider-cthulix/keg"
)

// Firmware of a host.
const (
	FirmwareBIOS = "bios"
	FirmwareUEFI = "uefi"
)

// Bounds that keep a host and its claims within one Consul transaction.
const (
	maxMACs    = 32
	maxKernels = 16
)

// Host is the record of a machine: what it is, where it is plugged in, and
// what it is to boot. The opserver serves only machines that have one.
type Host struct {
	Name   string   `json:"name"`
	MACs   []string `json:"macs"` // lower case, with colons
	Switch string   `json:"switch,omitempty"`
	Port   string   `json:"port,omitempty"`
	VLAN   int      `json:"vlan,omitempty"`
	Image  keg.KID  `json:"image,omitempty"`
	// Args are added to the command line of linux.
	Args []string `json:"args,omitempty"`
	// Kernels are the compute domains that the host serves, by name.
	Kernels []string `json:"kernels,omitempty"`
	// Firmware is FirmwareBIOS or FirmwareUEFI; empty is not known.
	Firmware string `json:"firmware,omitempty"`
	// BMC is the address of the management controller, never a credential.
	BMC string `json:"bmc,omitempty"`
	// Override is how the BMC is told to boot it from the network.
	Override BootOverride `json:"override,omitzero"`
	// Budget is how often it may begin to boot in vain before it is quarantined.
	Budget Budget `json:"budget,omitzero"`
	// Wipe is what the agent that runs is to do with the machine's disks; nil is nothing.
	Wipe *WipeOrder `json:"wipe,omitempty"`
	// Generation counts the changes of the record. PutHost sets it.
	Generation uint64 `json:"generation"`
	// Updated is when PutHost last changed the record.
	Updated time.Time `json:"updated,omitzero"`
}

// Validate checks the record by itself and returns the first *InvalidError.
func (host Host) Validate() error {
	_, err := host.normalized()
	return err
}

// normalized is the record in the spelling in which it is stored.
func (host Host) normalized() (Host, error) {
	if err := checkName("host", host.Name); err != nil {
		return host, err
	}
	bad := func(field, format string, args ...any) (Host, error) {
		return host, &InvalidError{Kind: "host", Name: host.Name, Field: field, Problem: fmt.Sprintf(format, args...)}
	}
	if n := len(host.MACs); n == 0 || n > maxMACs {
		return bad("macs", "has %d addresses: want 1 to %d", n, maxMACs)
	}
	macs := make([]string, len(host.MACs))
	for i, s := range host.MACs {
		mac, err := NormalizeMAC(s)
		if err != nil {
			return bad(fmt.Sprintf("macs[%d]", i), "%v", err)
		}
		if j := slices.Index(macs[:i], mac); j >= 0 {
			return bad(fmt.Sprintf("macs[%d]", i), "%s is given twice, in macs[%d] too", mac, j)
		}
		macs[i] = mac
	}
	host.MACs = macs
	if (host.Switch == "") != (host.Port == "") {
		return bad("port", "switch %q and port %q: give both or neither", host.Switch, host.Port)
	}
	if strings.ContainsFunc(host.Switch+host.Port, unicode.IsControl) {
		return bad("port", "switch %q and port %q: control characters", host.Switch, host.Port)
	}
	if host.VLAN < 0 || host.VLAN > 4094 || (host.VLAN >= 1002 && host.VLAN <= 1005) {
		return bad("vlan", "%d: want 1 to 4094 without 1002 to 1005, or 0 for none", host.VLAN)
	}
	if host.Image != "" && !host.Image.Valid() {
		return bad("image", "%q is not a KID", host.Image)
	}
	for i, arg := range host.Args {
		// A line break would end the line of the boot script that it becomes part of.
		if arg == "" || strings.ContainsFunc(arg, unicode.IsControl) {
			return bad(fmt.Sprintf("args[%d]", i), "%q: empty, or with control characters", arg)
		}
	}
	if len(host.Kernels) > maxKernels {
		return bad("kernels", "has %d: want at most %d", len(host.Kernels), maxKernels)
	}
	for i, name := range host.Kernels {
		if !namePattern.MatchString(name) {
			return bad(fmt.Sprintf("kernels[%d]", i), "%q is no kernel's name", name)
		}
		if slices.Contains(host.Kernels[:i], name) {
			return bad(fmt.Sprintf("kernels[%d]", i), "%s is given twice", name)
		}
	}
	switch host.Firmware {
	case "", FirmwareBIOS, FirmwareUEFI:
	default:
		return bad("firmware", "%q: want %q or %q", host.Firmware, FirmwareBIOS, FirmwareUEFI)
	}
	if problem := host.Override.problem(); problem != "" {
		return bad("override", "%s", problem)
	}
	if problem := host.Budget.problem(); problem != "" {
		return bad("budget", "%s", problem)
	}
	if problem := host.Wipe.problem(); problem != "" {
		return bad("wipe", "%s", problem)
	}
	return host, nil
}

// same tells whether two records differ in nothing but the bookkeeping.
func (host Host) same(other Host) bool {
	return host.Name == other.Name && slices.Equal(host.MACs, other.MACs) &&
		host.Switch == other.Switch && host.Port == other.Port && host.VLAN == other.VLAN &&
		host.Image == other.Image && slices.Equal(host.Args, other.Args) &&
		slices.Equal(host.Kernels, other.Kernels) && host.Firmware == other.Firmware && host.BMC == other.BMC &&
		host.Override == other.Override && host.Budget == other.Budget && reflect.DeepEqual(host.Wipe, other.Wipe)
}

// BootKey names all of a record that only a boot brings to the machine. Two
// records with the same key need no restart from one to the other.
func (host Host) BootKey() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %q %q %q %d", host.Image, host.Args, host.Firmware, host.MACs, host.Switch, host.Port, host.VLAN))
	return hex.EncodeToString(sum[:8])
}

// Host returns the record of the host of that name, or ErrNotFound.
func (h *Hub) Host(ctx context.Context, name string) (Host, error) {
	host, _, err := get[Host](ctx, h, kindHost, name)
	return host, err
}

// Hosts returns all host records, ordered by name.
func (h *Hub) Hosts(ctx context.Context) ([]Host, error) { return list[Host](ctx, h, kindHost) }

// HostByMAC returns the record of the host with that MAC address, in any
// spelling, or ErrNotFound.
func (h *Hub) HostByMAC(ctx context.Context, mac string) (Host, error) {
	mac, err := NormalizeMAC(mac)
	if err != nil {
		return Host{}, h.fail("find host by MAC address", err)
	}
	owner, _, err := get[string](ctx, h, kindClaim, macClaim(mac))
	if err != nil {
		return Host{}, err
	}
	return h.Host(ctx, owner)
}
