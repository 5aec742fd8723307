// Command cthulix is the operator's tool: the lab, the opserver, the engines,
// and what the hosts are doing.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// version is set by the release build.
var version = "dev"

// The exit statuses. A command that somebody interrupts ends as the shell says
// of one that a signal ended, unless it was to go on until then.
const (
	exitFailed      = 1
	exitInterrupted = 128 + int(syscall.SIGINT)
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends it at once
	root := &cobra.Command{
		Use: "cthulix", Short: "Turn racked machines and blank switch ports into a running cluster",
		Version: version, SilenceUsage: true, SilenceErrors: true,
	}
	root.AddCommand(labCommand(), enginesCommand(), hostsCommand(), hostCommand(), switchCommand(), importCommand(), opserverCommand(), imageCommand())
	strict(root)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return
	}
	status := exitFailed
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		status = exitInterrupted
		err = fmt.Errorf("interrupted: %w", err)
	}
	fmt.Fprintln(os.Stderr, "cthulix:", err)
	os.Exit(status)
}

// strict has commands that only group others refuse what they do not know:
// cobra shows their help, and a script would take that for success.
func strict(cmd *cobra.Command) {
	for _, sub := range cmd.Commands() {
		strict(sub)
	}
	if cmd.HasSubCommands() && !cmd.Runnable() {
		cmd.RunE = func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return c.Help()
			}
			return fmt.Errorf("there is no %q: `%s --help` lists what there is", c.CommandPath()+" "+args[0], c.CommandPath())
		}
	}
}
