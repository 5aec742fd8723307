package provider

import (
	"context"
	"fmt"

	"github.com/cthulix/terraform-provider-cthulix/operate"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// journal adds a note on a host to the journal in the cache directory, which
// can be followed while Terraform says no more of a resource than that it is
// still being changed.
func (s *site) journal(n operate.Note) error {
	if s.cacheErr != nil {
		return s.cacheErr
	}
	return operate.JournalIn(s.cacheDir).Add(n)
}

// The arguments of a machine's log that have a place of their own in a note;
// what another one says is the evidence.
const (
	logStage   = "stage"
	logOutcome = "outcome"
)

// noteOf makes a note of what is logged.
func noteOf(host, msg string, args []any) operate.Note {
	n := operate.Note{Host: host, Message: msg}
	for i := 0; i+1 < len(args); i += 2 {
		switch value := fmt.Sprint(args[i+1]); args[i] {
		case logStage:
			n.Boot, n.Stage = true, ophub.Stage(value)
		case logOutcome:
			n.Outcome = value
		default:
			n.Evidence = value
		}
	}
	return n
}

// conclude notes how an apply of the host ended: who follows the journal need
// wait no longer.
func (h *machine) conclude(ctx context.Context, done outcomeOfHost, err error) {
	ctx = context.WithoutCancel(ctx)
	switch {
	case err != nil:
		h.log(ctx, "the apply failed", logOutcome, operate.OutcomeFailed, "error", operate.Explain(err))
	case done.agent != nil:
		h.log(ctx, "the apply is done: it is ready", logOutcome, operate.OutcomeDone)
	default:
		h.log(ctx, "the apply is done", logOutcome, operate.OutcomeDone)
	}
}
