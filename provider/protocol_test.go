package provider_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/cthulix/terraform-provider-cthulix/provider"
)

// protocol is a configured provider, spoken to as Terraform speaks to it: for
// what the Terraform that runs the tests is too old for.
type protocol struct {
	t          *testing.T
	server     tfprotov6.ProviderServer
	schemas    *tfprotov6.GetProviderSchemaResponse
	identities *tfprotov6.GetResourceIdentitySchemasResponse
}

func (w *world) protocol(t *testing.T, opts ...provider.Option) protocol {
	t.Helper()
	server, err := w.factories(opts...)["cthulix"]()
	if err != nil {
		t.Fatal(err)
	}
	return w.speak(t, server)
}

// speak configures a provider.
func (w *world) speak(t *testing.T, server tfprotov6.ProviderServer) protocol {
	t.Helper()
	ctx := t.Context()
	p := protocol{t: t, server: server}
	var err error
	if p.schemas, err = server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{}); err != nil {
		t.Fatal(err)
	}
	p.must(p.schemas.Diagnostics)
	if p.identities, err = server.GetResourceIdentitySchemas(ctx, &tfprotov6.GetResourceIdentitySchemasRequest{}); err != nil {
		t.Fatal(err)
	}
	p.must(p.identities.Diagnostics)
	block := blocksOf(t, w.config(""), "provider")[0]
	resp, err := server.ConfigureProvider(ctx, &tfprotov6.ConfigureProviderRequest{Config: value(t, p.schemas.Provider.ValueType(), attributesOf(t, block.Body))})
	if err != nil {
		t.Fatal(err)
	}
	p.must(resp.Diagnostics)
	return p
}

func (p protocol) must(diags []*tfprotov6.Diagnostic) {
	p.t.Helper()
	for _, d := range diags {
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			p.t.Fatalf("%s: %s (%s)", d.Summary, d.Detail, d.Attribute)
		}
	}
}

func (p protocol) resourceType(name string) tftypes.Type {
	p.t.Helper()
	s, ok := p.schemas.ResourceSchemas[name]
	if !ok {
		p.t.Fatalf("no resource %s", name)
	}
	return s.ValueType()
}

func (p protocol) identityType(name string) tftypes.Type {
	p.t.Helper()
	s, ok := p.identities.IdentitySchemas[name]
	if !ok {
		p.t.Fatalf("%s has no identity", name)
	}
	return s.ValueType()
}

// adopt imports by identity and refreshes, as Terraform 1.12 does.
func (p protocol) adopt(name string, identity map[string]any) (state, id tftypes.Value, diags []*tfprotov6.Diagnostic) {
	p.t.Helper()
	imported, err := p.server.ImportResourceState(p.t.Context(), &tfprotov6.ImportResourceStateRequest{
		TypeName: name, Identity: &tfprotov6.ResourceIdentityData{IdentityData: value(p.t, p.identityType(name), identity)},
	})
	if err != nil {
		p.t.Fatal(err)
	}
	if len(imported.ImportedResources) == 0 {
		return state, id, imported.Diagnostics
	}
	one := imported.ImportedResources[0]
	read, err := p.server.ReadResource(p.t.Context(), &tfprotov6.ReadResourceRequest{
		TypeName: name, CurrentState: one.State, CurrentIdentity: one.Identity, Private: one.Private,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	p.must(read.Diagnostics)
	return p.decode(read.NewState, p.resourceType(name)), p.decode(read.NewIdentity.IdentityData, p.identityType(name)), nil
}

func (p protocol) decode(v *tfprotov6.DynamicValue, t tftypes.Type) tftypes.Value {
	p.t.Helper()
	if v == nil {
		p.t.Fatal("no value")
	}
	out, err := v.Unmarshal(t)
	if err != nil {
		p.t.Fatal(err)
	}
	return out
}

// list asks for all results of a query.
func (p protocol) list(name string, config map[string]any, include bool, limit int64) []tfprotov6.ListResourceResult {
	p.t.Helper()
	var out []tfprotov6.ListResourceResult
	for r := range p.stream(p.t.Context(), name, config, include, limit).Results {
		out = append(out, r)
	}
	return out
}

// lister is what a provider that lists can do.
type lister interface {
	ValidateListResourceConfig(context.Context, *tfprotov6.ValidateListResourceConfigRequest) (*tfprotov6.ValidateListResourceConfigResponse, error)
	ListResource(context.Context, *tfprotov6.ListResourceRequest) (*tfprotov6.ListResourceServerStream, error)
}

func (p protocol) lister() lister {
	p.t.Helper()
	server, ok := p.server.(lister)
	if !ok {
		p.t.Fatal("the provider lists nothing")
	}
	return server
}

func (p protocol) stream(ctx context.Context, name string, config map[string]any, include bool, limit int64) *tfprotov6.ListResourceServerStream {
	p.t.Helper()
	server := p.lister()
	c := value(p.t, p.schemas.ListResourceSchemas[name].ValueType(), config)
	checked, err := server.ValidateListResourceConfig(ctx, &tfprotov6.ValidateListResourceConfigRequest{TypeName: name, Config: c})
	if err != nil {
		p.t.Fatal(err)
	}
	p.must(checked.Diagnostics)
	stream, err := server.ListResource(ctx, &tfprotov6.ListResourceRequest{TypeName: name, Config: c, IncludeResource: include, Limit: limit})
	if err != nil {
		p.t.Fatal(err)
	}
	return stream
}

// blocksOf parses HCL and returns its blocks of one type.
func blocksOf(t *testing.T, text, kind string) []*hclsyntax.Block {
	t.Helper()
	f, diags := hclsyntax.ParseConfig([]byte(text), "test.hcl", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	var out []*hclsyntax.Block
	for _, b := range f.Body.(*hclsyntax.Body).Blocks {
		if b.Type == kind {
			out = append(out, b)
		}
	}
	if len(out) == 0 {
		t.Fatalf("no %s block in:\n%s", kind, text)
	}
	return out
}

// attributesOf evaluates the attributes of a block that refer to nothing.
func attributesOf(t *testing.T, body *hclsyntax.Body) map[string]any {
	t.Helper()
	out := map[string]any{}
	for name, a := range body.Attributes {
		out[name] = evaluate(t, a)
	}
	return out
}

func evaluate(t *testing.T, a *hclsyntax.Attribute) (out any) {
	t.Helper()
	v, diags := a.Expr.Value(nil)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	b, err := ctyjson.Marshal(v, v.Type())
	if err == nil {
		err = json.Unmarshal(b, &out)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// value encodes v as t. What is left out is null.
func value(t *testing.T, as tftypes.Type, v any) *tfprotov6.DynamicValue {
	t.Helper()
	b, err := json.Marshal(whole(as, v))
	if err != nil {
		t.Fatal(err)
	}
	d := &tfprotov6.DynamicValue{JSON: b}
	if _, err := d.Unmarshal(as); err != nil {
		t.Fatalf("%v: %s", err, b)
	}
	return d
}

// whole fills in the attributes that v leaves out.
func whole(as tftypes.Type, v any) any {
	fields, ok := v.(map[string]any)
	if !ok {
		return v
	}
	out := map[string]any{}
	switch as := as.(type) {
	case tftypes.Object:
		for name, v := range fields {
			out[name] = v // one that there is not is an error of the decoder
		}
		for name, t := range as.AttributeTypes {
			out[name] = whole(t, fields[name])
		}
	case tftypes.Map:
		for key, v := range fields {
			out[key] = whole(as.ElementType, v)
		}
	}
	return out
}
