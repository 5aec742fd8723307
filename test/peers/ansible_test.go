package peers

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/fabric/dialect"
	"github.com/cthulix/terraform-provider-cthulix/lab/iossim"
	"github.com/cthulix/terraform-provider-cthulix/test/ansible"
)

// TestAnsible has cisco.ios and cisco.nxos configure a switch of each model:
// the second run changes nothing, the switch is as asked, what is read of it is
// what Ansible reads, and what it did it can take back without a trace.
func TestAnsible(t *testing.T) {
	for _, os := range []string{"ios", "nxos"} {
		t.Run(os, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Minute)
			defer cancel()
			benches := startAll(t, func(p iossim.Profile) bool { return p.NXOS == (os == "nxos") })
			hosts := map[string]ansible.Host{}
			for name, b := range benches {
				hosts[name] = ansible.Host{Switch: b.Switch, Vars: map[string]any{
					"access": b.access, "trunk": b.trunk, "member1": b.member1, "member2": b.member2, "spare": b.spare,
					"allowed": allowed(b.Profile), "isl": b.Profile.ISL,
				}}
			}
			report, err := ansible.Run(ctx, t.TempDir(), "testdata/"+os+".yml", hosts)
			if err != nil {
				t.Fatal(err)
			}
			for name, b := range benches {
				changedOnce(t, report, name)
				configured(t, name, b)
				obs, err := dialect.Observe(ctx, b.Target, nil)
				if err != nil {
					t.Fatal(err)
				}
				sameReading(t, name, obs, report["facts"][name])
			}
			if _, err := ansible.Run(ctx, t.TempDir(), "testdata/"+os+"-back.yml", hosts); err != nil {
				t.Fatal(err)
			}
			for name, b := range benches {
				if got := b.RunningConfig(); got != b.blank {
					t.Errorf("%s: after all was taken back\n%s\nis there, and\n%s\nis not", name, added(b.blank, got), added(got, b.blank))
				}
			}
		})
	}
}

// changedOnce checks each module's first and second task.
func changedOnce(t *testing.T, report ansible.Report, host string) {
	t.Helper()
	for _, module := range []string{"vlans", "l2_interfaces", "lag_interfaces", "interfaces"} {
		first, ran := report[module][host]
		again, ranAgain := report[module+", again"][host]
		if !ran || !ranAgain || !first.Changed || again.Changed {
			t.Errorf("%s: %s: ran %t, changed %t; again: ran %t, changed %t %q", host, module, ran, first.Changed, ranAgain, again.Changed, again.Commands)
		}
	}
}

// configured checks that the switch has what the playbook asks for, and that
// it was saved.
func configured(t *testing.T, name string, b bench) {
	t.Helper()
	want := map[string][]string{
		b.access:  {"description node1", "switchport access vlan 100"},
		b.trunk:   {"switchport mode trunk", "switchport trunk native vlan 200"},
		b.member1: {"channel-group 1 mode active"},
		b.member2: {"channel-group 1 mode active"},
		b.spare:   {"description spare, since the move", "shutdown"},
	}
	if !b.Profile.NXOS {
		want[b.access] = append(want[b.access], "switchport mode access", "switchport voice vlan 200", "speed 100", "duplex full")
	}
	if b.Profile.ISL {
		want[b.trunk] = append(want[b.trunk], "switchport trunk encapsulation dot1q")
	}
	for port, lines := range want {
		shown, err := b.Exec("show running-config interface " + port)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, line := range lines {
			if !strings.Contains(shown, " "+line+"\n") {
				t.Errorf("%s: %s is without %q:\n%s", name, port, line, shown)
			}
		}
	}
	vlans, err := b.Exec("show vlan brief")
	for _, line := range []string{"100  storage", "200  compute", "300  parked"} {
		if err != nil || !strings.Contains(vlans, "\n"+line) {
			t.Errorf("%s: %v: no VLAN %q:\n%s", name, err, line, vlans)
		}
	}
	if b.StartupConfig() != b.RunningConfig() {
		t.Errorf("%s: not saved, or changed since:\n%s", name, added(b.StartupConfig(), b.RunningConfig()))
	}
	t.Logf("%s: %d sessions\n%s", name, b.Stats().Logins, added(b.blank, b.RunningConfig()))
}
