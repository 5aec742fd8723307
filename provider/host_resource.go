package provider

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

var (
	_ resource.ResourceWithConfigure      = (*hostResource)(nil)
	_ resource.ResourceWithValidateConfig = (*hostResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*hostResource)(nil)
	_ resource.ResourceWithImportState    = (*hostResource)(nil)
	_ resource.ResourceWithIdentity       = (*hostResource)(nil)
)

const (
	hostTimeout   = 20 * time.Minute
	hostReadLimit = time.Minute
)

type hostResource struct{ resourceBase }

func newHostResource() resource.Resource { return &hostResource{} }

func (r *hostResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_host"
}

func (r *hostResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var m hostModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	seen := map[string]int{}
	for i, v := range m.MACs.Elements() {
		mac, ok := v.(MAC)
		if !ok || mac.IsUnknown() {
			continue
		}
		if _, err := (macKind{}).canonical(mac.ValueString()); err != nil {
			resp.Diagnostics.AddAttributeError(path.Root("macs").AtListIndex(i), "Not a MAC address", err.Error())
			continue
		}
		if first, twice := seen[mac.canonical()]; twice {
			resp.Diagnostics.AddAttributeError(path.Root("macs").AtListIndex(i), "Duplicate MAC address",
				fmt.Sprintf("%s is the same as macs[%d].", mac.ValueString(), first))
			continue
		}
		seen[mac.canonical()] = i
	}
	if address := m.bmc(ctx, &resp.Diagnostics).Address; !address.IsNull() && !address.IsUnknown() {
		checkBMCAddress(path.Root("bmc").AtName("address"), address.ValueString(), &resp.Diagnostics)
	}
}

func (r *hostResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	diags := &resp.Diagnostics
	if req.Plan.Raw.IsNull() {
		var m hostModel
		diags.Append(req.State.Get(ctx, &m)...)
		r.foretellRemoval(ctx, m, diags)
		return
	}
	m, state := modelsOf[hostModel](ctx, req.Plan, req.State, diags)
	if diags.HasError() || r.site == nil {
		return
	}
	r.claim(ctx, m, claimantOf(ctx, m.label(), req.State), diags)
	if diags.HasError() {
		return
	}
	r.checkCable(ctx, m, diags)
	if state == nil || !state.Switch.Equal(m.Switch) || !state.Port.Equal(m.Port) || !state.MACs.Equal(m.MACs) {
		r.checkPlace(ctx, m, diags)
	}
	if state == nil || !state.Switch.Equal(m.Switch) || !state.Port.Equal(m.Port) || !state.VLAN.Equal(m.VLAN) {
		r.checkUplink(ctx, m, diags)
	}
	r.checkCredentials(ctx, m, diags)
	if diags.HasError() || !m.known(ctx) {
		return
	}
	if state != nil && !state.Name.Equal(m.Name) {
		r.foretellRemoval(ctx, *state, diags) // it is replaced
		state = nil
	}
	r.checkKernels(ctx, m, state, diags)
	if state == nil || !state.Image.Equal(m.Image) || !state.MACs.Equal(m.MACs) || !state.Firmware.Equal(m.Firmware) {
		r.checkFit(ctx, m, diags)
	}
	r.site.claims.planHost(m.Name.ValueString(), m.want(ctx, diags).Kernels)
	e := effectOf(ctx, m, state, readHistory(ctx, req.Private, diags), diags)
	m.refuse(e, diags)
	if diags.HasError() {
		return
	}
	if e.verb == effectNone && req.Plan.Raw.Equal(req.State.Raw) {
		return
	}
	m.foresee(e, state)
	diags.Append(resp.Plan.Set(ctx, m)...)
}

// claim claims all that a host has for itself.
func (r *hostResource) claim(ctx context.Context, m hostModel, who claimant, diags *diag.Diagnostics) {
	take := func(at path.Path, thing string) {
		if other, ok := r.site.claims.take(thing, who.at(at.String())); !ok {
			addClaimError(diags, at, thing, other)
		}
	}
	if !m.Name.IsUnknown() {
		take(path.Root("name"), "host "+m.Name.ValueString())
	}
	for i, v := range m.MACs.Elements() {
		if mac, ok := v.(MAC); ok && !mac.IsUnknown() {
			take(path.Root("macs").AtListIndex(i), "MAC address "+mac.canonical())
		}
	}
	if !m.Port.IsNull() && !m.Port.IsUnknown() && !m.Switch.IsUnknown() {
		take(path.Root("port"), cable(m.Switch.ValueString(), m.Port.canonical()))
	}
	if address := m.bmc(ctx, diags).Address; !address.IsUnknown() && !address.IsNull() {
		take(path.Root("bmc").AtName("address"), "BMC "+bmcAddress(address.ValueString()))
	}
}

func (r *hostResource) checkCredentials(ctx context.Context, m hostModel, diags *diag.Diagnostics) {
	name := m.bmc(ctx, diags).Credentials
	if name.IsNull() || name.IsUnknown() {
		return
	}
	if _, err := r.site.credential(name.ValueString()); err != nil && !errors.Is(err, errUnknownConfiguration) {
		diags.AddAttributeError(path.Root("bmc").AtName("credentials"), "No such credentials", err.Error())
	}
}

func (r *hostResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var m hostModel
	diags := &resp.Diagnostics
	diags.Append(req.Plan.Get(ctx, &m)...)
	if diags.HasError() {
		return
	}
	m.identity().set(ctx, resp.Identity, diags)
	limit := func(ctx context.Context) (context.Context, context.CancelFunc) {
		return withTimeout(ctx, m.Timeouts, timeouts.Value.Create, hostTimeout, diags)
	}
	h, err := r.site.machine(ctx, m, diags)
	if err != nil {
		diags.AddError(m.label()+" cannot be made", err.Error())
		return
	}
	done, p, err := r.converge(ctx, limit, h, m, nil, history{}, diags)
	h.conclude(ctx, done, err)
	if err != nil {
		addHostError(diags, m.label(), h.record.Image, err)
		if err := h.withdraw(ctx, p); err != nil {
			diags.AddWarning(m.label()+" could not be withdrawn", fmt.Sprintf("%v\n\nThe next apply takes up what is there.", err))
		}
		return
	}
	r.settle(ctx, &m, nil, done, diags)
	done.past.write(ctx, resp.Private, diags)
	diags.Append(resp.State.Set(ctx, m)...)
}

func (r *hostResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	diags := &resp.Diagnostics
	m, state := modelsOf[hostModel](ctx, req.Plan, req.State, diags)
	if diags.HasError() {
		return
	}
	m.identity().set(ctx, resp.Identity, diags)
	limit := func(ctx context.Context) (context.Context, context.CancelFunc) {
		return withTimeout(ctx, m.Timeouts, timeouts.Value.Update, hostTimeout, diags)
	}
	h, err := r.site.machine(ctx, m, diags)
	if err != nil {
		diags.AddError(m.label()+" cannot be changed", err.Error())
		return
	}
	h.recallGaveUp(ctx, req.Private, diags)
	past := readHistory(ctx, req.Private, diags)
	done, p, err := r.converge(ctx, limit, h, m, state, past, diags)
	h.conclude(ctx, done, err)
	if err != nil {
		addHostError(diags, m.label(), h.record.Image, err)
		h.noteGaveUp(ctx, err, resp.Private, diags)
		if p.stored {
			done.past.Applied, done.past.Power = &h.record, m.Power.ValueString()
		}
		done.past.write(ctx, resp.Private, diags)
		return
	}
	r.settle(ctx, &m, state, done, diags)
	done.past.write(ctx, resp.Private, diags)
	diags.Append(resp.State.Set(ctx, m)...)
}

func (r *hostResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var m hostModel
	diags := &resp.Diagnostics
	diags.Append(req.State.Get(ctx, &m)...)
	if diags.HasError() {
		return
	}
	m.identity().set(ctx, resp.Identity, diags)
	ctx, cancel := context.WithTimeout(ctx, hostReadLimit)
	defer cancel()
	hub, err := r.site.ophubClient()
	if err != nil {
		addReadProblem(diags, m.label(), err)
		return
	}
	h := &machine{hub: hub, record: ophub.Host{Name: m.Name.ValueString()}}
	view, err := h.view(ctx)
	switch {
	case errors.Is(err, ophub.ErrNotFound):
		resp.State.RemoveResource(ctx)
		return
	case err != nil:
		addReadProblem(diags, m.label(), err)
		return
	}
	r.observe(ctx, &m, view, readHistory(ctx, req.Private, diags), diags)
	diags.Append(resp.State.Set(ctx, m)...)
}
