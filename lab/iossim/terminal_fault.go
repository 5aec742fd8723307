package iossim

import (
	"strings"
	"time"
)

// carryOut answers a line, unless a fault strikes it; false ends the session.
func (t *terminal) carryOut(line string) bool {
	t.sim.overheard(line, t.secret())
	fault := t.sim.strike(line, t.configuring())
	if fault == nil {
		fault = &Fault{}
	}
	if !t.wait(t.sim.lineTime() + fault.Delay) {
		return false
	}
	if fault.BusyNVRAM > 0 {
		t.sim.SetNVRAMBusy(fault.BusyNVRAM)
	}
	if !fault.After && fault.Short == 0 && !t.breaks(fault) {
		return false
	}
	answer := fault.Answer
	if answer == "" {
		answer = t.answer(line)
	} else if !strings.HasSuffix(answer, "\n") {
		answer += "\n"
	}
	if fault.Short > 0 {
		lines := strings.SplitAfter(answer, "\n")
		answer = strings.Join(lines[:max(0, len(lines)-1-fault.Short)], "")
	}
	if fault.After && !t.breaks(fault) {
		return false
	}
	if fault.Before != "" {
		t.write("\r\n" + crlf(fault.Before) + "\r\n")
	}
	t.slow = fault.SlowFlush
	ok := t.page(answer)
	if fault.Noise != "" {
		t.write("\r\n" + crlf(fault.Noise) + "\r\n")
	}
	return ok && (fault.Short == 0 || !fault.Drop)
}

// secret reports whether what is typed next is not shown.
func (t *terminal) secret() bool {
	t.sim.mu.Lock()
	defer t.sim.mu.Unlock()
	return t.asking != nil && t.asking.hidden
}

// overheard tells a line to whoever listens.
func (s *Sim) overheard(line string, secret bool) {
	s.faultMu.Lock()
	tell := s.onLine
	s.faultMu.Unlock()
	if secret {
		line = "***"
	}
	if tell != nil {
		tell(line)
	}
}

// breaks is where a fault ends the session or leaves it hanging; false then.
func (t *terminal) breaks(f *Fault) bool {
	switch {
	case f.Drop:
		return false
	case f.Reboot:
		t.sim.mu.Lock()
		defer t.sim.mu.Unlock()
		t.sim.reboot()
		return false
	case f.Hang:
		for {
			select {
			case <-t.done:
				return false
			case _, ok := <-t.keys:
				if !ok {
					return false
				}
			}
		}
	}
	return true
}

// wait lets time pass; false if the session ends meanwhile.
func (t *terminal) wait(d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-t.done:
		return false
	}
}
