package lab_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/lab"
	"github.com/cthulix/terraform-provider-cthulix/lab/light"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

func TestRack(t *testing.T) {
	ms, err := lab.Rack(2, 3)
	if err != nil || len(ms) != 5 || ms[1] != lab.DefaultMachines(2)[1] {
		t.Fatalf("%+v, %v", ms, err)
	}
	if want := (lab.Machine{Name: "light3", MAC: "52:54:00:21:00:03", Port: "GigabitEthernet1/0/5", Light: true}); ms[4] != want {
		t.Errorf("the last is %+v, want %+v", ms[4], want)
	}
	for _, n := range [][2]int{{-1, 0}, {0, -1}, {3, 45}, {48, 0}} {
		if ms, err := lab.Rack(n[0], n[1]); err == nil || !strings.Contains(err.Error(), "ports for 47") {
			t.Errorf("%d machines and %d light ones: %+v, %v", n[0], n[1], ms, err)
		}
	}
}

// TestLightMachines: a lab of light machines alone needs no QEMU. Its switch
// decides who reaches the opserver, as for any other machine.
func TestLightMachines(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	machines, err := lab.Rack(0, 2)
	if err != nil {
		t.Fatal(err)
	}
	up, ended := make(chan *lab.Lab, 1), make(chan error, 1)
	running, down := context.WithCancel(ctx)
	go func() {
		ended <- lab.Run(running, lab.Config{Dir: t.TempDir(), Machines: machines}, func(l *lab.Lab) { up <- l })
	}()
	var l *lab.Lab
	select {
	case l = <-up:
	case err := <-ended:
		t.Fatal(err)
	}
	t.Cleanup(func() {
		down()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	info, secrets := l.Info(), l.Secrets()
	hub, err := ophub.New(ophub.Config{Address: info.Consul})
	if err != nil {
		t.Fatal(err)
	}
	image, err := light.PutImage(ctx, keg.NewClient(info.Opserver, secrets.OperatorToken, nil), "node")
	if err != nil {
		t.Fatal(err)
	}
	// The second machine's port is in another VLAN than the opserver's.
	if out, err := l.Sim().Exec("configure terminal", "vlan 30", "exit", "interface gi1/0/2", "switchport access vlan 30", "end"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, m := range info.Machines {
		if err := hub.PutHost(ctx, ophub.Host{Name: m.Name, MACs: []string{m.MAC}, Switch: "leaf1", Port: m.Port, Image: image}); err != nil {
			t.Fatal(err)
		}
		b := ipmi.New(ipmi.Target{Name: m.Name, Address: m.BMC, Username: secrets.BMCUser, Password: secrets.BMCPassword})
		if err := b.SetBoot(ctx, ipmi.Boot{Device: ipmi.DevicePXE, Persistent: true}); err != nil {
			t.Fatal(err)
		}
		if err := b.PowerOn(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := ophub.WaitReady(ctx, hub, "light1", image, ophub.WaitOptions{}); err != nil {
		t.Fatal(err)
	}
	if boot, err := hub.Boot(ctx, "light2"); err != nil || len(boot.Events) != 0 {
		t.Errorf("from the wrong VLAN it was seen: %+v, %v", boot, err)
	}
	if out, err := l.Sim().Exec("configure terminal", "interface gi1/0/2", "no switchport access vlan", "end"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if _, err := ophub.WaitReady(ctx, hub, "light2", image, ophub.WaitOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, m := range l.Info().Machines {
		if !m.Light || !m.Powered || !m.Link || m.Starts != 1 || m.PID != 0 || m.Console != "" {
			t.Errorf("it is %+v", m)
		}
	}
}
