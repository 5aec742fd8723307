package iossim

import (
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/lab/wire"
)

// vlanEdit is a VLAN being configured. IOS applies it when its mode is left,
// not line by line.
type vlanEdit struct {
	ids      wire.VLANs
	name     *string
	suspend  *bool
	shutdown *bool
}

var vlanCommands = append([]command{
	{pattern: "name WORD", run: nameVLAN},
	{pattern: "(no|default) name [WORD]", run: func(c *call) error { c.edited.name = new(string); return nil }},
	{pattern: "state (active|suspend)", run: func(c *call) error { on := c.words[1] == "suspend"; c.edited.suspend = &on; return nil }},
	{pattern: "(no|default) state", run: func(c *call) error { c.edited.suspend = new(bool); return nil }},
	{pattern: "[(no|default)] shutdown", run: func(c *call) error { on := !c.negated(); c.edited.shutdown = &on; return nil }},
}, generic([]string{"mtu", "private-vlan", "remote-span", "backupcrf", "are", "said", "ste", "media", "parent", "ring", "bridge"}, []string{"remote-span"},
	func(*call) error { return nil })...)

// refuses says why VLANs cannot be changed on this switch.
func (d *database) refuses() error {
	switch {
	case d.Mode == "client":
		return rejected("VTP VLAN configuration not allowed when device is in CLIENT mode.\n")
	case d.Mode == "server" && d.Version == 3 && !d.Primary:
		return rejected("VTP VLAN configuration not allowed when device is not the primary server for vlan database.\n")
	}
	return nil
}

// becomePrimary is `vtp primary`, which a version 3 server needs once.
func becomePrimary(c *call) error {
	db := &c.sim.db
	if db.Version != 3 || db.Mode != "server" {
		return rejected("Command is not supported in this VTP version or mode.\n")
	}
	take := func() {
		db.Primary = true
		c.notice("This system is becoming primary server for feature vlan\n")
	}
	if c.has("force") {
		take()
		return nil
	}
	c.confirm("This system is becoming primary server for feature vlan \nNo conflicting VTP3 devices found.\nDo you want to continue? [confirm]", take)
	return nil
}

func enterVLAN(c *call) error {
	ids, err := parseVLANs(c.arg(0))
	if err != nil {
		return err
	}
	if err := c.sim.db.refuses(); err != nil {
		return err
	}
	for _, id := range ids.IDs() {
		if c.sim.profile.NXOS && id >= 3968 {
			return rejected("ERROR: VLAN %d is reserved for internal use and can not be created\n", id)
		}
		if id >= 1002 && id <= 1005 && ids.Len() > 1 {
			return rejected("Command rejected: Bad VLAN list - VLAN %d is reserved.\n", id)
		}
	}
	c.enter(inConfig)
	c.context, c.edited = inVLAN, &vlanEdit{ids: ids}
	if c.sim.profile.NXOS {
		// A Nexus makes the VLANs at once.
		c.createVLANs(ids)
	}
	return nil
}

// maxVLANName is how long a name may be below VTP version 3.
const maxVLANName = 32

func nameVLAN(c *call) error {
	name := c.arg(0)
	ids := c.edited.ids.IDs()
	switch {
	case len(ids) > 1:
		return c.invalidWord(0)
	case fixedVLANs[ids[0]].name != "":
		return rejected("Default VLAN %d may not have its name changed.\n", ids[0])
	case len(name) > maxVLANName && c.sim.db.Version < 3:
		return rejected("%%You must disable VTPv1 and VTPv2 or switch to VTPv3 before configuring a VLAN name longer than 32 characters\n")
	}
	c.edited.name = &name
	return nil
}

// commitVLAN applies the VLAN that was being configured.
func (s *session) commitVLAN() {
	e := s.edited
	s.edited = nil
	if e == nil || !s.createVLANs(e.ids) {
		return
	}
	db := &s.sim.db
	before := db.VLANs
	changed := map[int]vlan{}
	for id, v := range before {
		changed[id] = v
	}
	for _, id := range e.ids.IDs() {
		v, ok := changed[id]
		if !ok {
			continue
		}
		if e.name != nil {
			v.Name = *e.name
			if v.Name == "" {
				v.Name = defaultVLANName(id)
			}
			for other, o := range changed {
				if other != id && strings.EqualFold(o.Name, v.Name) {
					s.reject("%% VLAN #%d and #%d have an identical name: %s\n", min(id, other), max(id, other), v.Name)
					return
				}
			}
		}
		if e.suspend != nil {
			v.Suspended = *e.suspend
		}
		if e.shutdown != nil {
			v.Shutdown = *e.shutdown
		}
		changed[id] = v
	}
	for id, v := range changed {
		if before[id] != v {
			db.VLANs = changed
			s.touched = true
			s.sim.saveDatabase()
			return
		}
	}
}

// createVLANs makes those VLANs of a list that do not exist; it reports
// whether all exist now.
func (s *session) createVLANs(ids wire.VLANs) bool {
	db := &s.sim.db
	var missing, extended wire.VLANs
	for _, id := range ids.IDs() {
		if db.exists(id) {
			continue
		}
		missing.Add(id)
		if id > 1005 && !db.local() && db.Version < 3 {
			extended.Add(id)
		}
	}
	if extended.Len() > 0 {
		s.reject("%% Failed to create VLANs %s\nExtended VLAN(s) not allowed in current VTP mode.\n%%Failed to commit extended VLAN(s) changes.\n\n", formatVLANs(extended))
		missing = missing.Minus(extended)
	}
	if missing.Len() > 0 {
		for _, id := range missing.IDs() {
			db.VLANs[id] = vlan{Name: defaultVLANName(id)}
		}
		s.touched = true
		s.sim.saveDatabase()
	}
	return extended.Len() == 0
}

func removeVLANs(c *call) error {
	ids, err := parseVLANs(c.arg(0))
	if err != nil {
		return err
	}
	if err := c.sim.db.refuses(); err != nil {
		return err
	}
	for _, id := range ids.IDs() {
		if _, fixed := fixedVLANs[id]; fixed {
			return rejected("%%Default VLAN %d may not be deleted.\n", id)
		}
	}
	c.enter(inConfig)
	gone := false
	for _, id := range ids.IDs() {
		if _, ok := c.sim.db.VLANs[id]; ok {
			delete(c.sim.db.VLANs, id)
			gone = true
		}
	}
	if gone {
		c.touched = true
		c.sim.saveDatabase()
	}
	return nil
}
