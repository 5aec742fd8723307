package iossim

import "github.com/cthulix/terraform-provider-cthulix/lab/wire"

var snoopingCommands = []command{
	{pattern: "[(no|default)] ip dhcp snooping", run: storeGlobal},
	{pattern: "[(no|default)] ip dhcp snooping information option", run: storeGlobal},
	{pattern: "[(no|default)] ip dhcp snooping verify mac-address", run: storeGlobal},
	{pattern: "ip dhcp snooping vlan WORD", run: setSnooped},
	{pattern: "(no|default) ip dhcp snooping vlan WORD", run: setSnooped},
	{pattern: "show ip dhcp snooping", run: showSnooping},
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
