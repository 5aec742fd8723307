package provider

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/operate"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

const (
	// softOff is how long an operating system may take to shut down by itself.
	softOff = 30 * time.Second
	// undoTime is how long it may take to clean up after a failed create.
	undoTime = time.Minute
)

// machine is a host at work: its record and its management controller.
type machine struct {
	site   *site
	hub    *ophub.Hub
	bmc    *ipmi.BMC
	record ophub.Host
	stages stageTimes
	gaveUp int // the boot that an earlier apply waited for in vain; 0 for none
	// secrets are never shown, whatever the machine says on its console.
	secrets []string
	log     func(ctx context.Context, msg string, args ...any)
}

func (s *site) machine(ctx context.Context, m hostModel, diags *diag.Diagnostics) (*machine, error) {
	hub, err := s.ophubClient()
	if err != nil {
		return nil, err
	}
	b := m.bmc(ctx, diags)
	bmc, err := s.bmc(m.Name.ValueString(), b.Address.ValueString(), b.Credentials.ValueString(), b.suites())
	if err != nil {
		return nil, err
	}
	name := m.Name.ValueString()
	log := s.log.With("host", name)
	tell := func(ctx context.Context, msg string, args ...any) {
		log.InfoContext(ctx, msg, args...)
		if err := s.journal(noteOf(name, msg, args)); err != nil {
			log.WarnContext(ctx, "not in the journal", "error", err)
		}
	}
	return &machine{site: s, hub: hub, bmc: bmc, record: m.want(ctx, diags), stages: m.stageTimes(), secrets: s.secrets(), log: tell}, nil
}

// powered reads the power state. It comes before everything else that is done
// to a host, so that a BMC which does not answer leaves nothing half done.
func (h *machine) powered(ctx context.Context) (bool, error) {
	state, err := h.bmc.Power(ctx)
	return state == ipmi.On, err
}

// preparation is what must be undone if a create fails.
type preparation struct {
	old        *ophub.Host
	stored     bool
	poweredOn  bool
	wasPowered bool
	restarted  bool
}

// look sees what is there before anything is touched.
func (h *machine) look(ctx context.Context) (p preparation, err error) {
	if p.wasPowered, err = h.powered(ctx); err != nil {
		return p, err
	}
	old, err := h.hub.Host(ctx, h.record.Name)
	switch {
	case err == nil:
		p.old = &old
	case !errors.Is(err, ophub.ErrNotFound):
		return p, err
	}
	return p, nil
}

// enlist sets the boot device and stores the record, in this order: a machine
// that was discovered restarts by itself a while after it is on record. An
// override for one boot is not set anew where nothing happens to the machine.
func (h *machine) enlist(ctx context.Context, e effect, p *preparation) error {
	if e.verb != effectNone || !h.record.Override.UsedUp() {
		if err := h.bmc.SetBoot(ctx, operate.NetworkBoot(h.record)); err != nil {
			return err
		}
	}
	if err := h.hub.PutHost(ctx, h.record); err != nil {
		return err
	}
	p.stored = true
	return nil
}

// withdraw undoes a preparation.
func (h *machine) withdraw(ctx context.Context, p preparation) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTime)
	defer cancel()
	var errs []error
	if p.poweredOn {
		if err := h.bmc.PowerOff(ctx); err != nil {
			errs = append(errs, fmt.Errorf("switch it off again: %w", err))
		}
	}
	if !p.stored {
		return nil
	}
	if p.old != nil {
		errs = append(errs, h.hub.PutHost(ctx, *p.old))
	} else {
		errs = append(errs, h.hub.DeleteHost(ctx, h.record.Name))
	}
	return errors.Join(errs...)
}

// boot starts or restarts the machine.
func (h *machine) boot(ctx context.Context, e effect, p *preparation) error {
	h.log(ctx, e.verb, "reason", e.reason())
	p.poweredOn = !p.wasPowered
	limit := h.stages[ophub.StagePower]
	err := operate.Boot{Record: h.record, Verb: e.verb, Reason: e.reason(), On: p.wasPowered, Limit: limit}.Begin(ctx, h.bmc, h.hub)
	var power *operate.PowerError
	if errors.As(err, &power) && power.Late {
		err = errors.Join(err, &stageError{next: ophub.StagePower, limit: limit})
	}
	return err
}

// switchOff lets the operating system shut down, and cuts the power if it does not.
func (h *machine) switchOff(ctx context.Context) error {
	return operate.Host{Name: h.record.Name, BMC: h.bmc}.PowerOff(ctx, operate.Off{Grace: softOff})
}

// view reads all that is recorded of the host.
func (h *machine) view(ctx context.Context) (v ophub.View, err error) {
	record, err := h.hub.Host(ctx, h.record.Name)
	if err != nil {
		return v, err
	}
	v.Host, v.At = &record, time.Now()
	if v.Boot, err = h.hub.Boot(ctx, h.record.Name); err != nil {
		return v, err
	}
	agent, err := h.hub.Agent(ctx, h.record.Name)
	switch {
	case err == nil:
		v.Agent = &agent
	case !errors.Is(err, ophub.ErrNotFound):
		return v, err
	}
	return v, nil
}

// addHostError reports a failure of a host's machinery.
func addHostError(diags *diag.Diagnostics, label string, image keg.KID, err error) {
	var notReady *ophub.NotReady
	var auth *ipmi.AuthError
	var silent *ipmi.UnreachableError
	var power *operate.PowerError
	var state *ipmi.StateError // it answered before, whatever ended the wait
	summary := label + " failed"
	switch {
	case errors.As(err, &notReady):
		summary = fmt.Sprintf("%s did not become ready with image %s: %s", label, image.Short(), notReady.Stage)
	case errors.As(err, &auth):
		summary = "The BMC of " + label + " refused the login"
	case errors.As(err, &silent) && !errors.As(err, &state):
		summary = "The BMC of " + label + " does not answer"
	case errors.As(err, &power):
		summary = label + " did not start: no power"
	}
	diags.AddError(summary, operate.Explain(err))
}
