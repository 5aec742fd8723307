package gridapp

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/nomad/api"

	"github.com/cthulix/terraform-provider-cthulix/keg"
)

// Observe returns what Nomad knows of a gridapp, without its outputs, or
// ErrNotFound. A batch that finished is known after Nomad has forgotten its
// job, with KID set.
func (c *Client) Observe(ctx context.Context, namespace, name string) (Result, error) {
	result := Result{Name: name}
	job, err := c.job(ctx, namespace, name)
	if err != nil && !notFound(err) {
		return result, c.fail("read job "+name, err)
	}
	spec, _, finishedErr := c.finished(ctx, namespace, name)
	if finishedErr != nil && !errors.Is(finishedErr, ErrNotFound) {
		return result, finishedErr
	}
	if job == nil {
		if finishedErr != nil {
			return result, c.fail(fmt.Sprintf("read gridapp %s in namespace %s", name, namespace), ErrNotFound)
		}
		result.KID, result.State = spec, StateComplete
		return result, nil
	}
	if job.Meta[metaGridapp] != name {
		return result, c.fail("read job "+name, fmt.Errorf("it is no gridapp of that name: %w", ErrNotFound))
	}
	if err := c.observeJob(ctx, job, &result); err != nil {
		return result, err
	}
	switch {
	case result.State != StateComplete:
	case finishedErr == nil:
		result.KID = spec
	default:
		// The shards are done; the merge, if there is one, may not be.
		merge, err := c.job(ctx, namespace, name+mergeSuffix)
		if notFound(err) {
			break
		}
		if err != nil {
			return result, c.fail("read job "+name+mergeSuffix, err)
		}
		if merge.Meta[metaGridapp] == name {
			merged := Result{}
			if err := c.observeJob(ctx, merge, &merged); err != nil {
				return result, err
			}
			result.State = merged.State
		}
	}
	if *job.Type == Service {
		result.KID = keg.KID(job.Meta[metaKID])
	}
	return result, nil
}

func (c *Client) observeJob(ctx context.Context, job *api.Job, result *Result) error {
	t, version, err := c.tallyOf(ctx, job)
	if err != nil {
		return err
	}
	result.Version, result.Allocations, result.State = version, t.allocations(), t.state(job)
	return nil
}

// Stop stops a gridapp and its merge, and waits until nothing of them runs.
// With purge, Nomad forgets them, results too. No gridapp is no error.
func (c *Client) Stop(ctx context.Context, namespace, name string, purge bool) error {
	for _, id := range []string{name, name + mergeSuffix} {
		job, err := c.job(ctx, namespace, id)
		if notFound(err) {
			continue
		}
		if err != nil {
			return c.fail("stop job "+id, err)
		}
		if job.Meta[metaGridapp] != name {
			continue
		}
		if err := c.stopJob(ctx, namespace, id, purge); err != nil {
			return err
		}
	}
	if purge {
		return c.forget(ctx, namespace, recordDir+name)
	}
	return nil
}

// stopJob stops a job and waits until nothing of it runs.
func (c *Client) stopJob(ctx context.Context, namespace, name string, purge bool) error {
	what := "stop job " + name
	deregister := func(purge bool) error {
		w, cancel := c.write(ctx, namespace)
		defer cancel()
		_, _, err := c.nomad.Jobs().Deregister(name, purge, w)
		if notFound(err) {
			return nil
		}
		return c.fail(what, err)
	}
	if err := deregister(false); err != nil {
		return err
	}
	var index uint64
	var trouble backoff
	for {
		q, cancel := c.block(ctx, namespace, index)
		allocs, meta, err := c.nomad.Jobs().Allocations(name, true, q)
		cancel()
		if err != nil {
			if !passing(err) || trouble.sleep(ctx) != nil {
				return c.fail(what, err)
			}
			continue
		}
		var live *api.AllocationListStub
		for _, a := range allocs {
			switch a.ClientStatus {
			case api.AllocClientStatusRunning, api.AllocClientStatusPending, api.AllocClientStatusUnknown:
				live = a
			}
		}
		if live == nil {
			break
		}
		index = nextIndex(index, meta.LastIndex)
		if err := pause(ctx, restFor); err != nil {
			return c.fail(what, fmt.Errorf("it still runs on host %s: %w", live.NodeName, err))
		}
	}
	if purge {
		return deregister(true)
	}
	return nil
}
