package lab

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/keg"
)

// ErrNotRunning says that no lab runs in a directory.
var ErrNotRunning = errors.New("no lab is running there")

// controlFile, in a lab's directory, holds the path of its control socket.
const controlFile = "control"

// controlGrace is how long calls may take to end when the lab does.
const controlGrace = 2 * time.Second

// serveControl answers a [Control] until ctx ends. It calls ready when it
// listens, and down when a Control asks the lab to end.
func (l *Lab) serveControl(ctx context.Context, down, ready func()) error {
	path := filepath.Join(l.run, "control")
	listener, err := net.Listen("unix", path)
	if err != nil {
		return fmt.Errorf("lab: control socket: %w", err)
	}
	if err := writeFile(l.path(controlFile), []byte(path)); err != nil {
		listener.Close()
		return fmt.Errorf("lab: control socket: %w", err)
	}
	defer os.Remove(l.path(controlFile))
	ready()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /info", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(l.Info()); err != nil {
			l.cfg.Logger.Debug("a status was not read to its end", "error", err)
		}
	})
	mux.HandleFunc("GET /switch/running-config", func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, l.Sim().RunningConfig())
	})
	mux.HandleFunc("POST /switch/exec", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		if err == nil {
			var said string
			if said, err = l.Sim().Exec(strings.Split(strings.TrimRight(string(body), "\n"), "\n")...); err == nil {
				io.WriteString(w, said)
				return
			}
		}
		http.Error(w, err.Error(), http.StatusBadRequest)
	})
	mux.HandleFunc("POST /discovery", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, 1<<10))
		if err == nil {
			err = l.Discover(keg.KID(strings.TrimSpace(string(body))))
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
	})
	mux.HandleFunc("POST /switch/load", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, 8<<20))
		if err == nil {
			var unread []string
			if unread, err = l.loadSwitch(ctx, string(body)); err == nil {
				io.WriteString(w, strings.Join(unread, "\n"))
				return
			}
		}
		http.Error(w, err.Error(), http.StatusBadRequest)
	})
	mux.HandleFunc("POST /down", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusAccepted)
		down()
	})
	srv := &http.Server{Handler: mux}
	closed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(closed)
		// Whoever asked the lab to end gets the answer first.
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), controlGrace)
		defer cancel()
		if srv.Shutdown(grace) != nil {
			srv.Close()
		}
	})
	defer stop()
	if err := srv.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	<-closed
	return nil
}

// Control speaks to the lab that runs in a directory.
type Control struct {
	dir  string
	http *http.Client
}

// Open finds the lab of a directory; the error is ErrNotRunning when it does not run.
func Open(dir string) (*Control, error) {
	b, err := os.ReadFile(filepath.Join(dir, controlFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", dir, ErrNotRunning)
	}
	if err != nil {
		return nil, err
	}
	c := controlAt(dir, string(b))
	// A lab that was killed leaves its file behind.
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if _, err := c.Info(ctx); err != nil {
		return nil, fmt.Errorf("%s: %w (%w)", dir, ErrNotRunning, err)
	}
	return c, nil
}

func controlAt(dir, socket string) *Control {
	return &Control{dir: dir, http: &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", socket)
		},
	}}}
}

func (c *Control) call(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://lab"+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode >= 300 {
		err = fmt.Errorf("%s: %s", resp.Status, strings.TrimSpace(string(b)))
	}
	return b, err
}

// Info says what runs where.
func (c *Control) Info(ctx context.Context) (Info, error) {
	var in Info
	b, err := c.call(ctx, http.MethodGet, "/info", nil)
	if err != nil {
		return in, fmt.Errorf("ask the lab: %w", err)
	}
	return in, json.Unmarshal(b, &in)
}

// Exec types lines at the switch's console, as somebody changing it by hand.
func (c *Control) Exec(ctx context.Context, lines ...string) (string, error) {
	b, err := c.call(ctx, http.MethodPost, "/switch/exec", []byte(strings.Join(lines, "\n")))
	if err != nil {
		return "", fmt.Errorf("type at the switch's console: %w", err)
	}
	return string(b), nil
}

// Load replaces the switch by one with a running configuration that a device
// printed, and returns the lines of it that mean nothing to the simulator.
func (c *Control) Load(ctx context.Context, running string) ([]string, error) {
	b, err := c.call(ctx, http.MethodPost, "/switch/load", []byte(running))
	if err != nil {
		return nil, fmt.Errorf("load the switch: %w", err)
	}
	if len(b) == 0 {
		return nil, nil
	}
	return strings.Split(string(b), "\n"), nil
}

// Discover has the opserver give that image to machines without a host record;
// "" leaves them without an answer.
func (c *Control) Discover(ctx context.Context, image keg.KID) error {
	if _, err := c.call(ctx, http.MethodPost, "/discovery", []byte(image)); err != nil {
		return fmt.Errorf("set the lab's discovery image: %w", err)
	}
	return nil
}

// RunningConfig is the switch's running configuration.
func (c *Control) RunningConfig(ctx context.Context) (string, error) {
	b, err := c.call(ctx, http.MethodGet, "/switch/running-config", nil)
	if err != nil {
		return "", fmt.Errorf("read the switch's running configuration: %w", err)
	}
	return string(b), nil
}

// Secrets are the lab's passwords, from its directory.
func (c *Control) Secrets() (Secrets, error) {
	var s Secrets
	b, err := os.ReadFile(filepath.Join(c.dir, "secrets.json"))
	if err != nil {
		return s, err
	}
	return s, json.Unmarshal(b, &s)
}

// Down ends the lab and returns when it has.
func (c *Control) Down(ctx context.Context) error {
	if _, err := c.call(ctx, http.MethodPost, "/down", nil); err != nil {
		return fmt.Errorf("stop the lab: %w", err)
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if !locked(c.dir) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for the lab to end: %w (its log: %s)", ctx.Err(), filepath.Join(c.dir, logFile))
		case <-tick.C:
		}
	}
}
