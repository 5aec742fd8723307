package provider

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

var (
	_ resource.ResourceWithConfigure      = (*vlanResource)(nil)
	_ resource.ResourceWithValidateConfig = (*vlanResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*vlanResource)(nil)
	_ resource.ResourceWithImportState    = (*vlanResource)(nil)
	_ resource.ResourceWithIdentity       = (*vlanResource)(nil)
)

type vlanResource struct {
	partResource[vlanModel, *vlanModel]
}

func newVLANResource() resource.Resource { return &vlanResource{} }

type vlanModel struct {
	Switch    types.String   `tfsdk:"switch"`
	VLANID    types.Int64    `tfsdk:"vlan_id"`
	Name      types.String   `tfsdk:"name"`
	State     types.String   `tfsdk:"state"`
	OnDestroy types.String   `tfsdk:"on_destroy"`
	Planned   types.List     `tfsdk:"planned_commands"`
	Rollback  types.List     `tfsdk:"rollback_commands"`
	Timeouts  timeouts.Value `tfsdk:"timeouts"`
}

func (m vlanModel) label() string {
	return fmt.Sprintf("cthulix_vlan %d on %s", m.VLANID.ValueInt64(), m.Switch.ValueString())
}

func vlanIdentity(sw string, id int64) identity { return identity{"switch": sw, "vlan_id": id} }

func (m *vlanModel) identity() identity {
	return vlanIdentity(m.Switch.ValueString(), m.VLANID.ValueInt64())
}

func (m *vlanModel) hold() (sw, onDestroy types.String, planned, rollback *types.List, limits timeouts.Value) {
	return m.Switch, m.OnDestroy, &m.Planned, &m.Rollback, m.Timeouts
}

func (m *vlanModel) known(ctx context.Context) bool {
	return !m.Switch.IsUnknown() && !m.VLANID.IsUnknown() && wholly(ctx, m.Name) && wholly(ctx, m.State)
}

func (m *vlanModel) want(*diag.Diagnostics) scope {
	s := newScope()
	id := int(m.VLANID.ValueInt64())
	if vlanProblem(int64(id)) == "" {
		s.vlans[id] = fabric.VLAN{ID: id, Name: m.Name.ValueString(), State: m.State.ValueString()}
	}
	return s
}

func (m *vlanModel) observe(obs fabric.Observation) (there bool) {
	v, there := obs.VLANs[int(m.VLANID.ValueInt64())]
	if there {
		m.Name = observedName(m.Name, v)
		see(&m.State, types.StringValue(v.EffectiveState()))
	}
	return there
}

func (m *vlanModel) adopt(obs fabric.Observation) {
	v := obs.VLANs[int(m.VLANID.ValueInt64())]
	take(&m.State, types.StringValue(v.EffectiveState()), v.EffectiveState() != fabric.VLANActive)
}

func (m *vlanModel) at(p []string) path.Path {
	if len(p) > 2 && (p[2] == "name" || p[2] == "state") {
		return path.Root(p[2])
	}
	return path.Root("vlan_id")
}

func (r *vlanResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_vlan"
}

func (r *vlanResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityOf(map[string]identityschema.Attribute{
		"switch":  identityText("Name of the switch in the provider's switches."),
		"vlan_id": identityNumber("Number of the VLAN."),
	})
}

func (r *vlanResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "One VLAN of a switch that several configurations share. A configuration that owns the switch says it in `cthulix_switch`, in one transaction. Parts of one switch that Terraform applies at the same moment share a transaction: how many those can be is its `-parallelism`, unless the provider's `coalesce` is `plan`.",
		Attributes: map[string]schema.Attribute{
			"switch": schema.StringAttribute{
				MarkdownDescription: "Name of the switch in the provider's `switches`.",
				Required:            true,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"vlan_id": schema.Int64Attribute{
				MarkdownDescription: "Number of the VLAN.",
				Required:            true,
				Validators:          []validator.Int64{isVLAN},
				PlanModifiers:       []planmodifier.Int64{int64planmodifier.RequiresReplace()},
			},
			"name": schema.StringAttribute{
				MarkdownDescription: "Name of the VLAN. Default: what the switch calls it, such as `VLAN0020`.",
				Optional:            true,
			},
			"state":             vlanStateAttribute(),
			"on_destroy":        onDestroyAttribute(),
			"planned_commands":  plannedCommandsAttribute(),
			"rollback_commands": rollbackCommandsAttribute(),
			"timeouts":          timeouts.Attributes(ctx, timeouts.Opts{Create: true, Update: true, Delete: true}),
		},
	}
}

func (r *vlanResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	sw, number, _ := strings.Cut(req.ID, "/")
	id, err := strconv.ParseInt(number, 10, 64)
	if req.ID != "" && (sw == "" || err != nil) {
		resp.Diagnostics.AddError("A VLAN is imported as SWITCH/NUMBER", fmt.Sprintf("Write leaf1/20, for example; %q is no such name.", req.ID))
		return
	}
	spell(ctx, req, "switch", &sw, &resp.Diagnostics)
	spell(ctx, req, "vlan_id", &id, &resp.Diagnostics)
	importPart(ctx, vlanIdentity(sw, id), resp)
}
