package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"
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
		powerCommand(open), identifyCommand(open), reprovisionCommand(open), drainCommand(open),
		sensorsCommand(open), selCommand(open), consoleCommand(open),
	}
}

// teller prints what the verbs tell, a line a step.
type teller struct {
	mu  sync.Mutex
	out io.Writer
}

func newTeller(out io.Writer) *teller { return &teller{out: out} }

func (t *teller) tell(s operate.Step) { t.line(s.String()) }

func (t *teller) line(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	fmt.Fprintln(t.out, text)
}

func powerCommand(open func() (*ophub.Hub, error)) *cobra.Command {
	login := &bmcLogin{open: open}
	cmd := &cobra.Command{Use: "power", Short: "Switch hosts, and wait until their BMCs say that it is done"}
	verb := func(use, short string, do func(context.Context, operate.Host) error) *cobra.Command {
		c := &cobra.Command{
			Use: use + " NAME...", Short: short, Args: cobra.MinimumNArgs(1),
			RunE: func(c *cobra.Command, names []string) error { return login.each(c, names, do) },
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
			out := newTeller(c.OutOrStdout())
			return login.each(c, names, func(ctx context.Context, h operate.Host) error { return showPower(ctx, h, out) })
		},
	})
	return login.flags(cmd)
}

func showPower(ctx context.Context, h operate.Host, out *teller) error {
	bmc, ok := h.BMC.(*ipmi.BMC)
	if !ok {
		return fmt.Errorf("its controller is a %T, which has no status", h.BMC)
	}
	s, err := bmc.Status(ctx)
	if err != nil {
		return err
	}
	text := fmt.Sprintf("%s: %s, identify %s, when mains power returns: %s", h.Name, s.Power, s.Identify, s.Restore)
	for _, fault := range s.Faults {
		text += ", " + fault
	}
	out.line(text)
	return nil
}

func identifyCommand(open func() (*ophub.Hub, error)) *cobra.Command {
	login := &bmcLogin{open: open}
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
			}
			return login.each(c, names, func(ctx context.Context, h operate.Host) error { return h.Identify(ctx, d) })
		},
	}
	cmd.Flags().DurationVar(&span, "for", time.Minute, "for how long, 255s at most")
	cmd.Flags().BoolVar(&forever, "forever", false, "until it is switched off")
	cmd.Flags().BoolVar(&off, "off", false, "switch it off")
	cmd.MarkFlagsMutuallyExclusive("for", "forever", "off")
	return login.flags(cmd)
}

func reprovisionCommand(open func() (*ophub.Hub, error)) *cobra.Command {
	login := &bmcLogin{open: open}
	var reason string
	var limit time.Duration
	cmd := &cobra.Command{
		Use: "reprovision NAME...", Short: "Have hosts boot their images anew, and wait until they are ready", Args: cobra.MinimumNArgs(1),
		Long: " What runs on them is\nlost: `cthulix host drain` moves it away first. A quarantine is lifted.",
		RunE: func(c *cobra.Command, names []string) error {
			hub, err := open()
			if err != nil {
				return err
			}
			return login.each(c, names, func(ctx context.Context, h operate.Host) error {
				ctx, cancel := context.WithTimeout(ctx, limit)
				defer cancel()
				h.Records = hub
				_, err := h.Reprovision(ctx, reason)
				return err
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "cthulix host reprovision", "why, for the boot record")
	cmd.Flags().DurationVar(&limit, "timeout", 20*time.Minute, "how long to wait for each")
	return login.flags(cmd)
}

func drainCommand(open func() (*ophub.Hub, error)) *cobra.Command {
	var nomad, reason string
	var deadline time.Duration
	var undo bool
	cmd := &cobra.Command{
		Use: "drain NAME...", Short: "Move the work of hosts away, and wait until nothing runs on them", Args: cobra.MinimumNArgs(1),
		Long: `Moves the work of the hosts' kernels away, one host after the other. They take no
new work until --undo.`,
		RunE: func(c *cobra.Command, names []string) error {
			hub, err := open()
			if err != nil {
				return err
			}
			work, err := gridapp.New(gridapp.Config{Address: nomad, Token: os.Getenv("CTHULIX_NOMAD_TOKEN")})
			if err != nil {
				return fmt.Errorf("%w: set --nomad or CTHULIX_NOMAD_ADDR", err)
			}
			out := newTeller(c.OutOrStdout())
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
	cmd.Flags().StringVar(&nomad, "nomad", os.Getenv("CTHULIX_NOMAD_ADDR"), "address of Nomad, http://HOST:PORT")
	cmd.Flags().StringVar(&reason, "reason", "cthulix host drain", "why, kept with the node")
	cmd.Flags().DurationVar(&deadline, "deadline", operate.DefaultDrain, "how long it may take; what is left then is stopped")
	cmd.Flags().BoolVar(&undo, "undo", false, "let them take work again")
	return cmd
}
