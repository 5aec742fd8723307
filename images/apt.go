package images

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// debPackage is a package as apt knows it.
type debPackage struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Arch    string `json:"arch"`
	SHA256  string `json:"sha256"`
	Size    int64  `json:"size"`
	Depends string `json:"depends,omitempty"`
}

// apt asks Debian's own tools, which check signatures and need no privileges
// for what is done here.
type apt struct {
	// cache is ours, not apt's.
	cache string
	// lists is where apt keeps what the archives offer.
	lists    string
	progress func(string)
	// run is exec in earnest and a table in tests.
	run func(ctx context.Context, dir, name string, args ...string) ([]byte, error)
}

const aptLists = "/var/lib/apt/lists"

// A meta package stands for the newest of its kind and is followed at most so
// often; linux-image-cloud-amd64 takes one step.
const metaDepth = 4

// resolve says which package a name means now, following the dependencies of a
// meta package to one whose name matches real.
func (a apt) resolve(ctx context.Context, name, version, arch string, real *regexp.Regexp) (debPackage, error) {
	if p, err := a.known(name, version, arch); err == nil && real.MatchString(name) {
		return p, nil
	}
	key := a.listsKey(name, version, arch)
	var p debPackage
	if a.recall(key, &p) {
		return p, nil
	}
	a.progress("ask apt for " + name)
	asked := name
	for range metaDepth {
		var err error
		if p, err = a.show(ctx, name, version, arch); err != nil {
			return debPackage{}, err
		}
		if real.MatchString(p.Name) {
			a.remember(key, p)
			return p, nil
		}
		if name, version = follow(p.Depends, real); name == "" {
			break
		}
	}
	return debPackage{}, fmt.Errorf("images: package %s is not what is needed, nor does it depend on one (%s)", asked, real)
}

// follow picks the first dependency whose name matches, and its version if that
// is pinned.
func follow(depends string, real *regexp.Regexp) (name, version string) {
	for clause := range strings.SplitSeq(depends, ",") {
		first, _, _ := strings.Cut(clause, "|")
		name, constraint, _ := strings.Cut(strings.TrimSpace(first), "(")
		name, _, _ = strings.Cut(strings.TrimSpace(name), ":")
		if !real.MatchString(name) {
			continue
		}
		if v, exact := strings.CutPrefix(constraint, "= "); exact {
			version = strings.TrimSuffix(v, ")")
		}
		return name, version
	}
	return "", ""
}

// show asks for one package.
func (a apt) show(ctx context.Context, name, version, arch string) (debPackage, error) {
	what := name + ":" + arch
	if version != "" {
		what += "=" + version
	}
	out, err := a.run(ctx, "", "apt-cache", "show", "--no-all-versions", what)
	if err != nil {
		return debPackage{}, fmt.Errorf("images: find package %s: %w%s", what, err, a.advice())
	}
	s := parseStanza(string(out))
	size, _ := strconv.ParseInt(s["size"], 10, 64)
	p := debPackage{
		Name: s["package"], Version: s["version"], Arch: cmp.Or(s["architecture"], arch),
		SHA256: strings.ToLower(s["sha256"]), Size: size, Depends: s["depends"],
	}
	if p.Name == "" || p.Version == "" || len(p.SHA256) != 64 {
		return debPackage{}, fmt.Errorf("images: find package %s: apt-cache names no package with a version and a SHA256%s", what, a.advice())
	}
	return p, nil
}

// advice says what to do when apt does not answer.
func (a apt) advice() string {
	if m, err := filepath.Glob(filepath.Join(a.lists, "*_Packages*")); err != nil || len(m) == 0 {
		return ": apt's package lists are missing here. Run `sudo apt-get update`, or name a package file (linux.deb, busybox.deb)"
	}
	return ": if the package is new, run `sudo apt-get update`; without an archive, name a package file (linux.deb, busybox.deb)"
}

// file returns the path of the package's file, and downloads it if need be.
func (a apt) file(ctx context.Context, p debPackage) (string, error) {
	path := a.path(p.Name, p.Version, p.Arch)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	a.progress(fmt.Sprintf("download %s %s (%s)", p.Name, p.Version, megabytes(p.Size)))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", fmt.Errorf("images: download %s: %w", p.Name, err)
	}
	dir, err := os.MkdirTemp(filepath.Dir(path), "staging-")
	if err != nil {
		return "", fmt.Errorf("images: download %s: %w", p.Name, err)
	}
	defer os.RemoveAll(dir)
	what := fmt.Sprintf("%s:%s=%s", p.Name, p.Arch, p.Version)
	args := []string{"-q", "download", what}
	if os.Geteuid() == 0 {
		// apt's own user cannot write into our cache.
		args = append([]string{"-o", "APT::Sandbox::User=root"}, args...)
	}
	if _, err := a.run(ctx, dir, "apt-get", args...); err != nil {
		return "", fmt.Errorf("images: download %s: %w%s", what, err, a.advice())
	}
	return path, a.adopt(dir, path, p)
}

// adopt checks what was downloaded and moves it to its place.
func (a apt) adopt(dir, path string, p debPackage) error {
	found, err := filepath.Glob(filepath.Join(dir, "*.deb"))
	if err != nil || len(found) != 1 {
		return fmt.Errorf("images: download %s: apt-get left %d package files, not one", p.Name, len(found))
	}
	sum, _, err := fileSum(found[0])
	if err != nil {
		return fmt.Errorf("images: download %s: %w", p.Name, err)
	}
	if sum != p.SHA256 {
		return fmt.Errorf("images: download %s %s: the file's SHA256 is %s, and apt's lists say %s: run `sudo apt-get update`", p.Name, p.Version, sum, p.SHA256)
	}
	if err := os.Rename(found[0], path); err != nil {
		return fmt.Errorf("images: download %s: %w", p.Name, err)
	}
	a.remember(knownKey(p.Name, p.Version, p.Arch), p)
	return nil
}

func (a apt) path(name, version, arch string) string {
	return filepath.Join(a.cache, "debs", fmt.Sprintf("%s_%s_%s.deb", name, strings.ReplaceAll(version, ":", "%3a"), arch))
}

// execute runs a command in dir, in the language that its output is parsed in.
func execute(ctx context.Context, dir, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "LC_ALL=C", "DEBIAN_FRONTEND=noninteractive")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if errors.Is(err, exec.ErrNotFound) {
		return nil, fmt.Errorf("%s is not installed: packages can be found by themselves on Debian only", name)
	}
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("%s: %w: %s", name, err, lastLines(stderr.String(), 3))
	}
	return out, nil
}

// lastLines joins the last n lines that say something.
func lastLines(s string, n int) string {
	lines := slices.DeleteFunc(strings.Split(s, "\n"), func(l string) bool { return strings.TrimSpace(l) == "" })
	return strings.Join(lines[max(0, len(lines)-n):], "; ")
}
