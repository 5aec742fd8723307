package adopt

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/engines/enginetest"
	"github.com/cthulix/terraform-provider-cthulix/ipmi"
	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/lab/iossim"
	"github.com/cthulix/terraform-provider-cthulix/lab/light"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// rackOf is what the machines of TestHosts are plugged into.
const rackOf = `
hostname leaf1
!
vlan 20
!
interface GigabitEthernet1/0/1
 switchport access vlan 20
 switchport mode access
!
interface GigabitEthernet1/0/2
 switchport access vlan 20
 switchport mode access
!
interface GigabitEthernet1/0/3
 switchport access vlan 20
 switchport mode access
!
end
`

// newRack starts Consul and a rack of light machines, of which no record is.
func newRack(t *testing.T, machines int) (r *light.Rack, hub *ophub.Hub, discovery, node keg.KID) {
	t.Helper()
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	consul := enginetest.Consul(t)
	hub, err := ophub.New(ophub.Config{Address: consul.Address})
	must(err)
	store, err := keg.OpenDir(t.TempDir())
	must(err)
	discovery, err = light.PutImage(ctx, store, "discovery")
	must(err)
	node, err = light.PutImage(ctx, store, "node")
	must(err)
	r, err = light.NewRack(light.RackConfig{
		Hub: hub, Consul: strings.TrimPrefix(consul.Address, "http://"), Keg: store, Machines: machines, Name: "light",
		MAC: net.HardwareAddr{0x52, 0x54, 0, 0x61, 0, 1}, Username: "ADMIN", Password: bmcPassword,
		Discovery: discovery, Switch: "leaf1.example.net", Retry: 50 * time.Millisecond,
		Firmware: fstest.MapFS{"undionly.kpxe": {Data: bytes.Repeat([]byte("bios"), 1000)}, "snponly.efi": {Data: []byte("uefi")}},
	})
	must(err)
	running, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(running) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("the rack: %v", err)
		}
	})
	for i, address := range r.Addresses {
		b := ipmi.New(ipmi.Target{Name: r.MACs[i], Address: address, Username: "ADMIN", Password: bmcPassword})
		must(b.SetBoot(ctx, ipmi.Boot{Device: ipmi.DevicePXE, Persistent: true}))
		must(b.PowerOn(ctx))
	}
	return r, hub, discovery, node
}

// awaitDiscovered waits until so many machines have said what they are.
func awaitDiscovered(t *testing.T, hub *ophub.Hub, n int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		found, err := hub.Discovered(ctx)
		if err == nil && len(found) == n {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%d machines were discovered, want %d: %v", len(found), n, err)
		}
	}
}

// clock is what a golden file cannot have.
var clock = regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC`)

// TestHosts takes machines that nobody has written down into service, as a user
// would: they are discovered, `cthulix host adopt` writes their HCL, the address
// of a BMC that they do not know is filled in, and an apply makes hosts of them.
// One is to run another image and restarts once; the others run the image that
// they are to run already, and do not.
func TestHosts(t *testing.T) {
	r, hub, discovery, node := newRack(t, 3)
	e := newEstate(t, map[string]iossim.Config{"leaf1": {Startup: rackOf}}, fmt.Sprintf("ophub = { address = %q }", hub.Address()))
	awaitDiscovered(t, hub, len(r.Machines))
	e.write("variables.tf", fmt.Sprintf("variable \"image\" {\n  default = %q\n}\n", node))
	write := func(file string, args ...string) {
		t.Helper()
		args = append([]string{"host", "adopt", "--ophub", hub.Address(), "--out", file}, args...)
		if _, err := e.run(filepath.Join(e.bin, "cthulix"), args...); err != nil {
			t.Fatal(err)
		}
	}
	write("new.tf", r.MACs[0])
	write("same.tf", r.MACs[1], "--image", fmt.Sprintf("%q", discovery))
	write("never.tf", r.MACs[2], "--image", fmt.Sprintf("%q\n  reboot_policy = %q", discovery, "never"))
	written(t, "testdata/host.golden.tf", clock.ReplaceAllString(e.read("new.tf"), "TIME"))

	// As it was written, it names what has to be filled in.
	if out, err := e.run(e.tf, "plan", "-input=false", "-no-color"); err == nil ||
		!regexp.MustCompile(`Not an address of a BMC[\s\S]*new\.tf line \d+`).MatchString(err.Error()) {
		t.Errorf("a BMC without an address: %v\n%s", err, out)
	}
	for i, file := range []string{"new.tf", "same.tf", "never.tf"} {
		e.write(file, strings.Replace(e.read(file), `address     = ""`, fmt.Sprintf("address     = %q", r.Addresses[i]), 1))
	}
	e.terraform("apply", "-input=false", "-auto-approve")
	if err := e.settled(); err != nil {
		t.Error(err)
	}
	for i, want := range []struct {
		image keg.KID
		boots int
	}{{node, 2}, {discovery, 1}, {discovery, 1}} {
		name := "host-" + strings.ReplaceAll(r.MACs[i], ":", "")
		agent, err := hub.Agent(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		if boots := r.Machines[i].Boots(); agent.Image != want.image || boots != want.boots {
			t.Errorf("%s runs %s and was started %d times, want %s and %d times", name, agent.Image.Short(), boots, want.image.Short(), want.boots)
		}
	}

	// Nothing is left to adopt.
	out, err := e.run(filepath.Join(e.bin, "cthulix"), "host", "adopt", "--ophub", hub.Address(), "all")
	if err == nil || !strings.Contains(err.Error(), "no machine without a host record is known") {
		t.Errorf("adopt again: %v\n%s", err, out)
	}
	e.terraform("destroy", "-input=false", "-auto-approve")
	for i, m := range r.Machines {
		if !m.Powered() {
			t.Errorf("%s was switched off", r.MACs[i])
		}
	}
}
