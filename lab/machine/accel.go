package machine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"time"
)

// The accelerators that a machine can run on.
const (
	acceleratorTCG = "tcg"
	acceleratorKVM = "kvm"
)

// probeDeadline is how long the probe guest may take; under a KVM that works it needs a third of a second.
const probeDeadline = 10 * time.Second

var accelerator struct {
	sync.Mutex
	found string
}

// Accelerator says which of QEMU's accelerators runs guests on this computer: "kvm" or "tcg", which works
// everywhere. That /dev/kvm opens says nothing: there are computers where it does and guests hang. So KVM is used
// only where the processor has virtualisation and a guest was seen to run to its end. The finding is kept for the
// process and, until the next reboot, on disk. CTHULIX_ACCEL overrides it.
func Accelerator(ctx context.Context) (string, error) {
	switch forced := os.Getenv("CTHULIX_ACCEL"); forced {
	case "":
	case acceleratorTCG, acceleratorKVM:
		return forced, nil
	default:
		return "", fmt.Errorf("CTHULIX_ACCEL is %q: want %s or %s", forced, acceleratorTCG, acceleratorKVM)
	}
	accelerator.Lock()
	defer accelerator.Unlock()
	if accelerator.found != "" {
		return accelerator.found, nil
	}
	if !mayHaveKVM() {
		accelerator.found = acceleratorTCG
		return accelerator.found, nil
	}
	qemu, err := findQEMU()
	if err != nil {
		return "", err
	}
	kept := findingFor(qemu)
	if found, ok := kept.load(); ok {
		accelerator.found = found
		return found, nil
	}
	works, err := probeKVM(ctx, qemu)
	if err != nil {
		return "", err
	}
	accelerator.found = acceleratorTCG
	if works {
		accelerator.found = acceleratorKVM
	}
	kept.save(accelerator.found)
	return accelerator.found, nil
}

// mayHaveKVM rules out the computers where a probe is a waste of time.
func mayHaveKVM() bool {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		return false
	}
	cpu, err := os.ReadFile("/proc/cpuinfo")
	if err != nil || !hasVirtualisation(cpu) {
		return false
	}
	device, err := os.OpenFile("/dev/kvm", os.O_RDWR, 0)
	if err != nil {
		return false
	}
	return device.Close() == nil
}

// hasVirtualisation looks for Intel's and AMD's flag.
func hasVirtualisation(cpuinfo []byte) bool {
	for line := range bytes.Lines(cpuinfo) {
		name, flags, ok := bytes.Cut(line, []byte(":"))
		if !ok || string(bytes.TrimSpace(name)) != "flags" {
			continue
		}
		for flag := range bytes.FieldsSeq(flags) {
			if string(flag) == "vmx" || string(flag) == "svm" {
				return true
			}
		}
	}
	return false
}

// probeExit is what QEMU exits with when the probe guest reached its end: the guest writes probeWord to the debug
// port, and QEMU makes 2×word+1 of it.
const (
	probeWord = 0x2a
	probeExit = 2*probeWord + 1
)

// probeGuest is a boot sector that sleeps until five timer interrupts have come and then ends QEMU.
func probeGuest() []byte {
	code := []byte{
		0xfb,             // sti
		0xb9, 0x05, 0x00, // mov cx, 5
		0xf4,       // hlt
		0xe2, 0xfd, // loop back to the hlt
		0xb0, probeWord, // mov al, word
		0xe6, 0xf4, // out 0xf4, al
		0xeb, 0xfe, // stay here
	}
	disk := make([]byte, 1<<20) // SeaBIOS takes a disk of one sector for a floppy that it cannot read
	copy(disk, code)
	disk[510], disk[511] = 0x55, 0xaa
	return disk
}

// probeKVM boots the probe guest with the processor that real guests would get.
func probeKVM(ctx context.Context, qemu string) (works bool, err error) {
	return probe(ctx, qemu, acceleratorKVM, "host")
}

func probe(ctx context.Context, qemu, accel, cpu string) (works bool, err error) {
	dir, err := os.MkdirTemp("", "cthulix-probe-")
	if err != nil {
		return false, fmt.Errorf("probe the accelerator %s: %w", accel, err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	disk := filepath.Join(dir, "probe.img")
	if err := os.WriteFile(disk, probeGuest(), 0o600); err != nil {
		return false, fmt.Errorf("probe the accelerator %s: %w", accel, err)
	}
	limited, cancel := context.WithTimeout(ctx, probeDeadline)
	defer cancel()
	cmd := exec.CommandContext(limited, qemu, "-nodefaults", "-no-user-config",
		"-accel", accel, "-cpu", cpu, "-machine", "q35,graphics=off", "-display", "none", "-m", "64", "-no-reboot",
		"-drive", "if=none,id=probe,format=raw,readonly=on,file="+quote(disk), "-device", "virtio-blk-pci,drive=probe,bootindex=1",
		"-device", "isa-debug-exit,iobase=0xf4,iosize=1")
	err = cmd.Run()
	if ctx.Err() != nil {
		return false, fmt.Errorf("probe the accelerator %s: %w", accel, ctx.Err())
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return false, fmt.Errorf("probe the accelerator %s: start %s: %w", accel, qemu, err)
	}
	return cmd.ProcessState.ExitCode() == probeExit, nil
}

// finding is where the result of a probe is kept, and what it holds for.
type finding struct {
	path string
	key  string // this boot of this computer, this QEMU
}

func findingFor(qemu string) finding {
	cache, err := os.UserCacheDir()
	boot, bootErr := os.ReadFile("/proc/sys/kernel/random/boot_id")
	info, statErr := os.Stat(qemu)
	if err != nil || bootErr != nil || statErr != nil {
		return finding{}
	}
	return finding{
		path: filepath.Join(cache, "cthulix", "accelerator.json"),
		key:  fmt.Sprintf("%s %s %d", bytes.TrimSpace(boot), qemu, info.ModTime().UnixNano()),
	}
}

type keptFinding struct{ Key, Accelerator string }

func (f finding) load() (string, bool) {
	if f.path == "" {
		return "", false
	}
	raw, err := os.ReadFile(f.path)
	if err != nil {
		return "", false
	}
	var kept keptFinding
	if json.Unmarshal(raw, &kept) != nil || kept.Key != f.key {
		return "", false
	}
	return kept.Accelerator, kept.Accelerator == acceleratorKVM || kept.Accelerator == acceleratorTCG
}

// save keeps a finding. Where it cannot, the next process probes again.
func (f finding) save(found string) {
	if f.path == "" || os.MkdirAll(filepath.Dir(f.path), 0o755) != nil {
		return
	}
	raw, err := json.Marshal(keptFinding{Key: f.key, Accelerator: found})
	if err != nil {
		return
	}
	aside := fmt.Sprintf("%s.%d", f.path, os.Getpid())
	if os.WriteFile(aside, raw, 0o644) == nil {
		_ = os.Rename(aside, f.path)
	}
}
