package provider

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
	"github.com/cthulix/terraform-provider-cthulix/fabric/batch"
	"github.com/cthulix/terraform-provider-cthulix/fabric/dialect"
	"github.com/cthulix/terraform-provider-cthulix/fabric/ios"
	management "github.com/cthulix/terraform-provider-cthulix/fabric/path"
)

// device is one switch as all resources of one walk share it: one transaction at
// a time, one reading for all, and one refusal for all.
type device struct {
	name       string
	target     fabric.Target
	management string // canonical name of the interface that the switch is managed through
	disruptive bool   // whether a change may cut the way to the switch
	wayBack    ios.WayBack
	timer      time.Duration // of the way back; 0 is ios's own
	pool       *ios.Pool
	err        error // why there is no target

	lock chan struct{} // held while the fields below or the switch are used

	seen     *sight // the latest reading
	refusal  error  // why there is none
	snapshot *sight // what creates are planned from
	cabled   *cabling
	viewed   *portsView

	leftMu sync.Mutex
	left   map[string]sight // by the label of who was removed in this walk

	// What may cut the way to the switch is never in one transaction with what
	// may not.
	careful, daring *batch.Queue[outcome]
}

func newDevice(name string, pool *ios.Pool) *device {
	d := &device{name: name, pool: pool, lock: make(chan struct{}, 1)}
	separable := func(err error) bool {
		var cut *management.CutError
		return ios.Separable(err) || errors.As(err, &cut)
	}
	d.careful = batch.New(d.transact(false), batch.Options{Separable: separable})
	d.daring = batch.New(d.transact(true), batch.Options{Separable: separable})
	return d
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
func (d *device) observe(ctx context.Context) (sight, error) {
	release, err := d.acquire(ctx)
	if err != nil {
		return sight{}, err
	}
	defer release()
	return d.observeLocked(ctx)
}

func (d *device) observeLocked(ctx context.Context) (sight, error) {
	if d.seen == nil && d.refusal == nil {
		seen, err := d.read(ctx)
		if err != nil {
			if ctx.Err() == nil {
				d.refusal = err
			}
			return sight{}, err
		}
		d.seen = &seen
	}
	if d.refusal != nil {
		return sight{}, d.refusal
	}
	return *d.seen, nil
}

func (d *device) read(ctx context.Context) (seen sight, err error) {
	obs, err := dialect.Observe(ctx, d.target, d.pool)
	if err != nil {
		return seen, err
	}
	return look(obs), nil
}

// leave notes what the removal of a resource has left. If it is replaced, it is
// created anew from that, and not from what was there when it was planned.
func (d *device) leave(label string, seen sight) {
	d.leftMu.Lock()
	defer d.leftMu.Unlock()
	if d.left == nil {
		d.left = map[string]sight{}
	}
	d.left[label] = seen
}

func (d *device) leftOr(label string, planned sight) sight {
	d.leftMu.Lock()
	defer d.leftMu.Unlock()
	if seen, replaced := d.left[label]; replaced {
		return seen
	}
	return planned
}

// outcome is what a transaction led to.
type outcome struct{ before, after sight }

// converge brings the part of the switch that want names to what it says, if it
// still is what the plan was made from. Whoever asks at the same moment shares
// the transaction; the change is the caller's own part of it.
func (d *device) converge(ctx context.Context, want fabric.Want, fingerprint string, disruptive bool) (sight, fabric.Change, error) {
	out, err := d.queue(disruptive).Do(ctx, fabric.Part{Want: want, Fingerprint: fingerprint})
	if err != nil && !unsaved(err) {
		return out.after, fabric.Change{}, err
	}
	return out.of(want, err)
}

func (d *device) queue(disruptive bool) *batch.Queue[outcome] {
	if disruptive {
		return d.daring
	}
	return d.careful
}

// of is what an outcome, and the error that came with it, are to one want in it.
func (o outcome) of(want fabric.Want, err error) (sight, fabric.Change, error) {
	change, planErr := dialect.Plan(o.before.Observation, want)
	return o.after, change, errors.Join(err, planErr)
}

// unsaved says whether err is only that a change, which is in force and
// verified, was not saved.
func unsaved(err error) bool {
	var save *ios.SaveError
	return errors.As(err, &save)
}

// transact makes one transaction for all that wait in a queue.
func (d *device) transact(disruptive bool) batch.Transact[outcome] {
	return func(ctx context.Context, parts []fabric.Part) (outcome, []error, error) {
		release, err := d.acquire(ctx)
		if err != nil {
			return outcome{}, nil, err
		}
		defer release()
		opts := ios.TransactOptions{Rollback: d.wayBack, Timer: d.timer, Save: true, Pool: d.pool}
		if !disruptive {
			opts.Check = func(obs fabric.Observation, change fabric.Change) error {
				_, err := d.prove(look(obs), change.Commands)
				return err
			}
		}
		done, errs, err := dialect.TransactParts(ctx, d.target, parts, opts)
		d.seen, d.refusal = nil, nil
		if err != nil && !unsaved(err) {
			return outcome{}, errs, err
		}
		out := outcome{before: look(done.Before), after: look(done.After)}
		d.seen = &out.after
		return out, errs, err
	}
}

// prove plays lines over the switch as it was seen. A *management.CutError names
// the line that would cut the way to it.
func (d *device) prove(seen sight, lines []string) (management.Verdict, error) {
	m := management.Management{Interface: d.management, Facts: seen.Facts}
	host := d.target.Address
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	if addr, err := netip.ParseAddr(host); err == nil {
		m.Address = addr
	}
	return management.Prove(seen.Observation, lines, m)
}

// addSwitchError reports what a switch, or the way to it, made impossible.
func addSwitchError(diags *diag.Diagnostics, doing string, err error) {
	summary := "The switch could not be " + doing
	var (
		changed *ios.ChangedError
		auth    *ios.AuthError
		key     *ios.HostKeyError
		unknown *unknownSwitchError
		cut     *management.CutError
	)
	switch {
	case errors.As(err, &changed):
		summary = "The switch changed since the plan: plan again"
	case errors.As(err, &auth):
		summary = "The switch refused the login"
	case errors.As(err, &key):
		summary = "The switch has another host key"
	case errors.As(err, &cut):
		summary = cutSummary
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
