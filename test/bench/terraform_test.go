package bench

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/engines"
	"github.com/cthulix/terraform-provider-cthulix/fabric"
	"github.com/cthulix/terraform-provider-cthulix/test/switches"
)

// workspace is a directory of Terraform's, with the provider that was built.
type workspace struct {
	b        *testing.B
	dir      string
	tf       string
	provider string // the file of what the provider used
}

// The configurations of Terraform's command line: the provider by itself, and
// the provider with its use measured. It tells one Terraform command from
// another by who started it, so that what is measured can only be a plan.
const (
	plain    = "plain.rc"
	measured = "measured.rc"
)

func newWorkspace(b *testing.B, config string) *workspace {
	b.Helper()
	bin := os.Getenv("CTHULIX_BIN")
	if bin == "" {
		b.Fatal("CTHULIX_BIN is not set: run `make bench`, which builds the provider")
	}
	tf, err := engines.Locate(b.Context(), "terraform", engines.Options{})
	if err != nil {
		if tf, err = engines.Locate(b.Context(), "tofu", engines.Options{}); err != nil {
			b.Fatal(err)
		}
	}
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	dir := b.TempDir()
	w := &workspace{b: b, dir: dir, tf: tf, provider: filepath.Join(dir, "usage")}
	plugins := filepath.Join(dir, "plugins")
	if err := os.Mkdir(plugins, 0o755); err != nil {
		b.Fatal(err)
	}
	bin, err = filepath.Abs(bin)
	if err != nil {
		b.Fatal(err)
	}
	w.write("plugins/terraform-provider-cthulix", fmt.Sprintf("#!/bin/sh\n%s=%q %s=%q exec %q \"$@\"\n",
		standsFor, filepath.Join(bin, "terraform-provider-cthulix"), usageFile, w.provider, self))
	if err := os.Chmod(filepath.Join(plugins, "terraform-provider-cthulix"), 0o755); err != nil {
		b.Fatal(err)
	}
	for file, from := range map[string]string{plain: bin, measured: plugins} {
		w.write(file, fmt.Sprintf("provider_installation {\n  dev_overrides {\n    \"registry.terraform.io/cthulix/cthulix\" = %q\n    \"registry.opentofu.org/cthulix/cthulix\" = %q\n  }\n  direct {}\n}\n", from, from))
	}
	w.write("main.tf.json", config)
	return w
}

func (w *workspace) write(name, text string) {
	w.b.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o600); err != nil {
		w.b.Fatal(err)
	}
}

// terraform runs a command with a configuration of its command line.
func (w *workspace) terraform(config string, args ...string) run {
	w.b.Helper()
	cmd := exec.CommandContext(w.b.Context(), w.tf, args...)
	cmd.Dir = w.dir
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + w.dir, "TMPDIR=" + w.dir, "TF_CLI_CONFIG_FILE=" + filepath.Join(w.dir, config),
		"TF_IN_AUTOMATION=1", "CHECKPOINT_DISABLE=1", "LC_ALL=C.UTF-8",
	}
	begun := time.Now()
	out, err := cmd.CombinedOutput()
	took := time.Since(begun)
	if err != nil {
		w.b.Fatalf("terraform %s: %v\n%s", args[0], err, out)
	}
	return run{took: took, used: usageOf(cmd.ProcessState)}
}

// apply applies the configuration.
func (w *workspace) apply() run {
	w.b.Helper()
	return w.terraform(plain, "apply", "-auto-approve", "-input=false", "-no-color", "-parallelism=50")
}

// plan plans, and there must be nothing to do.
func (w *workspace) plan(parallel int) (terraform run, provider usage) {
	w.b.Helper()
	// With this flag, a plan with a change is an error.
	r := w.terraform(measured, "plan", "-input=false", "-no-color", "-detailed-exitcode", fmt.Sprintf("-parallelism=%d", parallel))
	provider, err := usageSince(w.provider)
	if err != nil {
		w.b.Fatalf("what the provider used: %v", err)
	}
	r.used.CPU -= provider.CPU // Linux counts what a child's children used
	return r, provider
}

// providerConfig is the provider block for switches, by their names.
func providerConfig(b *testing.B, fleet map[string]switches.Switch) map[string]any {
	b.Helper()
	known := map[string]any{}
	for name, s := range fleet {
		known[name] = map[string]any{"address": s.Target.Address, "host_key": s.Target.HostKey, "credentials": "network"}
	}
	return map[string]any{
		"cache_dir": b.TempDir(), "max_concurrent_switches": 50,
		"credentials": map[string]any{"network": map[string]any{
			"username": switches.Username, "password": switches.Password, "enable_password": switches.EnablePassword,
		}},
		"switches": known,
	}
}

// switchConfig is a cthulix_switch.
func switchConfig(name string, want fabric.Want) map[string]any {
	vlans, ports := map[string]any{}, map[string]any{}
	for id, v := range want.VLANs {
		vlans[fmt.Sprint(id)] = map[string]any{"name": v.Name}
	}
	for port, p := range want.Ports {
		ports[port] = portConfig(p)
	}
	return map[string]any{"name": name, "vlans": vlans, "ports": ports}
}

func portConfig(p fabric.Port) map[string]any {
	return map[string]any{"mode": string(p.Mode), "access_vlan": p.AccessVLAN, "description": p.Description, "portfast": p.PortFast}
}

// hcl is a whole configuration, in JSON.
func hcl(b *testing.B, provider map[string]any, resources map[string]map[string]any) string {
	b.Helper()
	text, err := json.MarshalIndent(map[string]any{
		"terraform": map[string]any{"required_providers": map[string]any{"cthulix": map[string]any{"source": "cthulix/cthulix"}}},
		"provider":  map[string]any{"cthulix": provider},
		"resource":  resources,
	}, "", " ")
	if err != nil {
		b.Fatal(err)
	}
	return string(text)
}

// configured is the text that makes a switch as it is wanted.
func configured(want fabric.Want) string {
	var text strings.Builder
	for id, v := range want.VLANs {
		fmt.Fprintf(&text, "vlan %d\n name %s\n!\n", id, v.Name)
	}
	for name, p := range want.Ports {
		fmt.Fprintf(&text, "interface %s\n description %s\n switchport access vlan %d\n switchport mode access\n spanning-tree portfast\n!\n", name, p.Description, p.AccessVLAN)
	}
	return text.String() + "end\n"
}
