package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// portModel is a switch port as HCL has it. An attribute that is left out asks
// for the switch's default, or is left alone where the mode has no use for it.
type portModel struct {
	Mode         types.String `tfsdk:"mode"`
	AccessVLAN   types.Int64  `tfsdk:"access_vlan"`
	NativeVLAN   types.Int64  `tfsdk:"native_vlan"`
	AllowedVLANs VLANList     `tfsdk:"allowed_vlans"`
	Description  types.String `tfsdk:"description"`
	Shutdown     types.Bool   `tfsdk:"shutdown"`
	PortFast     types.Bool   `tfsdk:"portfast"`
	widePort
}

var portTypes = joined(widePortTypes, map[string]attr.Type{
	"mode":          types.StringType,
	"access_vlan":   types.Int64Type,
	"native_vlan":   types.Int64Type,
	"allowed_vlans": VLANListType,
	"description":   types.StringType,
	"shutdown":      types.BoolType,
	"portfast":      types.BoolType,
})

func joined[V any](maps ...map[string]V) map[string]V {
	out := map[string]V{}
	for _, m := range maps {
		for name, v := range m {
			out[name] = v
		}
	}
	return out
}

func portAttributes() map[string]schema.Attribute {
	return joined(widePortAttributes(), map[string]schema.Attribute{
		"mode": schema.StringAttribute{
			MarkdownDescription: "`access`, `trunk`, `dynamic auto` or `dynamic desirable`. Default: what the platform does with a port that was told nothing.",
			Optional:            true,
			Validators: []validator.String{stringvalidator.OneOf(
				string(fabric.ModeAccess), string(fabric.ModeTrunk), string(fabric.ModeDynamicAuto), string(fabric.ModeDynamicDesirable))},
		},
		"access_vlan": schema.Int64Attribute{
			MarkdownDescription: "VLAN of the port while it is no trunk. Default: 1.",
			Optional:            true,
			Validators:          []validator.Int64{isVLAN},
		},
		"native_vlan": schema.Int64Attribute{
			MarkdownDescription: "VLAN of a trunk's untagged frames. Default: 1.",
			Optional:            true,
			Validators:          []validator.Int64{isVLAN},
		},
		"allowed_vlans": schema.StringAttribute{
			MarkdownDescription: "VLANs that a trunk carries, such as `1,20-29`, or `all`, or `none`. Default: all. However it is spelt, it is compared as a set.",
			CustomType:          VLANListType,
			Optional:            true,
		},
		"description": schema.StringAttribute{
			MarkdownDescription: "Description of the port.",
			Optional:            true,
		},
		"shutdown": schema.BoolAttribute{
			MarkdownDescription: "Whether the port is shut down. Default: `false`.",
			Optional:            true,
		},
		"portfast": schema.BoolAttribute{
			MarkdownDescription: "Whether spanning tree forwards at once on this port, as a port to a host needs that boots over the network. Default: `false`.",
			Optional:            true,
		},
	})
}

// want returns the port that m asks for. A malformed VLAN list is left out
// here: its own type has reported it.
func (m portModel) want(name string) fabric.Port {
	p := fabric.Port{
		Name:        name,
		Mode:        fabric.PortMode(m.Mode.ValueString()),
		AccessVLAN:  int(m.AccessVLAN.ValueInt64()),
		NativeVLAN:  int(m.NativeVLAN.ValueInt64()),
		Description: m.Description.ValueString(),
		Shutdown:    m.Shutdown.ValueBool(),
		PortFast:    m.PortFast.ValueBool(),
	}
	if set, err := fabric.ParseVLANSet(m.AllowedVLANs.ValueString()); err == nil {
		p.Allowed = set
	}
	m.widePort.want(&p)
	return p
}

// observe notes a port as it was seen. What was left out before stays so while
// it has its default, or while the mode makes no use of it.
func (m *portModel) observe(p fabric.Port) {
	// Members of a port-channel have its switching: that is no drift of theirs.
	own := p.Group() == 0
	trunk := p.Mode == fabric.ModeTrunk
	access := p.Mode == fabric.ModeAccess
	if !m.Mode.IsNull() || own && p.Mode != fabric.ModeDefault {
		m.Mode = types.StringValue(string(p.Mode))
	}
	if !m.AccessVLAN.IsNull() || own && !trunk && p.AccessVLAN != 1 {
		m.AccessVLAN = types.Int64Value(int64(p.AccessVLAN))
	}
	if !m.NativeVLAN.IsNull() || own && !access && p.NativeVLAN != 1 {
		m.NativeVLAN = types.Int64Value(int64(p.NativeVLAN))
	}
	if !m.AllowedVLANs.IsNull() || own && !access && !p.Allowed.IsAll() {
		if m.AllowedVLANs.canonical() != p.Allowed.String() {
			m.AllowedVLANs = wordOf[vlanKind](p.Allowed.String())
		}
	}
	if !m.Description.IsNull() || p.Description != "" {
		m.Description = types.StringValue(p.Description)
	}
	if !m.Shutdown.IsNull() || p.Shutdown {
		m.Shutdown = types.BoolValue(p.Shutdown)
	}
	if !m.PortFast.IsNull() || p.PortFast {
		m.PortFast = types.BoolValue(p.PortFast)
	}
	m.widePort.observe(p)
}

// adopt notes a port that is imported: all that it was told.
func (m *portModel) adopt(p fabric.Port) {
	m.observe(p)
	m.widePort.adopt(p)
}

// values are all attributes of the port.
func (m portModel) values() []attr.Value {
	return append([]attr.Value{m.Mode, m.AccessVLAN, m.NativeVLAN, m.AllowedVLANs, m.Description, m.Shutdown, m.PortFast}, m.widePort.values()...)
}

// untold tells whether nothing is said of the port.
func (m portModel) untold() bool {
	for _, v := range m.values() {
		if !v.IsNull() {
			return false
		}
	}
	return true
}

// nullPort is a port of which nothing is said.
func nullPort() portModel {
	return portModel{
		Mode: types.StringNull(), AccessVLAN: types.Int64Null(), NativeVLAN: types.Int64Null(),
		AllowedVLANs: noWord[vlanKind](), Description: types.StringNull(),
		Shutdown: types.BoolNull(), PortFast: types.BoolNull(), widePort: nothingWide(),
	}
}

// isVLAN checks that a number is that of a VLAN which can be used.
var isVLAN vlanID

type vlanID struct{}

var _ validator.Int64 = vlanID{}

func (vlanID) Description(context.Context) string {
	return fmt.Sprintf("a VLAN from %d to %d, without %d to %d", fabric.MinVLAN, fabric.MaxVLAN, fabric.FirstReserved, fabric.LastReserved)
}

func (v vlanID) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (vlanID) ValidateInt64(ctx context.Context, req validator.Int64Request, resp *validator.Int64Response) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	id := req.ConfigValue.ValueInt64()
	if detail := vlanProblem(id); detail != "" {
		resp.Diagnostics.Append(diag.NewAttributeErrorDiagnostic(req.Path, "No usable VLAN", detail))
	}
}

// vlanProblem says what is wrong with a VLAN's number, or nothing.
func vlanProblem(id int64) string {
	switch {
	case id < fabric.MinVLAN || id > fabric.MaxVLAN:
		return fmt.Sprintf("VLAN %d does not exist: VLANs are numbered %d to %d.", id, fabric.MinVLAN, fabric.MaxVLAN)
	case id >= fabric.FirstReserved && id <= fabric.LastReserved:
		return fmt.Sprintf("VLAN %d is reserved: switches keep %d to %d for FDDI and Token Ring.", id, fabric.FirstReserved, fabric.LastReserved)
	}
	return ""
}
