package agentd

import (
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// reaper waits for every child of the process: those that it started, whose
// end it tells, and the orphans that process 1 inherits, which would stay
// zombies. Nothing else in the process may wait for a child.
type reaper struct {
	mu       sync.Mutex // held from before a fork until the child is in the map
	children map[int]*child
}

func newReaper() *reaper {
	r := &reaper{children: map[int]*child{}}
	sig := make(chan os.Signal, 1)
	signal.Notify(sig, unix.SIGCHLD)
	go func() {
		for range sig {
			r.reap()
		}
	}()
	return r
}

// reap takes in all children that have ended. Signals are not counted, so one
// SIGCHLD may stand for many.
func (r *reaper) reap() {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil || pid <= 0 {
			return
		}
		r.mu.Lock()
		c := r.children[pid]
		delete(r.children, pid)
		r.mu.Unlock()
		if c != nil {
			c.end(status)
		}
	}
}

func (r *reaper) start(cmd Command) (*child, error) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	out := cmd.Output
	if out == nil {
		out = os.Stderr
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	p, err := os.StartProcess(cmd.Path, append([]string{cmd.Path}, cmd.Args...), &os.ProcAttr{
		Dir: cmd.Dir, Env: cmd.Env, Files: []*os.File{null, out, out},
		Sys: &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	c := &child{pid: p.Pid, done: make(chan struct{})}
	// The reaper waits, not this handle.
	if err := p.Release(); err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	r.children[c.pid] = c
	return c, nil
}

// endAll asks every process but this one to end, and kills what is left after
// a short while. Only process 1 may call it.
func (r *reaper) endAll() {
	const grace = 3 * time.Second
	for _, sig := range []syscall.Signal{unix.SIGTERM, unix.SIGKILL} {
		if err := unix.Kill(-1, sig); err != nil {
			return // there is no other process
		}
		r.drain(grace)
	}
}

// drain reaps until there is no child left or the time is over.
func (r *reaper) drain(d time.Duration) {
	end := time.Now().Add(d)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for time.Now().Before(end) {
		r.reap()
		var info unix.Siginfo
		err := unix.Waitid(unix.P_ALL, 0, &info, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil)
		if err == unix.ECHILD {
			return
		}
		<-tick.C
	}
}

// child is a process that the reaper started.
type child struct {
	pid    int
	done   chan struct{}
	status syscall.WaitStatus
	mu     sync.Mutex // orders Signal before the pid can be used again
	ended  bool
}

func (c *child) PID() int              { return c.pid }
func (c *child) Done() <-chan struct{} { return c.done }

func (c *child) end(status syscall.WaitStatus) {
	c.mu.Lock()
	c.ended, c.status = true, status
	c.mu.Unlock()
	close(c.done)
}

func (c *child) Exit() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case !c.ended:
		return "running"
	case c.status.Signaled():
		return "signal: " + c.status.Signal().String()
	default:
		return fmt.Sprintf("exit status %d", c.status.ExitStatus())
	}
}

func (c *child) Signal(sig os.Signal) error {
	s, ok := sig.(syscall.Signal)
	if !ok {
		return fmt.Errorf("signal %v: not a Linux signal", sig)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return os.ErrProcessDone
	}
	return syscall.Kill(c.pid, s)
}
