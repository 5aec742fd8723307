// Command schemajson prints the provider's schemas in the form of `terraform
// providers schema -json`, without Terraform and without an installed provider.
// The reference documentation is generated from it.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/cthulix/terraform-provider-cthulix/provider"
)

type document struct {
	FormatVersion string              `json:"format_version"`
	Schemas       map[string]provided `json:"provider_schemas"`
}

type provided struct {
	Provider    schema            `json:"provider"`
	Resources   map[string]schema `json:"resource_schemas"`
	DataSources map[string]schema `json:"data_source_schemas"`
	Lists       map[string]schema `json:"list_resource_schemas,omitempty"`
	Identities  map[string]named  `json:"resource_identity_schemas,omitempty"`
	Functions   map[string]called `json:"functions,omitempty"`
	Ephemerals  map[string]schema `json:"ephemeral_resource_schemas,omitempty"`
	Actions     map[string]schema `json:"action_schemas,omitempty"`
}

type called struct {
	Description string          `json:"description,omitempty"`
	Summary     string          `json:"summary,omitempty"`
	Return      json.RawMessage `json:"return_type"`
	Parameters  []parameter     `json:"parameters,omitempty"`
}

type parameter struct {
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Type        json.RawMessage `json:"type"`
}

type schema struct {
	Version int64 `json:"version"`
	Block   block `json:"block"`
}

type block struct {
	Attributes      map[string]attribute `json:"attributes,omitempty"`
	Description     string               `json:"description,omitempty"`
	DescriptionKind string               `json:"description_kind"`
}

type attribute struct {
	Type            json.RawMessage `json:"type,omitempty"`
	Nested          *nested         `json:"nested_type,omitempty"`
	Description     string          `json:"description,omitempty"`
	DescriptionKind string          `json:"description_kind"`
	Required        bool            `json:"required,omitempty"`
	Optional        bool            `json:"optional,omitempty"`
	Computed        bool            `json:"computed,omitempty"`
	Sensitive       bool            `json:"sensitive,omitempty"`
	WriteOnly       bool            `json:"write_only,omitempty"`
}

type nested struct {
	Attributes  map[string]attribute `json:"attributes"`
	NestingMode string               `json:"nesting_mode"`
}

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "schemajson:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	server, err := provider.New("docs")
	if err != nil {
		return err
	}
	resp, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		return err
	}
	for _, d := range resp.Diagnostics {
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			return fmt.Errorf("%s: %s", d.Summary, d.Detail)
		}
	}
	p := provided{Resources: map[string]schema{}, DataSources: map[string]schema{}, Lists: map[string]schema{}}
	if p.Provider, err = convert(resp.Provider); err != nil {
		return err
	}
	for name, s := range resp.ResourceSchemas {
		if p.Resources[name], err = convert(s); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	for name, s := range resp.DataSourceSchemas {
		if p.DataSources[name], err = convert(s); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	for name, s := range resp.ListResourceSchemas {
		if p.Lists[name], err = convert(s); err != nil {
			return fmt.Errorf("list %s: %w", name, err)
		}
	}
	if p.Identities, err = identities(ctx, server); err != nil {
		return err
	}
	if err := p.convertDeeds(resp); err != nil {
		return err
	}
	if p.Functions, err = convertFunctions(resp.Functions); err != nil {
		return err
	}
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", "  ")
	return out.Encode(document{FormatVersion: "1.0", Schemas: map[string]provided{"cthulix": p}})
}

func convert(s *tfprotov6.Schema) (schema, error) {
	if len(s.Block.BlockTypes) > 0 {
		return schema{}, fmt.Errorf("it has blocks, which this program does not print: use nested attributes")
	}
	attributes, err := convertAll(s.Block.Attributes)
	return schema{Version: s.Version, Block: block{
		Attributes: attributes, Description: s.Block.Description, DescriptionKind: kindOf(s.Block.DescriptionKind),
	}}, err
}

func convertFunctions(all map[string]*tfprotov6.Function) (map[string]called, error) {
	out := map[string]called{}
	for name, f := range all {
		result, err := json.Marshal(f.Return.Type)
		if err != nil {
			return nil, fmt.Errorf("function %s: %w", name, err)
		}
		c := called{Description: f.Description, Summary: f.Summary, Return: result}
		for _, p := range f.Parameters {
			t, err := json.Marshal(p.Type)
			if err != nil {
				return nil, fmt.Errorf("function %s: %s: %w", name, p.Name, err)
			}
			c.Parameters = append(c.Parameters, parameter{Name: p.Name, Description: p.Description, Type: t})
		}
		out[name] = c
	}
	return out, nil
}

func convertAll(all []*tfprotov6.SchemaAttribute) (map[string]attribute, error) {
	out := map[string]attribute{}
	for _, a := range all {
		c := attribute{
			Description: a.Description, DescriptionKind: kindOf(a.DescriptionKind),
			Required: a.Required, Optional: a.Optional, Computed: a.Computed, Sensitive: a.Sensitive, WriteOnly: a.WriteOnly,
		}
		if a.NestedType != nil {
			attributes, err := convertAll(a.NestedType.Attributes)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", a.Name, err)
			}
			c.Nested = &nested{Attributes: attributes, NestingMode: modes[a.NestedType.Nesting]}
		} else {
			t, err := json.Marshal(a.Type)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", a.Name, err)
			}
			c.Type = t
		}
		out[a.Name] = c
	}
	return out, nil
}

var modes = map[tfprotov6.SchemaObjectNestingMode]string{
	tfprotov6.SchemaObjectNestingModeSingle: "single",
	tfprotov6.SchemaObjectNestingModeList:   "list",
	tfprotov6.SchemaObjectNestingModeSet:    "set",
	tfprotov6.SchemaObjectNestingModeMap:    "map",
}

func kindOf(k tfprotov6.StringKind) string {
	if k == tfprotov6.StringKindMarkdown {
		return "markdown"
	}
	return "plain"
}
