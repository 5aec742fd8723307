package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

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
					"name":  text("Name of the VLAN."),
					"state": text("`active` or `suspend`."),
				}},
			},
			"ports": schema.MapNestedAttribute{
				MarkdownDescription: "Ports by name.",
				Computed:            true,
				NestedObject: schema.NestedAttributeObject{Attributes: joined(widePortFacts(), map[string]schema.Attribute{
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
				})},
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
		vlans[id] = switchVLANModel{Name: types.StringValue(v.EffectiveName()), State: types.StringValue(v.EffectiveState())}
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
		widePort:     wideOf(p),
	}
}

// widePortFacts is what widePortAttributes is where it can only be read.
func widePortFacts() map[string]schema.Attribute {
	out := map[string]schema.Attribute{}
	for name, t := range widePortTypes {
		out[name] = factOf(name, t)
	}
	return out
}

func factOf(name string, t attr.Type) schema.Attribute {
	what := portFacts[name]
	switch t := t.(type) {
	case types.ObjectType:
		inner := map[string]schema.Attribute{}
		for name, t := range t.AttrTypes {
			inner[name] = factOf(name, t)
		}
		return schema.SingleNestedAttribute{MarkdownDescription: what, Computed: true, Attributes: inner}
	case basetypes.BoolType:
		return schema.BoolAttribute{MarkdownDescription: what, Computed: true}
	case basetypes.Int64Type:
		return schema.Int64Attribute{MarkdownDescription: what, Computed: true}
	}
	return schema.StringAttribute{MarkdownDescription: what, Computed: true}
}

var portFacts = map[string]string{
	"voice_vlan": "VLAN that phones tag: its number, `dot1p`, `untagged` or `none`.",
	"channel":    "Port-channel that the port is a member of.", "group": "Its number; 0 for none.",
	"mode":        "`active` or `passive` for LACP, `on` for none, `desirable` or `auto` for PAgP; of power: `auto`, `static` or `never`.",
	"nonegotiate": "Whether the port speaks no DTP.", "bpdu_guard": "Whether a BPDU shuts the port down.", "guard_root": "Whether the port is kept from becoming the way to the root bridge.",
	"storm_control": "Limits of floods.", "broadcast": "Level of broadcasts.", "multicast": "Level of multicasts.", "unicast": "Level of unicasts.", "action": "What is done about a flood.",
	"port_security": "Limit of the stations that may speak on the port.", "enabled": "Whether it is in force.", "maximum": "Number of stations.", "violation": "What a station too many does.", "sticky": "Whether addresses that are learned are kept.",
	"dhcp_snooping_trust": "Whether DHCP answers are taken from the port.", "lldp": "LLDP on the port.", "transmit": "Whether frames are sent.", "receive": "Whether frames are taken.", "cdp": "Whether the port speaks CDP.",
	"poe": "Power over Ethernet.", "max_milliwatts": "Limit of the power, if the port has one.", "speed": "Speed in Mbit/s, or `auto`.", "duplex": "Duplex mode.", "mtu": "Largest frame in bytes; 0 for the switch's own.",
}
