package provider

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	query "github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

var (
	_ query.ListResourceWithConfigure = (*switchResource)(nil)
	_ query.ListResourceWithConfigure = (*vlanResource)(nil)
	_ query.ListResourceWithConfigure = (*switchPortResource)(nil)
)

type switchListModel struct {
	Switches types.List `tfsdk:"switches"`
}

type portListModel struct {
	Switches   types.List `tfsdk:"switches"`
	Configured types.Bool `tfsdk:"configured"`
}

// listConfig reads the configuration of a list. What cannot be read is the
// stream's only result.
func listConfig[M any](ctx context.Context, req query.ListRequest, stream *query.ListResultsStream) (m M, ok bool) {
	if diags := req.Config.Get(ctx, &m); diags.HasError() {
		stream.Results = query.ListResultsStreamDiagnostics(diags)
		return m, false
	}
	return m, true
}

func (r *switchResource) ListResourceConfigSchema(_ context.Context, _ query.ListResourceSchemaRequest, resp *query.ListResourceSchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Switches of the provider's configuration, each with all that it has been told. A switch that cannot be reached is a warning; the others are listed.",
		Attributes:          map[string]schema.Attribute{"switches": switchesFilter("Names of switches. Default: all of the provider's `switches`.")},
	}
}

func (r *switchResource) List(ctx context.Context, req query.ListRequest, stream *query.ListResultsStream) {
	config, ok := listConfig[switchListModel](ctx, req, stream)
	if !ok {
		return
	}
	stream.Results = r.site.listSwitches(ctx, req, config.Switches, func(sw string, seen sight) []listed {
		id := switchModel{Name: types.StringValue(sw)}.identity()
		return []listed{{id, fmt.Sprintf("%s (%s)", sw, cmp.Or(seen.Model, seen.Hostname)), func(ctx context.Context, to *tfsdk.Resource, diags *diag.Diagnostics) {
			var m switchModel
			id.set(ctx, to, diags)
			diags.Append(to.Get(ctx, &m)...)
			m.adopt(ctx, seen.Observation, diags)
			diags.Append(to.Set(ctx, m)...)
		}}}
	})
}

func (r *vlanResource) ListResourceConfigSchema(_ context.Context, _ query.ListResourceSchemaRequest, resp *query.ListResourceSchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "VLANs of switches, but for the built-in ones. A switch that cannot be reached is a warning; the VLANs of the others are listed.",
		Attributes:          map[string]schema.Attribute{"switches": switchesFilter("Names of switches. Default: all of the provider's `switches`.")},
	}
}

func (r *vlanResource) List(ctx context.Context, req query.ListRequest, stream *query.ListResultsStream) {
	config, ok := listConfig[switchListModel](ctx, req, stream)
	if !ok {
		return
	}
	stream.Results = r.site.listSwitches(ctx, req, config.Switches, func(sw string, seen sight) []listed {
		var found []listed
		for _, id := range adoptableVLANs(seen.Observation) {
			display := fmt.Sprintf("%s VLAN %d (%s)", sw, id, seen.VLANs[id].EffectiveName())
			found = append(found, listedPart[vlanModel](vlanIdentity(sw, int64(id)), display, seen.Observation))
		}
		return found
	})
}

func (r *switchPortResource) ListResourceConfigSchema(_ context.Context, _ query.ListResourceSchemaRequest, resp *query.ListResourceSchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Ports and port-channels of switches, but for routed ones. A switch that cannot be reached is a warning; the ports of the others are listed.",
		Attributes: map[string]schema.Attribute{
			"switches": switchesFilter("Names of switches. Default: all of the provider's `switches`."),
			"configured": schema.BoolAttribute{
				MarkdownDescription: "Only ports that have been told anything. Default: `false`.",
				Optional:            true,
			},
		},
	}
}

func (r *switchPortResource) List(ctx context.Context, req query.ListRequest, stream *query.ListResultsStream) {
	config, ok := listConfig[portListModel](ctx, req, stream)
	if !ok {
		return
	}
	stream.Results = r.site.listSwitches(ctx, req, config.Switches, func(sw string, seen sight) []listed {
		var found []listed
		for _, name := range adoptablePorts(seen.Observation) {
			p := adoptedPort(seen.Ports[name])
			if config.Configured.ValueBool() && p.untold() {
				continue
			}
			display := sw + " " + name
			if text := seen.Ports[name].Description; text != "" {
				display += " (" + text + ")"
			}
			found = append(found, listedPart[switchPortModel](portIdentity(sw, name), display, seen.Observation))
		}
		return found
	})
}

// listedPart is a VLAN or a port that was found.
func listedPart[M any, P part[M]](id identity, display string, obs fabric.Observation) listed {
	return listed{id, display, func(ctx context.Context, to *tfsdk.Resource, diags *diag.Diagnostics) {
		m := P(new(M))
		id.set(ctx, to, diags)
		diags.Append(to.SetAttribute(ctx, path.Root("on_destroy"), onDestroyRestore)...)
		diags.Append(to.Get(ctx, m)...)
		m.observe(obs)
		m.adopt(obs)
		_, _, planned, rollback, _ := m.hold()
		*planned, *rollback = commandList(nil), commandList(nil)
		diags.Append(to.Set(ctx, m)...)
	}}
}

// adoptableVLANs are the VLANs that can be brought under Terraform: those that
// somebody made.
func adoptableVLANs(obs fabric.Observation) []int {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(obs.VLANs)), func(id int) bool { return id == 1 || vlanProblem(int64(id)) != "" })
}

// adoptablePorts are the ports that can be brought under Terraform, by number:
// those that switch.
func adoptablePorts(obs fabric.Observation) []string {
	names := slices.DeleteFunc(slices.Collect(maps.Keys(obs.Ports)), func(name string) bool { return obs.Ports[name].Routed })
	slices.SortFunc(names, byNumber)
	return names
}

// adoptedPort describes a port by all that it was told.
func adoptedPort(seen fabric.Port) portModel {
	p := nullPort()
	p.adopt(seen)
	return p
}

// byNumber orders names as people do: port 2 before port 10.
func byNumber(a, b string) int {
	for a != "" && b != "" {
		x, y := leadingNumber(a), leadingNumber(b)
		if x != "" && y != "" {
			// A number that does not fit is ordered as the largest one that does.
			i, _ := strconv.ParseUint(x, 10, 64)
			j, _ := strconv.ParseUint(y, 10, 64)
			if c := cmp.Compare(i, j); c != 0 {
				return c
			}
			a, b = a[len(x):], b[len(y):]
			continue
		}
		if c := cmp.Compare(a[0], b[0]); c != 0 {
			return c
		}
		a, b = a[1:], b[1:]
	}
	return cmp.Compare(len(a), len(b))
}

func leadingNumber(s string) string {
	end := 0
	for end < len(s) && s[end] >= '0' && s[end] <= '9' {
		end++
	}
	return s[:end]
}
