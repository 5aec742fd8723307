package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// refuse reports changes that only a restart could bring, on a machine that is
// never to be restarted.
func (m hostModel) refuse(e effect, diags *diag.Diagnostics) {
	if len(e.forbidden) == 0 {
		return
	}
	diags.AddAttributeError(path.Root("reboot_policy"), m.label()+" is never restarted, and only that could bring this change",
		fmt.Sprintf("%s.\n\nSet reboot_policy to %q to record it until somebody restarts the machine, or to %q to restart it now.",
			strings.Join(e.forbidden, "; "), rebootNextBoot, rebootApply))
}

// outcomeOfHost is what an apply did.
type outcomeOfHost struct {
	effect effect
	agent  *ophub.Agent // what came up or was found running; nil if nobody waited for it
	booted bool         // the machine was started
	past   history
}

// converge does what the plan named, in this order: the switch was changed
// before, by whoever owns the port; the host's turn comes; its work moves away;
// the record changes; the machine restarts and proves that it did; it takes
// work again. Waiting for the turn does not count towards the timeout, which
// limit sets.
func (r *hostResource) converge(whole context.Context, limit func(context.Context) (context.Context, context.CancelFunc), h *machine, m hostModel, state *hostModel, past history, diags *diag.Diagnostics) (done outcomeOfHost, p preparation, err error) {
	ctx, cancel := limit(whole)
	defer func() { cancel() }()
	done.past = past
	e := effectOf(ctx, m, state, past, diags)
	if len(e.forbidden) > 0 {
		return done, p, fmt.Errorf("it is never restarted, and only that could bring this: %s", strings.Join(e.forbidden, "; "))
	}
	if p, err = h.look(ctx); err != nil {
		return done, p, err
	}
	if state == nil {
		if e, err = h.meet(ctx, m.RebootPolicy.ValueString(), e, p); err != nil {
			return done, p, err
		}
	}
	restart, err := h.mustBoot(ctx, e, p)
	if err != nil {
		return done, p, err
	}
	done.effect = e
	if !restart || !p.wasPowered {
		if err = r.carryOut(ctx, h, m, restart, &done, &p, diags); err == nil && done.agent != nil {
			err = r.leaveTurn(ctx, h, m, diags)
		}
		return done, p, err
	}
	turn, err := r.turnOf(whole, h, m, diags)
	if err != nil {
		return done, p, err
	}
	cancel()
	ctx, cancel = limit(whole)
	err = r.carryOut(ctx, h, m, restart, &done, &p, diags)
	began := p.restarted
	if err != nil && began && turn != nil && whole.Err() == nil {
		cancel()
		ctx, cancel = limit(whole)
		done.past, err = h.rescue(ctx, p, past, err)
		p.stored = false
	}
	return done, p, errors.Join(err, h.endTurn(whole, turn, began, err))
}

// carryOut does the work of converge in a host's turn.
func (r *hostResource) carryOut(ctx context.Context, h *machine, m hostModel, restart bool, done *outcomeOfHost, p *preparation, diags *diag.Diagnostics) error {
	e := done.effect
	w, err := r.workOf(m, bothLists(p.kernels(), h.record.Kernels), h.log, diags)
	if err != nil {
		return err
	}
	if p.wasPowered && (restart || e.verb == effectPowerOff) {
		if err := w.leave(ctx, e.reason()); err != nil {
			return err
		}
	}
	stay := func(err error) error { return errors.Join(err, w.comeBack(context.WithoutCancel(ctx))) }
	if err := h.enlist(ctx, e, p); err != nil {
		return stay(err)
	}
	switch {
	case e.verb == effectPowerOff:
		err = h.switchOff(ctx)
	case restart:
		if err := h.boot(ctx, e, p); err != nil {
			return stay(err)
		}
		p.restarted, done.booted = true, true
	}
	if err == nil && e.boots {
		done.agent, err = h.wait(ctx, restart)
	}
	if err == nil && (e.boots || e.resumes) {
		err = w.comeBack(ctx)
	}
	if err == nil {
		done.past = done.past.after(h.record, m.Power.ValueString(), done.agent, restart)
	}
	return err
}

// meet settles what cannot be known when a host without state is planned: what
// the machine does now.
func (h *machine) meet(ctx context.Context, policy string, e effect, p preparation) (effect, error) {
	if policy == rebootApply || e.verb == effectPowerOff || !p.wasPowered {
		if e.verb == effectNextBoot {
			e.verb, e.boots = effectPowerOn, true
		}
		return e, nil
	}
	agent, lives, err := h.agent(ctx)
	if err != nil {
		return e, err
	}
	under, err := h.underWay(ctx, lives, agent)
	switch {
	case err != nil:
		return e, err
	case under || lives && agent.Image == h.record.Image || !lives && h.waits(ctx):
		e.verb, e.boots = effectPowerOn, true // it runs what it is to run, or soon will
	case policy == rebootNever:
		runs := "runs no agent that is registered"
		if lives {
			runs = "runs " + agent.Image.Short()
		}
		return e, fmt.Errorf("the machine is on and %s; only a restart could bring %s, and reboot_policy is %q: restart it yourself, or choose another policy", runs, h.record.Image.Short(), rebootNever)
	default:
		e.boots = false
	}
	return e, nil
}

// kernels are those of the record that was there before.
func (p preparation) kernels() []string {
	if p.old == nil {
		return nil
	}
	return p.old.Kernels
}
