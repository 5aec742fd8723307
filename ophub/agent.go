package ophub

import (
	"context"
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
	Updated   time.Time              `json:"updated"`
	CPUs      int                    `json:"cpus,omitempty"`
	MemoryMiB int                    `json:"memory_mib,omitempty"`
}

// Agent returns the live record of a host, or ErrNotFound when none lives.
func (h *Hub) Agent(ctx context.Context, host string) (Agent, error) { return Agent{}, errUnbuilt }

// Agents returns all live records, ordered by host.
func (h *Hub) Agents(ctx context.Context) ([]Agent, error) { return nil, errUnbuilt }

// Registration keeps one host's live record.
type Registration struct{}

// Register makes the live record of a host: a node and a service in Consul's
// catalog, and a record under a session that ends ttl after the last renewal
// (Consul takes 10 s to 24 h, and may be up to twice as late). A record of an
// earlier boot of the same host is taken over.
func (h *Hub) Register(ctx context.Context, agent Agent, ttl time.Duration) (*Registration, error) {
	return nil, errUnbuilt
}

// Update replaces the live record.
func (r *Registration) Update(ctx context.Context, agent Agent) error { return errUnbuilt }

// Run renews the session until ctx ends, and registers again when it is lost.
// It returns nil when ctx ends.
func (r *Registration) Run(ctx context.Context) error { return errUnbuilt }

// Close takes the live record and the catalog entries back.
func (r *Registration) Close(ctx context.Context) error { return errUnbuilt }

// Reap removes the catalog nodes of hosts whose live record is gone.
func (h *Hub) Reap(ctx context.Context) error { return errUnbuilt }
