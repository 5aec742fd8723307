package provider_test

import (
	"errors"
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/cthulix/terraform-provider-cthulix/lab/iossim"
)

func noChangeAfter() resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}
}

// Every attribute of a port that is only managed where it is said: set, drifted,
// changed and given up.
func TestWidePortLifeCycle(t *testing.T) {
	w := newWorld(t)
	all := func(voice, speed, level string) string {
		return w.config(switchOf(`vlans = { "20" = {}, "30" = {} }
  ports = { "gi1/0/5" = {
    mode = "access"
    access_vlan = 20
    voice_vlan = "` + voice + `"
    nonegotiate = true
    bpdu_guard = true
    guard_root = true
    storm_control = { broadcast = "` + level + `", action = "shutdown" }
    port_security = { enabled = true, maximum = 4, violation = "restrict", sticky = true }
    dhcp_snooping_trust = true
    lldp = { transmit = false, receive = true }
    cdp = false
    speed = "` + speed + `"
    duplex = "full"
  } }`))
	}
	little := w.config(switchOf(`vlans = { "20" = {} }
  ports = { "gi1/0/5" = { mode = "access", access_vlan = 20, bpdu_guard = false, voice_vlan = "none" } }`))
	w.test(
		resource.TestStep{
			Config: all("30", "100", "5"), ConfigPlanChecks: noChangeAfter(),
			Check: func(*terraform.State) error {
				return errors.Join(w.has(" switchport voice vlan 30"), w.has(" switchport nonegotiate"), w.has(" spanning-tree bpduguard enable"),
					w.has(" spanning-tree guard root"), w.has(" storm-control broadcast level 5.00"), w.has(" switchport port-security maximum 4"),
					w.has(" ip dhcp snooping trust"), w.has(" no lldp transmit"), w.has(" no cdp enable"), w.has(" speed 100"), w.has(" duplex full"))
			},
		},
		resource.TestStep{
			PreConfig: func() {
				w.byHand("interface gi1/0/5", "no switchport voice vlan", "spanning-tree bpduguard disable", "cdp enable", "speed 10", "no switchport port-security violation")
			},
			Config: all("30", "100", "5.0"), ConfigPlanChecks: noChangeAfter(),
			Check: func(*terraform.State) error {
				return errors.Join(w.has(" switchport voice vlan 30"), w.has(" spanning-tree bpduguard enable"), w.has(" no cdp enable"), w.has(" speed 100"))
			},
		},
		resource.TestStep{Config: all("dot1p", "100", "10 5"), ConfigPlanChecks: noChangeAfter(), Check: func(*terraform.State) error { return w.has(" switchport voice vlan dot1p") }},
		// What is no longer said is left alone, whatever becomes of it.
		resource.TestStep{
			Config: little, ConfigPlanChecks: noChangeAfter(),
			Check: func(*terraform.State) error {
				return errors.Join(w.has(" speed 100"), w.has(" spanning-tree guard root"))
			},
		},
		resource.TestStep{PreConfig: func() { w.byHand("interface gi1/0/5", "no speed", "no duplex") }, Config: little, ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}},
	)
}

func TestPortOfCatalyst9300(t *testing.T) {
	w := newWorldOf(t, startup, func(c *iossim.Config) { c.Profile = "C9300-48P" })
	power := func(text string) string {
		return w.config(switchOf(`ports = { "gi1/0/5" = { poe = { ` + text + ` }, mtu = 9000 } }`))
	}
	w.test(
		resource.TestStep{Config: power(`mode = "never"`), ConfigPlanChecks: noChangeAfter(), Check: func(*terraform.State) error { return w.has(" power inline never") }},
		resource.TestStep{Config: power(`mode = "auto", max_milliwatts = 15400`), ConfigPlanChecks: noChangeAfter(), Check: func(*terraform.State) error { return w.has(" power inline auto max 15400") }},
		resource.TestStep{
			PreConfig: func() { w.byHand("interface gi1/0/5", "power inline never") },
			Config:    power(`mode = "auto"`), ConfigPlanChecks: noChangeAfter(),
		},
	)
}

// A port-channel is made before its members, which follow it, and leaves after
// them.
func TestPortChannel(t *testing.T) {
	w := newWorld(t)
	bundle := func(allowed string) string {
		return w.config(switchOf(`vlans = { "20" = {}, "30" = {} }
  ports = {
    "Port-channel5" = { mode = "trunk", allowed_vlans = "` + allowed + `", description = "spine" }
    "gi1/0/5"       = { channel = { group = 5 } }
    "gi1/0/6"       = { channel = { group = 5, mode = "passive" }, description = "second" }
  }`))
	}
	w.test(
		resource.TestStep{
			Config: bundle("20"), ConfigPlanChecks: noChangeAfter(),
			Check: func(*terraform.State) error {
				return errors.Join(w.has("interface Port-channel5\n description spine\n switchport trunk allowed vlan 20\n"), w.has(" channel-group 5 mode active"), w.has(" channel-group 5 mode passive"))
			},
		},
		resource.TestStep{Config: bundle("20,30"), ConfigPlanChecks: noChangeAfter()},
		resource.TestStep{
			PreConfig: func() { w.byHand("interface gi1/0/6", "no channel-group") },
			Config:    bundle("20,30"), ConfigPlanChecks: noChangeAfter(),
			Check: func(*terraform.State) error { return w.has(" channel-group 5 mode passive") },
		},
	)
}

// A port-channel that came to be with its members leaves with the last of them.
func TestPortChannelOfMembers(t *testing.T) {
	w := newWorld(t)
	members := func(text string) string { return w.config(switchOf("ports = {\n" + text + "\n}")) }
	w.test(
		resource.TestStep{
			Config: members(`"gi1/0/5" = { channel = { group = 5, mode = "on" } }
    "gi1/0/6" = { channel = { group = 5, mode = "on" } }`),
			ConfigPlanChecks: noChangeAfter(),
			Check:            func(*terraform.State) error { return w.has("interface Port-channel5\n") },
		},
		resource.TestStep{
			Config: members(`"gi1/0/5" = { channel = { group = 5, mode = "on" } }`), ConfigPlanChecks: noChangeAfter(),
			Check: func(*terraform.State) error { return w.has("interface Port-channel5\n") },
		},
	)
}

func TestSwitchLayer3(t *testing.T) {
	w := newWorldOf(t, managed)
	w.managed = "Vlan9"
	body := func(address, state, tail string) string {
		return w.config(switchOf(`vlans = { "20" = { name = "cluster", state = "` + state + `" } }
  svis = { "20" = { addresses = ["` + address + `"], helpers = ["10.9.0.7"], description = "gateway of the cluster" } }
  spanning_tree = { mode = "rapid-pvst" }
` + tail))
	}
	w.test(
		resource.TestStep{
			Config: body("10.20.0.1/24", "suspend", ""), ConfigPlanChecks: noChangeAfter(),
			Check: func(*terraform.State) error {
				return errors.Join(w.has("interface Vlan20\n description gateway of the cluster\n ip address 10.20.0.1 255.255.255.0\n ip helper-address 10.9.0.7\n"),
					w.has("spanning-tree mode rapid-pvst"))
			},
		},
		resource.TestStep{
			PreConfig: func() { w.byHand("interface vlan 20", "no ip helper-address 10.9.0.7") },
			Config:    body("10.20.0.2/24", "active", ""), ConfigPlanChecks: noChangeAfter(),
			Check: func(*terraform.State) error {
				return errors.Join(w.has(" ip address 10.20.0.2 255.255.255.0"), w.has(" ip helper-address 10.9.0.7"))
			},
		},
		resource.TestStep{
			Config:      body("10.20.0.2/24", "active", `default_gateway = "10.20.0.254"`),
			ExpectError: regexp.MustCompile(`would cut\s+the\s+way`),
		},
		resource.TestStep{Config: body("10.20.0.2/24", "active", `default_gateway = "10.9.0.1"`), ConfigPlanChecks: noChangeAfter()},
	)
}

// What is imported is all that the switch was told.
func TestWideImport(t *testing.T) {
	w := newWorld(t)
	config := w.config(switchOf(`vlans = { "7" = {}, "30" = {} }
  ports = {
    "GigabitEthernet1/0/3" = { access_vlan = 7, description = "uplink of old" }
    "GigabitEthernet1/0/5" = { mode = "access", voice_vlan = "30", bpdu_guard = true, cdp = false }
  }`))
	w.byHand("vlan 7", "exit")
	w.test(
		resource.TestStep{Config: config},
		resource.TestStep{
			ResourceName: leaf1, ImportState: true, ImportStateId: "leaf1",
			ImportStateVerify: true, ImportStateVerifyIdentifierAttribute: "name",
			ImportStateVerifyIgnore: []string{"planned_commands", "rollback_commands", "planned_commands.#", "rollback_commands.#", "fingerprint", "spanning_tree", "spanning_tree.%", "spanning_tree.mode"},
		},
	)
}

// Settings of the whole switch: set, drifted, changed, and given up one by one.
func TestSwitchGlobal(t *testing.T) {
	w := newWorldOf(t, "hostname leaf1\n!\nspanning-tree vlan 20 priority 8192\n!\nend\n")
	full := w.config(switchOf(`vlans = { "20" = {}, "30" = {} }
  spanning_tree = { mode = "mst", priorities = { "30,20" = 4096 } }
  dhcp_snooping = { enabled = true, vlans = "30,20" }
  lldp = true
  cdp  = false`))
	some := w.config(switchOf(`vlans = { "20" = {}, "30" = {} }
  spanning_tree = { priorities = { "30" = 4096 } }
  lldp = true`))
	w.test(
		resource.TestStep{
			Config: full, ConfigPlanChecks: noChangeAfter(),
			Check: func(*terraform.State) error {
				return errors.Join(w.has("spanning-tree mode mst"), w.has("spanning-tree vlan 20,30 priority 4096"), w.has("ip dhcp snooping vlan 20,30"),
					w.has("ip dhcp snooping\n"), w.has("lldp run"), w.has("no cdp run"))
			},
		},
		resource.TestStep{
			PreConfig: func() {
				w.byHand("spanning-tree vlan 30 priority 12288", "no ip dhcp snooping vlan 20", "cdp run", "no lldp run")
			},
			Config: full, ConfigPlanChecks: noChangeAfter(),
			Check: func(*terraform.State) error {
				return errors.Join(w.has("spanning-tree vlan 20,30 priority 4096"), w.has("ip dhcp snooping vlan 20,30"), w.has("lldp run"), w.has("no cdp run"))
			},
		},
		resource.TestStep{
			Config: some, ConfigPlanChecks: noChangeAfter(),
			Check: func(*terraform.State) error {
				return errors.Join(w.has("spanning-tree vlan 20 priority 8192"), w.has("spanning-tree vlan 30 priority 4096"), w.has("lldp run"))
			},
		},
		resource.TestStep{
			Config:      w.config(switchOf(`spanning_tree = { priorities = { "30" = 4000 } }`)),
			ExpectError: regexp.MustCompile(`4000 is not a bridge\s+priority`),
		},
		resource.TestStep{Config: some, PlanOnly: true},
	)
}
