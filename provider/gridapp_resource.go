package provider

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64default"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cthulix/terraform-provider-cthulix/gridapp"
	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

var (
	_ resource.ResourceWithConfigure      = (*gridappResource)(nil)
	_ resource.ResourceWithValidateConfig = (*gridappResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*gridappResource)(nil)
	_ resource.ResourceWithImportState    = (*gridappResource)(nil)
	_ resource.ResourceWithIdentity       = (*gridappResource)(nil)
)

const gridappTimeout = 30 * time.Minute

type gridappResource struct{ resourceBase }

func newGridappResource() resource.Resource { return &gridappResource{} }

func (r *gridappResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_gridapp"
}

func (r *gridappResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	attributes := taskAttributes()
	for name, a := range map[string]schema.Attribute{
		"name": schema.StringAttribute{
			MarkdownDescription: "Name of the gridapp on its kernel.",
			Required:            true,
			Validators:          []validator.String{hostName},
			PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
		},
		"kernel": schema.StringAttribute{
			MarkdownDescription: "Kernel that it runs on.",
			Required:            true,
			PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
		},
		"type": schema.StringAttribute{
			MarkdownDescription: "`batch` (the default) runs to its end, `service` runs until it is destroyed.",
			Optional:            true, Computed: true,
			Default:       stringdefault.StaticString(gridapp.Batch),
			Validators:    []validator.String{stringvalidator.OneOf(gridapp.Batch, gridapp.Service)},
			PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
		},
		"shards": schema.Int64Attribute{
			MarkdownDescription: "Number of copies. Each finds its own number, from 0, and theirs all in `CTHULIX_SHARD` and `CTHULIX_SHARDS`. Default: 1.",
			Optional:            true, Computed: true,
			Default:    int64default.StaticInt64(1),
			Validators: []validator.Int64{int64validator.AtLeast(1)},
		},
		"spread_hosts": schema.BoolAttribute{
			MarkdownDescription: "Whether no two shards share a host. Default: `true` if `hosts` names enough of them.",
			Optional:            true,
		},
		"hosts": schema.ListAttribute{
			MarkdownDescription: "Names of hosts that serve the kernel. They order the work: the gridapp runs when they are ready. Where it runs is the kernel's choice.",
			ElementType:         types.StringType,
			Optional:            true,
			Validators:          []validator.List{listvalidator.SizeAtLeast(1)},
		},
		"merge": schema.SingleNestedAttribute{
			MarkdownDescription: "Task that makes one output of those of all shards of a batch. It finds them in `shards/0`, `shards/1` and so on.",
			Optional:            true,
			Attributes:          taskAttributes(),
		},
		"kid": schema.StringAttribute{
			MarkdownDescription: "KID of all that the gridapp is made of. When it changes, the gridapp runs anew.",
			CustomType:          KIDType,
			Computed:            true,
		},
		"state":  computedString("`complete` or `running` when all is well, else `pending`, `failed` or `stopped`."),
		"output": computedString("What the merge printed or, without one, what the shards printed, in order."),
		"outputs": schema.ListAttribute{
			MarkdownDescription: "What each shard printed.",
			ElementType:         types.StringType,
			Computed:            true,
		},
		"output_kid": schema.StringAttribute{
			MarkdownDescription: "KID under which the keg has `output`.",
			CustomType:          KIDType,
			Computed:            true,
		},
		"timeouts": timeouts.Attributes(ctx, timeouts.Opts{Create: true, Update: true, Delete: true}),
	} {
		attributes[name] = a
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "An application that runs on the hosts of a kernel: a command or a script, in shards, and perhaps a merge of their outputs.\n\n" +
			"Its files are hashed at plan, so the plan shows whether it will run. An apply that was cut off finds its own run again instead of starting another.",
		Attributes: attributes,
	}
}

func (r *gridappResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var m gridappModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() || m.Script.IsUnknown() || m.Command.IsUnknown() {
		return
	}
	if m.Script.IsNull() && m.Command.IsNull() {
		resp.Diagnostics.AddAttributeError(path.Root("command"), "Nothing to run", "Give a command, a script, or both.")
	}
}

func (r *gridappResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	diags := &resp.Diagnostics
	if req.Plan.Raw.IsNull() {
		return
	}
	m, state := modelsOf[gridappModel](ctx, req.Plan, req.State, diags)
	if diags.HasError() || r.site == nil || m.Name.IsUnknown() || m.Kernel.IsUnknown() {
		return
	}
	thing := fmt.Sprintf("gridapp %s of kernel %s", m.Name.ValueString(), m.Kernel.ValueString())
	if other, ok := r.site.claims.take(thing, claimantOf(ctx, m.label(), req.State)); !ok {
		addClaimError(diags, path.Root("name"), thing, other)
		return
	}
	r.checkHosts(ctx, m, diags)
	if diags.HasError() || !m.known(ctx) {
		return
	}
	w := m.want(ctx, diags)
	w.check(diags)
	if diags.HasError() {
		return
	}
	kid := w.spec.KID()
	if state != nil && !m.runs(kid, state) {
		if req.Plan.Raw.Equal(req.State.Raw) {
			return
		}
		m.KID, m.State, m.Output, m.Outputs, m.OutputKID = state.KID, state.State, state.Output, state.Outputs, state.OutputKID
	} else {
		m.KID, m.State = wordOf[kidKind](string(kid)), types.StringValue(m.settled())
		m.Output, m.Outputs, m.OutputKID = types.StringUnknown(), types.ListUnknown(types.StringType), KID{types.StringUnknown()}
	}
	diags.Append(resp.Plan.Set(ctx, m)...)
}

// runs tells whether an apply has to run the gridapp: it is another one than
// before, it is not in the state that it should be in, or its output is not known.
func (m gridappModel) runs(kid keg.KID, state *gridappModel) bool {
	return state.KID.canonical() != string(kid) || state.State.ValueString() != m.settled() || state.Output.IsNull()
}

// checkHosts checks that the hosts which are named serve the kernel, as the plan
// will leave them or, where no resource of this plan owns one, as it is recorded.
func (r *gridappResource) checkHosts(ctx context.Context, m gridappModel, diags *diag.Diagnostics) {
	for i, v := range m.Hosts.Elements() {
		name, ok := v.(types.String)
		if !ok || name.IsUnknown() {
			continue
		}
		at := path.Root("hosts").AtListIndex(i)
		kernels, planned := r.site.claims.plannedHost(name.ValueString())
		if !planned {
			hub, err := r.site.ophubClient()
			if err != nil {
				return
			}
			record, err := hub.Host(ctx, name.ValueString())
			if err != nil {
				continue // it may be made by this very apply
			}
			kernels = record.Kernels
		}
		if !slices.Contains(kernels, m.Kernel.ValueString()) {
			diags.AddAttributeError(at, "The host does not serve the kernel",
				fmt.Sprintf("Host %s serves %s; the gridapp is for kernel %s.", name.ValueString(), list(kernels), m.Kernel.ValueString()))
		}
	}
	if n := len(m.Hosts.Elements()); n > 0 && m.SpreadHosts.ValueBool() && !m.Shards.IsUnknown() && int(m.Shards.ValueInt64()) > n {
		diags.AddAttributeError(path.Root("shards"), "More shards than hosts",
			fmt.Sprintf("%s on %s, no two on one, cannot be.", count(int(m.Shards.ValueInt64()), "shard"), count(n, "host")))
	}
}

func (r *gridappResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var m gridappModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	m.identity().set(ctx, resp.Identity, &resp.Diagnostics)
	if r.converge(ctx, &m, timeouts.Value.Create, &resp.Diagnostics) {
		resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
	}
}

func (r *gridappResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	m, state := modelsOf[gridappModel](ctx, req.Plan, req.State, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	m.identity().set(ctx, resp.Identity, &resp.Diagnostics)
	w := m.want(ctx, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	if !m.Output.IsUnknown() && !m.runs(w.spec.KID(), state) {
		resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
		return
	}
	if r.converge(ctx, &m, timeouts.Value.Update, &resp.Diagnostics) {
		resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
	}
}

// converge uploads what hosts need and runs the gridapp.
func (r *gridappResource) converge(ctx context.Context, m *gridappModel, limit timeoutOf, diags *diag.Diagnostics) bool {
	limited, cancel := withTimeout(ctx, m.Timeouts, limit, gridappTimeout, diags)
	defer cancel()
	w := m.want(ctx, diags)
	if diags.HasError() {
		return false
	}
	if kid := w.spec.KID(); !m.KID.IsUnknown() && m.KID.canonical() != string(kid) {
		diags.AddAttributeError(path.Root("kid"), "The gridapp changed since the plan: plan again",
			fmt.Sprintf("The plan is for %s, and its files now make it %s.", keg.KID(m.KID.canonical()).Short(), kid.Short()))
		return false
	}
	result, err := r.run(limited, w)
	if err != nil {
		diags.AddError(m.label()+" failed", err.Error())
		return false
	}
	m.KID = wordOf[kidKind](string(w.spec.KID()))
	m.observe(ctx, result, diags)
	return true
}

func (r *gridappResource) run(ctx context.Context, w work) (result gridapp.Result, err error) {
	engine, err := r.site.gridappClient()
	if err != nil {
		return result, err
	}
	store, err := r.site.siteKeg()
	if err != nil {
		return result, err
	}
	if w.spec.KegURL, err = r.site.hostsKeg(ctx); err != nil {
		return result, err
	}
	nodes, err := engine.Nodes(ctx, w.spec.NodePool)
	if err != nil {
		return result, err
	}
	if !slices.ContainsFunc(nodes, func(n gridapp.Node) bool { return n.Status == "ready" && n.Eligible }) {
		return result, fmt.Errorf("no host serves kernel %s, so that nothing could run there: give hosts this kernel, and the gridapp their names in hosts", w.spec.NodePool)
	}
	if err := w.upload(ctx, store); err != nil {
		return result, err
	}
	if deadline, ok := ctx.Deadline(); ok {
		w.spec.Timeout = time.Until(deadline)
	}
	return engine.Run(ctx, w.spec, gridapp.RunOptions{Keg: store, Progress: func(p gridapp.Progress) {
		r.site.log.InfoContext(ctx, p.Message, "gridapp", p.Job, "done", p.Done, "of", p.Total)
	}})
}

// upload puts scripts and artefacts into the keg.
func (w work) upload(ctx context.Context, store keg.Store) error {
	for kid, text := range w.texts {
		if _, _, err := store.Put(ctx, strings.NewReader(text)); err != nil {
			return fmt.Errorf("upload script %s: %w", kid.Short(), err)
		}
	}
	for kid, name := range w.files {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		got, _, err := store.Put(ctx, f)
		err = errors.Join(err, f.Close())
		if err != nil {
			return fmt.Errorf("upload %s: %w", name, err)
		}
		if got != kid {
			return fmt.Errorf("%s changed while it was uploaded: plan again", name)
		}
	}
	return nil
}

func (r *gridappResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var m gridappModel
	diags := &resp.Diagnostics
	diags.Append(req.State.Get(ctx, &m)...)
	if diags.HasError() {
		return
	}
	m.identity().set(ctx, resp.Identity, diags)
	engine, err := r.site.gridappClient()
	var result gridapp.Result
	if err == nil {
		result, err = engine.Observe(ctx, gridapp.DomainOf(m.Kernel.ValueString(), "").Namespace, m.Name.ValueString())
	}
	switch {
	case errors.Is(err, gridapp.ErrNotFound):
		// Nomad forgets batches some hours after their end. What they gave stays.
		if m.State.ValueString() != gridapp.StateComplete || r.kernelGone(ctx, m) {
			resp.State.RemoveResource(ctx)
		}
		return
	case err != nil:
		addReadProblem(diags, m.label(), err)
		return
	}
	m.State = types.StringValue(result.State)
	if result.KID.Valid() {
		m.KID = wordOf[kidKind](string(result.KID))
	}
	diags.Append(resp.State.Set(ctx, m)...)
}

// kernelGone tells whether the kernel of a gridapp was destroyed.
func (r *gridappResource) kernelGone(ctx context.Context, m gridappModel) bool {
	hub, err := r.site.ophubClient()
	if err != nil {
		return false
	}
	_, err = hub.Kernel(ctx, m.Kernel.ValueString())
	return errors.Is(err, ophub.ErrNotFound)
}

func (r *gridappResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var m gridappModel
	diags := &resp.Diagnostics
	diags.Append(req.State.Get(ctx, &m)...)
	if diags.HasError() {
		return
	}
	ctx, cancel := withTimeout(ctx, m.Timeouts, timeouts.Value.Delete, gridappTimeout, diags)
	defer cancel()
	engine, err := r.site.gridappClient()
	if err == nil {
		err = engine.Stop(ctx, gridapp.DomainOf(m.Kernel.ValueString(), "").Namespace, m.Name.ValueString(), true)
	}
	if err != nil {
		diags.AddError(m.label()+" could not be stopped", err.Error())
	}
}
