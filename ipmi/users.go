package ipmi

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

var (
	cmdUserAccess    = command{"get user access", netApp, 0x44}
	cmdSetUserAccess = command{"set user access", netApp, 0x43}
	cmdUserName      = command{"get user name", netApp, 0x46}
	cmdSetUserName   = command{"set user name", netApp, 0x45}
	cmdUserPassword  = command{"set user password", netApp, 0x47}
	cmdChannelInfo   = command{"get channel info", netApp, 0x42}
)

// User is an account on a controller and what it may do on a channel.
type User struct {
	// ID is the account's slot, from 1. Slot 1 is the one without a name.
	ID int
	// Name is empty for slot 1 and for slots that are free.
	Name string
	// Enabled is meaningful when EnabledKnown is: controllers of IPMI 1.5 do not tell.
	Enabled, EnabledKnown bool
	// Access is what it may do on the channel.
	Access Access
}

// Access is what an account may do on a channel (IPMI 2.0 §22.26).
type Access struct {
	// Privilege is the most that it can ask for.
	Privilege Privilege
	// Messaging lets it send commands over the channel; without it, it cannot log in.
	Messaging bool
	// LinkAuth lets it be used for the channel's own authentication; CallbackOnly limits it to callback.
	LinkAuth, CallbackOnly bool
}

// Users reads all accounts and their access to a channel; channel 0 is the one that we come in on.
func (b *BMC) Users(ctx context.Context, channel int) (users []User, err error) {
	err = b.talk(ctx, "read the users", func(v *conversation) error {
		last := 1
		for id := 1; id <= last; id++ {
			user, slots, err := v.user(channel, id)
			if err != nil {
				return err
			}
			last = slots
			users = append(users, user)
		}
		return nil
	})
	return users, err
}

// currentChannel is the channel that a request came in on (IPMI 2.0 §6.3).
const currentChannel = 0x0e

func channelNumber(channel int) (byte, error) {
	switch {
	case channel == 0:
		return currentChannel, nil
	case channel < 0 || channel > 0x0f:
		return 0, fmt.Errorf("channel %d: want 1 to 15, or 0 for the one in use", channel)
	}
	return byte(channel), nil
}

// user reads one account, and how many slots there are.
func (v *conversation) user(channel, id int) (user User, slots int, err error) {
	number, err := channelNumber(channel)
	if err != nil {
		return User{}, 0, err
	}
	answer, err := v.request(cmdUserAccess, number, byte(id))
	if err != nil {
		return User{}, 0, err
	}
	if user, slots, err = decodeUser(answer); err != nil {
		return User{}, 0, err
	}
	user.ID = id
	answer, err = v.request(cmdUserName, byte(id))
	switch {
	case answered(err, codeInvalidField, codeNotPresent):
		return user, slots, nil // a free slot
	case err != nil:
		return User{}, 0, err
	}
	user.Name = latinText(answer)
	return user, slots, nil
}

// decodeUser reads the answer to Get User Access (IPMI 2.0 §22.27).
func decodeUser(answer []byte) (user User, slots int, err error) {
	f := fields{rest: answer}
	slots = int(f.u8() & 0x3f)
	status := f.u8() >> 6
	f.u8() // how many names are fixed
	access := f.u8()
	user.Enabled, user.EnabledKnown = status == 1, status == 1 || status == 2
	user.Access = Access{
		Privilege: Privilege(access & 0x0f), Messaging: access&0x10 != 0,
		LinkAuth: access&0x20 != 0, CallbackOnly: access&0x40 != 0,
	}
	return user, slots, f.end("a user's access")
}

// CheckUserName says what is wrong with a name for an account.
func CheckUserName(name string) error {
	if len(name) > maxUsername {
		return fmt.Errorf("the user name is %d bytes long, IPMI has room for %d", len(name), maxUsername)
	}
	for _, b := range []byte(name) {
		if b <= ' ' || b > '~' {
			return fmt.Errorf("the user name has the byte 0x%02x in it: use printable ASCII without spaces", b)
		}
	}
	return nil
}

// CheckUserPassword says what is wrong with a password of at most size bytes: 16, which every client can use, or
// 20.
func CheckUserPassword(password string, size int) error {
	switch {
	case size != shortPassword && size != maxPassword:
		return fmt.Errorf("a password has %d or %d bytes at most, not %d", shortPassword, maxPassword, size)
	case password == "":
		return errors.New("the password is empty, which would let anybody in")
	case len(password) > size:
		return fmt.Errorf("the password is %d bytes long, there is room for %d", len(password), size)
	case strings.ContainsRune(password, 0):
		return errors.New("the password has a zero byte in it, where controllers cut it")
	}
	return nil
}

// shortPassword is the length of passwords in IPMI 1.5, which a password of 20 bytes locks out.
const shortPassword = 16

// checkUser says what is wrong with a slot.
func checkUser(id int) error {
	if id < 1 || id > 0x3f {
		return fmt.Errorf("user %d: want 1 to 63", id)
	}
	return nil
}

// SetUserName names the account in a slot, and reads the name back. An empty name frees the slot, where the
// controller lets it.
func (b *BMC) SetUserName(ctx context.Context, id int, name string) error {
	if err := errors.Join(checkUser(id), CheckUserName(name)); err != nil {
		return fmt.Errorf("BMC %s: set the name of user %d: %w", b.target.label(), id, err)
	}
	return b.administer(ctx, fmt.Sprintf("set the name of user %d", id), func(v *conversation) error {
		padded := make([]byte, maxUsername)
		copy(padded, name)
		if _, err := v.request(cmdSetUserName, append([]byte{byte(id)}, padded...)...); err != nil {
			return err
		}
		user, _, err := v.user(0, id)
		if err != nil || user.Name == name {
			return err
		}
		return v.differs(fmt.Sprintf("%q", name), fmt.Sprintf("%q", user.Name))
	})
}

// The operations of Set User Password (IPMI 2.0 §22.30).
const (
	passwordDisable = 0
	passwordEnable  = 1
	passwordSet     = 2
	passwordTest    = 3

	// passwordLong marks one of 20 bytes.
	passwordLong = 0x80

	codePasswordDiffers = 0x80
	codePasswordSize    = 0x81
)

// SetUserPassword sets an account's password, for at most size bytes (16 or 20), and has the controller compare
// it, where it can. With 20 the account can log in by IPMI 2.0 only.
func (b *BMC) SetUserPassword(ctx context.Context, id int, password string, size int) error {
	if err := errors.Join(checkUser(id), CheckUserPassword(password, size)); err != nil {
		return fmt.Errorf("BMC %s: set the password of user %d: %w", b.target.label(), id, err)
	}
	return b.administer(ctx, fmt.Sprintf("set the password of user %d", id), func(v *conversation) error {
		if err := v.password(id, passwordSet, password, size); err != nil {
			return err
		}
		err := v.password(id, passwordTest, password, size)
		switch {
		case answered(err, codePasswordDiffers, codePasswordSize):
			return v.differs("the new password", "another one")
		case refused(err):
			return nil // not every controller compares
		}
		return err
	})
}

// TestUserPassword asks the controller whether an account has a password. That is no log-in, so it locks nothing.
func (b *BMC) TestUserPassword(ctx context.Context, id int, password string, size int) (same bool, err error) {
	if err := errors.Join(checkUser(id), CheckUserPassword(password, size)); err != nil {
		return false, fmt.Errorf("BMC %s: test the password of user %d: %w", b.target.label(), id, err)
	}
	err = b.administer(ctx, fmt.Sprintf("test the password of user %d", id), func(v *conversation) error {
		err := v.password(id, passwordTest, password, size)
		same = err == nil
		if answered(err, codePasswordDiffers, codePasswordSize) {
			return nil
		}
		return err
	})
	return same, err
}

func (v *conversation) password(id int, operation byte, password string, size int) error {
	padded := make([]byte, size)
	copy(padded, password)
	who := byte(id)
	if size == maxPassword {
		who |= passwordLong
	}
	_, err := v.request(cmdUserPassword, append([]byte{who, operation}, padded...)...)
	return err
}

// EnableUser enables or disables an account, and reads that back where the controller tells.
func (b *BMC) EnableUser(ctx context.Context, id int, enable bool) error {
	doing, operation := fmt.Sprintf("disable user %d", id), byte(passwordDisable)
	if enable {
		doing, operation = fmt.Sprintf("enable user %d", id), passwordEnable
	}
	if err := checkUser(id); err != nil {
		return fmt.Errorf("BMC %s: %s: %w", b.target.label(), doing, err)
	}
	return b.administer(ctx, doing, func(v *conversation) error {
		_, err := v.request(cmdUserPassword, byte(id), operation)
		if answered(err, codeLengthInvalid) {
			// Some want room for the password all the same.
			err = v.password(id, operation, "", shortPassword)
		}
		if err != nil {
			return err
		}
		user, _, err := v.user(0, id)
		if err != nil || !user.EnabledKnown || user.Enabled == enable {
			return err
		}
		return v.differs(fmt.Sprintf("enabled: %v", enable), fmt.Sprintf("enabled: %v", user.Enabled))
	})
}

// SetUserAccess sets what an account may do on a channel (0: the one that we come in on), and reads it back.
func (b *BMC) SetUserAccess(ctx context.Context, channel, id int, access Access) error {
	number, err := channelNumber(channel)
	if err := errors.Join(checkUser(id), err); err != nil {
		return fmt.Errorf("BMC %s: set the access of user %d: %w", b.target.label(), id, err)
	}
	if _, known := privilegeNames[access.Privilege]; !known {
		return fmt.Errorf("BMC %s: set the access of user %d: unknown %s", b.target.label(), id, access.Privilege)
	}
	flags := byte(0x80) | number // the bit says that the flags are to be changed, too
	for bit, set := range map[byte]bool{0x10: access.Messaging, 0x20: access.LinkAuth, 0x40: access.CallbackOnly} {
		if set {
			flags |= bit
		}
	}
	return b.administer(ctx, fmt.Sprintf("set the access of user %d", id), func(v *conversation) error {
		if _, err := v.request(cmdSetUserAccess, flags, byte(id), byte(access.Privilege)); err != nil {
			return err
		}
		user, _, err := v.user(channel, id)
		if err != nil || user.Access == access {
			return err
		}
		return v.differs(fmt.Sprintf("%+v", access), fmt.Sprintf("%+v", user.Access))
	})
}
