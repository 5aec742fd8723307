package provider

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

var _ datasource.DataSourceWithConfigure = (*hostDataSource)(nil)

type hostDataSource struct{ dataSourceBase }

func newHostDataSource() datasource.DataSource { return &hostDataSource{} }

// oneHostModel is a host on record, how it is doing, and what it is made of.
type oneHostModel struct {
	Name types.String `tfsdk:"name"`
	hostDataModel
	State     types.String   `tfsdk:"state"`
	Stage     types.String   `tfsdk:"stage"`
	Evidence  types.String   `tfsdk:"evidence"`
	Inventory *inventoryData `tfsdk:"inventory"`
}

func (d *hostDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_host"
}

func (d *hostDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "One host on record, how it is doing now, and what its agent says that it is made of. It does not wait for anything.",
		Attributes: map[string]schema.Attribute{
			"name":     schema.StringAttribute{MarkdownDescription: "Host name.", Required: true},
			"macs":     shownTexts("MAC addresses."),
			"switch":   shownText("Switch that it is plugged into."),
			"port":     shownText("Port of the switch."),
			"vlan":     shownNumber("VLAN that it boots in; 0 if none is on record."),
			"image":    shownText("KID of the image that it is to boot."),
			"kernels":  shownTexts("Kernels that it is to serve."),
			"firmware": shownText("`bios` or `uefi`."),
			"bmc":      shownText("Address of its BMC."),
			"live":     shownTruth("Whether its agent is registered."),
			"booted_image": shownText("KID of the image that it runs; empty if no agent is registered. " +
				"So are the attributes below."),
			"boot_id":       shownText("Identifies the boot."),
			"addresses":     shownTexts("IP addresses."),
			"agent_version": shownText("Version of its agentd."),
			"state":         shownText("`ready` or `not ready`. Whether it has power is its BMC's to tell: see the data source `cthulix_bmc`."),
			"stage":         shownText("Where it stands on its way from power to work."),
			"evidence":      shownText("What was last seen of it."),
			"inventory":     shownObject("What its agent says that it is made of; null if none is registered, or it does not say.", inventoryAttributes()),
		},
	}
}

func (d *hostDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var name types.String
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("name"), &name)...)
	if resp.Diagnostics.HasError() {
		return
	}
	view, err := d.view(ctx, name.ValueString())
	switch {
	case errors.Is(err, ophub.ErrNotFound):
		resp.Diagnostics.AddAttributeError(path.Root("name"), "No such host", fmt.Sprintf("There is no host %q on record. The data source cthulix_hosts lists those that are.", name.ValueString()))
		return
	case err != nil:
		resp.Diagnostics.AddError(fmt.Sprintf("Host %q cannot be read", name.ValueString()), err.Error())
		return
	}
	m := oneHostModel{Name: name}
	agent := ophub.Agent{}
	if view.Agent != nil {
		agent = *view.Agent
		m.Inventory = describeInventory(agent.Inventory)
	}
	m.hostDataModel = describeHost(*view.Host, agent)
	verdict := ophub.Diagnose(view, view.Host.Image, true, time.Time{})
	m.State, m.Stage, m.Evidence = types.StringValue(hostNotReady), types.StringValue(verdict.Stage), types.StringValue(verdict.Evidence)
	if verdict.Ready {
		m.State, m.Stage = types.StringValue(hostReady), types.StringValue(hostReady)
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}

func (d *hostDataSource) view(ctx context.Context, name string) (ophub.View, error) {
	hub, err := d.site.ophubClient()
	if err != nil {
		return ophub.View{}, err
	}
	return (&machine{hub: hub, record: ophub.Host{Name: name}}).view(ctx)
}
