package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
	"github.com/cthulix/terraform-provider-cthulix/operate"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

func bootCommand(open func() (*ophub.Hub, error)) *cobra.Command {
	login := &bmcLogin{open: open}
	cmd := &cobra.Command{Use: "boot", Short: "Show or set what BMCs let hosts boot from"}
	var how format
	show := &cobra.Command{
		Use: "show NAME...", Short: "Show what the BMCs of hosts let them boot from", Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, names []string) error {
			boots := make([]*bootJSON, len(names))
			failed := login.each(c, names, func(ctx context.Context, i int, bmc *ipmi.BMC) error {
				b, err := bmc.Boot(ctx)
				if err == nil {
					boots[i] = bootOf(names[i], b)
				}
				return err
			})
			boots = slices.DeleteFunc(boots, func(b *bootJSON) bool { return b == nil })
			return errors.Join(showBoots(c.OutOrStdout(), how, boots), failed)
		},
	}
	how.flag(show.Flags(), "a list of hosts")
	var set bootFlags
	to := &cobra.Command{
		Use:   "set " + ipmi.DevicePXE + "|" + ipmi.DeviceDisk + "|" + ipmi.DeviceNone + " NAME...",
		Short: "Set what hosts boot from; none leaves it to their firmware", Args: cobra.MinimumNArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			device, names := args[0], args[1:]
			if !slices.Contains([]string{ipmi.DevicePXE, ipmi.DeviceDisk, ipmi.DeviceNone}, device) {
				return fmt.Errorf("boot device %q: %s, %s and %s are what there is", device, ipmi.DevicePXE, ipmi.DeviceDisk, ipmi.DeviceNone)
			}
			return login.each(c, names, func(ctx context.Context, i int, bmc *ipmi.BMC) error {
				boot, err := set.boot(ctx, login, device, names[i])
				if err != nil {
					return err
				}
				return bmc.SetBoot(ctx, boot)
			})
		},
	}
	to.Flags().BoolVar(&set.once, "once", false, "for the next boot only")
	to.Flags().StringVar(&set.firmware, "firmware", "", "bios or uefi; default: what the host's record says, else bios")
	cmd.AddCommand(show, to)
	return login.flags(cmd)
}

// bootFlags say how a boot device is set.
type bootFlags struct {
	once     bool
	firmware string
}

// boot is the override for a host: from the network as its record has it, unless the BMC is named without one.
func (f bootFlags) boot(ctx context.Context, login *bmcLogin, device, name string) (boot ipmi.Boot, err error) {
	var record ophub.Host
	if login.address == "" {
		hub, err := login.open()
		if err == nil {
			record, err = hub.Host(ctx, name)
		}
		if err != nil {
			return boot, err
		}
	}
	switch f.firmware {
	case "":
	case ophub.FirmwareBIOS, ophub.FirmwareUEFI:
		record.Firmware, record.Override.Flags = f.firmware, ""
	default:
		return boot, fmt.Errorf("--firmware %s: %s and %s are what there is", f.firmware, ophub.FirmwareBIOS, ophub.FirmwareUEFI)
	}
	boot = operate.NetworkBoot(record)
	if device != ipmi.DevicePXE {
		boot = ipmi.Boot{Device: device, EFI: boot.EFI, Persistent: true}
	}
	if f.once {
		boot = boot.Once()
	}
	return boot, nil
}

// bootJSON is a boot override as its BMC has it.
type bootJSON struct {
	Host       string `json:"host"`
	Device     string `json:"device"`
	EFI        bool   `json:"efi"`
	Persistent bool   `json:"persistent"`
	Flags      string `json:"flags"`
}

// bootOf leaves out what is not in force.
func bootOf(name string, b ipmi.Boot) *bootJSON {
	if !b.Valid || b.Device == ipmi.DeviceNone {
		return &bootJSON{Host: name, Device: ipmi.DeviceNone, Flags: fmt.Sprintf("%x", b.Flags)}
	}
	return &bootJSON{Host: name, Device: b.Device, EFI: b.EFI, Persistent: b.Persistent, Flags: fmt.Sprintf("%x", b.Flags)}
}

func showBoots(out io.Writer, how format, boots []*bootJSON) error {
	if how == asJSON {
		return printJSON(out, boots)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "HOST\tDEVICE\tFIRMWARE\tFOR\tFLAGS")
	for _, b := range boots {
		firmware, times := "", ""
		if b.Device != ipmi.DeviceNone {
			firmware, times = ophub.FirmwareBIOS, "the next boot"
			if b.EFI {
				firmware = ophub.FirmwareUEFI
			}
			if b.Persistent {
				times = "all boots"
			}
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", b.Host, b.Device, firmware, times, b.Flags)
	}
	return w.Flush()
}
