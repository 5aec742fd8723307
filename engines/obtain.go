package engines

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/hashicorp/go-version"
	"github.com/hashicorp/hc-install/product"
	"github.com/hashicorp/hc-install/releases"
)

// lock keeps two processes from building the same engine at once.
func (l *locator) lock(ctx context.Context) (func(), error) {
	if err := os.MkdirAll(l.opts.CacheDir, 0o755); err != nil {
		return nil, fmt.Errorf("make the engines' cache: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(l.opts.CacheDir, l.name+".lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("lock the engines' cache: %w", err)
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for n := 0; ; n++ {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { f.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			f.Close()
			return nil, fmt.Errorf("lock the engines' cache: %w", err)
		}
		if n%10 == 0 {
			l.say("waiting for another build", f.Name())
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, fmt.Errorf("wait for another build of %s: %w", l.name, ctx.Err())
		case <-tick.C:
		}
	}
}

// install moves a finished binary to its place in the cache, whole or not at all.
func install(src, dst string) error {
	if err := os.MkdirAll(filepath.Dir(dst), 0o755); err != nil {
		return err
	}
	if err := os.Chmod(src, 0o755); err != nil {
		return err
	}
	return os.Rename(src, dst)
}

// download fetches the vendor's release; hc-install verifies its checksum and signature.
func (l *locator) download(ctx context.Context, dst string) error {
	l.say("downloading", "the vendor's release")
	// Without a route to the vendor the attempt must not hold up the build for long.
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	tmp, err := os.MkdirTemp(l.opts.CacheDir, "download-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	v, err := version.NewVersion(l.version)
	if err != nil {
		return err
	}
	p := product.Product{Name: l.name, BinaryName: func() string { return l.name }}
	src := &releases.ExactVersion{Product: p, Version: v, InstallDir: tmp, Timeout: 4 * time.Minute}
	path, err := src.Install(ctx)
	if err != nil {
		return err
	}
	return install(path, dst)
}

// build compiles the pinned version from modules, checksums verified.
func (l *locator) build(ctx context.Context, dst string) error {
	goTool, err := exec.LookPath("go")
	if err != nil {
		return fmt.Errorf("no go command in PATH: %w", err)
	}
	if l.cgo {
		if _, err := exec.LookPath("gcc"); err != nil {
			return fmt.Errorf("%s is built with cgo and there is no gcc in PATH: install Debian's gcc and libc6-dev", l.name)
		}
	}
	tmp, err := os.MkdirTemp(l.opts.CacheDir, "build-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	for _, f := range []string{"mod", "sum"} {
		b, err := pins.ReadFile("pins/" + l.name + "." + f)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(tmp, "go."+f), b, 0o644); err != nil {
			return err
		}
	}
	proxy, err := exec.CommandContext(ctx, goTool, "env", "GOPROXY").Output()
	if err != nil {
		return fmt.Errorf("go env GOPROXY: %w", err)
	}
	args := []string{"build", "-mod=readonly", "-trimpath", "-buildvcs=false"}
	if l.tags != "" {
		args = append(args, "-tags", l.tags)
	}
	args = append(args, "-ldflags", l.ldflags, "-o", l.name, l.pkg)
	cmd := exec.CommandContext(ctx, goTool, args...)
	cmd.Dir = tmp
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=", "CGO_ENABLED=0",
		// Falling through to version control would want git hosts that a closed network lacks.
		"GOPROXY="+strings.TrimSuffix(strings.TrimSpace(string(proxy)), ",direct"))
	if l.cgo {
		cmd.Env = append(cmd.Env, "CGO_ENABLED=1")
	}
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := l.watch(cmd); err != nil {
		return fmt.Errorf("go build %s: %w\n%s", l.pkg, err, tail(out.String(), 12))
	}
	return install(filepath.Join(tmp, l.name), dst)
}

// watch runs cmd and says every ten seconds that it still does.
func (l *locator) watch(cmd *exec.Cmd) error {
	l.say("building", l.pkg+" "+l.version+" from modules (a few minutes the first time)")
	done := make(chan error, 1)
	go func() { done <- cmd.Run() }()
	tick := time.NewTicker(10 * time.Second)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			return err
		case <-tick.C:
			l.say("building", l.pkg)
		}
	}
}

// tail returns the last n lines of s.
func tail(s string, n int) string {
	lines := strings.Split(strings.TrimRight(s, "\n"), "\n")
	if len(lines) > n {
		lines = lines[len(lines)-n:]
	}
	return strings.Join(lines, "\n")
}
