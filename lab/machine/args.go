package machine

import (
	"crypto/sha256"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// The defaults of a Config.
const (
	defaultMemoryMiB = 1024
	defaultCPUs      = 1
	defaultNIC       = "virtio-net-pci"

	firmwareBIOS = "bios"
	firmwareUEFI = "uefi"
)

// maxSocketPath keeps clear of the kernel's 107 bytes for the path of a unix socket.
const maxSocketPath = 100

var (
	safeName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)
	nicModel = regexp.MustCompile(`^[a-z0-9-]+$`)
)

// check fills in defaults and refuses what QEMU would choke on.
func (c *Config) check() error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("machine %q: %s", c.Name, fmt.Sprintf(format, args...))
	}
	if !safeName.MatchString(c.Name) {
		return bad("the name is used in file names: want letters, digits, dots, dashes and underscores")
	}
	if c.RunDir == "" {
		return bad("no run directory given")
	}
	if c.MemoryMiB == 0 {
		c.MemoryMiB = defaultMemoryMiB
	}
	if c.CPUs == 0 {
		c.CPUs = defaultCPUs
	}
	if c.NIC == "" {
		c.NIC = defaultNIC
	}
	if c.Firmware == "" {
		c.Firmware = firmwareBIOS
	}
	switch {
	case c.MemoryMiB < 64:
		return bad("%d MiB of memory: want 64 at least", c.MemoryMiB)
	case c.CPUs < 1:
		return bad("%d CPUs: want 1 at least", c.CPUs)
	case c.Firmware != firmwareBIOS && c.Firmware != firmwareUEFI:
		return bad("firmware %q: want %q or %q", c.Firmware, firmwareBIOS, firmwareUEFI)
	case !nicModel.MatchString(c.NIC):
		return bad("network card model %q: want a device name of QEMU's such as virtio-net-pci or e1000", c.NIC)
	case (c.LocalSocket == "") != (c.RemoteSocket == ""):
		return bad("the wire needs both of its sockets, local %q and remote %q", c.LocalSocket, c.RemoteSocket)
	}
	for _, socket := range []string{c.LocalSocket, c.RemoteSocket, c.BMCSocket} {
		if len(socket) > maxSocketPath {
			return bad("the socket path %s has %d bytes, more than the %d that are safe: use a shorter run directory", socket, len(socket), maxSocketPath)
		}
	}
	if c.LocalSocket != "" {
		mac, err := net.ParseMAC(c.MAC)
		if err != nil || len(mac) != 6 || mac[0]&1 != 0 {
			return bad("MAC address %q: want six octets of a single card, such as 52:54:00:00:00:01", c.MAC)
		}
	}
	return nil
}

// file is the path of one of the machine's own files.
func (c *Config) file(suffix string) string { return filepath.Join(c.RunDir, c.Name+suffix) }

// uuid is the machine's SMBIOS identifier: always the same for the same name and MAC.
func (c *Config) uuid() string {
	u := sha256.Sum256([]byte("cthulix lab machine " + c.Name + " " + strings.ToLower(c.MAC)))
	u[6], u[8] = u[6]&0x0f|0x80, u[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[0:4], u[4:6], u[6:8], u[8:10], u[10:16])
}

// qmpFD is QEMU's end of the control connection: the first descriptor after the standard ones.
const qmpFD = 3

// plan is one start of a machine: which firmware, and what first.
type plan struct {
	uefi      bool
	diskFirst bool
}

// planFor follows a boot setting. Without one the machine's own order holds: its disk, then the network.
func (c *Config) planFor(boot Boot) plan {
	if boot.Device == DeviceNone || boot.Device == "" {
		return plan{uefi: c.Firmware == firmwareUEFI, diskFirst: true}
	}
	return plan{uefi: boot.EFI, diskFirst: boot.Device == DeviceDisk}
}

// describe says in words what a machine starts from.
func (p plan) describe(boot Boot) string {
	mode, first := "legacy BIOS", "network first"
	if p.uefi {
		mode = "UEFI"
	}
	if p.diskFirst {
		first = "disk first"
	}
	if boot.Device == DeviceNone {
		return mode + ", its own order"
	}
	return mode + ", " + first
}

// firmware is where the files for a start are.
type firmware struct{ code, vars string }

// prepare finds the firmware's files, and gives the machine its own copy of the UEFI variables.
func (c *Config) prepare(p plan) (firmware, error) {
	var fw firmware
	if !p.uefi {
		_, err := seaBIOS.find()
		if err == nil && c.LocalSocket != "" {
			_, err = bootROM(c.NIC).find()
		}
		return fw, err
	}
	code, err := ovmfCode.find()
	if err != nil {
		return fw, err
	}
	fresh, err := ovmfVars.find()
	if err != nil {
		return fw, err
	}
	fw = firmware{code: code, vars: c.file(".vars.fd")}
	if _, err := os.Stat(fw.vars); err == nil {
		return fw, nil
	}
	content, err := os.ReadFile(fresh)
	if err != nil {
		return fw, fmt.Errorf("copy the UEFI variables: %w", err)
	}
	// Written aside and renamed, so that a crash in between leaves no short file behind.
	if err := os.WriteFile(fw.vars+".new", content, 0o600); err != nil {
		return fw, fmt.Errorf("copy the UEFI variables: %w", err)
	}
	if err := os.Rename(fw.vars+".new", fw.vars); err != nil {
		return fw, fmt.Errorf("copy the UEFI variables: %w", err)
	}
	return fw, nil
}

// args is QEMU's command line.
func (c *Config) args(p plan, fw firmware, accelerator string) []string {
	cpu := "Nehalem" // what TCG emulates in full and current Linux distributions ask for
	if accelerator == acceleratorKVM {
		cpu = "host"
	}
	args := []string{
		"-name", quote(c.Name), "-uuid", c.uuid(),
		"-nodefaults", "-no-user-config",
		"-accel", accelerator, "-cpu", cpu,
		// No graphics: SeaBIOS and iPXE then talk to the serial port.
		"-machine", "q35,graphics=off", "-display", "none",
		"-m", strconv.Itoa(c.MemoryMiB), "-smp", strconv.Itoa(c.CPUs),
		"-rtc", "base=utc,clock=host",
		"-smbios", "type=1,manufacturer=Cthulix,product=lab machine,serial=" + quote(c.Name),
		"-chardev", "file,id=console,append=on,path=" + quote(c.SerialPath()), "-serial", "chardev:console",
		"-chardev", fmt.Sprintf("socket,id=control,fd=%d", qmpFD), "-mon", "chardev=control,mode=control",
		// A reset ends the process, and the machine starts it anew: only so can the next boot differ.
		"-action", "reboot=shutdown",
		// A legacy machine that found nothing to boot tries again, as servers do.
		"-boot", "reboot-timeout=10000",
		"-device", "virtio-rng-pci",
	}
	if p.uefi {
		args = append(args,
			"-drive", "if=pflash,format=raw,unit=0,readonly=on,file="+quote(fw.code),
			"-drive", "if=pflash,format=raw,unit=1,file="+quote(fw.vars),
			"-fw_cfg", "name=opt/org.tianocore/IPv6PXESupport,string=n")
	}
	if c.BMCSocket != "" {
		args = append(args,
			// Without reconnect QEMU 7.2 connects before the interface is there, and crashes.
			"-chardev", "socket,id=bmc,reconnect=1,path="+quote(c.BMCSocket),
			"-device", "ipmi-bmc-extern,id=bmc0,chardev=bmc", "-device", "isa-ipmi-kcs,bmc=bmc0")
	}
	disk, nic := 2, 1
	if p.diskFirst {
		disk, nic = 1, 2
	}
	if c.Disk != "" {
		args = append(args,
			"-drive", "if=none,id=disk0,format=raw,file="+quote(c.Disk),
			"-device", fmt.Sprintf("virtio-blk-pci,drive=disk0,bootindex=%d", disk))
	}
	if c.LocalSocket != "" {
		card := fmt.Sprintf("%s,netdev=wire,mac=%s,bootindex=%d", c.NIC, strings.ToLower(c.MAC), nic)
		if p.uefi {
			card += ",romfile=" // the firmware's own PXE, and not iPXE's driver
		}
		args = append(args,
			"-netdev", "dgram,id=wire,local.type=unix,local.path="+quote(c.LocalSocket)+",remote.type=unix,remote.path="+quote(c.RemoteSocket),
			"-device", card)
	}
	return append(args, c.ExtraArgs...)
}

// SerialPath is the file that keeps the machine's console output, across power-ons.
func (c *Config) SerialPath() string { return c.file(".console.log") }

// quote doubles commas, which separate options on QEMU's command line.
func quote(value string) string { return strings.ReplaceAll(value, ",", ",,") }
