package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cthulix/terraform-provider-cthulix/images"
	"github.com/cthulix/terraform-provider-cthulix/keg"
)

// identity is the image's KID, which changes with its recipe.
func (m imageModel) identity() identity { return identity{"kid": m.KID.canonical()} }

func (r *imageResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityOf(map[string]identityschema.Attribute{"kid": identityText("KID of the image.")})
}

func (r *imageResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	name := req.ID
	spell(ctx, req, "kid", &name, &resp.Diagnostics)
	kid, err := keg.Parse(name)
	if err != nil {
		resp.Diagnostics.AddError("An image is imported by its KID", err.Error())
		return
	}
	identity{"kid": string(kid)}.arrive(ctx, resp)
}

// adopt fills in what an image says of itself. Its recipe is not known, so the
// next plan compares what the configuration builds.
func (r *imageResource) adopt(ctx context.Context, store keg.Store, kid keg.KID, m *imageModel) (diags diag.Diagnostics) {
	manifest, err := images.LoadManifest(ctx, store, kid)
	if err != nil {
		diags.AddError("No image of that name", err.Error())
		return diags
	}
	m.Name, m.Arch = types.StringValue(manifest.Name), types.StringValue(manifest.Arch)
	m.observe("", builtImage{KID: kid, Size: manifest.Size, LinuxRelease: manifest.LinuxRelease})
	m.Recipe = noWord[kidKind]()
	return diags
}
