package provider_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/cthulix/terraform-provider-cthulix/provider"
)

// notKnown stands in a configuration for a value that is not known yet.
const notKnown = "(not known)"

// What goes round the plugin framework comes out as if it had not.
func TestCarried(t *testing.T) {
	rnd := rand.New(rand.NewPCG(4, 8))
	for range 12 {
		w, s := newWorld(t), newCarriedSwitch(rnd)
		w.byHand("vlan 99", "exit")
		held := w.framework(t).create("cthulix_switch", s.config())
		for range 6 {
			drift := s.drift(rnd)
			w.byHand(drift...)
			edited := s.edited(rnd)
			want := w.framework(t).walk("cthulix_switch", held, edited)
			got := w.protocol(t).walk("cthulix_switch", held, edited)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("by hand: %q\nconfiguration: %v\nthe framework alone (-) and what goes round it (+):\n%s", drift, edited, diff)
			}
		}
	}
}

// carriedSwitch makes configurations of one switch.
type carriedSwitch struct{ vlans, ports, svis map[string]any }

func newCarriedSwitch(rnd *rand.Rand) carriedSwitch {
	s := carriedSwitch{vlans: map[string]any{"7": map[string]any{"name": "old"}}, ports: map[string]any{}, svis: map[string]any{}}
	for id := 20; id < 30; id += 1 + rnd.IntN(5) {
		s.vlans[fmt.Sprint(id)] = map[string]any{"name": fmt.Sprintf("net%d", id)}
		if rnd.IntN(3) == 0 {
			s.svis[fmt.Sprint(id)] = map[string]any{"addresses": []any{fmt.Sprintf("10.%d.0.1/24", id)}}
		}
	}
	for i := range 6 {
		s.ports[fmt.Sprintf("gi1/0/%d", 10+i)] = s.port(rnd)
	}
	return s
}

func (s carriedSwitch) config() map[string]any {
	return map[string]any{"name": "leaf1", "vlans": s.vlans, "ports": s.ports, "svis": s.svis}
}

func (s carriedSwitch) port(rnd *rand.Rand) map[string]any {
	p := map[string]any{"description": fmt.Sprintf("host %d", rnd.IntN(20))}
	switch rnd.IntN(5) {
	case 0:
		p["mode"], p["access_vlan"] = "access", 7
	case 3:
		p["mode"], p["access_vlan"] = "access", 99
	case 1:
		p["mode"], p["allowed_vlans"] = "trunk", "7,20-22"
	case 2:
		p["storm_control"] = map[string]any{"broadcast": "5", "multicast": nil, "unicast": nil, "action": nil}
	}
	return p
}

// drift changes the switch by hand, or not.
func (s carriedSwitch) drift(rnd *rand.Rand) []string {
	lines := []string{}
	for key := range s.ports {
		if rnd.IntN(8) == 0 {
			lines = append(lines, "interface "+key, []string{"description by hand", "shutdown", "switchport trunk allowed vlan 1-9", "no description"}[rnd.IntN(4)])
		}
	}
	switch rnd.IntN(6) {
	case 0:
		lines = append(lines, "vlan 7", "name hand")
	case 1:
		lines = append(lines, "no vlan 99") // which ports may be in
	}
	return lines
}

// edited is the configuration with some changes, of which some are mistakes.
func (s carriedSwitch) edited(rnd *rand.Rand) map[string]any {
	vlans, ports, svis := maps.Clone(s.vlans), maps.Clone(s.ports), maps.Clone(s.svis)
	out := map[string]any{"name": "leaf1", "vlans": vlans, "ports": ports, "svis": svis}
	for range rnd.IntN(4) {
		key := fmt.Sprintf("gi1/0/%d", 10+rnd.IntN(8))
		switch rnd.IntN(16) {
		case 0:
			delete(ports, key)
		case 1, 2:
			ports[key] = s.port(rnd)
		case 3:
			ports[key] = map[string]any{"mode": "sideways"}
		case 4:
			ports[key] = map[string]any{"mode": "access", "access_vlan": 4711}
		case 5:
			ports[key] = map[string]any{"mode": "access", "access_vlan": notKnown}
		case 6:
			ports[key] = notKnown
		case 7:
			ports["Gi 1/0/10"] = s.port(rnd)
		case 8:
			vlans[fmt.Sprint(1+rnd.IntN(9000))] = map[string]any{"name": "new"}
		case 9:
			delete(vlans, "7")
		case 10:
			svis["20"] = map[string]any{"addresses": []any{"10.20.0.300/24"}}
		case 11:
			out[[]string{"vlans", "ports", "svis"}[rnd.IntN(3)]] = []any{nil, notKnown}[rnd.IntN(2)]
		case 12:
			out["on_destroy"] = "keep"
		case 13:
			out["name"] = "leaf9"
		case 14:
			ports[key] = map[string]any{"mode": "access", "voice_vlan": "loud"}
		case 15:
			ports[key] = map[string]any{"mode": "access", "duplex": "both"}
			ports["gi1/0/20"] = ports[key]
		}
	}
	return out
}

// kept is a resource as Terraform keeps it.
type kept struct {
	state   *tfprotov6.DynamicValue
	private []byte
}

// framework is like protocol, with the plugin framework alone.
func (w *world) framework(t *testing.T) protocol {
	t.Helper()
	server, err := provider.Framework("test", provider.WithSwitchDialer(w.dial.DialContext))
	if err != nil {
		t.Fatal(err)
	}
	return w.speak(t, server)
}

// packed is a configuration in the encoding that Terraform uses.
func (p protocol) packed(typ tftypes.Type, config any) *tfprotov6.DynamicValue {
	p.t.Helper()
	v := unpacked(p.t, typ, config)
	d, err := tfprotov6.NewDynamicValue(typ, v)
	if err != nil {
		p.t.Fatal(err)
	}
	return &d
}

// unpacked builds a value. What config leaves out is null.
func unpacked(t *testing.T, typ tftypes.Type, v any) tftypes.Value {
	t.Helper()
	switch {
	case v == nil:
		return tftypes.NewValue(typ, nil)
	case v == notKnown:
		return tftypes.NewValue(typ, tftypes.UnknownValue)
	}
	switch typ := typ.(type) {
	case tftypes.Object:
		fields := map[string]tftypes.Value{}
		for name, as := range typ.AttributeTypes {
			fields[name] = unpacked(t, as, v.(map[string]any)[name])
		}
		return tftypes.NewValue(typ, fields)
	case tftypes.Map:
		elements := map[string]tftypes.Value{}
		for key, e := range v.(map[string]any) {
			elements[key] = unpacked(t, typ.ElementType, e)
		}
		return tftypes.NewValue(typ, elements)
	case tftypes.List:
		elements := []tftypes.Value{}
		for _, e := range v.([]any) {
			elements = append(elements, unpacked(t, typ.ElementType, e))
		}
		return tftypes.NewValue(typ, elements)
	}
	return tftypes.NewValue(typ, v)
}

// proposed is what Terraform proposes: the configuration, and what it leaves
// out as it was, where the provider may choose.
func (p protocol) proposed(name string, prior, config *tfprotov6.DynamicValue) *tfprotov6.DynamicValue {
	p.t.Helper()
	typ := p.resourceType(name)
	was, will := map[string]tftypes.Value{}, map[string]tftypes.Value{}
	for into, from := range map[*map[string]tftypes.Value]*tfprotov6.DynamicValue{&was: prior, &will: config} {
		if err := p.decode(from, typ).As(into); err != nil {
			p.t.Fatal(err)
		}
	}
	for _, a := range p.schemas.ResourceSchemas[name].Block.Attributes {
		if prior, there := was[a.Name]; there && a.Computed && will[a.Name].IsNull() {
			will[a.Name] = prior
		}
	}
	d, err := tfprotov6.NewDynamicValue(typ, tftypes.NewValue(typ, will))
	if err != nil {
		p.t.Fatal(err)
	}
	return &d
}

// create makes the calls of an apply of a new resource.
func (p protocol) create(name string, config map[string]any) kept {
	p.t.Helper()
	none, block := p.packed(p.resourceType(name), nil), p.packed(p.resourceType(name), config)
	plan, err := p.server.PlanResourceChange(p.t.Context(), &tfprotov6.PlanResourceChangeRequest{
		TypeName: name, PriorState: none, ProposedNewState: p.proposed(name, none, block), Config: block,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	p.must(plan.Diagnostics)
	done, err := p.server.ApplyResourceChange(p.t.Context(), &tfprotov6.ApplyResourceChangeRequest{
		TypeName: name, PriorState: none, PlannedState: plan.PlannedState, Config: block, PlannedPrivate: plan.PlannedPrivate,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	p.must(done.Diagnostics)
	return kept{state: done.NewState, private: done.Private}
}

// walk makes the calls of a plan, and returns what they answer as texts.
func (p protocol) walk(name string, k kept, config map[string]any) map[string]string {
	p.t.Helper()
	ctx, typ := p.t.Context(), p.resourceType(name)
	block := p.packed(typ, config)
	upgraded, err := p.server.UpgradeResourceState(ctx, &tfprotov6.UpgradeResourceStateRequest{TypeName: name, RawState: saved(p.t, p.decode(k.state, typ))})
	if err != nil {
		p.t.Fatal(err)
	}
	p.must(upgraded.Diagnostics)
	valid, err := p.server.ValidateResourceConfig(ctx, &tfprotov6.ValidateResourceConfigRequest{TypeName: name, Config: block})
	if err != nil {
		p.t.Fatal(err)
	}
	read, err := p.server.ReadResource(ctx, &tfprotov6.ReadResourceRequest{TypeName: name, CurrentState: k.state, Private: k.private})
	if err != nil {
		p.t.Fatal(err)
	}
	plan, err := p.server.PlanResourceChange(ctx, &tfprotov6.PlanResourceChangeRequest{
		TypeName: name, PriorState: read.NewState, ProposedNewState: p.proposed(name, read.NewState, block), Config: block, PriorPrivate: read.Private,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	out := map[string]string{
		"valid": said(valid.Diagnostics), "read": said(read.Diagnostics), "plan": said(plan.Diagnostics),
		"remembered": remembered(p.t, read.Private), "replaced": fmt.Sprint(plan.RequiresReplace),
		"state": p.decode(read.NewState, typ).String(), "upgraded": p.decode(upgraded.UpgradedState, typ).String(),
	}
	if plan.PlannedState != nil {
		out["planned"] = p.decode(plan.PlannedState, typ).String()
	}
	return out
}

// saved is a value as Terraform saves it, with something of an older version
// wherever there are attributes.
func saved(t *testing.T, v tftypes.Value) *tfprotov6.RawState {
	t.Helper()
	b, err := json.Marshal(plain(t, v))
	if err != nil {
		t.Fatal(err)
	}
	return &tfprotov6.RawState{JSON: b}
}

func plain(t *testing.T, v tftypes.Value) any {
	t.Helper()
	as := func(into any) {
		if err := v.As(into); err != nil {
			t.Fatal(err)
		}
	}
	if v.IsNull() {
		return nil
	}
	switch {
	case v.Type().Is(tftypes.String):
		var s string
		as(&s)
		return s
	case v.Type().Is(tftypes.Bool):
		var b bool
		as(&b)
		return b
	case v.Type().Is(tftypes.Number):
		var n *big.Float
		as(&n)
		return json.Number(n.Text('f', -1))
	case v.Type().Is(tftypes.List{}):
		var elements []tftypes.Value
		as(&elements)
		out := []any{}
		for _, e := range elements {
			out = append(out, plain(t, e))
		}
		return out
	}
	var fields map[string]tftypes.Value
	as(&fields)
	out := map[string]any{}
	for name, f := range fields {
		out[name] = plain(t, f)
	}
	if v.Type().Is(tftypes.Object{}) {
		out["of_an_older_version"] = true
	}
	return out
}

func said(diags []*tfprotov6.Diagnostic) string {
	var out []string
	for _, d := range diags {
		out = append(out, fmt.Sprintf("%s %s %s: %s", d.Severity, d.Attribute, d.Summary, d.Detail))
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

// remembered is a resource's private state, without the time that it was made.
func remembered(t *testing.T, private []byte) string {
	t.Helper()
	keys := map[string][]byte{}
	if err := json.Unmarshal(private, &keys); err != nil {
		t.Fatal(err)
	}
	var memory struct {
		Seen  map[string]any
		First map[string]any
	}
	var packed []byte
	if err := json.Unmarshal(keys["switch"], &packed); err != nil {
		t.Fatal(err)
	}
	plain, err := gzip.NewReader(bytes.NewReader(packed))
	if err == nil {
		err = json.NewDecoder(plain).Decode(&memory)
	}
	if err != nil {
		t.Fatal(err)
	}
	delete(memory.Seen, "taken")
	b, err := json.Marshal(memory)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
