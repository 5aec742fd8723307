package gridapp

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/nomad/api"
)

// follower waits for one version of a job.
type follower struct {
	c    *Client
	spec Spec // with defaults
	started
	tell func(message string, done int)
	last string // what was told last
}

// errReplaced is a job that someone else changed or stopped.
var errReplaced = errors.New("someone else changed the job meanwhile")

// watch calls step with the job's allocations, now and after each change and
// at least every blockFor, until step is done.
func (f *follower) watch(ctx context.Context, step func(tally) (done bool, err error)) error {
	var index uint64
	var trouble backoff
	for {
		q, cancel := f.c.block(ctx, f.spec.Namespace, index)
		allocs, meta, err := f.c.nomad.Jobs().Allocations(f.spec.Name, false, q)
		cancel()
		switch {
		case ctx.Err() != nil:
			return f.late(ctx)
		case err != nil && passing(err):
			f.say("Nomad does not answer, trying again", 0)
			f.c.log.Warn("watch failed, will retry", "job", f.spec.Name, "error", err)
			if trouble.sleep(ctx) != nil {
				return f.late(ctx)
			}
			index = 0
			continue
		case err != nil:
			return f.c.fail("follow job "+f.spec.Name, err)
		}
		trouble = backoff{}
		done, err := step(count(f.spec.Count, f.version, allocs))
		if done || err != nil {
			return err
		}
		index = nextIndex(index, meta.LastIndex)
		if pause(ctx, restFor) != nil {
			return f.late(ctx)
		}
	}
}

func (f *follower) say(message string, done int) {
	f.last = message
	f.tell(message, done)
}

// late is the error when ctx ends before the job does.
func (f *follower) late(ctx context.Context) error {
	doing := f.last
	if doing == "" {
		doing = "it was just registered"
	}
	return fmt.Errorf("gridapp %s: not done: %s: %w", f.spec.Name, doing, context.Cause(ctx))
}

// intact checks that the job is still the one that is followed.
func (f *follower) intact(ctx context.Context) error {
	job, err := f.c.job(ctx, f.spec.Namespace, f.spec.Name)
	switch {
	case notFound(err):
		return fmt.Errorf("gridapp %s: %w: it is gone", f.spec.Name, errReplaced)
	case err != nil && passing(err):
		return nil // the watch tells
	case err != nil:
		return f.c.fail("read job "+f.spec.Name, err)
	case stopped(job):
		return fmt.Errorf("gridapp %s: %w: it was stopped", f.spec.Name, errReplaced)
	case *job.Version != f.version:
		return fmt.Errorf("gridapp %s: %w: it is at version %d, not %d", f.spec.Name, errReplaced, *job.Version, f.version)
	}
	return nil
}

// batch follows a job until all shards are complete and their outputs kept.
func (f *follower) batch(ctx context.Context, outputs *collector) (tally, error) {
	var last tally
	err := f.watch(ctx, func(t tally) (bool, error) {
		last = t
		for i, a := range t.shards {
			if a != nil && a.ClientStatus == api.AllocClientStatusComplete && !wasKilled(a) {
				outputs.take(i, a)
			}
		}
		switch {
		case t.complete == f.spec.Count:
			f.say("reading what was printed", t.complete)
			return true, nil
		case t.failed != nil:
			return true, f.failed(ctx, t.failed, "the others were stopped")
		}
		if err := f.intact(ctx); err != nil {
			return true, err
		}
		f.say(f.describe(ctx, t, "done", t.complete), t.complete)
		return false, nil
	})
	if err != nil {
		return last, err
	}
	if err := outputs.wait(); err != nil {
		if ctx.Err() != nil {
			return last, f.late(ctx)
		}
		return last, err
	}
	return last, nil
}

// service follows a job until all of it is up.
func (f *follower) service(ctx context.Context) (tally, error) {
	var last tally
	err := f.watch(ctx, func(t tally) (bool, error) {
		last = t
		deployment, err := f.deployment(ctx)
		if err != nil {
			return true, err
		}
		if deployment != nil && deployment.Status == api.DeploymentStatusFailed {
			return true, f.undeployed(ctx, t, deployment)
		}
		up := 0
		for _, a := range t.shards {
			if a != nil && a.ClientStatus == api.AllocClientStatusRunning && f.healthy(a, deployment) {
				up++
			}
		}
		if up == f.spec.Count {
			f.say("up", up)
			return true, nil
		}
		if err := f.intact(ctx); err != nil {
			return true, err
		}
		f.say(f.describe(ctx, t, "up", up), up)
		return false, nil
	})
	return last, err
}

// healthy tells whether a running allocation has stood the test of its
// deployment. One that came later, in the place of another, has none.
func (f *follower) healthy(a *api.AllocationListStub, deployment *api.Deployment) bool {
	switch {
	case a.DeploymentStatus != nil && a.DeploymentStatus.Healthy != nil:
		return *a.DeploymentStatus.Healthy
	case deployment != nil:
		return deployment.Status == api.DeploymentStatusSuccessful
	}
	return !f.fresh
}

// deployment is that of the version that is followed; nil when Nomad has none.
func (f *follower) deployment(ctx context.Context) (*api.Deployment, error) {
	q, cancel := f.c.query(ctx, f.spec.Namespace)
	defer cancel()
	all, _, err := f.c.nomad.Jobs().Deployments(f.spec.Name, false, q)
	if err != nil {
		if passing(err) {
			return nil, nil // the watch tells
		}
		return nil, f.c.fail("read the deployment of job "+f.spec.Name, err)
	}
	for _, d := range all {
		if d.JobVersion == f.version {
			return d, nil
		}
	}
	return nil, nil
}

// failed explains a shard that failed, and stops the job: what the others do
// is of no use without it.
func (f *follower) failed(ctx context.Context, a *api.AllocationListStub, note string) error {
	e := f.explain(ctx, a)
	if err := f.stop(ctx); err != nil {
		note = fmt.Sprintf("its job was not stopped: %v", err)
	}
	e.Note = note
	if f.spec.Count == 1 {
		e.Note = ""
	}
	return e
}

func (f *follower) explain(ctx context.Context, a *api.AllocationListStub) *FailedError {
	i, _ := allocIndex(a.Name)
	code, _ := exitCode(a)
	return &FailedError{
		Gridapp: f.spec.Name, Shard: i, Alloc: a.ID, Host: a.NodeName, ExitCode: code,
		Reason: reason(a), Stderr: f.c.stderrTail(ctx, a),
	}
}

// undeployed explains a service that did not come up. Nomad goes back to the
// version before by itself; a first version is stopped.
func (f *follower) undeployed(ctx context.Context, t tally, d *api.Deployment) error {
	note := "Nomad went back to the version before"
	if f.version == 0 || !f.revertible(ctx) {
		note = "it was stopped"
	}
	e := &FailedError{Gridapp: f.spec.Name, Host: "none", Reason: d.StatusDescription}
	for _, a := range t.shards {
		if a != nil && (a.ClientStatus == api.AllocClientStatusFailed || a.ClientStatus == api.AllocClientStatusPending || e.Alloc == "") {
			e = f.explain(ctx, a)
		}
	}
	if note == "it was stopped" {
		if err := f.stop(ctx); err != nil {
			note = fmt.Sprintf("its job was not stopped: %v", err)
		}
	}
	e.Note = note
	return e
}

// revertible tells whether the job has a version that was up.
func (f *follower) revertible(ctx context.Context) bool {
	q, cancel := f.c.query(ctx, f.spec.Namespace)
	defer cancel()
	versions, _, _, err := f.c.nomad.Jobs().Versions(f.spec.Name, false, q)
	if err != nil {
		return true // leave it alone rather than stop what may be up
	}
	for _, v := range versions {
		if v.Stable != nil && *v.Stable && *v.Version < f.version {
			return true
		}
	}
	return false
}

// stop stops the job, whatever has become of ctx.
func (f *follower) stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	return f.c.stopJob(ctx, f.spec.Namespace, f.spec.Name, false)
}
