package iossim

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// reloadCommands restart the switch, now or later.
var reloadCommands = []command{
	{pattern: "reload", run: reload, level: 15},
	{pattern: "reload in WORD [LINE]", run: reloadIn, level: 15},
	{pattern: "reload cancel", run: reloadCancel, level: 15},
	{pattern: "show reload", run: showReload},
}

// warnings are how long before a reload the switch warns all terminals.
var warnings = []time.Duration{time.Hour, 30 * time.Minute, 5 * time.Minute, time.Minute}

// scheduled is a reload to come.
type scheduled struct {
	alarm  *alarm
	wait   time.Duration
	at     time.Time
	by     string
	reason string
}

// beforeReload asks what stands between the command and its last question.
func (c *call) beforeReload(then func()) {
	if c.sim.text() == c.sim.startup {
		then()
		return
	}
	var check func(string)
	check = func(typed string) {
		switch typed = strings.ToLower(typed); {
		case typed != "" && strings.HasPrefix("yes", typed):
			c.writeStartup()
		case typed != "" && strings.HasPrefix("no", typed):
		default:
			c.notice("%% Please answer 'yes' or 'no'.\n")
			c.ask("System configuration has been modified. Save? [yes/no]: ", false, check)
			return
		}
		then()
	}
	c.ask("\nSystem configuration has been modified. Save? [yes/no]: ", false, check)
}

func reload(c *call) error {
	c.beforeReload(func() {
		c.confirm("Proceed with reload? [confirm]", func() {
			c.sim.syslog("%SYS-5-RELOAD: Reload requested by " + c.origin() + ". Reload Reason: Reload Command.")
			c.cut()
			c.sim.reboot()
		})
	})
	return nil
}

func reloadIn(c *call) error {
	wait, ok := reloadDelay(c.arg(0))
	if !ok {
		return c.invalid(0)
	}
	s := c.sim
	reason := c.arg(1)
	if reason == "" {
		reason = "Reload Command"
	}
	c.beforeReload(func() {
		plan := &scheduled{wait: wait, at: s.now().Add(wait), by: c.origin(), reason: reason}
		c.notice("Reload scheduled for %s (in %s) by %s\nReload reason: %s\n", clockTime(plan.at), inWords(wait), plan.by, reason)
		c.confirm("Proceed with reload? [confirm]", func() {
			if s.reload != nil {
				s.reload.alarm.cancel()
			}
			var steps []step
			for _, w := range warnings {
				if w <= wait {
					steps = append(steps, step{wait - w, func() { s.shutdownBanner("SHUTDOWN in " + hoursMinutes(w)) }})
				}
			}
			s.syslog("%SYS-5-SCHEDULED_RELOAD: Reload requested for " + clockTime(plan.at) + " at " + clockTime(s.now()) + " by " + plan.by + ". Reload Reason: " + reason + ".")
			s.reload = plan
			plan.alarm = s.setAlarm(append(steps, step{wait, func() {
				s.shutdownBanner("SHUTDOWN NOW")
				s.reboot()
			}})...)
		})
	})
	return nil
}

// reloadDelay reads minutes, or hours and minutes with a colon.
func reloadDelay(text string) (time.Duration, bool) {
	hours, minutes, colon := strings.Cut(text, ":")
	if !colon {
		hours, minutes = "0", text
	}
	h, err1 := strconv.ParseUint(hours, 10, 16)
	m, err2 := strconv.ParseUint(minutes, 10, 16)
	wait := time.Duration(h)*time.Hour + time.Duration(m)*time.Minute
	return wait, err1 == nil && err2 == nil && wait > 0 && wait <= 24*24*time.Hour
}

func reloadCancel(c *call) error {
	if c.sim.reload == nil {
		return rejected("%%No reload is scheduled.\n")
	}
	c.sim.reload.alarm.cancel()
	c.sim.reload = nil
	c.sim.shutdownBanner("SHUTDOWN ABORTED")
	c.sim.syslog("%SYS-5-SCHEDULED_RELOAD_CANCELLED: Scheduled reload cancelled at " + clockTime(c.sim.now()))
	return nil
}

func showReload(c *call) error {
	r := c.sim.reload
	if r == nil {
		c.printf("No reload is scheduled.\n")
		return nil
	}
	c.printf("Reload scheduled for %s (in %s) by %s\nReload reason: %s\n", clockTime(r.at), inWords(r.wait-r.alarm.elapsed()), r.by, r.reason)
	return nil
}

// shutdownBanner tells all terminals, whether they want to hear it or not.
func (s *Sim) shutdownBanner(what string) {
	for _, v := range s.vtys {
		if v != nil {
			v.tell("\n\n\a***\n*** --- " + what + " ---\n***\n")
		}
	}
}

// reboot restarts the switch from its flash; it answers nobody until
// Config.BootTime has passed. The caller holds the lock.
func (s *Sim) reboot() {
	for _, v := range s.vtys {
		if v != nil {
			v.cut()
		}
	}
	s.stats.Reloads++
	s.upAt = time.Now().Add(s.cfg.BootTime)
	if err := s.boot(); err != nil {
		s.log.Error("reload failed", "err", err)
	}
}

func clockTime(t time.Time) string { return t.UTC().Format("15:04:05 UTC Mon Jan 2 2006") }

func hoursMinutes(d time.Duration) string {
	return fmt.Sprintf("%d:%02d:00", int(d.Hours()), int(d.Minutes())%60)
}

// inWords is a duration as `show reload` writes it.
func inWords(d time.Duration) string {
	d = max(d.Round(time.Second), 0)
	var parts []string
	for _, u := range []struct {
		name string
		size time.Duration
	}{{"hour", time.Hour}, {"minute", time.Minute}, {"second", time.Second}} {
		if n := int(d / u.size); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s%s", n, u.name, plural(n)))
			d %= u.size
		}
	}
	if len(parts) == 0 {
		return "0 seconds"
	}
	return strings.Join(parts, " and ")
}
