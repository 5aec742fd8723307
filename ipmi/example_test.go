package ipmi_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
	"github.com/cthulix/terraform-provider-cthulix/lab/bmc"
	"github.com/cthulix/terraform-provider-cthulix/lab/machine"
)

// A machine is told to boot from the network, with UEFI, and switched on. The BMC is the lab's.
func Example() {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	served := make(chan error)
	go func() {
		served <- bmc.Serve(ctx, conn, bmc.Config{Name: "node1", Username: "admin", Password: "example"}, &machine.Memory{})
	}()

	node := ipmi.New(ipmi.Target{Name: "node1", Address: conn.LocalAddr().String(), Username: "admin", Password: "example"})
	if err := node.SetBoot(ctx, ipmi.Boot{Device: ipmi.DevicePXE, EFI: true}); err != nil {
		fmt.Println(err)
	}
	if err := node.PowerOn(ctx); err != nil {
		var refused *ipmi.AuthError
		fmt.Println("refused:", errors.As(err, &refused), err)
	}
	state, err := node.Power(ctx)
	fmt.Println(state, err)

	cancel()
	fmt.Println(<-served)
	// Output:
	// on <nil>
	// <nil>
}
