// Package adopt brings switches that were configured by hand under Terraform, as
// a user would: with the built binaries, and with configurations as real
// switches have them, loaded into the simulator.
package adopt

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/engines"
	"github.com/cthulix/terraform-provider-cthulix/lab/iossim"
	"github.com/cthulix/terraform-provider-cthulix/test/switches"
)

const (
	account  = "cthulix"
	password = "swordfish-switch"
	secret   = "swordfish-enable"

	bmcPassword = "swordfish-bmc"
)

// estate is a Terraform configuration and the switches that its provider block
// names.
type estate struct {
	t        *testing.T
	dir      string
	tf       string
	bin      string
	names    []string
	switches map[string]*iossim.Sim
}

// newEstate starts a switch for each running configuration. The provider block
// has more lines, if there are any.
func newEstate(t *testing.T, configs map[string]iossim.Config, more ...string) *estate {
	t.Helper()
	bin := os.Getenv("CTHULIX_BIN")
	if bin == "" {
		t.Fatal("CTHULIX_BIN is not set: run `make test-e2e`, which builds what these tests run")
	}
	bin, err := filepath.Abs(bin)
	if err != nil {
		t.Fatal(err)
	}
	tf, err := engines.Locate(t.Context(), "terraform", engines.Options{})
	if err != nil { // where it cannot be had, OpenTofu stands in
		if tf, err = engines.Locate(t.Context(), "tofu", engines.Options{}); err != nil {
			t.Fatal(err)
		}
	}
	e := &estate{t: t, dir: t.TempDir(), tf: tf, bin: bin, switches: map[string]*iossim.Sim{}}
	var entries strings.Builder
	for name, cfg := range configs {
		e.names = append(e.names, name)
		cfg.Users, cfg.EnableSecret = map[string]string{account: password}, secret
		if strings.HasPrefix(cfg.Profile, "N") {
			cfg.EnableSecret = "" // whoever logs in is privileged
		}
		address, hostKey := e.start(name, cfg)
		platform := "ios"
		if strings.HasPrefix(cfg.Profile, "N") {
			platform = "nxos"
		}
		fmt.Fprintf(&entries, "    %s = { address = %q, host_key = %q, credentials = \"network\", platform = %q }\n", name, address, hostKey, platform)
	}
	e.write("provider.tf", fmt.Sprintf(`terraform {
  required_providers {
    cthulix = { source = "cthulix/cthulix" }
  }
}

provider "cthulix" {
  cache_dir   = %q
  credentials = {
    network = { username = %q, password = %q, enable_password = %q }
    bmc     = { username = "ADMIN", password = %q }
  }
  switches = {
%s  }
  %s
}
`, t.TempDir(), account, password, secret, bmcPassword, entries.String(), strings.Join(more, "\n  ")))
	e.write("terraform.rc", fmt.Sprintf("provider_installation {\n  dev_overrides {\n    \"registry.terraform.io/cthulix/cthulix\" = %q\n    \"registry.opentofu.org/cthulix/cthulix\" = %q\n  }\n  direct {}\n}\n", bin, bin))
	return e
}

func (e *estate) start(name string, cfg iossim.Config) (address, hostKey string) {
	e.t.Helper()
	sw := switches.Start(e.t, cfg)
	e.switches[name] = sw.Sim
	return sw.Target.Address, sw.Target.HostKey
}

func (e *estate) write(name, text string) {
	e.t.Helper()
	if err := os.WriteFile(filepath.Join(e.dir, name), []byte(text), 0o600); err != nil {
		e.t.Fatal(err)
	}
}

func (e *estate) read(name string) string {
	e.t.Helper()
	b, err := os.ReadFile(filepath.Join(e.dir, name))
	if err != nil {
		e.t.Fatal(err)
	}
	return string(b)
}

// run runs a command in the estate's directory. Whether it may fail is the
// caller's business.
func (e *estate) run(name string, args ...string) (string, error) {
	e.t.Helper()
	ctx, cancel := context.WithTimeout(e.t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = e.dir
	cmd.Env = append(os.Environ(), "TF_CLI_CONFIG_FILE="+filepath.Join(e.dir, "terraform.rc"), "TF_IN_AUTOMATION=1", "CHECKPOINT_DISABLE=1")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%s %s: %w\n%s%s", filepath.Base(name), strings.Join(args, " "), err, out, stderr.String())
	}
	return string(out), err
}

func (e *estate) terraform(args ...string) string {
	e.t.Helper()
	out, err := e.run(e.tf, append(args, "-no-color")...)
	if err != nil {
		e.t.Fatal(err)
	}
	return out
}

// planned is what a plan does to one resource.
type planned struct {
	Address string `json:"address"`
	Change  struct {
		Actions   []string        `json:"actions"`
		Importing json.RawMessage `json:"importing"`
		Before    json.RawMessage `json:"before"`
		After     json.RawMessage `json:"after"`
	} `json:"change"`
}

func (e *estate) plan(args ...string) []planned {
	e.t.Helper()
	e.terraform(append([]string{"plan", "-input=false", "-out=estate.plan"}, args...)...)
	var doc struct {
		Changes []planned `json:"resource_changes"`
	}
	if err := json.Unmarshal([]byte(e.terraform("show", "-json", "estate.plan")), &doc); err != nil {
		e.t.Fatal(err)
	}
	return doc.Changes
}

// running are the running configurations of all switches, without what tells
// the time.
func (e *estate) running() map[string]string {
	out := map[string]string{}
	for name, sim := range e.switches {
		out[name] = sim.RunningConfig()
	}
	return out
}

// typed is how many lines were typed into configuration mode.
func (e *estate) typed() int {
	n := 0
	for _, sim := range e.switches {
		n += sim.Stats().ConfigLines
	}
	return n
}

// captured loads running configurations from files. One that is not whole
// cannot be loaded into a switch, and is nothing to adopt.
func captured(t *testing.T, files []string) (configs map[string]iossim.Config, refused []error) {
	t.Helper()
	configs = map[string]iossim.Config{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		cfg, err := iossim.Captured(string(text))
		if err != nil {
			refused = append(refused, fmt.Errorf("%s: %w", file, err))
			continue
		}
		configs[label(file)] = cfg
	}
	return configs, refused
}

// label names a switch after its file, in a word that HCL takes.
func label(file string) string {
	word := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.TrimSuffix(filepath.Base(file), filepath.Ext(file)))
	return "s_" + word
}

var errNotEmpty = errors.New("the plan is not empty")

// settled fails unless a plan has nothing to do.
func (e *estate) settled() error {
	e.t.Helper()
	out, err := e.run(e.tf, "plan", "-input=false", "-detailed-exitcode", "-no-color")
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 2 {
		return fmt.Errorf("%w:\n%s", errNotEmpty, out)
	}
	return err
}
