package provider

import (
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

var _ datasource.DataSourceWithConfigure = (*cablingDataSource)(nil)

type cablingDataSource struct{ dataSourceBase }

func newCablingDataSource() datasource.DataSource { return &cablingDataSource{} }

type cablingModel struct {
	Switch types.String `tfsdk:"switch"`
	Ports  types.Map    `tfsdk:"ports"`
}

// cableModel is what a switch sees on one port.
type cableModel struct {
	Neighbors []neighborModel `tfsdk:"neighbors"`
	Addresses []string        `tfsdk:"mac_addresses"`
}

type neighborModel struct {
	Protocol    string   `tfsdk:"protocol"`
	Name        string   `tfsdk:"name"`
	ChassisID   string   `tfsdk:"chassis_id"`
	Port        string   `tfsdk:"port"`
	Description string   `tfsdk:"port_description"`
	Platform    string   `tfsdk:"platform"`
	Addresses   []string `tfsdk:"addresses"`
}

var (
	textList     = types.ListType{ElemType: types.StringType}
	neighborType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"protocol": types.StringType, "name": types.StringType, "chassis_id": types.StringType, "port": types.StringType,
		"port_description": types.StringType, "platform": types.StringType, "addresses": textList,
	}}
	cableType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"neighbors": types.ListType{ElemType: neighborType}, "mac_addresses": textList,
	}}
)

func (d *cablingDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_cabling"
}

func (d *cablingDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	text := func(what string) schema.StringAttribute {
		return schema.StringAttribute{MarkdownDescription: what, Computed: true}
	}
	list := func(what string) schema.ListAttribute {
		return schema.ListAttribute{MarkdownDescription: what, ElementType: types.StringType, Computed: true}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "What a switch sees at the ends of its cables: who speaks LLDP or CDP there, and which addresses it has learned.",
		Attributes: map[string]schema.Attribute{
			"switch": schema.StringAttribute{
				MarkdownDescription: "Name of the switch in the provider's `switches`.",
				Required:            true,
			},
			"ports": schema.MapNestedAttribute{
				MarkdownDescription: "Ports by name, those on which anything is seen.",
				Computed:            true,
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"neighbors": schema.ListNestedAttribute{
						MarkdownDescription: "Who says of itself that it is there.",
						Computed:            true,
						NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
							"protocol":         text("`lldp` or `cdp`."),
							"name":             text("What it calls itself."),
							"chassis_id":       text("Its chassis ID, often a MAC address; LLDP only."),
							"port":             text("Its own name for its port."),
							"port_description": text("The description of its port."),
							"platform":         text("Its model; CDP only."),
							"addresses":        list("Its management addresses."),
						}},
					},
					"mac_addresses": list("Addresses that the switch has learned on the port."),
				}},
			},
		},
	}
}

func (d *cablingDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m cablingModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	sw, err := d.site.device(m.Switch.ValueString())
	if err != nil {
		resp.Diagnostics.AddAttributeError(path.Root("switch"), "Unknown switch", err.Error())
		return
	}
	seen, err := sw.cables(ctx)
	if err != nil {
		addSwitchError(&resp.Diagnostics, "read", err)
		return
	}
	m.Ports = mapOf(ctx, cableType, seen.byPort(), &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}

// byPort sorts what is seen by the port on which it is.
func (c cabling) byPort() map[string]cableModel {
	out := map[string]cableModel{}
	at := func(port string, change func(*cableModel)) {
		p, ok := out[port]
		if !ok {
			p = cableModel{Neighbors: []neighborModel{}, Addresses: []string{}}
		}
		change(&p)
		out[port] = p
	}
	for _, n := range c.neighbors {
		if n.LocalPort == "" {
			continue // old images do not say where
		}
		at(n.LocalPort, func(p *cableModel) {
			p.Neighbors = append(p.Neighbors, neighborModel{
				Protocol: n.Protocol, Name: n.Name, ChassisID: n.ChassisID, Port: n.Port, Description: n.PortDescription,
				Platform: n.Platform, Addresses: append([]string{}, n.Addresses...),
			})
		})
	}
	for _, e := range c.addresses {
		for _, port := range e.Ports {
			if _, err := (portKind{}).canonical(port); err != nil {
				continue // the switch's own processor
			}
			at(port, func(p *cableModel) {
				if !slices.Contains(p.Addresses, e.MAC) {
					p.Addresses = append(p.Addresses, e.MAC)
				}
			})
		}
	}
	for name, p := range out {
		slices.Sort(p.Addresses)
		out[name] = p
	}
	return out
}
