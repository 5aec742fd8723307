package main

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// convertDeeds converts what leaves nothing in a state: ephemeral resources and
// actions.
func (p *provided) convertDeeds(resp *tfprotov6.GetProviderSchemaResponse) (err error) {
	p.Ephemerals, p.Actions = map[string]schema{}, map[string]schema{}
	for name, s := range resp.EphemeralResourceSchemas {
		if p.Ephemerals[name], err = convert(s); err != nil {
			return fmt.Errorf("ephemeral %s: %w", name, err)
		}
	}
	for name, s := range resp.ActionSchemas {
		if p.Actions[name], err = convert(s.Schema); err != nil {
			return fmt.Errorf("action %s: %w", name, err)
		}
	}
	return nil
}
