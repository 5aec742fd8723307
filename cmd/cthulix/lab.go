package main

import (
	"bufio"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/lab"
)

func labCommand() *cobra.Command {
	var cfg lab.Config
	var machines, light int
	cmd := &cobra.Command{Use: "lab", Short: "A data centre on this computer: switch, machines, BMCs, opserver; no root needed"}
	cmd.PersistentFlags().StringVar(&cfg.Dir, "dir", ".lab", "where the lab keeps its state")
	flags := func(c *cobra.Command) *cobra.Command {
		c.Flags().IntVar(&machines, "machines", 3, "number of QEMU machines, on the first ports of the switch")
		c.Flags().IntVar(&light, "light", 0, "number of light machines beside them, which boot in a second and run nothing")
		c.Flags().IntVar(&cfg.MemoryMiB, "memory", 1024, "memory of each machine in MiB")
		c.Flags().StringVar(&cfg.FirmwareDir, "firmware", "/usr/lib/ipxe", "directory with iPXE's undionly.kpxe and snponly.efi")
		return c
	}
	up := flags(&cobra.Command{
		Use: "up", Short: "Start the lab in the background and wait until it serves", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if _, err := lab.Rack(machines, light); err != nil {
				return err
			}
			exe, err := os.Executable()
			if err != nil {
				return err
			}
			dir, err := filepath.Abs(cfg.Dir)
			if err != nil {
				return err
			}
			started, err := lab.Up(c.Context(), dir, func(s lab.Step) { fmt.Fprintln(c.ErrOrStderr(), s) },
				exe, "lab", "serve", "--dir", dir, fmt.Sprintf("--machines=%d", machines), fmt.Sprintf("--light=%d", light),
				fmt.Sprintf("--memory=%d", cfg.MemoryMiB), "--firmware", cfg.FirmwareDir)
			if err != nil {
				return err
			}
			if !started {
				fmt.Fprintln(c.ErrOrStderr(), "the lab is running already")
			}
			return labStatus(c, dir)
		},
	})
	serve := flags(&cobra.Command{
		Use: "serve", Short: "Run the lab in the foreground", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			var err error
			if cfg.Machines, err = lab.Rack(machines, light); err != nil {
				return err
			}
			cfg.Logger = slog.New(slog.NewTextHandler(os.Stderr, nil))
			return lab.Serve(c.Context(), cfg)
		},
	})
	cmd.AddCommand(up, serve,
		&cobra.Command{
			Use: "discover KID|off", Short: "Boot an image on machines without a host record, to discover them", Args: cobra.ExactArgs(1),
			RunE: func(c *cobra.Command, args []string) error {
				ctl, err := lab.Open(cfg.Dir)
				if err != nil {
					return err
				}
				if args[0] == "off" {
					args[0] = ""
				}
				return ctl.Discover(c.Context(), keg.KID(args[0]))
			},
		},
		&cobra.Command{
			Use: "down", Short: "Switch the machines off and end the lab; its state stays", Args: cobra.NoArgs,
			RunE: func(c *cobra.Command, _ []string) error {
				ctl, err := lab.Open(cfg.Dir)
				if errors.Is(err, lab.ErrNotRunning) {
					fmt.Fprintln(c.ErrOrStderr(), "the lab is not running")
					return nil
				}
				if err != nil {
					return err
				}
				return ctl.Down(c.Context())
			},
		},
		&cobra.Command{
			Use: "status", Short: "Show what runs where", Args: cobra.NoArgs,
			RunE: func(c *cobra.Command, _ []string) error { return labStatus(c, cfg.Dir) },
		},
		&cobra.Command{
			Use: "env", Short: "Print the shell variables that point Terraform and cthulix at the lab", Args: cobra.NoArgs,
			Long: "Prints export lines, with the lab's passwords: eval \"$(cthulix lab env)\".",
			RunE: func(c *cobra.Command, _ []string) error { return labEnv(c, cfg.Dir) },
		},
		&cobra.Command{
			Use: "exec [LINE...]", Short: "Type lines at the switch's console, as somebody changing it by hand (or standard input)",
			RunE: func(c *cobra.Command, args []string) error {
				ctl, err := lab.Open(cfg.Dir)
				if err != nil {
					return err
				}
				if len(args) == 0 {
					for in := bufio.NewScanner(c.InOrStdin()); in.Scan(); {
						args = append(args, in.Text())
					}
				}
				said, err := ctl.Exec(c.Context(), args...)
				fmt.Fprint(c.OutOrStdout(), said)
				return err
			},
		},
		labSwitchCommand(&cfg),
		&cobra.Command{
			Use: "running-config", Short: "Print the switch's running configuration", Args: cobra.NoArgs,
			RunE: func(c *cobra.Command, _ []string) error {
				ctl, err := lab.Open(cfg.Dir)
				if err != nil {
					return err
				}
				text, err := ctl.RunningConfig(c.Context())
				fmt.Fprint(c.OutOrStdout(), text)
				return err
			},
		},
	)
	return cmd
}

func labStatus(c *cobra.Command, dir string) error {
	ctl, err := lab.Open(dir)
	if err != nil {
		return err
	}
	in, err := ctl.Info(c.Context())
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', 0)
	defer w.Flush()
	fmt.Fprintf(w, "lab\t%s, pid %d, up %s\n", in.Dir, in.PID, time.Since(in.Started).Round(time.Second))
	fmt.Fprintf(w, "switch\t%s, ssh %s, host key %s\n", in.Switch.Name, in.Switch.Address, in.Switch.HostKey)
	fmt.Fprintf(w, "opserver\t%s (web page and operator API), %s for the hosts\n", in.Opserver, in.HostSide)
	fmt.Fprintf(w, "consul\t%s\nnomad\t%s\n\n", in.Consul, in.Nomad)
	fmt.Fprintln(w, "MACHINE\tPORT\tMAC\tBMC\tPOWER\tLINK\tSTARTS\tCONSOLE")
	for _, m := range in.Machines {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%d\t%s\n", m.Name, m.Port, m.MAC, m.BMC, onOff(m.Powered), onOff(m.Link), m.Starts, m.Console)
	}
	return nil
}

func onOff(b bool) string {
	if b {
		return "on"
	}
	return "off"
}

// labEnv prints what examples/cluster takes as variables.
func labEnv(c *cobra.Command, dir string) error {
	ctl, err := lab.Open(dir)
	if err != nil {
		return err
	}
	in, err := ctl.Info(c.Context())
	if err != nil {
		return err
	}
	s, err := ctl.Secrets()
	if err != nil {
		return err
	}
	var bmcs []string
	for _, m := range in.Machines {
		bmcs = append(bmcs, fmt.Sprintf("%q:%q", m.Name, m.BMC))
	}
	for _, kv := range [][2]string{
		{"CTHULIX_OPHUB_ADDR", in.Consul}, {"CTHULIX_NOMAD_ADDR", in.Nomad}, {"CTHULIX_OPSERVER_ADDR", in.Opserver},
		{"CTHULIX_OPSERVER_TOKEN", s.OperatorToken},
		{"CTHULIX_BMC_USERNAME", s.BMCUser}, {"CTHULIX_BMC_PASSWORD", s.BMCPassword},
		{"TF_VAR_switch_address", in.Switch.Address}, {"TF_VAR_switch_host_key", in.Switch.HostKey},
		{"TF_VAR_switch_username", s.SwitchUser}, {"TF_VAR_switch_password", s.SwitchPassword}, {"TF_VAR_switch_enable_password", s.EnablePassword},
		{"TF_VAR_bmc_username", s.BMCUser}, {"TF_VAR_bmc_password", s.BMCPassword},
		{"TF_VAR_bmc_addresses", "{" + strings.Join(bmcs, ",") + "}"},
	} {
		fmt.Fprintf(c.OutOrStdout(), "export %s='%s'\n", kv[0], kv[1])
	}
	return nil
}

func labSwitchCommand(cfg *lab.Config) *cobra.Command {
	cmd := &cobra.Command{Use: "switch", Short: "The lab's switch"}
	cmd.AddCommand(&cobra.Command{
		Use: "load FILE", Short: "Replace the switch by one with a real device's running configuration", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			text, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			ctl, err := lab.Open(cfg.Dir)
			if err != nil {
				return err
			}
			unread, err := ctl.Load(c.Context(), string(text))
			for _, line := range unread {
				fmt.Fprintln(c.ErrOrStderr(), "not understood:", line)
			}
			return err
		},
	})
	return cmd
}
