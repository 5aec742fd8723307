package ipmi

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// talk runs one operation with the privilege of an operator: it waits for the line, opens a session, and closes it
// again.
func (b *BMC) talk(ctx context.Context, doing string, op func(*conversation) error) error {
	return b.talkAs(ctx, PrivilegeOperator, doing, op)
}

// administer is talk with the privilege of an administrator, for what changes the controller itself.
func (b *BMC) administer(ctx context.Context, doing string, op func(*conversation) error) error {
	return b.talkAs(ctx, PrivilegeAdministrator, doing, op)
}

func (b *BMC) talkAs(ctx context.Context, level Privilege, doing string, op func(*conversation) error) error {
	if err := b.target.Validate(); err != nil {
		return err
	}
	if err := b.line.enter(ctx); err != nil {
		return fmt.Errorf("BMC %s: %s: gave up while waiting behind other callers: %w", b.target.label(), doing, err)
	}
	defer b.line.leave()
	// Looked up only now, so that of many callers who come with the same wrong password one gets through.
	if reason, ok := b.line.remembered(b.target, level); ok {
		return &AuthError{BMC: b.target.label(), Username: b.target.Username, Reason: reason, Remembered: true}
	}
	began := time.Now()
	v := &conversation{bmc: b, ctx: ctx, level: level, doing: doing, began: began}
	defer v.hangUp()
	err := op(v)
	b.log(ctx, doing, time.Since(began), err)
	return err
}

func (b *BMC) log(ctx context.Context, doing string, took time.Duration, err error) {
	if b.target.Logger == nil {
		return
	}
	log := b.target.Logger.With("bmc", b.target.label(), "verb", doing, "took", took)
	if err != nil {
		log.WarnContext(ctx, "BMC verb failed", "error", err)
		return
	}
	log.InfoContext(ctx, "BMC verb done")
}

// conversation is one operation on a BMC: a session that is opened when first needed, and again when it died.
type conversation struct {
	bmc   *BMC
	ctx   context.Context // of the operation, which this value does not outlive
	level Privilege
	doing string
	began time.Time
	s     *session
}

func (v *conversation) hangUp() {
	if v.s != nil {
		v.s.close(v.ctx)
		v.s = nil
	}
}

func (v *conversation) session() (*session, error) {
	if v.s == nil {
		s, err := v.bmc.connect(v.ctx, v.level)
		if err != nil {
			return nil, err
		}
		v.s = s
	}
	return v.s, nil
}

// once sends a command that must not be repeated.
func (v *conversation) once(cmd command, data ...byte) error {
	s, err := v.session()
	if err != nil {
		return err
	}
	_, err = s.send(v.ctx, cmd, data)
	return v.verdict(err)
}

// ask sends a command that does no harm when it is repeated, until it is answered. When the session seems dead it
// opens another, once.
func (v *conversation) ask(cmd command, data []byte) (answer []byte, err error) {
	for fresh := 0; ; fresh++ {
		s, err := v.session()
		if err != nil {
			return nil, err
		}
		for range tries {
			answer, err = s.send(v.ctx, cmd, data)
			if !errors.Is(err, errLost) || ended(v.ctx) != nil {
				return answer, v.verdict(err)
			}
		}
		s.dead = true
		v.hangUp()
		if fresh == 1 {
			return nil, v.verdict(err)
		}
	}
}

// verdict gives what went wrong its public type.
func (v *conversation) verdict(err error) error {
	var code *CommandError
	if err == nil || errors.As(err, &code) || errors.Is(err, errUnusable) {
		return err
	}
	return &UnreachableError{BMC: v.bmc.target.label(), Doing: v.doing, Waited: time.Since(v.began), Err: err}
}

// completionTexts are the meanings of the generic completion codes (IPMI 2.0 §5.2).
var completionTexts = map[uint8]string{
	0xc0: "busy", 0xc1: "invalid command", 0xc2: "command invalid for this LUN", 0xc3: "timed out",
	0xc4: "out of space", 0xc5: "reservation cancelled or invalid", 0xc6: "request data truncated",
	0xc7: "request data length invalid", 0xc8: "request data field length limit exceeded",
	0xc9: "parameter out of range", 0xca: "cannot return that many bytes", 0xcb: "requested sensor, data or record not present",
	0xcc: "invalid data field in request", 0xcd: "command illegal for this sensor or record", 0xce: "response could not be provided",
	0xcf: "cannot execute a duplicated request", 0xd0: "sensor records are being updated", 0xd1: "firmware is being updated",
	0xd2: "the BMC is still starting", 0xd3: "destination unavailable", 0xd4: "insufficient privilege",
	0xd5: "not supported in the present state", 0xd6: "sub-function disabled or unavailable", 0xff: "unspecified error",
}

// commandTexts are the meanings of codes that are a command's own.
var commandTexts = map[command]map[uint8]string{
	cmdSetPrivilege:   {0x80: "not allowed for this user", 0x81: "more than the channel or user allows", 0x82: "cannot be switched off"},
	cmdSetBootOptions: {0x80: "no such parameter", 0x81: "a change is in progress already", 0x82: "read-only parameter"},
	cmdBootOptions:    {0x80: "no such parameter"},
	cmdLAN:            {0x80: "no such parameter"},
	cmdSetLAN:         {0x80: "no such parameter", 0x81: "a change is in progress already", 0x82: "read-only parameter", 0x83: "write-only parameter"},
	cmdUserPassword:   {0x80: "the password differs", 0x81: "the password was set with another size"},
	cmdWatchdogReset:  {0x80: "it was never set"},
	cmdActivate: {
		0x80: "the console is in use", 0x81: "the console is disabled", 0x82: "too many consoles",
		0x83: "cannot be encrypted", 0x84: "cannot be left unencrypted",
	},
	cmdDeactivate: {0x80: "it was not active"},
	cmdSELInfo:    {0x81: "the log is being erased"},
	cmdSELEntry:   {0x81: "the log is being erased"},
	cmdSELReserve: {0x81: "the log is being erased"},
}

// completionText is the meaning of a completion code, without the number.
func completionText(cmd command, code uint8) string {
	if text, ok := commandTexts[cmd][code]; ok {
		return text
	}
	if text, ok := completionTexts[code]; ok {
		return text
	}
	return "a code of the manufacturer's"
}
