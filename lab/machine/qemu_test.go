package machine

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const testMAC = "52:54:00:c7:00:01"

// shortDir is a directory whose path leaves room for socket names.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "cxm")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// rig is a machine with somebody at the other end of its wire.
type rig struct {
	*QEMU
	wire   *net.UnixConn
	events <-chan Event
}

func newRig(t *testing.T, change func(*Config)) *rig {
	t.Helper()
	dir := shortDir(t)
	remote := filepath.Join(dir, "sw")
	wire, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: remote, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{Name: "node1", MAC: testMAC, MemoryMiB: 256, RunDir: dir, LocalSocket: filepath.Join(dir, "vm"), RemoteSocket: remote, Accelerator: acceleratorTCG}
	if change != nil {
		change(&cfg)
	}
	m, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
		cancel()
		_ = wire.Close()
	})
	return &rig{m, wire, m.Events(ctx)}
}

func (r *rig) ctx(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// frame waits for the first frame that the machine sends.
func (r *rig) frame(t *testing.T) []byte {
	t.Helper()
	if err := r.wire.SetReadDeadline(time.Now().Add(2 * time.Minute)); err != nil {
		t.Fatal(err)
	}
	frame := make([]byte, 2048)
	n, err := r.wire.Read(frame)
	if err != nil {
		t.Fatalf("no frame from the machine: %v\nconsole:\n%s", err, r.console(t))
	}
	return frame[:n]
}

func (r *rig) console(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(r.SerialLog())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func (r *rig) event(t *testing.T, kind EventKind, detail string) {
	t.Helper()
	select {
	case e := <-r.events:
		if e.Kind != kind || !strings.Contains(e.Detail, detail) || e.Machine != "node1" {
			t.Fatalf("event %q (%s), want %q with %q", e.Kind, e.Detail, kind, detail)
		}
	case <-time.After(time.Minute):
		t.Fatalf("no event %q", kind)
	}
}

func TestBootsBIOS(t *testing.T) {
	r := newRig(t, nil)
	r.SetBoot(Boot{Device: DevicePXE, Persistent: true})
	if err := r.PowerOn(r.ctx(t)); err != nil {
		t.Fatal(err)
	}
	r.event(t, EventOn, "legacy BIOS, network first")
	r.checkDHCP(t, 0)
	for _, banner := range []string{"SeaBIOS", "iPXE", testMAC} {
		if !strings.Contains(r.console(t), banner) {
			t.Errorf("the console does not show %q:\n%s", banner, r.console(t))
		}
	}
}

func TestBootsUEFI(t *testing.T) {
	r := newRig(t, nil)
	r.SetBoot(Boot{Device: DevicePXE, EFI: true})
	if err := r.PowerOn(r.ctx(t)); err != nil {
		t.Fatal(err)
	}
	r.event(t, EventOn, "UEFI, network first")
	r.checkDHCP(t, 7)
	if !strings.Contains(r.console(t), "PXE over IPv4") {
		t.Errorf("console:\n%s", r.console(t))
	}
}

// checkDHCP wants the firmware's DHCP request, which names its architecture in option 93.
func (r *rig) checkDHCP(t *testing.T, arch byte) {
	t.Helper()
	mac, err := net.ParseMAC(testMAC)
	if err != nil {
		t.Fatal(err)
	}
	for {
		frame := r.frame(t)
		if !bytes.Equal(frame[6:12], mac) {
			t.Fatalf("a frame from %x, want %x", frame[6:12], []byte(mac))
		}
		if bytes.Contains(frame, []byte{93, 2, 0, arch}) {
			return
		}
	}
}

func TestPowerAndReset(t *testing.T) {
	r := newRig(t, nil)
	ctx := r.ctx(t)
	if err := r.Reset(ctx); !errors.Is(err, ErrOff) {
		t.Errorf("reset when off: %v", err)
	}
	if err := r.PowerOff(ctx, true); err != nil {
		t.Errorf("off when off: %v", err)
	}
	if err := r.PowerOff(ctx, false); err != nil {
		t.Errorf("soft when off: %v", err)
	}
	r.SetBoot(Boot{Device: DevicePXE, EFI: true}) // once
	if err := r.PowerOn(ctx); err != nil {
		t.Fatal(err)
	}
	r.event(t, EventOn, "UEFI, network first")
	if got := r.Boot(); got.Device != DeviceNone {
		t.Errorf("after the boot the setting is %+v, want it used up", got)
	}
	if err := r.PowerOn(ctx); err != nil {
		t.Errorf("on when on: %v", err)
	}
	if status, err := r.Status(ctx); err != nil || status != "running" {
		t.Errorf("status %q, %v", status, err)
	}
	first := r.PID()
	if err := r.Reset(ctx); err != nil {
		t.Fatal(err)
	}
	r.event(t, EventReset, "reset line, legacy BIOS, its own order")
	if r.PID() == first || r.State() != StateOn {
		t.Errorf("after the reset: pid %d, was %d; %s", r.PID(), first, r.State())
	}
	if err := r.PowerOff(ctx, false); err != nil { // firmware does not listen to it
		t.Error(err)
	}
	if err := r.PowerOff(ctx, true); err != nil {
		t.Fatal(err)
	}
	r.event(t, EventOff, "switched off")
	if r.Powered() || r.PID() != 0 {
		t.Error("still on")
	}
	if _, err := r.Status(ctx); !errors.Is(err, ErrOff) {
		t.Errorf("status when off: %v", err)
	}
}

func TestPersistentBootStays(t *testing.T) {
	r := newRig(t, nil)
	want := Boot{Device: DeviceDisk, Persistent: true}
	r.SetBoot(want)
	if err := r.PowerOn(r.ctx(t)); err != nil {
		t.Fatal(err)
	}
	r.event(t, EventOn, "legacy BIOS, disk first")
	if got := r.Boot(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestMachineRestartsItself(t *testing.T) {
	r := newRig(t, nil)
	ctx := r.ctx(t)
	if err := r.PowerOn(ctx); err != nil {
		t.Fatal(err)
	}
	r.event(t, EventOn, "")
	// To QEMU this is what a guest's reset is, but for the reason's name.
	if _, err := r.process().control.do(ctx, "system_reset"); err != nil && !errors.Is(err, errQMPClosed) {
		t.Fatal(err)
	}
	r.event(t, EventReset, "the machine restarted itself")
	if !r.Powered() {
		t.Error("off after a reset")
	}
}

func TestMachineThatDies(t *testing.T) {
	r := newRig(t, nil)
	if err := r.PowerOn(r.ctx(t)); err != nil {
		t.Fatal(err)
	}
	r.event(t, EventOn, "")
	if err := r.process().cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	r.event(t, EventExit, "signal: killed")
	if r.Powered() {
		t.Error("still on")
	}
	if err := r.PowerOn(r.ctx(t)); err != nil {
		t.Fatal(err)
	}
	r.event(t, EventOn, "")
}

func TestDisk(t *testing.T) {
	r := newRig(t, func(c *Config) {
		c.Disk = filepath.Join(c.RunDir, "disk.img")
		c.ExtraArgs = []string{"-device", "isa-debug-exit,iobase=0xf4,iosize=1"}
		if err := os.WriteFile(c.Disk, probeGuest(), 0o600); err != nil {
			t.Fatal(err)
		}
	})
	if err := r.PowerOn(r.ctx(t)); err != nil {
		t.Fatal(err)
	}
	r.event(t, EventOn, "its own order")
	// The disk's boot sector ends QEMU with a code of its own, which shows that it ran.
	r.event(t, EventExit, "exit status 85")
}

func TestStartFails(t *testing.T) {
	r := newRig(t, func(c *Config) { c.ExtraArgs = []string{"-device", "warp-drive"} })
	err := r.PowerOn(r.ctx(t))
	if err == nil || !strings.Contains(err.Error(), "warp-drive") || !strings.Contains(err.Error(), "machine node1: power on") {
		t.Errorf("got %v", err)
	}
	if r.Powered() {
		t.Error("on after a failed start")
	}
}

func TestForeignFileInTheWay(t *testing.T) {
	r := newRig(t, nil)
	if err := os.WriteFile(r.cfg.LocalSocket, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := r.PowerOn(r.ctx(t)); err == nil || !strings.Contains(err.Error(), "not a socket") {
		t.Errorf("got %v", err)
	}
	if err := os.Remove(r.cfg.LocalSocket); err != nil {
		t.Fatal(err)
	}
}

func TestCanceledVerb(t *testing.T) {
	r := newRig(t, nil)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := r.PowerOn(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if r.Powered() {
		t.Error("on")
	}
}
