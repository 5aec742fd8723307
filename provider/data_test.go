package provider_test

import (
	"context"
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/cthulix/terraform-provider-cthulix/lab/iossim"
	"github.com/cthulix/terraform-provider-cthulix/lab/wire"
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

// A switch tells who is at the end of its cables.
func TestCablingData(t *testing.T) {
	plane, spine := wire.New(), wire.New()
	t.Cleanup(func() { plane.Close(); spine.Close() })
	w := newWorldOf(t, "hostname leaf1\n!\nlldp run\n!\nend\n", func(c *iossim.Config) { c.Plane = plane })
	newSwitch(t, "spine1", "hostname spine1\n!\nlldp run\n!\nend\n", func(c *iossim.Config) { c.Plane = spine })
	a, b := wire.Pipe()
	host, socket := wire.Pipe()
	for _, err := range []error{plane.Attach("GigabitEthernet1/0/7", a), spine.Attach("GigabitEthernet1/0/1", b), plane.Attach("GigabitEthernet1/0/8", socket)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	frame := append([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x52, 0x54, 0, 0, 0, 9, 0x88, 0xb5}, make([]byte, 46)...)
	if _, err := host.Write(frame); err != nil {
		t.Fatal(err)
	}
	w.shows("show lldp neighbors", "spine1")
	w.shows("show mac address-table", "5254.0000.0009")
	const at = "data.cthulix_cabling.leaf1"
	w.test(resource.TestStep{
		Config: w.config(`data "cthulix_cabling" "leaf1" { switch = "leaf1" }`),
		Check: resource.ComposeAggregateTestCheckFunc(
			resource.TestCheckResourceAttr(at, "ports.GigabitEthernet1/0/7.neighbors.0.name", "spine1"),
			resource.TestCheckResourceAttr(at, "ports.GigabitEthernet1/0/7.neighbors.0.protocol", "lldp"),
			resource.TestCheckResourceAttr(at, "ports.GigabitEthernet1/0/8.mac_addresses.0", "52:54:00:00:00:09"),
		),
	})
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
