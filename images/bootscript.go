package images

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/cthulix/terraform-provider-cthulix/keg"
)

// How often and how patiently a firmware tries before it starts from its own
// beginning, which a new address or another opserver may help.
const (
	bootTries       = 5
	bootRetrySecs   = 3
	bootRebootSecs  = 15
	initrdName      = "initrd"
	opserverArg     = "cthulix.opserver="
	imageArg        = "cthulix.image="
	hostArg         = "cthulix.host="
	macArg          = "cthulix.mac="
	reservedArgs    = "cthulix."
	ignitionURLPath = "/ignition?mac="
)

// BootParams says which host boots an image, and from where.
type BootParams struct {
	// BaseURL is the opserver as the host sees it, such as "http://10.20.0.1".
	BaseURL string
	// ImageKID is the manifest's KID.
	ImageKID keg.KID
	// Host is the name of the host's record, MAC the address that it boots from.
	Host, MAC string
	// ExtraArgs are the host's own kernel arguments.
	ExtraArgs []string
}

// CommandLine returns the kernel command line of one host. The image's own
// arguments come after ours and the host's last, so that they prevail.
func CommandLine(m Manifest, p BootParams) string {
	base := strings.TrimRight(p.BaseURL, "/")
	args := []string{
		opserverArg + base,
		imageArg + string(p.ImageKID),
		hostArg + p.Host,
		macArg + p.MAC,
	}
	if m.Ignition != "" {
		args = append(args,
			"ignition.firstboot", "ignition.platform.id=metal",
			"ignition.config.url="+base+ignitionURLPath+url.QueryEscape(p.MAC))
	}
	args = append(args, m.Args...)
	args = append(args, p.ExtraArgs...)
	return strings.Join(args, " ")
}

// BootScript returns the iPXE script that boots an image on one host. It says
// what it does on the console, tries again when a transfer fails, and at last
// restarts the machine.
func BootScript(m Manifest, p BootParams) string {
	base := strings.TrimRight(p.BaseURL, "/")
	var b strings.Builder
	line := func(format string, args ...any) {
		b.WriteString(oneLine(fmt.Sprintf(format, args...)) + "\n")
	}

	line("#!ipxe")
	line("set tries:int32 0")
	line(":try")
	line("echo Cthulix: %s boots %s %s (linux %s) from %s", p.Host, m.Name, p.ImageKID.Short(), m.LinuxRelease, base)
	line("imgfree")
	names := make([]string, len(m.Initrd))
	for i := range m.Initrd {
		// UEFI firmware hands over only what the command line names; elsewhere
		// Linux takes no notice of it.
		names[i] = fmt.Sprintf("initrd=%s%d", initrdName, i)
	}
	line("kernel --name linux %s/keg/%s %s %s || goto failed", base, m.Linux, CommandLine(m, p), strings.Join(names, " "))
	for i, kid := range m.Initrd {
		line("initrd --name %s%d %s/keg/%s || goto failed", initrdName, i, base, kid)
	}
	line("boot || goto failed")
	line(":failed")
	line("inc tries")
	line("iseq ${tries} %d && goto give_up ||", bootTries)
	line("echo Cthulix: try ${tries} of %d failed: ${errno}. Once more in %d seconds", bootTries, bootRetrySecs)
	line("sleep %d", bootRetrySecs)
	line("goto try")
	line(":give_up")
	line("echo Cthulix: %s could not be loaded from %s. Restart in %d seconds", p.ImageKID.Short(), base, bootRebootSecs)
	line("sleep %d", bootRebootSecs)
	line("reboot")
	return b.String()
}

// oneLine keeps a record from smuggling commands into the script.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}
