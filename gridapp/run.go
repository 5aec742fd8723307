package gridapp

import (
	"context"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/keg"
)

// Values of Result.State.
const (
	StatePending  = "pending"
	StateRunning  = "running"
	StateComplete = "complete"
	StateFailed   = "failed"
	StateStopped  = "stopped"
)

// Allocation is one shard on one host.
type Allocation struct {
	ID       string
	Index    int // of the shard
	Host     string
	State    string // Nomad's client status: "pending", "running", "complete", "failed", "lost"
	ExitCode int
}

// Result is what has become of a gridapp.
type Result struct {
	Name    string
	KID     keg.KID // of the spec
	State   string
	Version uint64 // of the job in Nomad
	// Allocations hold the latest of each shard, by index.
	Allocations []Allocation
	// Outputs is what each shard of a batch printed, by index. Run fills it.
	Outputs []string
	// OutputKIDs name the outputs in the keg, by index.
	OutputKIDs []keg.KID
	// Output is the merge's, or that of all shards in order.
	Output    string
	OutputKID keg.KID
	// Reused says that a finished run of the same spec was found.
	Reused bool
}

// Progress is where a Run stands.
type Progress struct {
	Job     string
	Message string // one line
	Done    int    // shards that are done (batch) or up (service)
	Total   int
	Elapsed time.Duration
}

// RunOptions go with a Run.
type RunOptions struct {
	// Keg keeps the outputs. Hosts must reach it at Spec.KegURL for a merge.
	Keg keg.Store
	// Progress hears each change; nil for none.
	Progress func(Progress)
}

// Run runs a gridapp and waits for its end (batch) or until it is up (service).
// A finished or running job of the same spec is followed, not started again.
// When ctx ends the job goes on, for a later Run to follow.
func (c *Client) Run(ctx context.Context, spec Spec, o RunOptions) (Result, error) {
	return Result{}, errUnbuilt
}

// Observe returns what Nomad knows of a gridapp, without its outputs, or
// ErrNotFound.
func (c *Client) Observe(ctx context.Context, namespace, name string) (Result, error) {
	return Result{}, errUnbuilt
}

// Stop stops a gridapp and its merge, and waits until nothing of them runs.
// With purge, Nomad forgets them. No gridapp is no error.
func (c *Client) Stop(ctx context.Context, namespace, name string, purge bool) error {
	return errUnbuilt
}
