package ophub_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

func TestDiscovered(t *testing.T) {
	t.Parallel()
	hub, ctx := newHub(t), within(t, time.Minute)
	d := ophub.Discovered{MAC: "52-54-00-00-00-09", Address: "10.20.0.130", Inventory: ophub.Inventory{
		System: ophub.System{Serial: "S\x00N"},
		NICs: []ophub.NIC{
			{Name: "eth0", MAC: "52:54:00:00:00:08", Neighbors: []ophub.Neighbor{{System: "other"}}},
			{Name: "eth1", MAC: "52:54:00:00:00:09", Neighbors: []ophub.Neighbor{{System: "leaf1", Port: "Gi1/0/9"}}},
		},
	}}
	must(t, hub.PutDiscovered(ctx, d))
	all, err := hub.Discovered(ctx)
	must(t, err)
	if len(all) != 1 || all[0].MAC != "52:54:00:00:00:09" || all[0].Inventory.System.Serial != "SN" || all[0].First.IsZero() {
		t.Fatalf("%+v", all)
	}
	first := all[0]
	if c, ok := first.Cable(); !ok || c.NIC.Name != "eth1" || c.Neighbor.Port != "Gi1/0/9" {
		t.Errorf("cable %+v, %v", c, ok)
	}
	if macs := first.MACs(); !slices.Equal(macs, []string{"52:54:00:00:00:09", "52:54:00:00:00:08"}) {
		t.Errorf("%q", macs)
	}
	d.Address = "10.20.0.131"
	must(t, hub.PutDiscovered(ctx, d))
	all, err = hub.Discovered(ctx)
	must(t, err)
	if len(all) != 1 || all[0].Address != "10.20.0.131" || !all[0].First.Equal(first.First) || !all[0].Last.After(first.Last) {
		t.Errorf("told again: %+v", all)
	}
	must(t, hub.DeleteDiscovered(ctx, d.MAC))
	must(t, hub.DeleteDiscovered(ctx, first.MAC))
	if all, err := hub.Discovered(ctx); err != nil || len(all) != 0 {
		t.Errorf("%+v, %v", all, err)
	}
	for _, bad := range []ophub.Discovered{{MAC: "x"}, {MAC: "01:00:5e:00:00:01"}, {MAC: first.MAC, Address: "here"}, {MAC: first.MAC, Image: "K-1"}} {
		var invalid *ophub.InvalidError
		if err := hub.PutDiscovered(ctx, bad); !errors.As(err, &invalid) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

// TestDiscoveredAreBounded: many strangers push out only the oldest strangers.
func TestDiscoveredAreBounded(t *testing.T) {
	t.Parallel()
	hub, ctx := newHub(t), within(t, 2*time.Minute)
	mac := func(i int) string { return fmt.Sprintf("52:54:00:00:%02x:%02x", i>>8, i&0xff) }
	must(t, hub.PutDiscovered(ctx, ophub.Discovered{MAC: mac(0)}))
	next := make(chan int)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range next {
				if err := hub.PutDiscovered(ctx, ophub.Discovered{MAC: mac(i)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for i := 1; i < ophub.MaxDiscovered; i++ {
		next <- i
	}
	close(next)
	wg.Wait()
	must(t, hub.PutDiscovered(ctx, ophub.Discovered{MAC: mac(ophub.MaxDiscovered)}))
	all, err := hub.Discovered(ctx)
	must(t, err)
	if len(all) != ophub.MaxDiscovered || all[0].MAC == mac(0) || all[len(all)-1].MAC != mac(ophub.MaxDiscovered) {
		t.Errorf("%d are kept, from %s to %s", len(all), all[0].MAC, all[len(all)-1].MAC)
	}
}
