package bmc

import (
	"sync"
	"time"

	"github.com/bougou/go-ipmi/pkg/clock"
	"github.com/bougou/go-ipmi/pkg/handlers"
	"github.com/bougou/go-ipmi/pkg/types"

	"github.com/cthulix/terraform-provider-cthulix/lab/machine"
)

// front is the machine's front panel and power supply as far as they have a memory: the identify light and what
// happens when mains power returns.
type front struct {
	clock   clock.Clock
	chassis machine.Chassis

	mu      sync.Mutex
	restore byte
	forced  bool
	until   time.Time // of the identify light
}

// identifyDefault is how long the light is on when a command names no time.
const identifyDefault = 15

// The bits of the chassis status.
const (
	statusOn        = 0x01
	statusByCommand = 0x10
	restoreShift    = 5
	identifyKnown   = 0x40
	identifyTimed   = 0x10
	identifyForced  = 0x20
)

// restoreNoChange asks only for the policies that there are, of which all three are.
const (
	restoreNoChange = 0x03
	restoreAll      = 0x07
)

func (p *front) register(r *handlers.Registry) {
	serve(r, types.CommandGetChassisStatus, 0, func([]byte) ([]byte, types.CompletionCode) {
		return p.status(), types.CodeOK
	})
	serve(r, types.CommandChassisIdentify, 0, func(data []byte) ([]byte, types.CompletionCode) {
		p.identify(data)
		return nil, types.CodeOK
	})
	serve(r, types.CommandSetPowerRestorePolicy, 1, func(data []byte) ([]byte, types.CompletionCode) {
		p.mu.Lock()
		defer p.mu.Unlock()
		switch policy := data[0] & 0x07; {
		case policy > restoreNoChange:
			return nil, types.CodeRequestDataFieldInvalid
		case policy != restoreNoChange:
			p.restore = policy
		}
		return []byte{restoreAll}, types.CodeOK
	})
}

func (p *front) status() []byte {
	powered := p.chassis.Powered()
	p.mu.Lock()
	defer p.mu.Unlock()
	power, last, misc := p.restore<<restoreShift, byte(0), byte(identifyKnown)
	if powered {
		power |= statusOn
		last = statusByCommand
	}
	switch {
	case p.forced:
		misc |= identifyForced
	case p.clock.Now().Before(p.until):
		misc |= identifyTimed
	}
	return []byte{power, last, misc}
}

func (p *front) identify(data []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	seconds := byte(identifyDefault)
	if len(data) > 0 {
		seconds = data[0]
	}
	p.forced = len(data) > 1 && data[1]&0x01 != 0
	p.until = p.clock.Now().Add(time.Duration(seconds) * time.Second)
}
