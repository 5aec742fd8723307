package iossim_test

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/lab/iossim"
	"github.com/cthulix/terraform-provider-cthulix/lab/netstack"
	"github.com/cthulix/terraform-provider-cthulix/lab/wire"
)

// Two hosts see each other while their ports are in one VLAN, and no longer
// once somebody moves one of the ports to another.
func Example() {
	plane := wire.New()
	defer plane.Close()
	leaf1, err := iossim.New(iossim.Config{Hostname: "leaf1", Ports: 2, Plane: plane})
	if err != nil {
		fmt.Println(err)
		return
	}
	hosts := map[string]*netstack.Stack{}
	for port, address := range map[string]string{"GigabitEthernet1/0/1": "10.20.0.1/24", "GigabitEthernet1/0/2": "10.20.0.2/24"} {
		card, socket := wire.Pipe()
		if err := plane.Attach(port, socket); err != nil {
			fmt.Println(err)
			return
		}
		host, err := netstack.New(card, netip.MustParsePrefix(address), nil)
		if err != nil {
			fmt.Println(err)
			return
		}
		defer host.Close()
		hosts[port] = host
	}
	service, err := hosts["GigabitEthernet1/0/1"].ListenTCP(80)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer service.Close()
	reach := func(patience time.Duration) bool {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		conn, err := hosts["GigabitEthernet1/0/2"].DialContext(ctx, "tcp", "10.20.0.1:80")
		if err == nil {
			conn.Close()
		}
		return err == nil
	}

	fmt.Println("in one VLAN:", reach(10*time.Second))
	shown, err := leaf1.Exec("configure terminal", "interface gi1/0/2", "switchport access vlan 30", "end")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(shown)
	fmt.Println("in two VLANs:", reach(300*time.Millisecond))
	// Output:
	// in one VLAN: true
	// leaf1#configure terminal
	// Enter configuration commands, one per line.  End with CNTL/Z.
	// leaf1(config)#interface gi1/0/2
	// leaf1(config-if)#switchport access vlan 30
	// % Access VLAN does not exist. Creating vlan 30
	// leaf1(config-if)#end
	// in two VLANs: false
}
