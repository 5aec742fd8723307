package bmc_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
	"github.com/cthulix/terraform-provider-cthulix/lab/bmc"
	"github.com/cthulix/terraform-provider-cthulix/lab/machine"
)

// TestWholeWay goes from an IPMI client to the firmware of a QEMU machine: the boot device and mode that the
// client sets decide which firmware asks the network for an address.
func TestWholeWay(t *testing.T) {
	dir, err := os.MkdirTemp("", "cxb") // short, for the sockets in it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	wire, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(dir, "sw"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = wire.Close() })
	m, err := machine.New(machine.Config{
		Name: "node1", MAC: "52:54:00:c7:00:02", MemoryMiB: 256, RunDir: dir,
		LocalSocket: filepath.Join(dir, "vm"), RemoteSocket: filepath.Join(dir, "sw"), Accelerator: "tcg",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	var served sync.WaitGroup
	served.Go(func() {
		if err := bmc.Serve(ctx, conn, bmc.Config{Name: "node1", Username: "admin", Password: password}, m); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { cancel(); served.Wait() })

	node := ipmi.NewPool().Get(ipmi.Target{Name: "node1", Address: conn.LocalAddr().String(), Username: "admin", Password: password})
	// What the firmware says on its serial port is heard, over both power-ons.
	console, err := node.Console(ctx)
	if err != nil {
		t.Fatal(err)
	}
	said := ipmi.NewTail(64 << 10)
	var listening sync.WaitGroup
	listening.Go(func() { _, _ = io.Copy(said, console) })
	for _, boot := range []struct {
		efi  bool
		arch byte // DHCP's option 93
	}{{true, 7}, {false, 0}} {
		if err := node.SetBoot(ctx, ipmi.Boot{Device: ipmi.DevicePXE, EFI: boot.efi}); err != nil {
			t.Fatal(err)
		}
		// The first time this is a power-on, the second time a change of firmware.
		if err := node.PowerCycle(ctx); err != nil {
			t.Fatal(err)
		}
		waitDHCP(t, wire, boot.arch)
	}
	if err := console.Close(); err != nil {
		t.Error(err)
	}
	listening.Wait()
	if text := string(said.Bytes()); !strings.Contains(text, "PXE") || !strings.Contains(text, "SeaBIOS") {
		t.Errorf("the console said %q", text)
	}
	if got, err := node.Boot(ctx); err != nil || got.Valid {
		t.Errorf("the setting for one boot is %+v after two (%v)", got, err)
	}
	if err := node.PowerOff(ctx); err != nil {
		t.Fatal(err)
	}
	if m.Powered() {
		t.Error("QEMU still runs")
	}
}

func waitDHCP(t *testing.T, wire *net.UnixConn, arch byte) {
	t.Helper()
	if err := wire.SetReadDeadline(time.Now().Add(2 * time.Minute)); err != nil {
		t.Fatal(err)
	}
	for frame := make([]byte, 2048); ; {
		n, err := wire.Read(frame)
		if err != nil {
			t.Fatalf("no DHCP request of architecture %d: %v", arch, err)
		}
		if bytes.Contains(frame[:n], []byte{93, 2, 0, arch}) {
			return
		}
	}
}
