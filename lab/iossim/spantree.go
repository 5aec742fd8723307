package iossim

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/lab/wire"
)

// defaultPriority is a bridge's priority in a VLAN unless configured.
const defaultPriority = 32768

var spanningTreeCommands = []command{
	{pattern: "spanning-tree mode (pvst|rapid-pvst|mst)", run: storeGlobal},
	{pattern: "(no|default) spanning-tree mode [LINE]", run: func(c *call) error {
		c.touched = true
		c.sim.run.set("spanning-tree mode " + c.sim.profile.stpMode())
		return nil
	}},
	{pattern: "spanning-tree vlan WORD priority 0-61440", run: setBridgePriority},
	{pattern: "spanning-tree vlan WORD root (primary|secondary)", run: setBridgeRoot},
	{pattern: "(no|default) spanning-tree vlan WORD (priority|root) [LINE]", run: setBridgePriority},
	{pattern: "[(no|default)] spanning-tree vlan WORD", run: setBridgeOff},
	{pattern: "spanning-tree portfast [edge] default", run: storeGlobal},
	{pattern: "spanning-tree portfast [edge] (bpduguard|bpdufilter) default", run: storeGlobal},
}

// stpMode is the spanning tree that the release runs unless told otherwise:
// rapid PVST+ since IOS-XE 16 and IOS 15.2(4)E.
func (p *Profile) stpMode() string {
	if p.XE || p.NXOS || strings.HasPrefix(p.Version, "15.2(") && p.Version[len("15.2(")] >= '4' {
		return "rapid-pvst"
	}
	return "pvst"
}

// bridge is a VLAN's spanning tree where it is not the default.
type bridge struct {
	priority int
	off      bool
}

// setBridges changes the spanning tree of some VLANs.
func (c *call) setBridges(change func(*bridge)) error {
	list := c.arg(0)
	ids, err := parseVLANs(list)
	if err != nil {
		return err
	}
	c.touched = true
	run := &c.sim.run
	if run.bridges == nil {
		run.bridges = map[int]bridge{}
	}
	for _, id := range ids.IDs() {
		b, ok := run.bridges[id]
		if !ok {
			b.priority = defaultPriority
		}
		change(&b)
		if b == (bridge{priority: defaultPriority}) {
			delete(run.bridges, id)
		} else {
			run.bridges[id] = b
		}
	}
	return nil
}

func setBridgePriority(c *call) error {
	priority := defaultPriority
	if !c.negated() {
		if priority = c.num(1); priority%4096 != 0 {
			var allowed strings.Builder
			for p := 0; p <= 61440; p += 4096 {
				fmt.Fprintf(&allowed, "  %-5d", p)
				if p == 28672 {
					allowed.WriteString("\n")
				}
			}
			return rejected("%% Bridge Priority must be in increments of 4096.\n%% Allowed values are:\n%s\n", allowed.String())
		}
	}
	return c.setBridges(func(b *bridge) { b.priority = priority })
}

// setBridgeRoot is a macro: it leaves a priority in the configuration.
func setBridgeRoot(c *call) error {
	priority := 24576
	if c.has("secondary") {
		priority = 28672
	}
	return c.setBridges(func(b *bridge) { b.priority = priority })
}

func setBridgeOff(c *call) error {
	return c.setBridges(func(b *bridge) { b.off = c.words[0] == "no" })
}

// bridgeLines are the spanning trees in the configuration, VLANs of the same
// priority in one line.
func (r *running) bridgeLines() []string {
	byLine := map[string]wire.VLANs{}
	first := map[string]int{}
	add := func(format string, id int) {
		set := byLine[format]
		set.Add(id)
		byLine[format] = set
		if first[format] == 0 {
			first[format] = id
		}
	}
	for _, id := range slices.Sorted(maps.Keys(r.bridges)) {
		b := r.bridges[id]
		if b.off {
			add("no spanning-tree vlan %s", id)
		}
		if b.priority != defaultPriority {
			add(fmt.Sprintf("spanning-tree vlan %%s priority %d", b.priority), id)
		}
	}
	var lines []string
	for _, format := range slices.SortedFunc(maps.Keys(byLine), func(a, b string) int { return first[a] - first[b] }) {
		lines = append(lines, fmt.Sprintf(format, formatVLANs(byLine[format])))
	}
	return lines
}

// edge reports whether spanning tree takes a port for one with a host behind it.
func (s *Sim) edge(i *iface) bool {
	switch i.portfast {
	case "edge":
		return !i.trunking()
	case "trunk":
		return true
	case "":
		return !i.trunking() && (s.run.has("spanning-tree portfast default") || s.run.has("spanning-tree portfast edge default"))
	}
	return false
}

// guarded reports whether a BPDU disables the port.
func (s *Sim) guarded(i *iface) bool {
	switch i.value("spanning-tree bpduguard") {
	case "enable":
		return true
	case "disable":
		return false
	}
	return s.edge(i) && (s.run.has("spanning-tree portfast bpduguard default") || s.run.has("spanning-tree portfast edge bpduguard default"))
}

// sawBPDU disables a guarded port that hears another bridge. The caller holds
// the lock.
func (s *Sim) sawBPDU(i *iface) {
	if i.errDisabled || i.shutdown || !s.guarded(i) {
		return
	}
	i.errDisabled = true
	s.syslog("%SPANTREE-2-BLOCK_BPDUGUARD: Received BPDU on port " + shortName(i.name) + " with BPDU Guard enabled. Disabling port.")
	s.syslog("%PM-4-ERR_DISABLE: bpduguard error detected on " + shortName(i.name) + ", putting " + shortName(i.name) + " in err-disable state")
	s.drive()
}

func showSpanningTree(c *call) error {
	only := wire.AllVLANs()
	if c.has("vlan") {
		var err error
		if only, err = parseVLANs(c.arg(0)); err != nil {
			return err
		}
	}
	mode := "ieee"
	if c.sim.run.has("spanning-tree mode rapid-pvst") {
		mode = "rstp"
	}
	for _, id := range c.sim.db.ids() {
		b, set := c.sim.run.bridges[id]
		if !set {
			b.priority = defaultPriority
		}
		if !only.Has(id) || !c.sim.db.forwards(id) || b.off {
			continue
		}
		var rows []string
		for _, name := range c.sim.run.names() {
			i := c.sim.run.ifaces[name]
			carried := i.switched() && !i.routed && (i.trunking() && i.allowed.Has(id) || !i.trunking() && i.access == id)
			if !carried || !c.sim.connected(i) || i.group > 0 && i.suspended == "" {
				continue
			}
			role, state := "Desg", "FWD"
			if c.sim.blocked(i) {
				role, state = "Altn", "BLK"
			}
			kind := "P2p"
			if c.sim.edge(i) {
				kind += " Edge"
			}
			_, n := splitName(name)
			rows = append(rows, fmt.Sprintf("%-19s %s %s %-9d %3d.%-4d %s", shortName(name), role, state, 4, 128, n[len(n)-1], kind))
		}
		if len(rows) == 0 {
			continue
		}
		mac := dotted(c.sim.mac(0))
		c.printf("\nVLAN%04d\n  Spanning tree enabled protocol %s\n", id, mode)
		c.printf("  Root ID    Priority    %d\n             Address     %s\n             This bridge is the root\n             Hello Time   2 sec  Max Age 20 sec  Forward Delay 15 sec\n\n", b.priority+id, mac)
		c.printf("  Bridge ID  Priority    %d  (priority %d sys-id-ext %d)\n             Address     %s\n             Hello Time   2 sec  Max Age 20 sec  Forward Delay 15 sec\n             Aging Time  300 sec\n\n", b.priority+id, b.priority, id, mac)
		c.printf("Interface           Role Sts Cost      Prio.Nbr Type\n------------------- ---- --- --------- -------- --------------------------------\n%s\n\n", strings.Join(rows, "\n"))
	}
	return nil
}

// blocked reports whether the plane keeps a port from making a loop.
func (s *Sim) blocked(i *iface) bool {
	if p, ok := s.cfg.Plane.(interface{ Blocked(string) bool }); ok {
		return p.Blocked(i.name)
	}
	return false
}
