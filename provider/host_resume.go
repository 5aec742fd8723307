package provider

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// An apply may be killed at any point. What it has the machine do is told in
// the boot record first, so that the next one can go on from there and restarts
// nothing twice.

const (
	// bootPatience is how long after its start an interrupted apply's boot may still succeed.
	bootPatience = 5 * time.Minute
	// outcomeTime is how long after a restart was told it may take to see whether it was
	// made: a record of the agent before outlives it by its session, 15 s that Consul may
	// double.
	outcomeTime = 35 * time.Second
)

// mustBoot says whether the machine has to be started or restarted: not if it
// runs what is wanted, or is booting it.
func (h *machine) mustBoot(ctx context.Context, e effect, p preparation) (bool, error) {
	if e.verb != effectReboot && e.verb != effectPowerOn {
		return false, nil
	}
	if !p.wasPowered {
		return true, nil
	}
	agent, lives, err := h.agent(ctx)
	if err != nil {
		return false, err
	}
	if e.imageOnly && lives && agent.Image == h.record.Image {
		h.log(ctx, "it runs the right image already")
		return false, nil
	}
	if e.imageOnly && !lives && h.waits(ctx) {
		h.log(ctx, "it was discovered, runs the right image already, and waits for its record")
		return false, nil
	}
	under, err := h.underWay(ctx, lives, agent)
	if under {
		h.log(ctx, "an apply that was cut off has restarted it already")
	}
	return !under, err
}

// agent reads what runs on the machine, if anything lives there.
func (h *machine) agent(ctx context.Context) (a ophub.Agent, lives bool, err error) {
	a, err = h.hub.Agent(ctx, h.record.Name)
	if errors.Is(err, ophub.ErrNotFound) {
		return a, false, nil
	}
	return a, err == nil, err
}

// underWay says whether an earlier apply, which did not live to see the end of
// it, has had the machine boot what is wanted, or has it booting that now.
func (h *machine) underWay(ctx context.Context, lives bool, agent ophub.Agent) (bool, error) {
	boot, err := h.hub.Boot(ctx, h.record.Name)
	if err != nil {
		return false, err
	}
	told := slices.IndexFunc(boot.Events, func(e ophub.Event) bool {
		return e.Stage == ophub.StagePower && e.Boots == h.record.BootKey()
	})
	switch {
	case told < 0 || boot.Attempt == h.gaveUp:
		return false, nil
	case lives && agent.BootID != boot.OldBootID:
		return agent.Image == h.record.Image, nil // that boot is over, and brought it or did not
	case time.Since(boot.Started) > bootPatience:
		return false, nil
	case !lives || told < len(boot.Events)-1:
		return true, nil
	}
	return h.outcome(ctx, boot)
}

// outcome waits to see whether a restart was made that was told, and after which
// nothing was seen but the agent from before: that may be no more than its
// record.
func (h *machine) outcome(ctx context.Context, boot ophub.Boot) (bool, error) {
	whole := ctx
	ctx, cancel := context.WithDeadline(ctx, boot.Started.Add(outcomeTime))
	defer cancel()
	if ctx.Err() == nil {
		h.log(ctx, "a restart was told and nothing seen of it: waiting to see whether it was made")
	}
	made := false
	views := h.hub.WatchHost(ctx, h.record.Name)
	for v := range views {
		if v.Err == nil && (v.Agent == nil || v.Agent.BootID != boot.OldBootID || len(v.Boot.Events) > len(boot.Events)) {
			made = true
			break
		}
	}
	cancel()
	for range views { // it ends before we do
	}
	return made, whole.Err()
}

const gaveUpKey = "gave_up"

// noteGaveUp notes that the present boot was waited for in vain, so that the
// next apply does not wait for it again.
func (h *machine) noteGaveUp(ctx context.Context, err error, p privateWriter, diags *diag.Diagnostics) {
	var notReady *ophub.NotReady
	if !errors.As(err, &notReady) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTime)
	defer cancel()
	boot, err := h.hub.Boot(ctx, h.record.Name)
	if err != nil {
		diags.AddWarning("The next apply may wait for this boot again", err.Error())
		return
	}
	diags.Append(p.SetKey(ctx, gaveUpKey, []byte(strconv.Itoa(boot.Attempt)))...)
}

// recallGaveUp reads what noteGaveUp noted.
func (h *machine) recallGaveUp(ctx context.Context, p privateReader, diags *diag.Diagnostics) {
	b, more := p.GetKey(ctx, gaveUpKey)
	diags.Append(more...)
	if n, err := strconv.Atoi(string(b)); err == nil {
		h.gaveUp = n
	}
}
