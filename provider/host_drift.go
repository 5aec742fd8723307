package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// The layers on which a host can drift, as the lines of `drift` begin.
const (
	driftSwitch = "switch: "
	driftBMC    = "BMC: "
	driftRecord = "record: "
	driftBooted = "booted: "
	driftWork   = "work: "
)

// How lines begin about the power, and about an order to wipe the machine.
const (
	driftPower = driftBMC + "the power is "
	driftWipe  = driftRecord + "it has an order to overwrite "
)

// drift lists what is not as the last apply left it, layer by layer. What
// cannot be observed is not drift.
func (r *hostResource) drift(ctx context.Context, m hostModel, past history, diags *diag.Diagnostics) []string {
	now := m.want(ctx, diags)
	asked := past.asked(now)
	var all []string
	if problem := r.strayPort(ctx, asked); problem != "" {
		all = append(all, driftSwitch+problem)
	}
	power := m.Power.ValueString()
	if past.Power != "" && power != past.Power {
		all = append(all, fmt.Sprintf("%s%s, not %s", driftPower, power, past.Power))
	}
	if d := m.BootDevice.ValueString(); d != "" && d != ipmi.DevicePXE && !asked.Override.UsedUp() {
		all = append(all, fmt.Sprintf("%sthe boot device is %s, not %s", driftBMC, d, ipmi.DevicePXE))
	}
	for _, change := range recordChanges(asked, now) {
		all = append(all, driftRecord+change)
	}
	if power == powerOff {
		return all
	}
	return append(all, m.strayBoot(now, past)...)
}

// strayPort says what is wrong with the port of a host, if that can be seen.
func (r *hostResource) strayPort(ctx context.Context, h ophub.Host) string {
	if h.Port == "" {
		return ""
	}
	d, err := r.site.device(h.Switch)
	if err != nil {
		return ""
	}
	seen, err := d.observe(ctx)
	if err != nil {
		return "" // the switch's own resource tells
	}
	port, there := seen.Ports[h.Port]
	if !there {
		return fmt.Sprintf("%s has no port %s", h.Switch, h.Port)
	}
	if problem := cableProblem(port, h.VLAN); problem != "" {
		return fmt.Sprintf("port %s of %s is %s", h.Port, h.Switch, problem)
	}
	return ""
}

// recordChanges names what somebody else changed in a record.
func recordChanges(asked, now ophub.Host) []string {
	all := restarts(now, asked)
	if !slices.Equal(asked.Kernels, now.Kernels) {
		all = append(all, fmt.Sprintf("kernels %s become %s", list(asked.Kernels), list(now.Kernels)))
	}
	if asked.Override != now.Override {
		all = append(all, fmt.Sprintf("the boot override %s becomes %s", overrideText(asked.Override), overrideText(now.Override)))
	}
	if asked.Budget != now.Budget {
		all = append(all, fmt.Sprintf("the boot budget is %d in %d minutes", now.Budget.Attempts, now.Budget.Minutes))
	}
	if asked.BMC != now.BMC {
		all = append(all, fmt.Sprintf("BMC %s becomes %s", asked.BMC, now.BMC))
	}
	return all
}

// strayBoot says how what runs differs from what was booted and is recorded.
func (m hostModel) strayBoot(now ophub.Host, past history) []string {
	booted, id := keg.KID(m.BootedImage.canonical()), m.BootID.ValueString()
	switch {
	case m.BootedImage.IsNull():
		return []string{driftBooted + "no agent is registered"}
	case booted != now.Image:
		return []string{fmt.Sprintf("%sit runs %s (boot %s), not %s", driftBooted, booted.Short(), shortID(id), now.Image.Short())}
	case past.BootID != "" && past.BootID != id:
		return []string{fmt.Sprintf("%sit was restarted since the last apply (boot %s, then %s)", driftBooted, shortID(past.BootID), shortID(id))}
	}
	return nil
}

// drifted says whether the last refresh found a line of drift that begins in one
// of some ways.
func drifted(state *hostModel, ways ...string) bool {
	return slices.ContainsFunc(state.Drift.Elements(), func(v attr.Value) bool {
		s, ok := v.(types.String)
		return ok && slices.ContainsFunc(ways, func(way string) bool { return strings.HasPrefix(s.ValueString(), way) })
	})
}

func shortID(id string) string {
	if len(id) > 8 {
		return id[:8]
	}
	return id
}
