package iossim

import (
	"fmt"
	"time"
)

// revert is a change that is taken back unless somebody confirms it.
type revert struct {
	alarm      *alarm
	backup     archived
	user       string
	idle       bool
	minutes    int
	configured time.Time
	session    *session // whose silence an idle timer counts
}

// Answers about changes that wait to be confirmed.
const (
	archiveOff   = "%%Turn config archive on before using Rollback Confirmed Change\n"
	nothingToTry = "%%No Rollback Confirmed Change pending\n"
)

func configureRevertTimer(c *call) error {
	s := c.sim
	if err := c.lockedOut(); err != nil {
		return err
	}
	if s.revert != nil {
		return rejected("%%Rollback Confirmed Change is already pending, started by user %s. Use \"configure confirm\" or \"configure revert\" first\n", s.revert.user)
	}
	backup, ok := s.archive()
	if !ok {
		return rejected(archiveOff)
	}
	c.notice("Rollback Confirmed Change: Backing up current running config to %s\n\n", backup.name)
	s.revert = &revert{backup: backup, user: c.by(), session: c.session}
	s.revert.start(s, c.has("idle"), c.num(0))
	s.syslog("%ARCHIVE_DIFF-5-ROLLBK_CNFMD_CHG_BACKUP: Backing up current running config to " + backup.name)
	s.syslog(fmt.Sprintf("%%ARCHIVE_DIFF-5-ROLLBK_CNFMD_CHG_START_ABSTIMER: User: %s: Scheduled to rollback to config %s in %d minutes", s.revert.user, backup.name, c.num(0)))
	return configure(c)
}

// by is the user as the switch names them.
func (s *session) by() string {
	if s.user == "" {
		return "console"
	}
	return s.user
}

// start sets the timer, anew if it ran.
func (r *revert) start(s *Sim, idle bool, minutes int) {
	r.alarm.cancel()
	r.idle, r.minutes, r.configured = idle, minutes, s.now()
	whole := time.Duration(minutes) * time.Minute
	r.alarm = s.setAlarm(
		step{whole - time.Minute, func() {
			s.syslog("%ARCHIVE_DIFF-5-ROLLBK_CNFMD_CHG_WARNING_ABSTIMER: User: " + r.user + ": System will rollback to config " + r.backup.name + " in one minute. Enter \"configure confirm\" if you wish to keep what you've configured")
			r.tell(s, "Rollback Confirmed Change: Rollback will begin in one minute.\nEnter \"configure confirm\" if you wish to keep what you've configured\n")
		}},
		step{whole, func() { s.takeBack("Rollback Confirmed Change: rolling to:" + r.backup.name) }},
	)
}

// tell writes to the session that started the change, if it is still there.
func (r *revert) tell(s *Sim, text string) {
	for _, v := range s.vtys {
		if v != nil && v == r.session {
			v.tell(text)
		}
	}
}

// takeBack puts the configuration back to what it was.
func (s *Sim) takeBack(message string) {
	r := s.revert
	s.revert = nil
	r.alarm.cancel()
	s.syslog("%ARCHIVE_DIFF-5-ROLLBK_CNFMD_CHG_ROLLBACK_START: Start rolling to: " + r.backup.name)
	s.restore(r.backup.text)
	r.tell(s, message+"\nTotal number of passes: 1\nRollback Done\n")
	s.stats.Reverts++
}

// active restarts the timer that counts a session's silence.
func (r *revert) active(s *session) {
	if r != nil && r.idle && r.session == s {
		r.alarm.cancel()
		r.start(s.sim, true, r.minutes)
	}
}

func changeRevertTimer(c *call) error {
	if c.sim.revert == nil {
		return rejected(nothingToTry)
	}
	c.sim.revert.start(c.sim, c.has("idle"), c.num(0))
	return nil
}

func revertNow(c *call) error {
	r := c.sim.revert
	if r == nil {
		return rejected(nothingToTry)
	}
	c.notice("Rollback Confirmed Change: Rolling to: %s\n\n", r.backup.name)
	r.session = nil
	c.sim.takeBack("")
	c.notice("Total number of passes: 1\nRollback Done\n\n")
	return nil
}

func confirmChange(c *call) error {
	r := c.sim.revert
	if r == nil {
		return rejected(nothingToTry)
	}
	r.alarm.cancel()
	c.sim.revert = nil
	c.sim.syslog("%ARCHIVE_DIFF-5-ROLLBK_CNFMD_CHG_CONFIRM: User: " + c.by() + ": Confirm the configuration change")
	return nil
}

func showRevertTimer(c *call) error {
	r := c.sim.revert
	if r == nil {
		c.printf("%%No Rollback Confirmed Change pending\n")
		return nil
	}
	kind := "absolute timer"
	if r.idle {
		kind = "idle timer"
	}
	c.printf("Time configured(or reconfigured): %s\n", r.configured.UTC().Format("15:04:05 UTC Mon Jan 2 2006"))
	c.printf("Timer type: %s\nTimer value: %d min\nUser: %s\n", kind, r.minutes, r.user)
	return nil
}
