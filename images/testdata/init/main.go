// The init of the images that the tests boot. It does the least that agentd
// has to do, and says on the console how far it came.
package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"

	"golang.org/x/sys/unix"
)

func main() {
	if err := run(); err != nil {
		fmt.Println("TEST-INIT FAILED:", err)
	} else {
		fmt.Println("TEST-INIT READY")
	}
	unix.Sync()
	_ = unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
}

func run() error {
	for _, m := range [][2]string{{"proc", "/proc"}, {"sysfs", "/sys"}, {"devtmpfs", "/dev"}} {
		if err := unix.Mount(m[0], m[1], m[0], 0, ""); err != nil {
			return fmt.Errorf("mount %s: %w", m[1], err)
		}
	}
	list, err := os.ReadFile("/etc/cthulix/modules")
	if err != nil {
		return err
	}
	for path := range strings.FieldsSeq(string(list)) {
		if err := load(path); err != nil {
			return fmt.Errorf("load %s: %w", path, err)
		}
	}
	if _, err := os.Stat("/sys/module/dm_crypt"); err == nil {
		fmt.Println("TEST-INIT dm_crypt loaded")
	}
	cmdline, err := os.ReadFile("/proc/cmdline")
	if err != nil {
		return err
	}
	fmt.Printf("TEST-INIT CMDLINE %s", cmdline)
	nic, err := net.InterfaceByName("eth0")
	if err != nil {
		return err
	}
	if out, err := exec.Command("/sbin/ip", "link", "set", "eth0", "up").CombinedOutput(); err != nil {
		return fmt.Errorf("ip link set eth0 up: %w: %s", err, out)
	}
	driver, err := os.Readlink("/sys/class/net/eth0/device/driver")
	if err != nil {
		return err
	}
	fmt.Println("TEST-INIT NIC", nic.HardwareAddr, driver[strings.LastIndexByte(driver, '/')+1:])
	// A pipeline takes the shell, three tools, and the places they are looked for.
	out, err := exec.Command("/bin/sh", "-c", "uname -r; ls -l /dev/console | cut -c1-10; printf 'b\\na\\n' | sort | awk '{printf \"%s\", $1}'; printf +; cat /etc/motd 2>/dev/null; true").CombinedOutput()
	if err != nil {
		return fmt.Errorf("sh: %w: %s", err, out)
	}
	fmt.Printf("TEST-INIT SHELL %s\n", strings.ReplaceAll(string(out), "\n", " "))
	return nil
}

func load(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	err = unix.FinitModule(int(f.Fd()), "", 0)
	if errors.Is(err, unix.ENODEV) {
		return nil // its hardware is not there
	}
	return err
}
