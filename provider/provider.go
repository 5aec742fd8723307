// Package provider is Terraform's face of Cthulix. It turns configuration into
// calls of the domain packages and what they observe back into state. It knows
// of no protocol, no command line of a switch and no byte layout: those are in
// fabric, ipmi, images, keg, ophub and gridapp.
//
// Every resource is planned twice, the second time just before it is applied,
// so planning is a function of configuration and stored observations. What is
// observed comes in through Read, or, for a resource that has no state yet,
// through a snapshot of its switch that both plannings share (see snapshot).
package provider

import (
	"context"
	"net"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// Address is where the provider stands in the registry.
const Address = "registry.terraform.io/cthulix/cthulix"

var (
	_ provider.Provider                       = (*cthulix)(nil)
	_ provider.ProviderWithActions            = (*cthulix)(nil)
	_ provider.ProviderWithEphemeralResources = (*cthulix)(nil)
)

// Option changes how a provider reaches the world. Options are for tests and
// for the lab; a user's choices are in the configuration.
type Option func(*options)

type options struct {
	dialSwitch  func(ctx context.Context, network, address string) (net.Conn, error)
	switchTimes fabric.Timeouts
	findAgentd  func(explicit string) (string, error)
}

// WithSwitchDialer makes the provider reach switches through dial.
func WithSwitchDialer(dial func(ctx context.Context, network, address string) (net.Conn, error)) Option {
	return func(o *options) { o.dialSwitch = dial }
}

// WithSwitchTimeouts bounds what the provider waits for on switches.
func WithSwitchTimeouts(times fabric.Timeouts) Option {
	return func(o *options) { o.switchTimes = times }
}

// WithAgentd makes the provider find the agentd binary by find, which is given
// what the configuration says, or "".
func WithAgentd(find func(explicit string) (string, error)) Option {
	return func(o *options) { o.findAgentd = find }
}

type cthulix struct {
	version string
	options options
}

func newProvider(version string, opts ...Option) *cthulix {
	o := options{findAgentd: findAgentd}
	for _, opt := range opts {
		opt(&o)
	}
	return &cthulix{version: version, options: o}
}

func (p *cthulix) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "cthulix"
	resp.Version = p.version
}

func (p *cthulix) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{
		newSwitchResource,
		newVLANResource,
		newSwitchPortResource,
		newImageResource,
		newKernelResource,
		newHostResource,
		newBMCResource,
		newGridappResource,
	}
}

func (p *cthulix) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{
		newSwitchDataSource,
		newCablingDataSource,
		newHostsDataSource,
		newHostDataSource,
		newBMCDataSource,
		newDiscoveredDataSource,
	}
}

// Actions need Terraform 1.14. An older one never asks for them.
func (p *cthulix) Actions(context.Context) []func() action.Action { return hostActions() }

func (p *cthulix) EphemeralResources(context.Context) []func() ephemeral.EphemeralResource {
	return []func() ephemeral.EphemeralResource{newBMCPassword}
}
