package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// What an apply does to a machine.
const (
	effectNone     = "none"      // nothing
	effectLive     = "live"      // changed while it runs
	effectNextBoot = "next_boot" // takes effect when somebody restarts it
	effectReboot   = "reboot"    // restarted now
	effectPowerOn  = "power_on"
	effectPowerOff = "power_off"
)

// What `reboot_policy` can be.
const (
	rebootApply    = "apply"
	rebootNextBoot = "next_boot"
	rebootNever    = "never"
)

// effect is what an apply does to a machine, and why. It is worked out when the
// resource is planned and again, from the same values, when it is applied, so
// that no machine is power-cycled but those which the plan named.
type effect struct {
	verb    string
	reasons []string
	// boots says that the machine must come up before the apply is done.
	boots bool
	// imageOnly says that a machine which has come up with the right image in
	// the meantime needs no restart any more.
	imageOnly bool
	// resumes says that the host is let take work again, although it need not
	// come up first.
	resumes bool
	// forbidden are the changes that only a restart could bring, on a machine
	// which is never to be restarted.
	forbidden []string
}

func (e effect) reason() string { return strings.Join(e.reasons, "; ") }

// effectOf is what an apply does, beside what earlier ones have left undone.
// state is nil for a new host.
func effectOf(ctx context.Context, plan hostModel, state *hostModel, past history, diags *diag.Diagnostics) effect {
	e := effectOfChange(ctx, plan, state, past, diags)
	if state == nil || len(e.forbidden) > 0 {
		return e
	}
	on := plan.Power.ValueString() != powerOff
	var left []string
	if on && drifted(state, driftWork) {
		e.resumes = true
		left = append(left, "an apply that was cut off has drained it: it takes work again")
	}
	switch {
	case drifted(state, driftWipe):
		left = append(left, "a destroy that was cut off has ordered its disks to be overwritten: the order is withdrawn")
	case e.verb == effectNone && drifted(state, driftRecord, driftPower):
		left = append(left, "it is as it is to be, by an apply that was cut off or by somebody else: that is noted")
	}
	if e.verb == effectNone && len(left) > 0 {
		e.verb, e.boots = effectLive, on && plan.RebootPolicy.ValueString() == rebootApply
	}
	e.reasons = append(e.reasons, left...)
	return e
}

// effectOfChange compares what is planned with what was last observed.
func effectOfChange(ctx context.Context, plan hostModel, state *hostModel, past history, diags *diag.Diagnostics) effect {
	if plan.Power.ValueString() == powerOff {
		return effectOfPowerOff(ctx, plan, state, diags)
	}
	if state == nil {
		return effectOfNew(plan)
	}
	want, have := plan.want(ctx, diags), state.want(ctx, diags)
	pending := restarts(want, past.booted(have, state.BootID.ValueString()))
	imageOnly := len(pending) == 0 || len(pending) == 1 && want.Image != past.booted(have, state.BootID.ValueString()).Image
	live := liveChanges(want, have, state.BootDevice.ValueString())
	differs := !sameRecord(want, have)
	policy := plan.RebootPolicy.ValueString()
	if state.Power.ValueString() == powerOff {
		return effect{verb: effectPowerOn, boots: true, imageOnly: true, reasons: slices.Concat([]string{"the power is off"}, pending, live)}
	}
	switch policy {
	case rebootNever:
		if asked := restarts(want, past.asked(have)); len(asked) > 0 {
			return effect{verb: effectNone, forbidden: asked}
		}
	case rebootNextBoot:
		if differs && len(pending) > 0 {
			return effect{verb: effectNextBoot, reasons: slices.Concat(pending, live)}
		}
	default:
		stray := strays(want, state)
		if len(pending)+len(stray) > 0 {
			if len(pending) == 0 && state.BootedImage.IsNull() && drifted(state, driftSwitch) {
				return effect{verb: effectLive, boots: true, imageOnly: true,
					reasons: append(live, "no agent is registered, and its port is not as it should be: once that is mended, the agent should be back")}
			}
			return effect{verb: effectReboot, boots: true, imageOnly: imageOnly, reasons: slices.Concat(pending, stray, live)}
		}
		if state.State.ValueString() != hostReady {
			return effect{verb: effectLive, boots: true, imageOnly: true, reasons: append(live, "it is not ready: "+state.Stage.ValueString())}
		}
	}
	if differs && len(live) == 0 {
		live = append(live, "its record is put right")
	}
	if len(live) > 0 {
		return effect{verb: effectLive, boots: policy == rebootApply && !slices.Equal(want.Kernels, have.Kernels), imageOnly: true, reasons: live}
	}
	return effect{verb: effectNone}
}

// effectOfNew is for a host without state. Whether the machine is on already
// turns out when it is made.
func effectOfNew(plan hostModel) effect {
	e := effect{verb: effectReboot, boots: true, imageOnly: true,
		reasons: []string{"the host is new: it is switched on, or restarted if it runs anything else than " + short(plan.Image)}}
	switch plan.RebootPolicy.ValueString() {
	case rebootNextBoot:
		e.verb, e.reasons = effectNextBoot, []string{"the host is new: it is switched on if it is off, and else takes " + short(plan.Image) + " whenever it is restarted; one that was discovered restarts by itself"}
	case rebootNever:
		e.verb, e.reasons = effectPowerOn, []string{"the host is new: it is switched on if it is off; if it is on, it must run " + short(plan.Image) + " already"}
	}
	return e
}

// restarts names what only a restart brings to a machine that was booted by
// another record.
func restarts(want, booted ophub.Host) []string {
	var all []string
	if want.Image != booted.Image {
		all = append(all, fmt.Sprintf("image %s becomes %s", booted.Image.Short(), want.Image.Short()))
	}
	for _, c := range []struct {
		differ bool
		what   string
	}{
		{!slices.Equal(want.Args, booted.Args), "args change"},
		{want.Firmware != booted.Firmware, fmt.Sprintf("firmware %s becomes %s", booted.Firmware, want.Firmware)},
		{!slices.Equal(want.MACs, booted.MACs), "macs change"},
		{want.Switch != booted.Switch || want.Port != booted.Port,
			fmt.Sprintf("it moves from %s to %s, and must boot from there", placeOf(booted), placeOf(want))},
		{want.VLAN != booted.VLAN, fmt.Sprintf("VLAN %d becomes %d, in which it needs another address", booted.VLAN, want.VLAN)},
	} {
		if c.differ {
			all = append(all, c.what)
		}
	}
	return all
}

func placeOf(h ophub.Host) string {
	if h.Port == "" {
		return "no known port"
	}
	return fmt.Sprintf("port %s of %s", h.Port, h.Switch)
}

// liveChanges names what a running machine takes up.
func liveChanges(want, have ophub.Host, bootDevice string) []string {
	var all []string
	if !slices.Equal(want.Kernels, have.Kernels) {
		all = append(all, "kernels change")
	}
	if want.Budget != have.Budget {
		all = append(all, "the boot budget changes")
	}
	if want.BMC != have.BMC {
		all = append(all, fmt.Sprintf("its BMC is at %s", want.BMC))
	}
	if want.Override != have.Override {
		all = append(all, "the boot override changes")
	}
	if bootDevice != ipmi.DevicePXE && !want.Override.UsedUp() {
		all = append(all, fmt.Sprintf("its boot device is %s, not %s", orNone(bootDevice), ipmi.DevicePXE))
	}
	return all
}

// strays names what a machine runs against its record.
func strays(want ophub.Host, state *hostModel) []string {
	switch booted := keg.KID(state.BootedImage.canonical()); {
	case state.BootedImage.IsNull():
		return []string{"it is on, but no agent is registered"}
	case booted != want.Image:
		return []string{fmt.Sprintf("it runs %s, not %s", booted.Short(), want.Image.Short())}
	}
	return nil
}

func sameRecord(a, b ophub.Host) bool {
	return len(restarts(a, b)) == 0 && slices.Equal(a.Kernels, b.Kernels) && a.BMC == b.BMC && a.Override == b.Override && a.Budget == b.Budget
}

func effectOfPowerOff(ctx context.Context, plan hostModel, state *hostModel, diags *diag.Diagnostics) effect {
	switch {
	case state == nil:
		return effect{verb: effectPowerOff, reasons: []string{"the host is new, and is to be off"}}
	case state.Power.ValueString() != powerOff:
		return effect{verb: effectPowerOff, reasons: []string{"power is to be off"}}
	case state.BootDevice.ValueString() != ipmi.DevicePXE && !plan.override().UsedUp():
		return effect{verb: effectLive, reasons: []string{"its boot device is " + orNone(state.BootDevice.ValueString())}}
	case !sameRecord(plan.want(ctx, diags), state.want(ctx, diags)):
		return effect{verb: effectLive, reasons: []string{"its record changes"}}
	}
	return effect{verb: effectNone}
}

// foresee fills in what an apply with that effect makes of the observed
// attributes, as far as it can be known.
func (m *hostModel) foresee(e effect, state *hostModel) {
	m.Effect, m.EffectReason = types.StringValue(e.verb), types.StringValue(e.reason())
	m.BootDevice = types.StringValue(ipmi.DevicePXE)
	if m.override().UsedUp() {
		m.BootDevice = types.StringUnknown()
		if e.verb == effectNone && state != nil {
			m.BootDevice = state.BootDevice
		}
	}
	if m.Drift = types.ListUnknown(types.StringType); e.verb == effectNone && state != nil {
		m.Drift = state.Drift
	}
	switch {
	case m.Power.ValueString() == powerOff:
		m.State, m.Stage = types.StringValue(hostOff), types.StringValue(hostOff)
		m.BootedImage, m.BootID, m.AgentVersion = noWord[kidKind](), types.StringNull(), types.StringNull()
		m.Addresses = types.ListNull(types.StringType)
	case state == nil && m.RebootPolicy.ValueString() == rebootNextBoot:
		m.State, m.Stage, m.BootedImage = types.StringUnknown(), types.StringUnknown(), word[kidKind]{types.StringUnknown()}
		m.BootID, m.AgentVersion, m.Addresses = types.StringUnknown(), types.StringUnknown(), types.ListUnknown(types.StringType)
	case e.boots:
		m.State, m.Stage = types.StringValue(hostReady), types.StringValue(hostReady)
		m.BootedImage = m.Image
		m.BootID, m.AgentVersion = types.StringUnknown(), types.StringUnknown()
		m.Addresses = types.ListUnknown(types.StringType)
	case state != nil:
		m.State, m.Stage, m.BootedImage, m.BootID = state.State, state.Stage, state.BootedImage, state.BootID
		m.AgentVersion, m.Addresses = state.AgentVersion, state.Addresses
	}
}

func short(k KID) string { return keg.KID(k.canonical()).Short() }

func orNone(s string) string {
	if s == "" {
		return "not known"
	}
	return s
}
