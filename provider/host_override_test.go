package provider_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/lab/machine"
)

// TestHostBootOverride: an override for one boot is set for each boot that an
// apply brings about, and missed by nobody in between; a board's own bytes are
// read as what they stand for.
func TestHostBootOverride(t *testing.T) {
	w := newWorld(t)
	hub := w.withOphub()
	r := newRig(t, hub, "52:54:00:00:21:01")
	config := func(image, bmc, more string) string {
		return strings.Replace(hostConfig(w, r, "once1", kid(image), more), `credentials = "bmc" }`, `credentials = "bmc", `+bmc+` }`, 1)
	}
	const once, always, flags = `boot_override = "once"`, `boot_override = "always"`, `boot_flags = "e024"`
	is := func(device string, restarts int, boots machine.Boot) resource.TestCheckFunc {
		return resource.ComposeAggregateTestCheckFunc(
			resource.TestCheckResourceAttr(node1, "boot_device", device),
			resource.TestCheckResourceAttr(node1, "drift.#", "0"),
			func(*terraform.State) error { return r.restarted(restarts) },
			func(*terraform.State) error {
				if got := r.Boot(); got != boots {
					return fmt.Errorf("the machine boots by %+v, want %+v", got, boots)
				}
				return nil
			})
	}
	used := machine.Boot{Device: machine.DeviceNone}
	plans := func(effect, reason string) resource.ConfigPlanChecks {
		checks := plansEffect(effect)
		checks.PreApply = append(checks.PreApply, plancheck.ExpectKnownValue(node1, tfjsonpath.New("effect_reason"), knownvalue.StringExact(reason)))
		return checks
	}
	imported := resource.TestStep{
		ResourceName: node1, ImportState: true, ImportStateId: "once1/bmc",
		ImportStateVerify: true, ImportStateVerifyIdentifierAttribute: "name",
		ImportStateVerifyIgnore: []string{"effect", "effect_reason", "port"},
	}
	w.test(
		resource.TestStep{Config: config("image", `boot_flags = "e0"`, ""), ExpectError: regexp.MustCompile(`Not boot flags[\s\S]*"e0": want two bytes`)},
		resource.TestStep{Config: config("image", `boot_flags = "E024"`, ""), ExpectError: regexp.MustCompile(`write\s+them\s+in\s+lower\s+case,\s+e024`)},
		resource.TestStep{Config: config("image", `boot_flags = "6024"`, ""), ExpectError: regexp.MustCompile(`without\s+bit\s+7`)},
		resource.TestStep{Config: config("image", once+", "+flags, ""), ExpectError: regexp.MustCompile(`cannot\s+be\s+specified\s+when`)},
		resource.TestStep{Config: config("image", once, ""), ConfigPlanChecks: plansEffect("reboot"), Check: is("none", 0, used)},
		resource.TestStep{Config: config("image", once, "protect = true"), ConfigPlanChecks: plansEffect("none"), Check: is("none", 0, used)},
		resource.TestStep{Config: config("other", once, ""), ConfigPlanChecks: plansEffect("reboot"), Check: is("none", 1, used)},
		imported,
		// What is to be taken up later waits for the next boot.
		resource.TestStep{
			Config: config("third", once, `reboot_policy = "next_boot"`), ConfigPlanChecks: plansEffect("next_boot"),
			Check: resource.ComposeAggregateTestCheckFunc(resource.TestCheckResourceAttr(node1, "boot_device", "pxe"), func(*terraform.State) error {
				if got := r.Boot(); got.Device != machine.DevicePXE || got.Persistent {
					return fmt.Errorf("the machine boots by %+v", got)
				}
				return nil
			}),
		},
		resource.TestStep{Config: config("third", once, ""), ConfigPlanChecks: plansEffect("reboot"), Check: is("none", 2, used)},
		resource.TestStep{Config: config("third", always, ""), ConfigPlanChecks: plans("live", "the boot override changes; its boot device is none, not pxe"), Check: is("pxe", 2, pxe)},
		// A lab's machine knows no such device, and its BMC keeps what it was told.
		resource.TestStep{Config: config("third", flags, ""), ConfigPlanChecks: plans("live", "the boot override changes"), Check: is("pxe", 2, used)},
		imported,
		resource.TestStep{PreConfig: func() { clearBoot(t, r) }, RefreshState: true, ExpectNonEmptyPlan: true,
			Check: resource.TestCheckResourceAttr(node1, "drift.0", "BMC: the boot device is none, not pxe")},
		resource.TestStep{Config: config("third", flags, ""), ConfigPlanChecks: plansEffect("live"), Check: is("pxe", 2, used)},
		// Somebody changes the record.
		resource.TestStep{
			PreConfig: func() {
				host, err := hub.Host(t.Context(), "once1")
				if err == nil {
					host.Override.Flags, host.Image = "", keg.KID(kid("third"))
					err = hub.PutHost(t.Context(), host)
				}
				if err != nil {
					t.Fatal(err)
				}
			},
			RefreshState: true, ExpectNonEmptyPlan: true,
			Check: resource.TestCheckTypeSetElemAttr(node1, "drift.*", "record: the boot override e024 becomes always"),
		},
		resource.TestStep{Config: config("third", flags, ""), ConfigPlanChecks: plansEffect("live"), Check: is("pxe", 2, used)},
	)
}
