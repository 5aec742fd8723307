package machine

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestConfigCheck(t *testing.T) {
	good := Config{Name: "node1", MAC: testMAC, RunDir: "/run/lab", LocalSocket: "/run/lab/vm", RemoteSocket: "/run/lab/sw"}
	for want, change := range map[string]func(*Config){
		"":                        func(*Config) {},
		"used in file names":      func(c *Config) { c.Name = "../node1" },
		"no run directory":        func(c *Config) { c.RunDir = "" },
		"32 MiB of memory":        func(c *Config) { c.MemoryMiB = 32 },
		"-1 CPUs":                 func(c *Config) { c.CPUs = -1 },
		`firmware "coreboot"`:     func(c *Config) { c.Firmware = "coreboot" },
		"network card model":      func(c *Config) { c.NIC = "e1000,netdev=x" },
		"needs both":              func(c *Config) { c.RemoteSocket = "" },
		"has 101 bytes":           func(c *Config) { c.LocalSocket = "/" + strings.Repeat("x", 100) },
		"has 102 bytes":           func(c *Config) { c.BMCSocket = "/" + strings.Repeat("x", 101) },
		`MAC address "52:54"`:     func(c *Config) { c.MAC = "52:54" },
		`MAC address "53:54:00:0`: func(c *Config) { c.MAC = "53:54:00:00:00:01" },
	} {
		c := good
		change(&c)
		err := c.check()
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestArgs(t *testing.T) {
	c := Config{Name: "node1", MAC: "52:54:00:AB:00:01", RunDir: "/run/a,b", LocalSocket: "/run/vm", RemoteSocket: "/run/sw", BMCSocket: "/run/bmc,0", Disk: "/d.img", ExtraArgs: []string{"-S"}}
	if err := c.check(); err != nil {
		t.Fatal(err)
	}
	for name, line := range map[string]string{
		"bios": strings.Join(c.args(c.planFor(Boot{Device: DevicePXE}), firmware{}, acceleratorTCG), "\n"),
		"uefi": strings.Join(c.args(c.planFor(Boot{Device: DeviceDisk, EFI: true}), firmware{"/code.fd", "/vars.fd"}, acceleratorKVM), "\n"),
	} {
		golden := filepath.Join("testdata", "args-"+name+".golden")
		if os.Getenv("UPDATE_GOLDEN") != "" {
			if err := os.WriteFile(golden, []byte(line+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if line+"\n" != string(want) {
			t.Errorf("%s differs (set UPDATE_GOLDEN=1 to accept):\n%s", golden, line)
		}
	}
}

func TestMissingFile(t *testing.T) {
	_, err := file{"the moon", "moon-data", []string{"/nowhere/moon.fd"}}.find()
	var missing *MissingError
	if !errors.As(err, &missing) || !strings.Contains(err.Error(), "apt-get install --no-install-recommends moon-data") {
		t.Errorf("got %v", err)
	}
	t.Setenv("CTHULIX_QEMU", "/nowhere/qemu")
	if _, err := New(Config{Name: "a", RunDir: t.TempDir()}); !errors.As(err, &missing) || missing.Package != "qemu-system-x86" {
		t.Errorf("got %v", err)
	}
}

func TestEventsDropTheOldest(t *testing.T) {
	var f feed
	ctx, cancel := context.WithCancel(context.Background())
	events := f.follow(ctx)
	for range eventBacklog {
		f.send(Event{Kind: EventOn})
	}
	f.send(Event{Kind: EventOff})
	var last Event
	for range eventBacklog {
		last = <-events
	}
	if last.Kind != EventOff {
		t.Errorf("the newest event was lost, got %q", last.Kind)
	}
	cancel()
	if _, open := <-events; open {
		t.Error("the channel is still open")
	}
}

func TestAccelerator(t *testing.T) {
	t.Setenv("CTHULIX_ACCEL", "tcg")
	if got, err := Accelerator(context.Background()); err != nil || got != "tcg" {
		t.Errorf("%q, %v", got, err)
	}
	t.Setenv("CTHULIX_ACCEL", "hvf")
	if _, err := Accelerator(context.Background()); err == nil {
		t.Error("hvf was accepted")
	}
	if hasVirtualisation([]byte("vendor_id\t: vmx\nflags\t\t: fpu sse2 vmxnet\n")) {
		t.Error("no flag, but found")
	}
	if !hasVirtualisation([]byte("flags\t\t: fpu svm sse2\n")) {
		t.Error("svm was not found")
	}
}

func TestProbeGuestRuns(t *testing.T) {
	qemu, err := findQEMU()
	if err != nil {
		t.Fatal(err)
	}
	works, err := probe(context.Background(), qemu, acceleratorTCG, "Nehalem")
	if err != nil || !works {
		t.Errorf("%v, %v: TCG works everywhere", works, err)
	}
	works, err = probe(context.Background(), qemu, "nonesuch", "Nehalem")
	if err != nil || works {
		t.Errorf("%v, %v", works, err)
	}
}

func TestFindingIsKept(t *testing.T) {
	f := finding{path: filepath.Join(t.TempDir(), "a", "accelerator.json"), key: "boot1 qemu"}
	if _, ok := f.load(); ok {
		t.Error("found before it was kept")
	}
	f.save(acceleratorKVM)
	if got, ok := f.load(); !ok || got != acceleratorKVM {
		t.Errorf("%q, %v", got, ok)
	}
	f.key = "boot2 qemu"
	if _, ok := f.load(); ok {
		t.Error("kept beyond the reboot")
	}
}
