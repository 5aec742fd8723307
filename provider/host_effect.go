package provider

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
	"github.com/cthulix/terraform-provider-cthulix/keg"
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
}

func (e effect) reason() string { return strings.Join(e.reasons, "; ") }

// effectOf compares what is planned with what was last observed. state is nil
// for a new host.
func effectOf(ctx context.Context, plan hostModel, state *hostModel, diags *diag.Diagnostics) effect {
	if plan.Power.ValueString() == powerOff {
		return effectOfPowerOff(ctx, plan, state, diags)
	}
	if state == nil {
		return effect{verb: effectReboot, boots: true, imageOnly: true,
			reasons: []string{"the host is new: it is switched on, or restarted if it runs anything else than " + short(plan.Image)}}
	}
	want, have := plan.want(ctx, diags), state.want(ctx, diags)
	var boot, live []string
	image := want.Image != have.Image
	if image {
		boot = append(boot, fmt.Sprintf("image %s becomes %s", short(state.Image), short(plan.Image)))
	}
	changed := image
	for _, c := range []struct {
		differ bool
		what   string
	}{
		{!equalLists(want.Args, have.Args), "args change"},
		{want.Firmware != have.Firmware, "firmware changes"},
		{!equalLists(want.MACs, have.MACs), "macs change"},
	} {
		if c.differ {
			boot = append(boot, c.what)
			changed = true
		}
	}
	imageOnly := len(boot) == 0 || image && len(boot) == 1
	if plan.RebootPolicy.ValueString() == rebootApply && !image {
		switch booted := keg.KID(state.BootedImage.canonical()); {
		case state.Power.ValueString() == powerOff:
		case state.BootedImage.IsNull():
			boot = append(boot, "it is on, but no agent is registered")
		case booted != want.Image:
			boot = append(boot, fmt.Sprintf("it runs %s, not %s", booted.Short(), want.Image.Short()))
		}
	}
	if !equalLists(want.Kernels, have.Kernels) {
		live = append(live, "kernels change")
	}
	if want.Switch != have.Switch || want.Port != have.Port || want.VLAN != have.VLAN || want.BMC != have.BMC {
		live = append(live, "its record changes")
	}
	if d := state.BootDevice.ValueString(); d != ipmi.DevicePXE {
		live = append(live, fmt.Sprintf("its boot device is %s, not %s", orNone(d), ipmi.DevicePXE))
	}
	switch {
	case state.Power.ValueString() == powerOff:
		return effect{verb: effectPowerOn, boots: true, imageOnly: true, reasons: append(append([]string{"the power is off"}, boot...), live...)}
	case len(boot) > 0 && plan.RebootPolicy.ValueString() == rebootApply:
		return effect{verb: effectReboot, boots: true, imageOnly: imageOnly, reasons: append(boot, live...)}
	case changed:
		return effect{verb: effectNextBoot, reasons: append(boot, live...)}
	case state.State.ValueString() != hostReady && plan.RebootPolicy.ValueString() == rebootApply:
		return effect{verb: effectLive, boots: true, imageOnly: true, reasons: append(live, "it is not ready: "+state.Stage.ValueString())}
	case len(live) > 0:
		return effect{verb: effectLive, boots: !equalLists(want.Kernels, have.Kernels), imageOnly: true, reasons: live}
	}
	return effect{verb: effectNone}
}

func effectOfPowerOff(ctx context.Context, plan hostModel, state *hostModel, diags *diag.Diagnostics) effect {
	switch {
	case state == nil:
		return effect{verb: effectPowerOff, reasons: []string{"the host is new, and is to be off"}}
	case state.Power.ValueString() != powerOff:
		return effect{verb: effectPowerOff, reasons: []string{"power is to be off"}}
	case state.BootDevice.ValueString() != ipmi.DevicePXE:
		return effect{verb: effectLive, reasons: []string{"its boot device is " + orNone(state.BootDevice.ValueString())}}
	}
	want, have := plan.want(ctx, diags), state.want(ctx, diags)
	if want.Image != have.Image || want.Firmware != have.Firmware || want.Switch != have.Switch || want.Port != have.Port ||
		want.VLAN != have.VLAN || want.BMC != have.BMC || !equalLists(want.Args, have.Args) ||
		!equalLists(want.MACs, have.MACs) || !equalLists(want.Kernels, have.Kernels) {
		return effect{verb: effectLive, reasons: []string{"its record changes"}}
	}
	return effect{verb: effectNone}
}

// foresee fills in what an apply with that effect makes of the observed
// attributes, as far as it can be known.
func (m *hostModel) foresee(e effect, state *hostModel) {
	m.Effect, m.EffectReason = types.StringValue(e.verb), types.StringValue(e.reason())
	m.BootDevice = types.StringValue(ipmi.DevicePXE)
	switch {
	case m.Power.ValueString() == powerOff:
		m.State, m.Stage = types.StringValue(hostOff), types.StringValue(hostOff)
		m.BootedImage, m.BootID, m.AgentVersion = noWord[kidKind](), types.StringNull(), types.StringNull()
		m.Addresses = types.ListNull(types.StringType)
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

func equalLists(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
