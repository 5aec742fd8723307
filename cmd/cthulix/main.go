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

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := &cobra.Command{
		Use: "cthulix", Short: "Turn racked machines and blank switch ports into a running cluster",
		Version: version, SilenceUsage: true, SilenceErrors: true,
	}
	root.AddCommand(labCommand(), enginesCommand(), hostsCommand(), hostCommand(), switchCommand(), importCommand(), opserverCommand(), imageCommand())
	if err := root.ExecuteContext(ctx); err != nil {
		if errors.Is(err, context.Canceled) && ctx.Err() != nil {
			err = errors.New("interrupted")
		}
		fmt.Fprintln(os.Stderr, "cthulix:", err)
		os.Exit(1)
	}
}
