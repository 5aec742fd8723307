package iossim

import (
	"fmt"
	"regexp"
	"slices"
	"time"
)

// Fault makes the switch misbehave. Fields left out do nothing.
type Fault struct {
	// Line is a regular expression over the lines that it strikes, as typed;
	// empty is all.
	Line string
	// Times is how often it strikes; 0 is until ClearFaults.
	Times int
	// Delay passes before the line is answered.
	Delay time.Duration
	// Answer is printed in place of carrying out the line.
	Answer string
	// Drop cuts the session before the line is carried out, or with After
	// once it is, before it is answered.
	Drop, After bool
	// Noise is written into the session after the answer, as a message from
	// the system log would be.
	Noise string
}

type fault struct {
	Fault
	line *regexp.Regexp
}

// SetFault adds a fault. One fault at a time strikes a line: the first that
// was set.
func (s *Sim) SetFault(f Fault) error {
	re, err := regexp.Compile(f.Line)
	if err != nil {
		return fmt.Errorf("fault of %s: line: %w", s.cfg.Hostname, err)
	}
	s.faultMu.Lock()
	defer s.faultMu.Unlock()
	s.faults = append(s.faults, &fault{f, re})
	return nil
}

// ClearFaults removes all faults.
func (s *Sim) ClearFaults() {
	s.faultMu.Lock()
	defer s.faultMu.Unlock()
	s.faults = nil
}

// strike returns the fault that a line meets, or nil.
func (s *Sim) strike(line string) *Fault {
	s.faultMu.Lock()
	defer s.faultMu.Unlock()
	for i, f := range s.faults {
		if !f.line.MatchString(line) {
			continue
		}
		if f.Times > 0 {
			if f.Times--; f.Times == 0 {
				s.faults = slices.Delete(s.faults, i, i+1)
			}
		}
		return &f.Fault
	}
	return nil
}
