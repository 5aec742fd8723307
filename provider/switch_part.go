package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// part is the model of a resource that owns one VLAN or one port of a switch.
// The life cycle of both is here; their files say what differs.
type part[M any] interface {
	*M
	label() string
	identity() identity
	// hold returns what every part has.
	hold() (sw, onDestroy types.String, planned, rollback *types.List, limits timeouts.Value)
	known(context.Context) bool
	want(*diag.Diagnostics) scope
	// observe notes what was seen, and tells whether it is there at all.
	observe(fabric.Observation) (there bool)
	// adopt notes, on an import, what observe leaves to who speaks of it.
	adopt(fabric.Observation)
	at([]string) path.Path
}

// partResource is the life cycle of a part.
type partResource[M any, P part[M]] struct{ resourceBase }

func (r *partResource[M, P]) holding(m P, who claimant) holding {
	sw, _, _, _, _ := m.hold()
	return holding{site: r.site, sw: sw.ValueString(), who: who, at: m.at, named: path.Root("switch"), shares: true}
}

func (r *partResource[M, P]) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	m := P(new(M))
	resp.Diagnostics.Append(req.Config.Get(ctx, m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	next := m.want(&resp.Diagnostics)
	if err := fabric.Validate(next.want()).Err(); err != nil && m.known(ctx) {
		addFieldErrors(&resp.Diagnostics, err, m.at)
	}
}

func (r *partResource[M, P]) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	diags := &resp.Diagnostics
	var stored *memory
	if mem, known := recall(ctx, req.Private, diags); known {
		stored = &mem
	}
	if req.Plan.Raw.IsNull() {
		m := P(new(M))
		diags.Append(req.State.Get(ctx, m)...)
		if stored != nil && !diags.HasError() {
			_, onDestroy, _, _, _ := m.hold()
			r.holding(m, claimant{label: m.label()}).warnDestroy(*stored, m.want(diags), onDestroy.ValueString(), diags)
		}
		return
	}
	m, state := modelsOf[M](ctx, req.Plan, req.State, diags)
	p := P(&m)
	if diags.HasError() || r.site == nil || !p.known(ctx) {
		return
	}
	h := r.holding(p, claimantOf(ctx, p.label(), req.State))
	next := p.want(diags)
	h.claim(next, diags)
	prior := newScope()
	if state != nil && P(state).label() == p.label() {
		prior = P(state).want(diags)
	} else {
		stored = nil
	}
	if diags.HasError() {
		return
	}
	_, onDestroy, planned, rollback, _ := p.hold()
	st, seen := h.foresee(ctx, stored, prior, next, onDestroy.ValueString(), diags)
	if st == nil || diags.HasError() {
		return
	}
	if err := h.plansAhead(st, seen, stored, next); err != nil {
		diags.AddWarning("The part cannot be made together with others", err.Error())
	}
	if len(st.change.Commands) == 0 && state != nil && req.Plan.Raw.Equal(req.State.Raw) {
		return
	}
	*planned, *rollback = commandList(st.change.Commands), commandList(st.change.Rollback)
	diags.Append(resp.Plan.Set(ctx, m)...)
}

func (r *partResource[M, P]) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	m := P(new(M))
	resp.Diagnostics.Append(req.Plan.Get(ctx, m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	m.identity().set(ctx, resp.Identity, &resp.Diagnostics)
	mem, ok := r.apply(ctx, m, nil, newScope(), timeouts.Value.Create, &resp.Diagnostics)
	if !ok {
		return
	}
	mem.keep(ctx, resp.Private, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}

func (r *partResource[M, P]) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	m, state := modelsOf[M](ctx, req.Plan, req.State, &resp.Diagnostics)
	stored, _ := recall(ctx, req.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	P(&m).identity().set(ctx, resp.Identity, &resp.Diagnostics)
	mem, ok := r.apply(ctx, P(&m), &stored, P(state).want(&resp.Diagnostics), timeouts.Value.Update, &resp.Diagnostics)
	mem.keep(ctx, resp.Private, &resp.Diagnostics)
	if ok {
		resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
	}
}

// apply is create and update.
func (r *partResource[M, P]) apply(ctx context.Context, m P, stored *memory, prior scope, limit timeoutOf, diags *diag.Diagnostics) (memory, bool) {
	_, onDestroy, planned, rollback, limits := m.hold()
	ctx, cancel := withTimeout(ctx, limits, limit, switchTimeout, diags)
	defer cancel()
	h := r.holding(m, claimant{label: m.label()})
	mem, change, ok := h.apply(ctx, stored, prior, m.want(diags), onDestroy.ValueString(), diags)
	if !ok {
		return mem, false
	}
	if planned.IsUnknown() {
		*rollback = commandList(change.Rollback)
	}
	settleCommands(planned, change.Commands, m.label(), diags)
	return mem, true
}

func (r *partResource[M, P]) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	m := P(new(M))
	resp.Diagnostics.Append(req.State.Get(ctx, m)...)
	stored, known := recall(ctx, req.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	m.identity().set(ctx, resp.Identity, &resp.Diagnostics)
	h := r.holding(m, claimant{label: m.label()})
	_, _, planned, rollback, _ := m.hold()
	imported := planned.IsNull()
	stored, known = h.remember(stored, known, imported, &resp.Diagnostics)
	obs, ok := h.observe(ctx, stored, &resp.Diagnostics)
	if !ok {
		if !known && !resp.Diagnostics.HasError() {
			resp.Diagnostics.AddError("The switch must be seen to import from it", "It could not be reached: see the warning.")
		}
		return
	}
	if !m.observe(obs.Observation) {
		resp.State.RemoveResource(ctx)
		return
	}
	if !known && imported {
		m.adopt(obs.Observation)
	}
	if !known {
		stored.own(obs, m.want(&resp.Diagnostics), fabric.Want{})
	}
	stored.Seen = obs
	stored.keep(ctx, resp.Private, &resp.Diagnostics)
	*planned, *rollback = commandList(nil), commandList(nil)
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}

func (r *partResource[M, P]) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	m := P(new(M))
	resp.Diagnostics.Append(req.State.Get(ctx, m)...)
	stored, _ := recall(ctx, req.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	_, onDestroy, _, _, limits := m.hold()
	ctx, cancel := withTimeout(ctx, limits, timeouts.Value.Delete, switchTimeout, &resp.Diagnostics)
	defer cancel()
	h := r.holding(m, claimant{label: m.label()})
	h.shares = false // what is removed starts nothing else
	h.apply(ctx, &stored, m.want(&resp.Diagnostics), newScope(), onDestroy.ValueString(), &resp.Diagnostics)
}

// importPart starts an import: the rest is read from the switch.
func importPart(ctx context.Context, id identity, resp *resource.ImportStateResponse) {
	id.arrive(ctx, resp)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("on_destroy"), onDestroyRestore)...)
}

// anotherWord asks for a replacement if a word means something else, and not if
// it is only spelt anew.
func anotherWord[K kind](_ context.Context, req planmodifier.StringRequest, resp *stringplanmodifier.RequiresReplaceIfFuncResponse) {
	resp.RequiresReplace = word[K]{req.StateValue}.canonical() != word[K]{req.PlanValue}.canonical()
}
