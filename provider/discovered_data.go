package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

var _ datasource.DataSourceWithConfigure = (*discoveredDataSource)(nil)

type discoveredDataSource struct{ dataSourceBase }

func newDiscoveredDataSource() datasource.DataSource { return &discoveredDataSource{} }

type discoveredDataModel struct {
	Hosts map[string]discoveredHostData `tfsdk:"hosts"`
}

// discoveredHostData is a machine that no record names.
type discoveredHostData struct {
	MACs      []string       `tfsdk:"macs"`
	First     string         `tfsdk:"first"`
	Last      string         `tfsdk:"last"`
	Address   string         `tfsdk:"address"`
	Switch    string         `tfsdk:"switch"`
	Port      string         `tfsdk:"port"`
	VLAN      int64          `tfsdk:"vlan"`
	Inventory *inventoryData `tfsdk:"inventory"`
}

func (d *discoveredDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_discovered_hosts"
}

func (d *discoveredDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Machines that booted and that no `cthulix_host` names. They run the site's discovery image and say themselves what they are; nobody vouches for it. " +
			"`cthulix host adopt` writes a `cthulix_host` for one.",
		Attributes: map[string]schema.Attribute{
			"hosts": schema.MapNestedAttribute{
				MarkdownDescription: "Machines by the MAC address that they booted from.",
				Computed:            true,
				NestedObject: schema.NestedAttributeObject{Attributes: described{
					"macs":      shownTexts("All its MAC addresses, the one that it booted from first."),
					"first":     shownText("When it was first heard of, in RFC 3339."),
					"last":      shownText("When it was last heard of."),
					"address":   shownText("Its IP address."),
					"switch":    shownText("Switch at the other end of the interface that it booted from, as LLDP tells; empty if nobody said so."),
					"port":      shownText("Port of that switch."),
					"vlan":      shownNumber("VLAN of the port's untagged frames; 0 when not told."),
					"inventory": shownObject("What it says that it is made of.", inventoryAttributes()),
				}},
			},
		},
	}
}

func (d *discoveredDataSource) Read(ctx context.Context, _ datasource.ReadRequest, resp *datasource.ReadResponse) {
	hub, err := d.site.ophubClient()
	var machines []ophub.Discovered
	if err == nil {
		machines, err = hub.Discovered(ctx)
	}
	if err != nil {
		resp.Diagnostics.AddError("The discovered machines cannot be read", err.Error())
		return
	}
	m := discoveredDataModel{Hosts: map[string]discoveredHostData{}}
	for _, one := range machines {
		m.Hosts[one.MAC] = describeDiscovered(one)
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}

func describeDiscovered(d ophub.Discovered) discoveredHostData {
	out := discoveredHostData{
		MACs: d.MACs(), First: timeText(d.First), Last: timeText(d.Last), Address: d.Address, Inventory: describeInventory(&d.Inventory),
	}
	if cable, ok := d.Cable(); ok {
		out.Switch, out.Port, out.VLAN = cable.Neighbor.System, cable.Neighbor.Port, int64(cable.Neighbor.VLAN)
	}
	return out
}
