package gridapp

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/cthulix/terraform-provider-cthulix/keg"
)

const (
	groupName = "app"
	taskName  = "main"
	// logFiles is how many files Nomad spreads an output over. It drops the
	// oldest when there is more.
	logFiles = 8
)

// What a job carries of ours.
const (
	metaKID     = "cthulix_kid"     // of the spec without its merge
	metaGridapp = "cthulix_gridapp" // whose it is, for the job and its merge
	metaAttempt = "cthulix_attempt" // counts the starts of the same spec
)

// Job is the Nomad job of the spec, without its merge.
func (s Spec) Job() *api.Job {
	s = s.shards().withDefaults()
	group := &api.TaskGroup{
		Name:             ptr(groupName),
		Count:            ptr(s.Count),
		Tasks:            []*api.Task{s.task()},
		EphemeralDisk:    &api.EphemeralDisk{SizeMB: ptr(2*s.OutputMB + 36)},
		RestartPolicy:    s.restart(),
		ReschedulePolicy: &api.ReschedulePolicy{Attempts: ptr(0), Unlimited: ptr(false)},
	}
	if s.SpreadHosts {
		group.Constraints = []*api.Constraint{{Operand: api.ConstraintDistinctHosts, RTarget: "true"}}
	}
	job := &api.Job{
		ID: ptr(s.Name), Name: ptr(s.Name), Type: ptr(s.Type),
		Namespace: ptr(s.Namespace), NodePool: ptr(s.NodePool), Datacenters: []string{"*"},
		TaskGroups: []*api.TaskGroup{group},
		Meta: map[string]string{
			metaKID:     s.KID().String(),
			metaGridapp: s.owner(),
			metaAttempt: "1",
		},
	}
	if s.Type == Service {
		group.ReschedulePolicy = nil // Nomad's own for services: again and again
		job.Update = &api.UpdateStrategy{
			MaxParallel: ptr(s.Count), HealthCheck: ptr("task_states"), MinHealthyTime: ptr(2 * time.Second),
			// Without a deadline for progress, the first shard that is not healthy ends it.
			HealthyDeadline: ptr(5 * time.Minute), ProgressDeadline: ptr(time.Duration(0)), AutoRevert: ptr(true),
		}
	}
	return job
}

func (s Spec) restart() *api.RestartPolicy {
	policy := &api.RestartPolicy{Attempts: ptr(s.Retries), Interval: ptr(24 * time.Hour), Delay: ptr(2 * time.Second), Mode: ptr(api.RestartPolicyModeFail)}
	if s.Type == Service {
		policy.Attempts, policy.Interval = ptr(max(s.Retries, 2)), ptr(time.Minute)
	}
	return policy
}

func (s Spec) task() *api.Task {
	env := map[string]string{envShard: "${NOMAD_ALLOC_INDEX}", envShards: strconv.Itoa(s.Count)}
	maps.Copy(env, s.Env)
	task := &api.Task{
		Name: taskName, Driver: "raw_exec", Env: env,
		Config:      s.command(),
		Resources:   &api.Resources{CPU: ptr(s.CPU), MemoryMB: ptr(s.MemoryMB)},
		LogConfig:   &api.LogConfig{MaxFiles: ptr(logFiles), MaxFileSizeMB: ptr((s.OutputMB + logFiles - 1) / logFiles)},
		KillTimeout: ptr(5 * time.Second),
	}
	if s.Script != "" {
		task.Artifacts = append(task.Artifacts, s.artifact(scriptPath, s.Script))
	}
	for _, dest := range slices.Sorted(maps.Keys(s.Artifacts)) {
		task.Artifacts = append(task.Artifacts, s.artifact(dest, s.Artifacts[dest]))
	}
	return task
}

// command is the configuration of the driver. A blob is fetched without the
// right to execute it, so a script without interpreter gets that first.
func (s Spec) command() map[string]any {
	switch {
	case s.Script == "":
		return map[string]any{"command": s.Command, "args": append([]string{}, s.Args...)}
	case s.Command != "":
		return map[string]any{"command": s.Command, "args": append([]string{scriptPath}, s.Args...)}
	}
	const start = `chmod +x "$0" && exec "$0" "$@"`
	return map[string]any{"command": "/bin/sh", "args": append([]string{"-c", start, "./" + scriptPath}, s.Args...)}
}

// artifact is a blob of the keg, checked on the host by its KID.
func (s Spec) artifact(dest string, kid keg.KID) *api.TaskArtifact {
	return &api.TaskArtifact{
		GetterSource: ptr(strings.TrimSuffix(s.KegURL, "/") + "/keg/" + kid.String()),
		GetterMode:   ptr("file"),
		RelativeDest: ptr(dest),
		// Nothing is unpacked, whatever a name ends in.
		GetterOptions: map[string]string{"checksum": "sha256:" + kid.Hex(), "archive": "false"},
	}
}

func ptr[T any](v T) *T { return &v }
