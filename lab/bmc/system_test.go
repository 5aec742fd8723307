package bmc_test

import (
	"context"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/bougou/go-ipmi/pkg/vmproto"

	"github.com/cthulix/terraform-provider-cthulix/agentd/inventory"
	"github.com/cthulix/terraform-provider-cthulix/lab/machine"
)

// TestSystemInterface asks as QEMU does for its guest: the machine sees the same
// controller as the network, in what it reads and in what it does.
func TestSystemInterface(t *testing.T) {
	chassis := &machine.Memory{}
	b, node, address := serveAt(t, chassis)
	listener, err := net.Listen("unix", filepath.Join(t.TempDir(), "bmc"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var served sync.WaitGroup
	served.Go(func() {
		if err := b.ServeSystem(ctx, listener); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { stop(); served.Wait() })
	// Each start of a machine is a connection of its own.
	for range 2 {
		conn, err := net.Dial("unix", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		guest := vmproto.NewClient(conn, 20*time.Second)
		ask := func(netFn, command byte, data ...byte) ([]byte, error) {
			code, answer, err := guest.Command(netFn, command, data...)
			return append([]byte{code}, answer...), err
		}
		lan, err := node.LAN(minute(t), 0)
		if err != nil {
			t.Fatal(err)
		}
		want, _, err := net.SplitHostPort(address.String())
		if got := inventory.AskBMC(ask); err != nil || got.Address != want || got.MAC != lan.MAC.String() || got.Missing != "" {
			t.Errorf("the machine sees %+v, the network %+v (%v)", got, lan, err)
		}
		if answer, err := ask(0x00, 0x02, 0x01); err != nil || answer[0] != 0 { // chassis control: power on (IPMI 2.0 §28.3)
			t.Errorf("% x, %v", answer, err)
		}
		if !chassis.Powered() {
			t.Error("it is not on")
		}
		conn.Close()
	}
}
