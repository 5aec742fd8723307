package ios

import (
	"context"
	"errors"

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

// Converge brings the switch to the want in one session: observe, compare,
// apply, verify by reading back in full, save once.
//
// The observation is what the switch is at the end, and the change is what was
// done. With a *SaveError both are valid: the change is in force.
func Converge(ctx context.Context, t fabric.Target, want fabric.Want, opts ConvergeOptions) (fabric.Observation, fabric.Change, error) {
	s, err := Dial(ctx, t)
	if err != nil {
		return fabric.Observation{}, fabric.Change{}, err
	}
	defer func() { _ = s.Close() }()
	return s.Converge(ctx, want, opts)
}

// Converge is the function Converge on a session that is open.
func (s *Session) Converge(ctx context.Context, want fabric.Want, opts ConvergeOptions) (fabric.Observation, fabric.Change, error) {
	before, err := s.Observe(ctx)
	if err != nil {
		return fabric.Observation{}, fabric.Change{}, err
	}
	if err := s.unchanged(before, want, opts.Fingerprint); err != nil {
		return before, fabric.Change{}, err
	}
	change, err := Plan(before, want)
	if err != nil {
		return before, change, err
	}
	if change.Empty() {
		if opts.Save && unsaved(before.Running) {
			err = s.Save(ctx)
		}
		return before, change, err
	}
	if _, err := s.Apply(ctx, change); err != nil {
		return before, change, err
	}
	after, err := s.verify(ctx, want, change)
	if err != nil {
		return before, change, err
	}
	if opts.Save {
		err = s.Save(ctx)
	}
	return after, change, err
}

// unchanged compares the fingerprint that a change was planned from.
func (s *Session) unchanged(obs fabric.Observation, want fabric.Want, planned string) error {
	scope := fabric.ScopeFingerprint(obs, want)
	if planned == "" || planned == scope || planned == obs.Fingerprint {
		return nil
	}
	return &ChangedError{Switch: s.target.String(), Planned: planned, Found: scope}
}

// verify reads the switch back. What is not as wanted undoes the change.
func (s *Session) verify(ctx context.Context, want fabric.Want, c fabric.Change) (fabric.Observation, error) {
	after, err := s.Observe(ctx)
	var left fabric.Change
	if err == nil {
		left, err = Plan(after, want)
	}
	if err == nil && left.Empty() {
		return after, nil
	}
	e := &VerifyError{Switch: s.target.String(), Missing: left.Commands}
	e.Rollback = s.rollback(ctx, c)
	e.RolledBack = e.Rollback == nil
	return after, errors.Join(e, err)
}
