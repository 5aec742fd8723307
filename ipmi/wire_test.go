package ipmi_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
)

// faults spoils the packets between a client and a BMC. Its functions may be nil.
type faults struct {
	// sent sees each packet on its way to the BMC; false loses it.
	sent func(packet []byte) bool
	// heard sees each answer and returns what arrives instead, in order.
	heard func(packet []byte) [][]byte
}

func (f *faults) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &faultyConn{Conn: conn, faults: f}, nil
}

type faultyConn struct {
	net.Conn
	faults *faults
	queue  [][]byte
}

func (c *faultyConn) Write(packet []byte) (int, error) {
	if c.faults.sent != nil && !c.faults.sent(packet) {
		return len(packet), nil
	}
	return c.Conn.Write(packet)
}

func (c *faultyConn) Read(buffer []byte) (int, error) {
	for len(c.queue) == 0 {
		n, err := c.Conn.Read(buffer)
		if err != nil {
			return n, err
		}
		packet := bytes.Clone(buffer[:n])
		c.queue = [][]byte{packet}
		if c.faults.heard != nil {
			c.queue = c.faults.heard(packet)
		}
	}
	n := copy(buffer, c.queue[0])
	c.queue = c.queue[1:]
	return n, nil
}

// kind is the payload type of a packet. In-session commands are encrypted, and have the kind 0.
func kind(packet []byte) byte { return packet[5] & 0x3f }

// nth counts the packets of a kind and says whether this is one of those named, from 1.
func nth(which byte, named ...int) func([]byte) bool {
	seen := 0
	return func(packet []byte) bool {
		if kind(packet) != which {
			return false
		}
		seen++
		for _, n := range named {
			if n == seen {
				return true
			}
		}
		return false
	}
}

func (l *lab) through(f *faults) *ipmi.BMC {
	target := l.target
	target.Dial = f.dial
	target.Timeout = 300 * time.Millisecond
	return l.pool.Get(target)
}

func TestLostPackets(t *testing.T) {
	for name, f := range map[string]*faults{
		"open session": {sent: func() func([]byte) bool { n := nth(0x10, 1); return func(p []byte) bool { return !n(p) } }()},
		"RAKP 2":       {heard: drop(nth(0x13, 1))},
		"RAKP 4":       {heard: drop(nth(0x15, 1, 2))},
		"commands":     {heard: drop(nth(0x00, 1, 3, 4))},
		"a session":    {heard: drop(nth(0x00, 2, 3, 4))},
	} {
		t.Run(name, func(t *testing.T) {
			l := startBMC(t)
			if state, err := l.through(f).Power(deadline(t, 20*time.Second)); err != nil || state != ipmi.Off {
				t.Errorf("%q, %v", state, err)
			}
		})
	}
}

func drop(which func([]byte) bool) func([]byte) [][]byte {
	return func(packet []byte) [][]byte {
		if which(packet) {
			return nil
		}
		return [][]byte{packet}
	}
}

func TestSpoiledPackets(t *testing.T) {
	flip := func(packet []byte, at int) []byte {
		spoiled := bytes.Clone(packet)
		spoiled[at%len(spoiled)] ^= 0x10
		return spoiled
	}
	for name, heard := range map[string]func([]byte) [][]byte{
		"twice":            func(p []byte) [][]byte { return [][]byte{p, p} },
		"noise before":     func(p []byte) [][]byte { return [][]byte{nil, {6}, []byte("hello, this is not IPMI at all"), p} },
		"cut short before": func(p []byte) [][]byte { return [][]byte{p[:len(p)-1], p[:17], p} },
		"bits flipped before": func(p []byte) [][]byte {
			if kind(p) != 0 {
				return [][]byte{p}
			}
			var all [][]byte
			for at := range p[4:] {
				all = append(all, flip(p, at+4))
			}
			return append(all, p)
		},
		"not encrypted before": func(p []byte) [][]byte {
			plain := bytes.Clone(p)
			plain[5] &= 0x3f
			return [][]byte{plain, p}
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := startBMC(t)
			c, ctx := l.through(&faults{heard: heard}), deadline(t, 20*time.Second)
			if err := c.PowerOn(ctx); err != nil {
				t.Error(err)
			}
			if err := c.SetBoot(ctx, ipmi.Boot{Device: ipmi.DevicePXE}); err != nil {
				t.Error(err)
			}
			if got := l.Counts(); got.On != 1 {
				t.Errorf("counts %+v", got)
			}
		})
	}
}

// In these two, the commands of a session are: 1 privilege, 2 status, 3 the verb, then more looks.

func TestVerbWithoutAnswer(t *testing.T) {
	l := startBMC(t)
	if err := l.through(&faults{heard: drop(nth(0x00, 3))}).PowerOn(deadline(t, 20*time.Second)); err != nil {
		t.Errorf("the machine is on, that is what counts: %v", err)
	}
	err := l.through(&faults{heard: drop(nth(0x00, 3))}).Reset(deadline(t, 20*time.Second))
	var state *ipmi.StateError
	if !errors.As(err, &state) || !strings.Contains(err.Error(), "not known") {
		t.Errorf("got %v", err)
	}
	if got := l.Counts(); got.On != 1 || got.Reset != 1 {
		t.Errorf("a verb was sent again: %+v", got)
	}
}

func TestVerbThatNeverArrives(t *testing.T) {
	lost := func() *faults {
		third := nth(0x00, 3)
		return &faults{sent: func(p []byte) bool { return !third(p) }}
	}
	l := startBMC(t)
	// To switch on once more does no harm.
	if err := l.through(lost()).PowerOn(deadline(t, 20*time.Second)); err != nil {
		t.Error(err)
	}
	// To press the button once more may.
	err := l.through(lost()).PowerSoft(deadline(t, 900*time.Millisecond))
	if got := l.Counts(); got.On != 1 || got.Soft != 0 {
		t.Errorf("%+v", got)
	}
	var state *ipmi.StateError
	if !errors.As(err, &state) || state.Saw != "on" || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if !strings.Contains(err.Error(), "no answer") {
		t.Errorf("the error does not tell that the verb got no answer: %v", err)
	}
}

// statusServer answers each open-session request with a status, in the 2-byte form that some BMCs use.
func statusServer(t *testing.T, status byte) (address string, asked func() int) {
	t.Helper()
	conn := listen(t)
	var mu sync.Mutex
	count := 0
	go func() {
		buffer := make([]byte, 512)
		for {
			n, from, err := conn.ReadFrom(buffer)
			if err != nil {
				return
			}
			if n < 17 || kind(buffer) != 0x10 {
				continue
			}
			mu.Lock()
			count++
			mu.Unlock()
			reply := append([]byte{6, 0, 0xff, 7, 6, 0x11}, make([]byte, 10)...)
			binary.LittleEndian.PutUint16(reply[14:], 2)
			if _, err := conn.WriteTo(append(reply, buffer[16], status), from); err != nil {
				return
			}
		}
	}()
	return conn.LocalAddr().String(), func() int { mu.Lock(); defer mu.Unlock(); return count }
}

func TestNoFreeSession(t *testing.T) {
	address, asked := statusServer(t, 0x01)
	_, err := ipmi.NewPool().Get(ipmi.Target{Address: address, Username: user, Password: password}).Power(deadline(t, 1200*time.Millisecond))
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if n := asked(); n != 2 {
		t.Errorf("asked %d times in 1.2 s, want 2: at once and after a pause", n)
	}
}

func TestNoCommonSuite(t *testing.T) {
	address, asked := statusServer(t, 0x11)
	_, err := ipmi.NewPool().Get(ipmi.Target{Address: address, Username: user, Password: password}).Power(deadline(t, 10*time.Second))
	var suite *ipmi.SuiteError
	if !errors.As(err, &suite) || len(suite.Tried) != 2 {
		t.Errorf("got %v", err)
	}
	if n := asked(); n != 2 {
		t.Errorf("asked %d times, want once a suite", n)
	}
}

func TestUnauthorizedRoleIsRemembered(t *testing.T) {
	address, asked := statusServer(t, 0x09)
	c := ipmi.NewPool().Get(ipmi.Target{Address: address, Username: user, Password: password})
	for remembered := range 2 {
		_, err := c.Power(deadline(t, 10*time.Second))
		var auth *ipmi.AuthError
		if !errors.As(err, &auth) || auth.Remembered != (remembered == 1) {
			t.Errorf("got %v", err)
		}
	}
	if n := asked(); n != 1 {
		t.Errorf("asked %d times, want once", n)
	}
}
