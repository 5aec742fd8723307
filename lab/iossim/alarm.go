package iossim

import "time"

// alarm is a timer of the switch: what it does some time after it was set.
// Its time is the switch's, which Config.Minute and Elapse may hurry.
type alarm struct {
	sim     *Sim
	began   time.Time
	skipped time.Duration
	steps   []step
	timer   *time.Timer
}

// step is one thing that an alarm does; it is called with the lock held.
type step struct {
	after time.Duration
	run   func()
}

// setAlarm starts an alarm; its steps are in order of time. The caller holds
// the lock.
func (s *Sim) setAlarm(steps ...step) *alarm {
	a := &alarm{sim: s, began: time.Now(), steps: steps}
	if s.alarms == nil {
		s.alarms = map[*alarm]struct{}{}
	}
	s.alarms[a] = struct{}{}
	a.tick()
	return a
}

// elapsed is how long ago the alarm was set, in the switch's time.
func (a *alarm) elapsed() time.Duration {
	real := float64(time.Since(a.began))
	return time.Duration(real*float64(time.Minute)/float64(a.sim.cfg.Minute)) + a.skipped
}

// tick does what is due and waits for the rest.
func (a *alarm) tick() {
	for len(a.steps) > 0 && a.steps[0].after <= a.elapsed() {
		due := a.steps[0]
		a.steps = a.steps[1:]
		due.run()
	}
	if a.timer != nil {
		a.timer.Stop()
	}
	if len(a.steps) == 0 {
		delete(a.sim.alarms, a)
		return
	}
	left := float64(a.steps[0].after-a.elapsed()) * float64(a.sim.cfg.Minute) / float64(time.Minute)
	a.timer = time.AfterFunc(time.Duration(left), func() {
		a.sim.mu.Lock()
		defer a.sim.mu.Unlock()
		if _, set := a.sim.alarms[a]; set {
			a.tick()
			a.sim.drive()
		}
	})
}

// cancel ends the alarm; the caller holds the lock.
func (a *alarm) cancel() {
	if a == nil {
		return
	}
	a.steps = nil
	if a.timer != nil {
		a.timer.Stop()
	}
	delete(a.sim.alarms, a)
}

func (s *Sim) cancelAlarms() {
	for a := range s.alarms {
		a.cancel()
	}
}

// Elapse lets the time of the switch's timers pass at once: those of `reload
// in` and of `configure terminal revert timer` that are due then, strike
// before Elapse returns.
func (s *Sim) Elapse(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for a := range s.alarms {
		a.skipped += d
		a.tick()
	}
	s.drive()
}
