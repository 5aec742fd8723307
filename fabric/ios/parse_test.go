package ios

import (
	"encoding/json"
	"errors"
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

var update = flag.Bool("update", false, "write the golden files anew")

func readFile(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// golden compares a value's JSON with a file.
func golden(t *testing.T, name string, v any) {
	t.Helper()
	got, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	if *update {
		if err := os.WriteFile(filepath.Join("testdata", name), got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if d := cmp.Diff(readFile(t, name), string(got)); d != "" {
		t.Errorf("%s (-want +got):\n%s", name, d)
	}
}

func TestParseRunning(t *testing.T) {
	text := readFile(t, "running-3560x.txt")
	for _, s := range []string{text, strings.ReplaceAll(text, "\n", "\r\n")} {
		cfg, err := ParseRunning(s)
		if err != nil {
			t.Fatal(err)
		}
		golden(t, "running-3560x.json", cfg)
	}
}

// TestShortReadEverywhere cuts a configuration at every line: no part of it is
// ever taken for the whole.
func TestShortReadEverywhere(t *testing.T) {
	lines := strings.SplitAfter(strings.TrimSpace(readFile(t, "running-3560x.txt")), "\n")
	for i := range lines {
		if _, err := ParseRunning(strings.Join(lines[:i], "")); !errors.Is(err, ErrShortRead) {
			t.Errorf("cut before line %d (%q): %v", i+1, lines[i], err)
		}
	}
}

func TestUnsaved(t *testing.T) {
	text := readFile(t, "running-3560x.txt")
	if newer, told := unsaved(text); !newer || !told {
		t.Error("a change after the save is not seen")
	}
	later, told := unsaved(strings.ReplaceAll(text, "10:58:40", "11:02:17"))
	none, toldNone := unsaved("hostname x\nend\n")
	if later || none || told || toldNone {
		t.Error("a saved configuration counts as unsaved")
	}
}

func TestParseVLANBrief(t *testing.T) {
	got, err := ParseVLANBrief(readFile(t, "vlan-brief.txt"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[int]fabric.VLAN{
		1:    {ID: 1, Name: "default"},
		10:   {ID: 10, Name: "VLAN0010"},
		20:   {ID: 20, Name: "cluster"},
		30:   {ID: 30, Name: "active suspended", State: "suspended"},
		40:   {ID: 40, Name: "a_very_long_vlan_name_that_does_not_fit"},
		50:   {ID: 50, Name: "stopped", State: "act/lshut"},
		2000: {ID: 2000, Name: "VLAN2000"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	for _, bad := range []string{"", invalid, "VLAN Name   Status\n", "VLAN Name Status\n9999 x  active\n", "VLAN Name Status\n20 x  odd\n", "VLAN Name Status\n20 x\n"} {
		if got, err := ParseVLANBrief(bad); err == nil {
			t.Errorf("%q gives %v", bad, got)
		}
	}
}

func TestParseVTPStatus(t *testing.T) {
	for _, tc := range []struct {
		text string
		want VTP
	}{
		{"VTP Version capable             : 1 to 3\nVTP version running             : 3\nVTP Domain Name                 : lab\nFeature VLAN:\n--------------\nVTP Operating Mode                : Primary Server\nMaximum VLANs supported locally   : 1005\nFeature MST:\n--------------\nVTP Operating Mode                : Transparent\n", VTP{"server", 3, "lab", 1005}},
		{"VTP Version                     : running VTP1 (VTP2 capable)\nConfiguration Revision          : 0\nVTP Operating Mode              : Transparent\nVTP Domain Name                 :\n", VTP{"transparent", 1, "", 0}},
		{"VTP Version                     : 2\nVTP Operating Mode              : Client\n", VTP{"client", 2, "", 0}},
		{"VTP version running             : 1\r\nVTP Operating Mode                : Off\r\n", VTP{"off", 1, "", 0}},
	} {
		got, err := ParseVTPStatus(tc.text)
		if err != nil || got != tc.want {
			t.Errorf("got %+v, %v; want %+v", got, err, tc.want)
		}
	}
	if got, err := ParseVTPStatus("VTP Operating Mode : Sideways\n"); err == nil {
		t.Errorf("got %+v", got)
	}
}

func TestParseVersion(t *testing.T) {
	for _, tc := range []struct {
		name, text string
		want       Version
	}{
		{"2960X", "Cisco IOS Software, C2960X Software (C2960X-UNIVERSALK9-M), Version 15.2(7)E6, RELEASE SOFTWARE (fc2)\nTechnical Support: http://example.com\n\nROM: Bootstrap program is C2960X boot loader\n\nleaf1 uptime is 3 weeks, 1 day, 2 minutes\ncisco WS-C2960X-48TS-L (APM86XXX) processor (revision D0) with 524288K bytes of memory.\nProcessor board ID FOC0000AAAA\nModel number                    : WS-C2960X-48TS-L\nSystem serial number            : FOC0000AAAA\n",
			Version{"leaf1", "ios", "WS-C2960X-48TS-L", "15.2(7)E6", "FOC0000AAAA"}},
		{"9300", "Cisco IOS XE Software, Version 17.03.03\nCisco IOS Software [Amsterdam], Catalyst L3 Switch Software (CAT9K_IOSXE), Version 17.3.3, RELEASE SOFTWARE (fc7)\n\nROM: IOS-XE ROMMON\nacc-9 uptime is 5 minutes\ncisco C9300-48T (X86) processor with 1331521K/6147K bytes of memory.\nProcessor board ID FCW0000BBBB\n",
			Version{"acc-9", "iosxe", "C9300-48T", "17.3.3", "FCW0000BBBB"}},
		{"2950", "Cisco Internetwork Operating System Software \nIOS (tm) C2950 Software (C2950-I6Q4L2-M), Version 12.1(22)EA14, RELEASE SOFTWARE (fc1)\nold uptime is 1 day\ncisco WS-C2950-24 (RC32300) processor (revision R0) with 19912K bytes of memory.\nModel number: WS-C2950-24\nSystem serial number: FHK0000CCCC\n",
			Version{"old", "ios", "WS-C2950-24", "12.1(22)EA14", "FHK0000CCCC"}},
	} {
		got, err := ParseVersion(tc.text)
		if err != nil || got != tc.want {
			t.Errorf("%s: got %+v, %v", tc.name, got, err)
		}
	}
	if _, err := ParseVersion(invalid); err == nil {
		t.Error("a refusal has a version")
	}
}

func TestParseSwitchports(t *testing.T) {
	got, err := ParseSwitchports("Name: Gi1/0/1\nSwitchport: Enabled\nAdministrative Mode: trunk\nOperational Mode: trunk (suspended)\nAdministrative Trunking Encapsulation: negotiate\nAccess Mode VLAN: unassigned\nTrunking Native Mode VLAN: 99 (native)\nTrunking VLANs Enabled: 1,12,15,\n     20-29\nPruning VLANs Enabled: 2-1001\nProtected: false\n\nName: Wl0/1/4\nSwitchport: Disabled\nTrunking VLANs Enabled: ALL\n\nName: Po1\nSwitchport: Enabled\nTrunking VLANs Enabled: NONE\n")
	if err != nil {
		t.Fatal(err)
	}
	want := []Switchport{
		{Name: gi1, Enabled: true, Admin: "trunk", Operational: "trunk (suspended)", Encapsulation: "negotiate", Native: 99, Allowed: mustSet(t, "1,12,15,20-29")},
		{Name: "Wl0/1/4", Allowed: fabric.AllVLANs()},
		{Name: "Port-channel1", Enabled: true, Allowed: fabric.NoVLANs()},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if _, err := ParseSwitchports("nothing"); err == nil {
		t.Error("no port is no error")
	}
}

func TestParseInterfacesStatus(t *testing.T) {
	got, err := ParseInterfacesStatus(`
Port      Name               Status       Vlan       Duplex  Speed Type
Gi1/0/1   connected to disab notconnect   20           auto   auto 10/100/1000BaseTX
Gi1/0/2                      err-disabled trunk      a-full a-1000 Not Present
Gi1/0/3   x                  connected: T 1            full   1000 1000BaseSX SFP
Po1                          connected    trunk      a-full a-1000 
`)
	if err != nil {
		t.Fatal(err)
	}
	want := []PortStatus{
		{gi1, "connected to disab", "notconnect", "20", "auto", "auto", "10/100/1000BaseTX"},
		{gi2, "", "err-disabled", "trunk", "a-full", "a-1000", "Not Present"},
		{"GigabitEthernet1/0/3", "x", "connected", "1", "full", "1000", "1000BaseSX SFP"},
		{"Port-channel1", "", "connected", "trunk", "a-full", "a-1000", ""},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func FuzzParseRunning(f *testing.F) {
	f.Add(readFile(f, "running-3560x.txt"))
	f.Add("banner motd x\nend\n")
	f.Add("vlan 1-4094\n name x\ninterface Gi1\nend\n")
	f.Fuzz(func(t *testing.T, s string) {
		cfg, err := ParseRunning(s)
		if err != nil {
			return
		}
		for name, p := range cfg.Ports {
			if again := ParsePort(name, p.Lines); !cmp.Equal(again, p) {
				t.Fatalf("%s does not read back:\n%s", name, cmp.Diff(p, again))
			}
		}
		for id, v := range cfg.SVIs {
			if again := ParseSVI(id, v.Lines); !cmp.Equal(again, v, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }), cmp.Comparer(func(a, b netip.Addr) bool { return a == b })) {
				t.Fatalf("Vlan%d does not read back", id)
			}
		}
		// Whatever is on a switch, to want its very lines changes nothing.
		want := fabric.Want{Restore: map[string][]string{}}
		for name, p := range cfg.Ports {
			want.Restore[name] = p.Lines
		}
		c, err := Plan(fabric.Observation{Config: cfg}, want)
		if err != nil || !c.Empty() {
			t.Fatalf("%v, %q", err, c.Commands)
		}
	})
}

func FuzzTables(f *testing.F) {
	f.Add(readFile(f, "vlan-brief.txt"))
	sw := newFakeSwitch("leaf1", 1)
	for _, line := range []string{"show vtp status", "show version", "show interfaces Gi1/0/1 switchport", "show interfaces status"} {
		f.Add(sw.show(line))
	}
	for _, sample := range tableSamples {
		f.Add(sample)
	}
	f.Fuzz(func(t *testing.T, s string) {
		vlans, err := ParseVLANBrief(s)
		for id := range vlans {
			if err == nil && (id < 1 || id > 4094) {
				t.Fatalf("VLAN %d", id)
			}
		}
		_, _ = ParseVTPStatus(s)
		_, _ = ParseVersion(s)
		_, _ = ParseSwitchports(s)
		_, _ = ParseInterfacesStatus(s)
		_, _ = ParseEtherchannelSummary(s)
		_, _ = ParseLLDPNeighbors(s)
		_, _ = ParseCDPNeighbors(s)
		_, _ = ParseInterfaces(s)
		_, _ = ParseIPInterfaceBrief(s)
		_, _ = ParseSpanningTree(s)
		_, _ = ParsePowerInline(s)
		_, _ = ParseArchive(s)
		entries, err := ParseMACTable(s)
		for _, e := range entries {
			if _, bad := fabric.NormalizeMAC(e.MAC); err == nil && bad != nil {
				t.Fatalf("MAC %q", e.MAC)
			}
		}
	})
}

func FuzzAnswers(f *testing.F) {
	f.Add(invalid, "leaf1", "show version")
	f.Add("show ver"+"\n"+syslog+"\nsion\nx\nleaf1#", "leaf1", "show version")
	f.Add("a --More-- \b\b\b\b   \b\bb", "l", "a")
	f.Fuzz(func(t *testing.T, text, host, line string) {
		Classify(text)
		clean := erase(text)
		if strings.Contains(clean, "\x08") {
			t.Fatal("a backspace is left")
		}
		if end, _, ok := echo(clean, host, line); ok {
			_, _ = answer(clean[end:], host)
		}
		promptMode(host, text)
		cutPrompt(host, text)
	})
}
