package bench

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
	"github.com/cthulix/terraform-provider-cthulix/test/ansible"
	"github.com/cthulix/terraform-provider-cthulix/test/switches"
)

// BenchmarkSwitchApplyAnsible is `terraform apply` against ansible-playbook, on
// switches alike that both end the same.
func BenchmarkSwitchApplyAnsible(b *testing.B) {
	const latency = 20 * time.Millisecond
	want := racked(48)
	for b.Loop() {
		b.StopTimer()
		ours, theirs := startSwitch(b, latency), startSwitch(b, latency)
		w := newWorkspace(b, hcl(b, providerConfig(b, map[string]switches.Switch{"leaf1": ours}), map[string]map[string]any{
			"cthulix_switch": {"leaf1": switchConfig("leaf1", want)},
		}))
		b.StartTimer()
		applied := w.apply()
		if n := ours.Stats().Logins; n > 3 {
			b.Errorf("terraform apply took %d sessions, want one to plan and two to apply", n)
		}
		hosts := map[string]ansible.Host{"leaf1": {Switch: theirs, Vars: playbookVars(b, want)}}
		begun := time.Now()
		if _, err := ansible.Run(b.Context(), b.TempDir(), "testdata/apply.yml", hosts); err != nil {
			b.Fatal(err)
		}
		took := time.Since(begun)
		b.StopTimer()
		if ours.RunningConfig() != theirs.RunningConfig() || theirs.StartupConfig() != theirs.RunningConfig() {
			b.Fatalf("the switches differ, or were not saved:\n%s\nand after Ansible\n%s", ours.RunningConfig(), theirs.RunningConfig())
		}
		b.StartTimer()
		b.ReportMetric(float64(ours.Stats().Logins), "terraform-sessions")
		b.ReportMetric(float64(theirs.Stats().Logins), "ansible-sessions")
		b.ReportMetric(applied.took.Seconds(), "terraform-s")
		b.ReportMetric(took.Seconds(), "ansible-s")
		b.ReportMetric(took.Seconds()/applied.took.Seconds(), "ansible/terraform")
	}
}

// playbookVars are what testdata/apply.yml makes a switch of.
func playbookVars(b *testing.B, want fabric.Want) map[string]any {
	b.Helper()
	var vlans, interfaces, l2 []map[string]any
	var portfast strings.Builder
	for id, v := range want.VLANs {
		vlans = append(vlans, map[string]any{"vlan_id": id, "name": v.Name})
	}
	for name, p := range want.Ports {
		interfaces = append(interfaces, map[string]any{"name": name, "description": p.Description})
		l2 = append(l2, map[string]any{"name": name, "mode": "access", "access": map[string]any{"vlan": p.AccessVLAN}})
		portfast.WriteString("interface " + name + "\n spanning-tree portfast\n")
	}
	src := filepath.Join(b.TempDir(), "portfast.cfg")
	if err := os.WriteFile(src, []byte(portfast.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	return map[string]any{"vlans": vlans, "interfaces": interfaces, "l2": l2, "portfast": src}
}
