package machine

import (
	"context"
	"sync"
)

// Memory is a chassis without a machine behind it: a power state and a boot setting in memory, for tests of what
// is in front of a chassis. Its zero value is off.
type Memory struct {
	mu     sync.Mutex
	on     bool
	boot   Boot
	boots  []Boot
	stuck  bool
	refuse func(verb string) error
}

var _ Chassis = (*Memory)(nil)

// PowerOn implements Chassis.
func (m *Memory) PowerOn(context.Context) error {
	if err := m.fail("power on"); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.on {
		m.on = true
		m.start()
	}
	return nil
}

// PowerOff implements Chassis. The operating system that it has not got obeys a soft one at once, unless
// IgnoreSoft was called.
func (m *Memory) PowerOff(_ context.Context, hard bool) error {
	verb := "power off"
	if !hard {
		verb = "soft power off"
	}
	if err := m.fail(verb); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if hard || !m.stuck {
		m.on = false
	}
	return nil
}

// Reset implements Chassis.
func (m *Memory) Reset(context.Context) error {
	if err := m.fail("reset"); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.on {
		return ErrOff
	}
	m.start()
	return nil
}

// Powered implements Chassis.
func (m *Memory) Powered() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.on
}

// SetBoot implements Chassis.
func (m *Memory) SetBoot(boot Boot) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.boot = boot
}

// Boot implements Chassis.
func (m *Memory) Boot() Boot {
	m.mu.Lock()
	defer m.mu.Unlock()
	return settled(m.boot)
}

// Boots returns with which setting the machine started, each time that it did.
func (m *Memory) Boots() []Boot {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]Boot(nil), m.boots...)
}

// IgnoreSoft makes the machine deaf for soft power-off, as one without an operating system is.
func (m *Memory) IgnoreSoft() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stuck = true
}

// FailWith makes f the judge of each verb to come ("power on", "power off", "soft power off", "reset"): its error
// is the verb's. Nil ends it.
func (m *Memory) FailWith(f func(verb string) error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.refuse = f
}

func (m *Memory) fail(verb string) error {
	m.mu.Lock()
	judge := m.refuse
	m.mu.Unlock()
	if judge == nil {
		return nil
	}
	return judge(verb)
}

// start uses the boot setting. The caller holds the lock.
func (m *Memory) start() {
	m.boots = append(m.boots, settled(m.boot))
	m.boot = afterBoot(m.boot)
}

// settled names the absence of a setting.
func settled(boot Boot) Boot {
	if boot.Device == "" {
		boot.Device = DeviceNone
	}
	return boot
}

// afterBoot is what is left of a setting when a machine has started with it.
func afterBoot(boot Boot) Boot {
	if boot.Persistent {
		return boot
	}
	return Boot{Device: DeviceNone}
}
