package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

var _ datasource.DataSourceWithConfigure = (*switchDataSource)(nil)

type switchDataSource struct{ dataSourceBase }

func newSwitchDataSource() datasource.DataSource { return &switchDataSource{} }

type switchDataModel struct {
	Name     types.String `tfsdk:"name"`
	Hostname types.String `tfsdk:"hostname"`
	Model    types.String `tfsdk:"model"`
	Version  types.String `tfsdk:"version"`
	VTPMode  types.String `tfsdk:"vtp_mode"`
	VLANs    types.Map    `tfsdk:"vlans"`
	Ports    types.Map    `tfsdk:"ports"`
}

func (d *switchDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_switch"
}

func (d *switchDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	text := func(what string) schema.StringAttribute {
		return schema.StringAttribute{MarkdownDescription: what, Computed: true}
	}
	number := func(what string) schema.Int64Attribute {
		return schema.Int64Attribute{MarkdownDescription: what, Computed: true}
	}
	truth := func(what string) schema.BoolAttribute {
		return schema.BoolAttribute{MarkdownDescription: what, Computed: true}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "What a switch has been told: its VLANs and all of its ports.",
		Attributes: map[string]schema.Attribute{
			"name": schema.StringAttribute{
				MarkdownDescription: "Name of the switch in the provider's `switches`.",
				Required:            true,
			},
			"hostname": text("Name that the switch has for itself."),
			"model":    text("Model of the switch."),
			"version":  text("Version of its operating system."),
			"vtp_mode": text("VTP mode: `server`, `client`, `transparent` or `off`."),
			"vlans": schema.MapNestedAttribute{
				MarkdownDescription: "VLANs by number.",
				Computed:            true,
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"name": text("Name of the VLAN."),
				}},
			},
			"ports": schema.MapNestedAttribute{
				MarkdownDescription: "Ports by name.",
				Computed:            true,
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"mode":        text("Mode of the port; empty if it was told none."),
					"access_vlan": number("VLAN of the port while it is no trunk."),
					"native_vlan": number("VLAN of a trunk's untagged frames."),
					"allowed_vlans": schema.StringAttribute{
						MarkdownDescription: "VLANs that a trunk carries.",
						CustomType:          VLANListType,
						Computed:            true,
					},
					"description": text("Description of the port."),
					"shutdown":    truth("Whether the port is shut down."),
					"portfast":    truth("Whether spanning tree forwards at once on the port."),
				}},
			},
		},
	}
}

func (d *switchDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m switchDataModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	sw, err := d.site.device(m.Name.ValueString())
	if err != nil {
		resp.Diagnostics.AddAttributeError(path.Root("name"), "Unknown switch", err.Error())
		return
	}
	obs, err := sw.observe(ctx)
	if err != nil {
		addSwitchError(&resp.Diagnostics, "read", err)
		return
	}
	m.Hostname, m.Model = types.StringValue(obs.Hostname), types.StringValue(obs.Model)
	m.Version, m.VTPMode = types.StringValue(obs.Version), types.StringValue(obs.VTPMode)
	vlans, ports := map[int]switchVLANModel{}, map[string]portModel{}
	for id, v := range obs.VLANs {
		vlans[id] = switchVLANModel{Name: types.StringValue(v.EffectiveName())}
	}
	for name, p := range obs.Ports {
		if !p.Routed {
			ports[name] = everything(p)
		}
	}
	m.VLANs = mapOf(ctx, switchVLANType, byText(vlans), &resp.Diagnostics)
	m.Ports = mapOf(ctx, portType, ports, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}

// everything describes a port with nothing left out.
func everything(p fabric.Port) portModel {
	return portModel{
		Mode:         types.StringValue(string(p.Mode)),
		AccessVLAN:   types.Int64Value(int64(p.AccessVLAN)),
		NativeVLAN:   types.Int64Value(int64(p.NativeVLAN)),
		AllowedVLANs: wordOf[vlanKind](p.Allowed.String()),
		Description:  types.StringValue(p.Description),
		Shutdown:     types.BoolValue(p.Shutdown),
		PortFast:     types.BoolValue(p.PortFast),
	}
}
