package ios

import (
	"context"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// ConvergeOptions say how Converge goes about it.
type ConvergeOptions struct {
	// Fingerprint, if set, is the state that the change was planned from, as
	// fabric.ScopeFingerprint or Observation.Fingerprint gives it. A switch
	// that has another by now is left alone: *ChangedError.
	Fingerprint string
	// Save writes the startup configuration after a change, and also without
	// one if the switch says that it holds changes that were never saved.
	Save bool
}

// Converge is Transact with the defaults: it brings the switch to the want, or
// leaves it as it was.
//
// The observation is what the switch is at the end, and the change is what was
// done. With a *SaveError both are valid: the change is in force.
func Converge(ctx context.Context, t fabric.Target, want fabric.Want, opts ConvergeOptions) (fabric.Observation, fabric.Change, error) {
	out, err := Transact(ctx, t, want, TransactOptions{Fingerprint: opts.Fingerprint, Save: opts.Save})
	return out.After, out.Change, err
}
