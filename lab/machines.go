package lab

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"sync"

	"github.com/cthulix/terraform-provider-cthulix/lab/bmc"
	"github.com/cthulix/terraform-provider-cthulix/lab/light"
	"github.com/cthulix/terraform-provider-cthulix/lab/machine"
	"github.com/cthulix/terraform-provider-cthulix/lab/wire"
)

// node is a machine that is plugged in.
type node struct {
	Machine
	chassis chassis
	starts  func() int // how often it was started
}

// chassis is what both kinds of machines are.
type chassis interface {
	machine.Chassis
	Close() error
}

func (l *Lab) startMachines(ctx context.Context) (string, error) {
	lights := 0
	for i, m := range l.cfg.Machines {
		plug := l.plugQEMU
		if m.Light {
			plug = l.plugLight
			lights++
		}
		n, err := plug(ctx, i, m)
		if err != nil {
			return "", err
		}
		l.nodes = append(l.nodes, n)
		l.onClose(func() { n.chassis.Close() })
		if err := l.serveBMC(ctx, i, n); err != nil {
			return "", err
		}
	}
	if lights == len(l.nodes) {
		return fmt.Sprintf("%d light machines, off", lights), nil
	}
	accel, err := machine.Accelerator(ctx)
	text := fmt.Sprintf("%d machines of %d MiB, off, accelerator %s", len(l.nodes)-lights, l.cfg.MemoryMiB, accel)
	if lights > 0 {
		text += fmt.Sprintf("; %d light ones", lights)
	}
	return text, err
}

// socket is a path for one end of something at the ith machine.
func (l *Lab) socket(i int, end string) string {
	return filepath.Join(l.run, fmt.Sprintf("%d.%s", i, end))
}

// plugQEMU makes a QEMU machine. Its cable is a pair of sockets.
func (l *Lab) plugQEMU(ctx context.Context, i int, m Machine) (*node, error) {
	accel, err := machine.Accelerator(ctx)
	if err != nil {
		return nil, err
	}
	vm, sw := l.socket(i, "vm"), l.socket(i, "sw")
	ep, err := wire.ListenUnixgram(sw, vm)
	if err != nil {
		return nil, err
	}
	if err := l.wire.Attach(m.Port, ep); err != nil {
		return nil, fmt.Errorf("%s: %w", m.Port, err)
	}
	q, err := machine.New(machine.Config{
		Name: m.Name, MAC: m.MAC, MemoryMiB: l.cfg.MemoryMiB, RunDir: l.path("machines"),
		LocalSocket: vm, RemoteSocket: sw, BMCSocket: l.socket(i, "bmc"), Disk: m.Disk, Accelerator: accel,
		Logger: l.cfg.Logger.With("machine", m.Name),
	})
	if err != nil {
		return nil, err
	}
	var count startCount
	events := q.Events(ctx)
	l.serve(m.Name, func() error { count.follow(events); return nil })
	return &node{Machine: m, chassis: q, starts: count.get}, nil
}

// plugLight makes a light machine. It plugs a cable in at each start.
func (l *Lab) plugLight(_ context.Context, _ int, m Machine) (*node, error) {
	mac, err := net.ParseMAC(m.MAC)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.Name, err)
	}
	lm, err := light.New(light.Config{
		Name: m.Name, MAC: mac, Logger: l.cfg.Logger,
		Plug: func() (wire.Endpoint, error) {
			if err := l.wire.Detach(m.Port); err != nil {
				return nil, err
			}
			switchEnd, ours := wire.Pipe()
			return ours, l.wire.Attach(m.Port, switchEnd)
		},
	})
	if err != nil {
		return nil, err
	}
	return &node{Machine: m, chassis: lm, starts: lm.Boots}, nil
}

// serveBMC puts a controller in front of a machine: for the network and, where
// QEMU has an interface for that, for the machine itself.
func (l *Lab) serveBMC(ctx context.Context, i int, n *node) error {
	b, err := bmc.New(bmc.Config{
		Name: n.Name, Username: l.secrets.BMCUser, Password: l.secrets.BMCPassword,
		Logger: l.cfg.Logger.With("bmc", n.Name),
	}, n.chassis)
	if err != nil {
		return err
	}
	if !n.Light {
		within, err := net.Listen("unix", l.socket(i, "bmc"))
		if err != nil {
			return err
		}
		l.serve("system interface of "+n.Name, func() error { return b.ServeSystem(ctx, within) })
	}
	conn, err := net.ListenPacket("udp", l.bmcAddress(n.Name))
	if err != nil {
		return err
	}
	l.serve("BMC of "+n.Name, func() error { return b.Serve(ctx, conn) })
	return nil
}

// startCount counts the starts of a QEMU machine.
type startCount struct {
	mu sync.Mutex
	n  int
}

func (c *startCount) follow(events <-chan machine.Event) {
	for e := range events {
		if e.Kind == machine.EventOn || e.Kind == machine.EventReset {
			c.mu.Lock()
			c.n++
			c.mu.Unlock()
		}
	}
}

func (c *startCount) get() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

// status is how a machine is now.
func (l *Lab) status(n *node) Status {
	s := Status{Machine: n.Machine, BMC: l.bmcAddress(n.Name), Powered: n.chassis.Powered(), Link: l.wire.LinkUp(n.Port), Starts: n.starts()}
	if q, ok := n.chassis.(*machine.QEMU); ok {
		s.PID, s.Console = q.PID(), q.SerialLog()
	}
	return s
}

func (l *Lab) bmcAddress(name string) string {
	return fmt.Sprintf("127.0.0.1:%d", l.ports.BMC[name])
}
