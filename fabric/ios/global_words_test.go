package ios

import (
	"slices"
	"strings"
	"testing"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

func planOf(t *testing.T, running string, want fabric.Want) []string {
	t.Helper()
	obs, err := Saved{Running: running}.Observation()
	if err != nil {
		t.Fatal(err)
	}
	change, err := Plan(obs, want)
	if err != nil {
		t.Fatal(err)
	}
	return change.Commands
}

// A switch names its default spanning tree in the running configuration: there
// is nothing to take away.
func TestDefaultSpanningTree(t *testing.T) {
	want := fabric.Want{Global: fabric.Global{SpanningTreeMode: string(fabric.Default)}}
	for mode, lines := range map[string][]string{"pvst": nil, "rapid-pvst": nil, "mst": {"no spanning-tree mode"}} {
		if got := planOf(t, "hostname s\nspanning-tree mode "+mode+"\nend\n", want); !slices.Equal(got, lines) {
			t.Errorf("%s: %q, want %q", mode, got, lines)
		}
	}
}

// "all" is a word of trunks alone.
func TestAllVLANsInNumbers(t *testing.T) {
	want := fabric.Want{Global: fabric.Global{
		SpanningTreePriority: map[int]fabric.VLANSet{fabric.DefaultPriority: fabric.AllVLANs()},
		DHCPSnooping:         fabric.DHCPSnooping{VLANs: fabric.AllVLANs()},
	}}
	got := strings.Join(planOf(t, "hostname s\nspanning-tree vlan 1-4094 priority 4096\nend\n", want), "\n")
	if got != "no spanning-tree vlan 1-4094 priority\nip dhcp snooping vlan 1-4094" {
		t.Errorf("%s", got)
	}
}

// A trunk in ISL stays one, and what becomes a trunk speaks 802.1Q.
func TestISLTrunkStays(t *testing.T) {
	want := func(name string) fabric.Want {
		return fabric.Want{Ports: map[string]fabric.Port{name: {Name: name, Mode: fabric.ModeTrunk}}}
	}
	const running = `hostname s
interface GigabitEthernet0/1
 switchport trunk encapsulation isl
 switchport mode trunk
!
interface GigabitEthernet0/2
 switchport trunk encapsulation isl
 switchport mode access
!
end
`
	if got := planOf(t, running, want("GigabitEthernet0/1")); len(got) > 0 {
		t.Errorf("a trunk that is there: %q", got)
	}
	if got := strings.Join(planOf(t, running, want("GigabitEthernet0/2")), "\n"); !strings.Contains(got, "switchport trunk encapsulation dot1q\nswitchport mode trunk") {
		t.Errorf("a trunk to be: %q", got)
	}
}
