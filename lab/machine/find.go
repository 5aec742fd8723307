package machine

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// file is something that QEMU needs and that a distribution's package brings.
type file struct {
	what    string
	pkg     string   // Debian's name
	choices []string // where distributions put it, Debian first
}

const qemuBinary = "qemu-system-x86_64"

var (
	seaBIOS = file{"the legacy BIOS (SeaBIOS)", "seabios", []string{
		"/usr/share/seabios/bios-256k.bin", "/usr/share/qemu/bios-256k.bin", "/usr/local/share/qemu/bios-256k.bin",
	}}
	ovmfCode = file{"the UEFI firmware (OVMF)", "ovmf", []string{
		"/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/edk2/x64/OVMF_CODE.4m.fd", "/usr/share/edk2/ovmf/OVMF_CODE.fd", "/usr/local/share/qemu/edk2-x86_64-code.fd",
	}}
	ovmfVars = file{"the UEFI firmware's variables (OVMF)", "ovmf", []string{
		"/usr/share/OVMF/OVMF_VARS_4M.fd", "/usr/share/edk2/x64/OVMF_VARS.4m.fd", "/usr/share/edk2/ovmf/OVMF_VARS.fd", "/usr/local/share/qemu/edk2-i386-vars.fd",
	}}
)

// bootROM is the network card's boot ROM, which is iPXE.
func bootROM(nic string) file {
	name := "efi-" + strings.TrimSuffix(nic, "-pci") + ".rom"
	if strings.HasPrefix(nic, "virtio-net") {
		name = "efi-virtio.rom"
	}
	return file{"the boot ROM of the network card " + nic + " (iPXE)", "ipxe-qemu", []string{
		"/usr/lib/ipxe/qemu/" + name, "/usr/share/qemu/" + name, "/usr/share/ipxe/qemu/" + name, "/usr/local/share/qemu/" + name,
	}}
}

// find returns the first choice that is there.
func (f file) find() (string, error) {
	for _, path := range f.choices {
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path, nil
		}
	}
	return "", &MissingError{What: f.what, Package: f.pkg, Looked: f.choices}
}

// findQEMU returns the path of QEMU: $CTHULIX_QEMU, else from $PATH.
func findQEMU() (string, error) {
	name := qemuBinary
	if explicit := os.Getenv("CTHULIX_QEMU"); explicit != "" {
		name = explicit
	}
	path, err := exec.LookPath(name)
	if err == nil || errors.Is(err, exec.ErrDot) {
		return path, nil
	}
	return "", &MissingError{What: "QEMU (" + name + ")", Package: "qemu-system-x86", Looked: []string{"$CTHULIX_QEMU", "$PATH"}}
}

// MissingError says that something which a package brings is not installed.
type MissingError struct {
	// What is missing and which Debian package has it.
	What, Package string
	// Looked is where it was looked for.
	Looked []string
}

func (e *MissingError) Error() string {
	return fmt.Sprintf("%s was not found (looked in %s): install it, on Debian with: apt-get install --no-install-recommends %s", e.What, strings.Join(e.Looked, ", "), e.Package)
}
