package provider

import (
	"context"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

type hostModel struct {
	Name         types.String   `tfsdk:"name"`
	MACs         types.List     `tfsdk:"macs"`
	Switch       types.String   `tfsdk:"switch"`
	Port         PortName       `tfsdk:"port"`
	VLAN         types.Int64    `tfsdk:"vlan"`
	Image        KID            `tfsdk:"image"`
	Kernels      types.Set      `tfsdk:"kernels"`
	Args         types.List     `tfsdk:"args"`
	Firmware     types.String   `tfsdk:"firmware"`
	BMC          types.Object   `tfsdk:"bmc"`
	Power        types.String   `tfsdk:"power"`
	RebootPolicy types.String   `tfsdk:"reboot_policy"`
	Protect      types.Bool     `tfsdk:"protect"`
	OnDestroy    types.String   `tfsdk:"on_destroy"`
	DrainTimeout types.String   `tfsdk:"drain_timeout"`
	Effect       types.String   `tfsdk:"effect"`
	EffectReason types.String   `tfsdk:"effect_reason"`
	BootDevice   types.String   `tfsdk:"boot_device"`
	BootedImage  KID            `tfsdk:"booted_image"`
	BootID       types.String   `tfsdk:"boot_id"`
	Addresses    types.List     `tfsdk:"addresses"`
	AgentVersion types.String   `tfsdk:"agent_version"`
	State        types.String   `tfsdk:"state"`
	Stage        types.String   `tfsdk:"stage"`
	BootBudget   types.Object   `tfsdk:"boot_budget"`
	Rollout      types.Object   `tfsdk:"rollout"`
	Stages       types.Map      `tfsdk:"stage_timeouts"`
	Drift        types.List     `tfsdk:"drift"`
	Timeouts     timeouts.Value `tfsdk:"timeouts"`
}

type hostBMCModel struct {
	Address      types.String `tfsdk:"address"`
	Credentials  types.String `tfsdk:"credentials"`
	CipherSuites types.List   `tfsdk:"cipher_suites"`
	BootOverride types.String `tfsdk:"boot_override"`
	BootFlags    types.String `tfsdk:"boot_flags"`
}

var hostBMCTypes = map[string]attr.Type{
	"address":       types.StringType,
	"credentials":   types.StringType,
	"cipher_suites": types.ListType{ElemType: types.Int64Type},
	"boot_override": types.StringType,
	"boot_flags":    types.StringType,
}

// What `power` and the power state are called.
const (
	powerOn  = "on"
	powerOff = "off"
)

// What `firmware` can be.
const (
	firmwareBIOS = "bios"
	firmwareUEFI = "uefi"
)

// What `state` can be.
const (
	hostReady    = "ready"
	hostNotReady = "not ready"
	hostOff      = "off"
)

func (m hostModel) label() string { return fmt.Sprintf("cthulix_host %q", m.Name.ValueString()) }

// known tells whether all that the user says is known.
func (m hostModel) known(ctx context.Context) bool {
	for _, v := range []attr.Value{m.Name, m.MACs, m.Switch, m.Port, m.VLAN, m.Image, m.Kernels, m.Args, m.Firmware, m.BMC, m.Power, m.RebootPolicy, m.BootBudget, m.Rollout, m.Stages} {
		if !wholly(ctx, v) {
			return false
		}
	}
	return true
}

// want returns the record that m asks for.
func (m hostModel) want(ctx context.Context, diags *diag.Diagnostics) ophub.Host {
	h := ophub.Host{
		Name:     m.Name.ValueString(),
		MACs:     m.macs(),
		Switch:   m.Switch.ValueString(),
		VLAN:     int(m.VLAN.ValueInt64()),
		Image:    keg.KID(m.Image.canonical()),
		Firmware: m.Firmware.ValueString(),
		BMC:      m.bmc(ctx, diags).Address.ValueString(),
		Override: m.override(),
		Budget:   m.budget(ctx, diags),
	}
	if !m.Port.IsNull() {
		h.Port = m.Port.canonical()
	}
	diags.Append(m.Kernels.ElementsAs(ctx, &h.Kernels, false)...)
	diags.Append(m.Args.ElementsAs(ctx, &h.Args, false)...)
	slices.Sort(h.Kernels)
	return h
}

// macs returns the MAC addresses that are known, in canonical form.
func (m hostModel) macs() []string {
	var macs []string
	for _, v := range m.MACs.Elements() {
		if mac, ok := v.(MAC); ok && !mac.IsUnknown() {
			macs = append(macs, mac.canonical())
		}
	}
	return macs
}

func (m hostModel) bmc(ctx context.Context, diags *diag.Diagnostics) hostBMCModel {
	var b hostBMCModel
	if !m.BMC.IsNull() && !m.BMC.IsUnknown() {
		diags.Append(m.BMC.As(ctx, &b, asGiven)...)
	}
	return b
}

func (b hostBMCModel) suites() []int {
	var suites []int
	for _, v := range b.CipherSuites.Elements() {
		if n, ok := v.(types.Int64); ok && !n.IsUnknown() {
			suites = append(suites, int(n.ValueInt64()))
		}
	}
	return suites
}

// observeRecord notes what the record says. What was left out stays so.
func (m *hostModel) observeRecord(ctx context.Context, h ophub.Host, diags *diag.Diagnostics) {
	macs := make([]MAC, len(h.MACs))
	for i, mac := range h.MACs {
		macs[i] = wordOf[macKind](mac)
	}
	m.MACs = listOf(ctx, MACType, macs, diags)
	m.Switch = stringOr(m.Switch, h.Switch)
	if !m.Port.IsNull() || h.Port != "" {
		m.Port = wordOf[portKind](h.Port)
	}
	if !m.VLAN.IsNull() || h.VLAN != 0 {
		m.VLAN = types.Int64Value(int64(h.VLAN))
	}
	m.Image = wordOf[kidKind](string(h.Image))
	if !m.Kernels.IsNull() || len(h.Kernels) > 0 {
		set, more := types.SetValueFrom(ctx, types.StringType, h.Kernels)
		diags.Append(more...)
		m.Kernels = set
	}
	if !m.Args.IsNull() || len(h.Args) > 0 {
		m.Args = listOf(ctx, types.StringType, h.Args, diags)
	}
	m.Firmware = types.StringValue(h.Firmware)
	m.observeBudget(ctx, h.Budget, diags)
	b := m.bmc(ctx, diags)
	b.Address = types.StringValue(h.BMC)
	b.observeOverride(h.Override)
	if b.CipherSuites.IsNull() {
		b.CipherSuites = types.ListNull(types.Int64Type)
	}
	o, more := types.ObjectValueFrom(ctx, hostBMCTypes, b)
	diags.Append(more...)
	m.BMC = o
}

// observeMachine notes what the BMC says.
func (m *hostModel) observeMachine(power string, boot ipmi.Boot) {
	m.Power = types.StringValue(power)
	device := ipmi.DeviceNone
	flags := m.override().Bytes()
	switch {
	case !boot.Valid:
	case flags != [2]byte{}:
		device = boot.Device
		if flags == boot.Flags {
			device = ipmi.DevicePXE // which the board calls by another number
		}
	case boot.Device == ipmi.DevicePXE && boot.EFI != (m.Firmware.ValueString() == firmwareUEFI):
		device = ipmi.DeviceOther // it would boot from the network, in the other firmware's way
	default:
		device = boot.Device
	}
	m.BootDevice = types.StringValue(device)
}

// observeAgent notes what runs on the host, if anything does.
func (m *hostModel) observeAgent(ctx context.Context, a *ophub.Agent, diags *diag.Diagnostics) {
	if a == nil {
		m.BootedImage, m.BootID, m.AgentVersion = noWord[kidKind](), types.StringNull(), types.StringNull()
		m.Addresses = types.ListNull(types.StringType)
		return
	}
	m.BootedImage = wordOf[kidKind](string(a.Image))
	m.BootID, m.AgentVersion = types.StringValue(a.BootID), types.StringValue(a.Version)
	m.Addresses = listOf(ctx, types.StringType, a.Addresses, diags)
}

func stringOr(prior types.String, seen string) types.String {
	if prior.IsNull() && seen == "" {
		return prior
	}
	return types.StringValue(seen)
}

func listOf[E any](ctx context.Context, t attr.Type, elements []E, diags *diag.Diagnostics) types.List {
	if elements == nil {
		elements = []E{}
	}
	v, more := types.ListValueFrom(ctx, t, elements)
	diags.Append(more...)
	return v
}
