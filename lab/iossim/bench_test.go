package iossim

import "testing"

// BenchmarkConfigure is what a property test does most: load a switch, change
// a few ports, read the configuration.
func BenchmarkConfigure(b *testing.B) {
	startup := "version 15.2\nvlan 10,20\ninterface GigabitEthernet1/0/1\n switchport mode trunk\nend\n"
	for b.Loop() {
		s, err := New(Config{Hostname: "leaf1", Startup: startup})
		if err != nil {
			b.Fatal(err)
		}
		for range 10 {
			if _, err := s.Exec("conf t", "int gi1/0/1", "switchport trunk allowed vlan 10", "int range gi1/0/2 - 3", "channel-group 1 mode active", "int po1", "switchport mode trunk", "end"); err != nil {
				b.Fatal(err)
			}
			_ = s.RunningConfig()
		}
	}
}
