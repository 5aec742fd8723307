package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

func sensorsCommand(open func() (*ophub.Hub, error)) *cobra.Command {
	login := &bmcLogin{open: open}
	return login.flags(&cobra.Command{
		Use: "sensors NAME", Short: "Show a host's sensors, their states and their bounds", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, names []string) error {
			bmc, err := login.bmc(c.Context(), names[0])
			if err != nil {
				return err
			}
			sensors, err := bmc.Sensors(c.Context())
			if err != nil {
				return err
			}
			return showSensors(c.OutOrStdout(), sensors)
		},
	})
}

func showSensors(out io.Writer, sensors []ipmi.Sensor) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "SENSOR\tREADING\tSTATE\tLOWER\tUPPER")
	for _, s := range sensors {
		reading := strings.Join(s.States, ", ")
		if s.Value != nil {
			reading = strings.TrimSpace(figure(s.Value) + " " + s.Unit)
		}
		t := s.Thresholds
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", s.Name, reading, s.State,
			bounds(t.LowerNonRecoverable, t.LowerCritical, t.LowerNonCritical), bounds(t.UpperNonCritical, t.UpperCritical, t.UpperNonRecoverable))
	}
	return w.Flush()
}

func figure(v *float64) string {
	if v == nil {
		return "-"
	}
	return strconv.FormatFloat(*v, 'f', -1, 64)
}

// bounds are three thresholds, or nothing if there is none.
func bounds(a, b, c *float64) string {
	if a == nil && b == nil && c == nil {
		return ""
	}
	return figure(a) + "/" + figure(b) + "/" + figure(c)
}

func selCommand(open func() (*ophub.Hub, error)) *cobra.Command {
	login := &bmcLogin{open: open}
	var follow, empty bool
	cmd := &cobra.Command{
		Use: "sel NAME", Short: "Show, follow or clear a host's event log", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, names []string) error {
			bmc, err := login.bmc(c.Context(), names[0])
			if err != nil {
				return err
			}
			if empty {
				return bmc.ClearSEL(c.Context())
			}
			return showSEL(c.Context(), c.OutOrStdout(), bmc, follow)
		},
	}
	cmd.Flags().BoolVar(&follow, "follow", false, "wait for further events, until interrupted")
	cmd.Flags().BoolVar(&empty, "clear", false, "erase the log")
	cmd.MarkFlagsMutuallyExclusive("follow", "clear")
	return login.flags(cmd)
}

// followEvery is how often a log that is followed is looked at.
const followEvery = 5 * time.Second

func showSEL(ctx context.Context, out io.Writer, bmc *ipmi.BMC, follow bool) error {
	// Without them events have numbers instead of names, which is no reason to show none.
	sensors, _ := bmc.Sensors(ctx)
	events, err := bmc.SEL(ctx)
	if err != nil {
		return err
	}
	ipmi.NameEvents(events, sensors)
	for _, e := range events {
		fmt.Fprintln(out, e)
	}
	if !follow {
		return nil
	}
	for e, err := range bmc.FollowSEL(ctx, followEvery) {
		if err != nil {
			return err
		}
		one := []ipmi.Event{e}
		ipmi.NameEvents(one, sensors)
		fmt.Fprintln(out, one[0])
	}
	return ctx.Err()
}
