package path_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/cthulix/terraform-provider-cthulix/fabric/path"
)

// BenchmarkProve is a change of all ports of a stack of 400, of which any may be
// the uplink.
func BenchmarkProve(b *testing.B) {
	var ports strings.Builder
	var lines []string
	for i := range 400 {
		name := fmt.Sprintf("interface GigabitEthernet%d/0/%d", 2+i/48, 1+i%48)
		ports.WriteString(name + "\n switchport access vlan 10\n switchport mode access\n!\n")
		lines = append(lines, name, "description x", "switchport access vlan 20")
	}
	obs := observe(b, config(taggedUplink, ports.String()))
	m := path.Management{Address: netip.MustParseAddr("10.0.0.2")}
	for b.Loop() {
		if _, err := path.Prove(obs, lines, m); err != nil {
			b.Fatal(err)
		}
	}
}
