package provider

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
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
	return &server{frameworkServer: whole}, nil
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
