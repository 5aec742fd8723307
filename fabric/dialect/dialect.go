// Package dialect leads to the dialect that a switch speaks, by the name of its
// platform: package nxos for "nxos", package ios for all others.
package dialect

import (
	"context"
	"errors"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
	"github.com/cthulix/terraform-provider-cthulix/fabric/ios"
	"github.com/cthulix/terraform-provider-cthulix/fabric/nxos"
)

// Plan is the Plan of the observed switch's dialect.
func Plan(obs fabric.Observation, want fabric.Want) (fabric.Change, error) {
	if obs.Platform == nxos.Platform {
		return nxos.Plan(obs, want)
	}
	return ios.Plan(obs, want)
}

// Observe reads a switch in a session of its own, within the limits of the
// pool, which may be nil.
func Observe(ctx context.Context, t fabric.Target, pool *ios.Pool) (obs fabric.Observation, err error) {
	var s *ios.Session
	if pool == nil {
		s, err = ios.Dial(ctx, t)
	} else {
		s, err = pool.Dial(ctx, t)
	}
	if err != nil {
		return obs, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if t.Platform == nxos.Platform {
		return nxos.On(ctx, s, t).Observe(ctx)
	}
	return s.Observe(ctx)
}

// TransactParts is the TransactParts of the target's dialect.
func TransactParts(ctx context.Context, t fabric.Target, parts []fabric.Part, opts ios.TransactOptions) (ios.Outcome, []error, error) {
	if t.Platform == nxos.Platform {
		return nxos.TransactParts(ctx, t, parts, opts)
	}
	return ios.TransactParts(ctx, t, parts, opts)
}
