package lab

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/cthulix/terraform-provider-cthulix/lab/iossim"
)

// capturedFile, in a lab's directory, holds the running configuration that was
// loaded into its switch.
const capturedFile = "captured.cfg"

// plugSwitch starts the switch: a blank one, or the one that was loaded.
func (l *Lab) plugSwitch(ctx context.Context) (string, error) {
	cfg := iossim.Config{Profile: l.cfg.Profile}
	text, err := os.ReadFile(l.path(capturedFile))
	switch {
	case err == nil:
		if cfg, err = iossim.Captured(string(text)); err != nil {
			return "", fmt.Errorf("%s: %w", l.path(capturedFile), err)
		}
	case !errors.Is(err, fs.ErrNotExist):
		return "", err
	}
	flash := l.path("flash")
	if err := os.MkdirAll(flash, 0o700); err != nil {
		return "", err
	}
	cfg.Hostname = orDefault(cfg.Hostname, l.cfg.Switch)
	cfg.Users = map[string]string{l.secrets.SwitchUser: l.secrets.SwitchPassword}
	cfg.EnableSecret = l.secrets.EnablePassword
	cfg.Flash, cfg.Plane, cfg.Logger = iossim.DirFlash(flash), l.wire, l.cfg.Logger.With("part", "switch")
	sim, err := iossim.New(cfg)
	if err != nil {
		return "", err
	}
	listener, err := listen(l.ports.SSH)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	l.simMu.Lock()
	l.sim = sim
	l.unplug = func() { cancel(); <-done }
	l.simMu.Unlock()
	l.serve("switch", func() error {
		defer close(done)
		return sim.Serve(ctx, listener, l.hostKey)
	})
	return fmt.Sprintf("%s, SSH on %s", l.cfg.Switch, listener.Addr()), nil
}

// loadSwitch replaces the switch by one with a captured running configuration.
// The cables stay where they are.
func (l *Lab) loadSwitch(ctx context.Context, running string) ([]string, error) {
	if _, err := iossim.Captured(running); err != nil {
		return nil, err
	}
	if err := writeFile(l.path(capturedFile), []byte(running)); err != nil {
		return nil, err
	}
	l.simMu.Lock()
	unplug := l.unplug
	l.simMu.Unlock()
	unplug()
	if err := os.RemoveAll(l.path("flash")); err != nil {
		return nil, err
	}
	if _, err := l.plugSwitch(ctx); err != nil {
		return nil, err
	}
	var unread []string
	for _, u := range l.Sim().NotUnderstood() {
		unread = append(unread, u.String())
	}
	return unread, nil
}
