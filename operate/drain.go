package operate

import (
	"context"
	"fmt"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/gridapp"
)

const stageDrain = "drain"

// DefaultDrain is how long the work of a host may take to move away.
const DefaultDrain = 5 * time.Minute

// Work is the part of the engine that runs gridapps which Drain and Undrain need.
type Work interface {
	Drain(ctx context.Context, host string, o gridapp.DrainOptions, pools ...string) error
	Undrain(ctx context.Context, host string, pools ...string) error
}

var _ Work = (*gridapp.Client)(nil)

// Drain moves the work of the host's kernels away and waits until none is left. The host takes no new work until
// Undrain.
func (h Host) Drain(ctx context.Context, work Work, deadline time.Duration, reason string) error {
	v := h.start()
	pools, err := v.pools(ctx)
	if err != nil || len(pools) == 0 {
		return err
	}
	err = v.during(ctx, stageDrain, fmt.Sprintf("waiting for its work to move away; what is left after %s is stopped", deadline), func(ctx context.Context) error {
		return work.Drain(ctx, h.Name, gridapp.DrainOptions{
			Deadline: deadline, Reason: reason, By: gridapp.ByOperator,
			Progress: func(left string) { v.tell(stageDrain, left) },
		}, pools...)
	})
	if err != nil {
		return fmt.Errorf("%w; it may take no new work now, until the drain is undone", err)
	}
	v.tell(stageDrain, "nothing runs on it")
	return nil
}

// Undrain lets a host that was drained take work again.
func (h Host) Undrain(ctx context.Context, work Work) error {
	v := h.start()
	pools, err := v.pools(ctx)
	if err != nil || len(pools) == 0 {
		return err
	}
	if err := work.Undrain(ctx, h.Name, pools...); err != nil {
		return err
	}
	v.tell(stageDrain, "it takes work again")
	return nil
}

// pools are the node pools of the kernels that the host serves.
func (v *verb) pools(ctx context.Context) (pools []string, err error) {
	record, err := v.Records.Host(ctx, v.Name)
	if err != nil {
		return nil, err
	}
	for _, kernel := range record.Kernels {
		pools = append(pools, gridapp.DomainOf(kernel, "").NodePool)
	}
	if len(pools) == 0 {
		v.tell(stageDrain, "it serves no kernels, so that nothing runs on it")
	}
	return pools, nil
}
