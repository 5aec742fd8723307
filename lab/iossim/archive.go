package iossim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/lab/wire"
)

// archiveCommands keep configurations on the flash and put them back.
var archiveCommands = []command{
	{pattern: "archive config", run: archiveConfig, level: 15},
	{pattern: "show archive", run: showArchive, level: 15},
	{pattern: "show archive config rollback timer", run: showRevertTimer, level: 15},
	{pattern: "configure terminal revert timer [idle] 1-120", run: configureRevertTimer, level: 15},
	{pattern: "configure terminal revert timer [idle] 1-120 lock", run: configureRevertTimer, level: 15},
	{pattern: "configure revert timer [idle] 1-120", run: changeRevertTimer, level: 15},
	{pattern: "configure revert now", run: revertNow, level: 15},
	{pattern: "configure confirm", run: confirmChange, level: 15},
	{pattern: "configure replace WORD [LINE]", run: configureReplace, level: 15},
	{pattern: "copy running-config (flash:|bootflash:)", run: func(c *call) error { return copyToFlash(c, c.words[2]) }, level: 15},
	{pattern: "copy running-config WORD", run: func(c *call) error { return copyToFlash(c, c.arg(0)) }, level: 15},
}

// archived is a configuration that was kept.
type archived struct{ name, text string }

// pathSetting returns a setting under `archive`.
func (s *Sim) archiveSetting(key string) (string, bool) {
	for _, st := range s.run.find("archive") {
		for _, l := range st.lines {
			if l == key {
				return "", true
			}
			if v, ok := strings.CutPrefix(l, key+" "); ok {
				return v, true
			}
		}
	}
	return "", false
}

// archiveName is what the next archived configuration is called; empty when
// no path is configured.
func (s *Sim) archiveName() string {
	path, ok := s.archiveSetting("path")
	if !ok {
		return ""
	}
	stamp := strings.NewReplacer(" ", "-", ":", "-").Replace(s.now().UTC().Format("Jan _2 15:04:05.000"))
	path = strings.ReplaceAll(path, "$h", s.run.hostname)
	if with := strings.ReplaceAll(path, "$t", stamp); with != path {
		return fmt.Sprintf("%s-%d", with, s.archiveCount)
	}
	return fmt.Sprintf("%s-%s-%d", path, stamp, s.archiveCount)
}

func (s *Sim) archiveLimit() int {
	if v, ok := s.archiveSetting("maximum"); ok {
		if n, err := strconv.Atoi(v); err == nil && n > 0 {
			return n
		}
	}
	return 10
}

// archive keeps the running configuration; false without a path.
func (s *Sim) archive() (archived, bool) {
	name := s.archiveName()
	if name == "" {
		return archived{}, false
	}
	a := archived{name, s.text()}
	s.archiveCount++
	s.archives = append(s.archives, a)
	if over := len(s.archives) - s.archiveLimit(); over > 0 {
		s.archives = slices.Delete(s.archives, 0, over)
	}
	return a, true
}

func archiveConfig(c *call) error {
	if _, ok := c.sim.archive(); !ok {
		return rejected("%% Archive path is not configured\n")
	}
	return nil
}

func showArchive(c *call) error {
	name := c.sim.archiveName()
	if name == "" {
		c.printf(" Archive feature not enabled\n")
		return nil
	}
	limit, have := c.sim.archiveLimit(), c.sim.archives
	c.printf("The maximum archive configurations allowed is %d.\n", limit)
	c.printf("There are currently %d archive configurations saved.\n", len(have))
	c.printf("The next archive file will be named %s\n Archive #  Name\n", name)
	for n := range limit {
		switch {
		case n >= len(have):
			c.printf("   %d\n", n+1)
		case n == len(have)-1:
			c.printf("   %-9d%s <- Most Recent\n", n+1, have[n].name)
		default:
			c.printf("   %-9d%s\n", n+1, have[n].name)
		}
	}
	return nil
}

// file returns a configuration on the flash.
func (s *Sim) file(name string) (string, bool) {
	if name == "nvram:startup-config" || name == "startup-config" {
		return s.startup, s.startup != ""
	}
	for _, a := range slices.Backward(s.archives) {
		if a.name == name {
			return a.text, true
		}
	}
	text, ok := s.files[plainFile(name)]
	return text, ok
}

// plainFile is a file's name without what all names on the flash may begin with.
func plainFile(name string) string {
	for _, prefix := range []string{"flash:", "bootflash:", "unix:"} {
		name = strings.TrimPrefix(name, prefix)
	}
	return strings.TrimPrefix(name, "/")
}

func copyToFlash(c *call, to string) error {
	if to == "startup-config" || to == "nvram:startup-config" {
		return copyRunning(c)
	}
	if !strings.Contains(to, ":") {
		return c.invalidWord(2)
	}
	keep := func(name string) {
		if c.sim.files == nil {
			c.sim.files = map[string]string{}
		}
		text := c.sim.text()
		c.sim.files[plainFile(name)] = text
		c.notice("%d bytes copied in 0.500 secs (%d bytes/sec)\n\n", len(text), 2*len(text))
	}
	name := plainFile(to)
	if c.sim.run.has("file prompt quiet") && name != "" {
		keep(name)
		return nil
	}
	offered := name
	if offered == "" {
		offered = "running-config"
	}
	c.ask("Destination filename ["+offered+"]? ", false, func(typed string) {
		if typed == "" {
			typed = offered
		}
		keep(typed)
	})
	return nil
}

func configureReplace(c *call) error {
	name := c.arg(0)
	text, ok := c.sim.file(name)
	if !ok {
		return rejected("%%Error opening %s (No such file or directory)\n", name)
	}
	options := tokens(c.arg(1))
	replace := func() {
		if !whole(text) {
			c.reject("%%The input file is not a valid config file.\n")
			return
		}
		c.sim.restore(text)
		c.touched = true
		c.notice("Total number of passes: 1\nRollback Done\n\n")
	}
	if slices.ContainsFunc(options, func(t token) bool { return len(t.text) > 1 && strings.HasPrefix("force", t.text) }) {
		replace()
		return nil
	}
	c.ask(`This will apply all necessary additions and deletions
to replace the current running configuration with the
contents of the specified configuration file, which is
assumed to be a complete configuration, not a partial
configuration. Enter Y if you are sure you want to proceed. ? [no]: `, false, func(typed string) {
		if strings.HasPrefix(strings.ToLower(typed), "y") {
			replace()
		}
	})
	return nil
}

// restore replaces the running configuration. VLANs that live in vlan.dat
// alone stay as they are.
func (s *Sim) restore(text string) {
	s.run.hostname = "Switch"
	s.run.globals, s.run.bridges, s.run.snooped = nil, nil, wire.VLANs{}
	for name, i := range s.run.ifaces {
		if !i.undeletable {
			s.run.remove(name)
			continue
		}
		i.reset()
	}
	if s.db.local() {
		s.db.VLANs = map[int]vlan{}
	}
	s.load(text)
	s.saveDatabase()
}
