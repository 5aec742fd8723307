package gridapp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/nomad/api"
)

func alloc(index int, created uint64, status string, events ...*api.TaskEvent) *api.AllocationListStub {
	return &api.AllocationListStub{
		ID: fmt.Sprintf("id-%d-%d", index, created), Name: fmt.Sprintf("wc.app[%d]", index), CreateIndex: created,
		JobVersion: 3, ClientStatus: status, TaskStates: map[string]*api.TaskState{taskName: {Events: events}},
	}
}

func ended(code int) *api.TaskEvent { return &api.TaskEvent{Type: api.TaskTerminated, ExitCode: code} }

func TestCount(t *testing.T) {
	job := func(kind string, stop bool) *api.Job { return &api.Job{Type: &kind, Stop: &stop} }
	old := alloc(0, 1, "complete", ended(0))
	old.JobVersion = 2
	followed := alloc(0, 2, "failed", ended(1))
	followed.NextAllocation = "id-0-3"
	for _, c := range []struct {
		name   string
		job    *api.Job
		allocs []*api.AllocationListStub
		placed int
		state  string
	}{
		{"nothing placed", job(Batch, false), nil, 0, StatePending},
		{"an earlier version", job(Batch, false), []*api.AllocationListStub{old}, 0, StatePending},
		{"all running", job(Batch, false), []*api.AllocationListStub{alloc(0, 1, "running"), alloc(1, 1, "running")}, 2, StateRunning},
		{"some done", job(Batch, false), []*api.AllocationListStub{alloc(0, 1, "complete", ended(0))}, 1, StateRunning},
		{"all done", job(Batch, false), []*api.AllocationListStub{alloc(1, 1, "complete", ended(0)), alloc(0, 1, "complete", ended(0))}, 2, StateComplete},
		{"done, then stopped", job(Batch, true), []*api.AllocationListStub{alloc(1, 1, "complete", ended(0)), alloc(0, 1, "complete", ended(0))}, 2, StateComplete},
		{"killed is not done", job(Batch, true), []*api.AllocationListStub{alloc(1, 1, "complete", ended(0)), alloc(0, 1, "complete", &api.TaskEvent{Type: api.TaskKilling}, ended(0))}, 2, StateStopped},
		{"one failed", job(Batch, false), []*api.AllocationListStub{alloc(0, 1, "running"), alloc(1, 1, "failed", ended(2))}, 2, StateFailed},
		{"one failed, the rest stopped", job(Batch, true), []*api.AllocationListStub{alloc(1, 1, "failed", ended(2))}, 1, StateFailed},
		{"failed and followed", job(Batch, false), []*api.AllocationListStub{followed, alloc(0, 3, "running"), alloc(1, 1, "running")}, 2, StateRunning},
		{"lost", job(Batch, false), []*api.AllocationListStub{alloc(0, 1, "lost"), alloc(1, 1, "running")}, 1, StateRunning},
		{"lost and followed", job(Batch, false), []*api.AllocationListStub{alloc(0, 1, "lost"), alloc(0, 4, "running"), alloc(1, 1, "running")}, 2, StateRunning},
		{"half up", job(Service, false), []*api.AllocationListStub{alloc(0, 1, "running")}, 1, StatePending},
		{"up", job(Service, false), []*api.AllocationListStub{alloc(0, 1, "running"), alloc(1, 1, "running")}, 2, StateRunning},
		{"stopped", job(Service, true), []*api.AllocationListStub{alloc(0, 1, "complete"), alloc(1, 1, "complete")}, 2, StateStopped},
	} {
		got := count(2, 3, c.allocs)
		if got.placed != c.placed || got.state(c.job) != c.state {
			t.Errorf("%s: %d placed and %s, want %d and %s", c.name, got.placed, got.state(c.job), c.placed, c.state)
		}
	}
}

func TestAllocIndex(t *testing.T) {
	for name, want := range map[string]int{"wc.app[0]": 0, "a[1].app[12]": 12, "wc": -1, "wc[": -1, "wc[]": -1, "wc[-1]": -1, "wc[x]": -1} {
		got, ok := allocIndex(name)
		if !ok {
			got = -1
		}
		if got != want {
			t.Errorf("%s: %d, want %d", name, got, want)
		}
	}
}

func TestReason(t *testing.T) {
	for want, a := range map[string]*api.AllocationListStub{
		"exit code 2":        alloc(0, 1, "failed", ended(1), ended(2), &api.TaskEvent{Type: "Not Restarting"}),
		"killed by signal 9": alloc(0, 1, "failed", &api.TaskEvent{Type: api.TaskTerminated, ExitCode: 137, Signal: 9}),
		"Driver Failure: no such file": alloc(0, 1, "failed",
			&api.TaskEvent{Type: api.TaskDriverFailure, DisplayMessage: "no such file"}),
		"it never started: node lost": {ClientDescription: "node lost"},
	} {
		if got := reason(a); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestFailedErrorText(t *testing.T) {
	e := &FailedError{Gridapp: "wc", Shard: 2, Host: "node3", Alloc: "0123456789ab", Reason: "exit code 3", Stderr: "no such file", Note: "the others were stopped"}
	want := "gridapp wc: shard 2 failed on host node3 (allocation 01234567): exit code 3; the others were stopped; the end of its stderr:\nno such file"
	if e.Error() != want {
		t.Errorf("got %s", e)
	}
}

func TestTail(t *testing.T) {
	if got := tail("one\ntwo\x1b[31m red\n\n"); got != "one\ntwo[31m red" {
		t.Errorf("got %q", got)
	}
	got := tail(strings.Repeat("line\n", 100) + "last\n")
	if lines := strings.Split(got, "\n"); len(lines) != tailLines+1 || lines[0] != "…" || lines[tailLines] != "last" {
		t.Errorf("got %q", got)
	}
}

func TestLogFiles(t *testing.T) {
	var infos []*api.AllocFileInfo
	for _, name := range []string{"main.stdout.10", "main.stdout.9", "main.stderr.0", ".main.stdout.fifo", "main.stdout.x", "other.stdout.0"} {
		infos = append(infos, &api.AllocFileInfo{Name: name, Size: 1})
	}
	got := logFilesOf(infos, "stdout")
	if len(got) != 2 || got[0].number != 9 || got[1].number != 10 {
		t.Errorf("got %+v", got)
	}
}

func TestComplaints(t *testing.T) {
	group := func(m api.AllocationMetric) map[string]*api.AllocationMetric {
		return map[string]*api.AllocationMetric{groupName: &m}
	}
	got := complaints([]*api.Evaluation{
		{ModifyIndex: 5, FailedTGAllocs: group(api.AllocationMetric{ConstraintFiltered: map[string]int{"missing drivers": 2, "${attr.x} = y": 1}, DimensionExhausted: map[string]int{"memory": 1}})},
		{ModifyIndex: 3, FailedTGAllocs: group(api.AllocationMetric{DimensionExhausted: map[string]int{"disk": 1}})},
		{ModifyIndex: 9},
	})
	if want := `1 ruled out by "${attr.x} = y"; 2 without the raw_exec driver; 1 without enough memory`; strings.Join(got, "; ") != want {
		t.Errorf("got %s", strings.Join(got, "; "))
	}
	var many []Node
	for i := range 9 {
		many = append(many, Node{Name: fmt.Sprintf("node%d", i), Status: "ready", Eligible: i != 3})
	}
	if got := listNodes(many); got != "9 nodes, 8 of them ready, but node3 (ready, but not eligible)" {
		t.Errorf("got %s", got)
	}
}

func TestNewAndUnreachable(t *testing.T) {
	for _, bad := range []Config{{}, {Address: "ftp://x"}, {Address: "http://u:secret@x"}} {
		if _, err := New(bad); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	c, err := New(Config{Address: l.Addr().String(), Token: "hush"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	_, err = c.Observe(ctx, "main", "wc")
	if err == nil || !strings.Contains(err.Error(), "is Nomad running there?") || strings.Contains(err.Error(), "hush") {
		t.Errorf("got %v", err)
	}
	if _, err := c.WaitNodes(ctx, "main", 1); err == nil {
		t.Error("nodes of nobody")
	}
	ctx, cancel = context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	f := &follower{c: c, spec: Spec{Name: "wc", Namespace: "main"}.withDefaults(), tell: func(string, int) {}}
	err = f.watch(ctx, func(tally) (bool, error) { return true, nil })
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "Nomad does not answer") {
		t.Errorf("following: %v", err)
	}
}
