package provider

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// sviModel is the switch's own interface in a VLAN. What is left out is left
// alone.
type sviModel struct {
	Addresses   types.List   `tfsdk:"addresses"`
	Helpers     types.List   `tfsdk:"helpers"`
	Description types.String `tfsdk:"description"`
	Shutdown    types.Bool   `tfsdk:"shutdown"`
}

var (
	sviTypes = map[string]attr.Type{
		"addresses": types.ListType{ElemType: types.StringType}, "helpers": types.ListType{ElemType: types.StringType},
		"description": types.StringType, "shutdown": types.BoolType,
	}
	sviType = types.ObjectType{AttrTypes: sviTypes}
)

func layer3Attributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"svis": schema.MapNestedAttribute{
			MarkdownDescription: "The switch's own interfaces, by the number of their VLAN. What is left out of one is left alone.",
			Optional:            true,
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"addresses": schema.ListAttribute{
					MarkdownDescription: "Its address with a prefix length, such as `10.20.0.1/24`, then secondary ones. An empty list takes all away.",
					ElementType:         types.StringType,
					Optional:            true,
				},
				"helpers": schema.ListAttribute{
					MarkdownDescription: "Where DHCP requests of the VLAN are relayed to. An empty list takes all away.",
					ElementType:         types.StringType,
					Optional:            true,
				},
				"description": schema.StringAttribute{MarkdownDescription: "Description of the interface.", Optional: true},
				"shutdown":    schema.BoolAttribute{MarkdownDescription: "Whether the interface is shut down.", Optional: true},
			}},
		},
	}
}

func vlanStateAttribute() schema.StringAttribute {
	return schema.StringAttribute{
		MarkdownDescription: "`active` or `suspend`. Left out, it is left alone.",
		Optional:            true,
		Validators:          []validator.String{stringvalidator.OneOf(fabric.VLANActive, fabric.VLANSuspend)},
	}
}

// wantLayer3 adds SVIs to what m describes.
func (m switchModel) wantLayer3(ctx context.Context, s *scope, diags *diag.Diagnostics) {
	svis := switchSVIs.known(ctx, m.SVIs, diags)
	for _, key := range slices.Sorted(maps.Keys(svis)) {
		at := path.Root("svis").AtMapKey(key)
		id, err := strconv.Atoi(key)
		if err != nil || strconv.Itoa(id) != key {
			diags.AddAttributeError(at, "No usable VLAN", fmt.Sprintf("SVIs are named by the number of their VLAN, such as \"20\"; %q is none.", key))
			continue
		}
		if detail := vlanProblem(int64(id)); detail != "" {
			diags.AddAttributeError(at, "No usable VLAN", detail)
			continue
		}
		s.svis[id] = svis[key].want(id, at, diags)
	}
}

func (m sviModel) want(id int, at path.Path, diags *diag.Diagnostics) fabric.SVI {
	v := fabric.SVI{VLAN: id, Shutdown: toggle(m.Shutdown)}
	v.Addresses = parsed(m.Addresses, at.AtName("addresses"), "an address with a prefix length, such as 10.20.0.1/24", netip.ParsePrefix, diags)
	v.Helpers = parsed(m.Helpers, at.AtName("helpers"), "an address", netip.ParseAddr, diags)
	if !m.Description.IsNull() && !m.Description.IsUnknown() {
		text := m.Description.ValueString()
		v.Description = &text
	}
	return v
}

// parsed reads the elements of a list: nil for one that is not said.
func parsed[E any](l types.List, at path.Path, what string, parse func(string) (E, error), diags *diag.Diagnostics) []E {
	if l.IsNull() || l.IsUnknown() {
		return nil
	}
	out := []E{}
	for i, v := range l.Elements() {
		s, ok := v.(types.String)
		if !ok || s.IsUnknown() {
			continue
		}
		e, err := parse(s.ValueString())
		if err != nil {
			diags.AddAttributeError(at.AtListIndex(i), "No usable address", fmt.Sprintf("%q is not %s.", s.ValueString(), what))
			continue
		}
		out = append(out, e)
	}
	return out
}

// observe notes what was seen of what m speaks of.
func (m *sviModel) observe(v fabric.SVI) {
	seen := sviOf(v)
	see(&m.Addresses, seen.Addresses)
	see(&m.Helpers, seen.Helpers)
	see(&m.Description, seen.Description)
	see(&m.Shutdown, seen.Shutdown)
}

// sviOf describes an SVI as it was seen, with nothing left out.
func sviOf(v fabric.SVI) sviModel {
	description := ""
	if v.Description != nil {
		description = *v.Description
	}
	return sviModel{
		Addresses: texts(v.Addresses), Helpers: texts(v.Helpers),
		Description: types.StringValue(description), Shutdown: types.BoolValue(v.Down()),
	}
}

func texts[E fmt.Stringer](list []E) types.List {
	v := make([]attr.Value, len(list))
	for i, e := range list {
		v[i] = types.StringValue(e.String())
	}
	return types.ListValueMust(types.StringType, v)
}

func (m *switchModel) observeLayer3(ctx context.Context, obs fabric.Observation, diags *diag.Diagnostics) {
	switchSVIs.observe(ctx, &m.SVIs, func(key string, v *sviModel) bool {
		id, err := strconv.Atoi(key)
		seen, there := obs.SVIs[id]
		if err != nil || !there {
			return false
		}
		v.observe(seen)
		return true
	}, diags)
}

// adoptLayer3 describes the SVIs of a switch that is imported: those that have
// an address.
func (m *switchModel) adoptLayer3(ctx context.Context, obs fabric.Observation, diags *diag.Diagnostics) {
	svis := map[string]sviModel{}
	for id, v := range obs.SVIs {
		if len(v.Addresses) > 0 {
			svi := sviOf(v)
			if svi.Description.ValueString() == "" {
				// Terraform writes an empty text as none when it generates configuration.
				svi.Description = types.StringNull()
			}
			svis[strconv.Itoa(id)] = svi
		}
	}
	if len(svis) > 0 {
		m.SVIs = mapOf(ctx, sviType, svis, diags)
	}
}
