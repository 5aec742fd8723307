package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/cthulix/terraform-provider-cthulix/engines"
)

func enginesCommand() *cobra.Command {
	var offline, quiet, first bool
	cmd := &cobra.Command{
		Use:   "engines [NAME...]",
		Short: "Find Consul, Nomad, Terraform or OpenTofu, or download or build them, and print their paths",
		Long: `Looks for each engine in the variable CTHULIX_<NAME>, PATH and the cache; then
downloads the vendor's signed release where there is one, and else builds the
pinned version from Go modules into the cache. Without names: consul and nomad.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				args = []string{"consul", "nomad"}
			}
			opts := engines.Options{Offline: offline}
			if !quiet {
				opts.Progress = func(p engines.Progress) {
					if p.Stage != "found" {
						fmt.Fprintf(cmd.ErrOrStderr(), "%s: %s %s (%s)\n", p.Engine, p.Stage, p.Detail, p.Elapsed.Round(time.Second))
					}
				}
			}
			var failed error
			for _, name := range args {
				path, err := engines.Locate(cmd.Context(), name, opts)
				switch {
				case err == nil:
					fmt.Fprintln(cmd.OutOrStdout(), path)
					if first {
						return nil
					}
				case !first:
					return err
				default:
					failed = errors.Join(failed, err)
				}
			}
			return failed
		},
	}
	cmd.Flags().BoolVar(&offline, "offline", false, "neither download nor build")
	cmd.Flags().BoolVar(&first, "first", false, "stop at the first of the names that can be had")
	cmd.Flags().BoolVarP(&quiet, "quiet", "q", false, "print paths only")
	return cmd
}
