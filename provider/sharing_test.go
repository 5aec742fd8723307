package provider_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
)

// Resources of one switch share its transactions and its readings.
func TestPartsShare(t *testing.T) {
	w := newWorld(t)
	w.blocks = []string{"max_concurrent_switches = 1", "sessions_per_switch = 2"}
	ports := func(word string) string {
		return w.config(`
resource "cthulix_switch_port" "p" {
  count       = 8
  switch      = "leaf1"
  port        = "gi1/0/${count.index + 4}"
  description = "` + word + ` ${count.index + 4}"
}`)
	}
	saves, dials := 0, 0
	// What arrives at once is one transaction; a straggler makes another one.
	shared := func(*terraform.State) error {
		if n := w.sim.Stats().Saves - saves; n < 1 || n > 2 {
			return fmt.Errorf("8 ports took %d transactions, want one or two", n)
		}
		return nil
	}
	w.test(
		resource.TestStep{Config: ports("first"), Check: shared},
		resource.TestStep{PreConfig: func() { saves = w.sim.Stats().Saves }, Config: ports("second"), Check: shared},
		resource.TestStep{PreConfig: func() { dials = w.dial.count() }, Config: ports("second"), PlanOnly: true},
		resource.TestStep{
			PreConfig: func() {
				// A step that plans runs Terraform a few times.
				if n := w.dial.count() - dials; n > 4 {
					t.Errorf("planning 8 ports again dialled the switch %d times, want once a run of Terraform", n)
				}
			},
			Config: ports("second"), PlanOnly: true,
		},
	)
}

// One port that the switch refuses does not spoil the others of its transaction.
func TestPartsFailAlone(t *testing.T) {
	w := newWorld(t)
	if err := w.sim.SetFault(rejectLine("description port 5")); err != nil {
		t.Fatal(err)
	}
	config := w.config(`
resource "cthulix_switch_port" "p" {
  count       = 4
  switch      = "leaf1"
  port        = "gi1/0/${count.index + 4}"
  description = "port ${count.index + 4}"
}`)
	w.test(
		resource.TestStep{Config: config, ExpectError: regexp.MustCompile(`cthulix_switch_port.p\[1\]`)},
		resource.TestStep{
			PreConfig: func() {
				for _, port := range []string{"4", "6", "7"} {
					if err := w.has(" description port " + port); err != nil {
						t.Error(err)
					}
				}
				w.sim.ClearFaults()
			},
			Config: config,
			Check:  func(*terraform.State) error { return w.has(" description port 5") },
		},
	)
}

// A switch that cannot be reached fails nobody but itself: what is known of it
// stays, it is planned from that, and an apply goes on with the others.
func TestUnreachableSwitchFailsAlone(t *testing.T) {
	w := newWorld(t)
	sim2, address2, key2 := newSwitch(t, "leaf2", "hostname leaf2\n!\nend\n")
	w.switches = []string{fmt.Sprintf(`leaf2 = {
      address     = %q
      host_key    = %q
      credentials = "network"
    }`, address2, key2)}
	both := func(word, more string) string {
		return w.config(`
resource "cthulix_switch" "leaf1" {
  name  = "leaf1"
  ports = { "gi1/0/1" = { description = "` + word + ` of leaf1" } }
}

resource "cthulix_switch" "leaf2" {
  name  = "leaf2"
  ports = { "gi1/0/1" = { description = "` + word + ` of leaf2" } }
}
` + more)
	}
	cut := func(down bool) func() { return func() { w.dial.only, w.dial.shut = address2, down } }
	const leaf2 = "cthulix_switch.leaf2"
	vlan := `resource "cthulix_vlan" "new" {
  switch  = "leaf2"
  vlan_id = 30
}`
	w.test(
		resource.TestStep{Config: both("first", "")},
		resource.TestStep{PreConfig: cut(true), Config: both("first", ""), PlanOnly: true},
		resource.TestStep{
			Config: both("second", ""), PlanOnly: true, ExpectNonEmptyPlan: true,
		},
		resource.TestStep{
			Config:      both("second", vlan),
			ExpectError: regexp.MustCompile(`(?s)cthulix_switch\.leaf2.*no\s+route\s+to`),
		},
		resource.TestStep{
			PreConfig: func() {
				cut(false)()
				if err := w.has(" description second of leaf1"); err != nil {
					t.Errorf("the switch that can be reached was not changed: %v", err)
				}
				if strings.Contains(sim2.RunningConfig(), "second") {
					t.Error("the switch that cannot be reached was changed")
				}
			},
			Config: both("second", vlan),
			ConfigPlanChecks: resource.ConfigPlanChecks{
				PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(leaf1, plancheck.ResourceActionNoop),
					plancheck.ExpectResourceAction(leaf2, plancheck.ResourceActionUpdate),
				},
				PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
			},
		},
	)
}
