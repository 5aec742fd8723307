package iossim

import (
	"fmt"
	"strings"
	"time"
)

// header is what precedes a configuration's version line; it is no part of it.
func (s *Sim) header() string {
	var b strings.Builder
	at := func(t time.Time) string { return t.UTC().Format("15:04:05 UTC Mon Jan 2 2006") }
	by := ""
	if s.by != "" {
		by = " by " + s.by
	}
	if !s.changed.IsZero() {
		fmt.Fprintf(&b, "! Last configuration change at %s%s\n", at(s.changed), by)
	}
	if !s.saved.IsZero() {
		fmt.Fprintf(&b, "! NVRAM config last updated at %s%s\n", at(s.saved), by)
	}
	if b.Len() > 0 {
		b.WriteString("!\n")
	}
	return "!\n" + b.String()
}

func showRunning(c *call) error {
	text := c.sim.header() + c.sim.text()
	c.printf("Building configuration...\n\nCurrent configuration : %d bytes\n%s\n", len(text), text)
	return nil
}

func showRunningInterface(c *call) error {
	i := c.sim.run.ifaces[c.arg(0)]
	if i == nil {
		return c.invalid(0)
	}
	text := "!\n" + strings.Join(c.sim.interfaceLines(i), "\n") + "\nend\n"
	c.printf("Building configuration...\n\nCurrent configuration : %d bytes\n%s\n", len(text), text)
	return nil
}

func showRunningVLAN(c *call) error {
	only, err := parseVLANs("1-4094")
	if c.arg(0) != "" {
		only, err = parseVLANs(c.arg(0))
	}
	if err != nil {
		return err
	}
	var text strings.Builder
	for _, id := range c.sim.db.ids() {
		v, ok := c.sim.db.VLANs[id]
		if !ok || !only.Has(id) {
			continue
		}
		fmt.Fprintf(&text, "!\nvlan %d\n", id)
		if v.Name != defaultVLANName(id) {
			text.WriteString(" name " + v.Name + "\n")
		}
	}
	c.printf("Building configuration...\n\nCurrent configuration:\n%send\n\n", text.String())
	return nil
}

func showStartup(c *call) error {
	if c.sim.startup == "" {
		c.printf("startup-config is not present\n")
		return nil
	}
	c.printf("Using %d out of 524288 bytes\n!\n%s\n", len(c.sim.startup), c.sim.startup)
	return nil
}
