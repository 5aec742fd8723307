package ios

import (
	"strings"
	"testing"
)

func TestClassify(t *testing.T) {
	for _, tc := range []struct {
		want Class
		text string
	}{
		{ClassSilent, ""},
		{ClassSilent, "\n \n"},
		{ClassSilent, syslog},
		{ClassSilent, "%EC-5-CANNOT_BUNDLE2: Gi1/0/23 is not compatible with Po1 and will be suspended (speed differs)"},
		{ClassSilent, "000123: leaf1: Apr  1 2026 09:44:52.985 UTC: %SYS-5-CONFIG_I: Configured from console"},
		{ClassSilent, "1w2d: %LINK-3-UPDOWN: Interface GigabitEthernet1/0/1, changed state to up"},
		{ClassSilent, "***\n*** --- SHUTDOWN in 0:01:00 ---\n***"},
		{ClassNotice, "% Access VLAN does not exist. Creating vlan 20"},
		{ClassNotice, "Enter configuration commands, one per line.  End with CNTL/Z."},
		{ClassNotice, "Enter configuration commands, one per line. End with CNTL/Z."},
		{ClassNotice, "%Warning: portfast should only be enabled on ports connected to a single\n host. Connecting hubs, concentrators, switches, bridges, etc... to this\n interface  when portfast is enabled, can cause temporary bridging loops.\n Use with CAUTION\n\n%Portfast has been configured on Ethernet0/0 but will only\n have effect when the interface is in a non-trunking mode."},
		{ClassNotice, "%Portfast has been configured on Ethernet0/0 but will only have effect when the interface is in a non-trunking mode."},
		{ClassNotice, "Creating a port-channel interface Port-channel 1"},
		{ClassReject, "                     ^\n% Invalid input detected at '^' marker."},
		{ClassReject, "% Incomplete command."},
		{ClassReject, `% Ambiguous command:  "s"`},
		{ClassReject, `Command rejected: An interface whose trunk encapsulation is "Auto" can not be configured to "trunk" mode.`},
		{ClassReject, "Command rejected: Bad VLAN list - character #3 is a non-numeric"},
		{ClassReject, "Command authorization failed."},
		{ClassReject, "VTP VLAN configuration not allowed when device is in CLIENT mode."},
		{ClassReject, "VTP VLAN configuration not allowed when device is not the primary server for vlan database."},
		{ClassReject, "%You must disable VTPv1 and VTPv2 or switch to VTPv3 before configuring a VLAN name longer than 32 characters"},
		{ClassReject, "%Default VLAN 1 may not be deleted."},
		{ClassReject, "% Range command terminated because it failed on Ethernet0/0"},
		{ClassReject, "Configuration mode is locked by process '484' user 'NETCONF' from terminal '64'. Please try later."},
		{ClassReject, syslog + "\n% Access VLAN does not exist. Creating vlan 20\nCommand rejected: Bad VLAN list"},
		{ClassUnknown, "% Something new"},
		{ClassUnknown, "Are you sure? [confirm]"},
		{ClassUnknown, "% Access VLAN does not exist. Creating vlan 20\nand then some"},
	} {
		if got := Classify(tc.text); got != tc.want {
			t.Errorf("%q is %s, want %s", tc.text, got, tc.want)
		}
		if got := Classify(strings.ReplaceAll(tc.text, "\n", "\r\n") + "\r\n"); got != tc.want {
			t.Errorf("%q with line ends of the wire is %s, want %s", tc.text, got, tc.want)
		}
	}
}

func TestEveryRowHasASource(t *testing.T) {
	for _, r := range answerRows {
		if r.source == "" {
			t.Errorf("%s has no source", r.re)
		}
	}
	for _, r := range asyncRows {
		if r.source == "" {
			t.Errorf("%s has no source", r.re)
		}
	}
}

func TestPromptMode(t *testing.T) {
	for _, tc := range []struct{ host, line, want string }{
		{"leaf1", "leaf1#", modeExec},
		{"leaf1", "leaf1# ", modeExec},
		{"leaf1", "leaf1>", modeUser},
		{"leaf1", "leaf1(config)#", "config"},
		{"leaf1", "leaf1(config-if)#", "config-if"},
		{"leaf1", "leaf1(config-if-range)#", "config-if-range"},
		{"leaf1", "leaf(config)#", ""},
		{"leaf1", "leaf10#", ""},
		{"leaf1", "SW1#", ""},
		{"leaf1", "leaf1#  ", ""},
		{"leaf1", " leaf1#", ""},
		{"leaf1", "leaf1#x", ""},
		{"leaf1", "leaf1(tcl)#", ""},
		{"leaf1-with-a-very-long-name", "leaf1-with-a-very-lo(config-if)#", "config-if"},
		{"leaf1-with-a-very-long-name", "leaf1-with-a-ve(config-if)#", ""},
	} {
		if got := promptMode(tc.host, tc.line); got != tc.want {
			t.Errorf("%q on %s is %q, want %q", tc.line, tc.host, got, tc.want)
		}
	}
}

// TestEchoNeverTooEarly feeds what a switch sends byte by byte: the answer is
// complete at the very last byte and not before.
func TestEchoNeverTooEarly(t *testing.T) {
	const host, line = "leaf1", "switchport mode access"
	for _, text := range []string{
		line + "\nleaf1(config-if)#",
		" " + line + "\nleaf1(config-if)#",
		"switchport mo\n" + syslog + "\nde access\nleaf1(config-if)#",
		"switchport mo\n" + syslog + "\nleaf1(config-if)#switchport mode access\n% Notice\nleaf1(config-if)#",
		"\n" + syslog + "\nleaf1(config-if)#\n\nleaf1(config-if)#" + line + "\nleaf1(config-if)#",
	} {
		for i := range len(text) + 1 {
			part := text[:i]
			_, _, echoed := echo(part, host, line)
			done := echoed && promptMode(host, lastLine([]byte(part))) != ""
			if done != (i == len(text)) {
				t.Errorf("%q: done is %t after %q", text, done, part)
			}
		}
	}
}

func TestErase(t *testing.T) {
	for in, want := range map[string]string{
		"a\n --More-- " + strings.Repeat("\b", 9) + strings.Repeat(" ", 8) + strings.Repeat("\b", 9) + " b":            "a\n b",
		"a\n --More-- " + strings.Repeat("\b", 9) + strings.Repeat(" ", 9) + strings.Repeat("\b", 9) + "interface Gi1": "a\ninterface Gi1",
		"ab\b\bc":   "c",
		"\n\b\bx":   "\nx",
		"\x07a":     "a",
		"untouched": "untouched",
	} {
		if got := erase(in); got != want {
			t.Errorf("%q gives %q, want %q", in, got, want)
		}
	}
}
