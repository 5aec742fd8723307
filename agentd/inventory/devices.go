package inventory

import (
	"io/fs"
	"path"
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

const sector = 512 // bytes, in which Linux counts whatever the disk has

// scsiROM is the peripheral device type of CD drives (SPC-4 §6.4.2).
const scsiROM = 5

// disks are the block devices with hardware behind them: none that other disks,
// files or memory make up, and none without a medium.
func (t tree) disks() []ophub.Disk {
	var out []ophub.Disk
	for _, name := range t.names("sys/block") {
		dir := path.Join("sys/block", name)
		size := t.number(dir, "size")
		if !t.has(path.Join(dir, "device")) || t.number(dir, "hidden") == 1 || size <= 0 || t.number(dir, "device/type") == scsiROM {
			continue
		}
		out = append(out, ophub.Disk{
			Name: name, Model: t.diskModel(dir), Serial: t.diskSerial(dir), Bytes: int64(size) * sector,
			Rotational: t.number(dir, "queue/rotational") == 1, Removable: t.number(dir, "removable") == 1,
		})
	}
	return out
}

// Driverless are the storage controllers that Linux has no driver for, and so
// sees no disks of, by their place and kind: "0000:01:00.0 (PCI 1000:0097)".
func Driverless(root fs.FS) []string {
	t := tree{root}
	var out []string
	for _, name := range t.names("sys/bus/pci/devices") {
		dir := path.Join("sys/bus/pci/devices", name)
		// Mass storage controllers are of class 01 (PCI Code and ID Assignment §1.2).
		if strings.HasPrefix(t.text(dir, "class"), "0x01") && t.target(dir, "driver") == "" {
			hex := func(name string) string { return strings.TrimPrefix(t.text(dir, name), "0x") }
			out = append(out, name+" (PCI "+hex("vendor")+":"+hex("device")+")")
		}
	}
	return out
}

func (t tree) diskModel(dir string) string {
	model, vendor := t.text(dir, "device/model"), t.text(dir, "device/vendor")
	// SATA disks are all of the vendor "ATA", and others' is a PCI number.
	if vendor == "" || vendor == "ATA" || strings.HasPrefix(vendor, "0x") || strings.HasPrefix(model, vendor) {
		return model
	}
	return strings.TrimSpace(vendor + " " + model)
}

// diskSerial is where each kind of disk has it: NVMe and MMC, virtio, SCSI and
// SATA.
func (t tree) diskSerial(dir string) string {
	for _, name := range []string{"device/serial", "serial"} {
		if s := t.text(dir, name); s != "" {
			return s
		}
	}
	// The page of vital product data has a header of four bytes (SPC-4 §7.8.16).
	if page := t.bytes(path.Join(dir, "device/vpd_pg80")); len(page) > 4 {
		n := int(page[2])<<8 | int(page[3])
		return strings.TrimSpace(string(page[4:min(len(page), 4+n)]))
	}
	return ""
}

// nics are the interfaces with hardware behind them.
func (t tree) nics() []ophub.NIC {
	var out []ophub.NIC
	for _, name := range t.names("sys/class/net") {
		dir := path.Join("sys/class/net", name)
		if !t.has(path.Join(dir, "device")) {
			continue
		}
		out = append(out, ophub.NIC{
			Name: name, MAC: t.text(dir, "address"), Driver: t.target(dir, "device/driver"),
			Mbps: max(t.number(dir, "speed"), 0), Link: t.number(dir, "carrier") == 1,
		})
	}
	return out
}
