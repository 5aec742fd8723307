package agentd

import (
	"context"
	"errors"
	"time"
)

// backoff counts the wait between tries of one thing.
type backoff struct{ first, max, next time.Duration }

func (a *agent) backoff() *backoff { return &backoff{first: a.cfg.Retry, max: a.cfg.MaxRetry} }

func (b *backoff) reset() { b.next = 0 }

// wait waits for as long as it is due, or until ctx ends.
func (b *backoff) wait(ctx context.Context) error {
	if b.next == 0 {
		b.next = b.first
	}
	t := time.NewTimer(b.next)
	defer t.Stop()
	b.next = min(2*b.next, b.max)
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// persist calls try until it succeeds or ctx ends. A failure is logged, and
// handed to tell, when it differs from the one before: a host that cannot get
// on shall not fill its own record.
func (a *agent) persist(ctx context.Context, what string, try func(context.Context) error, tell func(error)) error {
	wait := a.backoff()
	last := ""
	for {
		err := try(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return errors.Join(ctx.Err(), err)
		}
		if err.Error() != last {
			last = err.Error()
			a.log.Warn(what+" failed, trying on", "error", err)
			if tell != nil {
				tell(err)
			}
		}
		if err := wait.wait(ctx); err != nil {
			return err
		}
	}
}
