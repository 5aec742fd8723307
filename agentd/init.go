package agentd

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Mount flags as Linux numbers them, so that this list reads on any system.
const (
	noSuid = 2
	noDev  = 4
	noExec = 8
)

// initMounts is what has to be there before anything else works. The order
// matters: what is mounted inside another comes after it.
var initMounts = []Mount{
	{Source: "proc", Target: "/proc", Type: "proc", Flags: noSuid | noDev | noExec},
	{Source: "sysfs", Target: "/sys", Type: "sysfs", Flags: noSuid | noDev | noExec},
	{Source: "devtmpfs", Target: "/dev", Type: "devtmpfs", Flags: noSuid, Data: "mode=0755"},
	{Source: "devpts", Target: "/dev/pts", Type: "devpts", Flags: noSuid | noExec, Data: "gid=5,mode=0620,ptmxmode=0666"},
	{Source: "tmpfs", Target: "/dev/shm", Type: "tmpfs", Flags: noSuid | noDev, Data: "mode=1777"},
	{Source: "tmpfs", Target: "/run", Type: "tmpfs", Flags: noSuid | noDev, Data: "mode=0755,size=80%"},
	{Source: "cgroup2", Target: "/sys/fs/cgroup", Type: "cgroup2", Flags: noSuid | noDev | noExec},
}

// stateDir holds all that the agent keeps. It is in RAM and ends with the boot.
const stateDir = "/run/cthulix"

// path puts the root before a path of the host.
func (a *agent) path(p string) string { return filepath.Join(a.cfg.Root, p) }

// start makes a host out of a Linux that has just started us. One mount that
// fails is told and does not stop the others: the opserver is to hear of it.
func (a *agent) start() []error {
	var errs []error
	for _, m := range initMounts {
		m.Target = a.path(m.Target)
		if err := a.os.Mount(m); err != nil {
			errs = append(errs, err)
		}
	}
	if err := a.os.OpenConsole(); err != nil {
		errs = append(errs, err)
	}
	// Other users' tasks may look for their programs below it, not into it.
	if err := os.MkdirAll(a.path(stateDir), 0o711); err != nil {
		errs = append(errs, err)
	}
	if err := a.os.LinkUp("lo"); err != nil {
		errs = append(errs, err)
	}
	return errs
}

// readLine returns the first line of one of Linux's one-line files.
func (a *agent) readLine(path string) (string, error) {
	b, err := os.ReadFile(a.path(path))
	if err != nil {
		return "", err
	}
	line, _, _ := strings.Cut(string(b), "\n")
	return strings.TrimSpace(line), nil
}

// memoryMiB reads how much memory Linux has to give.
func (a *agent) memoryMiB() int {
	b, err := os.ReadFile(a.path("/proc/meminfo"))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		var kib int
		if n, _ := fmt.Sscanf(line, "MemTotal: %d kB", &kib); n == 1 {
			return kib >> 10
		}
	}
	return 0
}
