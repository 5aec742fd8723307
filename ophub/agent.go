package ophub

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/keg"
)

// Values of KernelState.Status.
const (
	KernelStarting = "starting"
	KernelReady    = "ready"
	KernelFailed   = "failed"
)

// KernelState is how far a host's agent process for one kernel has come.
type KernelState struct {
	NodeID string `json:"node_id,omitempty"`
	Status string `json:"status"` // KernelReady, or what keeps it from that
	Error  string `json:"error,omitempty"`
}

// Agent is the live record of a host: it is there while the host's agentd is.
type Agent struct {
	Host    string  `json:"host"`
	BootID  string  `json:"boot_id"`
	Version string  `json:"version"`
	Image   keg.KID `json:"image"`
	// Addresses of the host, the one to reach it by first.
	Addresses []string               `json:"addresses"`
	MAC       string                 `json:"mac"`
	Kernels   map[string]KernelState `json:"kernels,omitempty"`
	Started   time.Time              `json:"started"`
	// Updated is when the record was last written, by the host's clock.
	Updated   time.Time `json:"updated"`
	CPUs      int       `json:"cpus,omitempty"`
	MemoryMiB int       `json:"memory_mib,omitempty"`
	// Inventory is what the host is made of; nil from agents that do not say.
	Inventory *Inventory `json:"inventory,omitempty"`
	// Wipe is how far it has come with the order to wipe the machine; nil is no such order.
	Wipe *Wipe `json:"wipe,omitempty"`
}

func (a Agent) normalized() (Agent, error) {
	if err := checkName("agent of host", a.Host); err != nil {
		return a, err
	}
	bad := func(field, format string, args ...any) (Agent, error) {
		return a, &InvalidError{Kind: "agent of host", Name: a.Host, Field: field, Problem: fmt.Sprintf(format, args...)}
	}
	if a.BootID == "" {
		return bad("boot_id", "is empty")
	}
	if a.Image != "" && !a.Image.Valid() {
		return bad("image", "%q is not a KID", a.Image)
	}
	if len(a.Addresses) == 0 {
		return bad("addresses", "has none")
	}
	for i, s := range a.Addresses {
		if _, err := netip.ParseAddr(s); err != nil {
			return bad(fmt.Sprintf("addresses[%d]", i), "%v", err)
		}
	}
	if a.MAC != "" {
		mac, err := NormalizeMAC(a.MAC)
		if err != nil {
			return bad("mac", "%v", err)
		}
		a.MAC = mac
	}
	if a.Inventory != nil {
		inv := a.Inventory.Tidy()
		a.Inventory = &inv
	}
	return a, nil
}

// joined tells whether the agent serves at least one kernel, and all of those
// it has.
func (a Agent) joined() bool {
	for _, k := range a.Kernels {
		if k.Status != KernelReady {
			return false
		}
	}
	return len(a.Kernels) > 0
}

// Agent returns the live record of a host, or ErrNotFound when none lives.
func (h *Hub) Agent(ctx context.Context, host string) (Agent, error) {
	agent, _, err := get[Agent](ctx, h, kindLive, host)
	return agent, err
}

// Agents returns all live records, ordered by host.
func (h *Hub) Agents(ctx context.Context) ([]Agent, error) { return list[Agent](ctx, h, kindLive) }
