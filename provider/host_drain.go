package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/cthulix/terraform-provider-cthulix/gridapp"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

const defaultDrain = "5m"

// hostWork is what the kernels of a host run on it, and how it is moved away.
type hostWork struct {
	host    string
	pools   []string
	engine  *gridapp.Client
	timeout time.Duration
	tell    func(ctx context.Context, msg string, args ...any)
}

// workOf returns the work on a host that serves kernels. Without a Nomad in the
// provider's configuration it cannot be moved, which is told.
func (r *hostResource) workOf(m hostModel, kernels []string, tell func(context.Context, string, ...any), diags *diag.Diagnostics) (*hostWork, error) {
	// Whoever wrote a timeout that is none was told by its validator.
	timeout, _ := time.ParseDuration(m.DrainTimeout.ValueString())
	w := &hostWork{host: m.Name.ValueString(), timeout: timeout, tell: tell}
	if len(kernels) == 0 {
		return w, nil
	}
	if err := r.site.nomad.check(); err != nil {
		diags.AddWarning("The work on "+m.label()+" is not moved away", err.Error())
		return w, nil
	}
	engine, err := r.site.gridappClient()
	if err != nil {
		return nil, err
	}
	w.engine = engine
	for _, k := range kernels {
		w.pools = append(w.pools, gridapp.DomainOf(k, "").NodePool)
	}
	return w, nil
}

// leave moves the work away. What it could not move leaves the host in service,
// as if nobody had asked.
func (w *hostWork) leave(ctx context.Context, why string) error {
	if w.engine == nil || w.timeout == 0 {
		return nil
	}
	err := w.engine.Drain(ctx, w.host, gridapp.DrainOptions{
		Deadline: w.timeout, Reason: why, By: gridapp.ByApply,
		Progress: func(msg string) { w.tell(ctx, "drain: "+msg) },
	}, w.pools...)
	if err == nil {
		return nil
	}
	return errors.Join(
		fmt.Errorf("move the work off host %s (%s): %w: nothing was restarted; drain_timeout = \"0s\" goes on without it", w.host, why, err),
		w.comeBack(context.WithoutCancel(ctx)))
}

// comeBack lets the host take work again, unless an operator has drained it.
func (w *hostWork) comeBack(ctx context.Context) error {
	if w.engine == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, undoTime)
	defer cancel()
	return w.engine.UndrainBy(ctx, gridapp.ByApply, w.host, w.pools...)
}

// leaveKernels takes a host out of its kernels while it runs: its agent ends
// the clients that it ran for them. An agent that does not follow in time keeps
// nothing from being removed.
func (h *machine) leaveKernels(ctx context.Context) error {
	record, err := h.hub.Host(ctx, h.record.Name)
	if errors.Is(err, ophub.ErrNotFound) || err == nil && len(record.Kernels) == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	record.Kernels = nil
	if err := h.hub.PutHost(ctx, record); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, leaveTime)
	defer cancel()
	views := h.hub.WatchHost(ctx, record.Name)
	for v := range views {
		if v.Err == nil && (v.Agent == nil || len(v.Agent.Kernels) == 0) {
			break
		}
	}
	cancel()
	for range views { // it ends before we do
	}
	return nil
}

// leaveTime is how long an agent may take to leave its kernels.
const leaveTime = time.Minute

// bothLists is what is in either list, sorted.
func bothLists(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}
