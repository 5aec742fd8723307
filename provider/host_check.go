package provider

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// checkKernels names kernels that neither this plan nor a record has. Records
// that cannot be read are no reason to refuse a plan: the apply asks again.
func (r *hostResource) checkKernels(ctx context.Context, m hostModel, state *hostModel, diags *diag.Diagnostics) {
	if state != nil && state.Kernels.Equal(m.Kernels) {
		return
	}
	for _, v := range m.Kernels.Elements() {
		name, ok := v.(types.String)
		if !ok || name.IsUnknown() || r.site.claims.claimed("kernel "+name.ValueString()) {
			continue
		}
		hub, err := r.site.ophubClient()
		if err == nil {
			_, err = hub.Kernel(ctx, name.ValueString())
		}
		if errors.Is(err, ophub.ErrNotFound) {
			diags.AddAttributeError(path.Root("kernels").AtSetValue(name), "Unknown kernel",
				fmt.Sprintf("There is no kernel %s on record, and this plan makes none before the host. If a resource does, refer to it (kernels = [cthulix_kernel.….name]).", name))
		}
	}
}
