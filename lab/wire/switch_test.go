package wire_test

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/lab/wire"
)

const patience = 20 * time.Second

// host is an endpoint that knows when the switch is done with a frame.
type host struct {
	in     chan []byte
	idle   chan struct{}
	closed chan struct{}
	once   sync.Once

	mu  sync.Mutex
	got [][]byte
}

func (h *host) Read(frame []byte) (int, error) {
	select {
	case h.idle <- struct{}{}:
	case <-h.closed:
		return 0, io.EOF
	}
	select {
	case f := <-h.in:
		return copy(frame, f), nil
	case <-h.closed:
		return 0, io.EOF
	}
}

func (h *host) Write(frame []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.got = append(h.got, slices.Clone(frame))
	return len(frame), nil
}

func (h *host) Close() error {
	h.once.Do(func() { close(h.closed) })
	return nil
}

// bench is a switch with a host on each port.
type bench struct {
	t     testing.TB
	sw    *wire.Switch
	hosts map[string]*host
}

func newBench(t testing.TB, states map[string]wire.PortState) *bench {
	t.Helper()
	b := &bench{t: t, sw: wire.New(), hosts: map[string]*host{}}
	t.Cleanup(func() { b.sw.Close() })
	for port := range states {
		b.plug(port)
	}
	b.sw.Configure(states)
	return b
}

func (b *bench) plug(port string) {
	b.t.Helper()
	h := &host{in: make(chan []byte), idle: make(chan struct{}), closed: make(chan struct{})}
	if err := b.sw.Attach(port, h); err != nil {
		b.t.Fatal(err)
	}
	<-h.idle
	b.hosts[port] = h
}

// send sends a frame and returns where it came out: "a" untagged, "a:20"
// tagged, "a!" as something else than what was sent.
func (b *bench) send(from string, tag int, src, dst byte) []string {
	b.t.Helper()
	h := b.hosts[from]
	h.in <- frame(tag, src, dst)
	<-h.idle
	var out []string
	for port, h := range b.hosts {
		h.mu.Lock()
		for _, f := range h.got {
			out = append(out, port+form(f, src, dst))
		}
		h.got = nil
		h.mu.Unlock()
	}
	slices.Sort(out)
	return out
}

const everybody = 0xff

// frame is a frame between hosts 02:…:src and 02:…:dst; tag -1 is none.
func frame(tag int, src, dst byte) []byte {
	to := []byte{2, 0, 0, 0, 0, dst}
	if dst == everybody {
		to = []byte{255, 255, 255, 255, 255, 255}
	}
	f := append(to, 2, 0, 0, 0, 0, src)
	if tag >= 0 {
		f = append(f, 0x81, 0, byte(tag>>8), byte(tag))
	}
	return append(f, 0x08, 0, 'h', 'e', 'l', 'l', 'o', ' ', 't', 'h', 'e', 'r', 'e')
}

func form(f []byte, src, dst byte) string {
	for tag := -1; tag <= 4095; tag++ {
		if slices.Equal(f, frame(tag, src, dst)) {
			if tag < 0 {
				return ""
			}
			return fmt.Sprintf(":%d", tag)
		}
	}
	return "!"
}

func access(vlan uint16) wire.PortState { return wire.PortState{Up: true, Access: vlan} }

func trunk(native uint16, allowed ...int) wire.PortState {
	return wire.PortState{Up: true, Mode: wire.Trunk, Native: native, Allowed: wire.VLANsOf(allowed...)}
}

func TestWhereFramesGo(t *testing.T) {
	b := newBench(t, map[string]wire.PortState{
		"a20": access(20), "b20": access(20), "c30": access(30), "none": access(0),
		"down":  {Access: 20},
		"all":   trunk(1, 1, 20, 30),
		"nat20": trunk(20, 20, 30),
		"no20":  trunk(20, 30),
	})
	for _, test := range []struct {
		name string
		from string
		tag  int
		want []string
	}{
		{"access", "a20", -1, []string{"all:20", "b20", "nat20"}},
		{"other VLAN", "c30", -1, []string{"all:30", "nat20:30", "no20:30"}},
		{"priority tag on access", "a20", 0, []string{"all:20", "b20", "nat20"}},
		{"its own tag on access", "a20", 20, []string{"all:20", "b20", "nat20"}},
		{"a foreign tag on access", "a20", 30, nil},
		{"VLAN does not exist", "none", -1, nil},
		{"shut down", "down", -1, nil},
		{"tagged on trunk", "all", 30, []string{"c30", "nat20:30", "no20:30"}},
		{"not allowed on trunk", "all", 40, nil},
		{"untagged on trunk", "nat20", -1, []string{"a20", "all:20", "b20"}},
		{"native tagged", "nat20", 20, []string{"a20", "all:20", "b20"}},
		{"native not allowed", "no20", -1, nil},
		{"native VLAN without members", "all", -1, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := b.send(test.from, test.tag, 1, everybody); !slices.Equal(got, test.want) {
				t.Errorf("from %s, tag %d: %v, want %v", test.from, test.tag, got, test.want)
			}
		})
	}
}

func TestLearning(t *testing.T) {
	states := map[string]wire.PortState{"a": access(20), "b": access(20), "c": access(20), "t": trunk(1, 20)}
	b := newBench(t, states)
	check := func(what string, got []string, want ...string) {
		t.Helper()
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	check("unknown address is flooded", b.send("a", -1, 1, 2), "b", "c", "t:20")
	check("known address is not", b.send("b", -1, 2, 1), "a")
	check("and back", b.send("a", -1, 1, 2), "b")
	check("to a trunk", b.send("t", 20, 9, 1), "a")
	check("from there", b.send("a", -1, 1, 9), "t:20")
	check("to oneself", b.send("a", -1, 3, 1))
	check("a host that moved", b.send("c", -1, 1, 2), "b")
	check("is found there", b.send("b", -1, 2, 1), "c")

	want := []wire.MACEntry{{VLAN: 20, MAC: []byte{2, 0, 0, 0, 0, 1}, Port: "c"}, {VLAN: 20, MAC: []byte{2, 0, 0, 0, 0, 2}, Port: "b"},
		{VLAN: 20, MAC: []byte{2, 0, 0, 0, 0, 3}, Port: "a"}, {VLAN: 20, MAC: []byte{2, 0, 0, 0, 0, 9}, Port: "t"}}
	table := b.sw.MACTable()
	for i := range table {
		table[i].Seen = time.Time{}
	}
	if !reflect.DeepEqual(table, want) {
		t.Errorf("table %v, want %v", table, want)
	}

	states["c"] = access(30)
	b.sw.Configure(states)
	check("after a change the address is unknown", b.send("b", -1, 2, 1), "a", "t:20")
	if got := b.sw.Counters("a"); got.RxFrames != 4 || got.TxFrames != 3 {
		t.Errorf("counters of a: %+v", got)
	}
}

func TestReservedAndBrokenFrames(t *testing.T) {
	b := newBench(t, map[string]wire.PortState{"a": access(20), "b": access(20)})
	h := b.hosts["a"]
	for _, f := range [][]byte{
		nil, {1, 2, 3}, frame(-1, 1, 2)[:13], frame(20, 1, 2)[:16],
		append([]byte{0x01, 0x80, 0xc2, 0, 0, 0x0e}, frame(-1, 1, 2)[6:]...),
		append([]byte{0x01, 0x00, 0x0c, 0xcc, 0xcc, 0xcc}, frame(-1, 1, 2)[6:]...),
	} {
		h.in <- f
		<-h.idle
	}
	if got := b.hosts["b"].got; got != nil {
		t.Errorf("forwarded %x", got)
	}
	if n := b.sw.Counters("a"); n.RxDropped != 6 || n.RxFrames != 0 {
		t.Errorf("counters %+v", n)
	}
}

func TestAttachAndDetach(t *testing.T) {
	b := newBench(t, map[string]wire.PortState{"a": access(20), "b": access(20)})
	if err := b.sw.Attach("a", &host{}); !errors.Is(err, wire.ErrPortInUse) {
		t.Errorf("second Attach: %v", err)
	}
	b.send("a", -1, 1, 2)
	if err := b.sw.Detach("a"); err != nil {
		t.Fatal(err)
	}
	if b.sw.LinkUp("a") || len(b.sw.MACTable()) != 0 {
		t.Error("the host is still there after Detach")
	}
	b.plug("a")
	if got := b.send("a", -1, 1, 2); !slices.Equal(got, []string{"b"}) {
		t.Errorf("after plugging it in again: %v", got)
	}
	if err := b.sw.Close(); err != nil {
		t.Fatal(err)
	}
	if err := b.sw.Attach("a", &host{}); !errors.Is(err, wire.ErrClosed) {
		t.Errorf("Attach after Close: %v", err)
	}
}

func TestLinkEvents(t *testing.T) {
	sw := wire.New()
	defer sw.Close()
	events, cancel := sw.Subscribe(10)
	expect := func(port string, up bool) {
		t.Helper()
		select {
		case e := <-events:
			if e.Port != port || e.Up != up {
				t.Fatalf("event %+v, want %s up=%v", e, port, up)
			}
		case <-time.After(patience):
			t.Fatalf("no event; want %s up=%v", port, up)
		}
		if sw.LinkUp(port) != up {
			t.Fatalf("LinkUp(%s) is not %v", port, up)
		}
	}
	mine, theirs := wire.Pipe()
	if err := sw.Attach("a", theirs); err != nil {
		t.Fatal(err)
	}
	sw.Configure(map[string]wire.PortState{"a": access(20)})
	expect("a", true)
	sw.Configure(map[string]wire.PortState{"a": {Access: 20}})
	expect("a", false)
	sw.Configure(map[string]wire.PortState{"a": access(20)})
	expect("a", true)
	mine.Close()
	expect("a", false)
	cancel()
	if _, open := <-events; open {
		t.Error("channel open after cancel")
	}
}

func FuzzForward(f *testing.F) {
	f.Add(frame(-1, 1, 2))
	f.Add(frame(20, 1, everybody))
	f.Add([]byte{})
	b := newBench(f, map[string]wire.PortState{"a": trunk(1, 1, 20), "b": access(20), "c": trunk(1, 1, 20)})
	f.Fuzz(func(t *testing.T, in []byte) {
		h := b.hosts["a"]
		h.in <- in[:min(len(in), wire.MaxFrame)]
		<-h.idle
		for port, h := range b.hosts {
			h.mu.Lock()
			for _, f := range h.got {
				if len(f) < 14 || len(f) > len(in)+4 {
					t.Errorf("%d bytes came out of %s, %d went in", len(f), port, len(in))
				}
			}
			h.got = nil
			h.mu.Unlock()
		}
	})
}

func TestBundle(t *testing.T) {
	trunk := wire.PortState{Up: true, Mode: wire.Trunk, Native: 1, Allowed: wire.VLANsOf(1, 20)}
	member := wire.PortState{Up: true, Bundle: "po1"}
	states := map[string]wire.PortState{"a": {Up: true, Access: 20}, "m1": member, "m2": member}
	b := newBench(t, states)
	states["po1"] = trunk
	b.sw.Configure(states)
	// Every pair of addresses has its member, and each member carries some.
	used := map[string]bool{}
	for dst := range byte(8) {
		got := b.send("a", -1, 1, 0x40+dst)
		if len(got) != 1 || got[0] != "m1:20" && got[0] != "m2:20" {
			t.Fatalf("to %d: %v", dst, got)
		}
		used[got[0]] = true
	}
	if len(used) != 2 {
		t.Errorf("used %v", used)
	}
	// What comes in by one member goes to no other.
	if got := b.send("m1", 20, 9, everybody); !slices.Equal(got, []string{"a"}) {
		t.Errorf("from a member: %v", got)
	}
	if table := b.sw.MACTable(); len(table) != 2 || table[1].Port != "po1" {
		t.Errorf("table %+v", table)
	}
	if err := b.sw.Detach("m1"); err != nil {
		t.Fatal(err)
	}
	delete(b.hosts, "m1")
	for dst := range byte(4) {
		if got := b.send("a", -1, 1, 0x40+dst); !slices.Equal(got, []string{"m2:20"}) {
			t.Errorf("with one member left: %v", got)
		}
	}
	states["po1"] = wire.PortState{}
	b.sw.Configure(states)
	if got := b.send("m2", 20, 9, everybody); len(got) != 0 {
		t.Errorf("bundle shut down: %v", got)
	}
}

func TestVoice(t *testing.T) {
	b := newBench(t, map[string]wire.PortState{
		"phone": {Up: true, Access: 10, Voice: 50},
		"trunk": {Up: true, Mode: wire.Trunk, Native: 1, Allowed: wire.VLANsOf(10, 50)},
	})
	for _, test := range []struct {
		from string
		tag  int
		want []string
	}{
		{"phone", -1, []string{"trunk:10"}},
		{"phone", 50, []string{"trunk:50"}},
		{"phone", 60, nil},
		{"trunk", 50, []string{"phone:50"}},
		{"trunk", 10, []string{"phone"}},
	} {
		if got := b.send(test.from, test.tag, 1, everybody); !slices.Equal(got, test.want) {
			t.Errorf("from %s in %d: %v, want %v", test.from, test.tag, got, test.want)
		}
	}
}

// TestLoops cables two switches twice, and one of them to itself, and counts
// what becomes of a broadcast.
func TestLoops(t *testing.T) {
	up := wire.PortState{Up: true, Access: 1}
	states := map[string]wire.PortState{"host": up, "a": up, "b": up, "c": up, "d": up}
	left := newBench(t, map[string]wire.PortState{"host": up})
	right := newBench(t, map[string]wire.PortState{"host": up})
	left.sw.Configure(states)
	right.sw.Configure(states)
	blocked := func() int {
		n := 0
		for _, sw := range []*wire.Switch{left.sw, right.sw} {
			for port := range states {
				if sw.Blocked(port) {
					n++
				}
			}
		}
		return n
	}
	left.sw.SpanningTree(32768, [6]byte{2, 0, 0, 0, 0, 1})
	right.sw.SpanningTree(32768, [6]byte{2, 0, 0, 0, 0, 2})
	cable := func(from *wire.Switch, a string, to *wire.Switch, b string) {
		x, y := wire.Pipe()
		if err := errors.Join(from.Attach(a, x), to.Attach(b, y)); err != nil {
			t.Fatal(err)
		}
	}
	cable(left.sw, "a", right.sw, "a")
	cable(left.sw, "b", right.sw, "b")
	cable(left.sw, "c", left.sw, "d")
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for blocked() != 2 {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("%d ports blocked, want 2", blocked())
		}
	}
	left.send("host", -1, 1, everybody)
	for right.sw.Counters("host").TxFrames < 2 { // the other is a BPDU
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatal("the broadcast did not arrive")
		}
	}
	if n := left.sw.Counters("c").RxFrames + left.sw.Counters("d").RxFrames; n > 4 {
		t.Errorf("%d frames went round the loop", n)
	}
}

func TestControl(t *testing.T) {
	b := newBench(t, map[string]wire.PortState{"a": {Up: true, Access: 1}, "b": {Up: true, Access: 1}})
	type heard struct {
		port  string
		frame string
	}
	got := make(chan heard, 1)
	b.sw.HandleControl(func(port string, frame []byte) { got <- heard{port, string(frame)} })
	lldp := make([]byte, 60)
	copy(lldp, []byte{1, 0x80, 0xc2, 0, 0, 0x0e})
	h := b.hosts["a"]
	h.in <- lldp
	<-h.idle
	if g := <-got; g.port != "a" || g.frame != string(lldp) {
		t.Errorf("heard %+v", g)
	}
	if err := b.sw.SendControl("b", lldp); err != nil {
		t.Fatal(err)
	}
	if n := b.sw.Counters("b").TxFrames; n != 1 {
		t.Errorf("%d frames", n)
	}
	if err := b.sw.SendControl("nowhere", lldp); err == nil {
		t.Error("sent by a port that is not there")
	}
}

func FuzzBPDU(f *testing.F) {
	f.Add([]byte{1, 0x80, 0xc2, 0, 0, 0, 2, 0, 0, 0, 0, 9, 0, 38, 0x42, 0x42, 3, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, frame []byte) {
		sw := wire.New()
		defer sw.Close()
		sw.Configure(map[string]wire.PortState{"a": {Up: true, Access: 1}})
		sw.SpanningTree(32768, [6]byte{2})
		a, b := wire.Pipe()
		if err := sw.Attach("a", a); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Write(frame); err != nil {
			t.Fatal(err)
		}
		b.Close()
	})
}
