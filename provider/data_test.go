package provider_test

import (
	"context"
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

func TestSwitchData(t *testing.T) {
	w := newWorld(t)
	const address = "data.cthulix_switch.leaf1"
	w.test(
		resource.TestStep{
			Config: w.config(`data "cthulix_switch" "leaf1" { name = "leaf1" }`),
			Check: resource.ComposeAggregateTestCheckFunc(
				resource.TestCheckResourceAttr(address, "hostname", "leaf1"),
				resource.TestCheckResourceAttr(address, "ports.GigabitEthernet1/0/3.access_vlan", "7"),
				resource.TestCheckResourceAttr(address, "ports.GigabitEthernet1/0/3.description", "uplink of old"),
				resource.TestCheckResourceAttr(address, "ports.GigabitEthernet1/0/4.allowed_vlans", "all"),
			),
		},
		resource.TestStep{
			Config:      w.config(`data "cthulix_switch" "leaf2" { name = "leaf2" }`),
			ExpectError: regexp.MustCompile(`Unknown switch`),
		},
	)
}

func TestHostsData(t *testing.T) {
	w := newWorld(t)
	hub := w.withOphub()
	ctx := context.Background()
	withRelease(t, hub)
	if err := hub.PutKernel(ctx, ophub.Kernel{Name: "data", Namespace: "data", NodePool: "data"}); err != nil {
		t.Fatal(err)
	}
	host := ophub.Host{Name: "data1", MACs: []string{"52:54:00:00:07:01"}, Image: mustKID(t, kid("data")), Kernels: []string{"data"}}
	if err := hub.PutHost(ctx, host); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := hub.DeleteHost(ctx, "data1"); err != nil {
			t.Error(err)
		}
	})
	w.test(resource.TestStep{
		Config: w.config(`data "cthulix_hosts" "all" { kernel = "data" }`),
		Check: resource.ComposeAggregateTestCheckFunc(
			resource.TestCheckResourceAttr("data.cthulix_hosts.all", "hosts.%", "1"),
			resource.TestCheckResourceAttr("data.cthulix_hosts.all", "hosts.data1.image", kid("data")),
			resource.TestCheckResourceAttr("data.cthulix_hosts.all", "hosts.data1.live", "false"),
		),
	})
}
