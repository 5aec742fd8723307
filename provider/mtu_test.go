package provider_test

import (
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/cthulix/terraform-provider-cthulix/lab/iossim"
)

// The system MTU: set, drifted, imported, refused, and given up for what the
// switch had before, which was none of its own.
func TestSystemMTU(t *testing.T) {
	w := newWorldOf(t, startup, func(c *iossim.Config) { c.Profile = "C9300-48P" })
	mtu := func(bytes string) string { return w.config(switchOf("system_mtu = " + bytes)) }
	w.test(
		resource.TestStep{
			Config: mtu("9198"), ConfigPlanChecks: plansCommands(leaf1, "system mtu 9198"),
			Check: func(*terraform.State) error { return w.has("\nsystem mtu 9198\n") },
		},
		resource.TestStep{PreConfig: func() { w.byHand("system mtu 2000") }, Config: mtu("9198"), ConfigPlanChecks: plansCommands(leaf1, "system mtu 9198")},
		resource.TestStep{Config: mtu("1499"), PlanOnly: true, ExpectError: regexp.MustCompile(`between\s+1500`)},
		resource.TestStep{Config: mtu("9198"), PlanOnly: true},
	)
}
