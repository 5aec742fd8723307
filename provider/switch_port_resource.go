package provider

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

var (
	_ resource.ResourceWithConfigure      = (*switchPortResource)(nil)
	_ resource.ResourceWithValidateConfig = (*switchPortResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*switchPortResource)(nil)
	_ resource.ResourceWithImportState    = (*switchPortResource)(nil)
	_ resource.ResourceWithIdentity       = (*switchPortResource)(nil)
)

type switchPortResource struct {
	partResource[switchPortModel, *switchPortModel]
}

func newSwitchPortResource() resource.Resource { return &switchPortResource{} }

type switchPortModel struct {
	Switch    types.String   `tfsdk:"switch"`
	Port      PortName       `tfsdk:"port"`
	OnDestroy types.String   `tfsdk:"on_destroy"`
	Planned   types.List     `tfsdk:"planned_commands"`
	Rollback  types.List     `tfsdk:"rollback_commands"`
	Timeouts  timeouts.Value `tfsdk:"timeouts"`
	portModel
}

func (m switchPortModel) label() string {
	return fmt.Sprintf("cthulix_switch_port %s on %s", m.Port.canonical(), m.Switch.ValueString())
}

func portIdentity(sw, port string) identity { return identity{"switch": sw, "port": port} }

// identity has the canonical name of the port: another spelling is no other port.
func (m *switchPortModel) identity() identity {
	return portIdentity(m.Switch.ValueString(), m.Port.canonical())
}

func (m *switchPortModel) hold() (sw, onDestroy types.String, planned, rollback *types.List, limits timeouts.Value) {
	return m.Switch, m.OnDestroy, &m.Planned, &m.Rollback, m.Timeouts
}

func (m *switchPortModel) known(ctx context.Context) bool {
	for _, v := range m.values() {
		if !wholly(ctx, v) {
			return false
		}
	}
	return !m.Switch.IsUnknown() && !m.Port.IsUnknown()
}

func (m *switchPortModel) want(*diag.Diagnostics) scope {
	s := newScope()
	if name := m.Port.canonical(); name != "" {
		s.ports[name] = m.portModel.want(name)
	}
	return s
}

func (m *switchPortModel) observe(obs fabric.Observation) (there bool) {
	p, there := obs.Ports[m.Port.canonical()]
	if there {
		m.portModel.observe(p)
	}
	return there
}

func (m *switchPortModel) adopt(obs fabric.Observation) {
	m.portModel.adopt(obs.Ports[m.Port.canonical()])
}

func (m *switchPortModel) at(p []string) path.Path {
	if len(p) <= 2 {
		return path.Root("port")
	}
	names := portPath(p[2:])
	out := path.Root(names[0])
	for _, name := range names[1:] {
		out = out.AtName(name)
	}
	return out
}

func (r *switchPortResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_switch_port"
}

func (r *switchPortResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityOf(map[string]identityschema.Attribute{
		"switch": identityText("Name of the switch in the provider's switches."),
		"port":   identityText("Name of the port, such as GigabitEthernet1/0/1."),
	})
}

func (r *switchPortResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	attributes := map[string]schema.Attribute{
		"switch": schema.StringAttribute{
			MarkdownDescription: "Name of the switch in the provider's `switches`.",
			Required:            true,
			PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
		},
		"port": schema.StringAttribute{
			MarkdownDescription: "Name of the port, whole or abbreviated (`GigabitEthernet1/0/1`, `gi1/0/1`).",
			CustomType:          PortNameType,
			Required:            true,
			PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplaceIf(
				anotherWord[portKind], "another port is another resource", "another port is another resource")},
		},
		"on_destroy":        onDestroyAttribute(),
		"planned_commands":  plannedCommandsAttribute(),
		"rollback_commands": rollbackCommandsAttribute(),
		"timeouts":          timeouts.Attributes(ctx, timeouts.Opts{Create: true, Update: true, Delete: true}),
	}
	maps.Copy(attributes, portAttributes())
	resp.Schema = schema.Schema{
		MarkdownDescription: "One port of a switch that several configurations share. A configuration that owns the switch says it in `cthulix_switch`, in one transaction. Parts of one switch that Terraform applies at the same moment share a transaction: how many those can be is its `-parallelism`, unless the provider's `coalesce` is `plan`.",
		Attributes:          attributes,
	}
}

func (r *switchPortResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	sw, port, _ := strings.Cut(req.ID, "/")
	spell(ctx, req, "switch", &sw, &resp.Diagnostics)
	spell(ctx, req, "port", &port, &resp.Diagnostics)
	name, err := portKind{}.canonical(port)
	if sw == "" || err != nil {
		resp.Diagnostics.AddError("A port is imported as SWITCH/PORT", fmt.Sprintf("Write leaf1/GigabitEthernet1/0/1, for example; %q is no such name.", sw+"/"+port))
		return
	}
	importPart(ctx, portIdentity(sw, name), resp)
}
