package provider_test

import (
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/cthulix/terraform-provider-cthulix/lab/iossim"
)

// A change that failed is taken back, and the state file tells the truth about
// that: a plan of what was there before is empty, and what was meant to be can
// be applied once the switch lets it.
func TestStateIsTrueAfterFailure(t *testing.T) {
	for kind, says := range map[iossim.FaultKind]string{
		iossim.RejectLine:   `reject\s+this\s+line`,
		iossim.Unauthorized: `authorization\s+failed`,
		iossim.DropAfter:    `connection|session`,
	} {
		t.Run(string(kind), func(t *testing.T) {
			w := newWorld(t)
			config := func(vlan, description string) string {
				return w.config(`
resource "cthulix_switch" "leaf1" {
  name  = "leaf1"
  vlans = { ` + vlan + ` = { name = "v` + vlan + `" } }
  ports = {
    "gi1/0/3" = { mode = "access", access_vlan = ` + vlan + `, description = "` + description + `" }
    "gi1/0/4" = { mode = "trunk", allowed_vlans = "` + vlan + `" }
  }
}`)
			}
			before := ""
			w.test(
				resource.TestStep{Config: config("50", "as it was")},
				resource.TestStep{
					PreConfig: func() {
						before = w.sim.RunningConfig()
						if err := w.sim.SetFault(iossim.FaultAt(kind, 3)); err != nil {
							t.Fatal(err)
						}
					},
					Config: config("60", "as meant"), ExpectError: regexp.MustCompile(says),
				},
				resource.TestStep{
					PreConfig: func() {
						if left := w.sim.PendingFaults(); left != 0 {
							t.Error("the fault did not strike")
						}
						w.sim.ClearFaults()
						if now := w.sim.RunningConfig(); now != before {
							t.Errorf("the switch is not as before:\n%s\nbut\n%s", before, now)
						}
					},
					Config: config("50", "as it was"), PlanOnly: true,
				},
				resource.TestStep{Config: config("60", "as meant")},
				resource.TestStep{Config: config("60", "as meant"), PlanOnly: true},
			)
		})
	}
}

// A change that is in force but could not be saved is told, and is in the state:
// nothing is planned again, and nothing is taken for a change by somebody else.
func TestUnsavedChangeIsInState(t *testing.T) {
	w := newWorld(t)
	readOnly := func() {
		if err := w.sim.SetFault(iossim.Fault{Line: "^write memory$", Answer: "%Error opening nvram:/startup-config (Read-only file system)\n"}); err != nil {
			t.Fatal(err)
		}
	}
	config := func(description string) string {
		return w.config(`
resource "cthulix_switch" "leaf1" {
  name  = "leaf1"
  ports = { "gi1/0/3" = { description = "` + description + `" } }
}`)
	}
	w.test(
		// A create that failed would be made anew: it warns.
		resource.TestStep{PreConfig: readOnly, Config: config("first")},
		resource.TestStep{Config: config("first"), PlanOnly: true},
		resource.TestStep{PreConfig: readOnly, Config: config("second"), ExpectError: regexp.MustCompile(`in\s+force\s+but\s+was\s+not\s+saved`)},
		resource.TestStep{
			PreConfig: func() {
				w.sim.ClearFaults()
				if err := w.has(" description second"); err != nil {
					t.Error(err)
				}
			},
			Config: config("second"), PlanOnly: true,
		},
		resource.TestStep{Config: config("third")},
	)
}
