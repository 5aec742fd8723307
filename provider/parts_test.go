package provider_test

import (
	"errors"
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
)

const (
	vlan20 = "cthulix_vlan.cluster"
	port1  = "cthulix_switch_port.node1"
)

func TestVLANLifeCycle(t *testing.T) {
	w := newWorld(t)
	named := func(name string) string {
		return w.config(`resource "cthulix_vlan" "cluster" {
  switch  = "leaf1"
  vlan_id = 20
  name    = "` + name + `"
}`)
	}
	w.test(
		resource.TestStep{Config: named("cluster"), ConfigPlanChecks: plansCommands(vlan20, "vlan 20", "name cluster", "exit")},
		resource.TestStep{Config: named("compute"), ConfigPlanChecks: plansCommands(vlan20, "vlan 20", "name compute", "exit")},
		resource.TestStep{
			PreConfig: func() { w.byHand("vlan 20", "name renamed") },
			Config:    named("compute"), ConfigPlanChecks: plansCommands(vlan20, "vlan 20", "name compute", "exit"),
		},
		resource.TestStep{
			PreConfig: func() { w.byHand("no vlan 20") },
			Config:    named("compute"),
			ConfigPlanChecks: resource.ConfigPlanChecks{
				PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(vlan20, plancheck.ResourceActionCreate)},
			},
		},
		resource.TestStep{
			ResourceName: vlan20, ImportState: true, ImportStateId: "leaf1/20",
			ImportStateVerify: true, ImportStateVerifyIdentifierAttribute: "vlan_id",
			ImportStateVerifyIgnore: []string{"planned_commands", "rollback_commands"},
		},
	)
}

func TestVLANBadInput(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"out of range": {`vlan_id = 4095`, `VLAN 4095 does not exist`},
		"reserved":     {`vlan_id = 1005`, `VLAN 1005 is reserved`},
		"name":         {`vlan_id = 20` + "\n" + `name = "two words"`, `cannot be\s+typed`},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.test(resource.TestStep{Config: w.config("resource \"cthulix_vlan\" \"x\" {\n switch = \"leaf1\"\n" + c.body + "\n}"), PlanOnly: true, ExpectError: regexp.MustCompile(c.want)})
		})
	}
}

func TestSwitchPortLifeCycle(t *testing.T) {
	w := newWorld(t)
	port := func(body string) string {
		return w.config(`
resource "cthulix_vlan" "cluster" {
  switch  = "leaf1"
  vlan_id = 20
}

resource "cthulix_switch_port" "node1" {
  switch = cthulix_vlan.cluster.switch
  port   = "gi1/0/3"
  ` + body + `
}`)
	}
	access := port(`mode = "access"
  access_vlan = cthulix_vlan.cluster.vlan_id
  description = "node1"`)
	trunk := port(`mode = "trunk"
  native_vlan = cthulix_vlan.cluster.vlan_id
  allowed_vlans = "20,10-12"`)
	w.test(
		resource.TestStep{
			Config: access,
			ConfigPlanChecks: plansCommands(port1,
				"interface GigabitEthernet1/0/3", "description node1", "switchport access vlan 20", "switchport mode access"),
		},
		resource.TestStep{
			Config: trunk,
			ConfigPlanChecks: resource.ConfigPlanChecks{
				PreApply:             []plancheck.PlanCheck{plancheck.ExpectResourceAction(port1, plancheck.ResourceActionUpdate)},
				PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
			},
			Check: func(*terraform.State) error {
				return errors.Join(w.has(" switchport trunk native vlan 20"), w.has(" switchport trunk allowed vlan 10-12,20"))
			},
		},
		resource.TestStep{
			PreConfig: func() { w.byHand("interface gi1/0/3", "switchport trunk allowed vlan remove 11", "shutdown") },
			Config:    trunk,
			ConfigPlanChecks: resource.ConfigPlanChecks{
				PreApply:             []plancheck.PlanCheck{plancheck.ExpectResourceAction(port1, plancheck.ResourceActionUpdate)},
				PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
			},
			Check: func(*terraform.State) error { return w.has(" switchport trunk allowed vlan 10-12,20") },
		},
		resource.TestStep{
			ResourceName: port1, ImportState: true, ImportStateId: "leaf1/gi1/0/3",
			ImportStateVerify: true, ImportStateVerifyIdentifierAttribute: "switch",
			ImportStateVerifyIgnore: []string{"planned_commands", "rollback_commands", "port", "allowed_vlans"},
		},
	)
}

func TestTwoClaimOnePort(t *testing.T) {
	w := newWorld(t)
	w.test(
		resource.TestStep{
			PlanOnly: true,
			Config: w.config(`
resource "cthulix_switch" "leaf1" {
  name  = "leaf1"
  ports = { "GigabitEthernet1/0/1" = { description = "a" } }
}

resource "cthulix_switch_port" "b" {
  switch      = "leaf1"
  port        = "gi1/0/1"
  description = "b"
}`),
			ExpectError: regexp.MustCompile(`Claimed twice: port GigabitEthernet1/0/1 of switch leaf1[\s\S]*(cthulix_switch "leaf1"|cthulix_switch_port\s+GigabitEthernet1/0/1 on leaf1)`),
		},
		resource.TestStep{
			PlanOnly: true,
			Config: w.config(`
resource "cthulix_vlan" "a" {
  switch  = "leaf1"
  vlan_id = 20
}

resource "cthulix_vlan" "b" {
  switch  = "leaf1"
  vlan_id = 20
}`),
			ExpectError: regexp.MustCompile(`Claimed twice: VLAN 20 of switch leaf1`),
		},
	)
}

// Many resources of one switch read it once for the plan, and once more where
// Terraform plans again in a later command.
func TestOneSnapshot(t *testing.T) {
	w := newWorld(t)
	w.test(resource.TestStep{
		Config: w.config(`
resource "cthulix_switch_port" "p" {
  for_each    = toset(["1", "2", "4", "5", "6", "7", "8"])
  switch      = "leaf1"
  port        = "gi1/0/${each.key}"
  description = "port ${each.key}"
}`),
		PlanOnly: true, ExpectNonEmptyPlan: true,
	})
	if w.dial.dials != 1 {
		t.Errorf("the switch was dialled %d times to plan 7 ports, want once", w.dial.dials)
	}
}

// What a killed create left is taken up by the next, and the destroy restores
// what was there before the first.
func TestJournal(t *testing.T) {
	w := newWorld(t)
	config := w.config(`
resource "cthulix_switch" "leaf1" {
  name  = "leaf1"
  vlans = { "20" = {} }
  ports = { "gi1/0/3" = { mode = "access", access_vlan = 20 } }
}`)
	if err := w.sim.SetFault(dropAt("switchport mode access")); err != nil {
		t.Fatal(err)
	}
	w.test(
		resource.TestStep{Config: config, ExpectError: regexp.MustCompile(`(?s)could not be changed`)},
		resource.TestStep{
			PreConfig:        w.sim.ClearFaults,
			Config:           config,
			ConfigPlanChecks: resource.ConfigPlanChecks{PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
			Check:            func(*terraform.State) error { return w.has(" switchport access vlan 20") },
		},
	)
}
