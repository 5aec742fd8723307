package iossim

import (
	"context"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/lab/wire"
)

// cabled are two switches with a cable between their first ports.
func cabled(t *testing.T, lines ...string) (left, right *Sim) {
	t.Helper()
	const port = "GigabitEthernet1/0/1"
	var sims []*Sim
	a, b := wire.Pipe()
	for n, end := range []wire.Endpoint{a, b} {
		sw := wire.New()
		t.Cleanup(func() { sw.Close() })
		s := small(t, func(c *Config) { c.Hostname = []string{"leaf1", "spine"}[n]; c.Plane = sw })
		exec(t, s, append([]string{"conf t"}, lines...)...)
		if err := sw.Attach(port, end); err != nil {
			t.Fatal(err)
		}
		sims = append(sims, s)
	}
	return sims[0], sims[1]
}

// until waits for what a command of the switch shows.
func until(t *testing.T, s *Sim, line, want string) string {
	t.Helper()
	deadline := time.NewTimer(20 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		got := exec(t, s, line)
		if strings.Contains(got, want) {
			return got
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("waiting for %q: %s", want, got)
		}
	}
}

func macOf(s *Sim) []byte {
	mac := s.portMAC("GigabitEthernet1/0/1")
	return mac[:]
}

func TestNeighbours(t *testing.T) {
	left, right := cabled(t, "lldp run", "int gi1/0/1", "description uplink", "int vlan 1", "ip address 192.0.2.1 255.255.255.0")
	right.announce(right.cfg.Plane.(Speaker), "", true, true)
	got := until(t, left, "show lldp neighbors detail", "Total entries displayed: 1")
	for _, want := range []string{
		"Local Intf: Gi1/0/1\nChassis id: " + dotted(macOf(right)) + "\nPort id: Gi1/0/1\nPort Description: uplink\nSystem Name: spine\n",
		"C2960X-UNIVERSALK9-M", "    IP: 192.0.2.1\n", "Enabled Capabilities: B\n", "Vlan ID: 1\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	got = until(t, left, "show cdp neighbors detail", "Total cdp entries displayed : 1")
	for _, want := range []string{"Device ID: spine\n", "Interface: GigabitEthernet1/0/1,  Port ID (outgoing port): GigabitEthernet1/0/1\n", "  IP address: 192.0.2.1\n", "Native VLAN: 1\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	until(t, left, "show lldp neighbors", "spine               Gi1/0/1        120        B               Gi1/0/1\n")
	until(t, left, "show cdp neighbors", "spine            Gig 1/0/1")
	exec(t, left, "conf t", "no lldp run")
	until(t, left, "show lldp neighbors detail", "% LLDP is not enabled")
}

// TestServeSpeaks lets the switch find by itself that a link came up.
func TestServeSpeaks(t *testing.T) {
	left, right := cabled(t, "lldp run")
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { right.speak(ctx); close(done) }()
	until(t, left, "show lldp neighbors", "spine")
	cancel()
	<-done
}

func TestBPDUGuard(t *testing.T) {
	left, _ := cabled(t, "int gi1/0/1", "spanning-tree bpduguard enable")
	left.cfg.Plane.(*wire.Switch).SpanningTree(4096, [6]byte{2, 1}) // which makes both speak
	until(t, left, "show interfaces status err-disabled", "Gi1/0/1   ")
	until(t, left, "show interfaces gi1/0/1 status", "err-disabled")
	if left.states["GigabitEthernet1/0/1"].Up {
		t.Error("forwards")
	}
	exec(t, left, "conf t", "int gi1/0/1", "no spanning-tree bpduguard", "shutdown", "no shutdown")
	if !left.states["GigabitEthernet1/0/1"].Up {
		t.Error("did not recover")
	}
}

func TestDiscoveryFrames(t *testing.T) {
	n := neighbor{
		port: "Gi1/0/1", portDescription: "to here", name: "spine", description: "IOS\nsecond line", capabilities: 4, enabled: 4,
		addresses: []netip.Addr{netip.MustParseAddr("192.0.2.1")}, vlan: 20, hasVLAN: true, holdSeconds: 120,
	}
	mac := [6]byte{2, 1, 2, 3, 4, 5}
	got, ok := decodeLLDP(encodeLLDP(mac, n))
	n.chassis, n.sourceMAC = dotted(mac[:]), mac
	if !ok || !reflect.DeepEqual(got, n) {
		t.Errorf("LLDP %v %+v, want %+v", ok, got, n)
	}
	c := neighbor{
		port: "Gi1/0/1", name: "spine", description: "IOS", platform: "cisco X", vtp: "lab", nativeVLAN: 20, capabilitiesAsCDP: 0x28,
		addresses: n.addresses, holdSeconds: 180, hasNative: true, hasDuplex: true, hasDomain: true, duplex: true,
	}
	got, ok = decodeCDP(encodeCDP(mac, c))
	c.sourceMAC = mac
	if !ok || !reflect.DeepEqual(got, c) {
		t.Errorf("CDP %v %+v, want %+v", ok, got, c)
	}
}

func FuzzDiscovery(f *testing.F) {
	n := neighbor{port: "p", name: "n", addresses: []netip.Addr{netip.MustParseAddr("192.0.2.1")}, hasVLAN: true, holdSeconds: 1}
	f.Add(encodeLLDP([6]byte{2}, n))
	f.Add(encodeCDP([6]byte{2}, n))
	f.Fuzz(func(t *testing.T, frame []byte) {
		for _, decode := range []func([]byte) (neighbor, bool){decodeLLDP, decodeCDP} {
			if n, ok := decode(frame); ok && (n.port == "" || len(n.addresses) > 8) {
				t.Errorf("%+v", n)
			}
		}
	})
}
