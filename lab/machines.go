package lab

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"sync"

	"github.com/cthulix/terraform-provider-cthulix/lab/bmc"
	"github.com/cthulix/terraform-provider-cthulix/lab/machine"
	"github.com/cthulix/terraform-provider-cthulix/lab/wire"
)

type node struct {
	Machine
	qemu   *machine.QEMU
	bmc    *bmc.BMC
	mu     sync.Mutex
	starts int
}

func (l *Lab) startMachines(ctx context.Context) (string, error) {
	accel, err := machine.Accelerator(ctx)
	if err != nil {
		return "", err
	}
	for i, m := range l.cfg.Machines {
		socket := func(end string) string { return filepath.Join(l.run, fmt.Sprintf("%d.%s", i, end)) }
		vm, sw := socket("vm"), socket("sw")
		ep, err := wire.ListenUnixgram(sw, vm)
		if err != nil {
			return "", err
		}
		if err := l.wire.Attach(m.Port, ep); err != nil {
			return "", fmt.Errorf("%s: %w", m.Port, err)
		}
		q, err := machine.New(machine.Config{
			Name: m.Name, MAC: m.MAC, MemoryMiB: l.cfg.MemoryMiB, RunDir: l.path("machines"),
			LocalSocket: vm, RemoteSocket: sw, BMCSocket: socket("bmc"), Disk: m.Disk, Accelerator: accel,
			Logger: l.cfg.Logger.With("machine", m.Name),
		})
		if err != nil {
			return "", err
		}
		b, err := bmc.New(bmc.Config{
			Name: m.Name, Username: l.secrets.BMCUser, Password: l.secrets.BMCPassword,
			Logger: l.cfg.Logger.With("bmc", m.Name),
		}, q)
		if err != nil {
			return "", err
		}
		n := &node{Machine: m, qemu: q, bmc: b}
		l.nodes = append(l.nodes, n)
		l.onClose(func() { q.Close() })
		events := q.Events(ctx)
		l.serve(m.Name, func() error { n.count(events); return nil })
		within, err := net.Listen("unix", socket("bmc"))
		if err != nil {
			return "", err
		}
		l.serve("system interface of "+m.Name, func() error { return b.ServeSystem(ctx, within) })
		conn, err := net.ListenPacket("udp", l.bmcAddress(m.Name))
		if err != nil {
			return "", err
		}
		l.serve("BMC of "+m.Name, func() error { return b.Serve(ctx, conn) })
	}
	return fmt.Sprintf("%d machines of %d MiB, off, accelerator %s", len(l.nodes), l.cfg.MemoryMiB, accel), nil
}

func (n *node) count(events <-chan machine.Event) {
	for e := range events {
		if e.Kind == machine.EventOn || e.Kind == machine.EventReset {
			n.mu.Lock()
			n.starts++
			n.mu.Unlock()
		}
	}
}

func (l *Lab) bmcAddress(name string) string {
	return fmt.Sprintf("127.0.0.1:%d", l.ports.BMC[name])
}
