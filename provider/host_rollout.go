package provider

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64default"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

type rolloutModel struct {
	Group          types.String `tfsdk:"group"`
	MaxUnavailable types.Int64  `tfsdk:"max_unavailable"`
	Canary         types.Bool   `tfsdk:"canary"`
}

func rolloutAttribute() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		MarkdownDescription: "Restart the hosts of a group one after the other. Those that wait do so beside the resource's timeouts. " +
			"When a host does not come up, it returns to what it ran before, and the hosts that have not begun are left as they are; the next apply begins anew.",
		Optional: true,
		Attributes: map[string]schema.Attribute{
			"group": schema.StringAttribute{
				MarkdownDescription: "Name of the group: hosts that name the same one wait for each other, in whatever configuration they are.",
				Required:            true,
				Validators:          []validator.String{hostName},
			},
			"max_unavailable": schema.Int64Attribute{
				MarkdownDescription: "How many hosts of the group may be down at once for a restart. Default: 1.",
				Optional:            true, Computed: true,
				Default:    int64default.StaticInt64(1),
				Validators: []validator.Int64{int64validator.AtLeast(1)},
			},
			"canary": schema.BoolAttribute{
				MarkdownDescription: "Let the first host that takes an image go alone, and the others only once it is ready. Default: `true`.",
				Optional:            true, Computed: true,
				Default: booldefault.StaticBool(true),
			},
		},
	}
}

func (m hostModel) rollout(ctx context.Context, diags *diag.Diagnostics) (o rolloutModel, said bool) {
	if m.Rollout.IsNull() || m.Rollout.IsUnknown() {
		return o, false
	}
	diags.Append(m.Rollout.As(ctx, &o, asGiven)...)
	return o, true
}

// turnOf waits for the turn of a host to be down; nil where nobody asked for
// turns.
func (r *hostResource) turnOf(ctx context.Context, h *machine, m hostModel, diags *diag.Diagnostics) (*ophub.RolloutTurn, error) {
	o, said := m.rollout(ctx, diags)
	if !said {
		return nil, nil
	}
	return h.hub.JoinRollout(ctx, ophub.RolloutSpec{
		Group: o.Group.ValueString(), Host: h.record.Name, Target: string(h.record.Image), Run: r.site.runID(),
		MaxUnavailable: int(o.MaxUnavailable.ValueInt64()), Canary: o.Canary.ValueBool(),
		Waiting: func(what string) { h.log(ctx, "rollout: waiting for "+what) },
	})
}

// leaveTurn gives a slot back that an apply which was cut off held: the host is
// up again.
func (r *hostResource) leaveTurn(ctx context.Context, h *machine, m hostModel, diags *diag.Diagnostics) error {
	o, said := m.rollout(ctx, diags)
	if !said {
		return nil
	}
	return h.hub.LeaveRollout(ctx, o.Group.ValueString(), h.record.Name)
}

// runID names this walk through the graph among others that work on the same
// hosts.
func (s *site) runID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.run == "" {
		s.run = rand.Text()
	}
	return s.run
}

// endTurn tells how a turn ended. What a machine that was to be restarted did
// not come to stops the others; who was interrupted has no verdict on it.
func (h *machine) endTurn(ctx context.Context, turn *ophub.RolloutTurn, began bool, err error) error {
	if turn == nil {
		return nil
	}
	ended := ctx.Err() != nil
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTime)
	defer cancel()
	switch {
	case err == nil:
		return turn.Done(ctx)
	case began && !ended:
		return turn.Fail(ctx, err.Error())
	}
	return turn.Release(ctx)
}

// goBack returns a machine that did not come up to the record that it ran
// before, and waits until it is there.
func (h *machine) goBack(ctx context.Context, previous ophub.Host, why error) (*ophub.Agent, error) {
	h.log(ctx, "it returns to "+previous.Image.Short(), "reason", why)
	back := *h
	back.record = previous
	on, err := back.powered(ctx)
	if err != nil {
		return nil, err
	}
	p := preparation{wasPowered: on}
	e := effect{verb: effectReboot, reasons: []string{"image " + h.record.Image.Short() + " did not come up"}}
	if err := back.enlist(ctx, e, &p); err != nil {
		return nil, err
	}
	if err := back.boot(ctx, e, &p); err != nil {
		return nil, err
	}
	return back.wait(ctx, true)
}

// previous is the record to return to: the one that the machine was last
// proved to have booted with, else the one that was there before.
func (p preparation) previous(past history, failed ophub.Host) (ophub.Host, bool) {
	switch {
	case past.Booted != nil && past.Booted.Image != failed.Image:
		return *past.Booted, true
	case p.old != nil && p.old.Image != failed.Image && p.old.Image != "":
		return *p.old, true
	}
	return ophub.Host{}, false
}

// rescue takes a machine that did not come up back, and says how that went.
func (h *machine) rescue(ctx context.Context, p preparation, past history, failure error) (history, error) {
	var auth *ipmi.AuthError
	previous, there := p.previous(past, h.record)
	if !there || errors.As(failure, &auth) {
		return past, fmt.Errorf("%w; there is no image to return to", failure)
	}
	agent, err := h.goBack(ctx, previous, failure)
	if err != nil {
		return past, fmt.Errorf("%w; and it could not return to %s: %w", failure, previous.Image.Short(), err)
	}
	return history{Applied: &previous, Power: past.Power, Booted: &previous, BootID: agent.BootID},
		fmt.Errorf("%w; it returned to %s and is ready again", failure, previous.Image.Short())
}
