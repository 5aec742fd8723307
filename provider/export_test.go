package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// Framework makes a provider of which nothing goes round the plugin framework.
func Framework(version string, opts ...Option) (tfprotov6.ProviderServer, error) {
	return providerserver.NewProtocol6WithError(newProvider(version, opts...))()
}
