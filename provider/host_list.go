package provider

import (
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	query "github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

var _ query.ListResourceWithConfigure = (*hostResource)(nil)

type hostListModel struct {
	Switches types.List `tfsdk:"switches"`
}

func (r *hostResource) ListResourceConfigSchema(_ context.Context, _ query.ListResourceSchemaRequest, resp *query.ListResourceSchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Hosts on record. Which of the provider's `credentials` a BMC takes is not on record: a configuration that is generated from a result lacks it.",
		Attributes:          map[string]schema.Attribute{"switches": switchesFilter("Only hosts that are plugged into one of these switches.")},
	}
}

func (r *hostResource) List(ctx context.Context, req query.ListRequest, stream *query.ListResultsStream) {
	config, ok := listConfig[hostListModel](ctx, req, stream)
	if !ok {
		return
	}
	var switches []string
	diags := config.Switches.ElementsAs(ctx, &switches, false)
	hub, err := r.site.ophubClient()
	var hosts []ophub.Host
	if err == nil {
		hosts, err = hub.Hosts(ctx)
	}
	if err != nil {
		diags.AddError("The hosts cannot be listed", err.Error())
	}
	if diags.HasError() {
		stream.Results = query.ListResultsStreamDiagnostics(diags)
		return
	}
	stream.Results = limited(func(yield func(query.ListResult) bool) {
		for _, h := range hosts {
			if len(switches) > 0 && !slices.Contains(switches, h.Switch) {
				continue
			}
			if !yield(r.listed(hub, h).result(ctx, req)) {
				return
			}
		}
	}, req.Limit)
}

func (r *hostResource) listed(hub *ophub.Hub, record ophub.Host) listed {
	id := hostModel{Name: types.StringValue(record.Name)}.identity()
	display := record.Name
	if record.Switch != "" {
		display += " (" + record.Switch + " " + record.Port + ")"
	}
	return listed{id, display, func(ctx context.Context, to *tfsdk.Resource, diags *diag.Diagnostics) {
		var m hostModel
		id.set(ctx, to, diags)
		importedHost(ctx, to, diags)
		diags.Append(to.Get(ctx, &m)...)
		view, err := (&machine{hub: hub, record: record}).view(ctx)
		if err != nil {
			addReadProblem(diags, m.label(), err)
			view = ophub.View{Host: &record}
		}
		r.observe(ctx, &m, view, history{}, diags)
		diags.Append(to.Set(ctx, m)...)
	}}
}
