package provider

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
)

// bmcGuard finds what a plan must not do: it never saws off the branch that we
// sit on, which is the account that we log in with and the way to the controller.
type bmcGuard struct {
	login string
	seen  controllerState
	mem   bmcMemory
}

func userPath(name string) path.Path { return path.Root("users").AtMapKey(name) }

// accounts checks the accounts of a plan. passwords are from the configuration,
// the only place where they are.
func (g bmcGuard) accounts(ctx context.Context, m bmcModel, state *bmcModel, passwords map[string]bmcUserModel, diags *diag.Diagnostics) {
	users := m.users(ctx, diags)
	for _, name := range slices.Sorted(maps.Keys(users)) {
		wish := users[name].wanted()
		now, there := g.seen.accounts[name]
		if !there && passwords[name].Password.IsNull() {
			diags.AddAttributeError(userPath(name).AtName("password_wo"), "An account that is not there needs a password",
				fmt.Sprintf("The controller has no account %q: it is made, and for that it needs a password. Set password_wo.", name))
		}
		if name == g.login {
			g.keepsIn(name, wish, now, there, diags)
		}
	}
	if state == nil {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(state.users(ctx, diags))) {
		if _, stays := users[name]; !stays {
			g.drops(name, m.OnDestroy.ValueString() == onDestroyRestore, diags)
		}
	}
}

const wayOut = "To change it all the same, have another administrator on the controller, let the provider's credentials name that one, and plan again."

// keepsIn refuses what would lock out the account that we log in with.
func (g bmcGuard) keepsIn(name string, wish account, now seenAccount, there bool, diags *diag.Diagnostics) {
	lowers := wish.privilege < ipmi.PrivilegeAdministrator || wish.privilege == ipmi.PrivilegeNoAccess
	if lowers && (!there || wish.privilege != now.privilege) {
		diags.AddAttributeError(userPath(name).AtName("privilege"), "This would lock the provider out",
			fmt.Sprintf("%q is the account that the provider logs in with. With the privilege %s it could change nothing any more, not even this. %s", name, wish.privilege, wayOut))
	}
	if !wish.enabled && (!there || now.enabled || !now.enabledKnown) {
		diags.AddAttributeError(userPath(name).AtName("enabled"), "This would lock the provider out",
			fmt.Sprintf("%q is the account that the provider logs in with. Disabled, it could not log in any more. %s", name, wayOut))
	}
}

// drops says what becomes of an account that is taken out of the configuration,
// and refuses to remove the one that we log in with. To rename an account is to
// remove it, too.
func (g bmcGuard) drops(name string, restore bool, diags *diag.Diagnostics) {
	now, there := g.seen.accounts[name]
	slot, made := g.mem.Created[name]
	switch {
	case !there:
	case made && slot == now.slot && name == g.login:
		diags.AddAttributeError(path.Root("users"), "This would lock the provider out",
			fmt.Sprintf("%q, which is no longer among the users, would be removed: this resource made it. But it is the account that the provider logs in with. %s", name, wayOut))
	case made && slot == now.slot:
		diags.AddAttributeWarning(path.Root("users"), fmt.Sprintf("The account %q is removed", name),
			"It is no longer among the users, and this resource made it: it is disabled and removed from the controller.")
	case restore && name != g.login:
		diags.AddAttributeWarning(path.Root("users"), fmt.Sprintf("The account %q is given up", name),
			"It is no longer among the users. It was there before this resource: it stays, and gets back the privilege that it had.")
	default:
		diags.AddAttributeWarning(path.Root("users"), fmt.Sprintf("The account %q is given up", name),
			"It is no longer among the users. It was there before this resource: it stays as it is.")
	}
}

// way refuses to move the controller, unless that was allowed.
func (g bmcGuard) way(ctx context.Context, m bmcModel, diags *diag.Diagnostics) {
	lan := m.lan(ctx, diags)
	change := lan.change(g.seen.lan)
	if change == (ipmi.LANChange{}) {
		return
	}
	at := path.Root("lan").AtName(firstChanged(change))
	was := describeIs(g.seen.lan)
	if !m.Disruptive.ValueBool() {
		diags.AddAttributeError(at, "This may cut the way to the controller",
			fmt.Sprintf("It would be sent %s; it has %s. It is the controller that the provider talks to, which may not be found where it was after that. "+
				"Set allow_disruptive = true to let it be sent.", describeLAN(change), was))
		return
	}
	detail := fmt.Sprintf("It is sent %s; it has %s. It is then looked for at %s", describeLAN(change), was, m.Address.ValueString())
	if change.Address != nil && hostOf(m.Address.ValueString()) != change.Address.String() {
		detail += fmt.Sprintf(" and %s. Set address to where it is to be found from then on, here and in the cthulix_host", besides(m.Address.ValueString(), change.Address.String()))
	}
	diags.AddAttributeWarning(at, "The controller's network configuration changes", detail+".")
}

// firstChanged is the attribute to point at.
func firstChanged(c ipmi.LANChange) string {
	switch {
	case c.Address != nil:
		return "address"
	case c.Source != nil:
		return "source"
	case c.VLAN != nil:
		return "vlan"
	case c.Mask != nil:
		return "netmask"
	}
	return "gateway"
}

// leaves says at plan what destroying the resource does.
func (g bmcGuard) leaves(m bmcModel, diags *diag.Diagnostics) {
	var removed []string
	for _, name := range slices.Sorted(maps.Keys(g.mem.Created)) {
		if name != g.login {
			removed = append(removed, name)
		}
	}
	text := "The controller keeps its network configuration."
	if m.OnDestroy.ValueString() == onDestroyKeep {
		text = "The controller keeps its settings."
	}
	if len(removed) > 0 {
		text += " Removed is what this resource made: " + list(removed) + "."
	}
	diags.AddWarning(m.label()+" is given up", text)
}

// loginOf is the account that the provider logs in with, "" where that is not known.
func (s *site) loginOf(credentials types.String) string {
	if s == nil || credentials.IsNull() || credentials.IsUnknown() {
		return ""
	}
	c, err := s.credential(credentials.ValueString())
	if err != nil {
		return ""
	}
	return c.username
}
