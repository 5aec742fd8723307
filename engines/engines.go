// Package engines finds, downloads or builds the programs that Cthulix drives
// but does not contain, and supervises those that run as servers.
//
// Consul and Nomad are under the Business Source Licence: they are fetched
// from their vendor or built from pinned modules on the user's own machine,
// and never shipped with Cthulix. OpenTofu is built the same way where a
// machine has no Terraform.
package engines

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/keg"
)

//go:embed pins
var pins embed.FS

// engine says how one program is obtained.
type engine struct {
	name    string
	version string
	env     string // the variable that names a binary of the user's own
	pkg     string // the main package, built from pins/NAME.mod
	tags    string
	ldflags string
	cgo     bool
	static  bool // whether Locate only takes a binary without a dynamic loader
	product bool // whether the vendor publishes signed releases of it
}

var table = map[string]engine{
	"consul": {
		name: "consul", version: "1.22.5", env: "CTHULIX_CONSUL",
		pkg: "github.com/hashicorp/consul", ldflags: "-s -w", product: true,
	},
	// Nomad's binary is also the client that agentd runs on hosts that live in
	// RAM and have no C library, so it has to be static. The vendor's release
	// is linked dynamically.
	"nomad": {
		name: "nomad", version: "1.10.5", env: "CTHULIX_NOMAD",
		pkg:     "github.com/hashicorp/nomad",
		tags:    "ui,hashicorpmetrics,osusergo,netgo",
		ldflags: `-s -w -linkmode external -extldflags "-static"`,
		cgo:     true, static: true,
	},
	"terraform": {
		name: "terraform", version: "1.11.4", env: "CTHULIX_TERRAFORM", product: true,
	},
	"tofu": {
		name: "tofu", version: "1.12.6", env: "CTHULIX_TOFU",
		pkg:     "github.com/opentofu/opentofu/cmd/tofu",
		ldflags: "-s -w -X github.com/opentofu/opentofu/version.dev=no",
	},
}

// Names lists the engines that [Locate] knows, sorted.
func Names() []string {
	names := make([]string, 0, len(table))
	for n := range table {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}

// Version returns the version of an engine that Cthulix pins, or "" for an unknown name.
func Version(name string) string { return table[name].version }

// Progress is one step on the way to an engine's binary.
type Progress struct {
	Engine  string
	Stage   string // "found", "downloading", "waiting for another build", "building"
	Detail  string
	Elapsed time.Duration
}

// Options narrow where Locate looks.
type Options struct {
	// Explicit is a path that the user gave; nothing else is then considered.
	Explicit string
	// CacheDir holds downloaded and built engines; "" means [DefaultCacheDir].
	CacheDir string
	// Offline forbids downloads and builds.
	Offline bool
	// Progress, when set, is called at each stage and about every ten seconds of a long one.
	Progress func(Progress)
}

// DefaultCacheDir is cthulix/engines under the user's cache directory.
func DefaultCacheDir() (string, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the cache directory for engines: %w (set XDG_CACHE_HOME or HOME)", err)
	}
	return filepath.Join(base, "cthulix", "engines"), nil
}

// Locate returns the path of an engine's binary. It looks, in this order, at
// opts.Explicit, the engine's environment variable, PATH and the cache; then it
// downloads the vendor's signed release where there is one, and else builds the
// pinned version from Go modules into the cache.
func Locate(ctx context.Context, name string, opts Options) (string, error) {
	e, ok := table[name]
	if !ok {
		return "", fmt.Errorf("unknown engine %q: known are %s", name, strings.Join(Names(), ", "))
	}
	l := locator{engine: e, opts: opts, start: time.Now()}
	if l.opts.CacheDir == "" {
		dir, err := DefaultCacheDir()
		if err != nil {
			return "", err
		}
		l.opts.CacheDir = dir
	}
	return l.locate(ctx)
}

type locator struct {
	engine
	opts  Options
	start time.Time
}

func (l *locator) say(stage, detail string) {
	if l.opts.Progress != nil {
		l.opts.Progress(Progress{Engine: l.name, Stage: stage, Detail: detail, Elapsed: time.Since(l.start)})
	}
}

func (l *locator) locate(ctx context.Context) (string, error) {
	for _, given := range []struct{ path, from string }{
		{l.opts.Explicit, "the configured path"},
		{os.Getenv(l.env), l.env},
	} {
		if given.path == "" {
			continue
		}
		if err := l.usable(given.path); err != nil {
			return "", fmt.Errorf("%s from %s: %w", l.name, given.from, err)
		}
		l.say("found", given.path)
		return given.path, nil
	}
	if path, err := exec.LookPath(l.name); err == nil && l.usable(path) == nil {
		l.say("found", path)
		return path, nil
	}
	cached := l.cached()
	if l.usable(cached) == nil {
		l.say("found", cached)
		return cached, nil
	}
	if l.opts.Offline {
		return "", fmt.Errorf("%s %s is not in PATH nor in %s, and downloads are off: set %s to a binary of it, or run `cthulix engines %s` with a network",
			l.name, l.version, l.opts.CacheDir, l.env, l.name)
	}
	return l.obtain(ctx, cached)
}

// cached is the engine's place in the cache. The hash of what pins the build is
// in the name, so that a change of pins is a new binary.
func (l *locator) cached() string {
	return filepath.Join(l.opts.CacheDir, fmt.Sprintf("%s-%s-%s", l.name, l.version, l.pinHash()), l.name)
}

func (l *locator) pinHash() string {
	h := keg.NewHasher()
	for _, f := range []string{".mod", ".sum"} {
		b, err := pins.ReadFile("pins/" + l.name + f)
		if err != nil {
			return "release"
		}
		h.Write(b)
	}
	fmt.Fprint(h, l.pkg, l.tags, l.ldflags, l.cgo, runtime.GOOS, runtime.GOARCH)
	return strings.TrimPrefix(string(h.KID()), "K-")[:12]
}

func (l *locator) usable(path string) error {
	fi, err := os.Stat(path)
	if err != nil {
		return err
	}
	if fi.IsDir() || fi.Mode()&0o111 == 0 {
		return fmt.Errorf("%s is not an executable file", path)
	}
	if !l.static {
		return nil
	}
	static, err := Static(path)
	if err != nil {
		return err
	}
	if !static {
		return fmt.Errorf("%s is dynamically linked: hosts that live in RAM have no C library, so Cthulix needs a static build (unset it, and `cthulix engines %s` builds one)", path, l.name)
	}
	return nil
}

// obtain downloads or builds the engine, one process at a time.
func (l *locator) obtain(ctx context.Context, dst string) (string, error) {
	unlock, err := l.lock(ctx)
	if err != nil {
		return "", err
	}
	defer unlock()
	if l.usable(dst) == nil { // another process was faster
		l.say("found", dst)
		return dst, nil
	}
	var failed []error
	if l.product {
		err := l.download(ctx, dst)
		if err == nil {
			return dst, nil
		}
		failed = append(failed, fmt.Errorf("download: %w", err))
	}
	if ctx.Err() == nil && l.pkg != "" {
		err := l.build(ctx, dst)
		if err == nil {
			return dst, nil
		}
		failed = append(failed, fmt.Errorf("build: %w", err))
	}
	if err := ctx.Err(); err != nil {
		return "", fmt.Errorf("get %s %s: %w", l.name, l.version, err)
	}
	return "", fmt.Errorf("get %s %s: not in PATH nor in %s, and: %w (install it yourself and set %s to its path)",
		l.name, l.version, l.opts.CacheDir, errors.Join(failed...), l.env)
}
