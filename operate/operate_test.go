package operate_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/operate"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// button is a machine that does what it is told, and notes it.
type button struct {
	on    bool
	deaf  bool  // its operating system does not listen
	fail  error // of each verb but Power
	verbs []string
	boot  ipmi.Boot
}

func (b *button) does(verb string, on bool) error {
	b.verbs = append(b.verbs, verb)
	if b.fail == nil {
		b.on = on
	}
	return b.fail
}

func (b *button) Power(context.Context) (ipmi.PowerState, error) {
	if b.on {
		return ipmi.On, nil
	}
	return ipmi.Off, nil
}
func (b *button) PowerOn(context.Context) error    { return b.does("on", true) }
func (b *button) PowerOff(context.Context) error   { return b.does("off", false) }
func (b *button) PowerCycle(context.Context) error { return b.does("cycle", true) }
func (b *button) Reset(context.Context) error      { return b.does("reset", true) }
func (b *button) PowerSoft(ctx context.Context) error {
	if b.deaf {
		b.verbs = append(b.verbs, "soft")
		<-ctx.Done()
		return ctx.Err()
	}
	return b.does("soft", false)
}

func (b *button) Identify(context.Context, time.Duration) error {
	b.verbs = append(b.verbs, "identify")
	return b.fail
}

func (b *button) SetBoot(_ context.Context, boot ipmi.Boot) error {
	b.verbs, b.boot = append(b.verbs, "boot"), boot
	return b.fail
}

// told collects what is told.
type told []string

func (t *told) tell(s operate.Step) { *t = append(*t, s.Stage+": "+s.Detail) }

func (t told) has(part string) bool { return strings.Contains(strings.Join(t, "\n"), part) }

func TestPower(t *testing.T) {
	ctx := context.Background()
	for name, tc := range map[string]struct {
		button button
		do     func(operate.Host) error
		verbs  string
		says   string
	}{
		"on":         {button{}, func(h operate.Host) error { return h.PowerOn(ctx) }, "on", "power on: it is on"},
		"on already": {button{on: true}, func(h operate.Host) error { return h.PowerOn(ctx) }, "", "it is on already"},
		"soft":       {button{on: true}, func(h operate.Host) error { return h.PowerOff(ctx, operate.Off{Grace: time.Minute}) }, "soft", "it has shut down"},
		"forced": {button{on: true, deaf: true}, func(h operate.Host) error { return h.PowerOff(ctx, operate.Off{Grace: time.Millisecond}) },
			"soft off", "it did not shut down: context deadline exceeded"},
		"hard":        {button{on: true}, func(h operate.Host) error { return h.PowerOff(ctx, operate.Off{Hard: true}) }, "off", "cutting the power"},
		"off already": {button{}, func(h operate.Host) error { return h.PowerOff(ctx, operate.Off{}) }, "", "it is off already"},
		"cycle":       {button{on: true}, func(h operate.Host) error { return h.PowerCycle(ctx) }, "cycle", "it is on"},
		"reset":       {button{on: true}, func(h operate.Host) error { return h.Reset(ctx) }, "reset", "it was restarted"},
		"identify":    {button{}, func(h operate.Host) error { return h.Identify(ctx, time.Minute) }, "identify", "the light is on for 1m0s"},
		"dark":        {button{}, func(h operate.Host) error { return h.Identify(ctx, 0) }, "identify", "the light is off"},
	} {
		t.Run(name, func(t *testing.T) {
			var said told
			b := tc.button
			if err := tc.do(operate.Host{Name: "node1", BMC: &b, Tell: said.tell}); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(b.verbs, " "); got != tc.verbs {
				t.Errorf("it was sent %q, want %q", got, tc.verbs)
			}
			if !said.has(tc.says) {
				t.Errorf("nobody was told %q:\n%s", tc.says, strings.Join(said, "\n"))
			}
		})
	}
}

// A soft shutdown that must not be forced gives up with its context.
func TestPowerOffWithoutForce(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	b := button{on: true, deaf: true}
	err := (operate.Host{Name: "node1", BMC: &b}).PowerOff(ctx, operate.Off{Grace: -1})
	if !errors.Is(err, context.DeadlineExceeded) || !b.on {
		t.Errorf("%v, on: %v", err, b.on)
	}
}

// A wait is told again after a while.
func TestHeartbeat(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	waits := 0
	h := operate.Host{Name: "node1", BMC: &button{on: true, deaf: true}, Every: time.Millisecond, Tell: func(s operate.Step) {
		if strings.Contains(s.Detail, "waiting for the operating system") {
			if waits++; waits == 3 {
				cancel()
			}
		}
	}}
	if err := h.PowerOff(ctx, operate.Off{Grace: -1}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// records is one host's records; its machine registers as soon as it is reset.
type records struct {
	host     ophub.Host
	released bool
	boot     ophub.Boot
	agent    *ophub.Agent
	done     []string
}

func (r *records) Host(_ context.Context, name string) (ophub.Host, error) {
	if name != r.host.Name {
		return ophub.Host{}, ophub.ErrNotFound
	}
	return r.host, nil
}

func (r *records) ReleaseHost(context.Context, string) (bool, error) {
	r.done = append(r.done, "release")
	return r.released, nil
}

func (r *records) ResetBoot(_ context.Context, _, reason string) error {
	r.done = append(r.done, "reset: "+reason)
	return nil
}

func (r *records) AppendBoot(_ context.Context, _ string, e ophub.Event) error {
	r.done = append(r.done, string(e.Stage))
	return nil
}

func (r *records) WatchHost(ctx context.Context, _ string) <-chan ophub.View {
	views := make(chan ophub.View, 1)
	views <- ophub.View{Host: &r.host, Boot: r.boot, Agent: r.agent, At: time.Now()}
	context.AfterFunc(ctx, func() { close(views) })
	return views
}

func TestReprovision(t *testing.T) {
	image := keg.Sum([]byte("image"))
	for name, tc := range map[string]struct {
		button button
		verbs  string
	}{
		"running": {button{on: true}, "boot reset"},
		"off":     {button{}, "boot on"},
	} {
		t.Run(name, func(t *testing.T) {
			var said told
			b := tc.button
			r := &records{released: true, host: ophub.Host{Name: "node1", Image: image, Firmware: ophub.FirmwareUEFI}}
			r.agent = &ophub.Agent{Host: "node1", Image: image, BootID: "new"}
			agent, err := (operate.Host{Name: "node1", BMC: &b, Records: r, Tell: said.tell}).Reprovision(context.Background(), "by hand")
			if err != nil || agent.BootID != "new" {
				t.Fatal(agent, err)
			}
			if got := strings.Join(b.verbs, " "); got != tc.verbs || b.boot != (ipmi.Boot{Device: ipmi.DevicePXE, EFI: true, Persistent: true}) {
				t.Errorf("it was sent %q with %+v", got, b.boot)
			}
			if got := strings.Join(r.done, ", "); got != "release, reset: by hand, power" {
				t.Errorf("the records were told %q", got)
			}
			if !said.has("it was in quarantine") || !said.has("it is ready") {
				t.Errorf("told:\n%s", strings.Join(said, "\n"))
			}
		})
	}
}

// A machine that cannot be restarted leaves no boot that somebody might wait for.
func TestReprovisionFails(t *testing.T) {
	r := &records{host: ophub.Host{Name: "node1", Image: keg.Sum([]byte("image"))}}
	b := failsToReset{button{on: true}}
	_, err := (operate.Host{Name: "node1", BMC: &b, Records: r}).Reprovision(context.Background(), "by hand")
	if err == nil || r.done[len(r.done)-1] != "reset: the last restart failed" {
		t.Errorf("%v, %q", err, r.done)
	}
}

// A record without an image leaves the machine alone.
func TestReprovisionOfNothing(t *testing.T) {
	r := &records{host: ophub.Host{Name: "node1"}}
	b := button{on: true}
	_, err := (operate.Host{Name: "node1", BMC: &b, Records: r}).Reprovision(context.Background(), "by hand")
	if err == nil || !strings.Contains(err.Error(), "names no image") || len(b.verbs)+len(r.done) > 0 {
		t.Errorf("%v, it was sent %q, the records were told %q", err, b.verbs, r.done)
	}
}

type failsToReset struct{ button }

func (f *failsToReset) Reset(context.Context) error { return errors.New("0xd5") }
