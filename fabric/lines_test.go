package fabric

import "testing"

func TestNamesRange(t *testing.T) {
	for name, want := range map[string]bool{
		"range GigabitEthernet1/0/1 - 4": true, "Range gi1/0/1": true, "Ethernet1/8-9": true, "Gi1/0/1 , Gi1/0/3": true, "Ethernet1/1,Ethernet1/3": true,
		"GigabitEthernet1/0/1": false, "Port-channel7": false, "port-channel 7": false, "Embedded-Service-Engine0/0": false,
		"ATM0/0.1 point-to-point": false, "Serial0/0/0:0": false, "Vlan10": false, "Wlan-GigabitEthernet0": false, "mgmt0": false,
	} {
		if got := NamesRange(name); got != want {
			t.Errorf("%q: %t, want %t", name, got, want)
		}
	}
}

func TestListsInOrder(t *testing.T) {
	const command = "switchport trunk allowed vlan "
	got := ListsInOrder([]string{"description a", command + "add 9", "shutdown", command + "7"})
	for i, want := range []string{"description a", command + "7", command + "add 9", "shutdown"} {
		if got[i] != want {
			t.Errorf("line %d: %q, want %q", i, got[i], want)
		}
	}
}
