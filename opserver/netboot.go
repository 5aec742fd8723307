package opserver

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/insomniacslk/dhcp/iana"
)

// booter is the kind of program that asks for an address.
type booter int

const (
	system       booter = iota // an operating system, such as the Linux of an image that has booted
	pxeFirmware                // loads its boot file by TFTP
	httpFirmware               // UEFI HTTP boot: the boot file is a URL
	ipxe                       // runs a script from a URL
)

// The client classes that firmware sends in option 60.
const (
	classPXE  = "PXEClient"
	classHTTP = "HTTPClient"
)

// pathFirmware and pathScript are served to hosts.
const (
	pathFirmware = "/firmware/"
	pathScript   = "/boot.ipxe"
)

// noPXEDHCP is option 175 with suboption 176 (no-pxedhcp) = 1: iPXE then does not wait two seconds for a proxyDHCP offer.
var noPXEDHCP = []byte{176, 1, 1}

// architectures are the machines that can be booted, by what they say of themselves in option 93 (RFC 4578 and IANA's
// registry); RFC 4578 has UEFI x64 as 9 and vendors ship it as 7.
var architectures = map[iana.Arch]struct {
	name, program string
	http          bool
}{
	iana.INTEL_X86PC:     {"BIOS", "undionly.kpxe", false},
	iana.EFI_X86_64:      {"UEFI x64", "snponly.efi", false},
	iana.EFI_BC:          {"UEFI x64", "snponly.efi", false},
	iana.EFI_X86_64_HTTP: {"UEFI x64 HTTP", "snponly.efi", true},
}

// client is who sent a DHCP message.
type client struct {
	booter booter
	arch   iana.Arch
}

func classify(m *dhcpv4.DHCPv4) client {
	c := client{arch: iana.INTEL_X86PC}
	if archs := m.ClientArch(); len(archs) > 0 {
		c.arch = archs[0]
	}
	class := m.ClassIdentifier()
	switch {
	case bytes.Contains(m.Options.Get(dhcpv4.OptionUserClassInformation), []byte("iPXE")),
		m.Options.Has(dhcpv4.OptionEtherboot):
		c.booter = ipxe
	case strings.HasPrefix(class, classHTTP):
		c.booter = httpFirmware
	case strings.HasPrefix(class, classPXE):
		c.booter = pxeFirmware
	}
	return c
}

// String is for people: "UEFI x64 firmware", "iPXE on BIOS", "operating system".
func (c client) String() string {
	arch := fmt.Sprintf("architecture %d", uint16(c.arch))
	if known, ok := architectures[c.arch]; ok {
		arch = known.name
	}
	switch c.booter {
	case ipxe:
		return "iPXE on " + arch
	case pxeFirmware, httpFirmware:
		return arch + " firmware"
	}
	return "operating system"
}

// firmware is the ophub's word for the kind of firmware; empty if it cannot be told.
func (c client) firmware() string {
	switch {
	case c.booter == system:
		return ""
	case c.arch == iana.INTEL_X86PC:
		return "bios"
	}
	return "uefi"
}

// processor is what the machine's processors are called in images; empty if it cannot be told. The numbers are those of
// RFC 4578 §2.1 and IANA's registry of processor architecture types.
func (c client) processor() string {
	switch {
	case c.booter == system:
		return ""
	case c.arch == iana.INTEL_X86PC, c.arch == 7, c.arch == 9, c.arch == 15, c.arch == 16:
		return "amd64"
	case c.arch == 11, c.arch == 19:
		return "arm64"
	}
	return ""
}

// bootFile is what the client shall load next; empty when there is nothing for it, with the reason.
func (c client) bootFile(baseURL, mac string) (file, reason string) {
	if c.booter == ipxe {
		return baseURL + pathScript + "?mac=" + mac, ""
	}
	known, ok := architectures[c.arch]
	switch {
	case c.booter == system:
		return "", "it did not ask for a network boot"
	case !ok || known.http != (c.booter == httpFirmware):
		return "", fmt.Sprintf("no boot program for client architecture %d (option 93)", uint16(c.arch))
	case known.http:
		return baseURL + pathFirmware + known.program, ""
	}
	return known.program, ""
}
