package ophub

import (
	"fmt"
	"slices"
)

// WipeOrder asks a host's agent to overwrite all that is on the machine's disks.
// It holds for one boot: a machine that restarts has its disks left alone.
type WipeOrder struct {
	ID     string `json:"id"`
	BootID string `json:"boot_id"`
	// Disks are those that whoever gave the order knows of. The agent refuses
	// if the machine has others: nothing is overwritten that nobody was told of.
	Disks []Disk `json:"disks"`
}

// Wipe is how far an agent has come with an order.
type Wipe struct {
	ID    string     `json:"id"` // of the order
	Disks []DiskWipe `json:"disks,omitempty"`
	// Finished says that each disk reads as zeros.
	Finished bool `json:"finished,omitempty"`
	// Error is why the agent does not go on.
	Error string `json:"error,omitempty"`
}

// DiskWipe is one disk of a Wipe.
type DiskWipe struct {
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
	Done  int64  `json:"done"` // bytes
}

// Percent is how much of all disks is overwritten.
func (w Wipe) Percent() int {
	var done, all int64
	for _, d := range w.Disks {
		done, all = done+d.Done/1024, all+d.Bytes/1024
	}
	if all == 0 {
		return 0
	}
	return int(100 * done / all)
}

// Fixed are the disks that stay in the machine. A removable one may be a medium
// of the BMC's, or somebody's key.
func (inv *Inventory) Fixed() []Disk {
	if inv == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(inv.Disks), func(d Disk) bool { return d.Removable })
}

// Covers says what is amiss with the order on a machine that has these disks;
// nil is nothing.
func (o WipeOrder) Covers(have []Disk) error {
	for _, d := range have {
		i := slices.IndexFunc(o.Disks, func(known Disk) bool { return known.Name == d.Name })
		if i < 0 {
			return fmt.Errorf("disk %s is not in the order: it was not seen when the order was given", d)
		}
		if known := o.Disks[i]; known.Serial != d.Serial || known.Bytes != d.Bytes {
			return fmt.Errorf("disk %s is another one than in the order, which has %s", d, known)
		}
	}
	for _, known := range o.Disks {
		if !slices.ContainsFunc(have, func(d Disk) bool { return d.Name == known.Name }) {
			return fmt.Errorf("disk %s of the order is not there any more", known)
		}
	}
	return nil
}

// String is a disk as people tell it from others: `sda (480 GB, S3Z1NB0K)`.
func (d Disk) String() string {
	size := fmt.Sprintf("%d GB", (d.Bytes+5e8)/1e9)
	if d.Bytes < 10e9 {
		size = fmt.Sprintf("%d MB", (d.Bytes+5e5)/1e6)
	}
	if d.Serial == "" {
		return fmt.Sprintf("%s (%s)", d.Name, size)
	}
	return fmt.Sprintf("%s (%s, %s)", d.Name, size, d.Serial)
}

// maxOrder bounds a name in an order, in bytes.
const maxOrder = 64

func (o *WipeOrder) problem() string {
	switch {
	case o == nil:
		return ""
	case o.ID == "" || len(o.ID) > maxOrder:
		return fmt.Sprintf("has an ID of %d bytes: want 1 to %d", len(o.ID), maxOrder)
	case o.BootID == "" || len(o.BootID) > maxOrder:
		return fmt.Sprintf("has a boot ID of %d bytes: want 1 to %d", len(o.BootID), maxOrder)
	case len(o.Disks) > maxDisks:
		return fmt.Sprintf("has %d disks: want at most %d", len(o.Disks), maxDisks)
	}
	return ""
}
