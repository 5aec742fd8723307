package provider_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

const node1 = "cthulix_host.node1"

func plansEffect(effect string) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{
		PreApply:             []plancheck.PlanCheck{plancheck.ExpectKnownValue(node1, tfjsonpath.New("effect"), knownvalue.StringExact(effect))},
		PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
	}
}

// hostConfig is a switch and a host on its first port.
func hostConfig(w *world, r *rig, name, image, more string) string {
	return w.config(fmt.Sprintf(`
resource "cthulix_switch" "leaf1" {
  name  = "leaf1"
  vlans = { "20" = { name = "cluster" } }
  ports = { "GigabitEthernet1/0/1" = { mode = "access", access_vlan = 20, portfast = true } }
}

resource "cthulix_host" "node1" {
  name   = %q
  macs   = [%q]
  switch = cthulix_switch.leaf1.name
  port   = "gi1/0/1"
  vlan   = 20
  image  = %q
  bmc    = { address = %q, credentials = "bmc" }
  %s
}`, name, r.mac, image, r.address, more))
}

func TestHostLifeCycle(t *testing.T) {
	w := newWorld(t)
	hub := w.withOphub()
	r := newRig(t, hub, "52:54:00:00:01:01")
	first := hostConfig(w, r, "life1", kid("first"), "")
	second := hostConfig(w, r, "life1", kid("second"), "")
	booted := func(image string) resource.TestCheckFunc {
		return resource.ComposeAggregateTestCheckFunc(
			resource.TestCheckResourceAttr(node1, "booted_image", image),
			resource.TestCheckResourceAttr(node1, "state", "ready"),
			resource.TestCheckResourceAttr(node1, "addresses.0", "10.20.0.11"),
			resource.TestCheckResourceAttr(node1, "agent_version", "1.2.3"),
		)
	}
	resets := func(want int) resource.TestCheckFunc {
		return func(*terraform.State) error {
			if got := r.resets(); got != want {
				return fmt.Errorf("it was restarted %d times, want %d", got, want)
			}
			return nil
		}
	}
	w.test(
		resource.TestStep{Config: first, ConfigPlanChecks: plansEffect("reboot"), Check: resource.ComposeAggregateTestCheckFunc(booted(kid("first")), resets(0))},
		resource.TestStep{Config: second, ConfigPlanChecks: plansEffect("reboot"), Check: resource.ComposeAggregateTestCheckFunc(booted(kid("second")), resets(1))},
		// The power is cut by hand.
		resource.TestStep{
			PreConfig: func() { _ = r.PowerOff(context.Background(), true) },
			Config:    second, ConfigPlanChecks: plansEffect("power_on"), Check: resource.ComposeAggregateTestCheckFunc(booted(kid("second")), resets(1)),
		},
		// The boot device is changed by hand.
		resource.TestStep{
			PreConfig: func() { clearBoot(t, r) },
			Config:    second, ConfigPlanChecks: plansEffect("live"), Check: resets(1),
		},
		// The record is lost: it comes back, and the machine goes on.
		resource.TestStep{
			PreConfig: func() {
				if err := hub.DeleteHost(context.Background(), "life1"); err != nil {
					t.Fatal(err)
				}
			},
			Config: second, Check: resource.ComposeAggregateTestCheckFunc(booted(kid("second")), resets(1)),
		},
		resource.TestStep{
			ResourceName: node1, ImportState: true, ImportStateId: "life1/bmc",
			ImportStateVerify: true, ImportStateVerifyIdentifierAttribute: "name",
			ImportStateVerifyIgnore: []string{"effect", "effect_reason", "port"},
		},
		resource.TestStep{
			Config:           hostConfig(w, r, "life1", kid("third"), `reboot_policy = "next_boot"`),
			ConfigPlanChecks: plansEffect("next_boot"), Check: resets(1),
		},
		resource.TestStep{Config: hostConfig(w, r, "life1", kid("third"), `power = "off"`), ConfigPlanChecks: plansEffect("power_off")},
	)
	if r.Powered() {
		t.Error("destroy left it on")
	}
	if _, err := hub.Host(context.Background(), "life1"); !errors.Is(err, ophub.ErrNotFound) {
		t.Errorf("destroy left its record: %v", err)
	}
}

// A host that does not come up is not saved, its record is withdrawn, and it is
// off again. Once the cause is mended, the next apply completes.
func TestHostDoesNotBoot(t *testing.T) {
	w := newWorld(t)
	hub := w.withOphub()
	r := newRig(t, hub, "52:54:00:00:02:01")
	r.setDeaf(true)
	config := hostConfig(w, r, "deaf1", kid("image"), `timeouts = { create = "3s", update = "3s" }`)
	w.test(
		resource.TestStep{Config: config, ExpectError: regexp.MustCompile(`no DHCP request\s+seen[\s\S]*GigabitEthernet1/0/1`)},
		resource.TestStep{
			PreConfig: func() {
				if r.Powered() {
					t.Error("a failed create left it on")
				}
				if _, err := hub.Host(context.Background(), "deaf1"); !errors.Is(err, ophub.ErrNotFound) {
					t.Errorf("a failed create left its record: %v", err)
				}
				r.setDeaf(false)
			},
			Config: config,
			ConfigPlanChecks: resource.ConfigPlanChecks{
				PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(node1, plancheck.ResourceActionCreate)},
			},
			Check: resource.TestCheckResourceAttr(node1, "state", "ready"),
		},
		// An update that fails keeps the host, and the next one completes.
		resource.TestStep{
			PreConfig:   func() { r.setDeaf(true) },
			Config:      hostConfig(w, r, "deaf1", kid("other"), `timeouts = { create = "3s", update = "3s" }`),
			ExpectError: regexp.MustCompile(`did not become ready`),
		},
		resource.TestStep{
			PreConfig: func() { r.setDeaf(false) },
			Config:    hostConfig(w, r, "deaf1", kid("other"), ""),
			ConfigPlanChecks: resource.ConfigPlanChecks{
				PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(node1, plancheck.ResourceActionUpdate)},
			},
			Check: resource.TestCheckResourceAttr(node1, "booted_image", kid("other")),
		},
	)
}

// A machine that runs the right image already is taken as it is.
func TestHostAdopts(t *testing.T) {
	w := newWorld(t)
	hub := w.withOphub()
	r := newRig(t, hub, "52:54:00:00:03:01")
	ctx := context.Background()
	record := ophub.Host{Name: "adopt1", MACs: []string{r.mac}, Firmware: "bios"}
	record.Image = mustKID(t, kid("image"))
	if err := hub.PutHost(ctx, record); err != nil {
		t.Fatal(err)
	}
	r.SetBoot(pxe)
	if err := r.PowerOn(ctx); err != nil {
		t.Fatal(err)
	}
	await(t, hub, "adopt1")
	w.test(resource.TestStep{
		Config: hostConfig(w, r, "adopt1", kid("image"), ""),
		Check: func(*terraform.State) error {
			if r.resets() != 0 {
				return errors.New("it was restarted")
			}
			return nil
		},
	})
}

func TestHostWrongPassword(t *testing.T) {
	w := newWorld(t)
	hub := w.withOphub()
	r := newRig(t, hub, "52:54:00:00:04:01")
	config := regexp.MustCompile(`credentials = "bmc" }`).ReplaceAllString(hostConfig(w, r, "auth1", kid("image"), ""), `credentials = "wrong" }`)
	w.test(resource.TestStep{Config: config, ExpectError: regexp.MustCompile(`refused the login`)})
	if n := r.bmc.Counts().Logins; n != 1 {
		t.Errorf("%d log-ins with a wrong password, want 1", n)
	}
	if _, err := hub.Host(context.Background(), "auth1"); !errors.Is(err, ophub.ErrNotFound) {
		t.Errorf("a record was left: %v", err)
	}
}

func TestHostBadInput(t *testing.T) {
	w := newWorld(t)
	hub := w.withOphub()
	r := newRig(t, hub, "52:54:00:00:05:01")
	host := func(name, mac, port, more string) string {
		return fmt.Sprintf(`
resource "cthulix_host" %[1]q {
  name   = %[1]q
  macs   = ["%[2]s"]
  switch = cthulix_switch.leaf1.name
  port   = %[3]q
  image  = %[4]q
  bmc    = { address = %[6]q, credentials = "bmc" }
  %[5]s
}
`, name, mac, port, kid("image"), more, "127.0.0.1:"+fmt.Sprint(10000+len(name)*7+int(name[len(name)-1])))
	}
	sw := `
resource "cthulix_switch" "leaf1" {
  name  = "leaf1"
  vlans = { "20" = {}, "30" = {} }
  ports = {
    "GigabitEthernet1/0/1" = { mode = "access", access_vlan = 30 }
    "GigabitEthernet1/0/2" = { mode = "trunk", allowed_vlans = "20" }
  }
}
`
	_ = r
	for name, c := range map[string]struct{ body, want string }{
		"malformed MAC":      {host("bad1", "52:54:00:zz:00:01", "gi1/0/1", ""), `Not a MAC address`},
		"group MAC":          {host("bad1", "01:54:00:00:00:01", "gi1/0/1", ""), `group address`},
		"duplicate MAC":      {host("bad1", `52:54:00:00:00:01", "52-54-00-00-00-01`, "gi1/0/1", ""), `Duplicate MAC`},
		"MAC of another":     {host("bad1", "52:54:00:00:00:0a", "gi1/0/1", "") + host("bad2", "52:54:00:00:00:0A", "gi1/0/2", ""), `Claimed twice: MAC address 52:54:00:00:00:0a`},
		"port of another":    {host("bad1", "52:54:00:00:00:01", "gi1/0/1", "") + host("bad2", "52:54:00:00:00:02", "GigabitEthernet1/0/1", ""), `Claimed twice: the cable in port\s+GigabitEthernet1/0/1[\s\S]*cthulix_host "bad`},
		"BMC of another":     {host("bad1", "52:54:00:00:00:01", "gi1/0/1", "") + strings.ReplaceAll(host("bad2", "52:54:00:00:00:02", "gi1/0/2", ""), ":10078", ":10077"), `Claimed twice: BMC 127\.0\.0\.1:10077[\s\S]*bmc\.address`},
		"name of another":    {host("bad1", "52:54:00:00:00:01", "gi1/0/1", "") + regexp.MustCompile(`name   = "bad2"`).ReplaceAllString(host("bad2", "52:54:00:00:00:02", "gi1/0/2", ""), `name   = "bad1"`), `Claimed twice: host bad1`},
		"VLAN not on port":   {host("bad1", "52:54:00:00:00:01", "gi1/0/1", "vlan = 20"), `VLAN 20 is not on the host's port[\s\S]*in VLAN 30`},
		"VLAN tagged":        {host("bad1", "52:54:00:00:00:01", "gi1/0/2", "vlan = 20"), `carries\s+VLAN 20 tagged`},
		"VLAN on nobody's":   {host("bad1", "52:54:00:00:00:01", "gi1/0/9", "vlan = 20"), `No resource of this plan owns port`},
		"unknown port":       {host("bad1", "52:54:00:00:00:01", "gi1/0/99", "vlan = 20"), `Switch leaf1 has no\s+port GigabitEthernet1/0/99`},
		"VLAN out of range":  {host("bad1", "52:54:00:00:00:01", "gi1/0/1", "vlan = 4095"), `VLAN 4095 does not exist`},
		"budget of no boots": {host("bad1", "52:54:00:00:00:01", "gi1/0/1", "boot_budget = { attempts = 0 }"), `boot_budget.attempts value must be between 1 and 100`},
		"no host name":       {host("Bad_1", "52:54:00:00:00:01", "gi1/0/1", ""), `must be a host name`},
		"unknown kernel":     {host("bad1", "52:54:00:00:00:01", "gi1/0/1", `kernels = ["nobody"]`), `There is no kernel "nobody" on\s+record`},
		"BMC of no address":  {regexp.MustCompile(`address = "127[^"]*"`).ReplaceAllString(host("bad1", "52:54:00:00:00:01", "gi1/0/1", ""), `address = ""`), `Not an address of a BMC`},
		"unknown credential": {regexp.MustCompile(`"bmc" }`).ReplaceAllString(host("bad1", "52:54:00:00:00:01", "gi1/0/1", ""), `"nobody" }`), `have no\s+"nobody"`},
	} {
		t.Run(name, func(t *testing.T) {
			inner := *w
			inner.t = t
			inner.test(resource.TestStep{Config: w.config(sw + c.body), PlanOnly: true, ExpectError: regexp.MustCompile(c.want)})
		})
	}
}
