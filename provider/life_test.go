package provider_test

import (
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// held is what Terraform's state file holds of a resource; the zero value is
// none.
type held struct {
	state    *tfprotov6.DynamicValue
	private  []byte
	identity *tfprotov6.ResourceIdentityData
}

// null is no value of a type.
func null(t tftypes.Type) *tfprotov6.DynamicValue {
	v, err := tfprotov6.NewDynamicValue(t, tftypes.NewValue(t, nil))
	if err != nil {
		panic(err)
	}
	return &v
}

func (h held) or(t tftypes.Type) *tfprotov6.DynamicValue {
	if h.state == nil {
		return null(t)
	}
	return h.state
}

// refresh reads a resource, as Terraform does before it plans.
func (p protocol) refresh(name string, h held) held {
	p.t.Helper()
	resp, err := p.server.ReadResource(p.t.Context(), &tfprotov6.ReadResourceRequest{TypeName: name, CurrentState: h.state, Private: h.private, CurrentIdentity: h.identity})
	if err != nil {
		p.t.Fatal(err)
	}
	p.must(resp.Diagnostics)
	return held{resp.NewState, resp.Private, resp.NewIdentity}
}

// plan plans a resource that is to be as config says, or to go if that is nil.
func (p protocol) plan(name string, h held, config map[string]any) *tfprotov6.PlanResourceChangeResponse {
	p.t.Helper()
	as := p.resourceType(name)
	req := &tfprotov6.PlanResourceChangeRequest{TypeName: name, PriorState: h.or(as), PriorPrivate: h.private, PriorIdentity: h.identity}
	req.Config, req.ProposedNewState = null(as), null(as)
	if config != nil {
		req.Config = value(p.t, as, config)
		req.ProposedNewState = p.proposed(name, h.or(as), req.Config)
	}
	resp, err := p.server.PlanResourceChange(p.t.Context(), req)
	if err != nil {
		p.t.Fatal(err)
	}
	p.must(resp.Diagnostics)
	return resp
}

func (p protocol) as(v *tfprotov6.DynamicValue, t tftypes.Type, out any) {
	p.t.Helper()
	if err := p.decode(v, t).As(out); err != nil {
		p.t.Fatal(err)
	}
}

// apply carries out a plan. Whatever it comes to, what is returned is what
// Terraform writes to the state file.
func (p protocol) apply(name string, h held, plan *tfprotov6.PlanResourceChangeResponse, config map[string]any) (held, []*tfprotov6.Diagnostic) {
	p.t.Helper()
	as := p.resourceType(name)
	req := &tfprotov6.ApplyResourceChangeRequest{TypeName: name, PriorState: h.or(as), PlannedState: plan.PlannedState, PlannedPrivate: plan.PlannedPrivate,
		PlannedIdentity: plan.PlannedIdentity, Config: null(as)}
	if config != nil {
		req.Config = value(p.t, as, config)
	}
	resp, err := p.server.ApplyResourceChange(p.t.Context(), req)
	if err != nil {
		p.t.Fatal(err)
	}
	next := held{resp.NewState, resp.Private, resp.NewIdentity}
	if p.decode(resp.NewState, as).IsNull() {
		next = held{}
	}
	return next, resp.Diagnostics
}

// text is the value that a state file holds, without what says which commands
// led to it.
func (p protocol) text(name string, h held) string {
	p.t.Helper()
	if h.state == nil {
		return "nothing"
	}
	as := p.resourceType(name)
	all := map[string]tftypes.Value{}
	p.as(h.state, as, &all)
	delete(all, "planned_commands")
	delete(all, "rollback_commands")
	return fmt.Sprint(all)
}

// commands are those that a plan shows.
func (p protocol) commands(name string, plan *tfprotov6.PlanResourceChangeResponse) []string {
	p.t.Helper()
	all := map[string]tftypes.Value{}
	p.as(plan.PlannedState, p.resourceType(name), &all)
	var values []tftypes.Value
	if err := all["planned_commands"].As(&values); err != nil {
		p.t.Fatal(err)
	}
	var out []string
	for _, v := range values {
		var line string
		if err := v.As(&line); err != nil {
			p.t.Fatal(err)
		}
		out = append(out, line)
	}
	return out
}

// errorsOf joins the errors among diagnostics.
func errorsOf(diags []*tfprotov6.Diagnostic) string {
	var out []string
	for _, d := range diags {
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			out = append(out, d.Summary+": "+d.Detail)
		}
	}
	return strings.Join(out, "\n")
}
