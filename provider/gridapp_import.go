package provider

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"

	"github.com/cthulix/terraform-provider-cthulix/gridapp"
)

func (m gridappModel) identity() identity {
	return identity{"kernel": m.Kernel.ValueString(), "name": m.Name.ValueString()}
}

func (r *gridappResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityOf(map[string]identityschema.Attribute{
		"kernel": identityText("Kernel that the gridapp runs on."),
		"name":   identityText("Name of the gridapp on its kernel."),
	})
}

func (r *gridappResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	kernel, name, _ := strings.Cut(req.ID, "/")
	spell(ctx, req, "kernel", &kernel, &resp.Diagnostics)
	spell(ctx, req, "name", &name, &resp.Diagnostics)
	if kernel == "" || name == "" {
		resp.Diagnostics.AddError("A gridapp is imported as KERNEL/NAME", fmt.Sprintf("Write main/wordcount, for example; %q is no such name.", kernel+"/"+name))
		return
	}
	identity{"kernel": kernel, "name": name}.arrive(ctx, resp)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("type"), gridapp.Batch)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("shards"), int64(1))...)
}
