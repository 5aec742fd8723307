package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
)

// The sizes of passwords. The short one is the most that every client can log in with.
const (
	bmcShortPassword = 16
	bmcLongPassword  = 20
)

// passwordSize is the room that a password is stored in.
func passwordSize(password string) int {
	if len(password) > bmcShortPassword {
		return bmcLongPassword
	}
	return bmcShortPassword
}

// accountWish is how an account is to be, and its password if that is to be set.
type accountWish struct {
	account
	password string
}

// setAccounts brings the accounts of a controller to what is wished, in the order
// of their names. The password of the account that we are logged in with is
// left for last: see changeOwnPassword.
func (c *controller) setAccounts(ctx context.Context, wishes map[string]accountWish, seen *controllerState, mem *bmcMemory) error {
	for _, name := range slices.Sorted(maps.Keys(wishes)) {
		wish := wishes[name]
		now, there := seen.accounts[name]
		var err error
		if there {
			err = c.changeAccount(ctx, name, wish, now)
		} else {
			err = c.makeAccount(ctx, name, wish, seen, mem)
		}
		if err != nil {
			return fmt.Errorf("account %q: %w", name, err)
		}
	}
	return nil
}

func accessOf(p ipmi.Privilege, now ipmi.Access) ipmi.Access {
	now.Privilege, now.Messaging = p, p != ipmi.PrivilegeNoAccess
	return now
}

// changeAccount changes what differs.
func (c *controller) changeAccount(ctx context.Context, name string, wish accountWish, now seenAccount) error {
	if wish.privilege != now.privilege {
		if err := c.bmc.SetUserAccess(ctx, 0, now.slot, accessOf(wish.privilege, now.access)); err != nil {
			return err
		}
	}
	if wish.password != "" && name != c.login {
		if err := c.setPassword(ctx, now.slot, wish.password); err != nil {
			return err
		}
	}
	if wish.enabled != now.enabled || !now.enabledKnown {
		return c.bmc.EnableUser(ctx, now.slot, wish.enabled)
	}
	return nil
}

// setPassword sets a password unless the account has it already.
func (c *controller) setPassword(ctx context.Context, slot int, password string) error {
	size := passwordSize(password)
	// Not every controller compares; then it is set again, which does no harm.
	if same, err := c.bmc.TestUserPassword(ctx, slot, password, size); err == nil && same {
		return nil
	}
	return c.bmc.SetUserPassword(ctx, slot, password, size)
}

// makeAccount makes an account in the first free slot that takes a name. It can
// log in only after everything else is set; one that is half made is removed.
func (c *controller) makeAccount(ctx context.Context, name string, wish accountWish, seen *controllerState, mem *bmcMemory) error {
	if wish.password == "" {
		return fmt.Errorf("it is not there, and there is no password to make it with: set password_wo")
	}
	slot, err := c.nameSlot(ctx, name, seen)
	if err != nil {
		return err
	}
	mem.Created[name] = slot
	err = c.bmc.SetUserPassword(ctx, slot, wish.password, passwordSize(wish.password))
	if err == nil {
		err = c.bmc.SetUserAccess(ctx, 0, slot, accessOf(wish.privilege, ipmi.Access{}))
	}
	if err == nil {
		err = c.bmc.EnableUser(ctx, slot, wish.enabled)
	}
	if err == nil {
		return nil
	}
	if undo := c.removeAccount(ctx, slot); undo != nil {
		return errors.Join(err, fmt.Errorf("take it back: %w", undo))
	}
	delete(mem.Created, name)
	return err
}

// nameSlot gives a free slot a name. A slot whose name is fixed refuses it, so
// that the next one is tried.
func (c *controller) nameSlot(ctx context.Context, name string, seen *controllerState) (int, error) {
	var refused error
	for len(seen.free) > 0 {
		slot := seen.free[0]
		seen.free = seen.free[1:]
		err := c.bmc.SetUserName(ctx, slot, name)
		var code *ipmi.CommandError
		if !errors.As(err, &code) {
			return slot, err
		}
		refused = err
	}
	if refused != nil {
		return 0, fmt.Errorf("no free slot takes a name, the last one said: %w", refused)
	}
	return 0, fmt.Errorf("none of the controller's %d slots is free: remove an account from it first", seen.slots)
}

// namedStill says that an account was disabled, and that its controller keeps
// the name.
type namedStill struct{ err error }

func (e *namedStill) Error() string {
	return fmt.Sprintf("it is disabled and has no access, but the controller keeps its name: %v", e.err)
}

func (e *namedStill) Unwrap() error { return e.err }

// removeAccount disables an account, takes its access, and frees its slot. There
// is no other way to remove one (IPMI 2.0 §22.28).
func (c *controller) removeAccount(ctx context.Context, slot int) error {
	if err := c.bmc.EnableUser(ctx, slot, false); err != nil {
		return err
	}
	if err := c.bmc.SetUserAccess(ctx, 0, slot, ipmi.Access{Privilege: ipmi.PrivilegeNoAccess}); err != nil {
		return err
	}
	err := c.bmc.SetUserName(ctx, slot, "")
	var auth *ipmi.AuthError
	var silent *ipmi.UnreachableError
	if err == nil || errors.As(err, &auth) || errors.As(err, &silent) || ctx.Err() != nil {
		return err
	}
	return &namedStill{err}
}

// giveUp lets go of an account: one that was made is removed, one that was found
// gets back what it had, if that is wished. The account that we are logged in
// with stays as it is. kept says why something is left that should not be.
func (c *controller) giveUp(ctx context.Context, name string, restore bool, seen controllerState, mem *bmcMemory) (kept string, err error) {
	now, there := seen.accounts[name]
	slot, made := mem.Created[name]
	before, found := mem.Before[name]
	defer func() {
		if err == nil {
			delete(mem.Created, name)
			delete(mem.Before, name)
		}
	}()
	switch {
	case !there:
		return "", nil
	case made && slot == now.slot && name == c.login:
		return "it is the account that the provider logs in with", nil
	case made && slot == now.slot:
		err := c.removeAccount(ctx, slot)
		var still *namedStill
		if errors.As(err, &still) {
			return still.Error(), nil
		}
		return "", err
	case found && restore && name != c.login:
		return "", c.changeAccount(ctx, name, accountWish{account: account{before.Privilege, before.Enabled}}, now)
	}
	return "", nil
}

// changeOwnPassword sets the password of the account that we are logged in with,
// and proves that it works. After that the old one does not.
func (c *controller) changeOwnPassword(ctx context.Context, slot int, password string) (changed bool, err error) {
	size := passwordSize(password)
	if same, err := c.bmc.TestUserPassword(ctx, slot, password, size); err == nil && same {
		return false, nil
	}
	if err := c.bmc.SetUserPassword(ctx, slot, password, size); err != nil {
		return false, err
	}
	proof := ipmi.New(ipmi.Target{Address: c.address, Username: c.login, Password: password, CipherSuites: c.suites, Logger: c.site.log})
	if _, err := proof.Power(ctx); err != nil {
		return true, fmt.Errorf("the password was set, but does not let us in: %w", err)
	}
	return true, nil
}
