package ophub_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

func putKernel(t *testing.T, hub *ophub.Hub, name string) {
	t.Helper()
	must(t, hub.PutKernel(t.Context(), ophub.Kernel{Name: name, Namespace: name, NodePool: name}))
}

func TestHostRecord(t *testing.T) {
	t.Parallel()
	hub, ctx := newHub(t), within(t, time.Minute)
	putKernel(t, hub, "main")
	if _, err := hub.Host(ctx, "node1"); !errors.Is(err, ophub.ErrNotFound) {
		t.Fatalf("a host that is not there: %v", err)
	}
	host := ophub.Host{
		Name: "node1", MACs: []string{"52-54-00-AA-00-01", "52:54:00:aa:00:02"}, Switch: "leaf1", Port: "GigabitEthernet1/0/1", VLAN: 20,
		Image: imageA, Args: []string{"console=ttyS0"}, Kernels: []string{"main"}, Firmware: ophub.FirmwareUEFI, BMC: "127.0.0.1:6231",
	}
	must(t, hub.PutHost(ctx, host))
	want := host
	want.MACs, want.Generation = []string{"52:54:00:aa:00:01", "52:54:00:aa:00:02"}, 1
	bookkeeping := cmpopts.IgnoreFields(ophub.Host{}, "Updated")
	got, err := hub.Host(ctx, "node1")
	must(t, err)
	if d := cmp.Diff(want, got, bookkeeping); d != "" {
		t.Errorf("read back:\n%s", d)
	}
	if got.Updated.IsZero() {
		t.Error("no time of the change")
	}

	must(t, hub.PutHost(ctx, host))
	if again, err := hub.Host(ctx, "node1"); err != nil || !again.Updated.Equal(got.Updated) || again.Generation != 1 {
		t.Errorf("storing the same changed it: %+v, %v", again, err)
	}

	// One address goes, another comes; the port stays.
	host.MACs, host.Image = []string{"52:54:00:aa:00:02", "52:54:00:aa:00:03"}, imageB
	must(t, hub.PutHost(ctx, host))
	for mac, there := range map[string]bool{"52:54:00:aa:00:01": false, "5254.00aa.0002": true, "52:54:00:AA:00:03": true} {
		got, err := hub.HostByMAC(ctx, mac)
		if there && (err != nil || got.Name != "node1" || got.Generation != 2) {
			t.Errorf("%s: %+v, %v", mac, got, err)
		}
		if !there && !errors.Is(err, ophub.ErrNotFound) {
			t.Errorf("%s: want none, got %v", mac, err)
		}
	}

	must(t, hub.PutHost(ctx, ophub.Host{Name: "node0", MACs: []string{"52:54:00:aa:00:01"}}))
	hosts, err := hub.Hosts(ctx)
	if err != nil || len(hosts) != 2 || hosts[0].Name != "node0" || hosts[1].Name != "node1" {
		t.Errorf("hosts: %+v, %v", hosts, err)
	}

	must(t, hub.AppendBoot(ctx, "node1", ophub.Event{Stage: ophub.StageDHCP}))
	must(t, hub.DeleteHost(ctx, "node1"))
	must(t, hub.DeleteHost(ctx, "node1"))
	if boot, err := hub.Boot(ctx, "node1"); err != nil || len(boot.Events) != 0 {
		t.Errorf("the boot record outlived its host: %+v, %v", boot, err)
	}
	host.Name = "node2"
	must(t, hub.PutHost(ctx, host)) // what node1 had is free
}

func TestHostConflicts(t *testing.T) {
	t.Parallel()
	hub, ctx := newHub(t), within(t, time.Minute)
	must(t, hub.PutHost(ctx, ophub.Host{Name: "node1", MACs: []string{"52:54:00:aa:00:01"}, Switch: "leaf1", Port: "Gi1/0/1"}))
	var conflict *ophub.ConflictError
	err := hub.PutHost(ctx, ophub.Host{Name: "node2", MACs: []string{"52:54:00:aa:00:09", "52:54:00:aa:00:01"}})
	if !errors.As(err, &conflict) || conflict.Owner != "node1" || conflict.Field != "macs[1]" {
		t.Errorf("the same MAC address: %v", err)
	}
	err = hub.PutHost(ctx, ophub.Host{Name: "node2", MACs: []string{"52:54:00:aa:00:09"}, Switch: "leaf1", Port: "Gi1/0/1"})
	if want := "host node2: port: port Gi1/0/1 of switch leaf1 belongs to host node1 already"; err == nil || err.Error() != want {
		t.Errorf("the same port:\n got %v\nwant %s", err, want)
	}
	if _, err := hub.Host(ctx, "node2"); !errors.Is(err, ophub.ErrNotFound) {
		t.Errorf("a refused host is there: %v", err)
	}
	var invalid *ophub.InvalidError
	err = hub.PutHost(ctx, ophub.Host{Name: "node2", MACs: []string{"52:54:00:aa:00:09"}, Kernels: []string{"nowhere"}})
	if !errors.As(err, &invalid) || invalid.Field != "kernels[0]" {
		t.Errorf("an unknown kernel: %v", err)
	}
}

// TestHostRace: of many hosts that want one port at once, one gets it.
func TestHostRace(t *testing.T) {
	t.Parallel()
	hub, ctx := newHub(t), within(t, time.Minute)
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wg.Go(func() {
			errs[i] = hub.PutHost(ctx, ophub.Host{Name: fmt.Sprintf("node%d", i), MACs: []string{fmt.Sprintf("52:54:00:00:00:%02x", i)}, Switch: "leaf1", Port: "Gi1/0/1"})
		})
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		var conflict *ophub.ConflictError
		if err == nil {
			won++
		} else if !errors.As(err, &conflict) {
			t.Errorf("a loser: %v", err)
		}
	}
	hosts, err := hub.Hosts(ctx)
	if won != 1 || err != nil || len(hosts) != 1 {
		t.Errorf("%d won, %d are stored, %v", won, len(hosts), err)
	}
}

func TestHostInvalid(t *testing.T) {
	good := ophub.Host{Name: "node1", MACs: []string{"52:54:00:00:00:01"}}
	must(t, good.Validate())
	for field, change := range map[string]func(*ophub.Host){
		"name":       func(h *ophub.Host) { h.Name = "Node 1" },
		"macs":       func(h *ophub.Host) { h.MACs = nil },
		"macs[0]":    func(h *ophub.Host) { h.MACs = []string{"52:54:00:00:00"} },
		"macs[1]":    func(h *ophub.Host) { h.MACs = append(h.MACs, "5254.0000.0001") },
		"port":       func(h *ophub.Host) { h.Switch = "leaf1" },
		"vlan":       func(h *ophub.Host) { h.VLAN = 1003 },
		"image":      func(h *ophub.Host) { h.Image = "K-12" },
		"args[0]":    func(h *ophub.Host) { h.Args = []string{"a\nboot"} },
		"kernels[1]": func(h *ophub.Host) { h.Kernels = []string{"main", "main"} },
		"firmware":   func(h *ophub.Host) { h.Firmware = "coreboot" },
	} {
		host := good
		change(&host)
		var invalid *ophub.InvalidError
		if err := host.Validate(); !errors.As(err, &invalid) || invalid.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	for _, mac := range []string{"01:00:5e:00:00:01", "00:00:00:00:00:00", "52:54:00:00:00:00:00:01", "", "node1"} {
		if got, err := ophub.NormalizeMAC(mac); err == nil {
			t.Errorf("%q was taken as %s", mac, got)
		}
	}
}

func TestKernels(t *testing.T) {
	t.Parallel()
	hub, ctx := newHub(t), within(t, time.Minute)
	kernel := ophub.Kernel{Name: "main", Namespace: "main", NodePool: "main", Description: "all", AgentRelease: imageA, ReleaseFormat: ophub.FormatZstd}
	must(t, hub.PutKernel(ctx, kernel))
	if got, err := hub.Kernel(ctx, "main"); err != nil || got != kernel {
		t.Errorf("read back: %+v, %v", got, err)
	}
	must(t, hub.PutHost(ctx, ophub.Host{Name: "node1", MACs: []string{"52:54:00:00:00:01"}, Kernels: []string{"main"}}))
	var inUse *ophub.InUseError
	if err := hub.DeleteKernel(ctx, "main"); !errors.As(err, &inUse) || strings.Join(inUse.Hosts, ",") != "node1" {
		t.Errorf("a kernel that is in use: %v", err)
	}
	must(t, hub.DeleteHost(ctx, "node1"))
	must(t, hub.DeleteKernel(ctx, "main"))
	must(t, hub.DeleteKernel(ctx, "main"))
	if kernels, err := hub.Kernels(ctx); err != nil || len(kernels) != 0 {
		t.Errorf("left: %+v, %v", kernels, err)
	}
	if err := hub.PutKernel(ctx, ophub.Kernel{Name: "main", Namespace: "main"}); err == nil {
		t.Error("a kernel without node pool was taken")
	}
}

// TestKernelRace: a kernel is never deleted under a host that attaches to it
// at the same time.
func TestKernelRace(t *testing.T) {
	t.Parallel()
	hub, ctx := newHub(t), within(t, time.Minute)
	for round := range 8 {
		putKernel(t, hub, "main")
		var put, deleted error
		var wg sync.WaitGroup
		wg.Go(func() {
			put = hub.PutHost(ctx, ophub.Host{Name: "node1", MACs: []string{"52:54:00:00:00:01"}, Kernels: []string{"main"}})
		})
		wg.Go(func() { deleted = hub.DeleteKernel(ctx, "main") })
		wg.Wait()
		if (put == nil) == (deleted == nil) {
			t.Fatalf("round %d: attaching says %v, deleting says %v", round, put, deleted)
		}
		must(t, hub.DeleteHost(ctx, "node1"))
	}
}

func TestReleases(t *testing.T) {
	t.Parallel()
	hub, ctx := newHub(t), within(t, time.Minute)
	first := ophub.Release{Name: "nomad", Version: "1.10.4", KID: imageA, Format: ophub.FormatRaw}
	second := ophub.Release{Name: "nomad", Version: "1.10.5", KID: imageB, Format: ophub.FormatZstd}
	must(t, hub.PutRelease(ctx, first))
	must(t, hub.PutRelease(ctx, second))
	if got, err := hub.Release(ctx, "nomad"); err != nil || got != second {
		t.Errorf("read back: %+v, %v", got, err)
	}
	if all, err := hub.Releases(ctx); err != nil || len(all) != 1 {
		t.Errorf("all: %+v, %v", all, err)
	}
	for field, r := range map[string]ophub.Release{
		"kid":    {Name: "nomad", Version: "1", Format: ophub.FormatRaw},
		"format": {Name: "nomad", Version: "1", KID: imageA, Format: "gzip"},
	} {
		var invalid *ophub.InvalidError
		if err := hub.PutRelease(ctx, r); !errors.As(err, &invalid) || invalid.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}
