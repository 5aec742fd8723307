package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// frameworkServer is all that the plugin framework serves.
type frameworkServer interface {
	tfprotov6.ProviderServer
	tfprotov6.ListResourceServer
	tfprotov6.ActionServer
}

// server is the plugin framework's server, but for elements of large maps that
// have not changed.
type server struct {
	frameworkServer
	maps    map[string]map[string]carriedMap // by resource and attribute
	decoded sync.Map
}

// carriedMap is a map whose elements may go round the framework.
type carriedMap struct {
	element tftypes.Type
	// unchecked are texts of an element that take any value, such as
	// descriptions. They are of no account when elements are validated.
	unchecked map[string]bool
}

// New makes a provider that answers Terraform's protocol.
func New(version string, opts ...Option) (tfprotov6.ProviderServer, error) {
	framework, err := providerserver.NewProtocol6WithError(newProvider(version, opts...))()
	if err != nil {
		return nil, err
	}
	whole, ok := framework.(frameworkServer)
	if !ok {
		return nil, fmt.Errorf("the plugin framework's %T serves neither lists nor actions", framework)
	}
	return &server{frameworkServer: whole, maps: map[string]map[string]carriedMap{
		"cthulix_switch": carriedMaps(context.Background(), newSwitchResource(), "vlans", "ports", "svis"),
	}}, nil
}

// carriedMaps describes maps of a resource. What is below them has no defaults,
// no computed values and no plan modifiers: an element that is the same in
// configuration, state and proposal is what the framework would plan.
func carriedMaps(ctx context.Context, r resource.Resource, attributes ...string) map[string]carriedMap {
	var resp resource.SchemaResponse
	r.Schema(ctx, resource.SchemaRequest{}, &resp)
	out := map[string]carriedMap{}
	for _, attribute := range attributes {
		nested := resp.Schema.Attributes[attribute].(schema.MapNestedAttribute).NestedObject
		m := carriedMap{element: nested.Type().TerraformType(ctx), unchecked: map[string]bool{}}
		for name, a := range nested.Attributes {
			text, ok := a.(schema.StringAttribute)
			m.unchecked[name] = ok && text.CustomType == nil && len(text.Validators) == 0
		}
		out[attribute] = m
	}
	return out
}

func (s *server) carry(config string) *carried {
	return &carried{decoded: &s.decoded, elements: map[string]map[string]string{}, config: config}
}

// UpgradeResourceState reads elements of a saved state as the plugin framework
// does: what the schema does not have is passed over.
func (s *server) UpgradeResourceState(ctx context.Context, req *tfprotov6.UpgradeResourceStateRequest) (*tfprotov6.UpgradeResourceStateResponse, error) {
	c := s.carry("")
	var state map[string]json.RawMessage
	if req.Version == 0 && req.RawState != nil && json.Unmarshal(req.RawState.JSON, &state) == nil {
		for attribute, m := range s.maps[req.TypeName] {
			c.takeSaved(attribute, state, m.element)
		}
	}
	if len(c.elements) == 0 {
		return s.frameworkServer.UpgradeResourceState(ctx, req)
	}
	rest, err := json.Marshal(state)
	if err != nil {
		return nil, err
	}
	without := *req
	without.RawState = &tfprotov6.RawState{JSON: rest}
	resp, err := s.frameworkServer.UpgradeResourceState(ctx, &without)
	if err != nil {
		return nil, err
	}
	resp.UpgradedState, err = c.rejoin(resp.UpgradedState)
	return resp, err
}

// ValidateResourceConfig has the plugin framework check each value of an
// element once: no validator looks beyond the value that it is given. If there
// is anything to say, all are checked, so that each is named.
func (s *server) ValidateResourceConfig(ctx context.Context, req *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	c := s.carry("")
	config, ok := open(req.Config)
	if ok {
		for attribute, m := range s.maps[req.TypeName] {
			c.takeRepeated(attribute, config, m.unchecked)
		}
	}
	if len(c.elements) == 0 {
		return s.frameworkServer.ValidateResourceConfig(ctx, req)
	}
	without := *req
	without.Config = closed(config)
	resp, err := s.frameworkServer.ValidateResourceConfig(c.in(ctx), &without)
	if err == nil && len(resp.Diagnostics) > 0 {
		return s.frameworkServer.ValidateResourceConfig(ctx, req)
	}
	return resp, err
}

func (s *server) ReadResource(ctx context.Context, req *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	c := s.carry("")
	state, ok := open(req.CurrentState)
	if ok {
		for attribute := range s.maps[req.TypeName] {
			c.take(attribute, state)
		}
	}
	if len(c.elements) == 0 {
		return s.frameworkServer.ReadResource(ctx, req)
	}
	without := *req
	without.CurrentState = closed(state)
	resp, err := s.frameworkServer.ReadResource(c.in(ctx), &without)
	if err != nil {
		return nil, err
	}
	resp.NewState, err = c.rejoin(resp.NewState)
	return resp, err
}

func (s *server) PlanResourceChange(ctx context.Context, req *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	c := s.carry(string(req.Config.MsgPack))
	state, stateOK := open(req.PriorState)
	proposal, proposalOK := open(req.ProposedNewState)
	config, configOK := open(req.Config)
	if stateOK && proposalOK && configOK {
		for attribute := range s.maps[req.TypeName] {
			c.take(attribute, state, proposal, config)
		}
	}
	if len(c.elements) == 0 {
		return s.frameworkServer.PlanResourceChange(c.in(ctx), req)
	}
	without := *req
	without.PriorState, without.ProposedNewState, without.Config = closed(state), closed(proposal), closed(config)
	resp, err := s.frameworkServer.PlanResourceChange(c.in(ctx), &without)
	if err != nil {
		return nil, err
	}
	resp.PlannedState, err = c.rejoin(resp.PlannedState)
	return resp, err
}
