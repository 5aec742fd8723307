package inventory

import (
	"encoding/json"
	"io/fs"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// machine is a root directory: paths and what is in them, "-> " for a link.
func machine(files map[string]string) fstest.MapFS {
	out := fstest.MapFS{}
	for name, text := range files {
		f := &fstest.MapFile{Data: []byte(text + "\n"), Mode: 0o444}
		if to, ok := strings.CutPrefix(text, "-> "); ok {
			f = &fstest.MapFile{Data: []byte(to), Mode: fs.ModeSymlink | 0o777}
		}
		out[name] = f
	}
	return out
}

// server is a two-socket machine with threads, SATA, NVMe and USB disks, started by UEFI.
func server() map[string]string {
	files := map[string]string{
		"sys/class/dmi/id/sys_vendor": "Dell Inc.", "sys/class/dmi/id/product_name": "PowerEdge R640",
		"sys/class/dmi/id/product_serial": "1ABC2D3", "sys/class/dmi/id/product_uuid": "4C4C4544-0041-4210-8043-B1C04F324433",
		"sys/class/dmi/id/bios_vendor": "Dell Inc.", "sys/class/dmi/id/bios_version": "2.19.1", "sys/class/dmi/id/bios_date": "06/04/2023",
		"sys/firmware/efi/fw_platform_size": "64",
		"proc/meminfo":                      "MemTotal:       131841540 kB\nMemFree: 7 kB",
		"proc/cpuinfo":                      "processor\t: 0\nmodel name\t: Intel(R) Xeon(R) Silver 4210 CPU @ 2.20GHz\nprocessor\t: 1\nmodel name\t: again",

		"sys/block/sda/size": "3750748848", "sys/block/sda/device/model": "SAMSUNG MZ7LH1T9", "sys/block/sda/device/vendor": "ATA",
		"sys/block/sda/device/type": "0", "sys/block/sda/device/vpd_pg80": "\x00\x80\x00\x0e  S4F2NY0M1234", "sys/block/sda/queue/rotational": "0",
		"sys/block/sdb/size": "60062500", "sys/block/sdb/device/model": "Ultra", "sys/block/sdb/device/vendor": "SanDisk",
		"sys/block/sdb/device/type": "0", "sys/block/sdb/removable": "1", "sys/block/sdb/queue/rotational": "1",
		"sys/block/nvme0n1/size": "1875385008", "sys/block/nvme0n1/device/model": "Dell Express Flash", "sys/block/nvme0n1/device/serial": "PHLN9",
		"sys/block/nvme0c0n1/size": "1875385008", "sys/block/nvme0c0n1/device/model": "path", "sys/block/nvme0c0n1/hidden": "1",
		"sys/block/sr0/size": "2097151", "sys/block/sr0/device/type": "5",
		"sys/block/sdc/size": "0", "sys/block/sdc/device/type": "0",
		"sys/block/loop0/size": "1024", "sys/block/dm-0/size": "1024",

		"sys/class/net/eno1/address": "b0:26:28:00:00:01", "sys/class/net/eno1/carrier": "1", "sys/class/net/eno1/speed": "10000",
		"sys/class/net/eno1/device/driver": "-> ../../../bus/pci/drivers/bnx2x",
		"sys/class/net/eno2/address":       "b0:26:28:00:00:02", "sys/class/net/eno2/carrier": "0", "sys/class/net/eno2/speed": "-1",
		"sys/class/net/eno2/device/driver": "-> ../../../bus/pci/drivers/bnx2x",
		"sys/class/net/lo/address":         "00:00:00:00:00:00", "sys/class/net/bond0/address": "b0:26:28:00:00:01",
		"sys/devices/system/cpu/cpufreq/boost": "1", "sys/devices/system/cpu/online": "0-7",
	}
	// Two sockets of two cores of two threads; the ninth is offline.
	for i, at := range [][2]string{{"0", "0"}, {"0", "1"}, {"1", "0"}, {"1", "1"}, {"0", "0"}, {"0", "1"}, {"1", "0"}, {"1", "1"}} {
		dir := "sys/devices/system/cpu/cpu" + string(rune('0'+i)) + "/topology/"
		files[dir+"physical_package_id"], files[dir+"core_id"] = at[0], at[1]
	}
	files["sys/devices/system/cpu/cpu8/online"] = "0"
	return files
}

func TestServer(t *testing.T) {
	want := ophub.Inventory{
		System:    ophub.System{Vendor: "Dell Inc.", Product: "PowerEdge R640", Serial: "1ABC2D3", UUID: "4C4C4544-0041-4210-8043-B1C04F324433"},
		Firmware:  ophub.FirmwareID{Kind: "uefi", Vendor: "Dell Inc.", Version: "2.19.1", Date: "06/04/2023"},
		CPU:       ophub.CPU{Model: "Intel(R) Xeon(R) Silver 4210 CPU @ 2.20GHz", Sockets: 2, Cores: 4, Threads: 8},
		MemoryMiB: 128751,
		Disks: []ophub.Disk{
			{Name: "nvme0n1", Model: "Dell Express Flash", Serial: "PHLN9", Bytes: 960197124096},
			{Name: "sda", Model: "SAMSUNG MZ7LH1T9", Serial: "S4F2NY0M1234", Bytes: 1920383410176},
			{Name: "sdb", Model: "SanDisk Ultra", Bytes: 30752000000, Rotational: true, Removable: true},
		},
		NICs: []ophub.NIC{
			{Name: "eno1", MAC: "b0:26:28:00:00:01", Driver: "bnx2x", Mbps: 10000, Link: true},
			{Name: "eno2", MAC: "b0:26:28:00:00:02", Driver: "bnx2x"},
		},
	}
	got := Read(machine(server()))
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s\nwant\n%s", show(got), show(want))
	}
}

// TestVirtualMachine: few things are there, and that is no error.
func TestVirtualMachine(t *testing.T) {
	got := Read(machine(map[string]string{
		"sys/class/dmi/id/sys_vendor": "Cthulix", "sys/class/dmi/id/product_serial": "To Be Filled By O.E.M.",
		"proc/cpuinfo": "processor\t: 0\nBogoMIPS: 50\nprocessor\t: 1", "proc/meminfo": "MemTotal: 999424 kB",
		"sys/block/vda/size": "8", "sys/block/vda/serial": "abc", "sys/block/vda/device/vendor": "0x1af4",
		"sys/class/net/eth0/address": "52:54:00:00:00:01", "sys/class/net/eth0/device/vendor": "0x1af4",
	}))
	want := ophub.Inventory{
		System: ophub.System{Vendor: "Cthulix"}, Firmware: ophub.FirmwareID{Kind: "bios"}, CPU: ophub.CPU{Threads: 2}, MemoryMiB: 976,
		Disks: []ophub.Disk{{Name: "vda", Serial: "abc", Bytes: 4096}},
		NICs:  []ophub.NIC{{Name: "eth0", MAC: "52:54:00:00:00:01"}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s\nwant\n%s", show(got), show(want))
	}
}

func TestNothingIsSaid(t *testing.T) {
	got := Read(machine(nil))
	slices.Sort(got.Missing)
	if len(got.Missing) != 3 || !strings.HasPrefix(got.Missing[0], "disks") {
		t.Errorf("missing: %q", got.Missing)
	}
}

func TestDamagedSerialPage(t *testing.T) {
	for page, want := range map[string]string{"\x00\x80\x00\x63abc": "abc", "\x00\x80": "", "\x00\x80\x00\x00abc": ""} {
		files := machine(map[string]string{"d/device/model": "x"})
		files["d/device/vpd_pg80"] = &fstest.MapFile{Data: []byte(page)}
		if got := (tree{files}).diskSerial("d"); got != want {
			t.Errorf("%q: %q", page, got)
		}
	}
}

func show(v any) string {
	b, _ := json.MarshalIndent(v, "", " ")
	return string(b)
}

func TestDriverless(t *testing.T) {
	root := machine(map[string]string{
		"sys/bus/pci/devices/0000:00:1f.2/class": "0x010601", "sys/bus/pci/devices/0000:00:1f.2/driver": "-> ../../bus/pci/drivers/ahci",
		"sys/bus/pci/devices/0000:01:00.0/class": "0x010700", "sys/bus/pci/devices/0000:01:00.0/vendor": "0x1000", "sys/bus/pci/devices/0000:01:00.0/device": "0x0097",
		"sys/bus/pci/devices/0000:02:00.0/class": "0x020000",
	})
	if got, want := Driverless(root), []string{"0000:01:00.0 (PCI 1000:0097)"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
