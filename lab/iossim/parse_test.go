package iossim

import (
	"slices"
	"strings"
	"testing"

	"github.com/cthulix/terraform-provider-cthulix/lab/wire"
)

func TestParseVLANs(t *testing.T) {
	for _, test := range []struct {
		in   string
		want []int
		bad  string
	}{
		{in: "1", want: []int{1}},
		{in: "1,4094", want: []int{1, 4094}},
		{in: "3,1-2,5-5", want: []int{1, 2, 3, 5}},
		{in: "10-12,11", want: []int{10, 11, 12}},
		{in: "0", bad: "out of the range"},
		{in: "4095", bad: "character #5 (EOL)"},
		{in: "1-4095", bad: "character #7 (EOL)"},
		{in: "5000,1", bad: "character #5 (',')"},
		{in: "", bad: "character #1 (EOL)"},
		{in: "1,,2", bad: "character #3 (',')"},
		{in: "1-2-3", bad: "ascending"},
		{in: "1;2", bad: "character #2 is a non-numeric"},
		{in: "99999999999999999999", bad: "out of the range"},
	} {
		got, err := parseVLANs(test.in)
		switch {
		case test.bad == "" && (err != nil || !slices.Equal(got.IDs(), test.want)):
			t.Errorf("%q: %v, %v", test.in, got.IDs(), err)
		case test.bad != "" && (err == nil || !strings.Contains(err.Error(), test.bad)):
			t.Errorf("%q: %v, want %q", test.in, err, test.bad)
		}
	}
}

func TestFormatVLANs(t *testing.T) {
	for want, ids := range map[string][]int{
		"":           {},
		"1":          {1},
		"14,15":      {14, 15},
		"14-16,4094": {14, 15, 16, 4094},
	} {
		if got := formatVLANs(wire.VLANsOf(ids...)); got != want {
			t.Errorf("%v: %q, want %q", ids, got, want)
		}
	}
}

func TestInterfaceNames(t *testing.T) {
	for in, want := range map[string]string{
		"gi1/0/1": "GigabitEthernet1/0/1", "GIGABIT 1/0/01": "GigabitEthernet1/0/1", "g 1/0/1": "GigabitEthernet1/0/1",
		"fa0": "FastEthernet0", "po1": "Port-channel1", "port-channel 1": "Port-channel1", "vl20": "Vlan20", "Te1/1/1": "TenGigabitEthernet1/1/1",
		"f0": "FastEthernet0", "x1": "", "gi": "", "gi1/": "", "gi1/x": "", "1/0/1": "", "gi99999999999": "",
	} {
		got, _, ok := interfaceTokens(tokens(in))
		if ok != (want != "") || ok && got != want {
			t.Errorf("%q: %q, %v; want %q", in, got, ok, want)
		}
	}
	for in, want := range map[string]string{
		"gi1/0/1":                   "Gi1/0/1",
		"gi1/0/1 - 3":               "Gi1/0/1 Gi1/0/2 Gi1/0/3",
		"gi1/0/1-2,gi1/0/5":         "Gi1/0/1 Gi1/0/2 Gi1/0/5",
		"gi 1/0/1 - 2 , vlan 2 - 3": "Gi1/0/1 Gi1/0/2 Vl2 Vl3",
		"gi1/0/1 - gi1/0/2":         "Gi1/0/1 Gi1/0/2",
		"port-channel1 - 2":         "Po1 Po2",
		"gi1/0/3 - 1":               "",
		"gi1/0/1 - gi1/1/2":         "",
		"gi1/0/1 -":                 "",
		",":                         "",
	} {
		names, bad := rangeNames(in)
		for i := range names {
			names[i] = shortName(names[i])
		}
		if got := strings.Join(names, " "); got != want || (bad < 0) != (want != "") {
			t.Errorf("%q: %q, bad at %d; want %q", in, got, bad, want)
		}
	}
}

func TestSection(t *testing.T) {
	text := "a\ninterface X\n  one\n   deep\n two\ninterface Y\n one\nend\n"
	for filterText, want := range map[string]string{
		"| section ^interface Y": "interface Y\n one\n",
		"| section interface":    "interface X\n  one\n   deep\n two\ninterface Y\n one\n",
		"| sec one":              "  one\n   deep\n one\n",
		"| i Y|end":              "interface Y\nend\n",
		"| b Y":                  "interface Y\n one\nend\n",
		"| exclude [a-z]":        "",
	} {
		_, f, bad := splitFilter("show x "+filterText, 0, false)
		if bad != nil {
			t.Errorf("%s: %v", filterText, bad)
			continue
		}
		if got := f.apply(text); got != want {
			t.Errorf("%s:\n%s, want\n%s", filterText, got, want)
		}
	}
}

func TestSecrets(t *testing.T) {
	stored := storedSecret("leaf1/admin", "correct horse")
	if strings.Contains(stored, "horse") || !checkSecret(stored, "correct horse") || checkSecret(stored, "wrong") {
		t.Errorf("stored as %q", stored)
	}
	if again := storedSecret("leaf1/admin", stored); again != stored {
		t.Errorf("a hash was hashed again: %q", again)
	}
	for _, bad := range []string{"", "9 ", "9 $9$x", "5 $1$a$b", "7 0822455D0A16"} {
		if checkSecret(bad, "") && bad != "" {
			t.Errorf("%q accepts an empty password", bad)
		}
	}
}

// FuzzCommandLine types anything anywhere. Nothing may panic, a rejected line
// may change nothing, and what results must load again as it was.
func FuzzCommandLine(f *testing.F) {
	for _, seed := range []string{
		"show running-config | include x", "conf t\nint gi1/0/1\nsw acc vl 20\nend", "conf t\ninterface range gi1/0/1 - 3 , vlan 2\nno shut",
		"conf t\nvlan 10,20-22\nname x", "conf t\nvtp mode transparent\nvlan 2000", "conf t\nbanner motd #\nx\n#", "conf t\nline vty 0 4\nlogin",
		"conf t\nint gi1/0/2\nsw mo tr\nsw tr al vl except 3", "copy run start\n", "conf t\nhostname x\ndo wr\nno ip domain-lookup",
		"conf t\nip access-list extended A\npermit ip any any", "conf t\nusername a privilege 3 password b", "conf t\ndefault interface gi1/0/1",
		"conf t\nint range gi1/0/1 - 2\nchannel-group 1 mode active\nint po1\nsw mo tr\nshut\nno int po1", "conf t\nspanning-tree vlan 1-9 priority 4096\nno spanning-tree vlan 5",
		"conf t\nint gi1/0/1\nsw mo acc\nsw voice vl 9\nsw port-sec\nsw port-sec max 3\nstorm-control broadcast level 5 4\npower inline never\nspeed 100\nno cdp en",
		"conf t\nint vl 5\nip addr 10.0.0.1 255.0.0.0\nip addr 11.0.0.1 255.0.0.0 sec\nip helper 1.2.3.4\nno ip redir", "conf t\nip dhcp snooping vlan 3,7-9\nno ip dhcp snooping vlan 8",
		"conf t\narchive\npath flash:x\nend\nconf t rev ti 5\nhostname z\nend\nconf rev now", "reload in 5\nno\n\nreload cancel", "copy run flash:x\n\nconf rep flash:x force",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.ContainsAny(text, "\x00\r") {
			return
		}
		plane := wire.New()
		defer plane.Close()
		s := small(t, func(c *Config) { c.Plane = plane; c.Ports = 3 })
		session := privileged(s)
		for _, line := range strings.SplitN(text, "\n", 30) {
			line = line[:min(len(line), 200)]
			before := s.RunningConfig()
			session.promptText()
			session.answer(line)
			if why := session.rejection(); why != "" && strings.Contains(why, "^") && s.RunningConfig() != before {
				t.Fatalf("line %q was rejected and changed the configuration:\n%s\nbefore:\n%s", line, s.RunningConfig(), before)
			}
		}
		session.leave()
		running := s.RunningConfig()
		again := small(t, func(c *Config) { c.Startup = running; c.Ports = 3 })
		if got := again.RunningConfig(); got != running {
			t.Fatalf("after typing %q the configuration\n%s\nloads as\n%s", text, running, got)
		}
	})
}
