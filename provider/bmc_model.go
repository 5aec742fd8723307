package provider

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
)

type bmcModel struct {
	Address       types.String   `tfsdk:"address"`
	Credentials   types.String   `tfsdk:"credentials"`
	CipherSuites  types.List     `tfsdk:"cipher_suites"`
	Users         types.Map      `tfsdk:"users"`
	LAN           types.Object   `tfsdk:"lan"`
	RestorePolicy types.String   `tfsdk:"restore_policy"`
	Disruptive    types.Bool     `tfsdk:"allow_disruptive"`
	OnDestroy     types.String   `tfsdk:"on_destroy"`
	MAC           types.String   `tfsdk:"mac"`
	Firmware      types.String   `tfsdk:"firmware"`
	Timeouts      timeouts.Value `tfsdk:"timeouts"`
}

type bmcUserModel struct {
	Privilege       types.String `tfsdk:"privilege"`
	Enabled         types.Bool   `tfsdk:"enabled"`
	Password        types.String `tfsdk:"password_wo"`
	PasswordVersion types.Int64  `tfsdk:"password_wo_version"`
}

var bmcUserType = types.ObjectType{AttrTypes: map[string]attr.Type{
	"privilege": types.StringType, "enabled": types.BoolType, "password_wo": types.StringType, "password_wo_version": types.Int64Type,
}}

type bmcLANModel struct {
	Source  types.String `tfsdk:"source"`
	Address types.String `tfsdk:"address"`
	Netmask types.String `tfsdk:"netmask"`
	Gateway types.String `tfsdk:"gateway"`
	VLAN    types.Int64  `tfsdk:"vlan"`
}

var bmcLANTypes = map[string]attr.Type{
	"source": types.StringType, "address": types.StringType, "netmask": types.StringType, "gateway": types.StringType, "vlan": types.Int64Type,
}

// What `restore_policy` can be.
const (
	restoreOn       = "always_on"
	restoreOff      = "always_off"
	restorePrevious = "previous"
)

var restorePolicies = map[string]ipmi.RestorePolicy{
	restoreOn: ipmi.RestoreOn, restoreOff: ipmi.RestoreOff, restorePrevious: ipmi.RestorePrevious,
}

func restoreWord(p ipmi.RestorePolicy) string {
	for word, policy := range restorePolicies {
		if policy == p {
			return word
		}
	}
	return string(p)
}

func (m bmcModel) label() string { return fmt.Sprintf("cthulix_bmc at %s", m.Address.ValueString()) }

func (m bmcModel) identity() identity {
	return identity{"address": m.Address.ValueString(), "credentials": m.Credentials.ValueString()}
}

// known tells whether all that the user says is known, passwords aside.
func (m bmcModel) known(ctx context.Context) bool {
	for _, v := range []attr.Value{m.Address, m.Credentials, m.CipherSuites, m.Users, m.LAN, m.RestorePolicy, m.Disruptive, m.OnDestroy} {
		if !wholly(ctx, v) {
			return false
		}
	}
	return true
}

func (m bmcModel) suites() []int { return hostBMCModel{CipherSuites: m.CipherSuites}.suites() }

func (m bmcModel) users(ctx context.Context, diags *diag.Diagnostics) map[string]bmcUserModel {
	users := map[string]bmcUserModel{}
	if !m.Users.IsNull() && !m.Users.IsUnknown() {
		diags.Append(m.Users.ElementsAs(ctx, &users, false)...)
	}
	return users
}

func (m bmcModel) lan(ctx context.Context, diags *diag.Diagnostics) (lan bmcLANModel) {
	if !m.LAN.IsNull() && !m.LAN.IsUnknown() {
		diags.Append(m.LAN.As(ctx, &lan, asGiven)...)
	}
	return lan
}

// wanted is an account as it is to be.
func (u bmcUserModel) wanted() account {
	p, _ := ipmi.ParsePrivilege(u.Privilege.ValueString()) // the schema lets nothing else in
	return account{privilege: p, enabled: u.Enabled.ValueBool()}
}

// all is the whole of what lan asks for.
func (l bmcLANModel) all() ipmi.LANChange {
	return l.change(ipmi.LAN{Source: ipmi.SourceOther, VLAN: -1})
}

// change is what of lan differs from how it is.
func (l bmcLANModel) change(now ipmi.LAN) (c ipmi.LANChange) {
	if s := ipmi.AddressSource(l.Source.ValueString()); s != "" && s != now.Source {
		c.Source = &s
	}
	for _, a := range []struct {
		want types.String
		now  netip.Addr
		to   **netip.Addr
	}{{l.Address, now.Address, &c.Address}, {l.Netmask, now.Mask, &c.Mask}, {l.Gateway, now.Gateway, &c.Gateway}} {
		if a.want.IsNull() || a.want.IsUnknown() {
			continue
		}
		// The schema lets nothing but addresses in.
		if want, err := netip.ParseAddr(a.want.ValueString()); err == nil && want != a.now {
			*a.to = &want
		}
	}
	if v := int(l.VLAN.ValueInt64()); !l.VLAN.IsNull() && !l.VLAN.IsUnknown() && v != now.VLAN {
		c.VLAN = &v
	}
	return c
}

// observe notes what was seen of what m speaks of. Without anything to compare
// it with, as after an import, it notes all of it.
func (m *bmcModel) observe(ctx context.Context, seen controllerState, all bool, diags *diag.Diagnostics) {
	m.MAC, m.Firmware = types.StringValue(seen.lan.MAC.String()), types.StringValue(seen.info.Firmware)
	m.observeUsers(ctx, seen, all, diags)
	if all || !m.LAN.IsNull() {
		lan := m.lan(ctx, diags)
		lan.observe(seen.lan, all)
		o, more := types.ObjectValueFrom(ctx, bmcLANTypes, lan)
		diags.Append(more...)
		m.LAN = o
	}
	if word := restoreWord(seen.policy); seen.policy != ipmi.RestoreUnknown && (all || !m.RestorePolicy.IsNull()) {
		m.RestorePolicy = types.StringValue(word)
	}
}

func (m *bmcModel) observeUsers(ctx context.Context, seen controllerState, all bool, diags *diag.Diagnostics) {
	if m.Users.IsNull() && !all {
		return
	}
	users := m.users(ctx, diags)
	names := slices.Collect(maps.Keys(users))
	if all {
		names = slices.Collect(maps.Keys(seen.accounts))
	}
	now := map[string]bmcUserModel{}
	for _, name := range names {
		a, there := seen.accounts[name]
		if !there {
			continue // it is made anew
		}
		u := users[name]
		u.Privilege, u.Password = types.StringValue(a.privilege.String()), types.StringNull()
		if a.enabledKnown || u.Enabled.IsNull() {
			u.Enabled = types.BoolValue(a.enabled)
		}
		now[name] = u
	}
	m.Users = mapOf(ctx, bmcUserType, now, diags)
}

func (l *bmcLANModel) observe(now ipmi.LAN, all bool) {
	text := func(have *types.String, seen string) {
		if all || !have.IsNull() {
			*have = types.StringValue(seen)
		}
	}
	dhcp := now.Source == ipmi.SourceDHCP
	text(&l.Source, string(now.Source))
	if !dhcp || !all {
		text(&l.Address, addressText(now.Address))
		text(&l.Netmask, addressText(now.Mask))
		text(&l.Gateway, addressText(now.Gateway))
	}
	if all || !l.VLAN.IsNull() {
		l.VLAN = types.Int64Value(int64(now.VLAN))
	}
}

func addressText(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}
