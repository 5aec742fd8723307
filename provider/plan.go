package provider

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
)

// modelsOf reads the plan and, unless the resource is yet to be made, its state.
func modelsOf[M any](ctx context.Context, plan tfsdk.Plan, state tfsdk.State, diags *diag.Diagnostics) (planned M, stored *M) {
	diags.Append(plan.Get(ctx, &planned)...)
	if !state.Raw.IsNull() {
		stored = new(M)
		diags.Append(state.Get(ctx, stored)...)
	}
	return planned, stored
}

// wholly tells whether v and all that is in it is known.
func wholly(ctx context.Context, v attr.Value) bool {
	t, err := v.ToTerraformValue(ctx)
	return err == nil && t.IsFullyKnown()
}

// timeoutOf picks one of a resource's timeouts: timeouts.Value.Create and its
// siblings.
type timeoutOf = func(timeouts.Value, context.Context, time.Duration) (time.Duration, diag.Diagnostics)

// withTimeout bounds ctx as the user asked, or by fallback.
func withTimeout(ctx context.Context, v timeouts.Value, pick timeoutOf, fallback time.Duration, diags *diag.Diagnostics) (context.Context, context.CancelFunc) {
	d, more := pick(v, ctx, fallback)
	diags.Append(more...)
	return context.WithTimeoutCause(ctx, d, fmt.Errorf("the resource's timeout of %s is over", d))
}

// addClaimError reports that a thing has two owners, and names both: the one
// that is being planned, whose attribute is at, and the other.
func addClaimError(diags *diag.Diagnostics, at path.Path, thing string, other claimant) {
	diags.AddAttributeError(at, "Claimed twice: "+thing,
		fmt.Sprintf("%s claims it as well. One thing has one owner: remove one of the two.", other))
}

// addReadProblem reports that something could not be observed. That is never a
// reason to forget it: what was last known stays, with a warning.
func addReadProblem(diags *diag.Diagnostics, what string, err error) {
	if errors.Is(err, errUnknownConfiguration) {
		return
	}
	diags.AddWarning("Not observed: "+what, fmt.Sprintf("%v\n\nThe plan is made from what was last known of it.", err))
}
