package e2e

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
	"github.com/cthulix/terraform-provider-cthulix/lab"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// TestWipe: a machine's agent overwrites its real disk when it is ordered to,
// and not before it can see every disk that the machine has.
func TestWipe(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
	defer cancel()
	const size = 96<<20 + 4096
	disk := filepath.Join(t.TempDir(), "disk.raw")
	if err := os.WriteFile(disk, bytes.Repeat([]byte("secret! "), size/8), 0o600); err != nil {
		t.Fatal(err)
	}
	b := newBench(ctx, t, func(m *lab.Machine) { m.Disk = disk })
	// The machine has a SATA controller, too, that nothing is plugged into.
	blind := b.image(ctx, "name: blind\nmodules: [virtio_blk]")
	seeing := b.image(ctx, "name: seeing\n"+generic+"modules: [virtio_blk, ahci]")
	if err := b.bmc.SetBoot(ctx, ipmi.Boot{Device: ipmi.DevicePXE, Persistent: true}); err != nil {
		t.Fatal(err)
	}
	host := ophub.Host{Name: "node1", MACs: []string{b.machine.MAC}, Switch: "leaf1", Port: b.machine.Port, Firmware: ophub.FirmwareBIOS}

	host.Image = blind
	w := b.wipe(ctx, host)
	if !strings.Contains(w.Error, "the image has no driver for 0000:00:1f.2 (PCI 8086:2922)") {
		t.Errorf("with a controller that it cannot see behind: %+v", w)
	}
	if left := read(t, disk); bytes.Count(left, []byte("secret! ")) != size/8 {
		t.Error("the disk was touched")
	}

	host.Image = seeing
	w = b.wipe(ctx, host)
	if want := []ophub.DiskWipe{{Name: "vda", Bytes: size, Done: size}}; !w.Finished || !slices.Equal(w.Disks, want) {
		t.Errorf("%+v", w)
	}
	if left := read(t, disk); len(left) != size || len(bytes.Trim(left, "\x00")) > 0 {
		t.Error("the disk holds something still")
	}
}

// wipe boots a host and gives it the order to wipe its disks. It returns what
// came of that.
func (b *bench) wipe(ctx context.Context, host ophub.Host) (end ophub.Wipe) {
	b.t.Helper()
	must := func(err error) {
		b.t.Helper()
		if err != nil {
			b.t.Fatal(err)
		}
	}
	must(b.bmc.PowerOff(ctx))
	must(b.hub.PutHost(ctx, host))
	must(b.bmc.PowerOn(ctx))
	agent, err := ophub.WaitReady(ctx, b.hub, host.Name, host.Image, ophub.WaitOptions{})
	must(err)
	if d := agent.Inventory.Fixed(); len(d) != 1 || d[0].Name != "vda" {
		b.t.Fatalf("the machine says that it has %v", d)
	}
	host.Wipe = &ophub.WipeOrder{ID: "order " + host.Image.Short(), BootID: agent.BootID, Disks: agent.Inventory.Fixed()}
	must(b.hub.PutHost(ctx, host))
	b.until(ctx, "the end of a wipe", func() bool {
		agent, err := b.hub.Agent(ctx, host.Name)
		must(err)
		if agent.Wipe != nil && agent.Wipe.ID == host.Wipe.ID {
			end = *agent.Wipe
		}
		return end.Finished || end.Error != ""
	})
	return end
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
