package provider_test

import (
	"errors"
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/cthulix/terraform-provider-cthulix/lab/iossim"
)

// TestNexus: the same resource on NX-OS. The port is like the port-channel before
// it joins, a second plan is empty, and a destroy leaves nothing behind. Only a
// feature stays on, so it is switched on before.
func TestNexus(t *testing.T) {
	w := newWorldOf(t, "", func(c *iossim.Config) { c.Profile, c.EnableSecret = "N9K-C93180YC-EX", "" })
	w.managed = "mgmt0"
	w.attrs = append(w.attrs, `platform = "nxos"`)
	config := w.config(`
resource "cthulix_switch" "leaf1" {
  name  = "leaf1"
  vlans = { "20" = { name = "cluster" } }
  ports = {
    "Ethernet1/1"   = { mode = "access", access_vlan = 20, portfast = true }
    "port-channel7" = { mode = "trunk", allowed_vlans = "20-21" }
    "Ethernet1/2"   = { channel = { group = 7, mode = "active" } }
  }
}`)
	if _, err := w.sim.Exec("configure terminal", "feature lacp", "end"); err != nil {
		t.Fatal(err)
	}
	w.test(
		resource.TestStep{
			Config: config,
			ConfigPlanChecks: plansCommands(leaf1,
				"vlan 20", "name cluster", "exit",
				"interface port-channel7", "switchport trunk allowed vlan 20-21", "switchport mode trunk", "exit",
				"interface Ethernet1/1", "switchport access vlan 20", "spanning-tree port type edge", "exit",
				"interface Ethernet1/2", "switchport trunk allowed vlan 20-21", "switchport mode trunk", "channel-group 7 mode active", "exit"),
			Check: func(*terraform.State) error {
				return errors.Join(w.has("  switchport access vlan 20"), w.has("  channel-group 7 mode active"))
			},
		},
		resource.TestStep{Config: config, PlanOnly: true},
	)
}

// TestNexusWhole: what is of the whole switch is seen as it is, and given back.
func TestNexusWhole(t *testing.T) {
	w := newWorldOf(t, "", func(c *iossim.Config) { c.Profile, c.EnableSecret = "N9K-C93180YC-EX", "" })
	w.managed = "mgmt0"
	w.attrs = append(w.attrs, `platform = "nxos"`)
	config := func(mtu string) string {
		return w.config(`
resource "cthulix_switch" "leaf1" {
  name       = "leaf1"
  lldp       = true
  system_mtu = ` + mtu + `
}`)
	}
	w.test(
		resource.TestStep{Config: config("9000"), ConfigPlanChecks: plansCommands(leaf1, "feature lldp", "system jumbomtu 9000")},
		resource.TestStep{Config: config("9000"), PlanOnly: true},
		resource.TestStep{Config: config("9216"), ConfigPlanChecks: plansCommands(leaf1, "no system jumbomtu")},
		resource.TestStep{Config: config("9216"), PlanOnly: true},
		resource.TestStep{
			Config:      config("9001"),
			ExpectError: regexp.MustCompile(`(?s)9001 bytes is not an MTU of a Nexus.*even`),
		},
		resource.TestStep{Config: config("1500"), Check: func(*terraform.State) error { return w.has("system jumbomtu 1500") }},
	)
}
