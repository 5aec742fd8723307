package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// named is the schema of an identity.
type named struct {
	Version    int64                        `json:"version"`
	Attributes map[string]identityAttribute `json:"attributes"`
}

type identityAttribute struct {
	Type              json.RawMessage `json:"type"`
	Description       string          `json:"description,omitempty"`
	RequiredForImport bool            `json:"required_for_import,omitempty"`
	OptionalForImport bool            `json:"optional_for_import,omitempty"`
}

func identities(ctx context.Context, server tfprotov6.ProviderServer) (map[string]named, error) {
	resp, err := server.GetResourceIdentitySchemas(ctx, &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err != nil {
		return nil, err
	}
	out := map[string]named{}
	for name, s := range resp.IdentitySchemas {
		n := named{Version: s.Version, Attributes: map[string]identityAttribute{}}
		for _, a := range s.IdentityAttributes {
			t, err := json.Marshal(a.Type)
			if err != nil {
				return nil, fmt.Errorf("identity of %s: %s: %w", name, a.Name, err)
			}
			n.Attributes[a.Name] = identityAttribute{
				Type: t, Description: a.Description, RequiredForImport: a.RequiredForImport, OptionalForImport: a.OptionalForImport,
			}
		}
		out[name] = n
	}
	return out, nil
}
