package fabric_test

import (
	"fmt"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

func ExampleParseVLANSet() {
	a, _ := fabric.ParseVLANSet("10, 20-22")
	b, _ := fabric.ParseVLANSet("20,21,22,10")
	fmt.Println(a, a == b, a.Len(), a.Contains(21))
	// Output: 10,20-22 true 4 true
}

func ExampleNormalizePort() {
	name, _ := fabric.NormalizePort("ios", "gi1/0/1")
	fmt.Println(name, fabric.ShortPort(name))
	// Output: GigabitEthernet1/0/1 Gi1/0/1
}
