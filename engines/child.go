package engines

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// ChildSpec describes a server that runs as a supervised child process.
type ChildSpec struct {
	Name string
	Path string
	Args []string
	Env  []string // added to the parent's environment
	Log  string   // file that takes its output, appended
	// Grace is how long Stop waits after SIGINT before SIGKILL; 0 means 10 s.
	Grace  time.Duration
	Logger *slog.Logger
}

// Child is a running server. It is started again, with a growing pause, when it
// ends by itself, and dies with this process.
type Child struct {
	spec ChildSpec
	stop context.CancelFunc
	done chan struct{}

	mu   sync.Mutex
	pid  int
	last error
}

// StartChild starts the server and its supervisor.
func StartChild(spec ChildSpec) (*Child, error) {
	if spec.Grace == 0 {
		spec.Grace = 10 * time.Second
	}
	if spec.Logger == nil {
		spec.Logger = slog.New(slog.DiscardHandler)
	}
	log, err := os.OpenFile(spec.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("start %s: open its log: %w", spec.Name, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	c := &Child{spec: spec, stop: cancel, done: make(chan struct{})}
	started := make(chan error, 1)
	go c.supervise(ctx, log, started)
	if err := <-started; err != nil {
		cancel()
		<-c.done
		return nil, fmt.Errorf("start %s: %w", spec.Name, err)
	}
	return c, nil
}

// supervise owns the child. It stays on one OS thread, because the kernel sends
// the parent-death signal when the thread that forked ends, not the process.
func (c *Child) supervise(ctx context.Context, log io.WriteCloser, started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(c.done)
	defer log.Close()
	pause := time.Second
	for first := true; ; first = false {
		cmd := exec.CommandContext(ctx, c.spec.Path, c.spec.Args...)
		cmd.Env = append(os.Environ(), c.spec.Env...)
		cmd.Stdout, cmd.Stderr = log, log
		cmd.SysProcAttr = childAttr()
		cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) }
		cmd.WaitDelay = c.spec.Grace
		err := cmd.Start()
		if first {
			started <- err
			if err != nil {
				return
			}
		}
		begun := time.Now()
		if err == nil {
			c.set(cmd.Process.Pid, nil)
			err = cmd.Wait()
		}
		c.set(0, err)
		if ctx.Err() != nil {
			return
		}
		if time.Since(begun) > time.Minute {
			pause = time.Second
		}
		c.spec.Logger.Warn("server ended; starting it again", "server", c.spec.Name, "error", err, "pause", pause, "log", c.spec.Log)
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		pause = min(2*pause, 30*time.Second)
	}
}

func (c *Child) set(pid int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pid, c.last = pid, err
}

// PID is the running process's, or 0 between two starts.
func (c *Child) PID() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pid
}

// Stop interrupts the child, kills it after its grace, and returns when it is gone.
func (c *Child) Stop() {
	c.stop()
	<-c.done
}

// wait calls ready until it succeeds, and fails early when the child has ended.
func (c *Child) wait(ctx context.Context, what string, ready func(context.Context) error) error {
	begun := time.Now()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		c.mu.Lock()
		ended := c.last
		c.mu.Unlock()
		if ended != nil {
			said, _ := os.ReadFile(c.spec.Log)
			return fmt.Errorf("%s ended while waiting for %s: %w; its log %s ends:\n%s", c.spec.Name, what, ended, c.spec.Log, tail(string(said), 5))
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: waited %s for %s: %w (last answer: %w; its log: %s)",
				c.spec.Name, time.Since(begun).Round(time.Second), what, ctx.Err(), err, c.spec.Log)
		case <-tick.C:
		}
	}
}
