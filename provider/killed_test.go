package provider_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// When its provider is killed in an update, Terraform keeps the state of before
// and drops what the provider remembers beside it. The next run still knows what
// the resource holds, and a destroy gives back how all of it was before it was
// first touched.
func TestSwitchAfterKilledUpdate(t *testing.T) {
	const kind = "cthulix_switch"
	w := newWorld(t)
	w.byHand("interface GigabitEthernet1/0/5", "description not ours")
	p := w.protocol(t)
	before := w.sim.RunningConfig()
	config := func(name string) map[string]any {
		return map[string]any{
			"name":  "leaf1",
			"vlans": map[string]any{"20": map[string]any{"name": name}},
			"ports": map[string]any{
				"GigabitEthernet1/0/1": map[string]any{"mode": "access", "access_vlan": 20},
				"GigabitEthernet1/0/3": map[string]any{"mode": "access", "access_vlan": 20, "description": name},
			},
		}
	}
	made, diags := p.apply(kind, held{}, p.plan(kind, held{}, config("first")), config("first"))
	p.must(diags)
	made = p.refresh(kind, made)
	second := w.protocol(t) // each walk has its own provider
	_, diags = second.apply(kind, made, second.plan(kind, made, config("second")), config("second"))
	second.must(diags)

	third := w.protocol(t)
	killed := third.refresh(kind, held{state: made.state, identity: made.identity})
	plan := third.plan(kind, killed, config("second"))
	if lines := third.commands(kind, plan); len(lines) > 0 {
		t.Errorf("there is a plan after it: %q", lines)
	}
	ports := map[string]tftypes.Value{}
	all := map[string]tftypes.Value{}
	third.as(killed.state, third.resourceType(kind), &all)
	if err := all["ports"].As(&ports); err != nil || len(ports) != 2 {
		t.Errorf("it holds %d ports, want the two that it held: %v", len(ports), err)
	}
	_, diags = third.apply(kind, killed, third.plan(kind, killed, nil), nil)
	third.must(diags)
	if after := w.sim.RunningConfig(); after != before {
		t.Errorf("destroy left another running configuration:\n%s\nbefore:\n%s", after, before)
	}
}
