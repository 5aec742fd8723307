package gridapp

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

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
	// SpreadHosts puts no two shards on one host at the same time.
	SpreadHosts bool

	// Command runs with Args in the task's working directory; with a Script, it
	// is the script's interpreter. In Args and Env, Nomad replaces ${NAME} by
	// what it knows of that name.
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
	// More is an error, never an output with its beginning cut off.
	OutputMB int
	// Retries is how often a shard that failed is started again on its host. A
	// shard whose host is lost is always started again, on another.
	Retries int

	// KegURL is where hosts reach the keg. It is no part of the KID.
	KegURL string
	// Merge, for batch, runs once when all shards are done, with their outputs
	// as the files shards/0, shards/1, …
	Merge *Merge
	// Timeout bounds Run, and stops the jobs when it is over; 0 is none. It is
	// no part of the KID.
	Timeout time.Duration

	mergeOf string // the gridapp that this is the merge of
}

// Merge is what makes one output from those of the shards. Its fields are
// those of a Spec.
type Merge struct {
	Command   string
	Script    keg.KID
	Args      []string
	Artifacts map[string]keg.KID
	Env       map[string]string
	CPU       int
	MemoryMB  int
	OutputMB  int
	Retries   int
}

// MaxCount bounds the shards of a gridapp. Nomad places, it is no data plane:
// give a shard more to do instead.
const MaxCount = 1000

func (s Spec) withDefaults() Spec {
	or := func(n *int, d int) {
		if *n == 0 {
			*n = d
		}
	}
	if s.Type == "" {
		s.Type = Batch
	}
	or(&s.Count, 1)
	or(&s.CPU, 50)
	or(&s.MemoryMB, 64)
	or(&s.OutputMB, 32)
	return s
}

// KID names the spec by its content: what is run, not where the keg is or how
// long one waits.
func (s Spec) KID() keg.KID {
	s = s.withDefaults()
	s.KegURL, s.Timeout = "", 0
	if s.Merge != nil {
		m := s.merge(nil)
		m.KegURL, m.Timeout = "", 0
		s.Merge = nil
		return sum(s, m.withDefaults())
	}
	return sum(s)
}

func sum(specs ...Spec) keg.KID {
	// A struct of strings, numbers and maps of them always has a JSON form, and
	// but one: maps are ordered by key.
	text, err := json.Marshal(specs)
	if err != nil {
		panic("gridapp: a spec without JSON form: " + err.Error())
	}
	return keg.Sum(append([]byte("cthulix gridapp 1\n"), text...))
}

// shards is the spec without its merge: a change of the merge alone does not
// run the shards again.
func (s Spec) shards() Spec {
	s.Merge = nil
	return s
}

// mergeSuffix is what a merge's job has after the gridapp's name.
const mergeSuffix = "-merge"

// merge is the spec of the merge over those outputs.
func (s Spec) merge(outputs []keg.KID) Spec {
	m := s.Merge
	artifacts := maps.Clone(m.Artifacts)
	if artifacts == nil {
		artifacts = map[string]keg.KID{}
	}
	for i, kid := range outputs {
		artifacts[fmt.Sprintf("%s/%d", shardsDir, i)] = kid
	}
	env := maps.Clone(m.Env)
	if env == nil {
		env = map[string]string{}
	}
	env[envShards] = fmt.Sprint(s.withDefaults().Count)
	return Spec{
		Name: s.Name + mergeSuffix, Namespace: s.Namespace, NodePool: s.NodePool, Type: Batch, Count: 1,
		Command: m.Command, Script: m.Script, Args: m.Args, Artifacts: artifacts, Env: env,
		CPU: m.CPU, MemoryMB: m.MemoryMB, OutputMB: m.OutputMB, Retries: m.Retries,
		KegURL: s.KegURL, Timeout: s.Timeout, mergeOf: s.Name,
	}
}

// owner is the gridapp that the job belongs to.
func (s Spec) owner() string {
	if s.mergeOf != "" {
		return s.mergeOf
	}
	return s.Name
}

const (
	envShard   = "CTHULIX_SHARD"
	envShards  = "CTHULIX_SHARDS"
	shardsDir  = "shards"
	scriptPath = "local/script"
)

// FieldError is a spec that is wrong in itself.
type FieldError struct {
	Gridapp string
	Field   string // "count", "artifacts[\"../x\"]", "merge.args[0]"
	Problem string
}

// Error names the gridapp, the field and what is wrong with it.
func (e *FieldError) Error() string {
	return fmt.Sprintf("gridapp %q: %s: %s", e.Gridapp, e.Field, e.Problem)
}

var (
	appName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	envName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// Validate checks the spec by itself and returns the first *FieldError.
func (s Spec) Validate() error {
	bad := func(field, format string, args ...any) error {
		return &FieldError{Gridapp: s.Name, Field: field, Problem: fmt.Sprintf(format, args...)}
	}
	if !appName.MatchString(s.Name) {
		return bad("name", "want 1 to 63 lower-case letters, digits and inner hyphens")
	}
	if err := (Domain{Namespace: s.Namespace, NodePool: s.NodePool}).Validate(); err != nil {
		return bad("kernel", "%v", err)
	}
	if s.Type != "" && s.Type != Batch && s.Type != Service {
		return bad("type", "%q: want %q or %q", s.Type, Batch, Service)
	}
	if s.Count < 0 || s.Count > MaxCount {
		return bad("count", "%d: want 1 to %d", s.Count, MaxCount)
	}
	if s.Timeout < 0 {
		return bad("timeout", "%s is negative", s.Timeout)
	}
	if err := s.validateTask(bad); err != nil {
		return err
	}
	if s.Merge == nil {
		return nil
	}
	if s.Type == Service {
		return bad("merge", "a service has no end to merge at")
	}
	if len(s.Name)+len(mergeSuffix) > 63 {
		return bad("name", "is too long for the job of the merge, %s%s", s.Name, mergeSuffix)
	}
	for _, dest := range slices.Sorted(maps.Keys(s.Merge.Artifacts)) {
		if first, _, _ := strings.Cut(path.Clean(dest), "/"); first == shardsDir {
			return bad(fmt.Sprintf("merge.artifacts[%q]", dest), "%s is where the outputs of the shards are", shardsDir)
		}
	}
	if _, taken := s.Merge.Env[envShards]; taken {
		return bad(fmt.Sprintf("merge.env[%q]", envShards), "is set by Cthulix")
	}
	if s.KegURL == "" {
		return bad("merge", "needs the keg's address: hosts fetch the outputs there")
	}
	merge := s.merge(nil)
	delete(merge.Env, envShards)
	return merge.validateTask(func(field, format string, args ...any) error { return bad("merge."+field, format, args...) })
}

// validateTask checks what a shard and a merge have in common.
func (s Spec) validateTask(bad func(field, format string, args ...any) error) error {
	if s.Command == "" && s.Script == "" {
		return bad("command", "give a command or a script")
	}
	if s.Script != "" && !s.Script.Valid() {
		return bad("script", "%q is not a KID", s.Script)
	}
	for i, text := range append([]string{s.Command}, s.Args...) {
		if strings.ContainsRune(text, 0) {
			return bad("args", "argument %d has a zero byte", i)
		}
	}
	for _, dest := range slices.Sorted(maps.Keys(s.Artifacts)) {
		field := fmt.Sprintf("artifacts[%q]", dest)
		switch clean := path.Clean(dest); {
		case dest == "" || clean == "." || path.IsAbs(dest) || clean == ".." || strings.HasPrefix(clean, "../"):
			return bad(field, "want a path below the working directory")
		case clean != dest:
			return bad(field, "want it as %q", clean)
		case clean == scriptPath || clean == "local" || clean == "secrets" || strings.HasPrefix(clean, "secrets/"):
			return bad(field, "is a place that is taken")
		case !s.Artifacts[dest].Valid():
			return bad(field, "%q is not a KID", s.Artifacts[dest])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Env)) {
		field := fmt.Sprintf("env[%q]", name)
		switch {
		case !envName.MatchString(name):
			return bad(field, "is not a variable's name")
		case strings.HasPrefix(name, "CTHULIX_") || strings.HasPrefix(name, "NOMAD_"):
			return bad(field, "is set by Cthulix or Nomad")
		case strings.ContainsRune(s.Env[name], 0):
			return bad(field, "has a zero byte")
		}
	}
	for _, n := range []struct {
		field string
		value int
	}{{"cpu", s.CPU}, {"memory_mb", s.MemoryMB}, {"output_mb", s.OutputMB}, {"retries", s.Retries}} {
		if n.value < 0 {
			return bad(n.field, "%d is negative", n.value)
		}
	}
	if s.KegURL != "" {
		if u, err := url.Parse(s.KegURL); err != nil || u.Host == "" || u.User != nil || (u.Scheme != "http" && u.Scheme != "https") {
			return bad("keg_url", "want http://HOST:PORT")
		}
	} else if s.Script != "" || len(s.Artifacts) > 0 {
		return bad("keg_url", "is needed for a script and artifacts: hosts fetch them there")
	}
	return nil
}
