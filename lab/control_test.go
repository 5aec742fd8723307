package lab

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestDownIsAnswered: the lab that is asked to end says so before it does, even
// when it has begun to end by then.
func TestDownIsAnswered(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	run, err := runDir()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(run) })
	l := &Lab{cfg: Config{Dir: t.TempDir()}, run: run}
	serving, end := context.WithCancel(ctx)
	defer end()
	down := func() {
		end()
		for ctx.Err() == nil { // until the server has taken notice
			conn, err := net.Dial("unix", filepath.Join(run, "control"))
			if err != nil {
				return
			}
			conn.Close()
		}
	}
	ready, served := make(chan struct{}), make(chan error, 1)
	go func() { served <- l.serveControl(serving, down, func() { close(ready) }) }()
	select {
	case <-ready:
	case err := <-served:
		t.Fatal(err)
	}
	if err := controlAt(l.cfg.Dir, filepath.Join(run, "control")).Down(ctx); err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}
