package ios

import (
	"fmt"
	"maps"
	"strings"
)

// fakeWays are the ways back of a fake switch: a rollback timer and a scheduled
// reload. Nothing fires by itself.
type fakeWays struct {
	archive bool   // the switch has an archive, and so a timer
	mute    bool   // the timer is armed without a word of a backup
	broken  bool   // `configure confirm` does nothing
	startup string // the startup configuration; empty is that there is none
	users   string // what `show users` lists beside the session itself

	timer  string // the user of the pending timer
	backup map[string]fakePort
	reload string // the reason of the pending reload
	log    []string
}

// answer carries out an exec command that it knows. user is who is logged in.
func (w *fakeWays) answer(f *fakeSwitch, line, user string) (text string, known bool) {
	note := func(what string) { w.log = append(w.log, what) }
	switch {
	case strings.HasPrefix(line, "configure terminal revert timer "):
		if !w.archive {
			return "%Turn config archive on before using Rollback Confirmed Change\n", true
		}
		note("arm timer")
		w.timer, w.backup, f.mode = user, map[string]fakePort{}, "config"
		for name, p := range f.ports {
			w.backup[name] = *p
		}
		if w.mute {
			return "Enter configuration commands, one per line.  End with CNTL/Z.\n", true
		}
		return "Rollback Confirmed Change: Backing up current running config to flash:backup-1\n\nEnter configuration commands, one per line.  End with CNTL/Z.\n", true
	case line == "show archive config rollback timer":
		if w.timer == "" {
			return "%No Rollback Confirmed Change pending\n", true
		}
		return fmt.Sprintf("Time configured(or reconfigured): 19:55:34 UTC Mon Oct 20 2003\nTimer type: absolute timer\nTimer value: 10 min\nUser: %s\n", w.timer), true
	case line == "configure confirm":
		if !w.broken {
			note("confirm")
			w.timer = ""
		}
		return "", true
	case line == "configure revert now":
		note("revert")
		w.timer = ""
		for name, p := range maps.All(w.backup) {
			*f.ports[name] = p
		}
		return "Rollback Confirmed Change: Rolling to: flash:backup-1\n\nTotal number of passes: 1\nRollback Done\n\n", true
	case line == "show startup-config":
		if w.startup == "" {
			return "startup-config is not present\n", true
		}
		return "Using 1234 out of 65536 bytes\n!\n" + w.startup, true
	case strings.HasPrefix(line, "reload in "):
		note("schedule")
		_, w.reload, _ = strings.Cut(strings.TrimPrefix(line, "reload in "), " ")
		return "\n\n\n\x07***\n*** --- SHUTDOWN in 0:10:00 ---\n***\n", true
	case line == "reload cancel":
		note("cancel")
		w.reload = ""
		return "\n\n\n\x07***\n*** --- SHUTDOWN ABORTED ---\n***\n\n", true
	case line == "show reload":
		if w.reload == "" {
			return "No reload is scheduled.\n", true
		}
		return fmt.Sprintf("Reload scheduled for 12:05:00 UTC Mon Mar 2 2026 (in 5 minutes) by %s on vty0 (192.0.2.9)\nReload reason: %s\n", user, w.reload), true
	case line == "show users":
		return "    Line       User       Host(s)              Idle       Location\n*  1 vty 0     " + user + "      idle                 00:00:00 192.0.2.9\n" + w.users, true
	}
	return "", false
}
