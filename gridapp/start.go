package gridapp

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/hashicorp/nomad/api"
)

// started is a job that is followed.
type started struct {
	version uint64
	fresh   bool // this Run registered it
}

// start finds the job of a spec that runs or has finished already, or else
// registers it. With again, a finished one is not good enough.
func (c *Client) start(ctx context.Context, s Spec, again bool) (started, error) {
	const most = 5 // others may register the same at the same time
	for range most {
		got, done, err := c.tryStart(ctx, s, again)
		if done || err != nil {
			return got, err
		}
	}
	return started{}, fmt.Errorf("gridapp %s: others keep changing its job; see that only one configuration has it", s.Name)
}

func (c *Client) tryStart(ctx context.Context, s Spec, again bool) (got started, done bool, err error) {
	what := "start job " + s.Name
	want := s.Job()
	old, err := c.job(ctx, s.Namespace, s.Name)
	if err != nil && !notFound(err) {
		return got, false, c.fail(what, err)
	}
	var index uint64
	if old != nil {
		owner := old.Meta[metaGridapp]
		if owner != s.owner() {
			if owner == "" {
				return got, false, fmt.Errorf("gridapp %s: namespace %s has a job %s already that is none of Cthulix's; choose another name", s.owner(), s.Namespace, s.Name)
			}
			return got, false, fmt.Errorf("gridapp %s: job %s in namespace %s belongs to gridapp %s already; choose another name", s.owner(), s.Name, s.Namespace, owner)
		}
		index = *old.JobModifyIndex
		if old.Meta[metaKID] == want.Meta[metaKID] {
			if !again {
				version, ok, err := c.followable(ctx, old)
				if err != nil || ok {
					return started{version: version}, ok, err
				}
			}
			// The count makes it another version of the job, which runs anew.
			n, _ := strconv.Atoi(old.Meta[metaAttempt])
			want.Meta[metaAttempt] = strconv.Itoa(n + 1)
		}
		if *old.Type != *want.Type || deref(old.NodePool) != *want.NodePool {
			if err := c.stopJob(ctx, s.Namespace, s.Name, true); err != nil {
				return got, false, err
			}
			index = 0
		}
	}
	if err := c.needHosts(ctx, s); err != nil {
		return got, false, err
	}
	w, cancel := c.write(ctx, s.Namespace)
	defer cancel()
	if _, _, err := c.nomad.Jobs().EnforceRegister(want, index, w); err != nil {
		if strings.Contains(err.Error(), api.RegisterEnforceIndexErrPrefix) {
			return got, false, nil
		}
		return got, false, c.fail(what, err)
	}
	now, err := c.job(ctx, s.Namespace, s.Name)
	if err != nil {
		return got, false, c.fail(what, err)
	}
	if now.Meta[metaKID] != want.Meta[metaKID] || now.Meta[metaAttempt] != want.Meta[metaAttempt] {
		return got, false, nil
	}
	return started{version: *now.Version, fresh: true}, true, nil
}

// followable tells whether a job is on its way, or has reached its end well,
// and in which version.
func (c *Client) followable(ctx context.Context, job *api.Job) (version uint64, ok bool, err error) {
	t, version, err := c.tallyOf(ctx, job)
	if err != nil {
		return 0, false, err
	}
	state := t.state(job)
	return version, state != StateFailed && state != StateStopped, nil
}

// tallyOf counts the allocations of the version of a job that ran last: to stop
// a job makes another version of it, in which nothing runs.
func (c *Client) tallyOf(ctx context.Context, job *api.Job) (t tally, version uint64, err error) {
	what := "read job " + *job.ID
	q, cancel := c.query(ctx, *job.Namespace)
	defer cancel()
	version = *job.Version
	if stopped(job) {
		versions, _, _, err := c.nomad.Jobs().Versions(*job.ID, false, q)
		if err != nil {
			return t, 0, c.fail(what, err)
		}
		for _, v := range versions { // the newest first
			if !stopped(v) {
				version = *v.Version
				break
			}
		}
	}
	allocs, _, err := c.nomad.Jobs().Allocations(*job.ID, false, q)
	if err != nil {
		return t, 0, c.fail(what, err)
	}
	shards := 1
	for _, g := range job.TaskGroups {
		if deref(g.Name) == groupName && g.Count != nil {
			shards = *g.Count
		}
	}
	return count(shards, version, allocs), version, nil
}

func stopped(job *api.Job) bool { return job.Stop != nil && *job.Stop }

func (c *Client) needHosts(ctx context.Context, s Spec) error {
	nodes, err := c.Nodes(ctx, s.NodePool)
	if err != nil {
		return err
	}
	if len(nodes) == 0 {
		return &NoHostsError{Gridapp: s.owner(), NodePool: s.NodePool}
	}
	return nil
}

// job reads a job; its error is Nomad's own.
func (c *Client) job(ctx context.Context, namespace, name string) (*api.Job, error) {
	q, cancel := c.query(ctx, namespace)
	defer cancel()
	job, _, err := c.nomad.Jobs().Info(name, q)
	return job, err
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
