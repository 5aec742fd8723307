package provider_test

import (
	"context"
	"fmt"
	"regexp"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

func TestBMCData(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := newControlled(t)
	if err := c.machine.PowerOn(context.Background()); err != nil {
		t.Fatal(err)
	}
	data := func(address, credentials string) string {
		return w.config(fmt.Sprintf("data \"cthulix_bmc\" \"node1\" {\n  address = %q\n  credentials = %q\n}", address, credentials))
	}
	const at = "data.cthulix_bmc.node1"
	w.test(
		resource.TestStep{
			Config: data(c.address, "bmc"),
			Check: resource.ComposeAggregateTestCheckFunc(
				resource.TestCheckResourceAttr(at, "power", "on"),
				resource.TestCheckResourceAttr(at, "device.ipmi_version", "2.0"),
				resource.TestCheckResourceAttr(at, "lan.source", "static"),
				resource.TestCheckResourceAttr(at, "lan.address", "127.0.0.1"),
				resource.TestCheckResourceAttr(at, "users.ADMIN.privilege", "administrator"),
				resource.TestCheckResourceAttr(at, "users.ADMIN.slot", "2"),
				resource.TestMatchResourceAttr(at, "sensors.#", regexp.MustCompile(`^[1-9]`)),
				resource.TestCheckResourceAttrSet(at, "sensors.0.name"),
				resource.TestCheckResourceAttrSet(at, "sensors.0.unit"),
				resource.TestCheckResourceAttrSet(at, "sensors.0.thresholds.upper_critical"),
				resource.TestMatchResourceAttr(at, "frus.#", regexp.MustCompile(`^[1-9]`)),
				resource.TestCheckResourceAttr(at, "missing.%", "0"),
			),
		},
		resource.TestStep{Config: data("127.0.0.1:9", "bmc"), ExpectError: regexp.MustCompile(`BMC 127\.0\.0\.1:9 cannot be read`)},
		resource.TestStep{Config: data(c.address, "wrong"), ExpectError: regexp.MustCompile(`refused the log-in`)},
	)
}

func TestHostData(t *testing.T) {
	w := newWorld(t)
	hub := w.withOphub()
	ctx := context.Background()
	host := ophub.Host{Name: "data2", MACs: []string{"52:54:00:00:07:02"}, Image: mustKID(t, kid("data")), BMC: "10.0.9.11"}
	if err := hub.PutHost(ctx, host); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := hub.DeleteHost(ctx, "data2"); err != nil {
			t.Error(err)
		}
	})
	inventory := &ophub.Inventory{
		System: ophub.System{Vendor: "ACME"}, CPU: ophub.CPU{Model: "Example 9000", Cores: 8}, MemoryMiB: 65536,
		Disks: []ophub.Disk{{Name: "nvme0n1", Bytes: 1 << 40}}, BMC: ophub.InBandBMC{Address: "10.0.9.11"},
		NICs: []ophub.NIC{{Name: "eth0", MAC: "52:54:00:00:07:02", Link: true, Neighbors: []ophub.Neighbor{{Chassis: "leaf1", Port: "Gi1/0/7"}}}},
	}
	config := func(name string) string {
		return w.config(fmt.Sprintf(`data "cthulix_host" "one" { name = %q }`, name))
	}
	const at = "data.cthulix_host.one"
	w.test(
		resource.TestStep{
			Config: config("data2"),
			Check: resource.ComposeAggregateTestCheckFunc(
				resource.TestCheckResourceAttr(at, "bmc", "10.0.9.11"),
				resource.TestCheckResourceAttr(at, "live", "false"),
				resource.TestCheckResourceAttr(at, "state", "not ready"),
				resource.TestCheckNoResourceAttr(at, "inventory"),
			),
		},
		resource.TestStep{
			PreConfig: func() {
				reg, err := hub.Register(ctx, ophub.Agent{Host: "data2", BootID: "boot", Version: "1", Image: host.Image, Addresses: []string{"10.20.0.12"},
					MAC: "52:54:00:00:07:02", Started: time.Now(), Inventory: inventory}, 10*time.Second)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = reg.Close(ctx) })
			},
			Config: config("data2"),
			Check: resource.ComposeAggregateTestCheckFunc(
				resource.TestCheckResourceAttr(at, "state", "ready"),
				resource.TestCheckResourceAttr(at, "inventory.system.vendor", "ACME"),
				resource.TestCheckResourceAttr(at, "inventory.cpu.cores", "8"),
				resource.TestCheckResourceAttr(at, "inventory.disks.0.name", "nvme0n1"),
				resource.TestCheckResourceAttr(at, "inventory.nics.0.neighbors.0.port", "Gi1/0/7"),
				resource.TestCheckResourceAttr(at, "inventory.bmc.address", "10.0.9.11"),
			),
		},
		resource.TestStep{Config: config("nobody"), ExpectError: regexp.MustCompile(`no host "nobody" on\s+record`)},
	)
}

func TestDiscoveredData(t *testing.T) {
	w := newWorld(t)
	hub := w.withOphub()
	ctx := context.Background()
	const mac = "52:54:00:00:07:03"
	stranger := ophub.Discovered{MAC: mac, Address: "10.20.0.103", Inventory: ophub.Inventory{MemoryMiB: 4096, NICs: []ophub.NIC{
		{Name: "eth0", MAC: mac, Neighbors: []ophub.Neighbor{{Chassis: "00:00:5e:00:53:01", System: "leaf1", Port: "Gi1/0/9", VLAN: 20}}},
		{Name: "eth1", MAC: "52:54:00:00:07:04"},
	}}}
	if err := hub.PutDiscovered(ctx, stranger); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := hub.DeleteDiscovered(ctx, mac); err != nil {
			t.Error(err)
		}
	})
	check := func(attribute, want string) resource.TestCheckFunc {
		return resource.TestCheckResourceAttr("data.cthulix_discovered_hosts.all", "hosts."+mac+"."+attribute, want)
	}
	w.test(resource.TestStep{
		Config: w.config(`data "cthulix_discovered_hosts" "all" {}`),
		Check: resource.ComposeAggregateTestCheckFunc(
			check("macs.1", "52:54:00:00:07:04"), check("switch", "leaf1"), check("port", "Gi1/0/9"), check("vlan", "20"),
			check("address", "10.20.0.103"), check("inventory.memory_mib", "4096"),
		),
	})
}
