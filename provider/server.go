package provider

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/cthulix/terraform-provider-cthulix/provider/internal/wire"
)

// carriedAttributes are the maps, by type of resource, whose elements go round
// the plugin framework. What is below them has no defaults, no computed values
// and no plan modifiers: an element that is the same in configuration, state
// and proposal is what the framework would plan.
var carriedAttributes = map[string][]string{"cthulix_switch": {"vlans", "ports", "svis"}}

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
	decoded sync.Map
	// unchecked are texts of elements that take any value, by resource and map.
	unchecked map[string]map[string]map[string]bool
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
	return &server{frameworkServer: whole, unchecked: uncheckedTexts(context.Background())}, nil
}

// uncheckedTexts finds the texts of carried elements that have no validators,
// such as descriptions, which are of no account when elements are compared.
func uncheckedTexts(ctx context.Context) map[string]map[string]map[string]bool {
	var sw resource.SchemaResponse
	newSwitchResource().Schema(ctx, resource.SchemaRequest{}, &sw)
	maps := map[string]map[string]bool{}
	for _, attribute := range carriedAttributes["cthulix_switch"] {
		maps[attribute] = map[string]bool{}
		for name, a := range sw.Schema.Attributes[attribute].(schema.MapNestedAttribute).NestedObject.Attributes {
			text, ok := a.(schema.StringAttribute)
			maps[attribute][name] = ok && text.CustomType == nil && len(text.Validators) == 0
		}
	}
	return map[string]map[string]map[string]bool{"cthulix_switch": maps}
}

// ValidateResourceConfig has the plugin framework check each value of an
// element once: no validator looks beyond the value that it is given. If there
// is anything to say, all are checked, so that each is named.
func (s *server) ValidateResourceConfig(ctx context.Context, req *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	c := &carried{decoded: &s.decoded, elements: map[string]map[string]string{}}
	config, ok := open(req.Config)
	if ok {
		for _, attribute := range carriedAttributes[req.TypeName] {
			c.takeRepeated(attribute, config, s.unchecked[req.TypeName][attribute])
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
	c := &carried{decoded: &s.decoded, elements: map[string]map[string]string{}}
	state, ok := open(req.CurrentState)
	if !ok {
		return s.frameworkServer.ReadResource(ctx, req)
	}
	for _, attribute := range carriedAttributes[req.TypeName] {
		c.take(attribute, state)
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
	c := &carried{decoded: &s.decoded, elements: map[string]map[string]string{}, config: string(req.Config.MsgPack)}
	state, stateOK := open(req.PriorState)
	proposal, proposalOK := open(req.ProposedNewState)
	config, configOK := open(req.Config)
	if stateOK && proposalOK && configOK {
		for _, attribute := range carriedAttributes[req.TypeName] {
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

// open returns a resource's attributes, unless there is none.
func open(v *tfprotov6.DynamicValue) (wire.Object, bool) {
	if v == nil || len(v.MsgPack) == 0 {
		return nil, false
	}
	o, err := wire.Decode(string(v.MsgPack))
	return o, err == nil
}

func closed(o wire.Object) *tfprotov6.DynamicValue {
	return &tfprotov6.DynamicValue{MsgPack: []byte(o.Encode())}
}

// take takes the elements of an attribute that are the same in all values.
func (c *carried) take(attribute string, values ...wire.Object) {
	all := make([]wire.Object, len(values))
	for i, v := range values {
		var err error
		if all[i], err = wire.Decode(v[attribute]); err != nil {
			return // null, unknown or nothing that the framework would take either
		}
	}
	same := map[string]string{}
	for key, encoding := range all[0] {
		for _, other := range all[1:] {
			if other[key] != encoding {
				encoding = ""
			}
		}
		if encoding != "" {
			same[key] = encoding
		}
	}
	if len(same) == 0 {
		return
	}
	for i, v := range values {
		for key := range same {
			delete(all[i], key)
		}
		v[attribute] = all[i].Encode()
	}
	c.elements[attribute] = same
}

// takeRepeated takes the elements of an attribute of which each value is in an
// element that stays.
func (c *carried) takeRepeated(attribute string, config wire.Object, unchecked map[string]bool) {
	all, err := wire.Decode(config[attribute])
	if err != nil {
		return
	}
	repeated, seen := map[string]string{}, map[[2]string]bool{}
	for key, encoding := range all {
		element, err := wire.Decode(encoding)
		if err != nil {
			continue
		}
		stays := false
		for name, v := range element {
			value := [2]string{name, v}
			stays = stays || !unchecked[name] && !seen[value]
			seen[value] = true
		}
		if !stays {
			repeated[key] = encoding
			delete(all, key)
		}
	}
	if len(repeated) == 0 {
		return
	}
	config[attribute] = all.Encode()
	c.elements[attribute] = repeated
}

// rejoin puts back what is still carried.
func (c *carried) rejoin(v *tfprotov6.DynamicValue) (*tfprotov6.DynamicValue, error) {
	if v == nil {
		return nil, nil
	}
	o, err := wire.Decode(string(v.MsgPack))
	if errors.Is(err, wire.ErrNoObject) {
		return v, nil // the resource is gone
	}
	if err != nil {
		return nil, fmt.Errorf("the plugin framework's answer: %w", err)
	}
	for attribute, carried := range c.elements {
		elements, err := wire.Decode(o[attribute])
		if err != nil {
			return nil, fmt.Errorf("the plugin framework's answer: %s: %w", attribute, err)
		}
		for key, encoding := range carried {
			elements[key] = encoding
		}
		o[attribute] = elements.Encode()
	}
	return closed(o), nil
}
