package agentd

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"
)

// Config is what an agent runs with. OS is needed; all else has a default.
type Config struct {
	OS OS
	// Version is the agent's own, as it is shown in its record.
	Version string
	// Root is put before each path of a file that the agent reads or writes: "/" in a host.
	Root string
	// Modules is the list of Linux modules to load; default /etc/cthulix/modules.
	Modules string
	HTTP    *http.Client
	Logger  *slog.Logger
	// Retry is the first wait after a failure; it doubles up to MaxRetry. Default 500 ms and 15 s.
	Retry, MaxRetry time.Duration
}

// Run brings the host up and keeps it up until ctx ends or a signal or the
// power button asks for its end. It then ends the agents, takes the host's
// record back, and returns what to do with the machine: the caller gives that
// to OS.Halt. Failures on the way are told and tried again for as long as it
// takes; only what can never work is returned as an error.
func Run(ctx context.Context, cfg Config) (Action, error) {
	return None, errors.New("agentd: not built yet")
}
