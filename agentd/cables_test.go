package agentd

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/agentd/lldp"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// nic adds an interface to the rig's /sys.
func (r *rig) nic(name, mac string) {
	for file, text := range map[string]string{"address": mac, "carrier": "1", "speed": "1000", "device/vendor": "0x1af4"} {
		r.write("/sys/class/net/"+name+"/"+file, text+"\n")
	}
}

// end is the far end of the next cable that is plugged in, by its interface.
func (r *rig) end() cableEnd {
	r.t.Helper()
	select {
	case c := <-r.os.cables:
		return c
	case <-time.After(patience):
		r.t.Fatal("no LLDP on any interface")
		return cableEnd{}
	}
}

// hear reads frames until one is as wanted.
func (c cableEnd) hear(t *testing.T, what string, ok func(lldp.PDU) bool) lldp.PDU {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 1600)
	for {
		n, err := c.Read(b)
		if err != nil {
			t.Fatalf("waited in vain for %s on %s: %v", what, c.name, err)
		}
		p, err := lldp.Decode(b[:n])
		if err != nil {
			t.Fatal(err)
		}
		if ok(p) {
			return p
		}
	}
}

var leaf = lldp.PDU{
	Chassis: lldp.ID{MAC: net.HardwareAddr{0, 0x1b, 0x54, 0, 0, 1}}, Port: lldp.ID{Text: "Gi1/0/1"},
	TTL: lldp.Hold, System: "leaf1", VLAN: 20,
}

func (c cableEnd) say(t *testing.T, p lldp.PDU) {
	t.Helper()
	if err := c.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write(p.Encode(net.HardwareAddr{0, 0x1b, 0x54, 0, 0, 0x81})); err != nil {
		t.Fatal(err)
	}
}

func TestHostIntroducesItself(t *testing.T) {
	r := newRig(t)
	r.nic("eth1", testMAC)
	r.os.links = []Link{
		{Name: "eth1", MAC: testMAC, Up: true, Physical: true},
		{Name: "docker0", MAC: "02:42:00:00:00:01", Up: true},
	}
	wait := r.run()
	cable := r.end()
	said := cable.hear(t, "the host's name", func(p lldp.PDU) bool { return p.System == "node1" })
	if cable.name != "eth1" || said.Chassis.String() != testMAC || said.Port.String() != "eth1" || said.TTL != lldp.Hold ||
		said.Description != "Cthulix agentd 1.2.3, image "+testImage.Short() || said.Enabled != lldp.StationOnly ||
		len(said.Addresses) != 1 || said.Addresses[0].String() != "10.20.0.11" {
		t.Errorf("on %s it says %+v", cable.name, said)
	}
	cable.say(t, leaf)
	got := r.await("the switch and the BMC in the record", func(a ophub.Agent) bool {
		return a.Inventory != nil && len(a.Inventory.NICs) == 1 && len(a.Inventory.NICs[0].Neighbors) == 1 &&
			a.Inventory.BMC != ophub.InBandBMC{}
	})
	for c := range got.Inventory.Cables() {
		if n := c.Neighbor; c.NIC.Name != "eth1" || n.System != "leaf1" || n.Port != "Gi1/0/1" || n.VLAN != 20 || n.Chassis != "00:1b:54:00:00:01" {
			t.Errorf("the record has %+v", c)
		}
	}
	if got.Inventory.BMC.Address != "10.30.0.5" {
		t.Errorf("BMC %+v", got.Inventory.BMC)
	}
	r.os.actions <- PowerOff
	cable.hear(t, "its goodbye", func(p lldp.PDU) bool { return p.TTL == 0 })
	if action, err := wait(); action != PowerOff || err != nil {
		t.Errorf("ended with %v, %v", action, err)
	}
	if len(r.os.cables) != 0 {
		t.Errorf("LLDP on %s, too", (<-r.os.cables).name)
	}
}

// TestCableThatIsPulled: what was at its end is forgotten, and known again when
// it is plugged in anew.
func TestCableThatIsPulled(t *testing.T) {
	r := newRig(t)
	r.nic("eth1", testMAC)
	link := Link{Name: "eth1", MAC: testMAC, Up: true, Physical: true}
	r.os.links = []Link{link}
	r.run()
	neighbors := func(n int) func(ophub.Agent) bool {
		return func(a ophub.Agent) bool {
			return a.Inventory != nil && len(a.Inventory.NICs) == 1 && len(a.Inventory.NICs[0].Neighbors) == n
		}
	}
	cable := r.end()
	cable.hear(t, "a frame", func(lldp.PDU) bool { return true })
	cable.say(t, leaf)
	r.await("the switch", neighbors(1))

	link.Up = false
	r.os.setLinks(link)
	cable.hear(t, "its goodbye", func(p lldp.PDU) bool { return p.TTL == 0 })
	r.await("no switch", neighbors(0))

	link.Up = true
	r.os.setLinks(link)
	cable = r.end()
	cable.hear(t, "a frame", func(p lldp.PDU) bool { return p.System == "node1" })
	cable.say(t, leaf)
	r.await("the switch again", neighbors(1))
}

// TestOtherInterfacesAreSetUp: their cables are wanted, too, but no address of
// whoever advertises one there.
func TestOtherInterfacesAreSetUp(t *testing.T) {
	r := newRig(t)
	r.write("/proc/sys/net/ipv6/conf/eth0/accept_ra", "1")
	r.os.links = []Link{
		{Name: "eth0", MAC: "52:54:00:aa:00:ff", Physical: true},
		{Name: "eth1", MAC: testMAC, Up: true, Physical: true},
	}
	r.run()
	cable := r.end()
	cable.hear(t, "the host's name", func(p lldp.PDU) bool { return p.System == "node1" })
	if log := strings.Join(r.os.log(), "\n"); !strings.Contains(log, "up eth0") {
		t.Errorf("asked of Linux:\n%s", log)
	}
	if got := r.read("/proc/sys/net/ipv6/conf/eth0/accept_ra"); got != "0" {
		t.Errorf("accept_ra of eth0 is %s", got)
	}
}

// TestHostWithoutAnAddressSaysWhereItIs: the switch is heard before DHCP is.
func TestHostWithoutAnAddressSaysWhereItIs(t *testing.T) {
	r := newRig(t)
	r.os.links = []Link{{Name: "eth1", MAC: testMAC, Up: true, Physical: true}}
	r.os.dhcp.set(func(d *dhcpServer) { d.mute = true })
	r.run()
	cable := r.end()
	cable.hear(t, "a frame", func(p lldp.PDU) bool { return p.System == "" && len(p.Addresses) == 0 })
	other := leaf
	other.VLAN = 30
	cable.say(t, other)
	r.awaitConsole("no answer; it is plugged into leaf1 Gi1/0/1, untagged VLAN 30")
}
