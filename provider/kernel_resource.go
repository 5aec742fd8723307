package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cthulix/terraform-provider-cthulix/gridapp"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

var (
	_ resource.ResourceWithConfigure   = (*kernelResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*kernelResource)(nil)
	_ resource.ResourceWithImportState = (*kernelResource)(nil)
	_ resource.ResourceWithIdentity    = (*kernelResource)(nil)
)

const (
	kernelTimeout = 5 * time.Minute
	// agentRelease is the release that hosts run for a kernel.
	agentRelease = "nomad"
)

type kernelResource struct{ resourceBase }

func newKernelResource() resource.Resource { return &kernelResource{} }

type kernelModel struct {
	Name        types.String   `tfsdk:"name"`
	Description types.String   `tfsdk:"description"`
	Namespace   types.String   `tfsdk:"namespace"`
	NodePool    types.String   `tfsdk:"node_pool"`
	Release     KID            `tfsdk:"release"`
	Timeouts    timeouts.Value `tfsdk:"timeouts"`
}

func (m kernelModel) label() string { return fmt.Sprintf("cthulix_kernel %q", m.Name.ValueString()) }

func (m kernelModel) identity() identity { return identity{"name": m.Name.ValueString()} }

func (m kernelModel) want() gridapp.Domain {
	return gridapp.DomainOf(m.Name.ValueString(), m.Description.ValueString())
}

func (m *kernelModel) observe(k ophub.Kernel) {
	m.Name = types.StringValue(k.Name)
	m.Description = stringOr(m.Description, k.Description)
	m.Namespace, m.NodePool = types.StringValue(k.Namespace), types.StringValue(k.NodePool)
	m.Release = wordOf[kidKind](string(k.AgentRelease))
}

func (r *kernelResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_kernel"
}

func (r *kernelResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityOf(map[string]identityschema.Attribute{"name": identityText("Name of the kernel.")})
}

func (r *kernelResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A compute domain that hosts attach to and gridapps run on: a namespace and a node pool of the site's Nomad, and a record that hosts follow. " +
			"It has nothing to do with the Linux kernel, which is `linux` everywhere here.\n\n" +
			"A kernel that hosts still serve cannot be destroyed.",
		Attributes: map[string]schema.Attribute{
			"name": schema.StringAttribute{
				MarkdownDescription: "Name of the kernel.",
				Required:            true,
				Validators:          []validator.String{hostName},
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"description": schema.StringAttribute{
				MarkdownDescription: "What it is for.",
				Optional:            true,
			},
			"namespace": computedString("Nomad namespace of its jobs."),
			"node_pool": computedString("Nomad node pool of its hosts."),
			"release": schema.StringAttribute{
				MarkdownDescription: "KID of the Nomad client that its hosts run. The current release is taken when the kernel is made or changed.",
				CustomType:          KIDType,
				Computed:            true,
			},
			"timeouts": timeouts.Attributes(ctx, timeouts.Opts{Create: true, Update: true, Delete: true}),
		},
	}
}

func (r *kernelResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		return
	}
	m, state := modelsOf[kernelModel](ctx, req.Plan, req.State, &resp.Diagnostics)
	if resp.Diagnostics.HasError() || r.site == nil || m.Name.IsUnknown() {
		return
	}
	thing := "kernel " + m.Name.ValueString()
	if other, ok := r.site.claims.take(thing, claimantOf(ctx, m.label(), req.State)); !ok {
		addClaimError(&resp.Diagnostics, path.Root("name"), thing, other)
		return
	}
	if state != nil && req.Plan.Raw.Equal(req.State.Raw) {
		return
	}
	d := m.want()
	m.Namespace, m.NodePool = types.StringValue(d.Namespace), types.StringValue(d.NodePool)
	resp.Diagnostics.Append(resp.Plan.Set(ctx, m)...)
}

func (r *kernelResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	r.converge(ctx, req.Plan, &resp.State, resp.Identity, timeouts.Value.Create, &resp.Diagnostics)
}

func (r *kernelResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	r.converge(ctx, req.Plan, &resp.State, resp.Identity, timeouts.Value.Update, &resp.Diagnostics)
}

// converge makes the domain and the record, or brings both up to date.
func (r *kernelResource) converge(ctx context.Context, plan tfsdk.Plan, state *tfsdk.State, id *tfsdk.ResourceIdentity, limit timeoutOf, diags *diag.Diagnostics) {
	var m kernelModel
	diags.Append(plan.Get(ctx, &m)...)
	if diags.HasError() {
		return
	}
	m.identity().set(ctx, id, diags)
	ctx, cancel := withTimeout(ctx, m.Timeouts, limit, kernelTimeout, diags)
	defer cancel()
	record, err := r.make(ctx, m)
	if err != nil {
		diags.AddError(m.label()+" could not be made", err.Error())
		return
	}
	m.observe(record)
	diags.Append(state.Set(ctx, m)...)
}

func (r *kernelResource) make(ctx context.Context, m kernelModel) (k ophub.Kernel, err error) {
	hub, err := r.site.ophubClient()
	if err != nil {
		return k, err
	}
	engine, err := r.site.gridappClient()
	if err != nil {
		return k, err
	}
	release, err := hub.Release(ctx, agentRelease)
	if errors.Is(err, ophub.ErrNotFound) {
		return k, fmt.Errorf("no release of %s is on record, so that hosts would have nothing to run: let the opserver publish one", agentRelease)
	}
	if err != nil {
		return k, err
	}
	d := m.want()
	if err := engine.EnsureDomain(ctx, d); err != nil {
		return k, err
	}
	k = ophub.Kernel{
		Name: m.Name.ValueString(), Namespace: d.Namespace, NodePool: d.NodePool, Description: d.Description,
		AgentRelease: release.KID, ReleaseFormat: release.Format,
	}
	return k, hub.PutKernel(ctx, k)
}

func (r *kernelResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var m kernelModel
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	m.identity().set(ctx, resp.Identity, &resp.Diagnostics)
	record, err := r.look(ctx, m)
	switch {
	case errors.Is(err, ophub.ErrNotFound), errors.Is(err, gridapp.ErrNotFound):
		resp.State.RemoveResource(ctx)
	case err != nil:
		addReadProblem(&resp.Diagnostics, m.label(), err)
	default:
		m.observe(record)
		resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
	}
}

// look reads the record, and checks that its domain is there.
func (r *kernelResource) look(ctx context.Context, m kernelModel) (k ophub.Kernel, err error) {
	hub, err := r.site.ophubClient()
	if err != nil {
		return k, err
	}
	if k, err = hub.Kernel(ctx, m.Name.ValueString()); err != nil {
		return k, err
	}
	engine, err := r.site.gridappClient()
	if err != nil {
		return k, err
	}
	_, err = engine.Domain(ctx, k.Namespace)
	return k, err
}

func (r *kernelResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var m kernelModel
	diags := &resp.Diagnostics
	diags.Append(req.State.Get(ctx, &m)...)
	if diags.HasError() {
		return
	}
	ctx, cancel := withTimeout(ctx, m.Timeouts, timeouts.Value.Delete, kernelTimeout, diags)
	defer cancel()
	if err := r.remove(ctx, m); err != nil {
		diags.AddError(m.label()+" could not be destroyed", err.Error())
	}
}

// remove takes the domain away before the record, so that a failure between the
// two leaves what the next destroy finds. Hosts are looked for before either.
func (r *kernelResource) remove(ctx context.Context, m kernelModel) error {
	hub, err := r.site.ophubClient()
	if err != nil {
		return err
	}
	engine, err := r.site.gridappClient()
	if err != nil {
		return err
	}
	hosts, err := hub.Hosts(ctx)
	if err != nil {
		return err
	}
	var serve []string
	for _, h := range hosts {
		if slices.Contains(h.Kernels, m.Name.ValueString()) {
			serve = append(serve, h.Name)
		}
	}
	if len(serve) > 0 {
		return &ophub.InUseError{Kernel: m.Name.ValueString(), Hosts: serve}
	}
	if err := engine.DeleteDomain(ctx, m.want()); err != nil {
		return err
	}
	return hub.DeleteKernel(ctx, m.Name.ValueString())
}

func (r *kernelResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	name := req.ID
	spell(ctx, req, "name", &name, &resp.Diagnostics)
	identity{"name": name}.arrive(ctx, resp)
}
