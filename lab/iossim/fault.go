package iossim

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Fault makes the switch misbehave. Fields left out do nothing.
type Fault struct {
	// Line is a regular expression over the lines that it strikes, as typed;
	// empty is all. Config confines it to lines typed in configuration mode.
	Line   string
	Config bool
	// At is the first of these lines that it strikes, counted from when the
	// fault was set, over all sessions; 0 is the next, as 1 is.
	At int
	// Times is how often it strikes; 0 is until ClearFaults.
	Times int
	// Delay passes before the line is answered.
	Delay time.Duration
	// Answer is printed in place of carrying out the line.
	Answer string
	// Drop cuts the session before the line is carried out, or with After
	// once it is, before it is answered.
	Drop, After bool
	// Short is how many lines are missing at the end of the answer. With Drop
	// the session ends there.
	Short int
	// Hang leaves the line without an answer for as long as the session lasts.
	// It is carried out with After alone.
	Hang bool
	// Reboot restarts the switch instead of answering. The line is carried out
	// with After alone.
	Reboot bool
	// MidLine is written in the middle of the line's echo, Before and Noise
	// before and after its answer, as messages from the system log are.
	MidLine, Before, Noise string
	// SlowFlush passes between the lines of the answer.
	SlowFlush time.Duration
	// BusyNVRAM is how many savings fail from then on.
	BusyNVRAM int
}

// FaultKind names a fault that [FaultAt] makes.
type FaultKind string

// The kinds of fault, for tests that go through all of them.
const (
	DropBefore   FaultKind = "session dropped before the line"
	DropAfter    FaultKind = "session dropped after the line"
	RejectLine   FaultKind = "line rejected"
	UnknownText  FaultKind = "answer that nobody knows"
	Unauthorized FaultKind = "authorization failed"
	HangBefore   FaultKind = "hang before the line"
	HangAfter    FaultKind = "hang after the line"
	MidLineText  FaultKind = "banner in mid-line"
	SyslogBurst  FaultKind = "burst of log messages"
	SlowFlush    FaultKind = "slow flush"
	BusyNVRAM    FaultKind = "NVRAM busy"
	RebootBefore FaultKind = "reboot before the line"
	RebootAfter  FaultKind = "reboot after the line"
)

// FaultKinds are all kinds.
func FaultKinds() []FaultKind {
	return []FaultKind{
		DropBefore, DropAfter, RejectLine, UnknownText, Unauthorized, HangBefore, HangAfter, MidLineText, SyslogBurst, SlowFlush, BusyNVRAM,
		RebootBefore, RebootAfter,
	}
}

// FaultAt is a fault that strikes once, at the nth line typed in
// configuration mode from when it is set; 1 is the first one.
func FaultAt(kind FaultKind, n int) Fault {
	f := Fault{Config: true, At: n, Times: 1}
	switch kind {
	case DropBefore, DropAfter:
		f.Drop, f.After = true, kind == DropAfter
	case RejectLine:
		f.Answer = "Command rejected: the lab was told to reject this line.\n"
	case UnknownText:
		f.Answer = "The lab says something that no one has heard before.\n"
	case Unauthorized:
		// As a TACACS+ server that does not allow a command.
		f.Answer = "Command authorization failed.\n\n"
	case HangBefore, HangAfter:
		f.Hang, f.After = true, kind == HangAfter
	case MidLineText:
		f.MidLine = "\n\n\a***\n*** --- SHUTDOWN in 0:01:00 ---\n***\n"
	case SyslogBurst:
		var burst []string
		for i := range 20 {
			burst = append(burst, fmt.Sprintf("*Mar  2 12:00:%02d.000: %%LINEPROTO-5-UPDOWN: Line protocol on Interface GigabitEthernet1/0/%d, changed state to up", i, i+1))
		}
		f.Before, f.Noise = strings.Join(burst[:10], "\n"), strings.Join(burst[10:], "\n")
	case SlowFlush:
		f.SlowFlush = 50 * time.Millisecond
	case BusyNVRAM:
		f.BusyNVRAM = 2
	case RebootBefore, RebootAfter:
		f.Reboot, f.After = true, kind == RebootAfter
	}
	return f
}

type fault struct {
	Fault
	line *regexp.Regexp
	seen int // lines that it could have struck
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
	s.faults = append(s.faults, &fault{Fault: f, line: re})
	return nil
}

// ClearFaults removes all faults.
func (s *Sim) ClearFaults() {
	s.faultMu.Lock()
	defer s.faultMu.Unlock()
	s.faults = nil
}

// PendingFaults is how many faults can strike still; one that struck as often
// as it was to is none of them.
func (s *Sim) PendingFaults() int {
	s.faultMu.Lock()
	defer s.faultMu.Unlock()
	return len(s.faults)
}

// SetLatency makes the switch take so long for each line, and up to jitter
// longer at random.
func (s *Sim) SetLatency(latency, jitter time.Duration) {
	s.faultMu.Lock()
	defer s.faultMu.Unlock()
	s.latency, s.jitter = latency, jitter
}

// lineTime is how long the next line takes.
func (s *Sim) lineTime() time.Duration {
	s.faultMu.Lock()
	defer s.faultMu.Unlock()
	d := s.latency
	if s.jitter > 0 {
		d += time.Duration(s.random.Int64N(int64(s.jitter)))
	}
	return d
}

func (f *fault) about(line string, config bool) bool {
	return (config || !f.Config) && f.line.MatchString(line)
}

// strike returns the fault that a line meets, or nil. A fault counts the lines
// that others strike as well.
func (s *Sim) strike(line string, config bool) *Fault {
	s.faultMu.Lock()
	defer s.faultMu.Unlock()
	var struck *fault
	for _, f := range s.faults {
		if f.about(line, config) {
			if f.seen++; f.seen >= f.At && struck == nil {
				struck = f
			}
		}
	}
	if struck == nil {
		return nil
	}
	if struck.Times > 0 {
		if struck.Times--; struck.Times == 0 {
			s.faults = slices.DeleteFunc(s.faults, func(f *fault) bool { return f == struck })
		}
	}
	return &struck.Fault
}

// midLine is what comes into the echo of a line that is being typed, of which
// the beginning is known.
func (s *Sim) midLine(begins string, config bool) string {
	s.faultMu.Lock()
	defer s.faultMu.Unlock()
	for _, f := range s.faults {
		if f.about(begins, config) && f.seen+1 >= f.At {
			return f.MidLine
		}
	}
	return ""
}

// SetNVRAMBusy makes the next so many savings of the configuration fail.
func (s *Sim) SetNVRAMBusy(times int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy = times
}
