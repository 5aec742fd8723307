package bmc

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bougou/go-ipmi/pkg/clock"
	"github.com/bougou/go-ipmi/pkg/rmcpplus"
	"github.com/bougou/go-ipmi/pkg/types"

	"github.com/cthulix/terraform-provider-cthulix/lab/machine"
)

// testClock stands still until it is moved.
type testClock struct {
	clock.Clock
	mu  sync.Mutex
	now time.Time
}

func (c *testClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *testClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func TestConfig(t *testing.T) {
	good := Config{Name: "node1", Username: "admin", Password: "secret"}
	for want, change := range map[string]func(*Config){
		"":                     func(*Config) {},
		"want 1 to 16":         func(c *Config) { c.Username = strings.Repeat("u", 17) },
		"user name has 0":      func(c *Config) { c.Username = "" },
		"want 1 to 20":         func(c *Config) { c.Password = strings.Repeat("p", 21) },
		"password has 0 bytes": func(c *Config) { c.Password = "" },
		"cipher suite 0":       func(c *Config) { c.CipherSuites = []int{17, 0} },
	} {
		cfg := good
		change(&cfg)
		_, err := New(cfg, &machine.Memory{})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if _, err := New(good, nil); err == nil {
		t.Error("a controller of nothing")
	}
}

func TestBootFlagsExpire(t *testing.T) {
	for _, keep := range []bool{false, true} {
		clk, chassis := &testClock{now: time.Unix(1e9, 0)}, &machine.Memory{}
		o := newBootOptions(clk, chassis)
		if keep {
			if code := o.set(optValidClear, []byte{keepValid}); code != types.CodeOK {
				t.Fatal(code)
			}
		}
		if code := o.set(optFlags, []byte{0xe0, 0x04, 0, 0, 0}); code != types.CodeOK {
			t.Fatal(code)
		}
		valid := func() bool {
			answer, code := o.get(optFlags)
			return code == types.CodeOK && answer[2]&flagValid != 0
		}
		clk.advance(flagsExpiry - time.Millisecond)
		if !valid() {
			t.Errorf("keep %v: expired too early", keep)
		}
		clk.advance(time.Millisecond)
		if valid() != keep {
			t.Errorf("keep %v: after 60 s valid is %v", keep, valid())
		}
		if got := chassis.Boot().Device == machine.DevicePXE; got != keep {
			t.Errorf("keep %v: the machine would boot %+v", keep, chassis.Boot())
		}
	}
}

func TestVerbStopsTheExpiry(t *testing.T) {
	clk, chassis := &testClock{now: time.Unix(1e9, 0)}, &machine.Memory{}
	o := newBootOptions(clk, chassis)
	o.set(optFlags, []byte{0xc0, 0x08, 0, 0, 0})
	clk.advance(30 * time.Second)
	o.verb()
	clk.advance(time.Hour)
	if answer, _ := o.get(optFlags); answer[2]&flagValid == 0 {
		t.Error("expired although a power command came in time")
	}
	// One that comes too late finds nothing.
	o.set(optFlags, []byte{0xc0, 0x08, 0, 0, 0})
	clk.advance(time.Hour)
	o.verb()
	if got := chassis.Boot(); got.Device != machine.DeviceNone {
		t.Errorf("the machine would boot %+v", got)
	}
}

func TestBootOptionCodes(t *testing.T) {
	o := newBootOptions(clock.Real, &machine.Memory{})
	for _, tc := range []struct {
		selector byte
		data     []byte
		want     types.CompletionCode
	}{
		{optFlags, nil, types.CodeOK},
		{optFlags, []byte{0x80}, types.CodeRequestDataLengthInvalid},
		{optSetInProgress, []byte{1}, types.CodeOK},
		{optSetInProgress, []byte{1}, types.CodeParamConfigSetInProgressConflict},
		{optSetInProgress, []byte{0}, types.CodeOK},
		{99, []byte{1}, types.CodeParameterNotSupported},
	} {
		if got := o.set(tc.selector, tc.data); got != tc.want {
			t.Errorf("set %d to % x: 0x%02x, want 0x%02x", tc.selector, tc.data, uint8(got), uint8(tc.want))
		}
	}
	if _, code := o.get(99); code != types.CodeParameterNotSupported {
		t.Errorf("get 99: 0x%02x", uint8(code))
	}
}

func FuzzBootOptions(f *testing.F) {
	f.Add(byte(optFlags), []byte{0xe0, 0x04, 0, 0, 0})
	f.Add(byte(optValidClear), []byte{0x08})
	f.Add(byte(0x7f), []byte{})
	f.Fuzz(func(t *testing.T, selector byte, data []byte) {
		chassis := &machine.Memory{}
		o := newBootOptions(clock.Real, chassis)
		set := o.set(selector, data)
		answer, get := o.get(selector)
		if set == types.CodeOK && get != types.CodeOK {
			t.Errorf("could be set and not read: 0x%02x", uint8(get))
		}
		if get == types.CodeOK && len(answer) < 3 {
			t.Errorf("answer % x", answer)
		}
		o.verb()
		decodeFlags(data)
	})
}

func FuzzWellFormed(f *testing.F) {
	header := []byte{6, 0, 0xff, 7, 6, rakp1, 0, 0, 0, 0, 0, 0, 0, 0, 30, 0}
	f.Add(append(header, make([]byte, 30)...))
	f.Add([]byte{6, 0, 0xff, 7, 6, 0x12})
	f.Fuzz(func(t *testing.T, packet []byte) {
		kind := payloadType(packet)
		if wellFormed(packet) && kind == rakp1 {
			if err := new(rmcpplus.RAKPMessage1).Unpack(packet[payloadStart:]); err != nil {
				t.Error(err)
			}
		}
	})
}
