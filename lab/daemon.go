package lab

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

const (
	logFile  = "lab.log"
	lockFile = "lock"
	// progressFD is where a daemon writes its steps for the process that started it.
	progressFD = 3
)

// report is one line from a starting daemon.
type report struct {
	Step  *Step  `json:"step,omitempty"`
	N     int    `json:"n,omitempty"`
	Of    int    `json:"of,omitempty"`
	Ready bool   `json:"ready,omitempty"`
	Error string `json:"error,omitempty"`
}

// lock takes the lab's directory for this process. The lock goes with the process.
func lock(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: another lab is starting or running there", dir)
	}
	return f, nil
}

func locked(dir string) bool {
	f, err := lock(dir)
	if err != nil {
		return true
	}
	f.Close()
	return false
}

// Serve is the daemon: it runs a lab until ctx ends or a [Control] asks it to.
// Its steps go to the starting process, if there is one.
func Serve(ctx context.Context, cfg Config) error {
	held, err := lock(cfg.Dir)
	if err != nil {
		return err
	}
	defer held.Close()
	tell := func(report) {}
	if starter := os.NewFile(progressFD, "starter"); starter != nil {
		if _, err := starter.Stat(); err == nil {
			enc := json.NewEncoder(starter)
			tell = func(r report) { _ = enc.Encode(r) } // a starter that went away no longer matters
			defer starter.Close()
		}
	}
	cfg.Progress = func(s Step) { tell(report{Step: &s, N: s.N, Of: s.Of}) }
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	err = Run(ctx, cfg, func(l *Lab) {
		listening := make(chan struct{})
		l.serve("control", func() error { return l.serveControl(ctx, cancel, func() { close(listening) }) })
		select {
		case <-listening:
			tell(report{Ready: true})
		case <-ctx.Done():
		}
	})
	if err != nil {
		tell(report{Error: err.Error()})
	}
	return err
}

// Up starts the daemon `EXE ARGS…`, which has to call [Serve] for dir, and
// returns once the lab is ready. A lab that runs already is left as it is.
func Up(ctx context.Context, dir string, progress func(Step), exe string, args ...string) (started bool, err error) {
	if _, err := Open(dir); err == nil {
		return false, nil
	} else if !errors.Is(err, ErrNotRunning) {
		return false, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return false, err
	}
	log, err := os.OpenFile(filepath.Join(dir, logFile), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return false, err
	}
	defer log.Close()
	r, w, err := os.Pipe()
	if err != nil {
		return false, err
	}
	defer r.Close()
	cmd := exec.Command(exe, args...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.ExtraFiles = []*os.File{w}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // it outlives the terminal
	if err := cmd.Start(); err != nil {
		w.Close()
		return false, fmt.Errorf("start the lab: %w", err)
	}
	w.Close()
	var exit error
	ended := make(chan struct{})
	go func() { exit = cmd.Wait(); close(ended) }()
	stop := context.AfterFunc(ctx, func() { _ = cmd.Process.Signal(syscall.SIGTERM) })
	defer stop()
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		var rep report
		if json.Unmarshal(lines.Bytes(), &rep) != nil {
			continue
		}
		switch {
		case rep.Step != nil:
			rep.Step.N, rep.Step.Of = rep.N, rep.Of
			progress(*rep.Step)
		case rep.Ready:
			return true, nil
		case rep.Error != "":
			<-ended
			return false, errors.New(rep.Error)
		}
	}
	<-ended
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	said, _ := os.ReadFile(log.Name())
	return false, fmt.Errorf("the lab ended while starting: %w; %s ends:\n%s", exit, log.Name(), lastLines(string(said), 8))
}

func lastLines(s string, n int) string {
	lines := strings.Split(strings.TrimRight(s, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
