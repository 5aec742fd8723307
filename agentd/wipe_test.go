package agentd

import (
	"slices"
	"strings"
	"testing"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// withDisk gives the machine a disk, and returns it as the inventory has it.
func (r *rig) withDisk(name, serial string) ophub.Disk {
	r.t.Helper()
	dir := "/sys/block/" + name
	r.write(dir+"/size", "8192\n")
	r.write(dir+"/device/serial", serial+"\n")
	return ophub.Disk{Name: name, Serial: serial, Bytes: 8192 * 512}
}

const thisBoot = "11111111-2222-3333-4444-555555555555"

// order puts an order into the host's record; nil withdraws it.
func (r *rig) order(o *ophub.WipeOrder) {
	r.records.views <- ophub.View{Host: &ophub.Host{Name: "node1", Wipe: o}}
}

func ofWipe(id string, ok func(ophub.Wipe) bool) func(ophub.Agent) bool {
	return func(a ophub.Agent) bool { return a.Wipe != nil && a.Wipe.ID == id && ok(*a.Wipe) }
}

func failed(w ophub.Wipe) bool { return w.Error != "" }

func TestWipe(t *testing.T) {
	r := newRig(t)
	disks := []ophub.Disk{r.withDisk("sda", "A"), r.withDisk("sdb", "B")}
	r.withDisk("sdc", "a key")
	r.write("/sys/block/sdc/removable", "1\n")
	r.run()
	r.await("the registration", func(a ophub.Agent) bool { return true })

	r.order(&ophub.WipeOrder{ID: "old", BootID: "another", Disks: disks})
	r.order(&ophub.WipeOrder{ID: "one", BootID: thisBoot, Disks: disks})
	for range 8 {
		r.os.zeroes <- struct{}{}
	}
	done := r.await("the end of the wipe", ofWipe("one", func(w ophub.Wipe) bool { return w.Finished }))
	want := []ophub.DiskWipe{{Name: "sda", Bytes: disks[0].Bytes, Done: disks[0].Bytes}, {Name: "sdb", Bytes: disks[1].Bytes, Done: disks[1].Bytes}}
	if !slices.Equal(done.Wipe.Disks, want) || done.Wipe.Error != "" {
		t.Errorf("%+v", done.Wipe)
	}
	zeroed := slices.DeleteFunc(r.os.log(), func(call string) bool { return !strings.HasPrefix(call, "zero ") })
	slices.Sort(zeroed)
	if want := []string{"zero sda 4194304", "zero sdb 4194304"}; !slices.Equal(zeroed, want) {
		t.Errorf("%q, want %q", zeroed, want)
	}
}

func TestWipeWithdrawn(t *testing.T) {
	r := newRig(t)
	disks := []ophub.Disk{r.withDisk("sda", "A")}
	r.run()
	r.order(&ophub.WipeOrder{ID: "one", BootID: thisBoot, Disks: disks})
	r.os.zeroes <- struct{}{}
	r.order(nil)
	w := r.await("the end of the work", ofWipe("one", failed)).Wipe
	if w.Finished || !strings.Contains(w.Error, "disk sda (4 MB, A): context canceled") {
		t.Errorf("%+v", w)
	}
	// Another order is another matter.
	r.order(&ophub.WipeOrder{ID: "two", BootID: thisBoot, Disks: disks})
	for range 4 {
		r.os.zeroes <- struct{}{}
	}
	r.await("the end of the second", ofWipe("two", func(w ophub.Wipe) bool { return w.Finished }))
}

func TestWipeRefused(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(r *rig)
		want    string
	}{
		"a disk that nobody was told of": {func(r *rig) { r.withDisk("sdb", "B") }, "disk sdb (4 MB, B) is not in the order"},
		"disks that cannot be seen": {func(r *rig) {
			r.write("/sys/bus/pci/devices/0000:01:00.0/class", "0x010400\n")
		}, "the image has no driver for 0000:01:00.0"},
		"work that may use the disks": {func(r *rig) {
			at := r.attach("main")
			r.nomad.ready(at.ClientID, nil)
		}, "the host still serves main"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			disk := r.withDisk("sda", "A")
			c.prepare(r)
			r.run()
			if len(r.op.identity.Kernels) > 0 {
				r.await("its kernel", ready("main"))
			}
			r.records.views <- ophub.View{Host: &ophub.Host{Name: "node1", Kernels: names(r.op.identity),
				Wipe: &ophub.WipeOrder{ID: "one", BootID: thisBoot, Disks: []ophub.Disk{disk}}}}
			w := r.await("a refusal", ofWipe("one", failed)).Wipe
			if !strings.Contains(w.Error, c.want) || w.Finished {
				t.Errorf("%+v, want %q", w, c.want)
			}
			for _, call := range r.os.log() {
				if strings.HasPrefix(call, "zero ") {
					t.Errorf("a disk was touched: %s", call)
				}
			}
		})
	}
}
