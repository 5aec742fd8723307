package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/spf13/cobra"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

type adoptFlags struct{ out, image, credentials string }

func adoptCommand(open func() (*ophub.Hub, error)) *cobra.Command {
	var f adoptFlags
	cmd := &cobra.Command{
		Use: "adopt MAC...|all", Short: "Write HCL for machines that were discovered", Args: cobra.MinimumNArgs(1),
		Long: `Writes a cthulix_host for each discovered machine: its MAC addresses, the switch
port that its agent heard of by LLDP, the address of its BMC, and as comments what
it is made of. Nothing is changed: an apply puts the machines on record, and they
restart with their image by themselves.`,
		RunE: func(c *cobra.Command, args []string) error {
			hub, err := open()
			if err != nil {
				return err
			}
			found, err := hub.Discovered(c.Context())
			if err != nil {
				return err
			}
			if found, err = strangers(c.Context(), hub, found); err != nil {
				return err
			}
			if found, err = chosen(found, args); err != nil {
				return err
			}
			text := adoptHCL(found, f)
			if f.out == "" {
				_, err := c.OutOrStdout().Write(text)
				return err
			}
			// What somebody has edited since is not written over.
			file, err := os.OpenFile(f.out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
			if errors.Is(err, fs.ErrExist) {
				return fmt.Errorf("%s is there already: move it away first", f.out)
			}
			if err != nil {
				return err
			}
			defer file.Close()
			_, err = file.Write(text)
			return err
		},
	}
	cmd.Flags().StringVarP(&f.out, "out", "o", "", "file to write, which must not be there yet; standard output if empty")
	cmd.Flags().StringVar(&f.image, "image", "var.image", "HCL expression for the image")
	cmd.Flags().StringVar(&f.credentials, "credentials", "bmc", "name of the BMCs' credentials in the provider block")
	return cmd
}

// strangers are those that no host record names by now.
func strangers(ctx context.Context, hub *ophub.Hub, found []ophub.Discovered) ([]ophub.Discovered, error) {
	hosts, err := hub.Hosts(ctx)
	if err != nil {
		return nil, err
	}
	known := map[string]bool{}
	for _, h := range hosts {
		for _, mac := range h.MACs {
			known[mac] = true
		}
	}
	return slices.DeleteFunc(found, func(d ophub.Discovered) bool {
		return slices.ContainsFunc(d.MACs(), func(mac string) bool { return known[mac] })
	}), nil
}

// chosen picks machines by any of their MAC addresses, in any spelling.
func chosen(found []ophub.Discovered, args []string) ([]ophub.Discovered, error) {
	if len(args) == 1 && args[0] == "all" {
		if len(found) == 0 {
			return nil, errors.New("no machine without a host record is known: is the opserver given a --discovery image, and do the machines boot from the network?")
		}
		return found, nil
	}
	var out []ophub.Discovered
	for _, arg := range args {
		mac, err := ophub.NormalizeMAC(arg)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(found, func(d ophub.Discovered) bool { return slices.Contains(d.MACs(), mac) })
		if i < 0 {
			return nil, fmt.Errorf("%s was not discovered, or has a host record by now", mac)
		}
		if !slices.ContainsFunc(out, func(d ophub.Discovered) bool { return d.MAC == found[i].MAC }) {
			out = append(out, found[i])
		}
	}
	return out, nil
}

// adoptHCL is a resource for each machine.
func adoptHCL(found []ophub.Discovered, f adoptFlags) []byte {
	var b strings.Builder
	for i, d := range found {
		if i > 0 {
			b.WriteString("\n")
		}
		adoptHost(&b, d, f)
	}
	return hclwrite.Format([]byte(b.String()))
}

func adoptHost(b *strings.Builder, d ophub.Discovered, f adoptFlags) {
	line := func(format string, args ...any) { fmt.Fprintf(b, format+"\n", args...) }
	d.Inventory = d.Inventory.Tidy()
	inv := d.Inventory
	for _, about := range describe(inv) {
		line("# %s", about)
	}
	line("# First heard of %s, last %s.", d.First.UTC().Format("2006-01-02 15:04:05 MST"), d.Last.UTC().Format("2006-01-02 15:04:05 MST"))
	name := "host-" + strings.ReplaceAll(d.MAC, ":", "")
	line("resource \"cthulix_host\" %s {", quoteHCL(name))
	line("name = %s", quoteHCL(name))
	line("macs = [%s]", quoteHCL(d.MAC))
	cable, plugged := d.Cable()
	if n := cable.Neighbor; plugged && n.System != "" && n.Port != "" {
		line("switch = %s", quoteHCL(shortSystem(n.System)))
		line("port = %s", quoteHCL(n.Port))
		if n.VLAN != 0 {
			line("vlan = %d", n.VLAN)
		}
	} else {
		line("# No switch was heard by LLDP: fill in switch and port.")
	}
	line("image = %s", f.image)
	if inv.Firmware.Kind != "" {
		line("firmware = %s", quoteHCL(inv.Firmware.Kind))
	}
	if inv.BMC.Address == "" {
		why := inv.BMC.Missing
		if why == "" {
			why = "the machine has not said"
		}
		line("# The address of its BMC is not known (%s): fill it in.", why)
	}
	line("bmc = {")
	line("address = %s", quoteHCL(inv.BMC.Address))
	line("credentials = %s", quoteHCL(f.credentials))
	line("}")
	line("}")
}

// describe is what a machine is made of, in a few lines.
func describe(inv ophub.Inventory) []string {
	var out []string
	add := func(parts ...string) {
		parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
		if len(parts) > 0 {
			out = append(out, strings.Join(parts, ", "))
		}
	}
	unless := func(empty bool, format string, args ...any) string {
		if empty {
			return ""
		}
		return fmt.Sprintf(format, args...)
	}
	add(strings.TrimSpace(inv.System.Vendor+" "+inv.System.Product), unless(inv.System.Serial == "", "serial %s", inv.System.Serial),
		unless(inv.Firmware.Version == "", "firmware %s", inv.Firmware.Version))
	add(inv.CPU.Model, unless(inv.CPU.Threads == 0, "%d sockets, %d cores, %d threads", inv.CPU.Sockets, inv.CPU.Cores, inv.CPU.Threads),
		unless(inv.MemoryMiB == 0, "%d MiB", inv.MemoryMiB))
	for _, disk := range inv.Disks {
		add("disk "+disk.Name, disk.Model, unless(disk.Serial == "", "serial %s", disk.Serial), fmt.Sprintf("%.1f GB", float64(disk.Bytes)/1e9))
	}
	for _, nic := range inv.NICs {
		to := "no link"
		if nic.Link {
			to = "nobody says LLDP"
		}
		if len(nic.Neighbors) > 0 {
			to = "on " + nic.Neighbors[0].System + " " + nic.Neighbors[0].Port
		}
		add("interface "+nic.Name, nic.MAC, nic.Driver, unless(nic.Mbps == 0, "%d Mbit/s", nic.Mbps), to)
	}
	return out
}

// shortSystem is a switch's name as it is in the provider's switches: many say
// their domain, too.
func shortSystem(name string) string {
	short, _, _ := strings.Cut(name, ".")
	return short
}

// quoteHCL writes a text that a machine may have said as one of HCL's strings.
func quoteHCL(s string) string {
	return strings.NewReplacer("${", "$${", "%{", "%%{").Replace(strconv.Quote(s))
}
