package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
)

const (
	bmcTimeout   = 5 * time.Minute
	bmcReadLimit = time.Minute
)

// find returns the controller where it is now: at the address that the plan
// gives it, or, if it is yet to move there, at the one of the state.
func (s *site) find(ctx context.Context, m, state bmcModel) (*controller, error) {
	c, err := s.controller(m.Address.ValueString(), m.Credentials.ValueString(), m.suites())
	if err != nil || m.Address.Equal(state.Address) {
		return c, err
	}
	look, cancel := context.WithTimeout(ctx, arrivalLook)
	defer cancel()
	lan, err := c.bmc.LAN(look, 0)
	var silent *ipmi.UnreachableError
	switch {
	case err == nil && state.MAC.ValueString() != "" && lan.MAC.String() != state.MAC.ValueString():
		return nil, fmt.Errorf("at %s there is another controller, with the MAC address %s: the one at %s has %s; make a resource of its own for the other one",
			c.address, lan.MAC, state.Address.ValueString(), state.MAC.ValueString())
	case errors.As(err, &silent), errors.Is(err, context.DeadlineExceeded):
		return c.at(state.Address.ValueString())
	}
	return c, err
}

// converge brings a controller to what m asks for, and returns m as it turned
// out. state is nil for a create. What is changed comes in the order in which
// a failure leaves most intact: the way to the controller and the password that
// we log in with come last.
func (c *controller) converge(ctx context.Context, m bmcModel, state *bmcModel, config tfsdk.Config, mem *bmcMemory, diags *diag.Diagnostics) (bmcModel, error) {
	seen, err := c.look(ctx)
	if err != nil {
		return m, err
	}
	// The plan may have been made without a look, or the controller changed since.
	(bmcGuard{login: c.login, seen: seen, mem: *mem}).refusals(ctx, m, state, config, diags)
	if diags.HasError() {
		return m, nil
	}
	wishes := wishesOf(ctx, m, state, config, seen, diags)
	mem.own(slices.Collect(maps.Keys(wishes)), !m.RestorePolicy.IsNull(), seen)
	if err := c.setAccounts(ctx, wishes, &seen, mem); err != nil {
		return m, err
	}
	if policy, ok := restorePolicies[m.RestorePolicy.ValueString()]; ok && policy != seen.policy {
		if err := c.bmc.SetRestorePolicy(ctx, policy); err != nil {
			return m, err
		}
	}
	if state != nil {
		if err := c.giveUpAccounts(ctx, m, *state, seen, mem, diags); err != nil {
			return m, err
		}
	}
	there, err := c.move(ctx, m.lan(ctx, diags).change(seen.lan), seen.lan, m.Address.ValueString())
	if err != nil {
		return m, err
	}
	if there.address != m.Address.ValueString() {
		diags.AddAttributeWarning(path.Root("address"), "The controller is at "+there.address,
			"It was found there, and not at "+m.Address.ValueString()+". Set address, here and in the cthulix_host.")
	}
	now, err := there.look(ctx)
	if err != nil {
		return m, err
	}
	mem.note(now)
	promised := m
	m.observe(ctx, now, false, diags)
	m.MAC, m.Firmware = keepPromise(promised.MAC, m.MAC), keepPromise(promised.Firmware, m.Firmware)
	return m, there.ownPassword(ctx, wishes, now, diags)
}

// keepPromise is what the plan said, if it said it: the next refresh tells what
// came of it.
func keepPromise(promised, seen types.String) types.String {
	if promised.IsUnknown() || promised.IsNull() {
		return seen
	}
	return promised
}

// refusals is check without the warnings, which were given at plan.
func (g bmcGuard) refusals(ctx context.Context, m bmcModel, state *bmcModel, config tfsdk.Config, diags *diag.Diagnostics) {
	var all diag.Diagnostics
	g.check(ctx, m, state, config, &all)
	diags.Append(all.Errors()...)
}

// wishesOf are the accounts of m, each with its password if that is to be set:
// when the account is made or taken up, and when the password has another version.
func wishesOf(ctx context.Context, m bmcModel, state *bmcModel, config tfsdk.Config, seen controllerState, diags *diag.Diagnostics) map[string]accountWish {
	var given bmcModel
	diags.Append(config.Get(ctx, &given)...)
	passwords := given.users(ctx, diags)
	old := map[string]bmcUserModel{}
	if state != nil {
		old = state.users(ctx, diags)
	}
	wishes := map[string]accountWish{}
	for name, u := range m.users(ctx, diags) {
		w := accountWish{account: u.wanted()}
		was, known := old[name]
		_, there := seen.accounts[name]
		if !known || !there || !was.PasswordVersion.Equal(u.PasswordVersion) {
			w.password = passwords[name].Password.ValueString()
		}
		wishes[name] = w
	}
	return wishes
}

func (c *controller) giveUpAccounts(ctx context.Context, m, state bmcModel, seen controllerState, mem *bmcMemory, diags *diag.Diagnostics) error {
	users := m.users(ctx, diags)
	for _, name := range slices.Sorted(maps.Keys(state.users(ctx, diags))) {
		if _, stays := users[name]; stays {
			continue
		}
		kept, err := c.giveUp(ctx, name, m.OnDestroy.ValueString() == onDestroyRestore, seen, mem)
		if err != nil {
			return fmt.Errorf("account %q: %w", name, err)
		}
		warnKept(name, kept, diags)
	}
	return nil
}

func warnKept(name, kept string, diags *diag.Diagnostics) {
	if kept != "" {
		diags.AddWarning(fmt.Sprintf("The account %q is left on the controller", name), kept)
	}
}

// ownPassword changes the password of the account that we are logged in with, if
// that was wished.
func (c *controller) ownPassword(ctx context.Context, wishes map[string]accountWish, now controllerState, diags *diag.Diagnostics) error {
	password := wishes[c.login].password
	if password == "" {
		return nil
	}
	changed, err := c.changeOwnPassword(ctx, now.accounts[c.login].slot, password)
	if changed {
		diags.AddAttributeWarning(userPath(c.login).AtName("password_wo"), "The provider's own password was changed",
			fmt.Sprintf("%q is the account that the provider logs in with. Its entry %q in the provider's credentials must have the new password from now on.", c.login, c.credentials))
	}
	return err
}

// undoAccounts removes what a failed create made. What it changed otherwise is
// as wished, and found so by the next one.
func (c *controller) undoAccounts(ctx context.Context, mem bmcMemory, diags *diag.Diagnostics) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTime)
	defer cancel()
	for name, slot := range mem.Created {
		if err := c.removeAccount(ctx, slot); err != nil {
			diags.AddWarning(fmt.Sprintf("The account %q was made and is left on the controller", name), err.Error())
		}
	}
}

// leave gives the controller up.
func (c *controller) leave(ctx context.Context, m bmcModel, restore bool, mem *bmcMemory, diags *diag.Diagnostics) error {
	seen, err := c.look(ctx)
	if err != nil {
		return err
	}
	names := slices.Concat(keys(mem.Created), keys(mem.Before))
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		kept, err := c.giveUp(ctx, name, restore, seen, mem)
		if err != nil {
			return fmt.Errorf("account %q: %w", name, err)
		}
		warnKept(name, kept, diags)
	}
	if restore && !m.RestorePolicy.IsNull() && mem.Policy != "" && mem.Policy != ipmi.RestoreUnknown && mem.Policy != seen.policy {
		return c.bmc.SetRestorePolicy(ctx, mem.Policy)
	}
	return nil
}
