package engines_test

import (
	"bufio"
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/engines"
)

func script(t *testing.T, dir, name string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte("#!/bin/sh\nexit 0\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLocateOrder(t *testing.T) {
	explicit, env, inPath := t.TempDir(), t.TempDir(), t.TempDir()
	a, b, c := script(t, explicit, "consul"), script(t, env, "consul"), script(t, inPath, "consul")
	opts := engines.Options{CacheDir: t.TempDir(), Offline: true}
	find := func(want string) {
		t.Helper()
		got, err := engines.Locate(t.Context(), "consul", opts)
		if err != nil || got != want {
			t.Errorf("Locate = %q, %v; want %q", got, err, want)
		}
	}
	t.Setenv("PATH", inPath)
	t.Setenv("CTHULIX_CONSUL", "")
	find(c)
	t.Setenv("CTHULIX_CONSUL", b)
	find(b)
	opts.Explicit = a
	find(a)
}

func TestLocateSaysWhatToDo(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	t.Setenv("CTHULIX_NOMAD", "")
	for _, c := range []struct {
		name, engine string
		opts         engines.Options
		want         []string
	}{
		{"unknown engine", "zookeeper", engines.Options{}, []string{`unknown engine "zookeeper"`, "consul"}},
		{"offline and missing", "nomad", engines.Options{Offline: true}, []string{"CTHULIX_NOMAD", "cthulix engines nomad"}},
		{"explicit is missing", "nomad", engines.Options{Explicit: filepath.Join(dir, "no")}, []string{"the configured path", "no such file"}},
		{"no go and no release", "nomad", engines.Options{}, []string{"no go command", "CTHULIX_NOMAD"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.opts.CacheDir = t.TempDir()
			_, err := engines.Locate(t.Context(), c.engine, c.opts)
			if err == nil {
				t.Fatal("no error")
			}
			for _, w := range c.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("error %q lacks %q", err, w)
				}
			}
		})
	}
}

func TestNomadMustBeStatic(t *testing.T) {
	sh, err := filepath.EvalSymlinks("/bin/sh")
	if err != nil {
		t.Fatal(err)
	}
	_, err = engines.Locate(t.Context(), "nomad", engines.Options{Explicit: sh, CacheDir: t.TempDir()})
	if err == nil || !strings.Contains(err.Error(), "dynamically linked") {
		t.Errorf("a dynamic binary was taken: %v", err)
	}
}

func TestServers(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute) // a first run builds them
	defer cancel()
	opts := engines.Options{Progress: func(p engines.Progress) { t.Log(p.Engine, p.Stage, p.Detail, p.Elapsed.Round(time.Second)) }}
	consul, err := engines.Locate(ctx, "consul", opts)
	if err != nil {
		t.Fatal(err)
	}
	nomad, err := engines.Locate(ctx, "nomad", opts)
	if err != nil {
		t.Fatal(err)
	}
	c, err := engines.StartConsul(ctx, engines.ConsulConfig{Binary: consul, DataDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Stop()
	n, err := engines.StartNomad(ctx, engines.NomadConfig{Binary: nomad, DataDir: t.TempDir(), AdvertiseRPC: "10.20.0.1:4647"})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Stop()
	if c.PID() == 0 || n.PID() == 0 {
		t.Errorf("pids %d and %d of running servers", c.PID(), n.PID())
	}
	// All hosts of a lab come from one address.
	address := strings.TrimPrefix(c.Address, "http://")
	for i := range 300 {
		conn, err := net.DialTimeout("tcp", address, 10*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if i != 299 {
			continue
		}
		if _, err := conn.Write([]byte("GET /v1/status/leader HTTP/1.0\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
		if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(line, " 200 ") {
			t.Errorf("Consul answers the 300th connection with %q, %v", line, err)
		}
	}
}

// TestChildEndsEarly: a server that cannot start is told with its log, not waited for.
func TestChildEndsEarly(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	path := filepath.Join(dir, "consul")
	if err := os.WriteFile(path, []byte("#!/bin/sh\nexit 7\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	_, err := engines.StartConsul(ctx, engines.ConsulConfig{Binary: path, DataDir: filepath.Join(dir, "data")})
	if err == nil || !strings.Contains(err.Error(), "exit status 7") || !strings.Contains(err.Error(), "consul.log") {
		t.Errorf("got %v", err)
	}
}
