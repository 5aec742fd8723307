package bmcs

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
	"github.com/cthulix/terraform-provider-cthulix/lab/bmc"
	"github.com/cthulix/terraform-provider-cthulix/lab/machine"
)

// typed says whether an error is one that tells a program what happened.
func typed(err error) bool {
	var (
		auth    *ipmi.AuthError
		silent  *ipmi.UnreachableError
		refused *ipmi.CommandError
		state   *ipmi.StateError
		moved   *ipmi.MovedError
	)
	return errors.As(err, &auth) || errors.As(err, &silent) || errors.As(err, &refused) || errors.As(err, &state) || errors.As(err, &moved)
}

// TestUnreliable runs every verb over a wire that loses a tenth of all packets, and one whose answers are 1.5 s late, for
// which the defaults have to do. Each has to end in time, in the right state or in a typed error, and without a storm of
// log-ins.
func TestUnreliable(t *testing.T) {
	for _, tc := range []struct {
		name    string
		wire    *wire
		timeout time.Duration
		limit   time.Duration // of each verb
		failing int           // how many verbs may end in an error
		logins  int           // how many there may be for a verb
	}{
		// A verb has five operations at most; each logs in once, and again for what was lost.
		{"a tenth lost", &wire{loss: 0.1}, 200 * time.Millisecond, 20 * time.Second, 2, 25},
		{"1.5 s late", &wire{latency: 1500 * time.Millisecond}, 0, 10 * time.Minute, 0, 5},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := startInBubble(t, bmc.Config{}, func(conn net.PacketConn) net.PacketConn { tc.wire.PacketConn = conn; return tc.wire })
				l.target.Timeout = tc.timeout
				node := ipmi.NewPool().Get(l.target)
				failed := 0
				for _, v := range verbs {
					before := l.Counts().Logins
					ctx, cancel := context.WithTimeout(context.Background(), tc.limit)
					began := time.Now()
					err := v.do(ctx, node)
					cancel()
					if took := time.Since(began); took > tc.limit+time.Second {
						t.Errorf("%s: took %s, beyond its context", v.name, took)
					}
					if err != nil {
						failed++
						t.Logf("%s: %v", v.name, err)
						if !typed(err) {
							t.Errorf("%s: %T: %v", v.name, err, err)
						}
					}
					if n := l.Counts().Logins - before; n > tc.logins {
						t.Errorf("%s: %d log-ins", v.name, n)
					}
				}
				if failed > tc.failing {
					t.Errorf("%d verbs failed", failed)
				}
				// A verb is sent once, whatever gets lost.
				if c := l.Counts(); c.Cycle > 1 || c.Reset > 1 || c.Off > 1 || c.Soft > 1 || c.On > 2 {
					t.Errorf("verbs were sent again: %+v", c)
				}
			})
		})
	}
}

// TestLateIsNotLost: with the defaults, nothing is sent again to a controller that takes 1.5 s for each answer.
func TestLateIsNotLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := startInBubble(t, bmc.Config{}, func(conn net.PacketConn) net.PacketConn {
			return &wire{PacketConn: conn, latency: 1500 * time.Millisecond}
		})
		began := time.Now()
		if err := power(bounded(t), ipmi.NewPool().Get(l.target), ipmi.Off); err != nil {
			t.Error(err)
		}
		// Five answers, and a last second for the end of the session.
		if took := time.Since(began).Round(time.Millisecond); took != 5*1500*time.Millisecond+time.Second {
			t.Errorf("it took %s", took)
		}
		if c := l.Counts(); c.Logins != 1 || c.Commands != 3 {
			t.Errorf("%+v", c)
		}
	})
}

func TestNoFreeSession(t *testing.T) {
	for _, tc := range []struct {
		name string
		full int32 // how many requests are refused
		fine bool
	}{{"for a while", 2, true}, {"for ever", 1 << 30, false}} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var asked atomic.Int32
				l := startInBubble(t, bmc.Config{}, func(conn net.PacketConn) net.PacketConn {
					return &wire{PacketConn: conn, answer: func(packet []byte) []byte {
						reply := refuseSession(packet, 0x01)
						if reply == nil || asked.Add(1) > tc.full {
							return nil
						}
						return reply
					}}
				})
				ctx, cancel := context.WithTimeout(context.Background(), 4*time.Second)
				defer cancel()
				err := ipmi.NewPool().Get(l.target).PowerOn(ctx)
				if tc.fine != (err == nil) || err != nil && !typed(err) {
					t.Errorf("got %v", err)
				}
				if n := asked.Load(); n > 5 {
					t.Errorf("%d requests in 4 s: it has to back off", n)
				}
			})
		})
	}
}

// TestHalfOpenSessions has somebody else open sessions and never finish them.
func TestHalfOpenSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := startInBubble(t, bmc.Config{}, nil)
		flood, err := l.target.Dial(t.Context(), "udp", l.target.Address)
		if err != nil {
			t.Fatal(err)
		}
		defer flood.Close()
		request := append([]byte{6, 0, 0xff, 7, 6, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 32, 0}, []byte{
			0, 4, 0, 0, 1, 2, 3, 4, 0, 0, 0, 8, 1, 0, 0, 0, 1, 0, 0, 8, 1, 0, 0, 0, 2, 0, 0, 8, 1, 0, 0, 0,
		}...)
		for range 70 {
			if _, err := flood.Write(request); err != nil {
				t.Fatal(err)
			}
		}
		if err := ipmi.NewPool().Get(l.target).PowerOn(bounded(t)); err != nil {
			t.Error(err)
		}
		if c := l.Counts(); c.Logins > 3 || c.On != 1 {
			t.Errorf("%+v", c)
		}
	})
}

// The network functions and numbers of the commands that are tampered with.
const (
	netChassis    = 0x00
	chassisStatus = 0x01
	chassisVerb   = 0x02
	bootSet       = 0x08

	verbReset = 3

	notSupported = 0xd5
)

// TestLyingStatus has a controller that tells the state of a while ago, or always says "off".
func TestLyingStatus(t *testing.T) {
	for _, tc := range []struct {
		name string
		lies int32 // how many looks after the verb still say "off"
		fine bool
	}{{"late", 5, true}, {"for ever", 1 << 30, false}} {
		t.Run(tc.name, func(t *testing.T) {
			var verbs, lies atomic.Int32
			l := start(t, bmc.Config{Intercept: func(netFn, id byte, _ []byte) ([]byte, byte, bool) {
				switch {
				case netFn == netChassis && id == chassisVerb:
					verbs.Add(1)
				case netFn == netChassis && id == chassisStatus && verbs.Load() > 0 && lies.Add(1) <= tc.lies:
					return []byte{0, 0, 0}, 0, true
				}
				return nil, 0, false
			}}, nil)
			ctx, cancel := context.WithTimeout(context.Background(), 1500*time.Millisecond)
			defer cancel()
			err := ipmi.NewPool().Get(l.target).PowerOn(ctx)
			var state *ipmi.StateError
			if tc.fine != (err == nil) || err != nil && !(errors.As(err, &state) && state.Saw == "off") {
				t.Errorf("got %v", err)
			}
			if n := verbs.Load(); n != 1 {
				t.Errorf("the verb was sent %d times", n)
			}
		})
	}
}

// TestNotInThisState has a controller that refuses verbs with 0xd5, and one that does so although it is off and says
// that it is on.
func TestNotInThisState(t *testing.T) {
	t.Run("all verbs", func(t *testing.T) {
		l := start(t, bmc.Config{Intercept: func(netFn, id byte, _ []byte) ([]byte, byte, bool) {
			return nil, notSupported, netFn == netChassis && id == chassisVerb
		}}, nil)
		err := ipmi.NewPool().Get(l.target).PowerOn(bounded(t))
		var refused *ipmi.CommandError
		if !errors.As(err, &refused) || refused.Code != notSupported {
			t.Errorf("got %v", err)
		}
	})
	t.Run("cycle of a machine that is off", func(t *testing.T) {
		var looks atomic.Int32
		l := start(t, bmc.Config{Intercept: func(netFn, id byte, _ []byte) ([]byte, byte, bool) {
			first := netFn == netChassis && id == chassisStatus && looks.Add(1) == 1
			return []byte{1, 0, 0}, 0, first // "on", at first
		}}, nil)
		node := ipmi.NewPool().Get(l.target)
		if err := errors.Join(node.PowerCycle(bounded(t)), power(bounded(t), node, ipmi.On)); err != nil {
			t.Error(err)
		}
		if c := l.Counts(); c.Cycle != 1 || c.On != 1 {
			t.Errorf("%+v", c)
		}
	})
}

func bounded(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// TestCarriedOutTwice has a controller that resets the machine twice for one command: we cannot know, and send it
// once.
func TestCarriedOutTwice(t *testing.T) {
	var resets atomic.Int32
	var chassis atomic.Pointer[machine.Memory]
	l := start(t, bmc.Config{Intercept: func(netFn, id byte, data []byte) ([]byte, byte, bool) {
		if netFn == netChassis && id == chassisVerb && len(data) > 0 && data[0] == verbReset {
			resets.Add(1)
			if err := chassis.Load().Reset(context.Background()); err != nil {
				t.Error(err)
			}
		}
		return nil, 0, false
	}}, nil)
	chassis.Store(l.chassis)
	node := ipmi.NewPool().Get(l.target)
	if err := errors.Join(node.PowerOn(bounded(t)), node.Reset(bounded(t)), power(bounded(t), node, ipmi.On)); err != nil {
		t.Error(err)
	}
	if n := resets.Load(); n != 1 {
		t.Errorf("the verb was sent %d times", n)
	}
}

// TestRestartInMidSession has a controller that forgets its sessions, and is away for a moment, in the middle of a
// list of sensors and in the middle of a change of power.
func TestRestartInMidSession(t *testing.T) {
	for _, v := range []struct {
		name  string
		after int32 // commands
		do    func(context.Context, *ipmi.BMC) error
	}{
		{"sensors", 12, func(ctx context.Context, node *ipmi.BMC) error { _, err := node.Sensors(ctx); return err }},
		{"power on", 3, func(ctx context.Context, node *ipmi.BMC) error { return node.PowerOn(ctx) }},
		{"set a password", 2, func(ctx context.Context, node *ipmi.BMC) error {
			return node.SetUserPassword(ctx, 4, "swordfish", 16)
		}},
	} {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			var commands, old atomic.Int32
			gone := false
			var forgotten uint32
			l := start(t, bmc.Config{Intercept: func(byte, byte, []byte) ([]byte, byte, bool) {
				commands.Add(1)
				return nil, 0, false
			}}, func(conn net.PacketConn) net.PacketConn {
				// To forget a session is not to hear its packets any more.
				return &wire{PacketConn: conn, answer: func(packet []byte) []byte {
					if len(packet) < 16 || packet[5]&0x3f != 0 {
						return nil
					}
					session := binary.LittleEndian.Uint32(packet[6:])
					if !gone && commands.Load() >= v.after {
						gone, forgotten = true, session
					}
					if gone && session == forgotten {
						old.Add(1)
						return []byte{} // an empty packet, which is no answer
					}
					return nil
				}}
			})
			l.target.Timeout = 200 * time.Millisecond
			if err := v.do(bounded(t), ipmi.NewPool().Get(l.target)); err != nil {
				t.Error(err)
			}
			if c := l.Counts(); c.Logins != 2 || old.Load() == 0 || c.On > 1 {
				t.Errorf("%+v, %d packets of the forgotten session", c, old.Load())
			}
		})
	}
}

// TestBootFlagsExpire has a controller that forgets boot flags after 60 s: one that can be told not to, and one that
// cannot.
func TestBootFlagsExpire(t *testing.T) {
	for _, obeys := range []bool{true, false} {
		t.Run(fmt.Sprintf("can be told not to: %v", obeys), func(t *testing.T) {
			now := bmc.NewAhead()
			l := start(t, bmc.Config{Clock: now, Intercept: func(netFn, id byte, data []byte) ([]byte, byte, bool) {
				return nil, 0x80, !obeys && netFn == netChassis && id == bootSet && len(data) > 0 && data[0] == 3
			}}, nil)
			node := ipmi.NewPool().Get(l.target)
			if err := node.SetBoot(bounded(t), ipmi.Boot{Device: ipmi.DevicePXE, EFI: true}); err != nil {
				t.Fatal(err)
			}
			now.Advance(61 * time.Second)
			got, err := node.Boot(bounded(t))
			if err != nil || got.Valid != obeys {
				t.Errorf("after 61 s: %+v, %v", got, err)
			}
		})
	}
}

// TestFlagsThatAreNotKept has a controller that says yes and does not keep the flags.
func TestFlagsThatAreNotKept(t *testing.T) {
	l := start(t, bmc.Config{Intercept: func(netFn, id byte, data []byte) ([]byte, byte, bool) {
		return nil, 0, netFn == netChassis && id == bootSet && len(data) > 0 && data[0] == 5
	}}, nil)
	err := ipmi.NewPool().Get(l.target).SetBoot(bounded(t), ipmi.Boot{Device: ipmi.DevicePXE})
	var state *ipmi.StateError
	if !errors.As(err, &state) {
		t.Errorf("got %v", err)
	}
}
