package gridapp_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/gridapp"
	"github.com/cthulix/terraform-provider-cthulix/keg"
)

// TestWordCount: words of a text are counted in shards on two hosts, and
// merged.
func TestWordCount(t *testing.T) {
	t.Parallel()
	c, ctx := newClient(t), within(t, 3*time.Minute)
	spec := gridapp.Spec{
		Name: "wc", Namespace: kernel, NodePool: kernel, Count: 2, SpreadHosts: true, KegURL: kegURL,
		Script:    blob(t, "#!/bin/sh\necho counting >&2\nawk -v n=$CTHULIX_SHARDS -v s=$CTHULIX_SHARD 'NR % n == s' \"$1\" | tr -cs a-z '\\n' | grep .\n"),
		Args:      []string{"data/input.txt"},
		Artifacts: map[string]keg.KID{"data/input.txt": blob(t, "a rose is a rose\nis a rose\nand a stone\n")},
		Merge: &gridapp.Merge{
			Command: "/bin/sh", Args: []string{"-c", `cat shards/* | sort | uniq -c | awk '{print $2, $1}' && echo "$CTHULIX_SHARDS shards"`},
		},
	}
	var told []string
	options := gridapp.RunOptions{Keg: store, Progress: func(p gridapp.Progress) { told = append(told, p.Job+": "+p.Message) }}
	result, err := c.Run(ctx, spec, options)
	if err != nil {
		t.Fatalf("%v\n%s", err, strings.Join(told, "\n"))
	}
	if want := "a 4\nand 1\nis 2\nrose 3\nstone 1\n2 shards\n"; result.Output != want {
		t.Errorf("merged:\n%s", result.Output)
	}
	if want := []string{"is\na\nrose\n", "a\nrose\nis\na\nrose\nand\na\nstone\n"}; !slices.Equal(result.Outputs, want) {
		t.Errorf("shards: %q", result.Outputs)
	}
	if result.State != gridapp.StateComplete || result.KID != spec.KID() || result.Reused || len(told) == 0 {
		t.Errorf("result %+v, told %q", result, told)
	}
	if a := result.Allocations; len(a) != 2 || a[0].Host == a[1].Host || a[0].Host == "" || a[0].State != "complete" {
		t.Errorf("two shards, not on two hosts: %+v", a)
	}
	for i, kid := range result.OutputKIDs {
		if kid != keg.Sum([]byte(result.Outputs[i])) {
			t.Errorf("output %d is named %s", i, kid)
		}
	}

	again, err := c.Run(ctx, spec, options)
	if err != nil || !again.Reused || again.Output != result.Output || again.Version != result.Version {
		t.Errorf("run again: %+v, %v", again, err)
	}
	// Another merge of the same shards does not run the shards again.
	spec.Merge = &gridapp.Merge{Command: "/bin/sh", Args: []string{"-c", "cat shards/0 shards/1 | wc -l"}}
	other, err := c.Run(ctx, spec, options)
	if err != nil || strings.TrimSpace(other.Output) != "11" || other.Version != result.Version {
		t.Errorf("another merge: %+v, %v", other, err)
	}

	seen, err := c.Observe(ctx, kernel, "wc")
	if err != nil || seen.State != gridapp.StateComplete || seen.KID != spec.KID() || len(seen.Allocations) != 2 {
		t.Errorf("observed: %+v, %v", seen, err)
	}
	must(t, c.Stop(ctx, kernel, "wc", true))
	must(t, c.Stop(ctx, kernel, "wc", true))
	if _, err := c.Observe(ctx, kernel, "wc"); !errors.Is(err, gridapp.ErrNotFound) {
		t.Errorf("after it was purged: %v", err)
	}
}

// TestWholeOutput: megabytes over several log files arrive to the last byte.
func TestWholeOutput(t *testing.T) {
	t.Parallel()
	c, ctx := newClient(t), within(t, 3*time.Minute)
	spec := app("long", `awk 'BEGIN { for (i = 0; i < 300000; i++) print "line", i }'; printf end`)
	spec.OutputMB = 16 // in files of 2 MB
	result, err := c.Run(ctx, spec, gridapp.RunOptions{Keg: store})
	must(t, err)
	var want strings.Builder
	for i := range 300000 {
		fmt.Fprintln(&want, "line", i)
	}
	want.WriteString("end")
	if result.Output != want.String() {
		t.Errorf("got %d bytes, want %d", len(result.Output), want.Len())
	}

	spec = app("too-long", `awk 'BEGIN { for (i = 0; i < 1200000; i++) print "line", i }'`)
	spec.OutputMB = 8
	if _, err := c.Run(ctx, spec, gridapp.RunOptions{Keg: store}); err == nil || !strings.Contains(err.Error(), "raise output_mb") {
		t.Errorf("an output that was cut off: %v", err)
	}
}

func TestFailure(t *testing.T) {
	t.Parallel()
	c, ctx := newClient(t), within(t, 3*time.Minute)
	mark := filepath.Join(t.TempDir(), "fixed")
	spec := app("fails", `if [ $CTHULIX_SHARD = 1 ]; then if [ -e `+mark+` ]; then echo fine; else echo "no such word: cthulhu" >&2; exit 3; fi; elif [ -e `+mark+` ]; then echo well; else exec sleep 600; fi`)
	spec.Count = 2
	_, err := c.Run(ctx, spec, gridapp.RunOptions{Keg: store})
	var failed *gridapp.FailedError
	if !errors.As(err, &failed) {
		t.Fatalf("got %v", err)
	}
	if failed.Shard != 1 || failed.ExitCode != 3 || failed.Stderr != "no such word: cthulhu" || !strings.HasPrefix(failed.Host, "host") || failed.Reason != "exit code 3" {
		t.Errorf("failure: %+v", failed)
	}
	seen, err := c.Observe(ctx, kernel, "fails")
	if err != nil || seen.State != gridapp.StateFailed {
		t.Errorf("observed: %+v, %v", seen, err)
	}
	// What failed is run again, all of it.
	must(t, os.WriteFile(mark, nil, 0o600))
	result, err := c.Run(ctx, spec, gridapp.RunOptions{Keg: store})
	if err != nil || result.Output != "well\nfine\n" {
		t.Errorf("run again: %+v, %v", result, err)
	}
	must(t, c.Stop(ctx, kernel, "fails", true))
}

func TestFailureToStart(t *testing.T) {
	t.Parallel()
	c, ctx := newClient(t), within(t, 3*time.Minute)
	spec := app("nothing")
	spec.Command, spec.Args = "/no/such/program", nil
	_, err := c.Run(ctx, spec, gridapp.RunOptions{Keg: store})
	var failed *gridapp.FailedError
	if !errors.As(err, &failed) || !strings.Contains(failed.Reason, "/no/such/program") {
		t.Errorf("no program: %v", err)
	}
	spec = app("no-blob", "true")
	spec.KegURL, spec.Artifacts = kegURL, map[string]keg.KID{"input": keg.Sum([]byte("never stored"))}
	_, err = c.Run(ctx, spec, gridapp.RunOptions{Keg: store})
	if !errors.As(err, &failed) || !strings.Contains(failed.Reason, "Artifact") {
		t.Errorf("no blob: %v", err)
	}
}

// TestLostOutput: an output that is nowhere any more is made again; one that is
// still on its host is read again.
func TestLostOutput(t *testing.T) {
	t.Parallel()
	c, ctx := newClient(t), within(t, 3*time.Minute)
	spec := app("forgetful", "echo words")
	emptyKeg := func() gridapp.RunOptions {
		d, err := keg.OpenDir(t.TempDir())
		must(t, err)
		return gridapp.RunOptions{Keg: d}
	}
	first, err := c.Run(ctx, spec, emptyKeg())
	must(t, err)
	second, err := c.Run(ctx, spec, emptyKeg())
	if err != nil || second.Output != "words\n" || !second.Reused || second.Version != first.Version {
		t.Errorf("still on its host: %+v, %v", second, err)
	}
	alloc := first.Allocations[0]
	must(t, os.RemoveAll(filepath.Join(dir, alloc.Host, "data", "alloc", alloc.ID, "alloc", "logs")))
	third, err := c.Run(ctx, spec, emptyKeg())
	if err != nil || third.Output != "words\n" || third.Reused || third.Version == first.Version {
		t.Errorf("nowhere any more: %+v, %v", third, err)
	}
}

// TestFollow: a Run that ended in the middle leaves its job, and the next one
// follows that.
func TestFollow(t *testing.T) {
	t.Parallel()
	c, ctx := newClient(t), within(t, 3*time.Minute)
	gate := filepath.Join(t.TempDir(), "gate")
	spec := app("gated", `echo $$; until [ -e `+gate+` ]; do sleep 0.1; done; echo open`)
	first, cut := context.WithCancel(ctx)
	_, err := c.Run(first, spec, gridapp.RunOptions{Keg: store, Progress: func(p gridapp.Progress) {
		if strings.Contains(p.Message, "1 running") {
			cut()
		}
	}})
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "run it again to follow it") {
		t.Fatalf("cut off: %v", err)
	}
	seen, err := c.Observe(ctx, kernel, "gated")
	if err != nil || seen.State != gridapp.StateRunning || seen.KID != "" {
		t.Errorf("in between: %+v, %v", seen, err)
	}
	must(t, os.WriteFile(gate, nil, 0o600))
	result, err := c.Run(ctx, spec, gridapp.RunOptions{Keg: store})
	if err != nil || !result.Reused || result.Version != seen.Version || result.Allocations[0].ID != seen.Allocations[0].ID || !strings.HasSuffix(result.Output, "\nopen\n") {
		t.Errorf("followed: %+v, %v", result, err)
	}

	// Another spec of the same name is another version of the job.
	spec.Args[1] = "echo other"
	result, err = c.Run(ctx, spec, gridapp.RunOptions{Keg: store})
	if err != nil || result.Output != "other\n" || result.Version == seen.Version {
		t.Errorf("another spec: %+v, %v", result, err)
	}
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	c, ctx := newClient(t), within(t, 3*time.Minute)
	spec := app("slow", "exec sleep 600")
	spec.Timeout = 5 * time.Second
	_, err := c.Run(ctx, spec, gridapp.RunOptions{Keg: store})
	if err == nil || !strings.Contains(err.Error(), "its timeout is over (5s); it was stopped") {
		t.Errorf("got %v", err)
	}
	if seen, err := c.Observe(ctx, kernel, "slow"); err != nil || seen.State != gridapp.StateStopped {
		t.Errorf("observed: %+v, %v", seen, err)
	}
}

// TestTooFewHosts: what is waited for is told, and that it is still wanted.
func TestTooFewHosts(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	spec := app("wide", "exec sleep 600")
	spec.Count, spec.SpreadHosts = 3, true
	ctx, cut := context.WithCancelCause(within(t, 2*time.Minute))
	enough := errors.New("enough")
	_, err := c.Run(ctx, spec, gridapp.RunOptions{Keg: store, Progress: func(p gridapp.Progress) {
		if strings.Contains(p.Message, "1 waiting") && strings.Contains(p.Message, "host of its own") {
			cut(enough)
		}
	}})
	if !errors.Is(err, enough) || !strings.Contains(err.Error(), "1 waiting for a host (kernel main has host1 (ready), host2 (ready); 2 taken, since each shard wants a host of its own)") {
		t.Errorf("got %v", err)
	}
	must(t, c.Stop(within(t, time.Minute), kernel, "wide", true))
}

func TestNoHosts(t *testing.T) {
	t.Parallel()
	c, ctx := newClient(t), within(t, time.Minute)
	empty := gridapp.DomainOf("empty", "")
	must(t, c.EnsureDomain(ctx, empty))
	spec := app("lonely", "true")
	spec.Namespace, spec.NodePool = "empty", "empty"
	_, err := c.Run(ctx, spec, gridapp.RunOptions{Keg: store})
	var none *gridapp.NoHostsError
	if !errors.As(err, &none) || none.NodePool != "empty" {
		t.Errorf("got %v", err)
	}
	if _, err := c.Observe(ctx, "empty", "lonely"); !errors.Is(err, gridapp.ErrNotFound) {
		t.Errorf("a job was left: %v", err)
	}
	must(t, c.DeleteDomain(ctx, empty))
}

func TestService(t *testing.T) {
	t.Parallel()
	c, ctx := newClient(t), within(t, 4*time.Minute)
	spec := app("daemon", "echo up; exec sleep 600")
	spec.Type, spec.Count = gridapp.Service, 2
	result, err := c.Run(ctx, spec, gridapp.RunOptions{})
	if err != nil || result.State != gridapp.StateRunning || len(result.Allocations) != 2 {
		t.Fatalf("%+v, %v", result, err)
	}
	again, err := c.Run(ctx, spec, gridapp.RunOptions{})
	if err != nil || !again.Reused || again.Version != result.Version {
		t.Errorf("run again: %+v, %v", again, err)
	}
	if seen, err := c.Observe(ctx, kernel, "daemon"); err != nil || seen.State != gridapp.StateRunning || seen.KID != spec.KID() {
		t.Errorf("observed: %+v, %v", seen, err)
	}
	must(t, c.Stop(ctx, kernel, "daemon", false))
	if seen, err := c.Observe(ctx, kernel, "daemon"); err != nil || seen.State != gridapp.StateStopped {
		t.Errorf("observed after the stop: %+v, %v", seen, err)
	}
	must(t, c.Stop(ctx, kernel, "daemon", true))

	broken := app("broken", "echo 'no port left' >&2; exit 1")
	broken.Type = gridapp.Service
	_, err = c.Run(ctx, broken, gridapp.RunOptions{})
	var failed *gridapp.FailedError
	if !errors.As(err, &failed) || !strings.Contains(failed.Stderr, "no port left") || failed.Note != "it was stopped" {
		t.Errorf("a service that does not come up: %v", err)
	}
	must(t, c.Stop(ctx, kernel, "broken", true))
}
