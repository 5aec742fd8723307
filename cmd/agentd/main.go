// Command agentd is the init of an LPD. It takes no arguments but -version:
// what it must know is on Linux's command line and in the opserver.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"

	"github.com/cthulix/terraform-provider-cthulix/agentd"
)

// version is set by the linker.
var version = "dev"

func main() {
	if len(os.Args) > 1 && os.Args[1] == "-version" {
		fmt.Println("agentd", version)
		return
	}
	if os.Getpid() != 1 {
		fmt.Fprintln(os.Stderr, "agentd is the init of a host that booted an LPD image: it runs as process 1 only")
		os.Exit(2)
	}
	// The host's memory is for its work: rather collect early.
	debug.SetGCPercent(50)
	debug.SetMemoryLimit(64 << 20)

	log := slog.New(agentd.NewConsole(os.Stderr))
	linux := agentd.NewLinux()
	action, err := agentd.Run(context.Background(), agentd.Config{OS: linux, Version: version, Logger: log})
	if err != nil {
		log.Error("agentd ends", "error", err)
	}
	log.Info("ending the host", "action", action)
	if err := linux.Halt(action); err != nil {
		log.Error("the host cannot be ended", "error", err)
	}
	// Linux panics when process 1 ends; stay, so that the console can be read.
	select {}
}
