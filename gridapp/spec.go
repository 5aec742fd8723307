package gridapp

import (
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/cthulix/terraform-provider-cthulix/keg"
)

// Values of Spec.Type.
const (
	Batch   = "batch"
	Service = "service"
)

// Spec is a gridapp: what to run on the hosts of a kernel.
type Spec struct {
	Name      string
	Namespace string
	NodePool  string
	Type      string // Batch (also when empty) or Service
	// Count is the number of shards; 0 is 1. A shard finds its number and the
	// count in CTHULIX_SHARD and CTHULIX_SHARDS.
	Count int
	// SpreadHosts puts no two shards on one host.
	SpreadHosts bool

	// Command runs with Args; with a Script, it is the script's interpreter.
	Command string
	// Script is run with Args, by its own first line when Command is empty.
	Script keg.KID
	Args   []string
	// Artifacts are fetched before the start, by destination in the working
	// directory.
	Artifacts map[string]keg.KID
	Env       map[string]string

	CPU      int // MHz; 0 is 50
	MemoryMB int // 0 is 64
	// OutputMB bounds what a shard prints to stdout, and to stderr; 0 is 32.
	OutputMB int
	// Retries is how often a shard that failed is started again on its host.
	Retries int

	// KegURL is where hosts reach the keg. It is no part of the KID.
	KegURL string
	// Merge, for batch, runs once when all shards are done, with their outputs
	// as the files shards/0, shards/1, …
	Merge *Merge
	// Timeout bounds Run, and stops the jobs when it is over; 0 is none. It is
	// no part of the KID.
	Timeout time.Duration
}

// Merge is what makes one output from those of the shards.
type Merge struct {
	Command   string
	Script    keg.KID
	Args      []string
	Artifacts map[string]keg.KID
	Env       map[string]string
	CPU       int
	MemoryMB  int
	OutputMB  int
}

// KID names the spec by its content.
func (s Spec) KID() keg.KID { return "" }

// Job is the Nomad job of the spec, without its merge.
func (s Spec) Job() *api.Job { return nil }

// Validate checks the spec by itself.
func (s Spec) Validate() error { return errUnbuilt }
