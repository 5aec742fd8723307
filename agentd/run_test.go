package agentd

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

func ready(names ...string) func(ophub.Agent) bool {
	return func(a ophub.Agent) bool {
		for _, n := range names {
			if a.Kernels[n].Status != ophub.KernelReady {
				return false
			}
		}
		return len(a.Kernels) == len(names)
	}
}

func TestHostFromStartToPowerOff(t *testing.T) {
	r := newRig(t)
	at := r.attach("main")
	r.nomad.ready(at.ClientID, nil)
	wait := r.run()
	got := r.await("kernel main", ready("main"))

	if got.Host != "node1" || got.Image != testImage || got.BootID != "11111111-2222-3333-4444-555555555555" ||
		got.Version != "1.2.3" || got.MAC != testMAC || !slices.Equal(got.Addresses, []string{"10.20.0.11"}) ||
		got.MemoryMiB != 995 || got.CPUs < 1 || got.Kernels["main"].NodeID != at.ClientID {
		t.Errorf("live record %+v", got)
	}
	r.op.awaitStage(t, ophub.StageKernels, "main")
	wantStages := []string{
		"agent: agentd 1.2.3",
		"registered: ", "kernels joined: main",
	}
	if told := r.op.told(); !slices.Equal(told, wantStages) {
		t.Errorf("stages told: %q\nwant %q", told, wantStages)
	}
	if s := r.op.stages[0]; s.Image != testImage || s.BootID != "11111111-2222-3333-4444-555555555555" || s.MAC != testMAC {
		t.Errorf("stage report %+v", s)
	}
	wantCalls := []string{
		"mount proc /proc", "mount sysfs /sys", "mount devtmpfs /dev", "mount devpts /dev/pts", "mount tmpfs /dev/shm",
		"mount tmpfs /run", "mount cgroup2 /sys/fs/cgroup", "console", "up lo",
		"load /lib/modules/x/virtio_net.ko", "seed", "up eth1", "dhcp",
		"configure eth1 10.20.0.11/24 via 10.20.0.1 mtu 1500", "hostname node1",
	}
	if calls := r.os.log(); !slices.Equal(calls, wantCalls) {
		t.Errorf("asked of Linux: %q\nwant %q", calls, wantCalls)
	}
	if got := r.read("/etc/resolv.conf"); got != "search lab.example\nnameserver 10.20.0.1\nnameserver 10.20.0.2\n" {
		t.Errorf("resolv.conf: %q", got)
	}
	for name, want := range map[string]string{"client-id": at.ClientID, "secret-id": at.SecretID} {
		path := "/run/cthulix/kernels/main/client/" + name
		info, err := os.Stat(filepath.Join(r.root, path))
		if err != nil {
			t.Fatal(err)
		}
		if r.read(path) != want || info.Mode() != 0o600 {
			t.Errorf("%s is %q, mode %s", name, r.read(path), info.Mode())
		}
	}

	r.os.actions <- PowerOff
	action, err := wait()
	if action != PowerOff || err != nil {
		t.Errorf("ended with %v, %v", action, err)
	}
	if id := <-r.nomad.left; id != at.ClientID {
		t.Errorf("client %s left", id)
	}
	select {
	case <-r.records.closed:
	default:
		t.Error("the live record was not taken back")
	}
	if strings.Contains(r.log.String(), at.SecretID) {
		t.Error("the console shows a secret")
	}
}

func TestHostFollowsItsKernels(t *testing.T) {
	r := newRig(t)
	one := r.attach("one")
	r.nomad.ready(one.ClientID, nil)
	r.run()
	r.await("kernel one", ready("one"))

	two := r.attach("two")
	r.nomad.ready(two.ClientID, nil)
	r.records.views <- ophub.View{Host: &ophub.Host{Name: "node1", Kernels: []string{"two", "one"}}}
	r.await("kernels one and two", ready("one", "two"))
	if a, b := r.read("/run/cthulix/kernels/one/nomad.hcl"), r.read("/run/cthulix/kernels/two/nomad.hcl"); portsOf(a) == portsOf(b) {
		t.Errorf("two clients have the same ports: %s", portsOf(a))
	}

	r.op.change(func(id *ophub.Identity) { id.Kernels = id.Kernels[1:] })
	r.records.views <- ophub.View{Err: errors.New("no leader")}
	r.records.views <- ophub.View{Host: &ophub.Host{Name: "node1", Kernels: []string{"two"}}}
	r.await("kernel two alone", ready("two"))
	if id := <-r.nomad.left; id != one.ClientID {
		t.Errorf("client %s left", id)
	}
}

func portsOf(hcl string) string {
	_, ports, _ := strings.Cut(hcl, "ports {")
	ports, _, _ = strings.Cut(ports, "}")
	return ports
}

func TestClientThatFailsIsStartedAgain(t *testing.T) {
	r := newRig(t)
	at := r.attach("main")
	r.nomad.ready(at.ClientID, nil)
	r.run()
	r.await("kernel main", ready("main"))
	r.nomad.fail(at.ClientID) <- "disk quota of the moon exceeded"
	got := r.await("failure", func(a ophub.Agent) bool { return a.Kernels["main"].Status == ophub.KernelFailed })
	if text := got.Kernels["main"].Error; !strings.Contains(text, "exit status 3") || !strings.Contains(text, "quota of the moon") {
		t.Errorf("the record says %q", text)
	}
	r.await("kernel main again", ready("main"))
}

func TestReleaseThatComesLater(t *testing.T) {
	r := newRig(t)
	at := r.attach("main")
	r.nomad.ready(at.ClientID, nil)
	r.op.change(func(id *ophub.Identity) { id.Kernels[0].Release, id.Kernels[0].ReleaseFormat = "", "" })
	r.run()
	got := r.await("failure", func(a ophub.Agent) bool { return a.Kernels["main"].Status == ophub.KernelFailed })
	if !strings.Contains(got.Kernels["main"].Error, "no release") {
		t.Errorf("the record says %q", got.Kernels["main"].Error)
	}
	r.op.change(func(id *ophub.Identity) {
		id.Kernels[0].Release, id.Kernels[0].ReleaseFormat = at.Release, at.ReleaseFormat
	})
	r.await("kernel main", ready("main"))
}

func TestWrongReleaseIsNeverStarted(t *testing.T) {
	r := newRig(t)
	at := r.attach("main")
	r.op.mu.Lock()
	r.op.blobs[at.Release] = zstdOf(t, "#!/bin/sh\ntouch "+r.root+"/ran\n")
	r.op.mu.Unlock()
	r.run()
	got := r.await("failure", func(a ophub.Agent) bool { return a.Kernels["main"].Status == ophub.KernelFailed })
	if !strings.Contains(got.Kernels["main"].Error, "other bytes than asked for") {
		t.Errorf("the record says %q", got.Kernels["main"].Error)
	}
	if _, err := os.Stat(filepath.Join(r.root, "ran")); err == nil {
		t.Error("it was started")
	}
}

func TestTroubleIsToldAndTriedAgain(t *testing.T) {
	r := newRig(t)
	r.os.fail = map[string]error{"load /lib/modules/x/virtio_net.ko": errors.New("invalid module format")}
	r.os.noLink = 2
	r.op.refuse = []string{"kernel main: no record", "kernel main: no record", "consul has no leader"}
	r.records.fails = 1
	r.run()
	r.op.awaitStage(t, ophub.StageAgent, "invalid module format")
	r.op.awaitStage(t, ophub.StageAgent, "kernel main: no record")
	r.op.awaitStage(t, ophub.StageAgent, "consul has no leader")
	r.op.awaitStage(t, ophub.StageAgent, "no leader")
	r.await("the live record", func(ophub.Agent) bool { return true })
	if n := strings.Count(strings.Join(r.op.told(), "\n"), "no record"); n != 1 {
		t.Errorf("the same trouble was told %d times", n)
	}
}

func TestIgnitionComesBeforeTheRegistration(t *testing.T) {
	r := newRig(t)
	config := `{"ignition":{"version":"3.4.0"},"storage":{"files":[{"path":"/etc/motd","contents":{"source":"data:,hello%20host"}}]}}`
	r.op.change(func(id *ophub.Identity) { id.Ignition = keg.Sum([]byte(config)) })
	r.run()
	r.op.awaitStage(t, ophub.StageAgent, "404")
	r.op.put([]byte(config))
	r.await("the live record", func(ophub.Agent) bool { return true })
	if got := r.read("/etc/motd"); got != "hello host" {
		t.Errorf("motd is %q", got)
	}
}

func TestBadCommandLine(t *testing.T) {
	t.Run("can be told", func(t *testing.T) {
		r := newRig(t)
		r.write("/proc/cmdline", strings.Replace(r.read("/proc/cmdline"), "cthulix.host=node1", "cthulix.host=no/de", 1))
		wait := r.run()
		r.op.awaitStage(t, ophub.StageAgent, "cthulix.host")
		r.os.actions <- Reboot
		if action, err := wait(); action != Reboot || err == nil {
			t.Errorf("ended with %v, %v", action, err)
		}
	})
	t.Run("cannot be told", func(t *testing.T) {
		r := newRig(t)
		r.write("/proc/cmdline", "quiet")
		wait := r.run()
		r.os.actions <- PowerOff
		if action, err := wait(); action != PowerOff || err == nil || !strings.Contains(err.Error(), "cthulix.opserver is missing") {
			t.Errorf("ended with %v, %v", action, err)
		}
	})
}

func TestEndWhileStillOnTheWay(t *testing.T) {
	r := newRig(t)
	r.os.dhcp.set(func(d *dhcpServer) { d.mute = true })
	wait := r.run()
	r.os.actions <- Reboot
	if action, err := wait(); action != Reboot || err != nil {
		t.Errorf("ended with %v, %v", action, err)
	}
	if slices.Contains(r.os.log(), "hostname node1") {
		t.Error("it went on without a network")
	}
}

func TestRunNeedsAnOS(t *testing.T) {
	if _, err := Run(t.Context(), Config{}); err == nil {
		t.Error("no error")
	}
}
