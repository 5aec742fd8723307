package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// hostCommand is what is done to one host at a time.
func hostCommand() *cobra.Command {
	var addr string
	open := func() (*ophub.Hub, error) { return openHub(addr) }
	cmd := &cobra.Command{Use: "host", Short: "Do something to a host"}
	cmd.PersistentFlags().StringVar(&addr, "ophub", os.Getenv("CTHULIX_OPHUB_ADDR"), "address of Consul, http://HOST:PORT")
	cmd.AddCommand(releaseCommand(open), adoptCommand(open), watchCommand(&addr, open))
	cmd.AddCommand(operateCommands(open)...)
	return cmd
}

// openHub opens the records at an address, or says how to give one.
func openHub(addr string) (*ophub.Hub, error) {
	if addr == "" {
		return nil, fmt.Errorf("no ophub address: set --ophub or CTHULIX_OPHUB_ADDR to Consul's URL (`eval \"$(cthulix lab env)\"` for the lab)")
	}
	return ophub.New(ophub.Config{Address: addr, Token: os.Getenv("CTHULIX_OPHUB_TOKEN")})
}

func releaseCommand(open func() (*ophub.Hub, error)) *cobra.Command {
	var how format
	cmd := &cobra.Command{
		Use: "release NAME...", Short: "Let hosts that are in quarantine boot again", Args: cobra.MinimumNArgs(1),
		Long: `Lifts the quarantine of hosts that began to boot too often without their agent
registering, and forgets those boots. A host that waits in its boot loader for
this boots within a minute.`,
		RunE: func(c *cobra.Command, names []string) error {
			hub, err := open()
			if err != nil {
				return err
			}
			// One that is unknown keeps none of the others in quarantine.
			var done []releasedJSON
			var failed []error
			for _, name := range names {
				was, err := hub.ReleaseHost(c.Context(), name)
				if err != nil {
					failed = append(failed, err)
					continue
				}
				done = append(done, releasedJSON{name, was})
			}
			return errors.Join(append(failed, showReleased(c.OutOrStdout(), how, done))...)
		},
	}
	how.flag(cmd.Flags(), "a list of hosts")
	return cmd
}

// releasedJSON is a host, and whether it was in quarantine.
type releasedJSON struct {
	Host string `json:"host"`
	Was  bool   `json:"was_in_quarantine"`
}

func showReleased(out io.Writer, how format, hosts []releasedJSON) error {
	if how == asJSON {
		return printJSON(out, hosts)
	}
	for _, h := range hosts {
		text := "was not in quarantine"
		if h.Was {
			text = "is released"
		}
		fmt.Fprintln(out, h.Host, text)
	}
	return nil
}
