package provider_test

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// actor is what a provider with actions can do.
type actor interface {
	ValidateActionConfig(context.Context, *tfprotov6.ValidateActionConfigRequest) (*tfprotov6.ValidateActionConfigResponse, error)
	PlanAction(context.Context, *tfprotov6.PlanActionRequest) (*tfprotov6.PlanActionResponse, error)
	InvokeAction(context.Context, *tfprotov6.InvokeActionRequest) (*tfprotov6.InvokeActionServerStream, error)
}

// acting is a configured provider that is spoken to in the plugin protocol: the
// Terraform of these tests may be too old for actions.
type acting struct {
	t       testing.TB
	server  actor
	schemas map[string]*tfprotov6.ActionSchema
}

// acting configures a provider with the records at hub, and more.
func (w *world) acting(t testing.TB, hub string, more ...map[string]any) acting {
	t.Helper()
	server, err := w.factories()["cthulix"]()
	if err != nil {
		t.Fatal(err)
	}
	all, err := server.GetProviderSchema(context.Background(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	a := acting{t: t, schemas: all.ActionSchemas}
	var ok bool
	if a.server, ok = server.(actor); !ok {
		t.Fatal("the provider has no actions")
	}
	account := func(password string) map[string]any { return map[string]any{"username": "ADMIN", "password": password} }
	block := map[string]any{
		"ophub":       map[string]any{"address": hub},
		"credentials": map[string]any{"bmc": account(bmcPassword), "wrong": account("not-it")},
	}
	for _, attributes := range more {
		maps.Copy(block, attributes)
	}
	config := a.encode(all.Provider.ValueType(), block)
	resp, err := server.ConfigureProvider(context.Background(), &tfprotov6.ConfigureProviderRequest{Config: config})
	if err != nil || len(resp.Diagnostics) > 0 {
		t.Fatal(err, resp)
	}
	return a
}

func (a acting) encode(as tftypes.Type, v any) *tfprotov6.DynamicValue {
	a.t.Helper()
	d, err := tfprotov6.NewDynamicValue(as, filled(a.t, as, v))
	if err != nil {
		a.t.Fatal(err)
	}
	return &d
}

// filled is v as a value of a type; what it leaves out is null.
func filled(t testing.TB, as tftypes.Type, v any) tftypes.Value {
	t.Helper()
	parts, nested := v.(map[string]any)
	if !nested {
		return tftypes.NewValue(as, v)
	}
	values := map[string]tftypes.Value{}
	switch as := as.(type) {
	case tftypes.Object:
		for name, of := range as.AttributeTypes {
			values[name] = filled(t, of, parts[name])
		}
	case tftypes.Map:
		for name, part := range parts {
			values[name] = filled(t, as.ElementType, part)
		}
	default:
		t.Fatalf("%v is no %s", v, as)
	}
	return tftypes.NewValue(as, values)
}

// plan returns what is wrong with an action.
func (a acting) plan(name string, config map[string]any) string {
	a.t.Helper()
	c := a.encode(a.schemas[name].Schema.ValueType(), config)
	checked, err := a.server.ValidateActionConfig(context.Background(), &tfprotov6.ValidateActionConfigRequest{ActionType: name, Config: c})
	if err != nil {
		a.t.Fatal(err)
	}
	planned, err := a.server.PlanAction(context.Background(), &tfprotov6.PlanActionRequest{ActionType: name, Config: c})
	if err != nil {
		a.t.Fatal(err)
	}
	return diagnosed(append(checked.Diagnostics, planned.Diagnostics...))
}

// invoke runs an action, and returns what it told and what went wrong.
func (a acting) invoke(name string, config map[string]any) (told []string, wrong string) {
	a.t.Helper()
	stream, err := a.server.InvokeAction(context.Background(), &tfprotov6.InvokeActionRequest{
		ActionType: name, Config: a.encode(a.schemas[name].Schema.ValueType(), config),
	})
	if err != nil {
		a.t.Fatal(err)
	}
	for e := range stream.Events {
		switch e := e.Type.(type) {
		case tfprotov6.ProgressInvokeActionEventType:
			told = append(told, e.Message)
		case tfprotov6.CompletedInvokeActionEventType:
			wrong = diagnosed(e.Diagnostics)
		}
	}
	return told, wrong
}

func diagnosed(diags []*tfprotov6.Diagnostic) string {
	var all []string
	for _, d := range diags {
		all = append(all, fmt.Sprintf("%s: %s: %s", d.Attribute, d.Summary, d.Detail))
	}
	return strings.Join(all, "\n")
}

func TestHostActions(t *testing.T) {
	w := newWorld(t)
	hub := w.withOphub()
	r := newRig(t, hub, "52:54:00:00:0a:01")
	ctx := context.Background()
	record := ophub.Host{Name: "acted1", MACs: []string{r.mac}, Firmware: "bios", BMC: r.address, Image: mustKID(t, kid("acted"))}
	if err := hub.PutHost(ctx, record); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = hub.DeleteHost(ctx, record.Name) })
	engine, err := consul()
	if err != nil {
		t.Fatal(err)
	}
	a := w.acting(t, engine.Address)
	with := func(more map[string]any) map[string]any {
		config := map[string]any{"name": "acted1", "credentials": "bmc"}
		for k, v := range more {
			config[k] = v
		}
		return config
	}
	for _, step := range []struct {
		action string
		more   map[string]any
		on     bool
		says   string
	}{
		{"power_on", nil, true, "waiting until the BMC says that it is on"},
		{"power_on", nil, true, "it is on already"},
		{"power_cycle", nil, true, "power cycle"},
		{"identify", map[string]any{"duration": "5s"}, true, "the light is on for 5s"},
		{"power_off", nil, false, "it has shut down"},
		{"reprovision", map[string]any{"reason": "test"}, true, "it is ready"},
		{"power_off", map[string]any{"mode": "hard"}, false, "cutting the power"},
	} {
		name := "cthulix_host_" + step.action
		if wrong := a.plan(name, with(step.more)); wrong != "" {
			t.Errorf("%s: plan: %s", name, wrong)
		}
		told, wrong := a.invoke(name, with(step.more))
		if wrong != "" {
			t.Errorf("%s: %s", name, wrong)
		}
		if !strings.Contains(strings.Join(told, "\n"), step.says) || !regexp.MustCompile(`^acted1: .*\([0-9.]+s\)$`).MatchString(told[0]) {
			t.Errorf("%s told:\n%s\nwant %q in it", name, strings.Join(told, "\n"), step.says)
		}
		if r.Powered() != step.on {
			t.Errorf("after %s it has power: %v", name, r.Powered())
		}
	}
	for name, bad := range map[string]struct {
		action string
		more   map[string]any
		want   string
	}{
		"credentials": {"power_on", map[string]any{"credentials": "nobody"}, `"credentials".*No such credentials`},
		"grace":       {"power_off", map[string]any{"grace": "soon"}, `"grace".*No length of time`},
		"mode":        {"power_off", map[string]any{"mode": "gentle"}, `"mode"`},
		"duration":    {"identify", map[string]any{"duration": "10m"}, `"duration".*Too long`},
		"address":     {"power_on", map[string]any{"address": "10.0.0.1:what"}, `"address".*Not an address`},
	} {
		if got := a.plan("cthulix_host_"+bad.action, with(bad.more)); !regexp.MustCompile(bad.want).MatchString(got) {
			t.Errorf("%s: %s", name, got)
		}
	}
	if told, wrong := a.invoke("cthulix_host_drain", map[string]any{"name": "acted1"}); !strings.Contains(wrong, "nomad") {
		t.Errorf("a drain without a Nomad: %q, %q", told, wrong)
	}
	if got := a.plan("cthulix_host_drain", map[string]any{"name": "acted1", "deadline": "soon"}); !strings.Contains(got, "No length of time") {
		t.Errorf("a drain until soon: %s", got)
	}
	if _, wrong := a.invoke("cthulix_host_power_on", with(map[string]any{"credentials": "wrong"})); !strings.Contains(wrong, "refused the login") {
		t.Errorf("a wrong password: %s", wrong)
	}
	if _, wrong := a.invoke("cthulix_host_power_on", with(map[string]any{"name": "nobody"})); !strings.Contains(wrong, "nobody") {
		t.Errorf("a host that is not on record: %s", wrong)
	}
}

// A generated password goes into an account, and nowhere else.
func TestBMCPassword(t *testing.T) {
	w := newWorld(t)
	c := newControlled(t)
	w.test(resource.TestStep{
		Config: bmcConfig(w, c, `
  users = { robot = { privilege = "operator", password_wo = ephemeral.cthulix_bmc_password.robot.password, password_wo_version = 1 } }
}

ephemeral "cthulix_bmc_password" "robot" {
  length  = 20
  special = true`),
		Check: func(*terraform.State) error {
			// Each run makes another one, so that only the account tells.
			if u := c.user("robot"); u == nil || !u.Enabled {
				return fmt.Errorf("it is %+v", u)
			}
			return nil
		},
	})
}
