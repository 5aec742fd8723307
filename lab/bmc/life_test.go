package bmc_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
	"github.com/cthulix/terraform-provider-cthulix/lab/bmc"
	"github.com/cthulix/terraform-provider-cthulix/lab/machine"
)

// serial is a machine whose console can be talked to; the test is at the other end.
type serial struct {
	machine.Memory
	mu    sync.Mutex
	other net.Conn
}

func (s *serial) OpenSerial(context.Context) (io.ReadWriteCloser, error) {
	here, there := net.Pipe()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.other = here
	return there, nil
}

func (s *serial) wire() net.Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.other
}

func serve(t *testing.T, chassis machine.Chassis) (*bmc.BMC, *ipmi.BMC) {
	t.Helper()
	b, node, _ := serveAt(t, chassis)
	return b, node
}

func serveAt(t *testing.T, chassis machine.Chassis) (*bmc.BMC, *ipmi.BMC, net.Addr) {
	t.Helper()
	b, err := bmc.New(bmc.Config{Name: "node1", Username: "admin", Password: password}, chassis)
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
	return b, ipmi.NewPool().Get(ipmi.Target{
		Name: "node1", Address: conn.LocalAddr().String(), Username: "admin", Password: password, PollInterval: time.Millisecond,
	}), conn.LocalAddr()
}

func minute(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func TestConsole(t *testing.T) {
	chassis := &serial{}
	b, node := serve(t, chassis)
	ctx := minute(t)
	console, err := node.Console(ctx)
	if err != nil {
		t.Fatal(err)
	}
	wire := chassis.wire()
	// More than fits into a packet, so that sequence numbers go round.
	var said strings.Builder
	for i := range 500 {
		fmt.Fprintf(&said, "[%4d] a line of a booting machine\n", i)
	}
	var talking sync.WaitGroup
	talking.Go(func() {
		if _, err := io.WriteString(wire, said.String()); err != nil {
			t.Error(err)
		}
	})
	heard := make([]byte, said.Len())
	if _, err := io.ReadFull(console, heard); err != nil {
		t.Fatal(err)
	}
	talking.Wait()
	if string(heard) != said.String() {
		t.Error("what was heard is not what was said")
	}

	// What is typed arrives, and the other verbs work meanwhile.
	typed := strings.Repeat("typed ", 100) + "\n"
	talking.Go(func() {
		line, err := bufio.NewReader(wire).ReadString('\n')
		if err != nil || line != typed {
			t.Errorf("the machine got %q, %v", line, err)
		}
	})
	if _, err := io.WriteString(console, typed); err != nil {
		t.Fatal(err)
	}
	talking.Wait()
	if err := node.PowerOn(ctx); err != nil {
		t.Error(err)
	}

	// There is one console a machine.
	var inUse *ipmi.CommandError
	if _, err := node.Console(ctx); !errors.As(err, &inUse) || inUse.Code != 0x80 || !strings.Contains(err.Error(), "in use") {
		t.Errorf("a second console: %v", err)
	}
	if err := node.ReleaseConsole(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := console.Read(heard); !errors.Is(err, ipmi.ErrConsoleTaken) {
		t.Errorf("a console that was taken: %v", err)
	}
	if err := console.Close(); err != nil {
		t.Error(err)
	}
	if n := b.OpenSessions(); n != 0 {
		t.Errorf("%d sessions are open", n)
	}
}

func TestConsoleEndsWithItsContext(t *testing.T) {
	_, node := serve(t, &serial{})
	ctx, cancel := context.WithCancel(minute(t))
	console, err := node.Console(ctx)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := console.Read(make([]byte, 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("read: %v", err)
	}
	if _, err := console.Write([]byte("x")); !errors.Is(err, context.Canceled) {
		t.Errorf("write: %v", err)
	}
	if err := console.Close(); err != nil {
		t.Error(err)
	}
	if again, err := node.Console(minute(t)); err != nil {
		t.Errorf("the console was not given back: %v", err)
	} else if err := again.Close(); err != nil {
		t.Error(err)
	}
}

func TestConsoleTail(t *testing.T) {
	chassis := &serial{}
	_, node := serve(t, chassis)
	var talking sync.WaitGroup
	ctx, cancel := context.WithCancel(minute(t))
	talking.Go(func() {
		for chassis.wire() == nil {
			select {
			case <-ctx.Done():
				return
			case <-time.After(time.Millisecond):
			}
		}
		_, _ = io.WriteString(chassis.wire(), strings.Repeat("noise\n", 1000)+"PANIC: no root\n")
	})
	got, err := node.ConsoleTail(ctx, 2*time.Second, 20)
	cancel()
	talking.Wait()
	if err != nil || string(got) != "oise\nPANIC: no root\n" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestNoConsole(t *testing.T) {
	_, node := serve(t, &machine.Memory{})
	var refused *ipmi.CommandError
	if _, err := node.Console(minute(t)); !errors.As(err, &refused) || refused.Code != 0x81 {
		t.Errorf("got %v", err)
	}
}

func TestWatchdogResetsTheMachine(t *testing.T) {
	chassis := &machine.Memory{}
	_, node := serve(t, chassis)
	ctx := minute(t)
	var never *ipmi.CommandError
	if err := node.ResetWatchdog(ctx); !errors.As(err, &never) || never.Code != 0x80 {
		t.Errorf("one that was never set: %v", err)
	}
	for _, err := range []error{
		node.PowerOn(ctx), node.SetWatchdog(ctx, ipmi.WatchdogReset, 200*time.Millisecond), node.ResetWatchdog(ctx),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for {
		w, err := node.Watchdog(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if !w.Running {
			if len(w.Expired) != 1 || w.Expired[0] != "SMS/OS" {
				t.Errorf("%+v", w)
			}
			break
		}
	}
	// The flag is set before the machine is reset.
	for len(chassis.Boots()) != 2 && ctx.Err() == nil {
		select {
		case <-ctx.Done():
			t.Fatalf("booted %d times", len(chassis.Boots()))
		case <-time.After(time.Millisecond):
		}
	}
	if err := node.SetWatchdog(ctx, ipmi.WatchdogCycle, time.Hour); err != nil {
		t.Error(err)
	}
	for _, err := range []error{node.ResetWatchdog(ctx), node.StopWatchdog(ctx)} {
		if err != nil {
			t.Error(err)
		}
	}
	if w, err := node.Watchdog(ctx); err != nil || w.Running {
		t.Errorf("%+v, %v", w, err)
	}
}

func TestEventLogIsFollowed(t *testing.T) {
	b, node := serve(t, &machine.Memory{})
	ctx, cancel := context.WithCancel(minute(t))
	defer cancel()
	if err := node.PowerOn(ctx); err != nil { // an old event, which is not shown
		t.Fatal(err)
	}
	before := b.Counts().Sessions
	var doing sync.WaitGroup
	doing.Go(func() {
		for b.Counts().Sessions == before { // the first look finds out where the log ends
			select {
			case <-ctx.Done():
				return
			case <-time.After(time.Millisecond):
			}
		}
		if err := node.PowerOff(ctx); err != nil {
			t.Error(err)
		}
	})
	var got []string
	for e, err := range node.FollowSEL(ctx, 20*time.Millisecond) {
		if err != nil {
			t.Error(err)
			break
		}
		got = append(got, e.Text)
		if len(got) == 1 {
			// The log is cleared, and what comes after it is new.
			for _, err := range []error{node.ClearSEL(ctx), node.PowerOn(ctx)} {
				if err != nil {
					t.Error(err)
				}
			}
			continue
		}
		cancel()
	}
	doing.Wait()
	if len(got) != 2 || !strings.Contains(got[0], "S5") || !strings.Contains(got[1], "S0") {
		t.Errorf("%q", got)
	}
}
