package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// run is one call of the command, with files in place of the words that name
// them.
func run(t *testing.T, files map[string]string, args ...string) (string, error) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for i, a := range args {
		if _, is := files[a]; is {
			args[i] = filepath.Join(dir, a)
		}
	}
	cmd := switchCommand()
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetArgs(args)
	err := cmd.Execute()
	return out.String(), err
}

const catalyst = `hostname edge-7
vlan 31
 name red
interface GigabitEthernet1/0/1
 switchport access vlan 31
 switchport mode dot1q-tunnel
interface GigabitEthernet1/0/2
 switchport mode trunk
interface Vlan31
 ip address 192.0.2.1 255.255.255.0
end
`

const nexus = `feature lacp
vlan 1,31
interface Ethernet1/1
  switchport mode fex-fabric
interface Vlan31
  no shutdown
`

// TestModelOfItself takes the model that was printed of a switch back: there is
// nothing to do, whatever the switch has that is only observed.
func TestModelOfItself(t *testing.T) {
	for name, text := range map[string]string{"catalyst": catalyst, "nexus": nexus} {
		model, err := run(t, map[string]string{"a": text}, "show", "--from", "a")
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out, err := run(t, map[string]string{"a": text, "b": model}, "diff", "--from", "a", "--to", "b")
		if err != nil || out != "no changes\n" {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

func TestDiffOfModel(t *testing.T) {
	out, err := run(t, map[string]string{"a": catalyst, "b": `{"ports": {"gi1/0/2": {"mode": "access", "access_vlan": 31}}}`}, "diff", "--from", "a", "--to", "b")
	if want := "interface GigabitEthernet1/0/2\nswitchport access vlan 31\nswitchport mode access\n"; err != nil || !strings.Contains(out, want) {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestPlatformOfOneSwitch reads the other file as the first one was: what is
// left of a Nexus's configuration need not look like one.
func TestPlatformOfOneSwitch(t *testing.T) {
	out, err := run(t, map[string]string{"a": nexus, "b": "vlan 1,31\ninterface Ethernet1/1\n  switchport access vlan 31\n"}, "diff", "--from", "a", "--to", "b")
	if err != nil || !strings.Contains(out, "switchport access vlan 31") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestDiffOfFragment(t *testing.T) {
	files := map[string]string{"a": catalyst, "b": "interface GigabitEthernet1/0/2\n switchport mode trunk\n description up\n"}
	if _, err := run(t, files, "diff", "--from", "a", "--to", "b"); err == nil || !strings.Contains(err.Error(), "--fragment") {
		t.Errorf("got %v, want the error to tell of --fragment", err)
	}
	out, err := run(t, files, "diff", "--fragment", "--from", "a", "--to", "b")
	if want := "! planned commands\ninterface GigabitEthernet1/0/2\ndescription up\n! rollback"; err != nil || !strings.Contains(out, want) {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestPortsOfFragments are ports that only one of two parts mentions.
func TestPortsOfFragments(t *testing.T) {
	files := map[string]string{"a": "interface GigabitEthernet1/0/1\n", "b": "interface GigabitEthernet1/0/2\n shutdown\n"}
	out, err := run(t, files, "diff", "--fragment", "--from", "a", "--to", "b")
	if want := "interface GigabitEthernet1/0/2\nshutdown\n!"; err != nil || !strings.Contains(out, want) {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestTableOfItsOwn is a VTP server: the table of its VLANs is given, and the
// wanted configuration has none of them in it.
func TestTableOfItsOwn(t *testing.T) {
	const port = "interface GigabitEthernet1/0/1\n switchport access vlan "
	out, err := run(t, map[string]string{
		"a": port + "31\nend\n", "b": port + "32\nend\n",
		"v": "VLAN Name                             Status    Ports\n1    default                          active\n31   red                              active\n32   blue                             active\n",
	}, "diff", "--from", "a", "--to", "b", "--from-vlan-brief", "v", "-o", "json")
	if err != nil || strings.Contains(out, `"no vlan`) || strings.Contains(out, `"vlan 32"`) || !strings.Contains(out, `"switchport access vlan 32"`) {
		t.Errorf("%v\n%s", err, out)
	}
}
