package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
	"github.com/cthulix/terraform-provider-cthulix/fabric/ios"
)

// device is one switch as all resources of one walk share it: one session at a
// time, one reading for all, and one refusal for all.
type device struct {
	name       string
	target     fabric.Target
	management string // canonical name of the port that the switch is managed through
	err        error  // why there is no target

	lock chan struct{} // held while the fields below or the switch are used

	seen     *fabric.Observation // the latest reading
	refusal  error               // why there is none
	snapshot *fabric.Observation // what creates are planned from
}

// acquire waits for the device until ctx ends.
func (d *device) acquire(ctx context.Context) (release func(), err error) {
	select {
	case d.lock <- struct{}{}:
		return func() { <-d.lock }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("%s: waiting for other work on the switch: %w", d.name, context.Cause(ctx))
	}
}

// observe reads the switch once for all that ask in this walk. A switch that
// could not be read is not asked again.
func (d *device) observe(ctx context.Context) (fabric.Observation, error) {
	release, err := d.acquire(ctx)
	if err != nil {
		return fabric.Observation{}, err
	}
	defer release()
	return d.observeLocked(ctx)
}

func (d *device) observeLocked(ctx context.Context) (fabric.Observation, error) {
	if d.seen == nil && d.refusal == nil {
		obs, err := read(ctx, d.target)
		if err != nil {
			if ctx.Err() == nil {
				d.refusal = err
			}
			return fabric.Observation{}, err
		}
		d.seen = &obs
	}
	if d.refusal != nil {
		return fabric.Observation{}, d.refusal
	}
	return *d.seen, nil
}

func read(ctx context.Context, t fabric.Target) (obs fabric.Observation, err error) {
	s, err := ios.Dial(ctx, t)
	if err != nil {
		return obs, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	obs, err = s.Observe(ctx)
	if err != nil {
		return obs, err
	}
	return slim(obs), nil
}

// slim drops what must not be kept: the running configuration and the lines of
// routed ports can hold secrets, and neither is needed to plan.
func slim(obs fabric.Observation) fabric.Observation {
	obs.Running = ""
	ports := make(map[string]fabric.Port, len(obs.Ports))
	for name, p := range obs.Ports {
		p.Other = nil
		if p.Routed {
			p.Lines = nil
		}
		ports[name] = p
	}
	obs.Ports = ports
	return obs
}

// converge brings the part of the switch that want names to what it says, if it
// still is what the plan was made from.
func (d *device) converge(ctx context.Context, want fabric.Want, fingerprint string) (fabric.Observation, fabric.Change, error) {
	release, err := d.acquire(ctx)
	if err != nil {
		return fabric.Observation{}, fabric.Change{}, err
	}
	defer release()
	obs, change, err := ios.Converge(ctx, d.target, want, ios.ConvergeOptions{Fingerprint: fingerprint, Save: true})
	d.seen, d.refusal = nil, nil
	if err != nil {
		return obs, change, err
	}
	obs = slim(obs)
	d.seen = &obs
	return obs, change, nil
}

// addSwitchError reports what a switch, or the way to it, made impossible.
func addSwitchError(diags *diag.Diagnostics, doing string, err error) {
	summary := "The switch could not be " + doing
	var (
		changed *ios.ChangedError
		auth    *ios.AuthError
		key     *ios.HostKeyError
		unknown *unknownSwitchError
	)
	switch {
	case errors.As(err, &changed):
		summary = "The switch changed since the plan: plan again"
	case errors.As(err, &auth):
		summary = "The switch refused the login"
	case errors.As(err, &key):
		summary = "The switch has another host key"
	case errors.As(err, &unknown):
		diags.AddError("The switch is not in the provider's configuration", err.Error())
		return
	}
	diags.AddError(summary, err.Error())
}

// isUnreachable tells whether a switch could not be asked, so that nothing can
// be concluded about it.
func isUnreachable(err error) bool {
	var u *ios.UnreachableError
	return errors.As(err, &u) || errors.Is(err, context.DeadlineExceeded)
}

// addFieldErrors reports what fabric finds wrong, at the attributes that say it.
// It returns false if err holds anything else.
func addFieldErrors(diags *diag.Diagnostics, err error, at func([]string) path.Path) bool {
	var all fabric.FieldErrors
	var one *fabric.FieldError
	switch {
	case errors.As(err, &all):
	case errors.As(err, &one):
		all = fabric.FieldErrors{one}
	default:
		return false
	}
	for _, e := range all {
		diags.AddAttributeError(at(slices.Clone(e.Path)), e.Summary, e.Detail)
	}
	return true
}
