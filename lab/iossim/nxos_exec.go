package iossim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

var nexusExec = []command{
	{pattern: "(exit|logout)", run: func(c *call) error { c.cut(); return nil }},
	{pattern: "end", run: nothing},
	{pattern: "enable", run: nothing},
	{pattern: "terminal length 0-511", run: func(c *call) error { c.length = c.num(0); return nil }},
	{pattern: "terminal width 24-511", run: func(c *call) error { c.width = c.num(0); return nil }},
	{pattern: "terminal dont-ask", run: func(c *call) error { c.dontAsk = true; return nil }},
	{pattern: "no terminal dont-ask", run: func(c *call) error { c.dontAsk = false; return nil }},
	{pattern: "terminal monitor", run: func(c *call) error { c.monitor = true; return nil }},
	{pattern: "terminal no monitor", run: func(c *call) error { c.monitor = false; return nil }},
	{pattern: "configure [terminal]", run: func(c *call) error {
		if err := c.lockedOut(); err != nil {
			return err
		}
		c.notice("Enter configuration commands, one per line. End with CNTL/Z.\n")
		c.context = inConfig
		return nil
	}},
	{pattern: "copy running-config startup-config [vdc-all]", run: nexusSave},
	{pattern: "write erase", run: func(c *call) error {
		c.ask("Warning: This command will erase the startup-configuration.\nDo you wish to proceed anyway? (y/n)  [n] ", false, func(typed string) {
			if strings.HasPrefix(strings.ToLower(typed), "y") && c.sim.startup != "" {
				if err := c.sim.cfg.Flash.Remove(startupFile); err != nil {
					c.sim.log.Error("startup configuration not erased", "err", err)
				}
				c.sim.startup = ""
			}
		})
		return nil
	}},
	{pattern: "reload", run: func(c *call) error {
		c.ask("This command will reboot the system. (y/n)?  [n] ", false, func(typed string) {
			if strings.HasPrefix(strings.ToLower(typed), "y") {
				c.cut()
				c.sim.reboot()
			}
		})
		return nil
	}},
	{pattern: "clear mac address-table dynamic", run: nothing},
	{pattern: "clear logging logfile", run: func(c *call) error { c.sim.history = nil; return nil }},
}

func nexusSave(c *call) error {
	if err := c.sim.save(); err != nil {
		c.sim.log.Error("configuration not saved", "err", err)
		return rejected("Copy failed: another copy or configuration is in progress (system busy).\n")
	}
	c.notice("[########################################] 100%%\nCopy complete, now saving to disk (please wait)...\nCopy complete.\n")
	return nil
}

var checkpointCommands = []command{
	{pattern: "checkpoint", run: checkpoint},
	{pattern: "checkpoint WORD", run: checkpoint},
	{pattern: "checkpoint file WORD", run: checkpoint},
	{pattern: "no checkpoint WORD", run: dropCheckpoint},
	{pattern: "clear checkpoint database", run: func(c *call) error { c.sim.checkpoints = nil; return nil }},
	{pattern: "show checkpoint", run: showCheckpoints},
	{pattern: "show checkpoint summary", run: showCheckpoints},
	{pattern: "show diff rollback-patch checkpoint WORD running-config", run: showPatch},
	{pattern: "show diff rollback-patch file WORD running-config", run: showPatch},
	{pattern: "show diff rollback-patch running-config checkpoint WORD", run: showPatch},
	{pattern: "rollback running-config checkpoint WORD [(atomic|best-effort|stop-at-first-failure)]", run: rollback},
	{pattern: "rollback running-config file WORD [(atomic|best-effort|stop-at-first-failure)]", run: rollback},
	{pattern: "delete WORD [no-prompt]", run: deleteFile},
	{pattern: "show file WORD", run: func(c *call) error {
		text, ok := c.sim.files[plainFile(c.arg(0))]
		if !ok {
			return rejected("No such file or directory\n")
		}
		c.printf("%s", text)
		return nil
	}},
}

func checkpoint(c *call) error {
	s := c.sim
	if c.has("file") {
		if s.files == nil {
			s.files = map[string]string{}
		}
		s.files[plainFile(c.arg(0))] = s.text()
		c.notice("Done\n")
		return nil
	}
	name := c.arg(0)
	if name == "" {
		s.archiveCount++
		name = fmt.Sprintf("user-checkpoint-%d", s.archiveCount)
		c.notice("%s created Successfully\n", name)
	}
	if _, ok := s.checkpoints[name]; ok {
		return rejected("ERROR: checkpoint name already exists\n")
	}
	if s.checkpoints == nil {
		s.checkpoints = map[string]string{}
	}
	s.checkpoints[name] = s.text()
	c.notice("Done\n")
	return nil
}

func dropCheckpoint(c *call) error {
	if _, ok := c.sim.checkpoints[c.arg(0)]; !ok {
		return rejected("ERROR: checkpoint %s does not exist\n", c.arg(0))
	}
	delete(c.sim.checkpoints, c.arg(0))
	c.notice("Done\n")
	return nil
}

func showCheckpoints(c *call) error {
	for n, name := range slices.Sorted(maps.Keys(c.sim.checkpoints)) {
		c.printf("User Checkpoint Summary\n--------------------------------------------------------------------------------\n%d) %s:\nCreated by admin\nCreated at %s\nSize is %d bytes\nDescription: None\n\n", n+1, name, clockTime(c.sim.now()), len(c.sim.checkpoints[name]))
	}
	return nil
}

// point is the configuration that a command about a checkpoint names.
func (c *call) point() (string, error) {
	if c.has("file") {
		if text, ok := c.sim.files[plainFile(c.arg(0))]; ok {
			return text, nil
		}
		return "", rejected("ERROR: file %s does not exist\n", c.arg(0))
	}
	if text, ok := c.sim.checkpoints[c.arg(0)]; ok {
		return text, nil
	}
	return "", rejected("ERROR: checkpoint %s does not exist\n", c.arg(0))
}

func rollback(c *call) error {
	text, err := c.point()
	if err != nil {
		return err
	}
	run := func() {
		c.notice("Collecting Running-Config\n#Generating Rollback Patch\n")
		if text == c.sim.text() {
			c.notice("Rollback Patch is Empty\n\nRollback completed successfully.\n\n")
			return
		}
		c.notice("Executing Rollback Patch\nGenerating Running-config for verification\nGenerating Patch for verification\n")
		c.sim.restore(text)
		c.sim.stats.Reverts++
		if c.sim.text() != text {
			c.reject("Verification failed.\n\nRollback failed.\n\n")
			return
		}
		c.notice("Verification is Successful.\n\nRollback completed successfully.\n\n")
	}
	c.notice("Note: Applying config parallelly may fail Rollback verification\n")
	run()
	return nil
}

// showPatch lists the lines that are in one of two configurations alone.
func showPatch(c *call) error {
	text, err := c.point()
	if err != nil {
		return err
	}
	have, want := strings.Split(c.sim.text(), "\n"), strings.Split(text, "\n")
	c.printf("Collecting Running-Config\n#Generating Rollback Patch\n")
	if text == c.sim.text() {
		c.printf("Rollback Patch is Empty\n")
		return nil
	}
	c.printf("!!\n")
	for _, l := range have {
		if !slices.Contains(want, l) {
			c.printf("no %s\n", strings.TrimSpace(l))
		}
	}
	for _, l := range want {
		if !slices.Contains(have, l) {
			c.printf("%s\n", strings.TrimSpace(l))
		}
	}
	return nil
}

func deleteFile(c *call) error {
	name := plainFile(c.arg(0))
	if _, ok := c.sim.files[name]; !ok {
		return rejected("No such file or directory\n")
	}
	remove := func(typed string) {
		if confirmed(typed) {
			delete(c.sim.files, name)
		}
	}
	if c.has("no-prompt") || c.dontAsk {
		remove("")
		return nil
	}
	c.ask(fmt.Sprintf("Do you want to delete \"/%s\" ? (yes/no/abort)   [y] ", name), false, remove)
	return nil
}
