package gridapp

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/keg"
)

// RunOptions go with a Run.
type RunOptions struct {
	// Keg keeps the outputs of a batch. Hosts must reach the same blobs at
	// Spec.KegURL for a merge.
	Keg keg.Store
	// Progress hears each change, and where things stand every few seconds; nil
	// for none.
	Progress func(Progress)
}

// errTimeout is the end of Spec.Timeout.
var errTimeout = errors.New("its timeout is over")

// Run runs a gridapp and waits for its end (batch) or until it is up (service).
// A finished or running job of the same spec is followed, not started again.
// When ctx ends the job goes on, for a later Run to follow.
func (c *Client) Run(ctx context.Context, spec Spec, o RunOptions) (Result, error) {
	if err := spec.Validate(); err != nil {
		return Result{}, err
	}
	if spec.Type != Service && o.Keg == nil {
		return Result{}, fmt.Errorf("gridapp %s: no keg for its outputs", spec.Name)
	}
	r := runner{c: c, spec: spec, o: o, begin: time.Now()}
	limited := ctx
	if spec.Timeout > 0 {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeoutCause(ctx, spec.Timeout, errTimeout)
		defer cancel()
	}
	result, err := r.run(limited)
	switch {
	case err == nil:
		return result, nil
	case errors.Is(context.Cause(limited), errTimeout):
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
		defer cancel()
		if stopErr := c.Stop(stop, spec.Namespace, spec.Name, false); stopErr != nil {
			return result, fmt.Errorf("%w (%s), and it was not stopped: %w", err, spec.Timeout, stopErr)
		}
		return result, fmt.Errorf("%w (%s); it was stopped", err, spec.Timeout)
	case ctx.Err() != nil:
		return result, fmt.Errorf("%w; its job goes on, run it again to follow it", err)
	}
	return result, err
}

type runner struct {
	c     *Client
	spec  Spec
	o     RunOptions
	begin time.Time
}

func (r *runner) run(ctx context.Context) (Result, error) {
	if r.spec.Type == Service {
		return r.service(ctx)
	}
	if result, ok, err := r.c.recall(ctx, r.spec, r.o.Keg); ok || err != nil {
		return result, err
	}
	result, err := r.batch(ctx, r.spec.shards())
	result.Name, result.KID = r.spec.Name, r.spec.KID()
	if err != nil {
		return result, err
	}
	if r.spec.Merge != nil {
		merged, err := r.batch(ctx, r.spec.merge(result.OutputKIDs))
		if err != nil {
			result.State = merged.State
			return result, err
		}
		result.Output, result.OutputKID = merged.Outputs[0], merged.OutputKIDs[0]
	} else {
		result.Output = strings.Join(result.Outputs, "")
		result.OutputKID, _, err = r.o.Keg.Put(ctx, strings.NewReader(result.Output))
		if err != nil {
			return result, fmt.Errorf("gridapp %s: keep its output: %w", r.spec.Name, err)
		}
	}
	return result, r.c.remember(ctx, r.spec, result, r.o.Keg)
}

// batch runs one job to its end and keeps what it printed. Outputs that went
// away with their hosts are made once more.
func (r *runner) batch(ctx context.Context, spec Spec) (Result, error) {
	for again := false; ; again = true {
		result, err := r.tryBatch(ctx, spec, again)
		var lost *lostOutputError
		if again || ctx.Err() != nil || !errors.As(err, &lost) {
			return result, err
		}
		r.tell(spec)(lost.Error()+"; running it again", 0)
	}
}

func (r *runner) tryBatch(ctx context.Context, spec Spec, again bool) (Result, error) {
	result := Result{Name: spec.Name, KID: spec.KID(), State: StatePending}
	s, err := r.c.start(ctx, spec, again)
	if err != nil {
		return result, err
	}
	spec = spec.withDefaults()
	f := &follower{c: r.c, spec: spec, started: s, tell: r.tell(spec)}
	reading, stop := context.WithCancel(ctx)
	outputs := r.c.collector(reading, spec, r.o.Keg)
	t, err := f.batch(ctx, outputs)
	stop()
	// Those still reading end with their context; what they say comes too late.
	_ = outputs.wait()
	result.Version, result.Allocations = s.version, t.allocations()
	if err != nil {
		result.State = StateRunning
		var failed *FailedError
		if errors.As(err, &failed) {
			result.State = StateFailed
		}
		return result, err
	}
	result.State, result.Outputs, result.OutputKIDs = StateComplete, outputs.texts, outputs.kids
	result.Reused = !s.fresh
	return result, nil
}

func (r *runner) service(ctx context.Context) (Result, error) {
	result := Result{Name: r.spec.Name, KID: r.spec.KID(), State: StatePending}
	s, err := r.c.start(ctx, r.spec, false)
	if err != nil {
		return result, err
	}
	spec := r.spec.withDefaults()
	f := &follower{c: r.c, spec: spec, started: s, tell: r.tell(spec)}
	t, err := f.service(ctx)
	result.Version, result.Allocations, result.Reused = s.version, t.allocations(), !s.fresh
	result.State = StateRunning
	var failed *FailedError
	if errors.As(err, &failed) {
		result.State = StateFailed
	}
	return result, err
}

// tell makes what a follower reports with.
func (r *runner) tell(spec Spec) func(string, int) {
	return func(message string, done int) {
		if r.o.Progress != nil {
			r.o.Progress(Progress{Job: spec.Name, Message: message, Done: done, Total: spec.withDefaults().Count, Elapsed: time.Since(r.begin)})
		}
	}
}
