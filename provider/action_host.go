package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/action/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/operate"
)

var (
	_ action.ActionWithConfigure  = (*hostAction)(nil)
	_ action.ActionWithModifyPlan = (*hostAction)(nil)
)

// hostVerb is what an action does to a host. The actions differ in this alone.
type hostVerb struct {
	name        string // of the action, after "cthulix_host_"
	description string
	attributes  map[string]schema.Attribute
	// withoutBMC is what needs no BMC, and so no credentials for one.
	withoutBMC bool
	// limit bounds it where the user does not.
	limit time.Duration
	run   func(ctx context.Context, h actedHost, config tfsdk.Config, diags *diag.Diagnostics) error
}

// hostVerbs are the actions on hosts.
var hostVerbs = []func() hostVerb{powerOnVerb, powerOffVerb, powerCycleVerb, identifyVerb, reprovisionVerb, drainVerb}

type hostAction struct {
	site *site
	verb hostVerb
}

// hostActions are what makes each of them.
func hostActions() []func() action.Action {
	var all []func() action.Action
	for _, verb := range hostVerbs {
		all = append(all, func() action.Action { return &hostAction{verb: verb()} })
	}
	return all
}

// hostActionModel is what all of them are told.
type hostActionModel struct {
	Name         types.String
	Credentials  types.String
	Address      types.String
	CipherSuites types.List
	Timeouts     timeouts.Value
}

func (a *hostAction) Metadata(_ context.Context, req action.MetadataRequest, resp *action.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_host_" + a.verb.name
}

func (a *hostAction) Configure(_ context.Context, req action.ConfigureRequest, resp *action.ConfigureResponse) {
	a.site = siteOf(req.ProviderData, &resp.Diagnostics)
}

func (a *hostAction) Schema(ctx context.Context, _ action.SchemaRequest, resp *action.SchemaResponse) {
	attributes := map[string]schema.Attribute{
		"name": schema.StringAttribute{
			MarkdownDescription: "Host name.",
			Required:            true,
			Validators:          []validator.String{hostName},
		},
		"timeouts": timeouts.Attributes(ctx),
	}
	if !a.verb.withoutBMC {
		maps.Copy(attributes, actionBMCAttributes())
	}
	maps.Copy(attributes, a.verb.attributes)
	resp.Schema = schema.Schema{
		MarkdownDescription: a.verb.description + "\n\nIt tells what it waits for while it goes on. Actions need Terraform 1.14; `cthulix host` does the same without Terraform.",
		Attributes:          attributes,
	}
}

// actionBMCAttributes say how to get at a host's BMC.
func actionBMCAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"credentials": schema.StringAttribute{
			MarkdownDescription: "Name of an entry of the provider's `credentials`: an account on its BMC.",
			Required:            true,
		},
		"address": schema.StringAttribute{
			MarkdownDescription: "Address of its BMC. Default: what its record says.",
			Optional:            true,
		},
		"cipher_suites": schema.ListAttribute{
			MarkdownDescription: "Cipher suites to try, in order. Default: 17, then 3.",
			ElementType:         types.Int64Type,
			Optional:            true,
			Validators:          []validator.List{listvalidator.ValueInt64sAre(int64validator.OneOf(3, 17))},
		},
	}
}

func (a *hostAction) read(ctx context.Context, config tfsdk.Config, diags *diag.Diagnostics) (m hostActionModel) {
	attributes := map[string]any{"name": &m.Name, "timeouts": &m.Timeouts}
	if !a.verb.withoutBMC {
		maps.Copy(attributes, map[string]any{"credentials": &m.Credentials, "address": &m.Address, "cipher_suites": &m.CipherSuites})
	}
	for name, to := range attributes {
		diags.Append(config.GetAttribute(ctx, path.Root(name), to)...)
	}
	return m
}

// ModifyPlan finds what is wrong before anything is done. It dials nobody.
func (a *hostAction) ModifyPlan(ctx context.Context, req action.ModifyPlanRequest, resp *action.ModifyPlanResponse) {
	diags := &resp.Diagnostics
	m := a.read(ctx, req.Config, diags)
	if diags.HasError() || a.site == nil || a.verb.withoutBMC {
		return
	}
	if !m.Credentials.IsUnknown() {
		if _, err := a.site.credential(m.Credentials.ValueString()); err != nil && !errors.Is(err, errUnknownConfiguration) {
			diags.AddAttributeError(path.Root("credentials"), "No such credentials", err.Error())
		}
	}
	if !m.Address.IsNull() && !m.Address.IsUnknown() {
		checkBMCAddress(path.Root("address"), m.Address.ValueString(), diags)
	}
}

func (a *hostAction) Invoke(ctx context.Context, req action.InvokeRequest, resp *action.InvokeResponse) {
	diags := &resp.Diagnostics
	m := a.read(ctx, req.Config, diags)
	if diags.HasError() {
		return
	}
	limit, more := m.Timeouts.Invoke(ctx, a.verb.limit)
	diags.Append(more...)
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("the action's timeout of %s is over", limit))
	defer cancel()
	h, err := a.host(ctx, m)
	if err == nil {
		h.Tell = func(s operate.Step) { resp.SendProgress(action.InvokeProgressEvent{Message: s.String()}) }
		err = a.verb.run(ctx, h, req.Config, diags)
	}
	if err != nil {
		addHostError(diags, fmt.Sprintf("cthulix_host_%s of %q", a.verb.name, m.Name.ValueString()), h.image, err)
	}
}

// actedHost is a host that an action is about.
type actedHost struct {
	operate.Host
	site  *site
	image keg.KID
}

// host finds the BMC: its address is in the record, its credentials never are.
func (a *hostAction) host(ctx context.Context, m hostActionModel) (h actedHost, err error) {
	h.Name, h.site, h.Secrets = m.Name.ValueString(), a.site, a.site.secrets()
	address := m.Address.ValueString()
	hub, err := a.site.ophubClient()
	switch {
	case err == nil:
		h.Records = hub
	case address == "" || errors.Is(err, errUnknownConfiguration):
		return h, err
	}
	if a.verb.withoutBMC {
		return h, err
	}
	if hub != nil {
		record, err := hub.Host(ctx, h.Name)
		if err != nil && address == "" {
			return h, err
		}
		h.image = record.Image
		if address == "" {
			address = record.BMC
		}
	}
	if address == "" {
		return h, fmt.Errorf("host %q has no BMC on record: set address", h.Name)
	}
	h.BMC, err = a.site.bmc(h.Name, address, m.Credentials.ValueString(), hostBMCModel{CipherSuites: m.CipherSuites}.suites())
	return h, err
}

func textOf(ctx context.Context, config tfsdk.Config, name, fallback string, diags *diag.Diagnostics) string {
	var text types.String
	diags.Append(config.GetAttribute(ctx, path.Root(name), &text)...)
	if text.IsNull() || text.IsUnknown() {
		return fallback
	}
	return text.ValueString()
}
