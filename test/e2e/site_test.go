// Package e2e applies examples/cluster to a lab as a user would: with the built
// binaries, Terraform or OpenTofu, QEMU, Consul and Nomad, and without privilege.
package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/engines"
	"github.com/cthulix/terraform-provider-cthulix/lab"
)

// nobody is who the lab and Terraform run as where the tests run as root.
const nobody = 65534

// site is a lab, a working directory of Terraform's, and a user who owns both.
type site struct {
	t    *testing.T
	root string // all that belongs to it
	tf   string // terraform or tofu
	env  []string
	cred *syscall.Credential
}

// repository returns a path in the repository.
func repository(path string) string { return filepath.Join("..", "..", path) }

// newSite copies the binaries to a directory of its own, where an unprivileged
// user can run them, and starts a lab. The directory named config becomes
// Terraform's.
func newSite(t *testing.T, engine, config string) *site {
	t.Helper()
	bin := os.Getenv("CTHULIX_BIN")
	if bin == "" {
		t.Fatal("CTHULIX_BIN is not set: run `make test-e2e`, which builds what these tests run")
	}
	// Not t.TempDir(): its name is too long for some sockets, and its parent is closed to others.
	root, err := os.MkdirTemp("", "cthulix-e2e-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(root) })
	s := &site{t: t, root: root}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute) // a first run builds engines
	defer cancel()
	for _, name := range []string{"consul", "nomad"} {
		path, err := engines.Locate(ctx, name, engines.Options{})
		if err != nil {
			t.Fatal(err)
		}
		copyFile(t, path, s.path("bin", name))
	}
	tf, err := engines.Locate(ctx, engine, engines.Options{})
	if err != nil && engine == "terraform" { // where it cannot be had, OpenTofu stands in
		tf, err = engines.Locate(ctx, "tofu", engines.Options{})
	}
	if err != nil {
		t.Fatalf("%v", err)
	}
	s.tf = s.path("bin", filepath.Base(tf))
	copyFile(t, tf, s.tf)
	for _, name := range []string{"cthulix", "agentd", "terraform-provider-cthulix"} {
		copyFile(t, filepath.Join(bin, name), s.path("bin", name))
	}
	copyTree(t, config, s.path("tf"))
	rc := fmt.Sprintf("provider_installation {\n  dev_overrides {\n    \"registry.terraform.io/cthulix/cthulix\" = %q\n    \"registry.opentofu.org/cthulix/cthulix\" = %q\n  }\n  direct {}\n}\n",
		s.path("bin"), s.path("bin"))
	if err := os.WriteFile(s.path("terraform.rc"), []byte(rc), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"home", "tmp"} {
		if err := os.Mkdir(s.path(dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	s.env = []string{
		"PATH=" + s.path("bin") + ":/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME=" + s.path("home"), "TMPDIR=" + s.path("tmp"),
		"TF_CLI_CONFIG_FILE=" + s.path("terraform.rc"), "TF_IN_AUTOMATION=1", "CHECKPOINT_DISABLE=1", "LC_ALL=C.UTF-8",
	}
	if os.Getuid() == 0 {
		s.cred = &syscall.Credential{Uid: nobody, Gid: nobody}
		err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			return errors.Join(err, os.Lchown(path, nobody, nobody))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	s.startLab()
	return s
}

func (s *site) path(parts ...string) string {
	return filepath.Join(append([]string{s.root}, parts...)...)
}

func (s *site) startLab() {
	s.t.Helper()
	s.t.Cleanup(func() {
		s.command(context.Background(), s.path("bin", "cthulix"), "lab", "down", "--dir", s.path("lab")).Run()
		if s.t.Failed() {
			s.evidence()
		}
	})
	s.must(s.path("bin", "cthulix"), "lab", "up", "--dir", s.path("lab"))
	for _, line := range strings.Split(strings.TrimSpace(s.must(s.path("bin", "cthulix"), "lab", "env", "--dir", s.path("lab"))), "\n") {
		name, value, _ := strings.Cut(strings.TrimPrefix(line, "export "), "=")
		s.env = append(s.env, name+"="+strings.Trim(value, "'"))
	}
}

// evidence shows the ends of the logs of a site whose test failed.
func (s *site) evidence() {
	filepath.WalkDir(s.root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".log") || d.Name() == "trace.log" {
			return nil
		}
		b, _ := os.ReadFile(path)
		s.t.Logf("---- end of %s\n%s", path, b[max(0, len(b)-3000):])
		return nil
	})
}

func (s *site) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = s.env
	cmd.Dir = s.root
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.cred, Setpgid: true}
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 30 * time.Second
	return cmd
}

// run returns the standard output and the exit status of a command; its error
// output is part of err.
func (s *site) run(name string, args ...string) (string, int, error) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 15*time.Minute)
	defer cancel()
	cmd := s.command(ctx, name, args...)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	begun := time.Now()
	err := cmd.Run()
	s.t.Logf("%s %s (%s)", filepath.Base(name), strings.Join(args, " "), time.Since(begun).Round(100*time.Millisecond))
	if err != nil {
		err = fmt.Errorf("%s %s: %w\n%s\n%s", filepath.Base(name), strings.Join(args, " "), err, out.String(), errOut.String())
	}
	return out.String(), cmd.ProcessState.ExitCode(), err
}

func (s *site) must(name string, args ...string) string {
	s.t.Helper()
	out, _, err := s.run(name, args...)
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

func (s *site) terraform(args ...string) string {
	s.t.Helper()
	return s.must(s.tf, append([]string{"-chdir=" + s.path("tf")}, args...)...)
}

func (s *site) apply(args ...string) {
	s.t.Helper()
	s.terraform(append([]string{"apply", "-auto-approve", "-input=false", "-no-color"}, args...)...)
}

// plan returns a plan as JSON.
func (s *site) plan(args ...string) plan {
	s.t.Helper()
	file := s.path("tmp", "plan")
	s.terraform(append([]string{"plan", "-input=false", "-no-color", "-out=" + file}, args...)...)
	var p plan
	if err := json.Unmarshal([]byte(s.terraform("show", "-json", file)), &p); err != nil {
		s.t.Fatal(err)
	}
	return p
}

type plan struct {
	ResourceChanges []struct {
		Address string
		Change  struct {
			Actions []string
			After   map[string]any
		}
	} `json:"resource_changes"`
}

// changed lists "ADDRESS: ACTIONS" of all that the plan would change.
func (p plan) changed() []string {
	var out []string
	for _, r := range p.ResourceChanges {
		if a := strings.Join(r.Change.Actions, "+"); a != "no-op" && a != "read" {
			out = append(out, r.Address+": "+a)
		}
	}
	return out
}

// commands is what the plan would send to a switch.
func (p plan) commands(address string) []string {
	var out []string
	for _, r := range p.ResourceChanges {
		if r.Address == address {
			lines, _ := r.Change.After["planned_commands"].([]any)
			for _, l := range lines {
				out = append(out, fmt.Sprint(l))
			}
		}
	}
	return out
}

func (s *site) control() *lab.Control {
	s.t.Helper()
	c, err := lab.Open(s.path("lab"))
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

func (s *site) info() lab.Info {
	s.t.Helper()
	in, err := s.control().Info(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return in
}

func (s *site) runningConfig() string {
	s.t.Helper()
	text, err := s.control().RunningConfig(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return text
}

// byHand changes the switch at its console.
func (s *site) byHand(lines ...string) {
	s.t.Helper()
	if out, err := s.control().Exec(s.t.Context(), lines...); err != nil {
		s.t.Fatalf("%v\n%s", err, out)
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	fi, err := os.Stat(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, b, fi.Mode().Perm()|0o444); err != nil {
		t.Fatal(err)
	}
}

// copyTree copies the files that git would: no state of somebody's own run.
func copyTree(t *testing.T, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), "terraform.tfstate") || strings.Contains(path, ".terraform") {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err == nil {
			copyFile(t, path, filepath.Join(to, rel))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
