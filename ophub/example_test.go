package ophub_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// What a host's records say of its boot.
func ExampleDiagnose() {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	view := ophub.View{
		At:   at,
		Host: &ophub.Host{Name: "node1", MACs: []string{"52:54:00:00:00:01"}, Switch: "leaf1", Port: "Gi1/0/1", VLAN: 20},
		Boot: ophub.Boot{Started: at.Add(-time.Minute), Reason: "power on"},
	}
	verdict := ophub.Diagnose(view, keg.Sum([]byte("image")), true, time.Time{})
	fmt.Println(verdict.Stage)
	fmt.Println(verdict.Evidence)
	// Output:
	// no DHCP request seen
	// nothing seen since 11:59:00 UTC (power on), 1m0s ago
}

// Start a host and wait until it runs the image that was asked for.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	hub, err := ophub.New(ophub.Config{Address: "http://127.0.0.1:8500"})
	if err != nil {
		fmt.Println(err)
		return
	}
	image := keg.Sum([]byte("image"))
	host := ophub.Host{Name: "node1", MACs: []string{"52:54:00:00:00:01"}, Switch: "leaf1", Port: "Gi1/0/1", VLAN: 20, Image: image}
	if err := hub.PutHost(ctx, host); err != nil {
		fmt.Println(err)
		return
	}
	if err := hub.ResetBoot(ctx, "node1", "power on"); err != nil {
		fmt.Println(err)
		return
	}
	// Power it on by its BMC, then:
	agent, err := ophub.WaitReady(ctx, hub, "node1", image, ophub.WaitOptions{
		Progress: func(v ophub.Verdict) { fmt.Println(v.Stage) },
	})
	var late *ophub.NotReady
	if errors.As(err, &late) {
		fmt.Println("stopped at", late.Stage, "because", late.Hint)
		return
	}
	fmt.Println("node1 runs boot", agent.BootID)
}
