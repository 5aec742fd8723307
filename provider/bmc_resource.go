package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
)

var (
	_ resource.ResourceWithConfigure      = (*bmcResource)(nil)
	_ resource.ResourceWithValidateConfig = (*bmcResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*bmcResource)(nil)
	_ resource.ResourceWithImportState    = (*bmcResource)(nil)
	_ resource.ResourceWithIdentity       = (*bmcResource)(nil)
)

type bmcResource struct{ resourceBase }

func newBMCResource() resource.Resource { return &bmcResource{} }

func (r *bmcResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_bmc"
	// The address may follow a controller that moves.
	resp.ResourceBehavior.MutableIdentity = true
}

func (r *bmcResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	diags := &resp.Diagnostics
	mem, known := recallBMC(ctx, req.Private, diags)
	if req.Plan.Raw.IsNull() {
		var m bmcModel
		diags.Append(req.State.Get(ctx, &m)...)
		bmcGuard{login: r.site.loginOf(m.Credentials), mem: mem}.leaves(m, diags)
		return
	}
	m, state := modelsOf[bmcModel](ctx, req.Plan, req.State, diags)
	if diags.HasError() || r.site == nil || m.Address.IsUnknown() {
		return
	}
	thing := "the settings of BMC " + m.Address.ValueString()
	if other, ok := r.site.claims.take(thing, claimantOf(ctx, m.label(), req.State)); !ok {
		addClaimError(diags, path.Root("address"), thing, other)
		return
	}
	if state != nil && req.Plan.Raw.Equal(req.State.Raw) || !m.known(ctx) {
		return
	}
	c, err := r.site.controller(m.Address.ValueString(), m.Credentials.ValueString(), m.suites())
	if err != nil {
		if !errors.Is(err, errUnknownConfiguration) {
			diags.AddAttributeError(path.Root("credentials"), "No such credentials", err.Error())
		}
		return
	}
	g := bmcGuard{login: c.login, mem: mem}
	if known && state != nil {
		g.seen = mem.seen(c.login)
	} else if g.seen, err = c.look(ctx); err != nil {
		// Without having seen it there is nothing to check against. Create looks again before it touches anything.
		addBMCProblem(diags, m.label(), err)
		return
	}
	g.check(ctx, m, state, req.Config, diags)
	if lan := m.lan(ctx, diags); !lan.Address.IsNull() && (state == nil || !state.LAN.Equal(m.LAN)) {
		r.site.given(ctx).checkStatic(path.Root("lan").AtName("address"), lan.Address.ValueString(), m.label(), g.seen.lan.MAC.String(), diags)
	}
	if state != nil {
		m.MAC, m.Firmware = state.MAC, state.Firmware
		diags.Append(resp.Plan.Set(ctx, m)...)
	}
}

func (g bmcGuard) check(ctx context.Context, m bmcModel, state *bmcModel, config tfsdk.Config, diags *diag.Diagnostics) {
	var given bmcModel
	diags.Append(config.Get(ctx, &given)...)
	g.accounts(ctx, m, state, given.users(ctx, diags), diags)
	g.way(ctx, m, diags)
}

// addBMCProblem reports at plan that a controller could not be looked at.
func addBMCProblem(diags *diag.Diagnostics, label string, err error) {
	var auth *ipmi.AuthError
	if errors.As(err, &auth) {
		diags.AddAttributeError(path.Root("credentials"), label+" refused the login", err.Error())
		return
	}
	diags.AddWarning("Not seen: "+label, fmt.Sprintf("%v\n\nThe plan is made without it. What would lock the provider out is refused when it is applied.", err))
}

func (r *bmcResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var m bmcModel
	diags := &resp.Diagnostics
	diags.Append(req.Plan.Get(ctx, &m)...)
	if diags.HasError() {
		return
	}
	m.identity().set(ctx, resp.Identity, diags)
	ctx, cancel := withTimeout(ctx, m.Timeouts, timeouts.Value.Create, bmcTimeout, diags)
	defer cancel()
	c, err := r.site.controller(m.Address.ValueString(), m.Credentials.ValueString(), m.suites())
	if err != nil {
		diags.AddError(m.label()+" cannot be set up", err.Error())
		return
	}
	var mem bmcMemory
	m, err = c.converge(ctx, m, nil, req.Config, &mem, diags)
	if err != nil || diags.HasError() {
		addBMCError(diags, m, err)
		c.undoAccounts(ctx, mem, diags)
		return
	}
	mem.keep(ctx, resp.Private, diags)
	diags.Append(resp.State.Set(ctx, m)...)
}

func (r *bmcResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	diags := &resp.Diagnostics
	m, state := modelsOf[bmcModel](ctx, req.Plan, req.State, diags)
	mem, _ := recallBMC(ctx, req.Private, diags)
	if diags.HasError() {
		return
	}
	m.identity().set(ctx, resp.Identity, diags)
	ctx, cancel := withTimeout(ctx, m.Timeouts, timeouts.Value.Update, bmcTimeout, diags)
	defer cancel()
	c, err := r.site.find(ctx, m, *state)
	if err == nil {
		m, err = c.converge(ctx, m, state, req.Config, &mem, diags)
	}
	mem.keep(ctx, resp.Private, diags)
	if err != nil || diags.HasError() {
		addBMCError(diags, m, err)
		return
	}
	diags.Append(resp.State.Set(ctx, m)...)
}

func (r *bmcResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var m bmcModel
	diags := &resp.Diagnostics
	diags.Append(req.State.Get(ctx, &m)...)
	mem, known := recallBMC(ctx, req.Private, diags)
	if diags.HasError() {
		return
	}
	m.identity().set(ctx, resp.Identity, diags)
	ctx, cancel := context.WithTimeout(ctx, bmcReadLimit)
	defer cancel()
	var seen controllerState
	c, err := r.site.controller(m.Address.ValueString(), m.Credentials.ValueString(), m.suites())
	if err == nil {
		seen, err = c.look(ctx)
	}
	var auth *ipmi.AuthError
	switch {
	case errors.As(err, &auth), err != nil && !known && !errors.Is(err, errUnknownConfiguration):
		addBMCError(diags, m, err)
		return
	case err != nil:
		addReadProblem(diags, m.label(), err)
		return
	}
	if was := m.MAC.ValueString(); was != "" && was != seen.lan.MAC.String() {
		diags.AddWarning("Another controller answers as "+m.label(),
			fmt.Sprintf("It has the MAC address %s, and the one before %s. If the board was replaced, all is well: the plan is for the new one, and nothing of it counts as made by this resource.", seen.lan.MAC, was))
		mem = bmcMemory{}
	}
	m.observe(ctx, seen, !known, diags)
	mem.note(seen)
	if !known {
		mem.own(keys(seen.accounts), true, seen)
	}
	mem.keep(ctx, resp.Private, diags)
	diags.Append(resp.State.Set(ctx, m)...)
}

func (r *bmcResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var m bmcModel
	diags := &resp.Diagnostics
	diags.Append(req.State.Get(ctx, &m)...)
	mem, _ := recallBMC(ctx, req.Private, diags)
	if diags.HasError() {
		return
	}
	restore := m.OnDestroy.ValueString() == onDestroyRestore
	if len(mem.Created) == 0 && !restore {
		return // there is nothing to do, so that a controller that is gone can be given up
	}
	ctx, cancel := withTimeout(ctx, m.Timeouts, timeouts.Value.Delete, bmcTimeout, diags)
	defer cancel()
	c, err := r.site.controller(m.Address.ValueString(), m.Credentials.ValueString(), m.suites())
	if err == nil {
		err = c.leave(ctx, m, restore, &mem, diags)
	}
	if err != nil {
		addBMCError(diags, m, err)
	}
}

// addBMCError reports a failure. Without an error, it was reported already.
func addBMCError(diags *diag.Diagnostics, m bmcModel, err error) {
	var auth *ipmi.AuthError
	var silent *ipmi.UnreachableError
	var lost *lostError
	switch {
	case err == nil:
	case errors.As(err, &auth):
		diags.AddAttributeError(path.Root("credentials"), m.label()+" refused the login", err.Error())
	case errors.As(err, &lost):
		diags.AddAttributeError(path.Root("lan"), m.label()+" was not found after its network changed", err.Error())
	case errors.As(err, &silent):
		diags.AddAttributeError(path.Root("address"), m.label()+" does not answer", err.Error())
	default:
		diags.AddError(m.label()+" failed", err.Error())
	}
}

// ImportState takes ADDRESS/CREDENTIALS, for nothing can be read without logging in.
func (r *bmcResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	diags := &resp.Diagnostics
	address, credentials, _ := strings.Cut(req.ID, "/")
	spell(ctx, req, "address", &address, diags)
	spell(ctx, req, "credentials", &credentials, diags)
	if address == "" || credentials == "" {
		diags.AddError("An import needs the address and the credentials of a BMC",
			fmt.Sprintf("%q is not ADDRESS/CREDENTIALS, such as 10.0.9.11/bmc, where bmc is an entry of the provider's credentials.", req.ID))
		return
	}
	identity{"address": address, "credentials": credentials}.arrive(ctx, resp)
	diags.Append(resp.State.SetAttribute(ctx, path.Root("on_destroy"), types.StringValue(onDestroyKeep))...)
}
