package provider

import (
	"context"
	"errors"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// settle fills in what an apply found out. Where the plan promised a value, the
// promise stands: the next refresh tells if it was broken since.
func (r *hostResource) settle(ctx context.Context, m *hostModel, state *hostModel, done outcomeOfHost, diags *diag.Diagnostics) {
	promised := *m
	m.foresee(done.effect, state)
	switch {
	case done.agent != nil:
		m.observeAgent(ctx, done.agent, diags)
		m.State, m.Stage = types.StringValue(hostReady), types.StringValue(hostReady)
	case m.BootID.IsUnknown() || m.BootID.IsNull():
		m.observeAgent(ctx, nil, diags)
	}
	if m.BootDevice.IsUnknown() {
		m.BootDevice = types.StringValue(ipmi.DevicePXE)
		if done.booted {
			m.BootDevice = types.StringValue(ipmi.DeviceNone)
		}
	}
	if m.State.IsUnknown() || m.State.IsNull() {
		m.State, m.Stage = types.StringValue(hostNotReady), types.StringValue("")
	}
	if !promised.Effect.IsUnknown() {
		m.Effect, m.EffectReason = promised.Effect, promised.EffectReason
	}
	if promised.Drift.IsUnknown() {
		m.Drift = listOf(ctx, types.StringType, r.drift(ctx, *m, done.past, diags), diags)
	} else {
		m.Drift = promised.Drift
	}
}

// observe notes all that is known of a host now.
func (r *hostResource) observe(ctx context.Context, m *hostModel, view ophub.View, past history, diags *diag.Diagnostics) {
	m.observeRecord(ctx, *view.Host, diags)
	m.observeAgent(ctx, view.Agent, diags)
	r.observeMachine(ctx, m, view, diags)
	if view.Agent != nil {
		r.checkAgentPlace(*m, view.Agent.Inventory, diags)
	}
	m.judge(view)
	drift := append(r.drift(ctx, *m, past, diags), r.idle(*m, view.Host.Kernels)...)
	if order := view.Host.Wipe; order != nil {
		drift = append(drift, driftWipe+diskList(order.Disks)+", of a destroy that was cut off; an apply withdraws it")
	}
	m.Drift = listOf(ctx, types.StringType, drift, diags)
	m.Effect, m.EffectReason = types.StringValue(effectNone), types.StringValue("")
}

// bmcLook is how long a refresh asks a BMC. An apply has more patience with one
// whose sessions are taken.
const bmcLook = 20 * time.Second

// observeMachine asks the BMC. One that cannot be asked leaves what was known,
// but a host whose agent lives has power, whatever its BMC says.
func (r *hostResource) observeMachine(ctx context.Context, m *hostModel, view ophub.View, diags *diag.Diagnostics) {
	b := m.bmc(ctx, diags)
	if b.Credentials.IsNull() {
		if m.Power.IsNull() {
			m.Power = types.StringValue(powerOff)
			if view.Agent != nil {
				m.Power = types.StringValue(powerOn)
			}
		}
		return
	}
	bmc, err := r.site.bmc(m.Name.ValueString(), b.Address.ValueString(), b.Credentials.ValueString(), b.suites())
	ctx, cancel := context.WithTimeout(ctx, bmcLook)
	defer cancel()
	var power ipmi.PowerState
	var boot ipmi.Boot
	if err == nil {
		power, err = bmc.Power(ctx)
	}
	if err == nil {
		boot, err = bmc.Boot(ctx)
	}
	var auth *ipmi.AuthError
	switch {
	case errors.As(err, &auth):
		addHostError(diags, m.label(), "", err)
	case err != nil:
		addReadProblem(diags, "the BMC of "+m.label(), err)
	default:
		m.observeMachine(string(power), boot)
	}
}

// judge says how the host is doing.
func (m *hostModel) judge(view ophub.View) {
	if m.Power.ValueString() == powerOff {
		m.State, m.Stage = types.StringValue(hostOff), types.StringValue(hostOff)
		return
	}
	verdict := ophub.Diagnose(view, keg.KID(m.Image.canonical()), true, time.Time{})
	m.State, m.Stage = types.StringValue(hostNotReady), types.StringValue(verdict.Stage)
	if verdict.Ready {
		m.State, m.Stage = types.StringValue(hostReady), types.StringValue(hostReady)
	}
}
