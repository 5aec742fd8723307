package gridapp

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/nomad/api"

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
	ID       string `json:"id"`
	Index    int    `json:"index"` // of the shard
	Host     string `json:"host"`
	State    string `json:"state"` // Nomad's client status: "pending", "running", "complete", "failed", "lost"
	ExitCode int    `json:"exit_code"`
}

// Result is what has become of a gridapp.
type Result struct {
	Name  string  `json:"name"`
	KID   keg.KID `json:"kid"` // of the spec; Observe knows it of finished batches
	State string  `json:"state"`
	// Version of the job in Nomad.
	Version uint64 `json:"version"`
	// Allocations hold the latest of each shard, by index.
	Allocations []Allocation `json:"allocations"`
	// Outputs is what each shard of a batch printed, by index. Run fills it.
	Outputs []string `json:"-"`
	// OutputKIDs name the outputs in the keg, by index.
	OutputKIDs []keg.KID `json:"outputs,omitempty"`
	// Output is the merge's, or that of all shards in order. Run fills it.
	Output    string  `json:"-"`
	OutputKID keg.KID `json:"output,omitempty"`
	// Reused says that a finished run of the same spec was found.
	Reused bool `json:"-"`
}

// Progress is where a Run stands.
type Progress struct {
	Job     string
	Message string // one line
	Done    int    // shards that are done (batch) or up (service)
	Total   int
	Elapsed time.Duration
}

// NoHostsError is a kernel that no host has joined.
type NoHostsError struct{ Gridapp, NodePool string }

// Error says what is missing.
func (e *NoHostsError) Error() string {
	return fmt.Sprintf("gridapp %s: kernel %s has no hosts: its node pool has no node, ready or not; give it to at least one host and wait until that has joined",
		e.Gridapp, e.NodePool)
}

// FailedError is a gridapp of which a shard failed.
type FailedError struct {
	Gridapp  string // the job: the gridapp, or its merge
	Shard    int
	Alloc    string
	Host     string
	ExitCode int
	Reason   string // "exit code 3", "Failed to download artifact: …"
	Stderr   string // its end
	Note     string // what became of the job
}

// Error names the shard, where it ran, why it failed, and the end of what it
// said.
func (e *FailedError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "gridapp %s: shard %d failed on host %s (allocation %s): %s", e.Gridapp, e.Shard, e.Host, shortID(e.Alloc), e.Reason)
	if e.Note != "" {
		b.WriteString("; " + e.Note)
	}
	if e.Stderr == "" {
		b.WriteString("; it wrote nothing to stderr")
	} else {
		b.WriteString("; the end of its stderr:\n" + e.Stderr)
	}
	return b.String()
}

func shortID(id string) string {
	if len(id) > 8 {
		return id[:8]
	}
	return id
}

// tally is what the allocations of one version of a job amount to.
type tally struct {
	shards []*api.AllocationListStub // the latest of each; nil where none is placed

	placed, running, complete int
	failed                    *api.AllocationListStub
}

// count sorts out the allocations of a job's version.
func count(shards int, version uint64, all []*api.AllocationListStub) tally {
	t := tally{shards: make([]*api.AllocationListStub, shards)}
	for _, a := range all {
		i, ok := allocIndex(a.Name)
		if !ok || i >= shards || a.JobVersion != version {
			continue
		}
		if old := t.shards[i]; old == nil || old.CreateIndex < a.CreateIndex {
			t.shards[i] = a
		}
	}
	for _, a := range t.shards {
		if a == nil {
			continue
		}
		if a.ClientStatus != api.AllocClientStatusLost {
			t.placed++
		}
		switch a.ClientStatus {
		case api.AllocClientStatusRunning:
			t.running++
		case api.AllocClientStatusComplete:
			// An allocation that was told to stop ends as complete, too.
			if !wasKilled(a) {
				t.complete++
			}
		case api.AllocClientStatusFailed:
			if a.NextAllocation == "" && a.FollowupEvalID == "" {
				t.failed = a
			}
		}
	}
	return t
}

func (t tally) allocations() []Allocation {
	var all []Allocation
	for i, a := range t.shards {
		if a == nil {
			continue
		}
		code, _ := exitCode(a)
		all = append(all, Allocation{ID: a.ID, Index: i, Host: a.NodeName, State: a.ClientStatus, ExitCode: code})
	}
	return all
}

// state sums a job up.
func (t tally) state(job *api.Job) string {
	service := job.Type != nil && *job.Type == Service
	switch {
	case !service && t.complete == len(t.shards):
		return StateComplete
	case t.failed != nil && !service:
		return StateFailed
	case stopped(job):
		return StateStopped
	case t.running == len(t.shards), !service && t.running+t.complete > 0:
		return StateRunning
	case t.failed != nil:
		return StateFailed
	}
	return StatePending
}

// allocIndex is the number at the end of an allocation's name, "wc.app[2]".
func allocIndex(name string) (int, bool) {
	open := strings.LastIndexByte(name, '[')
	if open < 0 || !strings.HasSuffix(name, "]") {
		return 0, false
	}
	n, err := strconv.Atoi(name[open+1 : len(name)-1])
	return n, err == nil && n >= 0
}

func wasKilled(a *api.AllocationListStub) bool {
	task := a.TaskStates[taskName]
	if task == nil {
		return true // it never ran
	}
	for _, e := range task.Events {
		if e.Type == api.TaskKilling || e.Type == api.TaskKilled {
			return true
		}
	}
	code, ended := exitCode(a)
	return !ended || code != 0
}

// exitCode is that of the last end of the task.
func exitCode(a *api.AllocationListStub) (code int, ended bool) {
	if task := a.TaskStates[taskName]; task != nil {
		for _, e := range task.Events {
			if e.Type == api.TaskTerminated {
				code, ended = e.ExitCode, true
			}
		}
	}
	return code, ended
}

// reason is why a task failed, as Nomad tells it.
func reason(a *api.AllocationListStub) string {
	task := a.TaskStates[taskName]
	if task == nil {
		return strings.TrimSpace("it never started: " + a.ClientDescription)
	}
	for i := len(task.Events) - 1; i >= 0; i-- {
		switch e := task.Events[i]; e.Type {
		case api.TaskTerminated:
			if e.Signal != 0 {
				return fmt.Sprintf("killed by signal %d", e.Signal)
			}
			return fmt.Sprintf("exit code %d", e.ExitCode)
		case api.TaskArtifactDownloadFailed, api.TaskDriverFailure, api.TaskSetupFailure, api.TaskFailedValidation:
			return strings.TrimSpace(e.Type + ": " + e.DisplayMessage)
		}
	}
	return strings.TrimSpace("unknown reason: " + a.ClientDescription)
}
