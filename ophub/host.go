package ophub

import (
	"context"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/keg"
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
	// Firmware is "bios" or "uefi"; empty is not known.
	Firmware string `json:"firmware,omitempty"`
	// BMC is the address of the management controller, never a credential.
	BMC string `json:"bmc,omitempty"`
	// Generation counts the changes of the record. PutHost sets it.
	Generation uint64 `json:"generation"`
	// Updated is when PutHost last changed the record.
	Updated time.Time `json:"updated"`
}

// PutHost stores the record of a host. A MAC address or a switch port that
// another host has already is a *ConflictError; a kernel without a record is
// an error. Storing what is there already changes nothing.
func (h *Hub) PutHost(ctx context.Context, host Host) error { return errUnbuilt }

// Host returns the record of the host of that name, or ErrNotFound.
func (h *Hub) Host(ctx context.Context, name string) (Host, error) { return Host{}, errUnbuilt }

// Hosts returns all host records, ordered by name.
func (h *Hub) Hosts(ctx context.Context) ([]Host, error) { return nil, errUnbuilt }

// HostByMAC returns the record of the host with that MAC address, in any
// spelling, or ErrNotFound.
func (h *Hub) HostByMAC(ctx context.Context, mac string) (Host, error) { return Host{}, errUnbuilt }

// DeleteHost removes a host's record and its boot record. No record is no error.
func (h *Hub) DeleteHost(ctx context.Context, name string) error { return errUnbuilt }

// WatchHosts sends all host records, ordered by name, now and after each
// change, until ctx ends; then it closes the channel. Only the first reading
// can fail; later failures are retried for as long as it takes.
func (h *Hub) WatchHosts(ctx context.Context) (<-chan []Host, error) { return nil, errUnbuilt }
