package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/cthulix/terraform-provider-cthulix/operate"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// watchFlags are what `host watch` is told.
type watchFlags struct {
	until, journal string
	output         format
	next           bool
	timeout        time.Duration
}

func watchCommand(addr *string, open func() (*ophub.Hub, error)) *cobra.Command {
	var flags watchFlags
	cmd := &cobra.Command{
		Use: "watch NAME", Short: "Follow a host on its way from power to work, live", Args: cobra.ExactArgs(1),
		Long: `Prints each stage of a host's boot as it is reached, how long the boot has taken,
and what the host waits for; and what an apply does to the host meanwhile, from
the journal that Terraform's provider writes.

It follows the host until it is interrupted, or ends by itself with --until:

    cthulix host watch node1 --until joined --timeout 20m

Its exit code is 0 when the host has reached that stage. It is not 0 when the
host is put into quarantine, when the apply that is at work on it gives up, when
the host's record is removed, or when the time is over.

With --journal and without --ophub it follows the journal alone.`,
		RunE: func(c *cobra.Command, names []string) error {
			w, err := flags.watch(names[0], c.OutOrStdout())
			if err != nil {
				return err
			}
			if *addr != "" || flags.journal == "" || !c.Flags().Changed("journal") {
				hub, err := open()
				if err != nil {
					return err
				}
				w.Records = hub
			}
			ctx := c.Context()
			if flags.timeout > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeoutCause(ctx, flags.timeout, fmt.Errorf("the timeout of %s is over", flags.timeout))
				defer cancel()
			}
			if flags.journal != "" {
				w.Journal = operate.Journal{Path: flags.journal}.Follow(ctx)
			}
			return w.Run(ctx)
		},
	}
	f := cmd.Flags()
	f.StringVar(&flags.until, "until", "", "end at this stage: power, dhcp, boot_file, boot_script, linux, initrd, agent, registered or joined")
	f.BoolVar(&flags.next, "next", false, "only a boot that begins from now on counts, for a host that runs")
	f.DurationVar(&flags.timeout, "timeout", 0, "how long it may take; 0 is for ever")
	flags.output.flag(f, "an object a line")
	f.StringVar(&flags.journal, "journal", defaultJournal(), "journal of the provider that is at work, in its cache_dir; empty for none")
	return cmd
}

// defaultJournal is that of providers without a cache_dir; none where there is no place for one.
func defaultJournal() string {
	dir, err := operate.CacheDir()
	if err != nil {
		return ""
	}
	return operate.JournalIn(dir).Path
}

// watch is what the flags ask for.
func (f watchFlags) watch(name string, out io.Writer) (w operate.Watch, err error) {
	w = operate.Watch{Host: name, Next: f.next}
	if f.until != "" {
		if w.Until, err = operate.ParseStage(f.until); err != nil {
			return w, fmt.Errorf("--until: %w", err)
		}
	}
	w.Tell = func(s operate.Sight) { writeSight(out, s) }
	if f.output == asJSON {
		lines := json.NewEncoder(out)
		w.Tell = func(s operate.Sight) { _ = lines.Encode(s) }
	}
	if f.timeout < 0 {
		return w, errors.New("--timeout: want a length of time that is not negative, such as 20m")
	}
	return w, nil
}

// writeSight writes a sight as a line. How a watch fails is in its error.
func writeSight(out io.Writer, s operate.Sight) {
	stage := string(s.Stage)
	switch {
	case s.State != operate.StateWaiting && s.State != operate.StateReady:
		return
	case s.Journal:
		stage = "apply"
	}
	text := s.Detail
	if s.WaitsFor != "" {
		wait := fmt.Sprintf("waits for %s", s.WaitsFor)
		switch {
		case text == "":
			text = fmt.Sprintf("still %s, for %.0fs", wait, s.Waited)
		case !s.Journal:
			text += "; " + wait
		}
	}
	fmt.Fprintf(out, "%7.1fs  %-14s  %s\n", s.Elapsed, stage, oneLine(text))
}

// oneLine keeps what a host says of itself from being more than text on a terminal.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, text)
}
