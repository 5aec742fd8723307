package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/cthulix/terraform-provider-cthulix/gridapp"
	"github.com/cthulix/terraform-provider-cthulix/ipmi"
	"github.com/cthulix/terraform-provider-cthulix/operate"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// operateCommands are the verbs that Terraform has as actions, and what a BMC tells.
func operateCommands(open func() (*ophub.Hub, error)) []*cobra.Command {
	return []*cobra.Command{
		powerCommand(open), bootCommand(open), identifyCommand(open), reprovisionCommand(open), drainCommand(open),
		sensorsCommand(open), selCommand(open), consoleCommand(open),
	}
}

func powerCommand(open func() (*ophub.Hub, error)) *cobra.Command {
	login := &bmcLogin{open: open}
	var how format
	cmd := &cobra.Command{Use: "power", Short: "Switch hosts, and wait until their BMCs say that it is done"}
	how.flag(cmd.PersistentFlags(), "a line a step")
	verb := func(use, short string, do func(context.Context, operate.Host) error) *cobra.Command {
		c := &cobra.Command{
			Use: use + " NAME...", Short: short, Args: cobra.MinimumNArgs(1),
			RunE: func(c *cobra.Command, names []string) error { return login.operate(c, names, how, do) },
		}
		cmd.AddCommand(c)
		return c
	}
	verb("on", "Switch on", func(ctx context.Context, h operate.Host) error { return h.PowerOn(ctx) })
	verb("off", "Cut the power at once", func(ctx context.Context, h operate.Host) error { return h.PowerOff(ctx, operate.Off{Hard: true}) })
	verb("cycle", "Cut the power and switch on again", func(ctx context.Context, h operate.Host) error { return h.PowerCycle(ctx) })
	verb("reset", "Restart without cutting the power", func(ctx context.Context, h operate.Host) error { return h.Reset(ctx) })
	var grace time.Duration
	soft := verb("soft", "Have the operating system shut down, and cut the power if it does not", func(ctx context.Context, h operate.Host) error {
		return h.PowerOff(ctx, operate.Off{Grace: grace})
	})
	soft.Flags().DurationVar(&grace, "grace", operate.DefaultGrace, "how long it may take; -1s never cuts the power")
	cmd.AddCommand(&cobra.Command{
		Use: "status NAME...", Short: "Show the power state and what is wrong with the chassis", Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, names []string) error {
			states := make([]*statusJSON, len(names))
			failed := login.each(c, names, func(ctx context.Context, i int, bmc *ipmi.BMC) error {
				s, err := bmc.Status(ctx)
				if err == nil {
					states[i] = statusOf(names[i], s)
				}
				return err
			})
			states = slices.DeleteFunc(states, func(s *statusJSON) bool { return s == nil })
			return errors.Join(showPower(c.OutOrStdout(), how, states), failed)
		},
	})
	return login.flags(cmd)
}

// statusJSON is a chassis's state, in the words of the data source cthulix_bmc.
type statusJSON struct {
	Host      string             `json:"host"`
	Power     ipmi.PowerState    `json:"power"`
	Restore   ipmi.RestorePolicy `json:"restore_policy"`
	Identify  ipmi.IdentifyState `json:"identify"`
	Faults    []string           `json:"faults,omitempty"`
	Intrusion bool               `json:"intrusion,omitempty"`
}

func statusOf(name string, s ipmi.Status) *statusJSON {
	return &statusJSON{Host: name, Power: s.Power, Restore: s.Restore, Identify: s.Identify, Faults: s.Faults, Intrusion: s.Intrusion}
}

func showPower(out io.Writer, how format, states []*statusJSON) error {
	if how == asJSON {
		return printJSON(out, states)
	}
	for _, s := range states {
		text := fmt.Sprintf("%s: %s, identify %s, when mains power returns: %s", s.Host, s.Power, s.Identify, s.Restore)
		for _, fault := range s.Faults {
			text += ", " + fault
		}
		if s.Intrusion {
			text += ", the chassis is open"
		}
		fmt.Fprintln(out, text)
	}
	return nil
}

func identifyCommand(open func() (*ophub.Hub, error)) *cobra.Command {
	login := &bmcLogin{open: open}
	var how format
	var span time.Duration
	var forever, off bool
	cmd := &cobra.Command{
		Use: "identify NAME...", Short: "Light the identify lights of hosts", Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, names []string) error {
			d := span
			switch {
			case off:
				d = 0
			case forever:
				d = ipmi.IdentifyForever
			case span < 0 || span > ipmi.MaxIdentify:
				return fmt.Errorf("--for %s: BMCs take 0s, which is off, to %s; --forever lets the light burn until it is switched off", span, ipmi.MaxIdentify)
			}
			return login.operate(c, names, how, func(ctx context.Context, h operate.Host) error { return h.Identify(ctx, d) })
		},
	}
	how.flag(cmd.Flags(), "a line a host")
	cmd.Flags().DurationVar(&span, "for", time.Minute, "for how long, 255s at most")
	cmd.Flags().BoolVar(&forever, "forever", false, "until it is switched off")
	cmd.Flags().BoolVar(&off, "off", false, "switch it off")
	cmd.MarkFlagsMutuallyExclusive("for", "forever", "off")
	return login.flags(cmd)
}

func reprovisionCommand(open func() (*ophub.Hub, error)) *cobra.Command {
	login := &bmcLogin{open: open}
	var how format
	var reason string
	var limit time.Duration
	cmd := &cobra.Command{
		Use: "reprovision NAME...", Short: "Have hosts boot their images anew, and wait until they are ready", Args: cobra.MinimumNArgs(1),
		Long: " What runs on them is\nlost: `cthulix host drain` moves it away first. A quarantine is lifted.",
		RunE: func(c *cobra.Command, names []string) error {
			if limit <= 0 {
				return fmt.Errorf("--timeout %s: how long is there to wait?", limit)
			}
			hub, err := open()
			if err != nil {
				return err
			}
			return login.operate(c, names, how, func(ctx context.Context, h operate.Host) error {
				ctx, cancel := context.WithTimeout(ctx, limit)
				defer cancel()
				h.Records = hub
				_, err := h.Reprovision(ctx, reason)
				return err
			})
		},
	}
	how.flag(cmd.Flags(), "a line a step")
	cmd.Flags().StringVar(&reason, "reason", "cthulix host reprovision", "why, for the boot record")
	cmd.Flags().DurationVar(&limit, "timeout", 20*time.Minute, "how long to wait for each")
	return login.flags(cmd)
}

func drainCommand(open func() (*ophub.Hub, error)) *cobra.Command {
	var how format
	var nomad, reason string
	var deadline time.Duration
	var undo bool
	cmd := &cobra.Command{
		Use: "drain NAME...", Short: "Move the work of hosts away, and wait until nothing runs on them", Args: cobra.MinimumNArgs(1),
		Long: `Moves the work of the hosts' kernels away, one host after the other. They take no
new work until --undo.`,
		RunE: func(c *cobra.Command, names []string) error {
			if deadline < 0 {
				return fmt.Errorf("--deadline %s: 0s stops at once what runs on them", deadline)
			}
			hub, err := open()
			if err != nil {
				return err
			}
			work, err := gridapp.New(gridapp.Config{Address: nomad, Token: os.Getenv("CTHULIX_NOMAD_TOKEN")})
			if err != nil {
				return fmt.Errorf("%w: set --nomad or CTHULIX_NOMAD_ADDR", err)
			}
			out := &teller{out: c.OutOrStdout(), format: how}
			for _, name := range names {
				h := operate.Host{Name: name, Records: hub, Tell: out.tell}
				if undo {
					err = h.Undrain(c.Context(), work)
				} else {
					err = h.Drain(c.Context(), work, deadline, reason)
				}
				if err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
			}
			return nil
		},
	}
	how.flag(cmd.Flags(), "a line a step")
	cmd.Flags().StringVar(&nomad, "nomad", os.Getenv("CTHULIX_NOMAD_ADDR"), "address of Nomad, http://HOST:PORT")
	cmd.Flags().StringVar(&reason, "reason", "cthulix host drain", "why, kept with the node")
	cmd.Flags().DurationVar(&deadline, "deadline", operate.DefaultDrain, "how long it may take; what is left then is stopped")
	cmd.Flags().BoolVar(&undo, "undo", false, "let them take work again")
	return cmd
}
