package bench

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/images"
	"github.com/cthulix/terraform-provider-cthulix/ipmi"
	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/lab"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// BenchmarkBoot is a QEMU machine from the BMC's power-on to its agent being
// registered with the image that was asked for, by BIOS. The floor is the part
// that is the machine's own: from the initramfs being fetched to agentd's start.
func BenchmarkBoot(b *testing.B) {
	ctx, cancel := context.WithTimeout(b.Context(), 15*time.Minute)
	defer cancel()
	up := make(chan *lab.Lab, 1)
	ended := make(chan error, 1)
	labCtx, down := context.WithCancel(ctx)
	go func() {
		ended <- lab.Run(labCtx, lab.Config{Dir: b.TempDir(), Machines: lab.DefaultMachines(1)}, func(l *lab.Lab) { up <- l })
	}()
	var l *lab.Lab
	select {
	case l = <-up:
	case err := <-ended:
		b.Fatal(err)
	}
	defer func() { down(); <-ended }()

	if out, err := l.Sim().Exec("configure terminal", "vlan 20", "exit",
		"interface range GigabitEthernet1/0/1 , GigabitEthernet1/0/48", "switchport mode access", "switchport access vlan 20", "end"); err != nil {
		b.Fatal(err, out)
	}
	info, secrets := l.Info(), l.Secrets()
	hub, err := ophub.New(ophub.Config{Address: info.Consul})
	if err != nil {
		b.Fatal(err)
	}
	recipe := images.Recipe{Name: "lpd", Agentd: os.Getenv("CTHULIX_AGENTD")}
	recipe.Linux.Flavour = "cloud"
	_, image, err := images.Build(ctx, recipe, images.BuildOptions{
		Cache: b.TempDir(), Keg: keg.NewClient(info.Opserver, secrets.OperatorToken, nil),
	})
	if err != nil {
		b.Fatal(err)
	}
	m := info.Machines[0]
	if err := hub.PutHost(ctx, ophub.Host{Name: m.Name, MACs: []string{m.MAC}, Switch: "leaf1", Port: m.Port, VLAN: 20, Image: image, Firmware: "bios", BMC: m.BMC}); err != nil {
		b.Fatal(err)
	}
	bmc := ipmi.New(ipmi.Target{Name: m.Name, Address: m.BMC, Username: secrets.BMCUser, Password: secrets.BMCPassword})
	for b.Loop() {
		b.StopTimer()
		if err := bmc.PowerOff(ctx); err != nil {
			b.Fatal(err)
		}
		if err := bmc.SetBoot(ctx, ipmi.Boot{Device: ipmi.DevicePXE, Persistent: true}); err != nil {
			b.Fatal(err)
		}
		if err := hub.ResetBoot(ctx, m.Name, "benchmark"); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		begun := time.Now()
		if err := bmc.PowerOn(ctx); err != nil {
			b.Fatal(err)
		}
		if _, err := ophub.WaitReady(ctx, hub, m.Name, image, ophub.WaitOptions{}); err != nil {
			b.Fatal(err)
		}
		took := time.Since(begun)
		b.StopTimer()
		boot, err := hub.Boot(ctx, m.Name)
		if err != nil {
			b.Fatal(err)
		}
		at := map[ophub.Stage]time.Time{}
		for _, e := range boot.Events {
			if _, seen := at[e.Stage]; !seen {
				at[e.Stage] = e.Time
			}
		}
		floor := at[ophub.StageAgent].Sub(at[ophub.StageInitrd])
		b.ReportMetric(took.Seconds(), "registered-s")
		b.ReportMetric(at[ophub.StageBootScript].Sub(begun).Seconds(), "firmware-s")
		b.ReportMetric(floor.Seconds(), "linux-s")
		b.ReportMetric(took.Seconds()/floor.Seconds(), "ratio")
		b.StartTimer()
	}
}
