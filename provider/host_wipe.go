package provider

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

const (
	// takeUp is how long an agent may take to take an order up.
	takeUp = time.Minute
	// wipeTold is how often a wipe is heard of while it goes on.
	wipeTold = 30 * time.Second
	// lookTime is how long a plan may take to look for what it would only tell.
	lookTime = 5 * time.Second
)

// wipe has the host's agent overwrite the machine's disks, and waits until it
// has. An order that did not come to its end is withdrawn.
func (h *machine) wipe(ctx context.Context) (err error) {
	name := h.record.Name
	agent, err := h.hub.Agent(ctx, name)
	if errors.Is(err, ophub.ErrNotFound) {
		return fmt.Errorf("no agent of host %s is registered, and only that can wipe its disks: start the machine and destroy it then, or apply on_destroy = %q first", name, destroyPowerOff)
	}
	if err != nil {
		return err
	}
	if agent.Inventory == nil {
		return fmt.Errorf("the agent of host %s does not tell which disks the machine has: let it boot an image of this version first", name)
	}
	record, err := h.hub.Host(ctx, name)
	if err != nil {
		return err
	}
	order := &ophub.WipeOrder{ID: rand.Text(), BootID: agent.BootID, Disks: agent.Inventory.Fixed()}
	record.Wipe = order
	h.log(ctx, "its disks are overwritten", "disks", diskList(order.Disks))
	if err := h.hub.PutHost(ctx, record); err != nil {
		return err
	}
	err = h.awaitWipe(ctx, order)
	if err == nil {
		return nil
	}
	back, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTime)
	defer cancel()
	record.Wipe = nil
	return errors.Join(
		fmt.Errorf("wipe the disks of host %s (%s): %w: the order is withdrawn, and the host is still there", name, diskList(order.Disks), err),
		h.hub.PutHost(back, record))
}

// awaitWipe follows the agent until it is done, or fails.
func (h *machine) awaitWipe(whole context.Context, order *ophub.WipeOrder) error {
	ctx, cancel := context.WithCancel(whole)
	views := h.hub.WatchHost(ctx, h.record.Name)
	defer func() {
		cancel()
		for range views { // it ends before we do
		}
	}()
	late := time.NewTimer(takeUp)
	defer late.Stop()
	told, last := time.Time{}, ophub.Wipe{}
	for {
		select {
		case <-late.C:
			if last.ID == "" {
				return fmt.Errorf("its agent has not taken the order up within %s: its image may hold an older agent", takeUp)
			}
		case v, more := <-views:
			switch {
			case !more:
				return fmt.Errorf("%d %% were done: %w", last.Percent(), context.Cause(whole))
			case v.Err != nil:
				continue // the watch goes on by itself
			case v.Agent == nil || v.Agent.BootID != order.BootID:
				return fmt.Errorf("its agent ended when %d %% were done", last.Percent())
			case v.Agent.Wipe == nil || v.Agent.Wipe.ID != order.ID:
				continue
			}
			last = *v.Agent.Wipe
			switch {
			case last.Error != "":
				return errors.New(last.Error)
			case last.Finished:
				h.log(ctx, "its disks read as zeros", "disks", diskList(order.Disks))
				return nil
			case time.Since(told) >= wipeTold:
				told = time.Now()
				h.log(ctx, "its disks are overwritten", "percent", last.Percent())
			}
		}
	}
}

func diskList(disks []ophub.Disk) string {
	if len(disks) == 0 {
		return "no disks"
	}
	names := make([]string, len(disks))
	for i, d := range disks {
		names[i] = d.String()
	}
	return strings.Join(names, ", ")
}

// warnWipe says at plan which disks will be overwritten, as far as that is known.
func (r *hostResource) warnWipe(ctx context.Context, m hostModel, diags *diag.Diagnostics) {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	disks := "all disks that its agent finds: it is not registered now, and must be for this"
	hub, err := r.site.ophubClient()
	if err == nil {
		var agent ophub.Agent
		if agent, err = hub.Agent(ctx, m.Name.ValueString()); err == nil && agent.Inventory != nil {
			disks = diskList(agent.Inventory.Fixed())
		}
	}
	diags.AddWarning(m.label()+" is wiped", "Its work is moved away first. Destroying it overwrites all that is on the machine, "+disks+
		", then switches it off and removes its record. What was there is lost.")
}
