package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/cthulix/terraform-provider-cthulix/provider"
)

// plugin is the provider behind Terraform's protocol, without Terraform.
type plugin struct {
	server tfprotov6.ProviderServer
	types  map[string]tftypes.Type // of resources, by their types
}

// held is a resource as Terraform keeps it.
type held struct {
	config  *tfprotov6.DynamicValue
	state   *tfprotov6.DynamicValue
	private []byte
}

func newPlugin(ctx context.Context, config map[string]any) (*plugin, error) {
	server, err := provider.New("bench")
	if err != nil {
		return nil, err
	}
	schema, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		return nil, err
	}
	p := &plugin{server: server, types: map[string]tftypes.Type{}}
	for name, s := range schema.ResourceSchemas {
		p.types[name] = s.ValueType()
	}
	block, err := value(schema.Provider.ValueType(), config)
	if err != nil {
		return nil, err
	}
	resp, err := server.ConfigureProvider(ctx, &tfprotov6.ConfigureProviderRequest{TerraformVersion: "1.11.0", Config: block})
	if err != nil {
		return nil, err
	}
	return p, failure(resp.Diagnostics)
}

// value is a configuration in the protocol's encoding. What it leaves out is null.
func value(typ tftypes.Type, config map[string]any) (*tfprotov6.DynamicValue, error) {
	text, err := json.Marshal(config)
	if err != nil {
		return nil, err
	}
	v, err := (&tfprotov6.DynamicValue{JSON: text}).Unmarshal(typ)
	if err != nil {
		return nil, err
	}
	dv, err := tfprotov6.NewDynamicValue(typ, v)
	return &dv, err
}

func failure(diags []*tfprotov6.Diagnostic) error {
	for _, d := range diags {
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			return fmt.Errorf("%s: %s", d.Summary, d.Detail)
		}
	}
	return nil
}

// create makes the calls of an apply of a new resource.
func (p *plugin) create(ctx context.Context, kind string, config map[string]any) (held, error) {
	typ := p.types[kind]
	block, err := value(typ, config)
	if err != nil {
		return held{}, err
	}
	null, err := tfprotov6.NewDynamicValue(typ, tftypes.NewValue(typ, nil))
	if err != nil {
		return held{}, err
	}
	plan, err := p.server.PlanResourceChange(ctx, &tfprotov6.PlanResourceChangeRequest{
		TypeName: kind, PriorState: &null, ProposedNewState: block, Config: block,
	})
	if err == nil {
		err = failure(plan.Diagnostics)
	}
	if err != nil {
		return held{}, err
	}
	done, err := p.server.ApplyResourceChange(ctx, &tfprotov6.ApplyResourceChangeRequest{
		TypeName: kind, PriorState: &null, PlannedState: plan.PlannedState, Config: block, PlannedPrivate: plan.PlannedPrivate,
	})
	if err == nil {
		err = failure(done.Diagnostics)
	}
	if err != nil {
		return held{}, err
	}
	return held{config: block, state: done.NewState, private: done.Private}, nil
}

// unchanged makes the calls of a plan of a resource that is as it should be:
// validate, read, plan. What is planned must be what there is.
func (p *plugin) unchanged(ctx context.Context, kind string, h held) error {
	valid, err := p.server.ValidateResourceConfig(ctx, &tfprotov6.ValidateResourceConfigRequest{TypeName: kind, Config: h.config})
	if err == nil {
		err = failure(valid.Diagnostics)
	}
	if err != nil {
		return err
	}
	read, err := p.server.ReadResource(ctx, &tfprotov6.ReadResourceRequest{TypeName: kind, CurrentState: h.state, Private: h.private})
	if err == nil {
		err = failure(read.Diagnostics)
	}
	if err != nil {
		return err
	}
	// With nothing to change, what Terraform proposes is the state itself.
	plan, err := p.server.PlanResourceChange(ctx, &tfprotov6.PlanResourceChangeRequest{
		TypeName: kind, PriorState: read.NewState, ProposedNewState: read.NewState, Config: h.config, PriorPrivate: read.Private,
	})
	if err == nil {
		err = failure(plan.Diagnostics)
	}
	if err != nil {
		return err
	}
	if bytes.Equal(read.NewState.MsgPack, plan.PlannedState.MsgPack) {
		return nil
	}
	was, err := read.NewState.Unmarshal(p.types[kind])
	if err != nil {
		return err
	}
	will, err := plan.PlannedState.Unmarshal(p.types[kind])
	if err != nil {
		return err
	}
	diff, err := was.Diff(will)
	if err == nil && len(diff) > 0 {
		err = fmt.Errorf("a change is planned where there should be none: %v", diff)
	}
	return err
}
