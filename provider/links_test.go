package provider_test

import (
	"context"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
	"github.com/cthulix/terraform-provider-cthulix/fabric/dialect"
	"github.com/cthulix/terraform-provider-cthulix/fabric/ios"
	"github.com/cthulix/terraform-provider-cthulix/lab/iossim"
	"github.com/cthulix/terraform-provider-cthulix/lab/wire"
)

// Both dialects tell of links and of what is behind them.
func TestLinks(t *testing.T) {
	for platform, c := range map[string]struct{ profile, port, other, shut string }{
		"ios":  {"", "GigabitEthernet1/0/1", "GigabitEthernet1/0/2", "GigabitEthernet1/0/3"},
		"nxos": {"N9K-C93180YC-EX", "Ethernet1/1", "Ethernet1/2", "Ethernet1/3"},
	} {
		t.Run(platform, func(t *testing.T) {
			plane := wire.New()
			t.Cleanup(func() { _ = plane.Close() })
			sim, address, hostKey := newSwitch(t, "leaf1", "", func(c2 *iossim.Config) {
				c2.Plane, c2.Profile = plane, c.profile
				if platform == "nxos" {
					c2.EnableSecret = ""
				}
			})
			if out, err := sim.Exec("configure terminal", "interface "+c.shut, "shutdown", "end"); err != nil {
				t.Fatal(err, out)
			}
			theirs, ours := wire.Pipe()
			t.Cleanup(func() { _ = ours.Close() })
			if err := plane.Attach(c.port, theirs); err != nil {
				t.Fatal(err)
			}
			// A broadcast from 52:54:00:00:00:09.
			frame := append([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x52, 0x54, 0, 0, 0, 9, 0x08, 0}, make([]byte, 50)...)
			if _, err := ours.Write(frame); err != nil {
				t.Fatal(err)
			}
			w := &world{t: t, sim: sim}
			w.shows("show mac address-table", "0000.0009")
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			links, err := dialect.Links(ctx, fabric.Target{
				Name: "leaf1", Address: address, Username: "cthulix", Password: switchPassword, EnablePassword: switchSecret, HostKey: hostKey, Platform: platform,
			}, ios.NewPool(ios.Limits{}))
			if err != nil {
				t.Fatal(err)
			}
			up, down, shut := links[c.port], links[c.other], links[c.shut]
			if up.Problem() != fabric.LinkUp || len(up.Seen) != 1 || up.Seen[0].MAC != "52:54:00:00:00:09" ||
				down.Problem() != fabric.LinkMissing || len(down.Seen) != 0 || shut.Problem() != fabric.LinkShut {
				t.Errorf("%+v, %+v, %+v", up, down, shut)
			}
		})
	}
}
