// Package ansible drives simulated switches with Debian's Ansible, and reads
// what its modules say that they did.
package ansible

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/cthulix/terraform-provider-cthulix/test/switches"
)

// playbook is Debian's: another one in the PATH may lack the collections.
const playbook = "/usr/bin/ansible-playbook"

// Host is a switch in the inventory, in the group ios or nxos.
type Host struct {
	switches.Switch
	// Vars are what the playbook knows of it beside how to get in.
	Vars map[string]any
}

// Result is what a task did on a host.
type Result struct {
	Changed     bool `json:"changed"`
	Failed      bool `json:"failed"`
	Unreachable bool `json:"unreachable"`
	Skipped     bool `json:"skipped"`
	Msg         any  `json:"msg"`
	// Stderr is what a module printed that broke off.
	Stderr   string   `json:"module_stderr"`
	Commands []string `json:"commands"`
	// Facts are those that the task set.
	Facts map[string]json.RawMessage `json:"ansible_facts"`
}

// Report holds the results of a run by task and host.
type Report map[string]map[string]Result

// Run plays a playbook in which each task has a name of its own. dir is an
// empty directory for what Ansible leaves behind. The report is valid with the
// error that a task failed, too.
func Run(ctx context.Context, dir, file string, hosts map[string]Host) (Report, error) {
	inventory := filepath.Join(dir, "inventory.json")
	if err := writeInventory(inventory, hosts); err != nil {
		return nil, err
	}
	if err := writeKnownHosts(filepath.Join(dir, ".ssh", "known_hosts"), hosts); err != nil {
		return nil, err
	}
	// A configuration of the machine's own would be one more thing that differs.
	config := filepath.Join(dir, "ansible.cfg")
	if err := os.WriteFile(config, nil, 0o600); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, playbook, "-i", inventory, file)
	cmd.Env = append(os.Environ(),
		"HOME="+dir, "ANSIBLE_HOME="+filepath.Join(dir, "ansible"), "ANSIBLE_LOCAL_TEMP="+filepath.Join(dir, "tmp"), "ANSIBLE_CONFIG="+config,
		"ANSIBLE_STDOUT_CALLBACK=ansible.posix.json", "ANSIBLE_NOCOLOR=1", "ANSIBLE_RETRY_FILES_ENABLED=0", "ANSIBLE_DEPRECATION_WARNINGS=0",
		"ANSIBLE_PARAMIKO_LOOK_FOR_KEYS=0", "ANSIBLE_FORKS=8", "ANSIBLE_PERSISTENT_COMMAND_TIMEOUT=120", "ANSIBLE_PERSISTENT_CONNECT_TIMEOUT=180", "LC_ALL=C.UTF-8")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, runErr := cmd.Output()
	report, err := parse(out)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s%s", file, errors.Join(runErr, err), out, complaints.String())
	}
	var failed []error
	for task, byHost := range report {
		for host, r := range byHost {
			if r.Failed || r.Unreachable {
				failed = append(failed, fmt.Errorf("%s on %s: %v %s", task, host, r.Msg, r.Stderr))
			}
		}
	}
	if runErr != nil && len(failed) == 0 {
		failed = append(failed, fmt.Errorf("%w: %s", runErr, complaints.String()))
	}
	return report, errors.Join(failed...)
}

// parse reads the output of Ansible's json callback.
func parse(out []byte) (Report, error) {
	var printed struct {
		Plays []struct {
			Tasks []struct {
				Task  struct{ Name string }
				Hosts map[string]Result
			}
		}
	}
	if err := json.Unmarshal(out, &printed); err != nil {
		return nil, err
	}
	report := Report{}
	for _, play := range printed.Plays {
		for _, t := range play.Tasks {
			if report[t.Task.Name] == nil {
				report[t.Task.Name] = map[string]Result{}
			}
			for host, r := range t.Hosts {
				report[t.Task.Name][host] = r
			}
		}
	}
	return report, nil
}

func writeInventory(path string, hosts map[string]Host) error {
	groups := map[string]map[string]any{"ios": {}, "nxos": {}}
	for name, h := range hosts {
		address, port, err := net.SplitHostPort(h.Target.Address)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		vars := map[string]any{
			"ansible_host": address, "ansible_port": port, "ansible_user": h.Target.Username, "ansible_password": h.Target.Password,
			"ansible_connection": "ansible.netcommon.network_cli", "ansible_network_cli_ssh_type": "paramiko",
			"ansible_python_interpreter": "/usr/bin/python3",
		}
		group := "nxos"
		if h.Profile.NXOS {
			vars["ansible_network_os"] = "cisco.nxos.nxos"
		} else {
			group = "ios"
			vars["ansible_network_os"] = "cisco.ios.ios"
			vars["ansible_become"], vars["ansible_become_method"] = true, "ansible.netcommon.enable"
			vars["ansible_become_password"] = h.Target.EnablePassword
		}
		for k, v := range h.Vars {
			vars[k] = v
		}
		groups[group][name] = vars
	}
	tree := map[string]any{}
	for group, members := range groups {
		tree[group] = map[string]any{"hosts": members}
	}
	data, err := json.Marshal(map[string]any{"all": map[string]any{"children": tree}})
	if err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o600)
}

// writeKnownHosts pins the switches' keys, as an operator would.
func writeKnownHosts(path string, hosts map[string]Host) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	var lines strings.Builder
	for _, h := range hosts {
		lines.WriteString(knownhosts.Line([]string{h.Target.Address}, h.HostKey) + "\n")
	}
	return os.WriteFile(path, []byte(lines.String()), 0o600)
}
