package light_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/engines"
	"github.com/cthulix/terraform-provider-cthulix/ipmi"
	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/lab/light"
	"github.com/cthulix/terraform-provider-cthulix/lab/machine"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

var consul *engines.Consul

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Minute) // a first run builds Consul
	defer cancel()
	fail := func(err error) int {
		fmt.Fprintln(os.Stderr, "these tests need a Consul server:", err)
		return 1
	}
	binary, err := engines.Locate(ctx, "consul", engines.Options{})
	if err != nil {
		return fail(err)
	}
	dir, err := os.MkdirTemp("", "light")
	if err != nil {
		return fail(err)
	}
	defer os.RemoveAll(dir)
	if consul, err = engines.StartConsul(ctx, engines.ConsulConfig{Binary: binary, DataDir: dir}); err != nil {
		return fail(err)
	}
	defer consul.Stop()
	return m.Run()
}

var firmware = fstest.MapFS{
	"undionly.kpxe": {Data: bytes.Repeat([]byte("bios"), 1000)},
	"snponly.efi":   {Data: bytes.Repeat([]byte("uefi"), 1000)},
}

// rack is a rack whose machines are on record with an image.
type rack struct {
	*light.Rack
	hub   *ophub.Hub
	store *keg.Dir
}

func newRack(t *testing.T, n int, mac string) rack {
	t.Helper()
	hub, err := ophub.New(ophub.Config{Address: consul.Address})
	must(t, err)
	store, err := keg.OpenDir(t.TempDir())
	must(t, err)
	first, err := net.ParseMAC(mac)
	must(t, err)
	r, err := light.NewRack(light.RackConfig{
		Hub: hub, Consul: strings.TrimPrefix(consul.Address, "http://"), Keg: store, Firmware: firmware,
		Machines: n, Name: strings.ToLower(strings.TrimPrefix(t.Name(), "Test")), MAC: first, Username: "ADMIN", Password: "swordfish",
		Retry: 50 * time.Millisecond, Logger: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return rack{r, hub, store}
}

func (r rack) name(t *testing.T, i int) string {
	return fmt.Sprintf("%s%d", strings.ToLower(strings.TrimPrefix(t.Name(), "Test")), i+1)
}

// record puts the ith machine on record with an image.
func (r rack) record(t *testing.T, i int, image keg.KID, kernels ...string) {
	t.Helper()
	must(t, r.hub.PutHost(t.Context(), ophub.Host{Name: r.name(t, i), MACs: []string{r.MACs[i]}, Image: image, Kernels: kernels, Firmware: "bios"}))
	t.Cleanup(func() {
		if err := r.hub.DeleteHost(context.Background(), r.name(t, i)); err != nil {
			t.Error(err)
		}
	})
}

func (r rack) image(t *testing.T, name string, args ...string) keg.KID {
	t.Helper()
	kid, err := light.PutImage(t.Context(), r.store, name, args...)
	must(t, err)
	return kid
}

func (r rack) powerOn(t *testing.T, i int) {
	t.Helper()
	b := ipmi.New(ipmi.Target{Name: r.name(t, i), Address: r.Addresses[i], Username: "ADMIN", Password: "swordfish"})
	must(t, b.SetBoot(t.Context(), ipmi.Boot{Device: ipmi.DevicePXE, Persistent: true}))
	must(t, b.PowerOn(t.Context()))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// A machine passes every stage that a real one passes, restarts into what its
// record says then, and follows its kernels.
func TestBoots(t *testing.T) {
	r := newRack(t, 1, "52:54:00:11:00:01")
	ctx := within(t, 2*time.Minute)
	must(t, r.hub.PutKernel(ctx, ophub.Kernel{Name: "light-k", Namespace: "light-k", NodePool: "light-k"}))
	first, second := r.image(t, "first"), r.image(t, "second")
	r.record(t, 0, first)
	r.powerOn(t, 0)
	agent, err := ophub.WaitReady(ctx, r.hub, r.name(t, 0), first, ophub.WaitOptions{})
	must(t, err)
	// The opserver records what it sees a moment later.
	missing := []ophub.Stage{ophub.StageDHCP, ophub.StageBootFile, ophub.StageBootScript, ophub.StageLinux, ophub.StageInitrd, ophub.StageAgent, ophub.StageRegistered}
	for view := range r.hub.WatchHost(ctx, r.name(t, 0)) {
		for _, e := range view.Boot.Events {
			missing = slices.DeleteFunc(missing, func(s ophub.Stage) bool { return s == e.Stage })
		}
		if len(missing) == 0 {
			break
		}
	}
	if len(missing) > 0 {
		t.Errorf("stages %q were never seen", missing)
	}

	r.record(t, 0, second, "light-k")
	for view := range r.hub.WatchHost(ctx, r.name(t, 0)) {
		if view.Agent != nil && view.Agent.Kernels["light-k"].Status == ophub.KernelReady {
			break
		}
	}
	must(t, r.hub.ResetBoot(ctx, r.name(t, 0), "a test"))
	must(t, r.Machines[0].Reset(ctx))
	again, err := ophub.WaitReady(ctx, r.hub, r.name(t, 0), second, ophub.WaitOptions{})
	must(t, err)
	if again.BootID == agent.BootID || r.Machines[0].Boots() != 2 {
		t.Errorf("boot %s, then %s, after %d boots", agent.BootID, again.BootID, r.Machines[0].Boots())
	}

	// A machine that shuts down by itself takes its record back.
	must(t, r.Machines[0].PowerOff(ctx, false))
	for view := range r.hub.WatchHost(ctx, r.name(t, 0)) {
		if view.Agent == nil {
			break
		}
	}
	must(t, ctx.Err())
}

// Bad images stop where they say, and the diagnosis names the place.
func TestFails(t *testing.T) {
	r := newRack(t, 5, "52:54:00:12:00:01")
	ctx := within(t, 2*time.Minute)
	must(t, r.hub.PutKernel(ctx, ophub.Kernel{Name: "light-f", Namespace: "light-f", NodePool: "light-f"}))
	var all sync.WaitGroup
	for i, c := range []struct{ fail, stage string }{
		{light.FailAgent, ophub.NoAgentText},
		{light.FailPanic, ophub.NoAgentText},
		{light.FailRegister, ophub.NotRegisteredText},
		{light.FailKernels, "agent registered but kernel light-f not joined"},
		{light.FailLoop, ""},
	} {
		r.record(t, i, r.image(t, c.fail, "light.fail="+c.fail), "light-f")
		r.powerOn(t, i)
		all.Go(func() {
			for view := range r.hub.WatchHost(ctx, r.name(t, i)) {
				switch verdict := ophub.Diagnose(view, "", true, time.Time{}); {
				case c.fail == light.FailLoop && r.Machines[i].Boots() > 2, verdict.Stage == c.stage:
					return
				case verdict.Ready:
					t.Errorf("%s: it is ready", c.fail)
					return
				}
			}
			t.Errorf("%s: never came to %q", c.fail, c.stage)
		})
	}
	all.Wait()
}

// A machine that nobody sends to the network stays where it is, and a setting
// that is not persistent is used up.
func TestBootSetting(t *testing.T) {
	r := newRack(t, 1, "52:54:00:13:00:01")
	m := r.Machines[0]
	if err := m.Reset(t.Context()); !errors.Is(err, machine.ErrOff) {
		t.Errorf("reset when off: %v", err)
	}
	m.SetBoot(machine.Boot{Device: machine.DevicePXE})
	must(t, m.PowerOn(t.Context()))
	must(t, m.PowerOn(t.Context()))
	if b := m.Boot(); b.Device != machine.DeviceNone || m.Boots() != 1 || !m.Powered() {
		t.Errorf("after one boot: %+v, %d boots, powered %v", b, m.Boots(), m.Powered())
	}
	must(t, m.PowerOff(t.Context(), true))
	if m.Powered() {
		t.Error("it is still on")
	}
}
