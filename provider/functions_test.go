package provider_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
)

func TestFunctions(t *testing.T) {
	numbers := func(ids ...int64) knownvalue.Check {
		checks := make([]knownvalue.Check, len(ids))
		for i, id := range ids {
			checks[i] = knownvalue.Int64Exact(id)
		}
		return knownvalue.ListExact(checks)
	}
	cases := []struct {
		call string
		want knownvalue.Check
	}{
		{`vlans_expand("1,3-5")`, numbers(1, 3, 4, 5)},
		{`vlans_expand("none")`, numbers()},
		{`vlans_normalize("5,3,4,1")`, knownvalue.StringExact("1,3-5")},
		{`vlans_normalize("1-4094")`, knownvalue.StringExact("all")},
		{`vlans_contains("1,3-5", 4)`, knownvalue.Bool(true)},
		{`vlans_contains("1,3-5", 2)`, knownvalue.Bool(false)},
		{`interface_name("gi1/0/1")`, knownvalue.StringExact("GigabitEthernet1/0/1")},
		{`interface_name("po5")`, knownvalue.StringExact("Port-channel5")},
		{`interface_short("GigabitEthernet1/0/1")`, knownvalue.StringExact("Gi1/0/1")},
		{`interface_short("ten 1/1/1")`, knownvalue.StringExact("Te1/1/1")},
	}
	w := newWorld(t)
	var outputs strings.Builder
	var checks []statecheck.StateCheck
	for i, c := range cases {
		name := fmt.Sprintf("o%d", i)
		fmt.Fprintf(&outputs, "output %q {\n  value = provider::cthulix::%s\n}\n", name, c.call)
		checks = append(checks, statecheck.ExpectKnownOutputValue(name, c.want))
	}
	w.test(resource.TestStep{Config: w.config(outputs.String()), ConfigStateChecks: checks})
	for call, want := range map[string]string{
		`vlans_expand("5-3")`:         `runs\s+backwards`,
		`vlans_contains("1", 5000)`:   `VLAN\s+5000\s+does\s+not\s+exist`,
		`interface_name("eth0!")`:     `not\s+a\s+port\s+name`,
		`vlans_normalize("cluster")`:  `cluster`,
		`interface_short("q1/0/1")`:   `no\s+kind\s+of\s+interface`,
		`vlans_contains("1,x-3", 10)`: `x`,
	} {
		t.Run(call, func(t *testing.T) {
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: w.factories(),
				Steps: []resource.TestStep{{
					Config:      "terraform {\n  required_providers {\n    cthulix = {\n      source = \"registry.terraform.io/hashicorp/cthulix\"\n    }\n  }\n}\noutput \"x\" {\n  value = provider::cthulix::" + call + "\n}",
					ExpectError: regexp.MustCompile(want),
				}},
			})
		})
	}
}
