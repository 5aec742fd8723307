package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
)

// A resource's identity is the few attributes that name a thing for good.
// Terraform 1.12 and later keeps it beside the state, takes it in import blocks,
// and lists it in `terraform query`. Older ones, which never ask for it, see
// nothing of it.

// identity is the values of identity attributes, by name. Each is an attribute
// of the resource as well.
type identity map[string]any

// settable is what attributes are set in by their path: a state, an identity or
// a listed resource.
type settable interface {
	SetAttribute(context.Context, path.Path, any) diag.Diagnostics
}

// set puts the identity into a state, or whatever has its attributes.
func (id identity) set(ctx context.Context, to settable, diags *diag.Diagnostics) {
	for name, v := range id {
		diags.Append(to.SetAttribute(ctx, path.Root(name), v)...)
	}
}

// arrive starts an import: of the thing that is named, nothing more is known.
func (id identity) arrive(ctx context.Context, resp *resource.ImportStateResponse) {
	id.set(ctx, &resp.State, &resp.Diagnostics)
	id.set(ctx, resp.Identity, &resp.Diagnostics)
}

// identityOf is the schema of an identity: all of it has to be said in an import.
func identityOf(attributes map[string]identityschema.Attribute) identityschema.Schema {
	return identityschema.Schema{Attributes: attributes}
}

func identityText(what string) identityschema.StringAttribute {
	return identityschema.StringAttribute{Description: what, RequiredForImport: true}
}

func identityNumber(what string) identityschema.Int64Attribute {
	return identityschema.Int64Attribute{Description: what, RequiredForImport: true}
}

// spell reads what an import names by identity. It leaves to as it is where the
// import names an ID, which Terraform has since always.
func spell(ctx context.Context, req resource.ImportStateRequest, name string, to any, diags *diag.Diagnostics) {
	if req.ID == "" && req.Identity != nil {
		diags.Append(req.Identity.GetAttribute(ctx, path.Root(name), to)...)
	}
}
