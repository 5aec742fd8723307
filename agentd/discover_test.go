package agentd

import (
	"strings"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/agentd/lldp"
	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// newStranger is the rig of a machine that no record names.
func newStranger(t *testing.T) *rig {
	r := newRig(t)
	r.nic("eth1", testMAC)
	r.os.links = []Link{{Name: "eth1", MAC: testMAC, Up: true, Physical: true}}
	r.op.change(func(id *ophub.Identity) {
		*id = ophub.Identity{Host: "stranger-525400aa0001", Keg: r.op.url, Discovery: true}
	})
	return r
}

// awaitDiscovered waits until the machine says what is wanted of it.
func (r *rig) awaitDiscovered(what string, ok func(ophub.Discovered) bool) ophub.Discovered {
	r.t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case d := <-r.op.discovered:
			if ok(d) {
				return d
			}
		case <-deadline:
			r.t.Fatalf("waited in vain for %s", what)
		}
	}
}

func TestStrangerTellsWhatItIs(t *testing.T) {
	r := newStranger(t)
	wait := r.run()
	cable := r.end()
	cable.hear(t, "a frame", func(p lldp.PDU) bool { return p.System == "stranger-525400aa0001" })
	cable.say(t, leaf)
	d := r.awaitDiscovered("its cable", func(d ophub.Discovered) bool { _, ok := d.Cable(); return ok })
	if c, _ := d.Cable(); d.MAC != testMAC || d.Image != testImage || c.Neighbor.System != "leaf1" || c.Neighbor.Port != "Gi1/0/1" {
		t.Errorf("%+v", d)
	}
	if d.Inventory.BMC.Address == "" {
		r.awaitDiscovered("its BMC", func(d ophub.Discovered) bool { return d.Inventory.BMC.Address == "10.30.0.5" })
	}
	if log := strings.Join(r.os.log(), "\n"); strings.Contains(log, "hostname") {
		t.Errorf("it took a name:\n%s", log)
	}
	// A record appears, with another image.
	r.op.change(func(id *ophub.Identity) {
		*id = ophub.Identity{Host: "node9", Image: keg.Sum([]byte("another image")), Consul: "http://127.0.0.1:1", Keg: r.op.url}
	})
	action, err := wait()
	if action != Reboot || err != nil {
		t.Errorf("ended with %v, %v", action, err)
	}
	select {
	case a := <-r.records.updates:
		t.Errorf("it registered: %+v", a)
	default:
	}
}

func TestStrangerWithTheRightImageGoesOn(t *testing.T) {
	r := newStranger(t)
	r.run()
	r.awaitDiscovered("an inventory", func(ophub.Discovered) bool { return true })
	r.op.change(func(id *ophub.Identity) {
		*id = ophub.Identity{Host: "node9", Image: testImage, Consul: "http://127.0.0.1:1", Keg: r.op.url}
	})
	if got := r.await("the live record", func(ophub.Agent) bool { return true }); got.Host != "node9" {
		t.Errorf("registered as %+v", got)
	}
}

func TestStrangerCanBeEnded(t *testing.T) {
	r := newStranger(t)
	wait := r.run()
	r.awaitDiscovered("an inventory", func(ophub.Discovered) bool { return true })
	r.os.actions <- PowerOff
	if action, err := wait(); action != PowerOff || err != nil {
		t.Errorf("ended with %v, %v", action, err)
	}
}

// The record came after the boot script and before the agent.
func TestStrangerOnRecordMeanwhile(t *testing.T) {
	r := newStranger(t)
	r.write("/proc/cmdline", "cthulix.opserver="+r.op.url+" cthulix.image="+string(testImage)+" cthulix.host=stranger-525400aa0001 cthulix.mac="+testMAC)
	r.op.change(func(id *ophub.Identity) {
		*id = ophub.Identity{Host: "node9", Image: keg.Sum([]byte("another image")), Consul: "http://127.0.0.1:1", Keg: r.op.url}
	})
	if action, err := r.run()(); action != Reboot || err != nil {
		t.Errorf("ended with %v, %v", action, err)
	}
}
