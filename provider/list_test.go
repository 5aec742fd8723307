package provider_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/lab/iossim"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// estate is what was there before Terraform.
const estate = `
hostname leaf1
!
vlan 20
 name storage
!
vlan 30
 state suspend
!
interface Port-channel2
 switchport mode trunk
!
interface GigabitEthernet1/0/2
 description db1
 switchport access vlan 20
 switchport mode access
 switchport voice vlan 30
 spanning-tree portfast
!
interface GigabitEthernet1/0/10
 switchport mode trunk
 channel-group 2 mode active
!
spanning-tree vlan 20 priority 4096
!
vtp mode transparent
!
end
`

// second adds a switch leaf2 to the provider's configuration.
func (w *world) second(startup string) {
	w.t.Helper()
	_, address, hostKey := newSwitch(w.t, "leaf2", startup)
	w.switches = append(w.switches, fmt.Sprintf(`leaf2 = { address = %q, host_key = %q, credentials = "network" }`, address, hostKey))
	w.dial.only = address
}

// shown is what a result of a query says.
func shown(p protocol, name string, r tfprotov6.ListResourceResult) string {
	if r.Identity == nil {
		var all []string
		for _, d := range r.Diagnostics {
			all = append(all, d.Severity.String()+": "+d.Summary)
		}
		return strings.Join(all, "; ")
	}
	return r.DisplayName + " " + p.decode(r.Identity.IdentityData, p.identityType(name)).String()
}

func TestQuery(t *testing.T) {
	w := newWorldOf(t, estate)
	w.second(startup)
	w.dial.shut = true
	p := w.protocol(t)
	for name, want := range map[string][]string{
		"cthulix_switch": {"leaf1 (WS-C2960X-48TS-L)"},
		"cthulix_vlan":   {"leaf1 VLAN 20 (storage)", "leaf1 VLAN 30 (VLAN0030)"},
	} {
		results := p.list(name, nil, false, 0)
		var got []string
		for _, r := range results {
			got = append(got, r.DisplayName)
			if r.Resource != nil {
				t.Errorf("%s: a resource that nobody asked for", name)
			}
		}
		if len(got) != len(want)+1 || got[len(want)] != "" || !strings.Contains(strings.Join(got, "\n"), strings.Join(want, "\n")) {
			t.Errorf("%s: %q, want %q and a warning", name, got, want)
		}
		if last := shown(p, name, results[len(results)-1]); !strings.Contains(last, "WARNING: Not listed: switch leaf2") {
			t.Errorf("%s: the switch that cannot be reached: %s", name, last)
		}
	}
	var ports []string
	for _, r := range p.list("cthulix_switch_port", map[string]any{"switches": []string{"leaf1"}, "configured": true}, false, 0) {
		ports = append(ports, r.DisplayName)
	}
	if want := []string{"leaf1 GigabitEthernet1/0/2 (db1)", "leaf1 GigabitEthernet1/0/10", "leaf1 Port-channel2"}; !slices.Equal(ports, want) {
		t.Errorf("ports: %q, want %q", ports, want)
	}
	if n := len(p.list("cthulix_switch_port", map[string]any{"switches": []string{"leaf1"}}, false, 0)); n != 53 {
		t.Errorf("%d ports in all, want 52 and a port-channel", n)
	}
	if n := w.dial.count(); n != 2 {
		t.Errorf("four queries of two switches dialled %d times, want once a switch", n)
	}
}

// What a query includes is what an import and a refresh make of it.
func TestQueryIncludesResource(t *testing.T) {
	w := newWorldOf(t, estate)
	p := w.protocol(t)
	for name, at := range map[string]struct {
		index    int
		identity map[string]any
	}{
		"cthulix_switch":      {0, map[string]any{"name": "leaf1"}},
		"cthulix_vlan":        {1, map[string]any{"switch": "leaf1", "vlan_id": 30}},
		"cthulix_switch_port": {1, map[string]any{"switch": "leaf1", "port": "gi1/0/2"}},
	} {
		results := p.list(name, nil, true, 0)
		state, id, diags := p.adopt(name, at.identity)
		p.must(diags)
		r := results[at.index]
		if got := p.decode(r.Resource, p.resourceType(name)); !got.Equal(state) {
			t.Errorf("%s: listed as\n%s\nimported as\n%s", name, got, state)
		}
		if got := p.decode(r.Identity.IdentityData, p.identityType(name)); !got.Equal(id) {
			t.Errorf("%s: listed under %s, imported under %s", name, got, id)
		}
	}
}

func TestQueryHosts(t *testing.T) {
	w := newWorld(t)
	hub := w.withOphub()
	record := ophub.Host{Name: "query1", MACs: []string{"52:54:00:00:0a:01"}, Switch: "leaf9", Port: "GigabitEthernet1/0/1", VLAN: 20, Image: keg.KID(kid("query")), Firmware: "bios", BMC: "192.0.2.1"}
	if err := hub.PutHost(t.Context(), record); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = hub.DeleteHost(context.Background(), "query1") })
	p := w.protocol(t)
	results := p.list("cthulix_host", map[string]any{"switches": []string{"leaf9"}}, true, 0)
	if len(results) != 1 || results[0].DisplayName != "query1 (leaf9 GigabitEthernet1/0/1)" {
		t.Fatalf("%+v", results)
	}
	p.must(results[0].Diagnostics)
	state, _, diags := p.adopt("cthulix_host", map[string]any{"name": "query1"})
	p.must(diags)
	if got := p.decode(results[0].Resource, p.resourceType("cthulix_host")); !got.Equal(state) {
		t.Errorf("listed as\n%s\nimported as\n%s", got, state)
	}
	if other := p.list("cthulix_host", map[string]any{"switches": []string{"leaf8"}}, false, 0); len(other) != 0 {
		t.Errorf("hosts of another switch: %+v", other)
	}
}

// Results come as their switch is read, no more of them than asked for, and who
// stops listening stops the readers.
func TestQueryStreams(t *testing.T) {
	w := newWorldOf(t, estate)
	w.second(startup)
	stopped := make(chan struct{})
	w.dial.hold = func(ctx context.Context) (net.Conn, error) {
		<-ctx.Done()
		close(stopped)
		return nil, ctx.Err()
	}
	p := w.protocol(t)
	for r := range p.stream(t.Context(), "cthulix_switch_port", nil, false, 0).Results {
		if r.DisplayName != "leaf1 GigabitEthernet1/0/1" {
			t.Errorf("the first port is %s", shown(p, "cthulix_switch_port", r))
		}
		break // leaf2 is still being read
	}
	<-stopped
	if n := len(p.list("cthulix_switch_port", map[string]any{"switches": []string{"leaf1"}}, false, 7)); n != 7 {
		t.Errorf("%d results, want the 7 that were asked for", n)
	}
}

func TestQueryBadInput(t *testing.T) {
	w := newWorld(t)
	p := w.protocol(t)
	results := p.list("cthulix_vlan", map[string]any{"switches": []string{"leaf1", "spine1"}}, false, 0)
	if len(results) != 1 || len(results[0].Diagnostics) != 1 || results[0].Diagnostics[0].Attribute.String() != `AttributeName("switches").ElementKeyInt(1)` {
		t.Errorf("a switch that nobody knows: %+v", results)
	}
	server := p.lister()
	for what, switches := range map[string][]string{"none": {}, "one twice": {"leaf1", "leaf1"}} {
		checked, err := server.ValidateListResourceConfig(t.Context(), &tfprotov6.ValidateListResourceConfigRequest{
			TypeName: "cthulix_vlan", Config: value(t, p.schemas.ListResourceSchemas["cthulix_vlan"].ValueType(), map[string]any{"switches": switches}),
		})
		if err != nil || len(checked.Diagnostics) == 0 {
			t.Errorf("%s: %v, %+v", what, err, checked)
		}
	}
	if w.dial.count() != 0 {
		t.Error("bad input was found by dialling")
	}
}

// Every example of a query is understood, and finds something.
func TestQueryExamples(t *testing.T) {
	files, err := filepath.Glob("../examples/list-resources/*/*.tfquery.hcl")
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	w := newWorldOf(t, estate, func(c *iossim.Config) { c.Hostname = "leaf1" })
	hub := w.withOphub()
	if err := hub.PutHost(t.Context(), ophub.Host{Name: "query2", MACs: []string{"52:54:00:00:0a:02"}, Switch: "leaf1", Port: "GigabitEthernet1/0/1", Image: keg.KID(kid("query")), Firmware: "bios", BMC: "192.0.2.1"}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = hub.DeleteHost(context.Background(), "query2") })
	p := w.protocol(t)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range blocksOf(t, string(text), "list") {
			var config map[string]any
			for _, inner := range b.Body.Blocks {
				config = attributesOf(t, inner.Body)
			}
			_, include := b.Body.Attributes["include_resource"]
			results := p.list(b.Labels[0], config, include, 0)
			if len(results) == 0 {
				t.Errorf("%s finds nothing", file)
			}
			for _, r := range results {
				p.must(r.Diagnostics)
			}
		}
	}
}

// Every example of an import by identity has the identity of its resource, and
// no resource goes without an example.
func TestIdentityExamples(t *testing.T) {
	p := newWorld(t).protocol(t)
	for name := range p.schemas.ResourceSchemas {
		text, err := os.ReadFile("../examples/resources/" + name + "/import-by-identity.tf")
		if err != nil {
			t.Error(err)
			continue
		}
		block := blocksOf(t, string(text), "import")[0]
		id := value(t, p.identityType(name), evaluate(t, block.Body.Attributes["identity"]))
		resp, err := p.server.ImportResourceState(t.Context(), &tfprotov6.ImportResourceStateRequest{TypeName: name, Identity: &tfprotov6.ResourceIdentityData{IdentityData: id}})
		if err != nil {
			t.Fatal(err)
		}
		p.must(resp.Diagnostics)
		if got, want := p.decode(resp.ImportedResources[0].Identity.IdentityData, p.identityType(name)), p.decode(id, p.identityType(name)); !got.Equal(want) {
			t.Errorf("%s: imported %s under %s", name, want, got)
		}
	}
}
