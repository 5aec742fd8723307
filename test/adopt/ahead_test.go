package adopt

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cthulix/terraform-provider-cthulix/lab/iossim"
)

// chain is a VLAN and four ports of it that Terraform hands over one by one.
func chain(word string) string {
	b := strings.Builder{}
	fmt.Fprintf(&b, "resource \"cthulix_vlan\" \"v\" {\n  switch  = \"leaf1\"\n  vlan_id = 60\n  name    = %q\n}\n", word)
	last := "cthulix_vlan.v"
	for n := 1; n <= 4; n++ {
		fmt.Fprintf(&b, "resource \"cthulix_switch_port\" \"p%d\" {\n  switch      = \"leaf1\"\n  port        = \"gi1/0/%d\"\n  mode        = \"access\"\n  access_vlan = 60\n"+
			"  description = \"%s %d\"\n  depends_on  = [%s]\n}\n", n, n, word, n, last)
		last = fmt.Sprintf("cthulix_switch_port.p%d", n)
	}
	return b.String()
}

// TestPartsOfOneApply: with coalesce = "plan", what one command plans for a
// switch is one transaction, whatever Terraform's parallelism is. A plan that was
// saved carries nothing of another plan along.
func TestPartsOfOneApply(t *testing.T) {
	e := newEstate(t, map[string]iossim.Config{"leaf1": {Hostname: "leaf1", Ports: 8}}, `coalesce = "plan"`)
	sim := e.switches["leaf1"]
	apply := func(what string, transactions int, args ...string) {
		t.Helper()
		saves := sim.Stats().Saves
		e.terraform(append([]string{"apply", "-input=false", "-parallelism=1"}, args...)...)
		if n := sim.Stats().Saves - saves; n != transactions {
			t.Errorf("%s: %d transactions, want %d", what, n, transactions)
		}
	}
	has := func(text string, there bool) {
		t.Helper()
		if strings.Contains(sim.RunningConfig(), text) != there {
			t.Errorf("%q is there: %t\n%s", text, !there, sim.RunningConfig())
		}
	}
	e.write("main.tf", chain("first"))
	apply("a create", 1, "-auto-approve")
	e.write("main.tf", chain("second"))
	apply("an update", 1, "-auto-approve")
	has(" description second 4", true)

	e.write("main.tf", chain("saved"))
	e.terraform("plan", "-input=false", "-target=cthulix_switch_port.p1", "-out=saved.plan")
	e.write("main.tf", chain("other"))
	e.terraform("plan", "-input=false", "-out=other.plan")
	apply("a saved plan of the VLAN and a port", 2, "saved.plan")
	has(" description saved 1", true)
	has(" description other", false)
	has(" description second 4", true)

	e.write("main.tf", chain("saved"))
	apply("a port that is replaced, and the rest", 2, "-auto-approve", "-replace=cthulix_switch_port.p2")
	for n := 1; n <= 4; n++ {
		has(fmt.Sprintf(" description saved %d", n), true)
	}
	for _, p := range e.plan() {
		if strings.Join(p.Change.Actions, " ") != "no-op" {
			t.Errorf("%s is not as it was applied: %s", p.Address, p.Change.Actions)
		}
	}
	e.terraform("destroy", "-input=false", "-auto-approve", "-parallelism=1")
	has("description", false)
}
