package provider

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

var (
	_ resource.ResourceWithConfigure      = (*switchResource)(nil)
	_ resource.ResourceWithValidateConfig = (*switchResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*switchResource)(nil)
	_ resource.ResourceWithImportState    = (*switchResource)(nil)
	_ resource.ResourceWithIdentity       = (*switchResource)(nil)
)

const switchTimeout = 10 * time.Minute

type switchResource struct{ resourceBase }

func newSwitchResource() resource.Resource { return &switchResource{} }

func (r *switchResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_switch"
}

func (r *switchResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityOf(map[string]identityschema.Attribute{"name": identityText("Name of the switch in the provider's switches.")})
}

func (r *switchResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "VLANs and ports of one switch, as one transaction.\n\n" +
			"The plan shows the exact lines that will be sent. Only what is named here is touched; of a port, its switching, description, shutdown and edge settings, and what else is said of it. " +
			"If a line is refused, those before it are taken back. A switch that changed since the plan is left alone.\n\n" +
			"Use this resource where one configuration owns a switch. `cthulix_vlan` and `cthulix_switch_port` let several share one; a VLAN or port has one owner.",
		Attributes: joined(layer3Attributes(), globalAttributes(), map[string]schema.Attribute{
			"name": schema.StringAttribute{
				MarkdownDescription: "Name of the switch in the provider's `switches`.",
				Required:            true,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"vlans": settledMap(schema.MapNestedAttribute{
				MarkdownDescription: "VLANs that the switch must have, by number.",
				Optional:            true,
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"name": schema.StringAttribute{
						MarkdownDescription: "Name of the VLAN. Default: what the switch calls it, such as `VLAN0020`.",
						Optional:            true,
					},
					"state": vlanStateAttribute(),
				}},
			}),
			"ports": settledMap(schema.MapNestedAttribute{
				MarkdownDescription: "Ports by name, whole or abbreviated (`GigabitEthernet1/0/1`, `gi1/0/1`).",
				Optional:            true,
				NestedObject:        schema.NestedAttributeObject{Attributes: portAttributes()},
			}),
			"allow_disruptive": schema.BoolAttribute{
				MarkdownDescription: "Let a change cut the way by which the switch is managed. Without it such a plan is refused, and the line is named. Default: `false`, or what the provider's `switches` say.",
				Optional:            true,
			},
			"on_destroy":        onDestroyAttribute(),
			"hostname":          computedString("Name that the switch has for itself."),
			"model":             computedString("Model of the switch."),
			"version":           computedString("Version of its operating system."),
			"fingerprint":       computedString("Names the state that the VLANs and ports were last seen in."),
			"planned_commands":  plannedCommandsAttribute(),
			"rollback_commands": rollbackCommandsAttribute(),
			"timeouts":          timeouts.Attributes(ctx, timeouts.Opts{Create: true, Update: true, Delete: true}),
		}),
	}
}

func onDestroyAttribute() schema.StringAttribute {
	return schema.StringAttribute{
		MarkdownDescription: "What becomes of VLANs and ports that are given up, by destroying the resource or by removing them from it: " +
			"`restore` (the default) brings back how they were before they were first touched, `default` resets ports and removes VLANs, `keep` leaves them.",
		Optional: true, Computed: true,
		Default:    stringdefault.StaticString(onDestroyRestore),
		Validators: []validator.String{stringvalidator.OneOf(onDestroyRestore, onDestroyDefault, onDestroyKeep)},
	}
}

func computedString(text string) schema.StringAttribute {
	return schema.StringAttribute{MarkdownDescription: text, Computed: true}
}

func plannedCommandsAttribute() schema.ListAttribute {
	return schema.ListAttribute{
		MarkdownDescription: "Lines that the apply sends, in order. Empty when there is nothing to do.",
		ElementType:         types.StringType, Computed: true,
	}
}

func rollbackCommandsAttribute() schema.ListAttribute {
	return schema.ListAttribute{
		MarkdownDescription: "Lines that would undo `planned_commands`.",
		ElementType:         types.StringType, Computed: true,
	}
}

func (r *switchResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var m switchModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	next := m.want(ctx, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	if err := fabric.Validate(next.want()).Err(); err != nil {
		addFieldErrors(&resp.Diagnostics, err, m.at(ctx))
	}
}

func (r *switchResource) holding(ctx context.Context, m switchModel, who claimant) holding {
	return holding{site: r.site, sw: m.Name.ValueString(), who: who, at: m.at(ctx), named: path.Root("name"), disruptive: m.Disruptive.ValueBool()}
}

func (r *switchResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	diags := &resp.Diagnostics
	var stored *memory
	if mem, known := recall(ctx, req.Private, diags); known {
		stored = &mem
	}
	if req.Plan.Raw.IsNull() {
		var m switchModel
		diags.Append(req.State.Get(ctx, &m)...)
		if stored != nil && !diags.HasError() {
			r.holding(ctx, m, claimant{label: m.label()}).warnDestroy(*stored, m.want(ctx, diags), m.OnDestroy.ValueString(), diags)
		}
		return
	}
	m, state := modelsOf[switchModel](ctx, req.Plan, req.State, diags)
	if diags.HasError() || r.site == nil || m.Name.IsUnknown() {
		return
	}
	who := claimantOf(ctx, m.label(), req.State)
	if other, ok := r.site.claims.take("switch "+m.Name.ValueString(), who); !ok {
		addClaimError(diags, path.Root("name"), "switch "+m.Name.ValueString(), other)
		return
	}
	h := r.holding(ctx, m, who)
	next := m.want(ctx, diags)
	h.claim(next, diags)
	if diags.HasError() || !wholly(ctx, m.VLANs) || !wholly(ctx, m.Ports) || !wholly(ctx, m.SVIs) || !m.globalKnown(ctx) {
		return
	}
	if state == nil || !state.SVIs.Equal(m.SVIs) {
		r.checkAddresses(ctx, m, diags)
	}
	prior := newScope()
	replaced := state != nil && !state.Name.Equal(m.Name)
	if state == nil || replaced {
		stored = nil
	} else {
		prior = state.want(ctx, diags)
	}
	st, obs := h.foresee(ctx, stored, prior, next, m.OnDestroy.ValueString(), diags)
	if st == nil || diags.HasError() {
		return
	}
	warnReload(obs.Observation, st.want.Global, diags)
	if len(st.change.Commands) == 0 && state != nil && req.Plan.Raw.Equal(req.State.Raw) {
		return
	}
	m.observeFacts(obs.Observation)
	m.Planned, m.Rollback = commandList(st.change.Commands), commandList(st.change.Rollback)
	m.Fingerprint = types.StringUnknown()
	if len(st.change.Commands) == 0 && state != nil {
		m.Fingerprint = types.StringValue(m.fingerprint(ctx, obs.Observation, diags))
	}
	diags.Append(resp.Plan.Set(ctx, m)...)
}

func (r *switchResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var m switchModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	next := m.want(ctx, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	m.identity().set(ctx, resp.Identity, &resp.Diagnostics)
	ctx, cancel := withTimeout(ctx, m.Timeouts, timeouts.Value.Create, switchTimeout, &resp.Diagnostics)
	defer cancel()
	h := r.holding(ctx, m, claimant{label: m.label()})
	mem, change, ok := h.apply(ctx, nil, newScope(), next, m.OnDestroy.ValueString(), &resp.Diagnostics)
	if !ok {
		return
	}
	m.settle(mem.Seen.Observation, change, &resp.Diagnostics)
	mem.keep(ctx, resp.Private, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}

func (r *switchResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	m, state := modelsOf[switchModel](ctx, req.Plan, req.State, &resp.Diagnostics)
	stored, _ := recall(ctx, req.Private, &resp.Diagnostics)
	next := m.want(ctx, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	m.identity().set(ctx, resp.Identity, &resp.Diagnostics)
	ctx, cancel := withTimeout(ctx, m.Timeouts, timeouts.Value.Update, switchTimeout, &resp.Diagnostics)
	defer cancel()
	h := r.holding(ctx, m, claimant{label: m.label()})
	mem, change, ok := h.apply(ctx, &stored, state.want(ctx, &resp.Diagnostics), next, m.OnDestroy.ValueString(), &resp.Diagnostics)
	mem.keep(ctx, resp.Private, &resp.Diagnostics)
	if !ok {
		return
	}
	m.settle(mem.Seen.Observation, change, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}

func (r *switchResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var m switchModel
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	stored, known := recall(ctx, req.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	m.identity().set(ctx, resp.Identity, &resp.Diagnostics)
	h := r.holding(ctx, m, claimant{label: m.label()})
	imported := m.Planned.IsNull()
	stored, known = h.remember(stored, known, imported, &resp.Diagnostics)
	obs, ok := h.observe(ctx, stored, &resp.Diagnostics)
	if !ok {
		if !known && !resp.Diagnostics.HasError() {
			resp.Diagnostics.AddError("The switch cannot be imported without being seen", "It could not be reached: see the warning.")
		}
		return
	}
	if !known && imported {
		m.adopt(ctx, obs.Observation, &resp.Diagnostics)
	} else {
		m.observe(ctx, obs.Observation, &resp.Diagnostics)
	}
	if !known {
		stored.own(obs, m.want(ctx, &resp.Diagnostics), fabric.Want{})
	}
	stored.Seen = obs
	stored.keep(ctx, resp.Private, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}

func (r *switchResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var m switchModel
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	stored, _ := recall(ctx, req.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := withTimeout(ctx, m.Timeouts, timeouts.Value.Delete, switchTimeout, &resp.Diagnostics)
	defer cancel()
	h := r.holding(ctx, m, claimant{label: m.label()})
	h.apply(ctx, &stored, m.want(ctx, &resp.Diagnostics), newScope(), m.OnDestroy.ValueString(), &resp.Diagnostics)
}

func (r *switchResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	name := req.ID
	spell(ctx, req, "name", &name, &resp.Diagnostics)
	identity{"name": name}.arrive(ctx, resp)
}
