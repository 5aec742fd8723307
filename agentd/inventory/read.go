package inventory

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// maxFile is how much of one file is read: those of /sys have a page at most,
// and /proc/cpuinfo some 1.5 KiB a thread.
const maxFile = 1 << 20

// Read takes stock of the machine whose root directory that is. What cannot be
// read is not there, which some machines have good reason for; what should be
// and is not, is in Missing. Neighbours and the BMC are not its business.
func Read(root fs.FS) ophub.Inventory {
	t := tree{root}
	inv := ophub.Inventory{
		System: ophub.System{
			Vendor: t.dmi("sys_vendor"), Product: t.dmi("product_name"), Serial: t.dmi("product_serial"), UUID: t.dmi("product_uuid"),
		},
		Firmware:  ophub.FirmwareID{Kind: ophub.FirmwareBIOS, Vendor: t.dmi("bios_vendor"), Version: t.dmi("bios_version"), Date: t.dmi("bios_date")},
		CPU:       t.cpu(),
		MemoryMiB: t.memoryMiB(),
		Disks:     t.disks(),
		NICs:      t.nics(),
	}
	if t.has("sys/firmware/efi") {
		inv.Firmware.Kind = ophub.FirmwareUEFI
	}
	for what, there := range map[string]bool{
		"system: no DMI in /sys/class/dmi/id": t.has("sys/class/dmi/id"),
		"interfaces: no /sys/class/net":       t.has("sys/class/net"),
		"disks: no /sys/block":                t.has("sys/block"),
	} {
		if !there {
			inv.Missing = append(inv.Missing, what)
		}
	}
	return inv
}

// tree is a root directory, read with the patience that /sys needs: an attribute
// can be missing, or refuse to be read, at any time.
type tree struct{ fs fs.FS }

func (t tree) has(name string) bool {
	_, err := fs.Stat(t.fs, name)
	return err == nil
}

// bytes is the content of a file; none when it cannot be read.
func (t tree) bytes(name string) []byte {
	f, err := t.fs.Open(name)
	if err != nil {
		return nil
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFile))
	if err != nil {
		return nil
	}
	return b
}

// text is a file of one line.
func (t tree) text(parts ...string) string {
	return string(bytes.TrimSpace(bytes.TrimRight(t.bytes(path.Join(parts...)), "\x00")))
}

// number is a file with a number; -1 when it has none.
func (t tree) number(parts ...string) int {
	n, err := strconv.Atoi(t.text(parts...))
	if err != nil {
		return -1
	}
	return n
}

// names are the entries of a directory, in order.
func (t tree) names(dir string) []string {
	entries, err := fs.ReadDir(t.fs, dir)
	if err != nil {
		return nil
	}
	out := make([]string, len(entries))
	for i, e := range entries {
		out[i] = e.Name()
	}
	return out
}

// target is the last part of what a symbolic link points to.
func (t tree) target(parts ...string) string {
	to, err := fs.ReadLink(t.fs, path.Join(parts...))
	if err != nil {
		return ""
	}
	return path.Base(to)
}

// dmi is a text of the machine's maker. What makers write when they have nothing
// to say is nothing.
func (t tree) dmi(name string) string {
	s := t.text("sys/class/dmi/id", name)
	switch strings.ToLower(s) {
	case "to be filled by o.e.m.", "default string", "not specified", "not applicable", "system serial number",
		"system product name", "system manufacturer", "none", "n/a", "empty", "unknown", "0", "0123456789",
		"00000000-0000-0000-0000-000000000000", "03000200-0400-0500-0006-000700080009":
		return ""
	}
	return s
}

// memoryMiB is what Linux has to give.
func (t tree) memoryMiB() int {
	for line := range strings.Lines(string(t.bytes("proc/meminfo"))) {
		var kib int
		if n, _ := fmt.Sscanf(line, "MemTotal: %d kB", &kib); n == 1 {
			return kib >> 10
		}
	}
	return 0
}
