package provider_test

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// An address that is to be somebody's for good is looked for in what DHCP gives
// away.
func TestStaticAddressInTheRangeOfDHCP(t *testing.T) {
	w := newWorld(t)
	hub := w.withOphub()
	ctx := context.Background()
	pool := ophub.Pool{
		Opserver: netip.MustParseAddr("10.77.0.1"), First: netip.MustParseAddr("10.77.0.1"), Last: netip.MustParseAddr("10.77.0.99"),
		Excluded: []netip.Addr{netip.MustParseAddr("10.77.0.1")},
	}
	if err := hub.PutPool(ctx, pool); err != nil {
		t.Fatal(err)
	}
	for ip, until := range map[string]time.Duration{"10.77.0.7": time.Hour, "10.77.0.8": -time.Hour} {
		lease := ophub.Lease{IP: ip, MAC: "52:54:00:00:0e:01", Host: "leased1", Expires: time.Now().Add(until)}
		if err := hub.PutLease(ctx, lease); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = hub.DeleteLease(ctx, lease) })
	}
	for address, want := range map[string]string{
		"10.77.0.7":   `ERROR AttributeName("svis").ElementKeyString("20").AttributeName("addresses").ElementKeyInt(0): The address is another machine's: SVI 20 of switch leaf1 is to have 10.77.0.7 for good, and DHCP has given it to host leased1 (52:54:00:00:0e:01)`,
		"10.77.0.8":   `WARNING AttributeName("svis").ElementKeyString("20").AttributeName("addresses").ElementKeyInt(0): The address is in the range of DHCP: SVI 20 of switch leaf1 is to have 10.77.0.8 for good, and the opserver at 10.77.0.1 hands out 10.77.0.1 to 10.77.0.99`,
		"10.77.0.1":   "",
		"10.77.0.100": "",
	} {
		t.Run(address, func(t *testing.T) {
			got := w.protocol(t).said("cthulix_switch", map[string]any{
				"name": "leaf1", "vlans": map[string]any{"20": map[string]any{}},
				"svis": map[string]any{"20": map[string]any{"addresses": []any{address + "/24"}}},
			})
			if want == "" && strings.Contains(got, "DHCP") || !strings.Contains(got, want) {
				t.Errorf("the plan says %q, want %q", got, want)
			}
		})
	}
	c := newControlled(t)
	got := w.protocol(t).said("cthulix_bmc", map[string]any{
		"address": c.address, "credentials": "bmc", "allow_disruptive": true, "lan": map[string]any{"address": "10.77.0.7", "netmask": "255.255.255.0"},
	})
	if want := `ERROR AttributeName("lan").AttributeName("address"): The address is another machine's`; !strings.Contains(got, want) {
		t.Errorf("the plan says %q, want %q", got, want)
	}
}
