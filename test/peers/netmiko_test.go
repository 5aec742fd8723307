package peers

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/cthulix/terraform-provider-cthulix/lab/iossim"
)

// python is Debian's, which has netmiko.
const python = "/usr/bin/python3"

// netmikoSeen is what testdata/netmiko-session.py reports of a switch.
type netmikoSeen struct {
	Prompt      string   `json:"prompt"`
	Privileged  bool     `json:"privileged"`
	Version     string   `json:"version"`
	Answers     []string `json:"answers"`
	Configuring bool     `json:"configuring"`
	Saved       string   `json:"saved"`
	Running     string   `json:"running"`
	VLANs       string   `json:"vlans"`
	Rejected    string   `json:"rejected"`
	Error       string   `json:"error"`
}

// TestNetmiko logs in to a switch of each model, configures it twice, saves,
// and reads it.
func TestNetmiko(t *testing.T) {
	t.Parallel()
	benches := startAll(t, func(iossim.Profile) bool { return true })
	known := filepath.Join(t.TempDir(), "known_hosts")
	var names []string
	var input []map[string]any
	var keys strings.Builder
	for name, b := range benches {
		names = append(names, name)
		host, port, err := net.SplitHostPort(b.Target.Address)
		if err != nil {
			t.Fatal(err)
		}
		keys.WriteString(knownhosts.Line([]string{b.Target.Address}, b.HostKey) + "\n")
		device := "cisco_ios"
		if b.Profile.NXOS {
			device = "cisco_nxos"
		}
		input = append(input, map[string]any{
			"connect": map[string]any{
				"device_type": device, "host": host, "port": port, "username": b.Target.Username, "password": b.Target.Password,
				"secret": b.Target.EnablePassword, "ssh_strict": true, "alt_host_keys": true, "alt_key_file": known,
				"banner_timeout": 60, "auth_timeout": 60,
			},
			"lines": []string{
				"vlan 100", "name storage", "exit",
				"interface " + b.access, "description node1", "switchport access vlan 100", "exit",
				"interface " + b.spare, "shutdown",
			},
		})
	}
	if err := os.WriteFile(known, []byte(keys.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	seen := netmiko(t, input)
	for i, name := range names {
		b := benches[name]
		if seen[i].Error != "" {
			t.Errorf("%s: %s", name, seen[i].Error)
			continue
		}
		judge(t, name, b, seen[i])
	}
}

func netmiko(t *testing.T, switches []map[string]any) []netmikoSeen {
	t.Helper()
	text, err := json.Marshal(switches)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, python, "testdata/netmiko-session.py")
	cmd.Stdin = bytes.NewReader(text)
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, complaints.String())
	}
	var seen []netmikoSeen
	if err := json.Unmarshal(out, &seen); err != nil || len(seen) != len(switches) {
		t.Fatalf("%v: %s", err, out)
	}
	return seen
}

func judge(t *testing.T, name string, b bench, seen netmikoSeen) {
	t.Helper()
	if seen.Prompt != "leaf1#" || !seen.Privileged || seen.Configuring {
		t.Errorf("%s: prompt %q, privileged %t, still configuring %t", name, seen.Prompt, seen.Privileged, seen.Configuring)
	}
	if !strings.Contains(seen.Version, b.Profile.Name) || !strings.Contains(seen.Rejected, "% Invalid") {
		t.Errorf("%s: show version says\n%s\nand an unknown command\n%s", name, seen.Version, seen.Rejected)
	}
	for _, answer := range seen.Answers {
		if strings.Contains(answer, "% ") {
			t.Errorf("%s: a line was not taken:\n%s", name, answer)
		}
	}
	// What netmiko read is the switch's own text, from its version line on.
	_, text, _ := strings.Cut(seen.Running, "\nversion ")
	running := b.RunningConfig()
	if "version "+strings.TrimSpace(text) != strings.TrimSpace(running) {
		t.Errorf("%s: netmiko read\n%s\nof\n%s", name, seen.Running, running)
	}
	lines := added(b.blank, running)
	for _, want := range []string{"interface " + b.access + "\n description node1", "interface " + b.access + "\n switchport access vlan 100", "interface " + b.spare + "\n shutdown"} {
		if !strings.Contains(strings.ReplaceAll(lines, "\n  ", "\n "), want) {
			t.Errorf("%s: no %q in\n%s", name, want, lines)
		}
	}
	if !strings.Contains(seen.VLANs, "\n100  storage") {
		t.Errorf("%s: no VLAN storage in\n%s", name, seen.VLANs)
	}
	if b.StartupConfig() != running {
		t.Errorf("%s: not saved: %s", name, seen.Saved)
	}
}
