package provider_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
)

const leaf1 = "cthulix_switch.leaf1"

func commands(lines ...string) knownvalue.Check {
	checks := make([]knownvalue.Check, len(lines))
	for i, l := range lines {
		checks[i] = knownvalue.StringExact(l)
	}
	return knownvalue.ListExact(checks)
}

func plansCommands(address string, lines ...string) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{
		PreApply:             []plancheck.PlanCheck{plancheck.ExpectKnownValue(address, tfjsonpath.New("planned_commands"), commands(lines...))},
		PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
	}
}

func TestSwitchLifeCycle(t *testing.T) {
	w := newWorld(t)
	one := w.config(`
resource "cthulix_switch" "leaf1" {
  name  = "leaf1"
  vlans = { "20" = { name = "cluster" } }
  ports = {
    "GigabitEthernet1/0/1" = { mode = "access", access_vlan = 20, description = "node1", portfast = true }
  }
}`)
	two := w.config(`
resource "cthulix_switch" "leaf1" {
  name  = "leaf1"
  vlans = { "20" = { name = "cluster" }, "30" = {} }
  ports = {
    "GigabitEthernet1/0/1" = { mode = "access", access_vlan = 30, description = "node1", portfast = true }
    "gi1/0/3"              = { mode = "trunk", allowed_vlans = "30,20", native_vlan = 20 }
  }
}`)
	w.test(
		resource.TestStep{
			Config: one,
			ConfigPlanChecks: plansCommands(leaf1,
				"vlan 20", "name cluster", "exit",
				"interface GigabitEthernet1/0/1", "description node1", "switchport access vlan 20", "switchport mode access", "spanning-tree portfast"),
			Check: func(*terraform.State) error {
				return errors.Join(w.has(" switchport access vlan 20"), w.has(" description node1"))
			},
		},
		resource.TestStep{Config: one, PlanOnly: true},
		resource.TestStep{
			Config: two,
			ConfigPlanChecks: resource.ConfigPlanChecks{
				PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
			},
			Check: resource.ComposeAggregateTestCheckFunc(
				func(*terraform.State) error { return w.has(" switchport trunk allowed vlan 20,30") },
				resource.TestCheckResourceAttr(leaf1, "hostname", "leaf1"),
				func(*terraform.State) error {
					if strings.Contains(w.sim.StartupConfig(), "vlan 30") || strings.Contains(w.sim.StartupConfig(), "switchport trunk native vlan 20") {
						return nil
					}
					return errors.New("the change was not saved")
				},
			),
		},
		resource.TestStep{
			PreConfig:        func() { w.byHand("interface gi1/0/1", "switchport access vlan 7", "description by hand") },
			Config:           two,
			ConfigPlanChecks: plansCommands(leaf1, "interface GigabitEthernet1/0/1", "description node1", "switchport access vlan 30"),
			Check:            func(*terraform.State) error { return w.has(" switchport access vlan 30") },
		},
		resource.TestStep{
			PreConfig: func() { w.byHand("no vlan 30") },
			Config:    two,
			ConfigPlanChecks: resource.ConfigPlanChecks{
				PreApply:             []plancheck.PlanCheck{plancheck.ExpectResourceAction(leaf1, plancheck.ResourceActionUpdate)},
				PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
			},
		},
		resource.TestStep{
			Config: one,
			Check: func(*terraform.State) error {
				return errors.Join(w.has(" description uplink of old\n switchport access vlan 7"), w.has(" switchport access vlan 20"))
			},
		},
	)
}

func TestSwitchImport(t *testing.T) {
	w := newWorld(t)
	config := w.config(`
resource "cthulix_switch" "leaf1" {
  name  = "leaf1"
  vlans = { "7" = { name = "VLAN0007" }, "20" = { name = "cluster" } }
  ports = {
    "GigabitEthernet1/0/1" = { mode = "access", access_vlan = 20, description = "node1" }
    "GigabitEthernet1/0/3" = { access_vlan = 7, description = "uplink of old" }
  }
}`)
	w.byHand("vlan 7", "exit")
	w.test(
		resource.TestStep{Config: config},
		resource.TestStep{
			ResourceName: leaf1, ImportState: true, ImportStateId: "leaf1",
			ImportStateVerify: true, ImportStateVerifyIdentifierAttribute: "name",
			ImportStateVerifyIgnore: []string{"vlans.7.name", "planned_commands", "rollback_commands", "planned_commands.#", "rollback_commands.#", "fingerprint", "spanning_tree.%", "spanning_tree.mode"},
		},
	)
}

func TestSwitchUnreachable(t *testing.T) {
	w := newWorld(t)
	config := w.config(`
resource "cthulix_switch" "leaf1" {
  name  = "leaf1"
  ports = { "GigabitEthernet1/0/1" = { description = "node1" } }
}`)
	w.test(
		resource.TestStep{
			PreConfig: func() { w.dial.shut = true },
			Config:    config,
			PlanOnly:  true, ExpectNonEmptyPlan: true,
			ConfigPlanChecks: resource.ConfigPlanChecks{
				PostApplyPreRefresh: []plancheck.PlanCheck{plancheck.ExpectUnknownValue(leaf1, tfjsonpath.New("planned_commands"))},
			},
		},
		resource.TestStep{PreConfig: func() { w.dial.shut = false }, Config: config},
		// A switch that cannot be reached keeps what is known of it.
		resource.TestStep{PreConfig: func() { w.dial.shut = true }, Config: config, PlanOnly: true},
		resource.TestStep{PreConfig: func() { w.dial.shut = false }, Config: config},
	)
}

func TestSwitchBadInput(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"VLAN out of range":    {`vlans = { "5000" = {} }`, `vlans\["5000"\][\s\S]*VLAN 5000 does not exist|VLAN 5000 does not exist`},
		"VLAN reserved":        {`vlans = { "1003" = {} }`, `VLAN 1003 is reserved`},
		"VLAN no number":       {`vlans = { "cluster" = {} }`, `named by their number`},
		"access VLAN":          {`ports = { "gi1/0/1" = { mode = "access", access_vlan = 4095 } }`, `VLAN 4095 does not exist`},
		"access VLAN reserved": {`ports = { "gi1/0/1" = { mode = "access", access_vlan = 1002 } }`, `VLAN 1002 is reserved`},
		"VLAN list":            {`ports = { "gi1/0/1" = { mode = "trunk", allowed_vlans = "20-10" } }`, `runs backwards`},
		"unknown port":         {`ports = { "gi1/0/99" = { description = "x" } }`, `no port\s+GigabitEthernet1/0/99`},
		"no port name":         {`ports = { "eth0!" = { description = "x" } }`, `Not a port name`},
		"one port twice":       {`ports = { "gi1/0/1" = {}, "GigabitEthernet1/0/1" = {} }`, `One port twice`},
		"management":           {`ports = { "gi1/0/52" = { description = "x" } }`, `managed through this port`},
		"mode":                 {`ports = { "gi1/0/1" = { mode = "turbo" } }`, `turbo`},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.test(resource.TestStep{
				Config:      w.config("resource \"cthulix_switch\" \"leaf1\" {\n  name = \"leaf1\"\n  " + c.body + "\n}"),
				PlanOnly:    true,
				ExpectError: regexp.MustCompile(c.want),
			})
		})
	}
}

func TestSwitchAccess(t *testing.T) {
	body := `
resource "cthulix_switch" "leaf1" {
  name  = "leaf1"
  ports = { "gi1/0/1" = { description = "x" } }
}`
	t.Run("unknown switch", func(t *testing.T) {
		w := newWorld(t)
		w.test(resource.TestStep{Config: w.config(strings.Replace(body, `= "leaf1"`, `= "leaf2"`, 1)), PlanOnly: true, ExpectError: regexp.MustCompile(`have no\s+"leaf2"`)})
	})
	t.Run("wrong password", func(t *testing.T) {
		w := newWorld(t)
		w.test(resource.TestStep{Config: strings.Replace(w.config(body), switchPassword, "guess", 1), PlanOnly: true, ExpectError: regexp.MustCompile(`refused the login`)})
	})
	t.Run("unknown host key", func(t *testing.T) {
		w := newWorld(t)
		w.hostKey = "SHA256:" + strings.Repeat("A", 43)
		w.test(resource.TestStep{Config: w.config(body), PlanOnly: true, ExpectError: regexp.MustCompile(`another host key`)})
	})
}
