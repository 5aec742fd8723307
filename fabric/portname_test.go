package fabric

import "testing"

func TestNormalizePort(t *testing.T) {
	for _, tc := range []struct{ platform, in, want, short string }{
		{"", "gi1/0/1", "GigabitEthernet1/0/1", "Gi1/0/1"},
		{"ios", "GigabitEthernet1/0/48", "GigabitEthernet1/0/48", "Gi1/0/48"},
		{"ios", "Gig 1/0/1", "GigabitEthernet1/0/1", "Gi1/0/1"},
		{"ios", " gigabitethernet1/0/01 ", "GigabitEthernet1/0/1", "Gi1/0/1"},
		{"ios", "g0/1", "GigabitEthernet0/1", "Gi0/1"},
		{"ios", "fa0/24", "FastEthernet0/24", "Fa0/24"},
		{"ios", "FAST0/24", "FastEthernet0/24", "Fa0/24"},
		{"ios", "te1/1/1", "TenGigabitEthernet1/1/1", "Te1/1/1"},
		{"iosxe", "Twe1/0/1", "TwentyFiveGigE1/0/1", "Twe1/0/1"},
		{"iosxe", "Tw1/0/1", "TwoGigabitEthernet1/0/1", "Tw1/0/1"},
		{"iosxe", "Hu1/0/1", "HundredGigE1/0/1", "Hu1/0/1"},
		{"iosxe", "fo1/1/1", "FortyGigabitEthernet1/1/1", "Fo1/1/1"},
		{"ios", "po1", "Port-channel1", "Po1"},
		{"ios", "port-channel 12", "Port-channel12", "Po12"},
		{"ios", "e0/0", "Ethernet0/0", "Et0/0"},
		{"ios", "vlan10", "Vlan10", "Vl10"},
		{"nxos", "eth1/1", "Ethernet1/1", "Et1/1"},
		{"nxos", "po10", "port-channel10", "Po10"},
	} {
		got, err := NormalizePort(tc.platform, tc.in)
		if err != nil || got != tc.want {
			t.Errorf("%q on %q: got %q, %v; want %q", tc.in, tc.platform, got, err, tc.want)
			continue
		}
		if again, err := NormalizePort(tc.platform, got); err != nil || again != got {
			t.Errorf("%q is not stable: %q, %v", got, again, err)
		}
		if short := ShortPort(got); short != tc.short {
			t.Errorf("ShortPort(%q) is %q, want %q", got, short, tc.short)
		}
	}
	for _, bad := range []string{"", "1/0/1", "gi", "gi1/0/", "gi/1", "foo1/1", "t1/1", "gi1/0/1 description", "gi1/0/1\nshutdown", "gi1/0/1/2/3", "gi99999", "gi-1"} {
		if got, err := NormalizePort("ios", bad); err == nil {
			t.Errorf("%q is taken for %q", bad, got)
		}
	}
}

func FuzzNormalizePort(f *testing.F) {
	for _, s := range []string{"gi1/0/1", "po1", "Twe 1/0/1", "GigabitEthernet0/1.100", "x", "gi01"} {
		f.Add("ios", s)
	}
	f.Fuzz(func(t *testing.T, platform, s string) {
		got, err := NormalizePort(platform, s)
		if err != nil {
			return
		}
		if again, err := NormalizePort(platform, got); err != nil || again != got {
			t.Fatalf("%q gives %q, which gives %q, %v", s, got, again, err)
		}
	})
}
