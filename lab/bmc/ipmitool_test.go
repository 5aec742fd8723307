package bmc_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/lab/bmc"
	"github.com/cthulix/terraform-provider-cthulix/lab/machine"
)

// ipmitool runs the real one against a controller. Its absence is a failure, for a skipped check checks nothing.
func ipmitool(t *testing.T, address net.Addr, suite string, args ...string) (string, error) {
	t.Helper()
	path, err := exec.LookPath("ipmitool")
	if err != nil {
		t.Fatal("this test needs ipmitool: apt-get install --no-install-recommends ipmitool")
	}
	host, port, err := net.SplitHostPort(address.String())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	// -N and -R keep its own retries short.
	all := append([]string{"-I", "lanplus", "-H", host, "-p", port, "-U", "admin", "-E", "-C", suite, "-N", "5", "-R", "1"}, args...)
	cmd := exec.CommandContext(ctx, path, all...)
	cmd.Env = append(cmd.Environ(), "IPMI_PASSWORD="+password)
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := cmd.Run(); err != nil {
		return out.String(), errors.Join(err, errors.New(complaints.String()))
	}
	return out.String(), nil
}

const password = "labpassword"

func start(t *testing.T, cfg bmc.Config) (*bmc.BMC, *machine.Memory, net.Addr) {
	t.Helper()
	chassis := &machine.Memory{}
	cfg.Name, cfg.Username, cfg.Password = "node1", "admin", password
	b, err := bmc.New(cfg, chassis)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var served sync.WaitGroup
	served.Go(func() {
		if err := b.Serve(ctx, conn); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { stop(); served.Wait() })
	return b, chassis, conn.LocalAddr()
}

func TestIpmitool(t *testing.T) {
	for _, suite := range []string{"3", "17"} {
		t.Run("suite "+suite, func(t *testing.T) {
			b, chassis, address := start(t, bmc.Config{})
			for _, step := range []struct {
				args string
				want string // in the output; "!" before it: the command must fail
				then func() bool
			}{
				{"mc info", "IPMI Version              : 2.0", nil},
				{"mc guid", "System GUID", nil},
				{"chassis status", "System Power         : off", nil},
				{"chassis power status", "Chassis Power is off", nil},
				{"chassis power off", "!Command not supported in present state", nil},
				{"chassis power cycle", "!Command not supported in present state", nil},
				{"chassis bootdev pxe options=efiboot,persistent", "Set Boot Device to pxe", func() bool {
					return chassis.Boot() == machine.Boot{Device: machine.DevicePXE, EFI: true, Persistent: true}
				}},
				{"chassis bootparam get 5", "Boot Device Selector : Force PXE", nil},
				{"chassis bootparam get 5", "BIOS EFI boot", nil},
				{"chassis bootparam get 5", "Options apply to all future boots", nil},
				{"chassis power on", "Chassis Power Control: Up/On", chassis.Powered},
				{"chassis status", "System Power         : on", nil},
				{"chassis power cycle", "Chassis Power Control: Cycle", chassis.Powered},
				{"chassis power reset", "Chassis Power Control: Reset", chassis.Powered},
				{"chassis bootdev disk", "Set Boot Device to disk", func() bool {
					return chassis.Boot() == machine.Boot{Device: machine.DeviceDisk}
				}},
				{"chassis bootparam get 5", "Boot Flag Valid", nil},
				{"chassis power reset", "Reset", func() bool { return chassis.Boot().Device == machine.DeviceNone }},
				{"chassis bootparam get 5", "Boot Flag Invalid", nil},
				{"chassis bootdev none", "Set Boot Device to none", nil},
				{"chassis power soft", "Chassis Power Control: Soft", func() bool { return !chassis.Powered() }},
				{"chassis restart_cause", "chassis power control", nil},
				{"raw 0x00 0x08 0x03 0x08", "", nil},
				{"raw 0x00 0x09 0x03 0x00 0x00", "01 03 08", nil},
				{"raw 0x00 0x08 0x40 0x01", "!rsp=0x80", nil},
			} {
				out, err := ipmitool(t, address, suite, strings.Fields(step.args)...)
				want, fails := strings.CutPrefix(step.want, "!")
				if fails {
					if err == nil || !strings.Contains(err.Error(), want) {
						t.Errorf("%s: %q, %v; want a failure with %q", step.args, out, err, want)
					}
					continue
				}
				if err != nil || !strings.Contains(out, want) {
					t.Errorf("%s: %v\n%s\nwant %q", step.args, err, out, want)
				}
				if step.then != nil && !step.then() {
					t.Errorf("%s: had no effect on the machine (%+v)", step.args, chassis.Boot())
				}
			}
			if got := b.Counts(); got.On != 1 || got.Off != 1 || got.Cycle != 2 || got.Reset != 2 || got.Soft != 1 {
				t.Errorf("counts: %+v", got)
			}
			if n := b.OpenSessions(); n != 0 {
				t.Errorf("%d sessions are still open", n)
			}
		})
	}
}

func TestIpmitoolWrongPassword(t *testing.T) {
	_, _, address := start(t, bmc.Config{})
	if out, err := ipmitool(t, address, "3", "-P", "wrong", "chassis", "status"); err == nil {
		t.Errorf("was let in: %s", out)
	}
	// Cipher suite 0 asks for no password at all.
	if out, err := ipmitool(t, address, "0", "chassis", "status"); err == nil {
		t.Errorf("suite 0 was accepted: %s", out)
	}
	if out, err := ipmitool(t, address, "3", "-I", "lan", "chassis", "status"); err == nil {
		t.Errorf("IPMI 1.5 was accepted: %s", out)
	}
}
