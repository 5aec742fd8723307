package iossim

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/lab/wire"
)

// vlan is an entry of the VLAN database.
type vlan struct {
	Name      string `json:"name"`
	Suspended bool   `json:"suspended,omitempty"`
	Shutdown  bool   `json:"shutdown,omitempty"`
}

func defaultVLANName(id int) string { return fmt.Sprintf("VLAN%04d", id) }

// fixedVLANs exist on every switch and cannot be removed.
var fixedVLANs = map[int]struct{ name, kind string }{
	1:    {"default", "enet"},
	1002: {"fddi-default", "fddi"},
	1003: {"token-ring-default", "tr"},
	1004: {"fddinet-default", "fdnet"},
	1005: {"trnet-default", "trnet"},
}

// database is what lives in vlan.dat, apart from the configuration.
type database struct {
	VLANs    map[int]vlan `json:"vlans"`
	Mode     string       `json:"mode"` // "server", "client", "transparent" or "off"
	Domain   string       `json:"domain,omitempty"`
	Version  int          `json:"version"`
	Revision int          `json:"revision"`
	Primary  bool         `json:"-"` // version 3: this server may change VLANs
}

// newDatabase is what a switch without vlan.dat has.
func (s *Sim) newDatabase() database {
	db := database{VLANs: map[int]vlan{}, Mode: s.cfg.VTPMode, Version: 1}
	if db.Mode == "" {
		db.Mode = "server"
	}
	if s.profile.NXOS {
		db.Mode = "off"
	}
	for id, name := range s.cfg.VLANs {
		if _, fixed := fixedVLANs[id]; fixed || id < 1 || id > wire.MaxVLAN {
			continue
		}
		if name == "" {
			name = defaultVLANName(id)
		}
		db.VLANs[id] = vlan{Name: name}
	}
	return db
}

// exists reports whether a VLAN is in the database.
func (d *database) exists(id int) bool {
	_, fixed := fixedVLANs[id]
	_, made := d.VLANs[id]
	return fixed || made
}

// forwards reports whether frames of a VLAN are switched.
func (d *database) forwards(id int) bool {
	if id >= 1002 && id <= 1005 || !d.exists(id) {
		return false
	}
	v := d.VLANs[id]
	return !v.Suspended && !v.Shutdown
}

// ids are all VLANs, the fixed ones too.
func (d *database) ids() []int {
	ids := slices.Collect(maps.Keys(d.VLANs))
	for id := range fixedVLANs {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

func (d *database) name(id int) string {
	if f, ok := fixedVLANs[id]; ok {
		return f.name
	}
	return d.VLANs[id].Name
}

// local reports whether the mode keeps VLANs in the configuration and takes
// those above 1005.
func (d *database) local() bool { return d.Mode == "transparent" || d.Mode == "off" }

// Interface modes; the empty one is what the model does by default.
const (
	modeDefault   = ""
	modeAccess    = "access"
	modeTrunk     = "trunk"
	modeDesirable = "dynamic desirable"
	modeAuto      = "dynamic auto"
)

// iface is the configuration of one interface.
type iface struct {
	name         string
	of           string // the kind of interface
	description  string
	shutdown     bool
	saidUp       bool // a captured configuration says `no shutdown`
	routed       bool // no switchport
	mode         string
	access       int
	native       int
	allowed      wire.VLANs
	encap        string // "", "dot1q" or "isl"; empty negotiates where ISL exists
	nonegotiate  bool
	voice        string // a number, "dot1p", "untagged" or empty
	group        int    // the port-channel that it is a member of, or 0
	groupMode    string
	portfast     string // "", "edge", "trunk", "network" or "disable"
	other        []string
	undeletable  bool // a socket of the chassis, or Vlan1
	managementIf bool // a port that is not switched
	errDisabled  bool
	suspended    string // why a member is not in its bundle
}

func newInterface(name string) *iface {
	k, _ := splitName(name)
	i := &iface{name: name, of: kinds[k].name}
	i.reset()
	return i
}

// reset puts everything back to the defaults.
func (i *iface) reset() {
	*i = iface{
		name: i.name, of: i.of, undeletable: i.undeletable, managementIf: i.managementIf,
		access: 1, native: 1, allowed: wire.AllVLANs(),
	}
}

func (i *iface) kind() string { return i.of }

// switched reports whether the interface takes switchport commands.
func (i *iface) switched() bool {
	return i.kind() != "Vlan" && i.kind() != "Loopback" && i.kind() != "Tunnel" && !i.managementIf
}

// trunking reports whether the port is a trunk. A dynamic port stays access:
// what the lab plugs in does not negotiate.
func (i *iface) trunking() bool { return i.mode == modeTrunk }

// stanza is a top-level line of the configuration and the lines under it.
type stanza struct {
	line  string
	lines []string
}

// running is the running configuration.
type running struct {
	hostname string
	ifaces   map[string]*iface
	sorted   []string // the names of ifaces in order; nil when they changed
	globals  []*stanza
	bridges  map[int]bridge // spanning tree by VLAN, where it is not the default
	snooped  wire.VLANs     // where DHCP is watched
}

// names are the interfaces in the order of the configuration.
func (r *running) names() []string {
	if r.sorted == nil {
		r.sorted = slices.SortedFunc(maps.Keys(r.ifaces), compareNames)
	}
	return r.sorted
}

func (r *running) add(i *iface) {
	r.ifaces[i.name] = i
	r.sorted = nil
}

func (r *running) remove(name string) {
	delete(r.ifaces, name)
	r.sorted = nil
}

// find returns the top-level lines that are prefix or begin with it and a blank.
func (r *running) find(prefix string) []*stanza {
	var out []*stanza
	for _, s := range r.globals {
		if s.line == prefix || strings.HasPrefix(s.line, prefix+" ") {
			out = append(out, s)
		}
	}
	return out
}

// has reports whether a top-level line is there.
func (r *running) has(line string) bool {
	return slices.ContainsFunc(r.globals, func(s *stanza) bool { return s.line == line })
}

// set adds a top-level line, in place of those with the same key.
func (r *running) set(line string) *stanza {
	r.unset("no " + line)
	key := globalKey(line)
	for _, s := range r.globals {
		if s.line == line {
			return s
		}
		if key != "" && (s.line == key || strings.HasPrefix(s.line, key+" ")) {
			s.line = line
			return s
		}
	}
	s := &stanza{line: line}
	r.globals = append(r.globals, s)
	return s
}

// unset removes the top-level lines that begin with prefix; it reports whether
// there were any.
func (r *running) unset(prefix string) bool {
	before := len(r.globals)
	r.globals = slices.DeleteFunc(r.globals, func(s *stanza) bool {
		return s.line == prefix || strings.HasPrefix(s.line, prefix+" ")
	})
	return len(r.globals) < before
}
