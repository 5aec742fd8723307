package ios

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// What `write memory` says. Sources: Netspoc's IOS device simulation, NAPALM's
// IOS driver.
var (
	savedRE   = regexp.MustCompile(`\[OK\]\s*$`)
	busyRE    = regexp.MustCompile(`(?i)Device or resource busy|nvram.*(?:busy|in use)|startup-config file open failed`)
	confirmRE = regexp.MustCompile(`\[confirm\] ?$`)
)

const lineSave = "write memory"

// Save writes the running configuration to the startup configuration. While
// the switch's NVRAM is busy, it tries again until the time for saving is over.
func (s *Session) Save(ctx context.Context) error {
	return s.save(ctx, s.times.Save, reporter{target: s.target, log: s.log})
}

func (s *Session) save(ctx context.Context, wait time.Duration, tell reporter) error {
	ctx, cancel := limit(ctx, wait, "not saved")
	defer cancel()
	for {
		text, err := s.writeMemory(ctx)
		switch {
		case err != nil:
			return &SaveError{Switch: s.target.String(), Err: err}
		case savedRE.MatchString(text):
			s.log.Debug("saved", "switch", s.target.Name)
			return nil
		case !busyRE.MatchString(text):
			return &SaveError{Switch: s.target.String(), Err: fmt.Errorf("the switch answered %s", quoteAnswer(text))}
		}
		tell.say(StageWait, fmt.Sprintf("the NVRAM is busy (%s): trying again every %s for up to %s", quoteAnswer(text), s.times.Retry, wait))
		if err := pause(ctx, s.times.Retry); err != nil {
			return &SaveError{Switch: s.target.String(), Err: fmt.Errorf("%w; the last answer was %s", err, quoteAnswer(text))}
		}
	}
}

// writeMemory sends the command and confirms what it asks.
func (s *Session) writeMemory(ctx context.Context) (string, error) {
	r, err := s.converse(ctx, lineSave, s.times.Save, nil, []question{{confirmRE, ""}})
	return strings.TrimSpace(r.text), err
}

var (
	changedRE = regexp.MustCompile(`(?m)^! Last configuration change at (.+?)(?: by .*)?$`)
	writtenRE = regexp.MustCompile(`(?m)^! NVRAM config last updated at (.+?)(?: by .*)?$`)
)

// unsaved says whether the head of a running configuration tells of a change
// that is newer than the last save, and whether it tells at all: its times are
// in whole seconds.
func unsaved(running string) (newer, told bool) {
	changed := changedRE.FindStringSubmatch(running)
	written := writtenRE.FindStringSubmatch(running)
	switch {
	case changed == nil:
		return false, false
	case written == nil:
		return true, true
	}
	a, errA := headTime(changed[1])
	b, errB := headTime(written[1])
	return a.After(b), errors.Join(errA, errB) == nil && !a.Equal(b)
}

// needsSave says whether a reload would lose something. Where the head of the
// running configuration does not tell, the startup configuration does.
func (s *Session) needsSave(ctx context.Context, running string) (bool, error) {
	if newer, told := unsaved(running); told {
		return newer, nil
	}
	startup, err := s.readStartup(ctx)
	return err == nil && startup != "" && !sameConfig(running, startup), err
}

// headTime reads "12:00:01 UTC Mon Mar 1 2024". Both times of a head are in the
// same zone, so its offset does not matter.
func headTime(s string) (time.Time, error) {
	return time.Parse("15:04:05 MST Mon Jan 2 2006", strings.Join(strings.Fields(s), " "))
}
