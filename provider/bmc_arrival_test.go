package provider_test

import (
	"fmt"
	"log/slog"
	"net"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/cthulix/terraform-provider-cthulix/lab/bmc"
)

// A controller that is told to move and turns up nowhere: the error names where it
// was and where it was to be, the state still says where it was, and once it is
// found the next apply completes without telling it again.
func TestBMCNeverArrives(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var here, there *door
	changes := 0
	c := newControlled(t, func(config *bmc.Config) {
		config.Logger = slog.New(bmcCommands(func(netFn, id uint64) {
			if netFn == 0x0c && id == 0x01 {
				if changes++; changes == 4 { // the change is whole
					here.open(false)
				}
			}
		}))
	})
	here = newDoor(t, "127.0.0.1:0", c.address)
	_, port, _ := net.SplitHostPort(here.address)
	there = newDoor(t, "127.0.0.3:"+port, c.address)
	here.open(true)
	c.address = here.address
	moved := strings.ReplaceAll(bmcConfig(w, c, `
  allow_disruptive = true
  lan              = { address = "127.0.0.3" }
  timeouts         = { update = "16s" }`), here.address, there.address)
	w.test(
		resource.TestStep{Config: bmcConfig(w, c, `allow_disruptive = true`)},
		resource.TestStep{Config: moved, ExpectError: regexp.MustCompile(fmt.Sprintf(`was\s+not\s+found\s+after\s+its\s+network\s+changed[\s\S]*%s\s+was\s+sent\s+address\s+127\.0\.0\.3[\s\S]*not\s+found\s+at\s+%s`,
			regexp.QuoteMeta(here.address), regexp.QuoteMeta(there.address)))},
		resource.TestStep{
			RefreshState: true, ExpectNonEmptyPlan: true, PreConfig: func() { here.open(true) },
			Check: resource.TestCheckResourceAttr(node1BMC, "address", here.address),
		},
		resource.TestStep{PreConfig: func() { here.open(false); there.open(true) }, Config: moved, ConfigPlanChecks: plansBMC(plancheck.ResourceActionUpdate)},
	)
	if changes != 4 {
		t.Errorf("%d commands that change the network, want 4: it was told once", changes)
	}
}
