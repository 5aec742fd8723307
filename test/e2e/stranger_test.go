package e2e

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/lab"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// bench is a lab of one machine in this process, without Terraform.
type bench struct {
	t       *testing.T
	dir     string // of the lab
	lab     *lab.Lab
	hub     *ophub.Hub
	machine lab.Status
	bmc     *ipmi.BMC
}

func newBench(ctx context.Context, t *testing.T, change ...func(*lab.Machine)) *bench {
	t.Helper()
	up, ended := make(chan *lab.Lab, 1), make(chan error, 1)
	running, down := context.WithCancel(ctx)
	machines := lab.DefaultMachines(1)
	for _, c := range change {
		c(&machines[0])
	}
	b := &bench{t: t, dir: t.TempDir()}
	go func() {
		ended <- lab.Run(running, lab.Config{Dir: b.dir, Machines: machines}, func(l *lab.Lab) { up <- l })
	}()
	select {
	case b.lab = <-up:
	case err := <-ended:
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			b.showConsole()
		}
		down()
		<-ended
	})
	info, secrets := b.lab.Info(), b.lab.Secrets()
	var err error
	if b.hub, err = ophub.New(ophub.Config{Address: info.Consul}); err != nil {
		t.Fatal(err)
	}
	b.machine = info.Machines[0]
	b.bmc = ipmi.New(ipmi.Target{Name: b.machine.Name, Address: b.machine.BMC, Username: secrets.BMCUser, Password: secrets.BMCPassword})
	return b
}

// generic has the kernel for real machines boot in QEMU on a busy machine, as that for virtual ones does of itself.
const generic = "linux: {flavour: generic}\nargs: [no_timer_check]\n"

// image builds an image into the lab's keg, as a user does: this process has the
// race detector on, under which a kernel takes minutes to unpack.
func (b *bench) image(ctx context.Context, recipe string) keg.KID {
	b.t.Helper()
	bin, file := os.Getenv("CTHULIX_BIN"), filepath.Join(b.t.TempDir(), "recipe.yaml")
	if err := os.WriteFile(file, []byte(recipe), 0o600); err != nil {
		b.t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "cthulix"), "image", "build", file, "--agentd", filepath.Join(bin, "agentd"), "--keg", filepath.Join(b.dir, "keg"))
	var progress bytes.Buffer
	cmd.Stderr = &progress
	out, err := cmd.Output()
	if err != nil {
		b.t.Fatalf("%v\n%s", err, &progress)
	}
	kid, err := keg.Parse(strings.TrimSpace(string(out)))
	if err != nil {
		b.t.Fatal(err)
	}
	return kid
}

func (b *bench) exec(lines ...string) string {
	b.t.Helper()
	out, err := b.lab.Sim().Exec(lines...)
	if err != nil {
		b.t.Fatalf("%v\n%s", err, out)
	}
	return out
}

func (b *bench) console() string {
	text, _ := os.ReadFile(b.machine.Console)
	return string(text)
}

func (b *bench) showConsole() {
	text := b.console()
	b.t.Logf("---- end of the machine's console\n%s", text[max(0, len(text)-4000):])
}

// until looks now and then whether something has come to be.
func (b *bench) until(ctx context.Context, what string, done func() bool) {
	b.t.Helper()
	begun := time.Now()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			b.t.Fatalf("never came: %s", what)
		}
	}
	b.t.Logf("%s after %s", what, time.Since(begun).Round(100*time.Millisecond))
}

// TestStranger: a machine that nobody knows says what it is, where it is plugged
// in and at which address its BMC is, becomes a host when a record names it, and is quarantined when it
// does not get up any more.
func TestStranger(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
	defer cancel()
	b := newBench(ctx, t)
	node := b.image(ctx, "name: node")
	discovery := b.image(ctx, "name: discovery\n"+generic)
	b.exec("configure terminal", "lldp run", "end")
	if err := b.lab.Discover(discovery); err != nil {
		t.Fatal(err)
	}
	if err := b.bmc.SetBoot(ctx, ipmi.Boot{Device: ipmi.DevicePXE, Persistent: true}); err != nil {
		t.Fatal(err)
	}
	if err := b.bmc.PowerOn(ctx); err != nil {
		t.Fatal(err)
	}

	var d ophub.Discovered
	b.until(ctx, "a machine that says where it is plugged in, and what its BMC is", func() bool {
		all, err := b.hub.Discovered(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if len(all) == 1 {
			d = all[0]
		}
		_, plugged := d.Cable()
		return plugged && d.Inventory.BMC != ophub.InBandBMC{}
	})
	inv := d.Inventory
	if d.MAC != b.machine.MAC || d.Image != discovery || inv.System.Vendor != "Cthulix" || inv.System.Serial != b.machine.Name ||
		inv.Firmware.Kind != ophub.FirmwareBIOS || inv.CPU.Threads != 1 || inv.MemoryMiB < 800 || inv.NICs[0].Driver != "virtio_net" {
		t.Errorf("discovered is %+v", d)
	}
	// What its BMC says to the machine is what it says to the network.
	lan, err := b.bmc.LAN(ctx, 0)
	if err != nil || inv.BMC != (ophub.InBandBMC{Address: lan.Address.String(), MAC: lan.MAC.String()}) {
		t.Errorf("its BMC is %+v in band, %+v on the network (%v)", inv.BMC, lan, err)
	}
	if c, _ := d.Cable(); c.Neighbor.System != "leaf1" || c.Neighbor.Port != "Gi1/0/1" || c.Neighbor.VLAN != 1 {
		t.Errorf("it is plugged into %+v", c.Neighbor)
	}
	if out := b.exec("show lldp neighbors"); !strings.Contains(out, "Gi1/0/1") || !strings.Contains(out, "stranger-") {
		t.Errorf("the switch sees\n%s", out)
	}

	host := ophub.Host{
		Name: "node1", MACs: []string{d.MAC}, Switch: "leaf1", Port: b.machine.Port, Image: node, Firmware: ophub.FirmwareBIOS,
		Budget: ophub.Budget{Attempts: 1, Minutes: 10},
	}
	if err := b.hub.PutHost(ctx, host); err != nil {
		t.Fatal(err)
	}
	agent, err := ophub.WaitReady(ctx, b.hub, "node1", node, ophub.WaitOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if starts := b.lab.Info().Machines[0].Starts; starts != 2 {
		t.Errorf("the machine was started %d times, want twice", starts)
	}
	b.until(ctx, "node1 on the switch", func() bool {
		return strings.Contains(b.exec("show lldp neighbors"), "node1")
	})
	if agent.Inventory == nil || agent.Inventory.System.Serial != b.machine.Name {
		t.Errorf("the live record has %+v", agent.Inventory)
	}

	// Linux finds no init any more, and restarts.
	host.Args = []string{"rdinit=/nowhere", "panic=1"}
	if err := b.hub.PutHost(ctx, host); err != nil {
		t.Fatal(err)
	}
	if err := b.hub.ResetBoot(ctx, "node1", "a test"); err != nil {
		t.Fatal(err)
	}
	if err := b.bmc.Reset(ctx); err != nil {
		t.Fatal(err)
	}
	_, err = ophub.WaitReady(ctx, b.hub, "node1", node, ophub.WaitOptions{})
	if err == nil || !strings.Contains(err.Error(), ophub.QuarantinedText) || !strings.Contains(err.Error(), "cthulix host release node1") {
		t.Errorf("a host that keeps booting: %v", err)
	}
	b.until(ctx, "the reason on the console", func() bool { return strings.Contains(b.console(), "node1 is in quarantine") })
}
