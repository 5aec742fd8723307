package iossim

import (
	"strings"
)

// execCommands are the commands outside configuration, but for show.
var execCommands = []command{
	{pattern: "enable", run: enable},
	{pattern: "enable 0-15", run: enable},
	{pattern: "disable", run: func(c *call) error { c.level, c.context = 1, inUser; return nil }},
	{pattern: "(exit|logout|quit)", run: func(c *call) error { c.cut(); return nil }},
	{pattern: "terminal length 0-512", run: func(c *call) error { c.length = c.num(0); return nil }},
	{pattern: "terminal no length", run: func(c *call) error { c.length = 24; return nil }},
	{pattern: "terminal width 0-512", run: func(c *call) error { c.width = c.num(0); return nil }},
	{pattern: "terminal no width", run: func(c *call) error { c.width = 80; return nil }},
	{pattern: "terminal monitor", run: func(c *call) error { c.monitor = true; return nil }, level: 15},
	{pattern: "terminal no monitor", run: func(c *call) error { c.monitor = false; return nil }, level: 15},
	{pattern: "terminal exec prompt timestamp", run: func(c *call) error { c.stamped = true; return nil }},
	{pattern: "terminal no exec prompt timestamp", run: func(c *call) error { c.stamped = false; return nil }},
	{pattern: "vtp primary [vlan] [force]", run: becomePrimary, level: 15},
	{pattern: "terminal history size 0-256", run: nothing},
	{pattern: "configure terminal", run: configure, level: 15},
	{pattern: "configure", run: askConfigure, level: 15},
	{pattern: "write [memory]", run: writeMemory, level: 15},
	{pattern: "write terminal", run: showRunning, level: 15},
	{pattern: "write erase", run: eraseStartup, level: 15},
	{pattern: "erase (startup-config|nvram:)", run: eraseStartup, level: 15},
	{pattern: "copy running-config startup-config", run: copyRunning, level: 15},
	{pattern: "delete [(/force|/recursive)] (flash:vlan.dat|vlan.dat)", run: deleteDatabase, level: 15},
	{pattern: "clear mac address-table dynamic", run: nothing, level: 15},
	{pattern: "clear counters [IF]", run: nothing, level: 15},
	{pattern: "clear logging", run: func(c *call) error { c.sim.history = nil; return nil }, level: 15},
	{pattern: "dir [(flash:|nvram:)]", run: dir, level: 15},
	{pattern: "more (flash:|nvram:startup-config)", run: showStartup, level: 15},
}

// execOthers are exec commands of the real switch that are not simulated.
// They are here since they decide what can be abbreviated.
var execOthers = []string{
	"access-enable", "cd", "clock", "connect", "crypto", "debug", "format", "fsck", "help", "lock", "login", "mkdir", "monitor",
	"name-connection", "ping", "pwd", "rename", "resume", "rmdir", "rsh", "send", "set", "setup", "ssh", "systat", "tclsh", "telnet",
	"test", "traceroute", "tunnel", "udptn", "undebug", "verify", "where",
}

// otherCommands answer for them.
func otherCommands() []command {
	var table []command
	for _, w := range execOthers {
		table = append(table, command{pattern: w + " [LINE]", run: func(c *call) error {
			return rejected("%% %s is not simulated\n", c.words[0])
		}})
	}
	return table
}

func nothing(*call) error { return nil }

// ask makes the switch wait for an answer before its next prompt.
func (s *session) ask(prompt string, hidden bool, answer func(string)) {
	s.asking = &question{prompt: prompt, hidden: hidden, answer: answer}
}

// confirm asks for one key: Enter or y goes on, any other does not.
func (s *session) confirm(prompt string, yes func()) {
	s.asking = &question{prompt: prompt, single: true, answer: func(typed string) {
		if confirmed(typed) {
			yes()
		}
	}}
}

func enable(c *call) error {
	stored := c.sim.run.find("enable secret")
	if len(stored) == 0 {
		stored = c.sim.run.find("enable password")
	}
	s := c.session
	grant := func() { s.level, s.context = 15, inExec }
	switch {
	case c.level == 15:
		return nil
	case c.sim.cfg.Captured && c.sim.cfg.EnableSecret != "":
		stored = []*stanza{{line: "enable password 0 " + c.sim.cfg.EnableSecret}}
	case len(stored) == 0 && c.where == "console":
		grant()
		return nil
	case len(stored) == 0:
		c.reject("%% Error in authentication.\n\n")
		return nil
	}
	secret := strings.TrimPrefix(strings.TrimPrefix(stored[0].line, "enable secret "), "enable password ")
	tries := 3
	var check func(string)
	check = func(typed string) {
		if checkSecret(secret, typed) {
			grant()
			return
		}
		if tries--; tries > 0 {
			s.ask("Password: ", true, check)
			return
		}
		s.reject("%% Bad secrets\n\n")
	}
	s.ask("Password: ", true, check)
	return nil
}

func configure(c *call) error {
	if err := c.lockedOut(); err != nil {
		return err
	}
	if c.has("lock") || c.sim.run.has("configuration mode exclusive auto") {
		c.sim.locked = &configLock{session: c.session, process: 3, user: c.by(), terminal: 1}
	}
	c.notice("Enter configuration commands, one per line.  End with CNTL/Z.\n")
	c.context = inConfig
	return nil
}

func askConfigure(c *call) error {
	s := c.session
	s.ask("Configuring from terminal, memory, or network [terminal]? ", false, func(typed string) {
		if !strings.HasPrefix("terminal", strings.ToLower(typed)) {
			s.reject("?Must be \"terminal\", \"memory\" or \"network\"\n")
			return
		}
		if err := s.lockedOut(); err != nil {
			s.reject("%s", err)
			return
		}
		s.notice("Enter configuration commands, one per line.  End with CNTL/Z.\n")
		s.context = inConfig
	})
	return nil
}

func writeMemory(c *call) error {
	c.writeStartup()
	return nil
}

func (s *session) writeStartup() {
	s.notice("Building configuration...\n")
	if err := s.sim.save(); err != nil {
		s.sim.log.Error("configuration not saved", "err", err)
		s.reject("startup-config file open failed (Device or resource busy)\n")
		return
	}
	s.notice("[OK]\n")
	if _, on := s.sim.archiveSetting("write-memory"); on {
		s.sim.archive()
	}
}

func copyRunning(c *call) error {
	if c.sim.run.has("file prompt quiet") {
		return writeMemory(c)
	}
	c.ask("Destination filename [startup-config]? ", false, func(typed string) {
		if typed != "" && typed != "startup-config" {
			c.reject("%%Error opening nvram:/%s (No such file or directory)\n", typed)
			return
		}
		c.writeStartup()
	})
	return nil
}

func eraseStartup(c *call) error {
	c.confirm("Erasing the nvram filesystem will remove all configuration files! Continue? [confirm]", func() {
		if c.sim.startup != "" {
			if err := c.sim.cfg.Flash.Remove(startupFile); err != nil {
				c.sim.log.Error("startup configuration not erased", "err", err)
			}
		}
		c.sim.startup = ""
		c.notice("[OK]\nErase of nvram: complete\n")
	})
	return nil
}

func deleteDatabase(c *call) error {
	remove := func() {
		if err := c.sim.cfg.Flash.Remove(databaseFile); err != nil {
			c.reject("%%Error deleting flash:/vlan.dat (No such file or directory)\n")
		}
	}
	if c.has("/force") {
		remove()
		return nil
	}
	c.ask("Delete filename [vlan.dat]? ", false, func(string) {
		c.confirm("Delete flash:/vlan.dat? [confirm]", remove)
	})
	return nil
}

func confirmed(typed string) bool {
	return typed == "" || strings.HasPrefix(strings.ToLower(typed), "y")
}
