package adopt

import (
	"flag"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
	"github.com/cthulix/terraform-provider-cthulix/fabric/dialect"
	"github.com/cthulix/terraform-provider-cthulix/fabric/ios"
	"github.com/cthulix/terraform-provider-cthulix/fabric/nxos"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestEstate imports switches of every kind with `cthulix import switch`, and
// applies what it wrote: the plan imports and changes nothing, the one after it
// is empty, and nobody has typed a line into a switch. Then it gives them up in
// every way there is.
func TestEstate(t *testing.T) {
	files, err := filepath.Glob("testdata/*.cfg")
	if err != nil || len(files) == 0 {
		t.Fatalf("no configurations: %v", err)
	}
	configs, refused := captured(t, files)
	if len(refused) > 0 {
		t.Fatal(refused)
	}
	e := newEstate(t, configs)
	before := e.running()
	e.adopt(before)
	for _, file := range files {
		e.golden(file)
	}
	for _, way := range []string{"restore", "keep", "default"} {
		e.rewrite(way)
		e.terraform("apply", "-input=false", "-auto-approve")
		e.terraform("destroy", "-input=false", "-auto-approve")
		after := e.running()
		if way != "default" {
			e.same(before, after, "on_destroy = "+way)
			continue
		}
		for name, text := range after {
			e.blank(name, before[name], text)
		}
	}
}

// adopt imports all switches of the estate, and fails if that changes anything.
func (e *estate) adopt(before map[string]string) {
	e.t.Helper()
	slices.Sort(e.names)
	if _, err := e.run(filepath.Join(e.bin, "cthulix"), append([]string{"import", "switch", "--terraform", e.tf}, e.names...)...); err != nil {
		e.t.Fatal(err)
	}
	changes := e.plan()
	if len(changes) != len(e.names) {
		e.t.Errorf("the plan speaks of %d resources, want %d", len(changes), len(e.names))
	}
	for _, c := range changes {
		if len(c.Change.Importing) == 0 || !slices.Equal(c.Change.Actions, []string{"no-op"}) {
			e.t.Errorf("%s: the import does %q:\nbefore %s\nafter  %s", c.Address, c.Change.Actions, c.Change.Before, c.Change.After)
		}
	}
	if e.t.Failed() {
		e.t.FailNow()
	}
	e.terraform("apply", "-input=false", "estate.plan")
	if err := e.settled(); err != nil {
		e.t.Error(err)
	}
	if n := e.typed(); n != 0 {
		e.t.Errorf("%d lines were typed into configuration mode, want none", n)
	}
	e.same(before, e.running(), "the import")
}

func (e *estate) same(before, after map[string]string, what string) {
	e.t.Helper()
	for name := range before {
		if before[name] != after[name] {
			e.t.Errorf("%s changed %s:\n%s\nbefore:\n%s", what, name, after[name], before[name])
		}
	}
}

// golden compares the HCL that was written with what was written before.
func (e *estate) golden(file string) {
	e.t.Helper()
	written(e.t, strings.TrimSuffix(file, ".cfg")+".golden.tf", e.read(label(file)+".tf"))
}

// written compares what a command wrote with a golden file.
func written(t *testing.T, golden, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(golden)
	if err != nil || got != string(want) {
		t.Errorf("written is\n%s\nwant %s (%v; -update takes it over)\n%s", got, golden, err, want)
	}
}

var onDestroy = regexp.MustCompile(`(on_destroy += )"[a-z]+"`)

// rewrite has all resources be given up in one way.
func (e *estate) rewrite(way string) {
	e.t.Helper()
	for _, name := range e.names {
		text := e.read(name + ".tf")
		if !onDestroy.MatchString(text) {
			e.t.Fatalf("%s.tf says nothing of on_destroy:\n%s", name, text)
		}
		line := "${1}\"" + way + "\""
		if way == "default" { // it takes the management address away, too
			line += "\n  allow_disruptive = true"
		}
		e.write(name+".tf", onDestroy.ReplaceAllString(text, line))
	}
}

// unmanaged are lines of the configurations that are never touched.
var unmanaged = []string{
	"service-policy input PHONES", "ip arp inspection trust", "switchport port-security aging time 2", "udld port aggressive", "router ospf 1",
	"device-tracking attach-policy IPDT", "ip access-group DESK in", "peer-gateway",
	"access-class MANAGERS in", "snmp-server community not-a-secret RO MANAGERS", "Welcome to core1#", "errdisable recovery cause bpduguard",
	"no spanning-tree optimize bpdu transmission", "password not-a-secret",
}

// blank fails unless all that was adopted is at its default, and the rest is as
// it was.
func (e *estate) blank(name, before, after string) {
	e.t.Helper()
	read := func(text string) fabric.Observation {
		obs, err := ios.Saved{Running: text}.Observation()
		if nxos.Looks(text) {
			obs, err = nxos.Saved{Running: text}.Observation()
		}
		if err != nil {
			e.t.Fatalf("%s: %v", name, err)
		}
		return obs
	}
	was, is := read(before), read(after)
	for _, id := range slices.Sorted(maps.Keys(is.VLANs)) {
		if id != 1 {
			e.t.Errorf("%s: VLAN %d is left behind", name, id)
		}
	}
	want := fabric.Want{Ports: map[string]fabric.Port{}}
	for port, p := range is.Ports {
		switch {
		case p.Routed:
		case fabric.ChannelGroup(port) != 0:
			e.t.Errorf("%s: %s is left behind", name, port)
		default:
			want.Ports[port] = fabric.DefaultPort(port)
		}
	}
	change, err := dialect.Plan(is, want)
	if err != nil || len(change.Commands) > 0 {
		e.t.Errorf("%s: left behind, as the lines that would clear it (%v):\n%s", name, err, strings.Join(change.Commands, "\n"))
	}
	for port, p := range was.Ports {
		if now := is.Ports[port]; p.Routed && !slices.Equal(p.Lines, now.Lines) {
			e.t.Errorf("%s: routed port %s was touched: %q, was %q", name, port, now.Lines, p.Lines)
		}
	}
	for _, line := range unmanaged {
		if was, is := strings.Count(before, line), strings.Count(after, line); was != is {
			e.t.Errorf("%s: %q is there %d times, was %d", name, line, is, was)
		}
	}
}
