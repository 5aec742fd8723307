package path_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
	"github.com/cthulix/terraform-provider-cthulix/fabric/path"
)

// FuzzProve feeds any lines to the interpreter, as a change and as a running
// configuration. A refusal must name a line that is there, and must be found
// again when the lines after it are left out.
func FuzzProve(f *testing.F) {
	f.Add("interface GigabitEthernet1/0/48\nswitchport trunk allowed vlan none", config(taggedUplink, ""))
	f.Add("no vlan 1-4094\nvlan 5-7\nstate suspend\nexit\ndefault interface range Gi1/0/1 - 48 , Po1", config(memberUplink, bundle))
	f.Add("interface range gi1/0/1-2,3,5/7\nno switchport\nip address 1.2.3.4/33\nip address 1.2.3.4 255.0.255.0", "interface Vlan10\n ip address 10.0.0.2/24\nend")
	f.Add("channel-group 1 mode\nno\nip\nswitchport\nno switchport access\nip route 0.0.0.0 0.0.0.0\nvlan 0", "banner motd ")
	f.Add("feature lacp\nno feature interface-vlan\ninterface port-channel4294967296\nshutdown", "interface Ethernet1/1\n  vrf member management\n")
	base := observe(f, config(taggedUplink, ""))
	f.Fuzz(func(t *testing.T, change, running string) {
		const long = 8 << 10 // bytes: more takes time and tells nothing new
		if len(change)+len(running) > long {
			return
		}
		lines := strings.Split(change, "\n")
		for _, platform := range []string{"ios", "nxos"} {
			obs := base
			obs.Platform = platform
			m := path.Management{Address: netip.MustParseAddr("10.0.0.2"), Interface: uplink}
			if _, err := path.Prove(obs, strings.Split(running, "\n"), m); err != nil {
				checkCut(t, obs, strings.Split(running, "\n"), m, err)
			}
			if _, err := path.Prove(obs, lines, m); err != nil {
				checkCut(t, obs, lines, m, err)
			}
			m.Interface = ""
			obs.Running = running
			if _, err := path.Prove(obs, lines, m); err != nil {
				checkCut(t, obs, lines, m, err)
			}
		}
	})
}

func checkCut(t *testing.T, obs fabric.Observation, lines []string, m path.Management, err error) {
	t.Helper()
	var cut *path.CutError
	if !errors.As(err, &cut) || cut.Number < 1 || cut.Number > len(lines) || cut.Why == "" || lines[cut.Number-1] != cut.Line {
		t.Fatalf("a refusal that names no line of the change: %#v", err)
	}
	if _, err := path.Prove(obs, lines[:cut.Number-1], m); errors.As(err, &cut) {
		t.Fatalf("without the line that cuts, another is found: %v", err)
	}
}
