package provider

import (
	"context"
	"errors"
	"fmt"
	"regexp"
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
	_ resource.ResourceWithConfigure      = (*hostResource)(nil)
	_ resource.ResourceWithValidateConfig = (*hostResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*hostResource)(nil)
	_ resource.ResourceWithImportState    = (*hostResource)(nil)
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

var hostName = stringvalidator.RegexMatches(regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`),
	"must be a host name: lower-case letters, digits and hyphens, at most 63")

func (r *hostResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A machine: where it is plugged in, what it boots and which kernels it serves.\n\n" +
			"Apply records it, lets it boot from the network and waits until its agent has registered with the image that was asked for. " +
			"When it does not get there, the error names the stage at which it stopped. `effect` says in the plan what becomes of a running machine; none is power-cycled that the plan did not name.\n\n" +
			"A host whose create fails is not in the state: its record is withdrawn and it is switched off again if it was off before. Destroying a host switches it off and removes its record.",
		Attributes: map[string]schema.Attribute{
			"name": schema.StringAttribute{
				MarkdownDescription: "Host name.",
				Required:            true,
				Validators:          []validator.String{hostName},
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"macs": schema.ListAttribute{
				MarkdownDescription: "MAC addresses that it may boot from, the usual one first.",
				ElementType:         MACType,
				Required:            true,
				Validators:          []validator.List{listvalidator.SizeAtLeast(1)},
			},
			"switch": schema.StringAttribute{
				MarkdownDescription: "Switch that it is plugged into. Refer to a `cthulix_switch`, so that its ports are configured first.",
				Optional:            true,
				Validators:          []validator.String{stringvalidator.AlsoRequires(path.MatchRoot("port"))},
			},
			"port": schema.StringAttribute{
				MarkdownDescription: "Port of the switch.",
				CustomType:          PortNameType,
				Optional:            true,
				Validators:          []validator.String{stringvalidator.AlsoRequires(path.MatchRoot("switch"))},
			},
			"vlan": schema.Int64Attribute{
				MarkdownDescription: "VLAN that it boots in. It must be the port's VLAN for untagged frames, which is checked at plan.",
				Optional:            true,
				Validators:          []validator.Int64{isVLAN, int64validator.AlsoRequires(path.MatchRoot("port"))},
			},
			"image": schema.StringAttribute{
				MarkdownDescription: "KID of the image that it boots.",
				CustomType:          KIDType,
				Required:            true,
			},
			"kernels": schema.SetAttribute{
				MarkdownDescription: "Names of the kernels that it serves. A running host joins and leaves them without a restart.",
				ElementType:         types.StringType,
				Optional:            true,
			},
			"args": schema.ListAttribute{
				MarkdownDescription: "Arguments for the command line of linux, beside the image's.",
				ElementType:         types.StringType,
				Optional:            true,
			},
			"firmware": schema.StringAttribute{
				MarkdownDescription: "How it boots: `bios` (the default) or `uefi`.",
				Optional:            true, Computed: true,
				Default:    stringdefault.StaticString(firmwareBIOS),
				Validators: []validator.String{stringvalidator.OneOf(firmwareBIOS, firmwareUEFI)},
			},
			"bmc": schema.SingleNestedAttribute{
				MarkdownDescription: "Its management controller.",
				Required:            true,
				Attributes: map[string]schema.Attribute{
					"address": schema.StringAttribute{
						MarkdownDescription: "IP address or host name, and a port if it is not 623.",
						Required:            true,
					},
					"credentials": schema.StringAttribute{
						MarkdownDescription: "Name of an entry of the provider's `credentials`.",
						Required:            true,
					},
					"cipher_suites": schema.ListAttribute{
						MarkdownDescription: "Cipher suites to try, in order. Default: 17, then 3. Suite 0, which takes any password, is refused.",
						ElementType:         types.Int64Type,
						Optional:            true,
						Validators:          []validator.List{listvalidator.ValueInt64sAre(int64validator.OneOf(3, 17))},
					},
				},
			},
			"power": schema.StringAttribute{
				MarkdownDescription: "`on` (the default) or `off`.",
				Optional:            true, Computed: true,
				Default:    stringdefault.StaticString(powerOn),
				Validators: []validator.String{stringvalidator.OneOf(powerOn, powerOff)},
			},
			"reboot_policy": schema.StringAttribute{
				MarkdownDescription: "Whether a change that needs a restart restarts the machine: `apply` (the default) does it while applying, `next_boot` leaves it to whoever restarts it next.",
				Optional:            true, Computed: true,
				Default:    stringdefault.StaticString(rebootApply),
				Validators: []validator.String{stringvalidator.OneOf(rebootApply, rebootNextBoot)},
			},
			"effect": computedString("What the apply does to the machine: `none`, `live` (changed while it runs), `next_boot`, `reboot`, `power_on` or `power_off`. " +
				"A `reboot` is left out if the machine turns out to run the right image already and nothing else calls for one."),
			"effect_reason": computedString("Why."),
			"boot_device":   computedString("What its BMC lets it boot from: `pxe` when all is well, else `disk`, `none` or `other`."),
			"booted_image": schema.StringAttribute{
				MarkdownDescription: "KID of the image that it runs, as its agent says.",
				CustomType:          KIDType,
				Computed:            true,
			},
			"boot_id": computedString("Identifies the boot: another one after each restart."),
			"addresses": schema.ListAttribute{
				MarkdownDescription: "IP addresses of the host, the one to reach it by first.",
				ElementType:         types.StringType,
				Computed:            true,
			},
			"agent_version": computedString("Version of the agentd that runs on it."),
			"state":         computedString("`ready`, `not ready` or `off`."),
			"stage":         computedString("Where it stands on its way from power to work."),
			"timeouts":      timeouts.Attributes(ctx, timeouts.Opts{Create: true, Update: true, Delete: true}),
		},
	}
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
}

func (r *hostResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	diags := &resp.Diagnostics
	if req.Plan.Raw.IsNull() {
		var m hostModel
		diags.Append(req.State.Get(ctx, &m)...)
		diags.AddWarning(m.label()+" is switched off", "Destroying it shuts the machine down, cuts its power if it does not shut down within "+since(softOff)+", and removes its record.")
		return
	}
	m, state := modelsOf[hostModel](ctx, req.Plan, req.State, diags)
	if diags.HasError() || r.site == nil {
		return
	}
	r.claim(ctx, m, claimantOf(m.label(), req.Config, req.State), diags)
	if diags.HasError() {
		return
	}
	r.checkCable(ctx, m, diags)
	if state == nil || !state.Switch.Equal(m.Switch) || !state.Port.Equal(m.Port) || !state.MACs.Equal(m.MACs) {
		r.checkPlace(ctx, m, diags)
	}
	r.checkCredentials(ctx, m, diags)
	if diags.HasError() || !m.known(ctx) {
		return
	}
	if state != nil && !state.Name.Equal(m.Name) {
		state = nil
	}
	r.site.claims.planHost(m.Name.ValueString(), m.want(ctx, diags).Kernels)
	e := effectOf(ctx, m, state, diags)
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
		take(path.Root("port"), fmt.Sprintf("the cable in port %s of switch %s", m.Port.canonical(), m.Switch.ValueString()))
	}
	if address := m.bmc(ctx, diags).Address; !address.IsUnknown() && !address.IsNull() {
		take(path.Root("bmc").AtName("address"), "BMC "+address.ValueString())
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
	ctx, cancel := withTimeout(ctx, m.Timeouts, timeouts.Value.Create, hostTimeout, diags)
	defer cancel()
	h, err := r.site.machine(ctx, m, diags)
	if err != nil {
		diags.AddError(m.label()+" cannot be made", err.Error())
		return
	}
	e := effectOf(ctx, m, nil, diags)
	p, err := h.enlist(ctx)
	var agent *ophub.Agent
	if err == nil {
		agent, err = h.carryOut(ctx, e, &p)
	}
	if err != nil {
		addHostError(diags, m.label(), h.record.Image, err)
		if err := h.withdraw(ctx, p); err != nil {
			diags.AddWarning(m.label()+" could not be withdrawn", fmt.Sprintf("%v\n\nThe next apply takes up what is there.", err))
		}
		return
	}
	m.settle(ctx, e, agent, nil, diags)
	diags.Append(resp.State.Set(ctx, m)...)
}

func (r *hostResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	diags := &resp.Diagnostics
	m, state := modelsOf[hostModel](ctx, req.Plan, req.State, diags)
	if diags.HasError() {
		return
	}
	ctx, cancel := withTimeout(ctx, m.Timeouts, timeouts.Value.Update, hostTimeout, diags)
	defer cancel()
	h, err := r.site.machine(ctx, m, diags)
	if err != nil {
		diags.AddError(m.label()+" cannot be changed", err.Error())
		return
	}
	h.recallGaveUp(ctx, req.Private, diags)
	e := effectOf(ctx, m, state, diags)
	p, err := h.enlist(ctx)
	var agent *ophub.Agent
	if err == nil {
		agent, err = h.carryOut(ctx, e, &p)
	}
	if err != nil {
		addHostError(diags, m.label(), h.record.Image, err)
		h.noteGaveUp(ctx, err, resp.Private, diags)
		return
	}
	m.settle(ctx, e, agent, state, diags)
	diags.Append(resp.State.Set(ctx, m)...)
}

func (r *hostResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var m hostModel
	diags := &resp.Diagnostics
	diags.Append(req.State.Get(ctx, &m)...)
	if diags.HasError() {
		return
	}
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
	m.observeRecord(ctx, *view.Host, diags)
	m.observeAgent(ctx, view.Agent, diags)
	r.observeMachine(ctx, &m, view, diags)
	m.judge(view)
	m.Effect, m.EffectReason = types.StringValue(effectNone), types.StringValue("")
	diags.Append(resp.State.Set(ctx, m)...)
}

func (r *hostResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var m hostModel
	diags := &resp.Diagnostics
	diags.Append(req.State.Get(ctx, &m)...)
	if diags.HasError() {
		return
	}
	ctx, cancel := withTimeout(ctx, m.Timeouts, timeouts.Value.Delete, hostTimeout, diags)
	defer cancel()
	h, err := r.site.machine(ctx, m, diags)
	if err == nil {
		var on bool
		if on, err = h.powered(ctx); err == nil && on {
			err = h.switchOff(ctx)
		}
	}
	if err == nil {
		r.forgetNodes(ctx, h.record, diags)
		err = h.hub.DeleteHost(ctx, h.record.Name)
	}
	if err != nil {
		addHostError(diags, m.label(), h.imageOrNone(), err)
	}
}

// forgetNodes takes the host out of the engine that runs its kernels. Without
// that, it only takes the engine longer to notice.
func (r *hostResource) forgetNodes(ctx context.Context, record ophub.Host, diags *diag.Diagnostics) {
	if len(record.Kernels) == 0 {
		return
	}
	engine, err := r.site.gridappClient()
	for _, k := range record.Kernels {
		if err == nil {
			err = engine.ForgetHost(ctx, record.Name, gridapp.DomainOf(k, "").NodePool)
		}
	}
	if err != nil {
		diags.AddWarning("Nomad still lists the nodes of host "+record.Name, err.Error()+"\n\nThey go when they miss their heartbeat.")
	}
}

func (h *machine) imageOrNone() keg.KID {
	if h == nil {
		return ""
	}
	return h.record.Image
}

func (r *hostResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	name, credentials, given := strings.Cut(req.ID, "/")
	set := func(p path.Path, v any) { resp.Diagnostics.Append(resp.State.SetAttribute(ctx, p, v)...) }
	set(path.Root("name"), name)
	set(path.Root("reboot_policy"), rebootApply)
	if given {
		set(path.Root("bmc"), hostBMCModel{Credentials: types.StringValue(credentials), CipherSuites: types.ListNull(types.Int64Type)})
	}
}
