package bmc_test

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
	"github.com/cthulix/terraform-provider-cthulix/lab/bmc"
	"github.com/cthulix/terraform-provider-cthulix/lab/machine"
)

// A controller in front of a machine in memory counts what it was asked.
func Example() {
	controller, err := bmc.New(bmc.Config{Name: "node1", Username: "admin", Password: "example"}, &machine.Memory{})
	if err != nil {
		fmt.Println(err)
		return
	}
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	served := make(chan error)
	go func() { served <- controller.Serve(ctx, conn) }()

	node := ipmi.New(ipmi.Target{Address: conn.LocalAddr().String(), Username: "admin", Password: "example"})
	for range 2 { // the second time there is nothing to do
		if err := node.PowerOn(ctx); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println("power on:", controller.Counts().On, "sessions:", controller.Counts().Sessions)

	cancel()
	<-served
	// Output:
	// power on: 1 sessions: 2
}
