package provider_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/lab/bmc"
	"github.com/cthulix/terraform-provider-cthulix/lab/machine"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// rig is a machine that boots at once: with power and a boot device of pxe it
// goes through the stages in the records and registers, as the opserver and the
// agent of a real one would. Its BMC is the lab's.
type rig struct {
	t       testing.TB
	hub     *ophub.Hub
	mac     string
	address string
	bmc     *bmc.BMC

	mu    sync.Mutex
	on    bool
	boot  machine.Boot
	deaf  bool // its frames reach nobody
	reset int  // how often it was restarted
	disks []ophub.Disk
	wiped []string // disks
	holds bool     // its disks are being overwritten for ever
	stop  func()   // ends the running boot
}

func newRig(t testing.TB, hub *ophub.Hub, mac string) *rig {
	t.Helper()
	r := &rig{t: t, hub: hub, mac: mac}
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.address = conn.LocalAddr().String()
	if r.bmc, err = bmc.New(bmc.Config{Name: mac, Username: "ADMIN", Password: bmcPassword}, r); err != nil {
		t.Fatal(err)
	}
	serve(t, "BMC of "+mac, func(ctx context.Context) error { return r.bmc.Serve(ctx, conn) })
	t.Cleanup(func() { _ = r.PowerOff(context.Background(), true) })
	return r
}

func (r *rig) PowerOn(context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.on {
		r.on = true
		r.start()
	}
	return nil
}

func (r *rig) PowerOff(context.Context, bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.on = false
	r.halt()
	return nil
}

func (r *rig) Reset(context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.on {
		return machine.ErrOff
	}
	r.reset++
	r.halt()
	r.start()
	return nil
}

func (r *rig) Powered() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.on
}

func (r *rig) SetBoot(b machine.Boot) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.boot = b
}

func (r *rig) Boot() machine.Boot {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.boot
}

// resets is how often the machine was restarted.
func (r *rig) resets() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.reset
}

// restarted fails unless the machine was restarted that often.
func (r *rig) restarted(want int) error {
	if got := r.resets(); got != want {
		return fmt.Errorf("%s was restarted %d times, want %d", r.mac, got, want)
	}
	return nil
}

// setDeaf plugs the machine into nowhere, or back.
func (r *rig) setDeaf(deaf bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.deaf = deaf
}

func (r *rig) start() {
	from := r.boot.Device
	if !r.boot.Persistent {
		r.boot = machine.Boot{Device: machine.DeviceNone}
	}
	if r.deaf || from != machine.DevicePXE {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := r.live(ctx); err != nil && ctx.Err() == nil {
			r.t.Errorf("machine %s: %v", r.mac, err)
		}
	}()
	r.stop = func() { cancel(); <-done }
}

func (r *rig) halt() {
	if r.stop != nil {
		r.stop()
		r.stop = nil
	}
}

// live is one boot, from the first packet to the end of its power.
func (r *rig) live(ctx context.Context) error {
	host, err := r.hub.HostByMAC(ctx, r.mac)
	if errors.Is(err, ophub.ErrNotFound) {
		return nil // nobody answers a machine without a record
	}
	if err != nil {
		return err
	}
	for _, stage := range []ophub.Stage{ophub.StageDHCP, ophub.StageBootFile, ophub.StageBootScript, ophub.StageLinux, ophub.StageInitrd, ophub.StageAgent} {
		if err := r.hub.AppendBoot(ctx, host.Name, ophub.Event{Stage: stage, MAC: r.mac, Image: host.Image}); err != nil {
			return err
		}
	}
	agent := ophub.Agent{
		Host: host.Name, BootID: fmt.Sprintf("%s-%d", r.mac, time.Now().UnixNano()), Version: "1.2.3", Image: host.Image,
		Addresses: []string{"10.20.0.11"}, MAC: r.mac, Started: time.Now(), Kernels: ready(host.Kernels),
		Inventory: &ophub.Inventory{Disks: r.disks},
	}
	reg, err := r.hub.Register(ctx, agent, 10*time.Second)
	if err != nil {
		return err
	}
	defer func() { _ = reg.Close(context.Background()) }()
	renewed := make(chan error, 1)
	go func() { renewed <- reg.Run(ctx) }()
	for view := range r.hub.WatchHost(ctx, host.Name) {
		if view.Host == nil || len(view.Host.Kernels) == len(agent.Kernels) && (view.Host.Wipe == nil || agent.Wipe != nil && agent.Wipe.ID == view.Host.Wipe.ID) {
			continue
		}
		agent.Kernels = ready(view.Host.Kernels)
		if o := view.Host.Wipe; o != nil && o.BootID == agent.BootID {
			agent.Wipe = r.wipe(*o)
		}
		if err := reg.Update(ctx, agent); err != nil && ctx.Err() == nil {
			return err
		}
	}
	return <-renewed
}

// wipe carries an order out as an agent does.
func (r *rig) wipe(o ophub.WipeOrder) *ophub.Wipe {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := &ophub.Wipe{ID: o.ID}
	if err := o.Covers((&ophub.Inventory{Disks: r.disks}).Fixed()); err != nil {
		out.Error = err.Error()
		return out
	}
	for _, d := range o.Disks {
		out.Disks = append(out.Disks, ophub.DiskWipe{Name: d.Name, Bytes: d.Bytes, Done: d.Bytes / 2})
	}
	if r.holds {
		return out
	}
	for i, d := range o.Disks {
		out.Disks[i].Done = d.Bytes
		r.wiped = append(r.wiped, d.Name)
	}
	out.Finished = true
	return out
}

func ready(kernels []string) map[string]ophub.KernelState {
	states := map[string]ophub.KernelState{}
	for _, k := range kernels {
		states[k] = ophub.KernelState{NodeID: "node-of-" + k, Status: ophub.KernelReady}
	}
	return states
}

// kid names an image that no machine of a test looks into.
func kid(name string) string { return string(keg.Sum([]byte(name))) }

var pxe = machine.Boot{Device: machine.DevicePXE, Persistent: true}

// clearBoot takes the boot setting back, as somebody at the BMC would.
func clearBoot(t testing.TB, r *rig) {
	t.Helper()
	b := ipmi.New(ipmi.Target{Name: "by hand", Address: r.address, Username: "ADMIN", Password: bmcPassword})
	if err := b.SetBoot(context.Background(), ipmi.Boot{Device: ipmi.DeviceNone}); err != nil {
		t.Fatal(err)
	}
}

// await waits until the agent of a host lives.
func await(t testing.TB, hub *ophub.Hub, host string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if _, err := ophub.WaitReady(ctx, hub, host, "", ophub.WaitOptions{}); err != nil {
		t.Fatal(err)
	}
}

func mustKID(t testing.TB, s string) keg.KID {
	t.Helper()
	k, err := keg.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return k
}
