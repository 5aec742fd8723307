package provider_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// planSays checks an attribute of node1 in the plan.
func planSays(attribute, pattern string) plancheck.PlanCheck {
	return plancheck.ExpectKnownValue(node1, tfjsonpath.New(attribute), knownvalue.StringRegexp(regexp.MustCompile(pattern)))
}

// With `never`, only a change that a running machine takes up is planned.
func TestHostNeverRestarted(t *testing.T) {
	w := newWorld(t)
	hub := w.withOphub()
	r := newRig(t, hub, "52:54:00:00:06:01")
	const never = `reboot_policy = "never"`
	if err := hub.PutKernel(t.Context(), ophub.Kernel{Name: "never-k", Namespace: "never-k", NodePool: "never-k"}); err != nil {
		t.Fatal(err)
	}
	first := hostConfig(w, r, "never1", kid("first"), never)
	w.test(
		// It is off: there is nothing to restart.
		resource.TestStep{Config: first, ConfigPlanChecks: plansEffect("power_on"), Check: resource.TestCheckResourceAttr(node1, "booted_image", kid("first"))},
		resource.TestStep{
			Config:      hostConfig(w, r, "never1", kid("second"), never+"\n args = [\"x=1\"]"),
			ExpectError: regexp.MustCompile(`never\s+restarted[\s\S]*image K-\w+ becomes K-\w+; args\s+change`),
		},
		resource.TestStep{
			Config: hostConfig(w, r, "never1", kid("first"), never+"\n kernels = [\"never-k\"]\n drain_timeout = \"0s\""), ConfigPlanChecks: plansEffect("live"),
			Check: func(*terraform.State) error { return r.restarted(0) },
		},
		// What was recorded for the next boot is no drift, and the restart that brings it is somebody's own.
		resource.TestStep{
			Config: hostConfig(w, r, "never1", kid("second"), `reboot_policy = "next_boot"`),
			ConfigPlanChecks: resource.ConfigPlanChecks{
				PreApply:             []plancheck.PlanCheck{planSays("effect", "^next_boot$"), planSays("effect_reason", `image K-\w+ becomes K-\w+; kernels change`)},
				PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
			},
			Check: resource.ComposeAggregateTestCheckFunc(
				func(*terraform.State) error { return r.restarted(0) },
				resource.TestMatchResourceAttr(node1, "drift.0", regexp.MustCompile(`^booted: it runs K-\w+ \(boot \S+\), not K-\w+$`))),
		},
		// The pending restart is made once the policy lets it.
		resource.TestStep{
			Config: hostConfig(w, r, "never1", kid("second"), ""), ConfigPlanChecks: plansEffect("reboot"),
			Check: resource.ComposeAggregateTestCheckFunc(
				func(*terraform.State) error { return r.restarted(1) },
				resource.TestCheckResourceAttr(node1, "drift.#", "0"),
				resource.TestCheckResourceAttr(node1, "booted_image", kid("second"))),
		},
	)
	if !r.Powered() {
		t.Error("a host that is destroyed is detached, but this one was switched off")
	}
	if _, err := hub.Host(context.Background(), "never1"); !errors.Is(err, ophub.ErrNotFound) {
		t.Errorf("destroy left its record: %v", err)
	}
	if b := r.Boot(); b.Device == "pxe" {
		t.Errorf("a detached host still boots from the network: %+v", b)
	}
}

// A protected host is not destroyed, and what becomes of another is told.
func TestHostProtected(t *testing.T) {
	w := newWorld(t)
	hub := w.withOphub()
	r := newRig(t, hub, "52:54:00:00:07:01")
	config := func(more string) string { return hostConfig(w, r, "guard1", kid("image"), more) }
	w.test(
		resource.TestStep{Config: config("protect = true\n on_destroy = \"power_off\"")},
		resource.TestStep{Config: config("protect = true\n on_destroy = \"power_off\""), Destroy: true,
			ExpectError: regexp.MustCompile(`cthulix_host "guard1"\s+is\s+protected[\s\S]*lifecycle \{ destroy = false \}`)},
		// What replaces it destroys it, too.
		resource.TestStep{Config: hostConfig(w, r, "guard2", kid("image"), "protect = true"), ExpectError: regexp.MustCompile(`is\s+protected`)},
		resource.TestStep{Config: config("on_destroy = \"power_off\""), ConfigPlanChecks: plansEffect("none")},
	)
	if r.Powered() {
		t.Error("it was to be switched off when destroyed")
	}
}

// Each layer of drift is shown by its name, and the next plan mends what is the
// host's own to mend, without a restart where none is needed.
func TestHostDrift(t *testing.T) {
	w := newWorld(t)
	hub := w.withOphub()
	r := newRig(t, hub, "52:54:00:00:08:01")
	config := hostConfig(w, r, "drift1", kid("image"), "")
	ctx := context.Background()
	shows := func(patterns ...string) resource.TestCheckFunc {
		var checks []resource.TestCheckFunc
		for i, p := range patterns {
			checks = append(checks, resource.TestMatchResourceAttr(node1, fmt.Sprintf("drift.%d", i), regexp.MustCompile(p)))
		}
		return resource.ComposeAggregateTestCheckFunc(append(checks, resource.TestCheckResourceAttr(node1, "drift.#", fmt.Sprint(len(patterns))))...)
	}
	refresh := func(do func(), check resource.TestCheckFunc, empty bool) resource.TestStep {
		return resource.TestStep{PreConfig: do, RefreshState: true, ExpectNonEmptyPlan: !empty, Check: check}
	}
	mend := func(effect string, restarts int) resource.TestStep {
		return resource.TestStep{Config: config, ConfigPlanChecks: plansEffect(effect), Check: resource.ComposeAggregateTestCheckFunc(
			shows(), func(*terraform.State) error { return r.restarted(restarts) })}
	}
	w.test(
		resource.TestStep{Config: config, Check: shows()},
		refresh(func() { w.byHand("interface GigabitEthernet1/0/1", "shutdown") }, shows(`^switch: port GigabitEthernet1/0/1 of leaf1 is shut down$`), false),
		resource.TestStep{Config: config, Check: func(*terraform.State) error { return r.restarted(0) }},
		refresh(func() { clearBoot(t, r) }, shows(`^BMC: the boot device is none, not pxe$`), false),
		mend("live", 0),
		// Somebody gives the record another image; the machine still runs its own.
		refresh(func() {
			host, err := hub.Host(ctx, "drift1")
			if err == nil {
				host.Image = keg.KID(kid("other"))
				err = hub.PutHost(ctx, host)
			}
			if err != nil {
				t.Fatal(err)
			}
		}, shows(`^record: image K-\w+ becomes K-\w+$`, `^booted: it runs K-\w+ \(boot \S+\), not K-\w+$`), false),
		mend("live", 0),
		// Somebody restarts it: nothing to do.
		refresh(func() {
			if err := r.Reset(ctx); err != nil {
				t.Fatal(err)
			}
			await(t, hub, "drift1")
		}, shows(`^booted: it was restarted since the last apply \(boot \S+, then \S+\)$`), true),
		// Somebody boots another image with a record that is put back again.
		resource.TestStep{
			PreConfig: func() {
				host, err := hub.Host(ctx, "drift1")
				right := host
				if err == nil {
					host.Image = keg.KID(kid("other"))
					err = hub.PutHost(ctx, host)
				}
				if err == nil {
					err = r.Reset(ctx)
				}
				if err == nil {
					await(t, hub, "drift1")
					err = hub.PutHost(ctx, right)
				}
				if err != nil {
					t.Fatal(err)
				}
			},
			Config: config, ConfigPlanChecks: plansEffect("reboot"),
			Check: resource.ComposeAggregateTestCheckFunc(shows(), func(*terraform.State) error { return r.restarted(3) }),
		},
		refresh(func() { _ = r.PowerOff(ctx, true) }, shows(`^BMC: the power is off, not on$`), false),
		mend("power_on", 3),
	)
}

// A move is a restart: the machine has to boot from where it is plugged in now.
func TestHostMoves(t *testing.T) {
	w := newWorld(t)
	hub := w.withOphub()
	r := newRig(t, hub, "52:54:00:00:09:01")
	config := func(port string, vlan int, more string) string {
		return w.config(fmt.Sprintf(`
resource "cthulix_switch" "leaf1" {
  name  = "leaf1"
  vlans = { "20" = {}, "30" = {} }
  ports = { %[1]q = { mode = "access", access_vlan = %[2]d, portfast = true } }
}

resource "cthulix_host" "node1" {
  name   = "move1"
  macs   = [%[3]q]
  switch = cthulix_switch.leaf1.name
  port   = %[1]q
  vlan   = %[2]d
  image  = %[4]q
  bmc    = { address = %[5]q, credentials = "bmc" }
  %[6]s
}`, port, vlan, r.mac, kid("image"), r.address, more))
	}
	moves := func(effect, reason string, restarts int, c string) resource.TestStep {
		return resource.TestStep{Config: c,
			ConfigPlanChecks: resource.ConfigPlanChecks{
				PreApply:             []plancheck.PlanCheck{planSays("effect", "^"+effect+"$"), planSays("effect_reason", reason)},
				PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
			},
			Check: func(*terraform.State) error { return r.restarted(restarts) }}
	}
	w.test(
		resource.TestStep{Config: config("GigabitEthernet1/0/1", 20, "")},
		moves("reboot", `it moves from port GigabitEthernet1/0/1 of leaf1 to port GigabitEthernet1/0/2 of leaf1`, 1, config("GigabitEthernet1/0/2", 20, "")),
		moves("reboot", `VLAN 20 becomes 30`, 2, config("GigabitEthernet1/0/2", 30, "")),
		moves("next_boot", `it moves from port`, 2, config("GigabitEthernet1/0/1", 30, `reboot_policy = "next_boot"`)),
	)
}

// A host is found by its MAC address and by its BMC, too.
func TestHostImportedByWhatItHas(t *testing.T) {
	w := newWorld(t)
	hub := w.withOphub()
	r := newRig(t, hub, "52:54:00:00:0a:01")
	verify := func(id string) resource.TestStep {
		return resource.TestStep{
			ResourceName: node1, ImportState: true, ImportStateId: id + "/bmc",
			ImportStateVerify: true, ImportStateVerifyIdentifierAttribute: "name",
			ImportStateVerifyIgnore: []string{"effect", "effect_reason", "port"},
		}
	}
	w.test(
		resource.TestStep{Config: hostConfig(w, r, "found1", kid("image"), "")},
		verify("52-54-00-00-0A-01"),
		verify(r.address),
		resource.TestStep{ResourceName: node1, ImportState: true, ImportStateId: "10.9.9.9/bmc", ExpectError: regexp.MustCompile(`no host record has[\s\S]*10\.9\.9\.9`)},
	)
}
