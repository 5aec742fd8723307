package provider_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
)

// chained are a VLAN and ports of it that Terraform hands over one after another.
func (w *world) chained(word string, ports ...int) string {
	var b strings.Builder
	b.WriteString("resource \"cthulix_vlan\" \"v\" {\n  switch  = \"leaf1\"\n  vlan_id = 60\n  name    = \"" + word + "\"\n}\n")
	last := "cthulix_vlan.v"
	for _, n := range ports {
		fmt.Fprintf(&b, "resource \"cthulix_switch_port\" \"p%d\" {\n  switch      = \"leaf1\"\n  port        = \"gi1/0/%d\"\n  mode        = \"access\"\n  access_vlan = 60\n  description = \"%s %d\"\n  depends_on  = [%s]\n}\n",
			n, n, word, n, last)
		last = fmt.Sprintf("cthulix_switch_port.p%d", n)
	}
	return w.config(b.String())
}

// With coalesce = "plan", parts that Terraform hands over one by one share a
// transaction; without it, each is one.
func TestPartsAhead(t *testing.T) {
	t.Setenv("TF_CLI_ARGS_apply", "-parallelism=1")
	for _, ahead := range []bool{true, false} {
		t.Run(fmt.Sprint(ahead), func(t *testing.T) {
			w := newWorld(t)
			most := 5
			if ahead {
				w.blocks = []string{`coalesce = "plan"`}
				most = 1
			}
			saves := 0
			count := func() { saves = w.sim.Stats().Saves }
			shared := func(word string) resource.TestCheckFunc {
				return func(*terraform.State) error {
					if n := w.sim.Stats().Saves - saves; n != most {
						return fmt.Errorf("5 parts took %d transactions, want %d", n, most)
					}
					for _, n := range []string{"4", "5", "6", "7"} {
						if err := w.has(" description " + word + " " + n); err != nil {
							return err
						}
					}
					return nil
				}
			}
			w.test(
				resource.TestStep{PreConfig: count, Config: w.chained("first", 4, 5, 6, 7), Check: shared("first")},
				resource.TestStep{PreConfig: count, Config: w.chained("second", 4, 5, 6, 7), Check: shared("second")},
				resource.TestStep{Config: w.chained("second", 4, 5, 6, 7), PlanOnly: true},
				// What goes is removed when its turn comes.
				resource.TestStep{Config: w.chained("third", 4, 7), Check: func(*terraform.State) error {
					if strings.Contains(w.sim.RunningConfig(), " description second") {
						return fmt.Errorf("something was left:\n%s", w.sim.RunningConfig())
					}
					return w.has(" description third 7")
				}},
			)
		})
	}
}

// A part that cannot be made ahead fails in its own name, and those that depend
// on it, which are made, are not in the state: the next plan takes them over.
func TestPartsAheadFail(t *testing.T) {
	t.Setenv("TF_CLI_ARGS_apply", "-parallelism=1")
	w := newWorld(t)
	w.blocks = []string{`coalesce = "plan"`}
	if err := w.sim.SetFault(rejectLine("description first 5")); err != nil {
		t.Fatal(err)
	}
	w.test(
		resource.TestStep{Config: w.chained("first", 4, 5, 6, 7), ExpectError: regexp.MustCompile(`cthulix_switch_port.p5`)},
		resource.TestStep{
			PreConfig: func() {
				for port, there := range map[string]bool{"4": true, "5": false, "6": true, "7": true} {
					if err := w.has(" description first " + port); (err == nil) != there {
						t.Errorf("port %s: %v", port, err)
					}
				}
				w.sim.ClearFaults()
			},
			Config: w.chained("first", 4, 5, 6, 7),
		},
		resource.TestStep{Config: w.chained("first", 4, 5, 6, 7), PlanOnly: true},
	)
}

// What was planned and not applied is never made ahead.
func TestPartsAheadOfThisPlanOnly(t *testing.T) {
	t.Setenv("TF_CLI_ARGS_apply", "-parallelism=1")
	w := newWorld(t)
	w.blocks = []string{`coalesce = "plan"`}
	w.test(
		resource.TestStep{Config: w.chained("first", 4, 5, 6, 7), PlanOnly: true, ExpectNonEmptyPlan: true},
		resource.TestStep{Config: w.chained("second", 4), Check: func(*terraform.State) error {
			if strings.Contains(w.sim.RunningConfig(), " description first") {
				return fmt.Errorf("what nobody applied is there:\n%s", w.sim.RunningConfig())
			}
			return w.has(" description second 4")
		}},
	)
}
