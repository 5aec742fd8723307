package provider_test

import (
	"context"
	"fmt"
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// withRelease puts a release of the Nomad client on record.
func withRelease(t testing.TB, hub *ophub.Hub) {
	t.Helper()
	release := ophub.Release{Name: "nomad", Version: "1.10.5", KID: mustKID(t, kid("nomad")), Format: ophub.FormatZstd}
	if err := hub.PutRelease(context.Background(), release); err != nil {
		t.Fatal(err)
	}
}

func kernelConfig(w *world, name, description string) string {
	return w.config(fmt.Sprintf(`
resource "cthulix_kernel" "main" {
  name        = %q
  description = %q
}`, name, description))
}

func TestKernelLifeCycle(t *testing.T) {
	const address = "cthulix_kernel.main"
	w := newWorld(t)
	hub := w.withOphub()
	w.withNomad()
	withRelease(t, hub)
	noChanges := resource.ConfigPlanChecks{PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}
	attached := ophub.Host{Name: "kern1", MACs: []string{"52:54:00:00:06:01"}, Kernels: []string{"kern"}}
	w.test(
		resource.TestStep{
			Config: kernelConfig(w, "kern", "for tests"), ConfigPlanChecks: noChanges,
			Check: resource.ComposeAggregateTestCheckFunc(
				resource.TestCheckResourceAttr(address, "namespace", "kern"),
				resource.TestCheckResourceAttr(address, "release", kid("nomad")),
			),
		},
		resource.TestStep{Config: kernelConfig(w, "kern", "for more tests"), ConfigPlanChecks: noChanges},
		resource.TestStep{
			ResourceName: address, ImportState: true, ImportStateId: "kern",
			ImportStateVerify: true, ImportStateVerifyIdentifierAttribute: "name",
		},
		// The record is changed, then lost, behind Terraform's back.
		resource.TestStep{
			PreConfig: func() {
				k, err := hub.Kernel(context.Background(), "kern")
				if err == nil {
					k.Description = "by hand"
					err = hub.PutKernel(context.Background(), k)
				}
				if err != nil {
					t.Fatal(err)
				}
			},
			Config: kernelConfig(w, "kern", "for more tests"),
			ConfigPlanChecks: resource.ConfigPlanChecks{
				PreApply:             []plancheck.PlanCheck{plancheck.ExpectResourceAction(address, plancheck.ResourceActionUpdate)},
				PostApplyPostRefresh: noChanges.PostApplyPostRefresh,
			},
		},
		resource.TestStep{
			PreConfig: func() {
				if err := hub.DeleteKernel(context.Background(), "kern"); err != nil {
					t.Fatal(err)
				}
			},
			Config: kernelConfig(w, "kern", "for more tests"), ConfigPlanChecks: noChanges,
		},
		// Hosts that serve it keep it from being destroyed.
		resource.TestStep{
			PreConfig: func() {
				if err := hub.PutHost(context.Background(), attached); err != nil {
					t.Fatal(err)
				}
			},
			Config: w.config(""), ExpectError: regexp.MustCompile(`could not be\s+destroyed[\s\S]*kern1`),
		},
		resource.TestStep{
			PreConfig: func() {
				if err := hub.DeleteHost(context.Background(), "kern1"); err != nil {
					t.Fatal(err)
				}
			},
			Config: kernelConfig(w, "kern", "for more tests"), ConfigPlanChecks: noChanges,
		},
	)
	if _, err := hub.Kernel(context.Background(), "kern"); err == nil {
		t.Error("destroy left the record")
	}
}

func TestKernelBadInput(t *testing.T) {
	w := newWorld(t)
	w.test(
		resource.TestStep{Config: kernelConfig(w, "Main", ""), PlanOnly: true, ExpectError: regexp.MustCompile(`must be a host name`)},
		resource.TestStep{Config: kernelConfig(w, "main", ""), ExpectError: regexp.MustCompile(`does not know where the ophub is`)},
	)
}
