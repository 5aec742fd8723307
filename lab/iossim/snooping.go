package iossim

import (
	"slices"
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/lab/wire"
)

var snoopingCommands = []command{
	{pattern: "[(no|default)] ip dhcp snooping", run: setSnooping},
	{pattern: "[(no|default)] ip dhcp snooping information option", run: storeGlobal},
	{pattern: "[(no|default)] ip dhcp snooping verify mac-address", run: storeGlobal},
	{pattern: "ip dhcp snooping vlan WORD", run: setSnooped},
	{pattern: "(no|default) ip dhcp snooping vlan WORD", run: setSnooped},
	{pattern: "show ip dhcp snooping", run: showSnooping},
}

// setSnooping starts the watch or ends it. What else is set about it stays.
func setSnooping(c *call) error {
	const line = "ip dhcp snooping"
	c.touched = true
	run := &c.sim.run
	run.globals = slices.DeleteFunc(run.globals, func(s *stanza) bool { return s.line == line })
	if c.negated() {
		return nil
	}
	// It is shown before the rest.
	at := slices.IndexFunc(run.globals, func(s *stanza) bool { return strings.Contains(s.line, line) })
	if at < 0 {
		at = len(run.globals)
	}
	run.globals = slices.Insert(run.globals, at, &stanza{line: line})
	return nil
}

// setSnooped adds to or takes from the VLANs in which DHCP is watched.
func setSnooped(c *call) error {
	ids, err := parseVLANs(c.arg(0))
	if err != nil {
		return err
	}
	c.touched = true
	if c.negated() {
		c.sim.run.snooped = c.sim.run.snooped.Minus(ids)
	} else {
		c.sim.run.snooped = c.sim.run.snooped.Union(ids)
	}
	return nil
}

func (r *running) snoopingLines() []string {
	if r.snooped == (wire.VLANs{}) {
		return nil
	}
	return []string{"ip dhcp snooping vlan " + formatVLANs(r.snooped)}
}

func showSnooping(c *call) error {
	state := "disabled"
	if c.sim.run.has("ip dhcp snooping") {
		state = "enabled"
	}
	list := formatVLANs(c.sim.run.snooped)
	if list == "" {
		list = "none"
	}
	c.printf("Switch DHCP snooping is %s\nDHCP snooping is configured on following VLANs:\n%s\n\n", state, list)
	c.printf("Interface                  Trusted    Allow option    Rate limit (pps)\n-----------------------    -------    ------------    ----------------\n")
	for _, name := range c.sim.run.names() {
		i := c.sim.run.ifaces[name]
		rate := i.value("ip dhcp snooping limit rate")
		if !i.has("ip dhcp snooping trust") && rate == "" {
			continue
		}
		trusted := "no "
		if i.has("ip dhcp snooping trust") {
			trusted = "yes"
		}
		if rate == "" {
			rate = "unlimited"
		}
		c.printf("%-26s %-10s %-15s %s\n", name, trusted, trusted, rate)
	}
	return nil
}
