package ipmi_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
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

// lab is a BMC on loopback in front of a machine in memory.
type lab struct {
	*bmc.BMC
	chassis *machine.Memory
	target  ipmi.Target
	pool    *ipmi.Pool
}

func startBMC(t *testing.T, suites ...int) *lab {
	t.Helper()
	chassis := &machine.Memory{}
	controller, err := bmc.New(bmc.Config{Name: t.Name(), Username: user, Password: password, CipherSuites: suites}, chassis)
	if err != nil {
		t.Fatal(err)
	}
	conn := listen(t)
	ctx, stop := context.WithCancel(context.Background())
	var served sync.WaitGroup
	served.Go(func() {
		if err := controller.Serve(ctx, conn); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { stop(); served.Wait() })
	return &lab{
		BMC: controller, chassis: chassis, pool: ipmi.NewPool(),
		target: ipmi.Target{Name: "node1", Address: conn.LocalAddr().String(), Username: user, Password: password, CipherSuites: suites, PollInterval: time.Millisecond},
	}
}

func listen(t *testing.T) net.PacketConn {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func (l *lab) client() *ipmi.BMC { return l.pool.Get(l.target) }

func deadline(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

func TestVerbs(t *testing.T) {
	for _, suites := range [][]int{{17}, {3}, nil} {
		t.Run(fmt.Sprint(suites), func(t *testing.T) {
			l := startBMC(t, suites...)
			c, ctx := l.client(), deadline(t, 20*time.Second)
			state := func(want ipmi.PowerState) {
				t.Helper()
				if got, err := c.Power(ctx); err != nil || got != want {
					t.Fatalf("power: %q, %v; want %q", got, err, want)
				}
			}
			do := func(what string, verb func(context.Context) error) {
				t.Helper()
				if err := verb(ctx); err != nil {
					t.Fatalf("%s: %v", what, err)
				}
			}
			state(ipmi.Off)
			do("off when off", c.PowerOff)
			do("soft when off", c.PowerSoft)
			do("on", c.PowerOn)
			state(ipmi.On)
			do("on when on", c.PowerOn)
			do("cycle", c.PowerCycle)
			state(ipmi.On)
			do("reset", c.Reset)
			do("soft", c.PowerSoft)
			state(ipmi.Off)
			do("cycle when off", c.PowerCycle)
			state(ipmi.On)
			do("off", c.PowerOff)
			state(ipmi.Off)
			do("reset when off", c.Reset)
			state(ipmi.On)

			got := l.Counts()
			if got.On != 3 || got.Off != 1 || got.Soft != 1 || got.Cycle != 1 || got.Reset != 1 {
				t.Errorf("each verb must be sent once, and only where it is needed: %+v", got)
			}
			if n := l.OpenSessions(); n != 0 {
				t.Errorf("%d sessions were left open", n)
			}
			if n := len(l.chassis.Boots()); n != 5 {
				t.Errorf("the machine booted %d times, want 5", n)
			}
		})
	}
}

func TestBoot(t *testing.T) {
	l := startBMC(t)
	c, ctx := l.client(), deadline(t, 20*time.Second)
	for _, device := range []string{ipmi.DevicePXE, ipmi.DeviceDisk} {
		for _, efi := range []bool{false, true} {
			for _, persistent := range []bool{false, true} {
				want := ipmi.Boot{Device: device, EFI: efi, Persistent: persistent}
				if err := c.SetBoot(ctx, want); err != nil {
					t.Fatalf("set %+v: %v", want, err)
				}
				want.Valid = true
				got, err := c.Boot(ctx)
				if want.Flags = got.Flags; err != nil || got != want {
					t.Fatalf("read %+v, %v; want %+v", got, err, want)
				}
				if got := l.chassis.Boot(); got != (machine.Boot{Device: device, EFI: efi, Persistent: persistent}) {
					t.Fatalf("the machine got %+v for %+v", got, want)
				}
			}
		}
	}
	if err := c.SetBoot(ctx, ipmi.Boot{Device: ipmi.DeviceNone}); err != nil {
		t.Fatal(err)
	}
	if got, err := c.Boot(ctx); err != nil || got != (ipmi.Boot{Device: ipmi.DeviceNone}) {
		t.Fatalf("read %+v, %v; want none", got, err)
	}
	if err := c.SetBoot(ctx, ipmi.Boot{Device: "floppy"}); err == nil || !strings.Contains(err.Error(), `"floppy"`) {
		t.Errorf("an unknown device: %v", err)
	}
}

func TestBootOnceIsUsedUp(t *testing.T) {
	l := startBMC(t)
	c, ctx := l.client(), deadline(t, 20*time.Second)
	if err := c.SetBoot(ctx, ipmi.Boot{Device: ipmi.DevicePXE, EFI: true}); err != nil {
		t.Fatal(err)
	}
	if err := c.PowerOn(ctx); err != nil {
		t.Fatal(err)
	}
	got, err := c.Boot(ctx)
	if err != nil || got.Valid {
		t.Errorf("after the boot: %+v, %v; want it not valid", got, err)
	}
	if boots := l.chassis.Boots(); len(boots) != 1 || boots[0] != (machine.Boot{Device: machine.DevicePXE, EFI: true}) {
		t.Errorf("booted with %+v", boots)
	}
}

func TestInfo(t *testing.T) {
	info, err := startBMC(t).client().Info(deadline(t, 10*time.Second))
	if err != nil || info.IPMIVersion != "2.0" || info.Firmware != "1.00" {
		t.Errorf("%+v, %v", info, err)
	}
}

func TestWrongPasswordIsTriedOnce(t *testing.T) {
	l := startBMC(t)
	good, ctx := l.client(), deadline(t, 20*time.Second)
	l.target.Password = "wrong-secret"
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() {
			_, err := l.client().Power(ctx)
			var auth *ipmi.AuthError
			if !errors.As(err, &auth) {
				t.Errorf("want an AuthError, got %v", err)
				return
			}
			if strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), `"admin"`) {
				t.Errorf("message: %v", err)
			}
		})
	}
	callers.Wait()
	if n := l.Counts().Logins; n != 1 {
		t.Errorf("the BMC saw %d log-ins, want 1", n)
	}
	// Another account on the same BMC is not held back by it.
	if _, err := good.Power(ctx); err != nil {
		t.Error(err)
	}
	if c := l.Counts(); c.Logins != 2 || c.Sessions != 1 {
		t.Errorf("counts %+v", c)
	}
}

func TestUnknownUserIsRefused(t *testing.T) {
	l := startBMC(t)
	l.target.Username = "nobody"
	_, err := l.client().Power(deadline(t, 10*time.Second))
	var auth *ipmi.AuthError
	if !errors.As(err, &auth) || auth.Remembered {
		t.Errorf("want a fresh AuthError, got %v", err)
	}
}

// An operator may not change the controller, and that is remembered; all else stays open to him.
func TestOperator(t *testing.T) {
	l := startBMC(t)
	admin, ctx := l.client(), deadline(t, 20*time.Second)
	const slot, secret = 3, "operator's secret"
	for _, err := range []error{
		admin.SetUserName(ctx, slot, "oper"), admin.SetUserPassword(ctx, slot, secret, 20),
		admin.SetUserAccess(ctx, 0, slot, ipmi.Access{Privilege: ipmi.PrivilegeOperator, Messaging: true}), admin.EnableUser(ctx, slot, true),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if same, err := admin.TestUserPassword(ctx, slot, "something else", 20); err != nil || same {
		t.Errorf("another password: %v, %v", same, err)
	}
	l.target.Username, l.target.Password = "oper", secret
	for again := range 2 {
		err := l.client().SetUserName(ctx, slot, "boss")
		var auth *ipmi.AuthError
		if !errors.As(err, &auth) || auth.Remembered != (again == 1) {
			t.Errorf("got %v", err)
		}
		if err := l.client().PowerOn(ctx); err != nil {
			t.Error(err)
		}
	}
}

func TestSilentBMCKeepsTheDeadline(t *testing.T) {
	conn := listen(t) // nobody reads it
	c := ipmi.NewPool().Get(ipmi.Target{Address: conn.LocalAddr().String(), Username: user, Password: password})
	began := time.Now()
	_, err := c.Power(deadline(t, 300*time.Millisecond))
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("took %s", took)
	}
	var silent *ipmi.UnreachableError
	if !errors.As(err, &silent) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("want an UnreachableError of the deadline, got %v", err)
	}
}

func TestSilentBMCWithoutDeadline(t *testing.T) {
	conn := listen(t)
	c := ipmi.NewPool().Get(ipmi.Target{Address: conn.LocalAddr().String(), Username: user, Password: password, Timeout: 50 * time.Millisecond})
	_, err := c.Power(context.Background())
	var silent *ipmi.UnreachableError
	if !errors.As(err, &silent) || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestCancelFreesTheLine(t *testing.T) {
	conn := listen(t)
	pool := ipmi.NewPool()
	target := ipmi.Target{Address: conn.LocalAddr().String(), Username: user, Password: password}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { _, err := pool.Get(target).Power(ctx); done <- err }()
	// The first packet shows that the call is on its way.
	if _, _, err := conn.ReadFrom(make([]byte, 512)); err != nil {
		t.Fatal(err)
	}
	waiting := deadline(t, 50*time.Millisecond)
	if _, err := pool.Get(target).Power(waiting); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "waiting behind other callers") {
		t.Errorf("the second caller: %v", err)
	}
	cancel()
	select {
	case err := <-done:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("the first caller: %v", err)
		}
	case <-time.After(2 * time.Second):
		t.Fatal("the call outlived its context")
	}
}

func TestRefusedPortFailsAtOnce(t *testing.T) {
	conn := listen(t)
	address := conn.LocalAddr().String()
	_ = conn.Close()
	c := ipmi.NewPool().Get(ipmi.Target{Address: address, Username: user, Password: password})
	_, err := c.Power(deadline(t, 10*time.Second))
	var silent *ipmi.UnreachableError
	if !errors.As(err, &silent) || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("got %v", err)
	}
}

func TestSuites(t *testing.T) {
	l := startBMC(t, 3)
	l.target.CipherSuites = []int{17}
	_, err := l.client().Power(deadline(t, 10*time.Second))
	var suite *ipmi.SuiteError
	if !errors.As(err, &suite) {
		t.Errorf("want a SuiteError, got %v", err)
	}
	l.target.CipherSuites = nil
	if _, err := l.client().Power(deadline(t, 10*time.Second)); err != nil {
		t.Errorf("17, then 3: %v", err)
	}
}

func TestSoftPowerOffThatIsIgnored(t *testing.T) {
	l := startBMC(t)
	l.chassis.IgnoreSoft()
	c := l.client()
	if err := c.PowerOn(deadline(t, 10*time.Second)); err != nil {
		t.Fatal(err)
	}
	err := c.PowerSoft(deadline(t, 300*time.Millisecond))
	var state *ipmi.StateError
	if !errors.As(err, &state) || state.Saw != "on" || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if n := l.Counts().Soft; n != 1 {
		t.Errorf("sent %d times, want once", n)
	}
}

func TestFailingVerb(t *testing.T) {
	l := startBMC(t)
	l.chassis.FailWith(func(string) error { return errors.New("the power supply is on fire") })
	err := l.client().PowerOn(deadline(t, 10*time.Second))
	var code *ipmi.CommandError
	if !errors.As(err, &code) || code.Code != 0xff {
		t.Errorf("got %v", err)
	}
}

func TestTargetValidate(t *testing.T) {
	for name, tc := range map[string]struct {
		target ipmi.Target
		want   string
	}{
		"good":          {ipmi.Target{Address: "10.0.0.1"}, ""},
		"port":          {ipmi.Target{Address: "10.0.0.1:6230"}, ""},
		"v6":            {ipmi.Target{Address: "[::1]:623"}, ""},
		"bare v6":       {ipmi.Target{Address: "fe80::1"}, ""},
		"v6, no port":   {ipmi.Target{Address: "[::1]"}, ""},
		"no address":    {ipmi.Target{}, "names no host"},
		"bad port":      {ipmi.Target{Address: "bmc1:ipmi"}, "want a number"},
		"big port":      {ipmi.Target{Address: "bmc1:70000"}, "want a number"},
		"suite 0":       {ipmi.Target{Address: "b", CipherSuites: []int{0}}, "accepts any password"},
		"suite 8":       {ipmi.Target{Address: "b", CipherSuites: []int{17, 8}}, "suite 8 is not supported"},
		"long name":     {ipmi.Target{Address: "b", Username: strings.Repeat("u", 17)}, "17 bytes"},
		"long password": {ipmi.Target{Address: "b", Password: strings.Repeat("p", 21)}, "21 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			err := tc.target.Validate()
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
			if _, callErr := ipmi.NewPool().Get(tc.target).Power(ended()); err != nil && (callErr == nil || callErr.Error() != err.Error()) {
				t.Errorf("a call says %v, Validate says %v", callErr, err)
			}
		})
	}
}

func ended() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

func TestNoSecretInLogsAndErrors(t *testing.T) {
	l := startBMC(t)
	var log bytes.Buffer
	l.target.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	ctx := deadline(t, 10*time.Second)
	if err := l.client().PowerOn(ctx); err != nil {
		t.Fatal(err)
	}
	l.target.Password = "wrong-secret"
	if _, err := l.client().Power(ctx); err == nil {
		t.Fatal("was let in")
	}
	for _, want := range []string{`verb="power on"`, "node1", "refused"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %q:\n%s", want, &log)
		}
	}
	for _, secret := range []string{password, "wrong-secret"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log shows %q", secret)
		}
	}
}

func TestBootFlagsOfAVendor(t *testing.T) {
	l := startBMC(t)
	ctx := deadline(t, 10*time.Second)
	if err := l.client().SetBoot(ctx, ipmi.Boot{Device: ipmi.DevicePXE, Flags: [2]byte{0xe0, 0x24}}); err != nil {
		t.Fatal(err)
	}
	got, err := l.client().Boot(ctx)
	if err != nil || got != (ipmi.Boot{Device: ipmi.DeviceOther, EFI: true, Persistent: true, Valid: true, Flags: [2]byte{0xe0, 0x24}}) {
		t.Errorf("%+v, %v", got, err)
	}
	if got = got.Once(); got.Persistent || got.Flags != [2]byte{0xa0, 0x24} {
		t.Errorf("for once: %+v", got)
	}
	if err := l.client().SetBoot(ctx, ipmi.Boot{Device: ipmi.DeviceNone, Flags: [2]byte{0xe0, 0x24}}); err != nil {
		t.Fatal(err)
	}
	if got, err := l.client().Boot(ctx); err != nil || got.Valid {
		t.Errorf("removed: %+v, %v", got, err)
	}
}
