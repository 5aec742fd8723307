package iossim

import (
	"fmt"
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/lab/wire"
)

func (d *database) status(id int) string {
	v := d.VLANs[id]
	switch {
	case id >= 1002 && id <= 1005:
		return "act/unsup"
	case v.Shutdown && v.Suspended:
		return "sus/lshut"
	case v.Shutdown:
		return "act/lshut"
	case v.Suspended:
		return "suspended"
	}
	return "active"
}

// members are the ports that are in a VLAN untagged. A trunk that is up is in
// none; one that is down counts as the access port that it would be.
func (s *Sim) members(id int) []string {
	var names []string
	for _, name := range s.run.names() {
		i := s.run.ifaces[name]
		bundled := i.group > 0 && i.suspended == "" && s.connected(i)
		idle := i.kind() == "Port-channel" && !s.connected(i)
		if i.switched() && !i.routed && i.access == id && (!i.trunking() || !s.connected(i)) && !bundled && !idle {
			names = append(names, shortName(name))
		}
	}
	return names
}

// fill joins words with ", " into lines of at most so many characters.
func fill(words []string, width int) []string {
	lines := []string{""}
	for _, w := range words {
		last := &lines[len(lines)-1]
		switch {
		case *last == "":
			*last = w
		case len(*last)+2+len(w) <= width:
			*last += ", " + w
		default:
			lines = append(lines, w)
		}
	}
	return lines
}

func showVLAN(c *call) error {
	db := &c.sim.db
	ids := db.ids()
	switch {
	case c.has("id"):
		ids = []int{c.num(0)}
		if !db.exists(c.num(0)) {
			c.printf("VLAN id %d not found in current VLAN database\n", c.num(0))
			return nil
		}
	case c.has("name"):
		ids = nil
		for _, id := range db.ids() {
			if db.name(id) == c.arg(0) {
				ids = append(ids, id)
			}
		}
		if ids == nil {
			c.printf("VLAN %s not found in current VLAN database\n", c.arg(0))
			return nil
		}
	}
	c.printf("\nVLAN Name                             Status    Ports\n")
	c.printf("---- -------------------------------- --------- -------------------------------\n")
	// Ports fill the terminal's width.
	room := max(c.width-48, 31)
	if c.width == 0 {
		room = 512
	}
	for _, id := range ids {
		name := db.name(id)
		if len(name) > maxVLANName {
			c.printf("%-4d %s\n", id, name)
			c.printf("%37s", "")
		} else {
			c.printf("%-4d %-32s", id, name)
		}
		ports := fill(c.sim.members(id), room)
		c.printf(" %-9s %s\n", db.status(id), ports[0])
		for _, more := range ports[1:] {
			c.printf("%48s%s\n", "", more)
		}
	}
	if c.has("brief") {
		return nil
	}
	c.printf("\nVLAN Type  SAID       MTU   Parent RingNo BridgeNo Stp  BrdgMode Trans1 Trans2\n")
	c.printf("---- ----- ---------- ----- ------ ------ -------- ---- -------- ------ ------\n")
	for _, id := range ids {
		kind, stp, mode := "enet", "-", "-"
		if f, ok := fixedVLANs[id]; ok {
			kind = f.kind
		}
		switch kind {
		case "tr":
			mode = "srb"
		case "fdnet":
			stp = "ieee"
		case "trnet":
			stp = "ibm"
		}
		c.printf("%-4d %-5s %-10d %-5d %-6s %-6s %-8s %-4s %-8s %-6d %-6d\n", id, kind, 100000+id, 1500, "-", "-", "-", stp, mode, 0, 0)
	}
	c.printf("\nRemote SPAN VLANs\n%s\n\n\n", strings.Repeat("-", 78))
	c.printf("Primary Secondary Type              Ports\n------- --------- ----------------- ------------------------------------------\n\n")
	return nil
}

func showVLANSummary(c *call) error {
	extended := 0
	ids := c.sim.db.ids()
	for _, id := range ids {
		if id > 1005 {
			extended++
		}
	}
	c.printf("Number of existing VLANs               : %d\n Number of existing VTP VLANs          : %d\n Number of existing extended VLANS     : %d\n\n",
		len(ids), len(ids)-extended, extended)
	return nil
}

func showVTP(c *call) error {
	db := &c.sim.db
	modes := map[string]string{"server": "Server", "client": "Client", "transparent": "Transparent", "off": "Off"}
	c.printf("VTP Version capable             : 1 to 3\n")
	c.printf("VTP version running             : %d\n", db.Version)
	c.printf("VTP Domain Name                 : %s\n", db.Domain)
	c.printf("VTP Pruning Mode                : Disabled\n")
	c.printf("VTP Traps Generation            : Disabled\n")
	c.printf("Device ID                       : %s\n", dotted(c.sim.mac(0)))
	c.printf("Configuration last modified by 0.0.0.0 at 0-0-00 00:00:00\n")
	if db.Mode == "server" {
		c.printf("Local updater ID is 0.0.0.0 (no valid interface found)\n")
	}
	c.printf("\nFeature VLAN:\n--------------\n")
	mode := modes[db.Mode]
	if db.Primary && db.Version == 3 {
		mode = "Primary " + mode
	}
	c.printf("VTP Operating Mode                : %s\n", mode)
	c.printf("Maximum VLANs supported locally   : 1005\n")
	n := 0
	for _, id := range db.ids() {
		if id <= 1005 {
			n++
		}
	}
	c.printf("Number of existing VLANs          : %d\n", n)
	if db.local() {
		c.printf("Number of existing extended VLANs : %d\n", len(db.ids())-n)
	}
	c.printf("Configuration Revision            : %d\n", db.Revision)
	id := c.sim.identity()
	digest := func(b []byte) string {
		parts := make([]string, len(b))
		for i, x := range b {
			parts[i] = fmt.Sprintf("0x%02X", x)
		}
		return strings.Join(parts, " ")
	}
	c.printf("MD5 digest                        : %s \n%36s%s \n", digest(id[8:16]), "", digest(id[16:24]))
	return nil
}

func showMAC(c *call) error {
	c.printf("          Mac Address Table\n-------------------------------------------\n\n")
	c.printf("Vlan    Mac Address       Type        Ports\n----    -----------       --------    -----\n")
	total := 0
	line := func(vlan, mac, kind, port string) {
		c.printf("%4s    %s    %-8s    %s\n", vlan, mac, kind, port)
		total++
	}
	if !c.has("dynamic") && len(c.args) == 0 {
		for _, mac := range []string{"0100.0ccc.cccc", "0100.0ccc.cccd", "0180.c200.0000", "ffff.ffff.ffff"} {
			line(" All", mac, "STATIC", "CPU")
		}
	}
	for _, e := range c.sim.observer().MACTable() {
		switch {
		case c.has("vlan") && e.VLAN != c.num(0),
			c.has("interface") && e.Port != c.arg(0),
			c.has("address") && dotted(e.MAC) != strings.ToLower(c.arg(0)):
			continue
		}
		line(fmt.Sprint(e.VLAN), dotted(e.MAC), "DYNAMIC", shortName(e.Port))
	}
	c.printf("Total Mac Addresses for this criterion: %d\n", total)
	return nil
}

// nobody is what is seen of a plane that cannot be looked at.
type nobody struct{}

func (nobody) LinkUp(string) bool            { return true }
func (nobody) MACTable() []wire.MACEntry     { return nil }
func (nobody) Counters(string) wire.Counters { return wire.Counters{} }
