package provider_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/cthulix/terraform-provider-cthulix/lab/iossim"
)

// managed is a switch that is managed in VLAN 9, which comes in on a trunk.
const managed = `
hostname leaf1
!
vlan 9
!
interface GigabitEthernet1/0/52
 description spine1
 switchport trunk native vlan 9
 switchport mode trunk
!
interface Vlan1
 no ip address
!
interface Vlan9
 ip address 10.9.0.2 255.255.255.0
!
ip default-gateway 10.9.0.1
!
end
`

func switchOf(body string) string {
	return "resource \"cthulix_switch\" \"leaf1\" {\n  name = \"leaf1\"\n  " + body + "\n}"
}

// A plan that would cut the way to the switch is refused, and names the line.
func TestManagementPath(t *testing.T) {
	for name, c := range map[string]struct{ body, line string }{
		"uplink shut down":    {`ports = { "gi1/0/52" = { mode = "trunk", native_vlan = 9, description = "spine1", shutdown = true } }`, "shutdown"},
		"uplink made access":  {`ports = { "gi1/0/52" = { mode = "access", access_vlan = 20, description = "spine1" } }`, `switchport access vlan 20|switchport mode access`},
		"native VLAN":         {`ports = { "gi1/0/52" = { mode = "trunk", native_vlan = 20, description = "spine1" } }`, "switchport trunk native vlan 20"},
		"VLAN not allowed":    {`ports = { "gi1/0/52" = { mode = "trunk", native_vlan = 9, allowed_vlans = "20", description = "spine1" } }`, "switchport trunk allowed vlan"},
		"edge port on uplink": {`ports = { "gi1/0/52" = { description = "spine1" } }`, "no switchport"},
	} {
		t.Run(name, func(t *testing.T) {
			refused := regexp.MustCompile(`(?s)The change would cut the way to the switch.*line\s+\d+\s+of\s+\d+,\s+"` + strings.ReplaceAll("(?:"+c.line+")", " ", `\s+`))
			w := newWorldOf(t, managed)
			w.test(
				resource.TestStep{Config: w.config(switchOf(c.body)), PlanOnly: true, ExpectError: refused},
				resource.TestStep{Config: w.config(switchOf(c.body + "\n  allow_disruptive = true")), PlanOnly: true, ExpectNonEmptyPlan: true},
			)
		})
	}
}

// What keeps the way is not refused, and a part of a switch is refused unless
// the provider's entry of the switch lets it be.
func TestManagementPathOfParts(t *testing.T) {
	w := newWorldOf(t, managed)
	harmless := w.config(`resource "cthulix_switch_port" "uplink" {
  switch      = "leaf1"
  port        = "gi1/0/52"
  mode        = "trunk"
  native_vlan = 9
  description = "spine one"
}`)
	cutting := `resource "cthulix_switch_port" "uplink" {
  switch      = "leaf1"
  port        = "gi1/0/52"
  mode        = "trunk"
  native_vlan = 9
  description = "spine one"
  shutdown    = true
}`
	refused := w.config(cutting)
	w.attrs = []string{"allow_disruptive = true"}
	w.test(
		resource.TestStep{Config: harmless, Check: func(*terraform.State) error { return w.has(" description spine one") }},
		resource.TestStep{Config: refused, ExpectError: regexp.MustCompile(`would cut\s+the\s+way\s+to\s+the\s+switch`)},
		resource.TestStep{Config: w.config(cutting), Check: func(*terraform.State) error { return w.has(" description spine one\n") }},
	)
}

// The way back is the one that the configuration asks for.
func TestWayBack(t *testing.T) {
	body := `ports = { "gi1/0/1" = { description = "node1" } }`
	t.Run("with its timer", func(t *testing.T) {
		w := newWorld(t)
		w.attrs = []string{`rollback = "reload"`, `rollback_timer = "3m"`}
		if out, err := w.sim.Exec("write memory"); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if err := w.sim.SetFault(iossim.Fault{Line: "^reload in 3( |$)", Times: 1, Answer: "% Reload is not allowed by the test\n"}); err != nil {
			t.Fatal(err)
		}
		w.test(
			resource.TestStep{Config: w.config(switchOf(body)), ExpectError: regexp.MustCompile(`the\s+way\s+back\s+"reload"\s+cannot\s+be\s+had[\s\S]*not\s+allowed\s+by\s+the\s+test`)},
			resource.TestStep{Config: w.config(switchOf(body))},
		)
	})
	t.Run("that cannot be had", func(t *testing.T) {
		w := newWorld(t)
		w.attrs = []string{`rollback = "revert_timer"`}
		w.test(resource.TestStep{Config: w.config(switchOf(body)), ExpectError: regexp.MustCompile(`the\s+way\s+back\s+"revert_timer"\s+cannot\s+be\s+had`)})
	})
	t.Run("by the archive", func(t *testing.T) {
		w := newWorldOf(t, strings.Replace(startup, "!\ninterface", "!\narchive\n path flash:archive\n!\ninterface", 1))
		w.attrs = []string{`rollback = "revert_timer"`}
		w.test(resource.TestStep{Config: w.config(switchOf(body)), Check: func(*terraform.State) error { return w.has(" description node1") }})
	})
	for _, bad := range []string{"90s", "1m", "3h", "soon"} {
		t.Run(bad, func(t *testing.T) {
			w := newWorld(t)
			w.attrs = []string{`rollback_timer = "` + bad + `"`}
			w.test(resource.TestStep{Config: w.config(switchOf(body)), PlanOnly: true, ExpectError: regexp.MustCompile("No usable timer")})
		})
	}
}
