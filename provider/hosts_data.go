package provider

import (
	"context"
	"slices"
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

var _ datasource.DataSourceWithConfigure = (*hostsDataSource)(nil)

type hostsDataSource struct{ dataSourceBase }

func newHostsDataSource() datasource.DataSource { return &hostsDataSource{} }

type hostsDataModel struct {
	Kernel types.String `tfsdk:"kernel"`
	Hosts  types.Map    `tfsdk:"hosts"`
}

type hostDataModel struct {
	MACs         []string     `tfsdk:"macs"`
	Switch       types.String `tfsdk:"switch"`
	Port         types.String `tfsdk:"port"`
	VLAN         types.Int64  `tfsdk:"vlan"`
	Image        types.String `tfsdk:"image"`
	Kernels      []string     `tfsdk:"kernels"`
	Firmware     types.String `tfsdk:"firmware"`
	BMC          types.String `tfsdk:"bmc"`
	Live         types.Bool   `tfsdk:"live"`
	BootedImage  types.String `tfsdk:"booted_image"`
	BootID       types.String `tfsdk:"boot_id"`
	Addresses    []string     `tfsdk:"addresses"`
	AgentVersion types.String `tfsdk:"agent_version"`
}

var hostDataType = types.ObjectType{AttrTypes: map[string]attr.Type{
	"macs": types.ListType{ElemType: types.StringType}, "switch": types.StringType, "port": types.StringType, "vlan": types.Int64Type,
	"image": types.StringType, "kernels": types.ListType{ElemType: types.StringType}, "firmware": types.StringType, "bmc": types.StringType,
	"live": types.BoolType, "booted_image": types.StringType, "boot_id": types.StringType,
	"addresses": types.ListType{ElemType: types.StringType}, "agent_version": types.StringType,
}}

func (d *hostsDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_hosts"
}

func (d *hostsDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	text := func(what string) schema.StringAttribute {
		return schema.StringAttribute{MarkdownDescription: what, Computed: true}
	}
	texts := func(what string) schema.ListAttribute {
		return schema.ListAttribute{MarkdownDescription: what, ElementType: types.StringType, Computed: true}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "All hosts on record and what is known of them now. It does not wait for anything.",
		Attributes: map[string]schema.Attribute{
			"kernel": schema.StringAttribute{
				MarkdownDescription: "Only hosts that are to serve this kernel.",
				Optional:            true,
			},
			"hosts": schema.MapNestedAttribute{
				MarkdownDescription: "Hosts by name.",
				Computed:            true,
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"macs":     texts("MAC addresses."),
					"switch":   text("Switch that it is plugged into."),
					"port":     text("Port of the switch."),
					"vlan":     schema.Int64Attribute{MarkdownDescription: "VLAN that it boots in; 0 if none is on record.", Computed: true},
					"image":    text("KID of the image that it is to boot."),
					"kernels":  texts("Kernels that it is to serve."),
					"firmware": text("`bios` or `uefi`."),
					"bmc":      text("Address of its BMC."),
					"live":     schema.BoolAttribute{MarkdownDescription: "Whether its agent is registered.", Computed: true},
					"booted_image": text("KID of the image that it runs; empty if no agent is registered. " +
						"So are the attributes below."),
					"boot_id":       text("Identifies the boot."),
					"addresses":     texts("IP addresses."),
					"agent_version": text("Version of its agentd."),
				}},
			},
		},
	}
}

func (d *hostsDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m hostsDataModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	hosts, agents, err := d.read(ctx)
	if err != nil {
		resp.Diagnostics.AddError("The hosts cannot be read", err.Error())
		return
	}
	out := map[string]hostDataModel{}
	for _, h := range hosts {
		if !m.Kernel.IsNull() && !slices.Contains(h.Kernels, m.Kernel.ValueString()) {
			continue
		}
		out[h.Name] = describeHost(h, agents[h.Name])
	}
	m.Hosts = mapOf(ctx, hostDataType, out, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}

func (d *hostsDataSource) read(ctx context.Context) ([]ophub.Host, map[string]ophub.Agent, error) {
	hub, err := d.site.ophubClient()
	if err != nil {
		return nil, nil, err
	}
	hosts, err := hub.Hosts(ctx)
	if err != nil {
		return nil, nil, err
	}
	live, err := hub.Agents(ctx)
	if err != nil {
		return nil, nil, err
	}
	agents := map[string]ophub.Agent{}
	for _, a := range live {
		agents[a.Host] = a
	}
	return hosts, agents, nil
}

func describeHost(h ophub.Host, a ophub.Agent) hostDataModel {
	return hostDataModel{
		MACs: emptyNotNil(h.MACs), Switch: types.StringValue(h.Switch), Port: types.StringValue(h.Port), VLAN: types.Int64Value(int64(h.VLAN)),
		Image: types.StringValue(string(h.Image)), Kernels: emptyNotNil(h.Kernels), Firmware: types.StringValue(h.Firmware), BMC: types.StringValue(h.BMC),
		Live: types.BoolValue(a.BootID != "" || a.Image != keg.KID("")), BootedImage: types.StringValue(string(a.Image)),
		BootID: types.StringValue(a.BootID), Addresses: emptyNotNil(a.Addresses), AgentVersion: types.StringValue(a.Version),
	}
}

// byText keys a map by the decimal form of its numbers.
func byText[V any](m map[int]V) map[string]V {
	out := make(map[string]V, len(m))
	for k, v := range m {
		out[strconv.Itoa(k)] = v
	}
	return out
}
