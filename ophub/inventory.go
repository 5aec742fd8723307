package ophub

import (
	"encoding/json"
	"fmt"
	"iter"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Inventory is what a machine says that it is made of. The agent reads it from
// its Linux; nobody else vouches for it.
type Inventory struct {
	System    System     `json:"system,omitzero"`
	Firmware  FirmwareID `json:"firmware,omitzero"`
	CPU       CPU        `json:"cpu,omitzero"`
	MemoryMiB int        `json:"memory_mib,omitempty"`
	Disks     []Disk     `json:"disks,omitempty"`
	NICs      []NIC      `json:"nics,omitempty"`
	BMC       InBandBMC  `json:"bmc,omitzero"`
	Taken     time.Time  `json:"taken,omitzero"`
	Missing   []string   `json:"missing,omitempty"` // what could not be read or was left out, and why
}

// System is the machine as its maker calls it, out of its DMI tables.
type System struct {
	Vendor  string `json:"vendor,omitempty"`
	Product string `json:"product,omitempty"`
	Serial  string `json:"serial,omitempty"`
	UUID    string `json:"uuid,omitempty"`
}

// FirmwareID is the firmware that started the machine.
type FirmwareID struct {
	Kind    string `json:"kind,omitempty"` // FirmwareBIOS or FirmwareUEFI
	Vendor  string `json:"vendor,omitempty"`
	Version string `json:"version,omitempty"`
	Date    string `json:"date,omitempty"` // as the firmware writes it
}

// CPU is the machine's processors, all of one model.
type CPU struct {
	Model   string `json:"model,omitempty"`
	Sockets int    `json:"sockets,omitempty"`
	Cores   int    `json:"cores,omitempty"`   // of all sockets
	Threads int    `json:"threads,omitempty"` // of all cores
}

// Disk is one block device that is no part of another.
type Disk struct {
	Name       string `json:"name"`
	Model      string `json:"model,omitempty"`
	Serial     string `json:"serial,omitempty"`
	Bytes      int64  `json:"bytes,omitempty"`
	Rotational bool   `json:"rotational,omitempty"`
	Removable  bool   `json:"removable,omitempty"`
}

// NIC is one physical network interface.
type NIC struct {
	Name   string `json:"name"`
	MAC    string `json:"mac"`
	Driver string `json:"driver,omitempty"`
	Mbps   int    `json:"mbps,omitempty"` // 0: not known, as without a link
	Link   bool   `json:"link"`           // it has a carrier
	// Neighbors are those who say by LLDP that they are at the other end.
	Neighbors []Neighbor `json:"neighbors,omitempty"`
}

// Neighbor is what somebody at the other end of a cable says of themselves
// (IEEE 802.1AB). All of it comes from outside.
type Neighbor struct {
	Chassis         string   `json:"chassis"` // a MAC address, lower case with colons, or text
	Port            string   `json:"port"`
	PortDescription string   `json:"port_description,omitempty"`
	System          string   `json:"system,omitempty"`
	Description     string   `json:"description,omitempty"`
	VLAN            int      `json:"vlan,omitempty"` // of the port's untagged frames
	Addresses       []string `json:"addresses,omitempty"`
}

// InBandBMC is the management controller as the machine itself sees it.
type InBandBMC struct {
	Address string `json:"address,omitempty"`
	MAC     string `json:"mac,omitempty"`
	// Missing says why there is no address.
	Missing string `json:"missing,omitempty"`
}

// Bounds of an inventory. All of it fits well into one record of Consul's,
// which may have 512 KiB, and a request of the opserver's.
const (
	MaxInventory  = 64 << 10 // bytes, as JSON
	maxDisks      = 64
	maxNICs       = 32
	maxNeighbors  = 4 // of one NIC
	maxNeighborIP = 2
	maxMissing    = 16
	maxText       = 128 // bytes of one text
)

// Cable is one end of a cable in a machine, and what is at the other.
type Cable struct {
	NIC      NIC
	Neighbor Neighbor
}

// Cables are all neighbours of a machine, by its interfaces. None of a nil
// inventory.
func (inv *Inventory) Cables() iter.Seq[Cable] {
	return func(yield func(Cable) bool) {
		if inv == nil {
			return
		}
		for _, nic := range inv.NICs {
			for _, n := range nic.Neighbors {
				if !yield(Cable{nic, n}) {
					return
				}
			}
		}
	}
}

// Tidy is the inventory as it is stored: within its bounds, and without what
// would upset a terminal or a page. A machine must not fail to register because
// of what somebody soldered into it, so nothing is refused; what is left out is
// said in Missing.
func (inv Inventory) Tidy() Inventory {
	t := tidier{}
	inv.System = System{
		Vendor: tidy(inv.System.Vendor), Product: tidy(inv.System.Product),
		Serial: tidy(inv.System.Serial), UUID: strings.ToLower(tidy(inv.System.UUID)),
	}
	f := &inv.Firmware
	if f.Kind != FirmwareBIOS && f.Kind != FirmwareUEFI {
		f.Kind = ""
	}
	f.Vendor, f.Version, f.Date = tidy(f.Vendor), tidy(f.Version), tidy(f.Date)
	inv.CPU.Model = tidy(inv.CPU.Model)
	for _, n := range []*int{&inv.CPU.Sockets, &inv.CPU.Cores, &inv.CPU.Threads, &inv.MemoryMiB} {
		*n = max(*n, 0)
	}
	inv.Disks = bounded(&t, "disks", inv.Disks, maxDisks)
	for i, d := range inv.Disks {
		d.Name, d.Model, d.Serial, d.Bytes = tidy(d.Name), tidy(d.Model), tidy(d.Serial), max(d.Bytes, 0)
		inv.Disks[i] = d
	}
	inv.NICs = bounded(&t, "interfaces", inv.NICs, maxNICs)
	inv.NICs = slices.DeleteFunc(inv.NICs, func(n NIC) bool {
		_, err := NormalizeMAC(n.MAC)
		if err != nil {
			t.leaveOut("interface %s: %v", tidy(n.Name), err)
		}
		return err != nil
	})
	for i := range inv.NICs {
		inv.NICs[i] = t.nic(inv.NICs[i])
	}
	b := &inv.BMC
	if addr, err := netip.ParseAddr(b.Address); err != nil || addr.IsUnspecified() {
		b.Address = ""
	}
	if mac, err := net.ParseMAC(b.MAC); err != nil || len(mac) != 6 {
		b.MAC = ""
	}
	b.Missing = tidy(b.Missing)
	inv.Taken = inv.Taken.UTC().Round(0)
	inv.Missing = slices.Clone(inv.Missing[:min(len(inv.Missing), maxMissing/2)])
	for !inv.fits() {
		inv.NICs = bounded(&t, "interfaces", inv.NICs, len(inv.NICs)/2)
		inv.Disks = bounded(&t, "disks", inv.Disks, len(inv.Disks)/2)
	}
	inv.Missing = append(inv.Missing, t.missing[:min(len(t.missing), maxMissing/2)]...)
	for i, s := range inv.Missing {
		inv.Missing[i] = tidy(s)
	}
	return inv
}

// fits tells whether the lists leave enough of MaxInventory for the rest, which
// is bounded by itself.
func (inv Inventory) fits() bool {
	b, err := json.Marshal([]any{inv.Disks, inv.NICs})
	return err != nil || len(b) < MaxInventory/2
}

// tidier notes what it leaves out.
type tidier struct{ missing []string }

func (t *tidier) leaveOut(format string, args ...any) {
	t.missing = append(t.missing, fmt.Sprintf(format, args...))
}

func (t *tidier) nic(n NIC) NIC {
	n.Name, n.Driver, n.Mbps = tidy(n.Name), tidy(n.Driver), max(n.Mbps, 0)
	n.MAC, _ = NormalizeMAC(n.MAC)
	n.Neighbors = bounded(t, "neighbours on "+n.Name, n.Neighbors, maxNeighbors)
	for i, o := range n.Neighbors {
		o.Chassis, o.Port, o.PortDescription = tidy(o.Chassis), tidy(o.Port), tidy(o.PortDescription)
		o.System, o.Description = tidy(o.System), tidy(o.Description)
		if o.VLAN < 0 || o.VLAN > 4094 {
			o.VLAN = 0
		}
		o.Addresses = slices.DeleteFunc(slices.Clone(o.Addresses), func(s string) bool {
			_, err := netip.ParseAddr(s)
			return err != nil
		})
		o.Addresses = o.Addresses[:min(len(o.Addresses), maxNeighborIP)]
		n.Neighbors[i] = o
	}
	return n
}

// bounded copies the first of a list.
func bounded[T any](t *tidier, what string, list []T, most int) []T {
	if len(list) > most {
		t.leaveOut("%d of %d %s", len(list)-most, len(list), what)
	}
	return slices.Clone(list[:min(len(list), most)])
}

// tidy makes one short line of a text from outside.
func tidy(s string) string {
	s = s[:min(len(s), 4*maxText)]
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText-len("…")], "") + "…"
	}
	return s
}
