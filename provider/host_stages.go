package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cthulix/terraform-provider-cthulix/operate"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// stageTimes is how long a machine may take to each stage from the one before.
type stageTimes map[ophub.Stage]time.Duration

// stageDefaults are generous: a server's own tests take minutes before its
// first packet.
var stageDefaults = stageTimes{
	ophub.StagePower:      operate.PowerLimit,
	ophub.StageDHCP:       10 * time.Minute,
	ophub.StageBootFile:   3 * time.Minute,
	ophub.StageBootScript: 3 * time.Minute,
	ophub.StageLinux:      5 * time.Minute,
	ophub.StageInitrd:     10 * time.Minute,
	ophub.StageAgent:      5 * time.Minute,
	ophub.StageRegistered: 3 * time.Minute,
	ophub.StageKernels:    10 * time.Minute,
}

// stageWords are the stages as the configuration names them.
func stageWords() []string {
	var words []string
	for stage := range stageDefaults {
		words = append(words, stageWord(stage))
	}
	slices.Sort(words)
	return words
}

func stageWord(s ophub.Stage) string { return strings.ReplaceAll(string(s), " ", "_") }

func stagesAttribute() schema.MapAttribute {
	var defaults []string
	for _, stage := range slices.Sorted(maps.Keys(stageDefaults)) {
		defaults = append(defaults, fmt.Sprintf("`%s` %s", stageWord(stage), strings.TrimSuffix(stageDefaults[stage].String(), "0s")))
	}
	return schema.MapAttribute{
		MarkdownDescription: "How long the machine may take to a stage of its boot from the one before, within the timeout of the whole. A stage that takes longer fails the apply. " +
			"By default: " + strings.Join(defaults, ", ") + ".",
		ElementType: types.StringType,
		Optional:    true,
		Validators: []validator.Map{
			mapvalidator.KeysAre(stringvalidator.OneOf(stageWords()...)),
			mapvalidator.ValueStringsAre(isSpan),
		},
	}
}

// stageTimes are those that the user chose, and the defaults for the rest.
func (m hostModel) stageTimes() stageTimes {
	times := maps.Clone(stageDefaults)
	for stage := range stageDefaults {
		if v, ok := m.Stages.Elements()[stageWord(stage)].(types.String); ok && !v.IsNull() && !v.IsUnknown() {
			// Whoever wrote a length that is none was told by its validator.
			times[stage], _ = time.ParseDuration(v.ValueString())
		}
	}
	return times
}

// next is the stage that comes after reached.
func (s stageTimes) next(reached ophub.Stage) ophub.Stage {
	var next ophub.Stage
	for stage := range s {
		// Power is no step of a wait: the BMC is asked until it says so.
		if stage != ophub.StagePower && reached.Before(stage) && (next == "" || stage.Before(next)) {
			next = stage
		}
	}
	if next == "" {
		next = ophub.StageKernels // it was there already, and is to be there again
	}
	return next
}

// stageLook is how often a wait looks whether a stage takes too long.
const stageLook = time.Second

// wait waits until the machine is up, no stage taking longer than it may.
func (h *machine) wait(ctx context.Context, restarted bool) (*ophub.Agent, error) {
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	console := h.overhear(ctx, restarted)
	defer console.Close()
	var reached ophub.Stage
	var told string
	since := time.Now()
	agent, err := ophub.WaitReady(ctx, h.hub, h.record.Name, h.record.Image, ophub.WaitOptions{
		Powered: operate.Powered(ctx, h.bmc), Every: stageLook,
		Progress: func(v ophub.Verdict) {
			if v.Stage != told || v.Reached != reached {
				told = v.Stage
				h.log(ctx, v.Stage, logStage, string(v.Reached), "evidence", v.Evidence)
			}
			if v.Reached != reached {
				reached, since = v.Reached, time.Now()
			}
			next := h.stages.next(reached)
			if limit := h.stages[next]; time.Since(since) > limit {
				giveUp(&stageError{next: next, limit: limit})
			}
		},
	})
	var late *stageError
	if errors.As(context.Cause(ctx), &late) {
		err = errors.Join(err, late)
	}
	if err != nil {
		h.blamePort(ctx, err)
		return nil, console.Blame(err)
	}
	return &agent, nil
}

// stageError is a stage that took too long.
type stageError struct {
	next  ophub.Stage
	limit time.Duration
}

// Error says which, and where to change that.
func (e *stageError) Error() string {
	if e.next == ophub.StagePower {
		return fmt.Sprintf("stage %q was not reached within %s (stage_timeouts.%s)", e.next, e.limit, stageWord(e.next))
	}
	return fmt.Sprintf("stage %q was not reached within %s of the one before (stage_timeouts.%s)", e.next, e.limit, stageWord(e.next))
}
