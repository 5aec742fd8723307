// Package bmcs runs the verbs of package ipmi against three makes of BMCs: the lab's, OpenIPMI's simulator, and one
// that fails on purpose.
package bmcs

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
	"github.com/cthulix/terraform-provider-cthulix/lab/bmc"
	"github.com/cthulix/terraform-provider-cthulix/lab/machine"
)

const (
	user     = "admin"
	password = "labpassword"
)

// verb is one thing to do and the proof that it was done.
type verb struct {
	name string
	do   func(ctx context.Context, node *ipmi.BMC) error
}

// verbs are in an order in which each can follow the one before it.
var verbs = []verb{
	{"info", func(ctx context.Context, node *ipmi.BMC) error {
		info, err := node.Info(ctx)
		return expect(err, "IPMI version", info.IPMIVersion, "2.0")
	}},
	{"off when off", func(ctx context.Context, node *ipmi.BMC) error {
		return errors.Join(node.PowerOff(ctx), power(ctx, node, ipmi.Off))
	}},
	{"cycle when off", func(ctx context.Context, node *ipmi.BMC) error {
		return errors.Join(node.PowerCycle(ctx), power(ctx, node, ipmi.On))
	}},
	{"off", func(ctx context.Context, node *ipmi.BMC) error {
		return errors.Join(node.PowerOff(ctx), power(ctx, node, ipmi.Off))
	}},
	{"on", func(ctx context.Context, node *ipmi.BMC) error {
		return errors.Join(node.PowerOn(ctx), power(ctx, node, ipmi.On))
	}},
	{"cycle", func(ctx context.Context, node *ipmi.BMC) error {
		return errors.Join(node.PowerCycle(ctx), power(ctx, node, ipmi.On))
	}},
	{"reset", func(ctx context.Context, node *ipmi.BMC) error {
		return errors.Join(node.Reset(ctx), power(ctx, node, ipmi.On))
	}},
	{"boot", func(ctx context.Context, node *ipmi.BMC) error {
		want := ipmi.Boot{Device: ipmi.DevicePXE, EFI: true, Persistent: true}
		if err := node.SetBoot(ctx, want); err != nil {
			return err
		}
		got, err := node.Boot(ctx)
		want.Valid, want.Flags = true, [2]byte{0xe0, 0x04}
		return expect(err, "boot", got, want)
	}},
	{"sensors", func(ctx context.Context, node *ipmi.BMC) error {
		sensors, err := node.Sensors(ctx)
		for _, s := range sensors {
			if s.Value != nil && s.Unit == "degrees C" && s.State == ipmi.SensorOK && s.Thresholds.UpperCritical != nil && *s.Value < *s.Thresholds.UpperCritical {
				return nil
			}
		}
		return errors.Join(err, fmt.Errorf("no sensor with a sane temperature in %+v", sensors))
	}},
	{"inventory", func(ctx context.Context, node *ipmi.BMC) error {
		all, err := node.Inventory(ctx)
		if err != nil || len(all) == 0 || all[0].Product == nil {
			return errors.Join(err, fmt.Errorf("no product in %+v", all))
		}
		return expect(nil, "serial", all[0].Product.Serial, "node1")
	}},
	{"event log", func(ctx context.Context, node *ipmi.BMC) error {
		if err := node.ClearSEL(ctx); err != nil {
			return err
		}
		events, err := node.SEL(ctx)
		if err := expect(err, "events after clearing", len(events), 0); err != nil {
			return err
		}
		info, err := node.SELInfo(ctx)
		return expect(err, "entries", info.Entries, 0)
	}},
	{"users", func(ctx context.Context, node *ipmi.BMC) error {
		const slot, name, secret = 5, "newcomer", "a password of 20 byt"
		access := ipmi.Access{Privilege: ipmi.PrivilegeOperator, Messaging: true}
		err := errors.Join(node.SetUserName(ctx, slot, name), node.SetUserPassword(ctx, slot, secret[:16], 16),
			node.SetUserAccess(ctx, 1, slot, access), node.EnableUser(ctx, slot, true))
		if err != nil {
			return err
		}
		users, err := node.Users(ctx, 1)
		if err != nil || len(users) < slot {
			return errors.Join(err, fmt.Errorf("users %+v", users))
		}
		got := users[slot-1]
		return errors.Join(expect(nil, "name", got.Name, name), expect(nil, "access", got.Access, access))
	}},
	{"LAN", func(ctx context.Context, node *ipmi.BMC) error {
		lan, err := node.LAN(ctx, 1)
		return expect(err, "source", lan.Source, ipmi.SourceStatic)
	}},
	{"set LAN", func(ctx context.Context, node *ipmi.BMC) error {
		vlan := 7
		if err := node.SetLAN(ctx, 1, ipmi.LANChange{VLAN: &vlan}); err != nil {
			return err
		}
		lan, err := node.LAN(ctx, 1)
		return expect(err, "VLAN", lan.VLAN, vlan)
	}},
	{"restore policy", func(ctx context.Context, node *ipmi.BMC) error {
		if err := node.SetRestorePolicy(ctx, ipmi.RestorePrevious); err != nil {
			return err
		}
		got, err := node.RestorePolicy(ctx)
		return expect(err, "policy", got, ipmi.RestorePrevious)
	}},
	{"identify", func(ctx context.Context, node *ipmi.BMC) error {
		return errors.Join(node.Identify(ctx, 30*time.Second), node.Identify(ctx, 0))
	}},
	{"watchdog", func(ctx context.Context, node *ipmi.BMC) error {
		if err := errors.Join(node.SetWatchdog(ctx, ipmi.WatchdogReset, time.Minute), node.ResetWatchdog(ctx)); err != nil {
			return err
		}
		w, err := node.Watchdog(ctx)
		if err := expect(err, "running", w.Running, true); err != nil {
			return err
		}
		return node.StopWatchdog(ctx)
	}},
	{"GUID", func(ctx context.Context, node *ipmi.BMC) error {
		guid, err := node.GUID(ctx)
		if guid == [16]byte{} {
			err = errors.Join(err, errors.New("the GUID is zero"))
		}
		return err
	}},
	{"soft off", func(ctx context.Context, node *ipmi.BMC) error {
		return errors.Join(node.PowerSoft(ctx), power(ctx, node, ipmi.Off))
	}},
}

func expect[T comparable](err error, what string, got, want T) error {
	if err != nil || got == want {
		return err
	}
	return fmt.Errorf("%s: got %v, want %v", what, got, want)
}

func power(ctx context.Context, node *ipmi.BMC, want ipmi.PowerState) error {
	got, err := node.Power(ctx)
	return expect(err, "power", got, want)
}

// run does all verbs. lacks are those that the BMC does not know, or does not keep: they have to say so.
func run(t *testing.T, node *ipmi.BMC, lacks map[string]bool) {
	t.Helper()
	for _, v := range verbs {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		err := v.do(ctx, node)
		cancel()
		var refused *ipmi.CommandError
		var state *ipmi.StateError
		switch {
		case lacks[v.name] && !errors.As(err, &refused) && !errors.As(err, &state):
			t.Errorf("%s: %v, want a refusal", v.name, err)
		case !lacks[v.name] && err != nil:
			t.Errorf("%s: %v", v.name, err)
		}
	}
}

// lab is one of the lab's BMCs in front of a machine in memory.
type lab struct {
	*bmc.BMC
	chassis *machine.Memory
	target  ipmi.Target
}

// start serves a controller on a connection of its own, which wrap may spoil.
func start(t *testing.T, cfg bmc.Config, wrap func(net.PacketConn) net.PacketConn) *lab {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return startOn(t, cfg, conn, wrap)
}

func startOn(t *testing.T, cfg bmc.Config, conn net.PacketConn, wrap func(net.PacketConn) net.PacketConn) *lab {
	t.Helper()
	cfg.Name, cfg.Username, cfg.Password = "node1", user, password
	chassis := &machine.Memory{}
	controller, err := bmc.New(cfg, chassis)
	if err != nil {
		t.Fatal(err)
	}
	if wrap != nil {
		conn = wrap(conn)
	}
	ctx, stop := context.WithCancel(context.Background())
	var served sync.WaitGroup
	served.Go(func() {
		if err := controller.Serve(ctx, conn); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { stop(); served.Wait() })
	return &lab{BMC: controller, chassis: chassis, target: ipmi.Target{
		Name: "node1", Address: conn.LocalAddr().String(), Username: user, Password: password, PollInterval: time.Millisecond,
	}}
}

func TestLab(t *testing.T) {
	for _, suite := range []int{3, 17} {
		t.Run(fmt.Sprintf("suite %d", suite), func(t *testing.T) {
			l := start(t, bmc.Config{CipherSuites: []int{suite}}, nil)
			run(t, ipmi.NewPool().Get(l.target), nil)
			if n := l.OpenSessions(); n != 0 {
				t.Errorf("%d sessions were left open", n)
			}
			if c := l.Counts(); c.Logins != c.Sessions {
				t.Errorf("log-ins that came to nothing: %+v", c)
			}
		})
	}
}
