package agentd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"syscall"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// clientPath is where a client and its tasks look for programs.
const clientPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// steady is how long a client must have run for its end not to count as one
// more failure in a row.
const steady = time.Minute

// serve runs the Nomad client of one kernel until ctx ends, and starts it
// again whenever it fails.
func (a *agent) serve(ctx context.Context, c nomadClient, kegURL string, tell func(ophub.KernelState)) {
	wait := a.backoff()
	failed := func(err error) {
		a.log.Warn("kernel is not served", "kernel", c.Kernel.Name, "error", err)
		tell(ophub.KernelState{NodeID: c.Kernel.ClientID, Status: ophub.KernelFailed, Error: shorten(err.Error(), maxReported)})
	}
	tell(ophub.KernelState{NodeID: c.Kernel.ClientID, Status: ophub.KernelStarting})
	for ctx.Err() == nil {
		start := time.Now()
		err := a.runClient(ctx, c, kegURL, tell)
		if ctx.Err() != nil {
			if err != nil {
				a.log.Warn("the Nomad client did not end well", "kernel", c.Kernel.Name, "error", err)
			}
			return
		}
		failed(err)
		if time.Since(start) > steady {
			wait.reset()
		}
		if wait.wait(ctx) != nil {
			return
		}
	}
}

// runClient is one life of a client. It returns nil only after ctx has ended
// and the client with it.
func (a *agent) runClient(ctx context.Context, c nomadClient, kegURL string, tell func(ophub.KernelState)) error {
	if what := lacks(c.Kernel); what != "" {
		return errors.New(what)
	}
	program, err := a.releases.ensure(ctx, kegURL, c.Kernel.Release, c.Kernel.ReleaseFormat)
	if err != nil {
		return err
	}
	config, err := a.prepareClient(c)
	if err != nil {
		return fmt.Errorf("prepare the Nomad client: %w", err)
	}
	out, in, err := os.Pipe()
	if err != nil {
		return err
	}
	log := &childLog{path: a.path(path.Join(c.dir(), "nomad.log"))}
	proc, err := a.os.Start(Command{
		Path: program, Args: []string{"agent", "-config=" + config},
		Env: []string{"PATH=" + clientPath, "HOME=/root", "TERM=dumb"},
		Dir: "/", Output: in,
	})
	in.Close()
	if err != nil {
		out.Close()
		return fmt.Errorf("start the Nomad client: %w", err)
	}
	a.log.Info("started a Nomad client", "kernel", c.Kernel.Name, "pid", proc.PID(), "port", c.Port)
	read := make(chan struct{})
	go func() {
		defer close(read)
		defer log.Close()
		defer out.Close()
		log.follow(out)
	}()

	watching, stopWatching := context.WithCancel(ctx)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		a.watchNode(watching, c, tell)
	}()
	select {
	case <-proc.Done():
		err = errors.New("it ended by itself")
	case <-ctx.Done():
		err = stopClient(proc)
	}
	stopWatching()
	<-watched
	if err == nil {
		return nil
	}
	// A task could still hold the pipe; its words are not the client's.
	select {
	case <-read:
	case <-time.After(time.Second):
	}
	return fmt.Errorf("the Nomad client (pid %d): %w: %s; it last said: %s", proc.PID(), err, proc.Exit(), log.tail())
}

// stopClient asks a client to leave, which drains its node, and kills it when
// it does not.
func stopClient(proc Process) error {
	if err := proc.Signal(syscall.SIGINT); err != nil {
		return nil // it has ended
	}
	grace := time.NewTimer(clientGrace)
	defer grace.Stop()
	select {
	case <-proc.Done():
		return nil
	case <-grace.C:
	}
	_ = proc.Signal(syscall.SIGKILL)
	<-proc.Done()
	return fmt.Errorf("it did not leave within %s and was killed", clientGrace)
}

// prepareClient writes the client's configuration and identity. With the same
// identity after every boot, the host stays the same node.
func (a *agent) prepareClient(c nomadClient) (string, error) {
	dir := a.path(c.dir())
	if err := os.MkdirAll(filepath.Join(dir, "client"), 0o711); err != nil {
		return "", err
	}
	for name, id := range map[string]string{"client-id": c.Kernel.ClientID, "secret-id": c.Kernel.SecretID} {
		if err := os.WriteFile(filepath.Join(dir, "client", name), []byte(id), 0o600); err != nil {
			return "", err
		}
	}
	config := filepath.Join(dir, "nomad.hcl")
	if err := os.WriteFile(config, []byte(c.HCL()), 0o600); err != nil {
		return "", err
	}
	return config, nil
}
