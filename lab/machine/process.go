package machine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// quitGrace is how long QEMU may take to end by itself before it is killed.
const quitGrace = 2 * time.Second

// process is one run of QEMU.
type process struct {
	cmd     *exec.Cmd
	control *qmp
	errors  string        // the file that has QEMU's own messages
	done    chan struct{} // closed when the process is gone and its last event was read
}

// launch starts QEMU and waits until it takes commands. The process does not depend on ctx afterwards.
func launch(ctx context.Context, qemu string, args []string, messages string) (*process, error) {
	ours, theirs, err := socketPair()
	if err != nil {
		return nil, fmt.Errorf("make a control connection: %w", err)
	}
	log, err := os.Create(messages)
	if err != nil {
		return nil, errors.Join(err, ours.Close(), theirs.Close())
	}
	cmd := exec.Command(qemu, args...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.ExtraFiles = []*os.File{theirs}
	cmd.SysProcAttr = attributes()

	// The kernel ties "die with the parent" to the thread that made the child, so one thread stays with it.
	started, exited := make(chan error), make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // the outcome is in cmd.ProcessState
			close(exited)
		}
	}()
	err = <-started
	closeErr := errors.Join(theirs.Close(), log.Close())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", qemu, err), closeErr, ours.Close())
	}
	p := &process{cmd: cmd, control: newQMP(ours), errors: messages, done: make(chan struct{})}
	go func() {
		<-exited
		// QEMU's end is closed now, so what it still had to say can be read to the end.
		<-p.control.done
		_ = ours.Close()
		close(p.done)
	}()
	if err := p.control.open(ctx); err != nil {
		p.kill()
		if said := p.messages(); said != "" {
			err = fmt.Errorf("%w: it says: %s", err, said)
		}
		return nil, fmt.Errorf("start %s: %w", qemu, err)
	}
	return p, nil
}

// stop ends the process: politely, for a moment, so that it can write out its disk.
func (p *process) stop(ctx context.Context) {
	polite, cancel := context.WithTimeout(context.WithoutCancel(ctx), quitGrace)
	defer cancel()
	if _, err := p.control.do(polite, "quit"); err == nil || errors.Is(err, errQMPClosed) {
		select {
		case <-p.done:
			return
		case <-polite.Done():
		}
	}
	p.kill()
}

// kill ends the process at once and waits until it is gone.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // fails only when it has ended already
	<-p.done
}

// exit says how the process ended.
func (p *process) exit() string {
	state := p.cmd.ProcessState.String()
	if said := p.messages(); said != "" {
		state += ": " + said
	}
	return state
}

// messages is the end of what QEMU printed.
func (p *process) messages() string {
	const most = 2048
	f, err := os.Open(p.errors)
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }()
	if info, err := f.Stat(); err == nil && info.Size() > most {
		if _, err := f.Seek(-most, io.SeekEnd); err != nil {
			return ""
		}
	}
	said, err := io.ReadAll(io.LimitReader(f, most))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(said))
}

// removeSocket makes room for a socket that a former run left behind. It touches nothing but sockets.
func removeSocket(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode()&os.ModeSocket == 0 {
		return fmt.Errorf("%s is in the way: it is not a socket", path)
	}
	return os.Remove(path)
}

// fileConn makes a connection of one end of a socket pair.
func fileConn(fd int, name string) (net.Conn, error) {
	f := os.NewFile(uintptr(fd), name)
	conn, err := net.FileConn(f) // has a descriptor of its own
	return conn, errors.Join(err, f.Close())
}
