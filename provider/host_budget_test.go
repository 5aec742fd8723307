package provider_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// The boot budget is what is said, on a machine that goes on running; what
// somebody else makes of it is put right.
func TestHostBootBudget(t *testing.T) {
	w := newWorld(t)
	hub := w.withOphub()
	r := newRig(t, hub, "52:54:00:00:0b:01")
	config := func(budget string) string { return hostConfig(w, r, "budget1", kid("image"), budget) }
	on := func(want ophub.Budget) resource.TestCheckFunc {
		return func(*terraform.State) error {
			host, err := hub.Host(context.Background(), "budget1")
			if err == nil && host.Budget != want {
				err = fmt.Errorf("the budget on record is %+v, want %+v", host.Budget, want)
			}
			return err
		}
	}
	settled := func(effect string) resource.ConfigPlanChecks {
		c := plansEffect(effect)
		c.PostApplyPostRefresh = []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}
		return c
	}
	w.test(
		resource.TestStep{Config: config("boot_budget = { attempts = 3 }"), Check: on(ophub.Budget{Attempts: 3, Minutes: 15})},
		resource.TestStep{Config: config("boot_budget = { attempts = 3, minutes = 60 }"), ConfigPlanChecks: settled("live"), Check: on(ophub.Budget{Attempts: 3, Minutes: 60})},
		resource.TestStep{
			PreConfig: func() {
				host, err := hub.Host(context.Background(), "budget1")
				if err != nil {
					t.Fatal(err)
				}
				host.Budget = ophub.Budget{Attempts: 100, Minutes: 1}
				if err := hub.PutHost(context.Background(), host); err != nil {
					t.Fatal(err)
				}
			},
			Config: config("boot_budget = { attempts = 3, minutes = 60 }"), ConfigPlanChecks: settled("live"), Check: on(ophub.Budget{Attempts: 3, Minutes: 60}),
		},
		resource.TestStep{Config: config(""), ConfigPlanChecks: settled("live"), Check: on(ophub.Budget{})},
	)
	if err := r.restarted(0); err != nil {
		t.Error(err)
	}
}
