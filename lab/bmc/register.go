package bmc

import (
	"context"

	"github.com/bougou/go-ipmi/pkg/handlers"
	"github.com/bougou/go-ipmi/pkg/types"
)

// answer carries a command out: its data in, the answer's data and completion code out.
type answer func(data []byte) ([]byte, types.CompletionCode)

// serve answers a command, which has least bytes of data at least.
func serve(r *handlers.Registry, command types.Command, least int, f answer) {
	r.RegisterFunc(command, func(_ context.Context, _ *handlers.HandlerContext, data []byte) ([]byte, types.CompletionCode, error) {
		if len(data) < least {
			return nil, types.CodeRequestDataTruncated, nil
		}
		out, code := f(data)
		return out, code, nil
	})
}

// register adds the commands that go-ipmi's server lacks, or does not keep for us.
func (b *BMC) register(r *handlers.Registry) {
	serve(r, types.CommandSetSystemBootOptions, 1, func(data []byte) ([]byte, types.CompletionCode) {
		selector := data[0] & 0x7f
		code := b.boot.set(selector, data[1:])
		if selector == optFlags && code == types.CodeOK {
			b.count(func(c *Counts) { c.SetBoot++ })
		}
		return nil, code
	})
	serve(r, types.CommandGetSystemBootOptions, 1, func(data []byte) ([]byte, types.CompletionCode) {
		return b.boot.get(data[0] & 0x7f)
	})
	serve(r, types.CommandGetSystemGUID, 0, func([]byte) ([]byte, types.CompletionCode) {
		guid := b.state.GUID
		return guid[:], types.CodeOK
	})
	serve(r, types.CommandGetSystemRestartCause, 0, func([]byte) ([]byte, types.CompletionCode) {
		return []byte{0x01, lanChannel}, types.CodeOK // by a chassis control command
	})
	b.front.register(r)
	b.events.register(r)
	b.registerSensors(r)
	b.lan.register(r)
	b.watchdog.register(r)
}
