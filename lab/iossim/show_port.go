package iossim

// portShows print what single features of ports are set to.
var portShows = []command{
	{pattern: "show etherchannel summary", run: showEtherchannel},
	{pattern: "show etherchannel 1-48 summary", run: showEtherchannel},
	{pattern: "show lacp sys-id", run: showLACPSystem},
	{pattern: "show spanning-tree [vlan WORD]", run: showSpanningTree},
	{pattern: "show power inline", run: showPower},
	{pattern: "show power inline IF", run: showPower},
	{pattern: "show port-security", run: showPortSecurity},
	{pattern: "show interfaces status err-disabled", run: showErrDisabled},
	{pattern: "show system mtu", run: showSystemMTU},
}

// showLACPSystem prints the switch's own part of the identity of its bundles.
func showLACPSystem(c *call) error {
	priority := "32768"
	for _, st := range c.sim.run.find("lacp system-priority") {
		if f := tokens(st.line); len(f) > 2 {
			priority = f[2].text
		}
	}
	c.printf("%s, %s\n", priority, dotted(c.sim.mac(0)))
	return nil
}

func showPower(c *call) error {
	if !c.sim.profile.PoE {
		return c.invalidWord(1)
	}
	list, err := c.shown(func(i *iface) bool { return powered(c.sim, i) })
	if err != nil {
		return err
	}
	c.printf("\nModule   Available     Used     Remaining\n          (Watts)     (Watts)    (Watts)\n------   ---------   --------   ---------\n1           740.0        0.0       740.0\n")
	c.printf("Interface Admin  Oper       Power   Device              Class Max\n                            (Watts)                            \n--------- ------ ---------- ------- ------------------- ----- ----\n")
	for _, i := range list {
		admin := "auto"
		if v := tokens(i.value("power inline")); len(v) > 0 {
			admin = v[0].text
		}
		c.printf("%-9s %-6s %-10s %-7s %-19s %-5s 30.0 \n", shortName(i.name), admin, "off", "0.0", "n/a", "n/a")
	}
	return nil
}

func showPortSecurity(c *call) error {
	c.printf("Secure Port  MaxSecureAddr  CurrentAddr  SecurityViolation  Security Action\n                (Count)       (Count)          (Count)\n---------------------------------------------------------------------------\n")
	for _, name := range c.sim.run.names() {
		i := c.sim.run.ifaces[name]
		if !i.has("switchport port-security") {
			continue
		}
		limit, action := i.value("switchport port-security maximum"), i.value("switchport port-security violation")
		if limit == "" {
			limit = "1"
		}
		if action == "" {
			action = "shutdown"
		}
		c.printf("%11s %14s %12d %18d %16s\n", shortName(name), limit, 0, 0, string(action[0]-32)+action[1:])
	}
	c.printf("---------------------------------------------------------------------------\nTotal Addresses in System (excluding one mac per port)     : 0\nMax Addresses limit in System (excluding one mac per port) : 4096\n")
	return nil
}

func showErrDisabled(c *call) error {
	c.printf("\nPort      Name               Status       Reason               Err-disabled Vlans\n")
	for _, name := range c.sim.run.names() {
		if i := c.sim.run.ifaces[name]; i.errDisabled {
			c.printf("%-9s %-18s %-12s %s\n", shortName(name), clip(i.description, 18), "err-disabled", "bpduguard")
		}
	}
	return nil
}

func showSystemMTU(c *call) error {
	mtu := "1500"
	for _, st := range c.sim.run.find("system mtu") {
		if f := tokens(st.line); len(f) > 2 {
			mtu = f[len(f)-1].text
		}
	}
	if c.sim.profile.XE {
		c.printf("Global Ethernet MTU is %s bytes.\n", mtu)
		return nil
	}
	c.printf("\nSystem MTU size is %s bytes\nSystem Jumbo MTU size is %s bytes\nSystem Alternate MTU size is 1500 bytes\nRouting MTU size is 1500 bytes\n", mtu, mtu)
	return nil
}
