package netstack_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/lab/netstack"
	"github.com/cthulix/terraform-provider-cthulix/lab/wire"
)

const patience = 20 * time.Second

// pair returns two hosts on ports of one switch, both in VLAN 20.
func pair(t testing.TB) (a, b *netstack.Stack) {
	t.Helper()
	sw := wire.New()
	t.Cleanup(func() { sw.Close() })
	state := wire.PortState{Up: true, Access: 20}
	sw.Configure(map[string]wire.PortState{"a": state, "b": state})
	return host(t, sw, "a", "10.20.0.1/24"), host(t, sw, "b", "10.20.0.2/24")
}

func host(t testing.TB, sw *wire.Switch, port, prefix string) *netstack.Stack {
	t.Helper()
	mine, theirs := wire.Pipe()
	if err := sw.Attach(port, theirs); err != nil {
		t.Fatal(err)
	}
	s, err := netstack.New(mine, netip.MustParsePrefix(prefix), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestTCPThroughTheSwitch(t *testing.T) {
	server, client := pair(t)
	l, err := server.ListenTCP(80)
	if err != nil {
		t.Fatal(err)
	}
	want := bytes.Repeat([]byte("cthulix!"), 1<<17)
	served := make(chan error, 1)
	go func() {
		c, err := l.Accept()
		if err == nil {
			_, err = c.Write(want)
			err = errors.Join(err, c.Close())
		}
		served <- err
	}()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, err := client.DialContext(ctx, "tcp", "10.20.0.1:80")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(c)
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("read %d bytes of %d: %v", len(got), len(want), err)
	}
	if err := <-served; err != nil {
		t.Fatal(err)
	}
}

func TestClosedListenersAndSockets(t *testing.T) {
	s, _ := pair(t)
	l, err := s.ListenTCP(0)
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.ListenPacket(67, true)
	if err != nil {
		t.Fatal(err)
	}
	accepted, read := make(chan error, 1), make(chan error, 1)
	go func() { _, err := l.Accept(); accepted <- err }()
	go func() { _, _, err := p.ReadFrom(make([]byte, 10)); read <- err }()
	if err := errors.Join(l.Close(), p.Close(), l.Close(), p.Close()); err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]chan error{"Accept": accepted, "ReadFrom": read} {
		select {
		case err := <-c:
			if !errors.Is(err, net.ErrClosed) {
				t.Errorf("%s after Close: %v", what, err)
			}
		case <-time.After(patience):
			t.Errorf("%s did not return after Close", what)
		}
	}
}

func TestDialSaysWhatItCannotDo(t *testing.T) {
	s, _ := pair(t)
	for _, address := range []string{"opserver:80", "[fe80::1]:80", "10.20.0.1"} {
		if _, err := s.DialContext(t.Context(), "tcp", address); err == nil {
			t.Errorf("dial %s succeeded", address)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.DialContext(ctx, "tcp", "10.20.0.77:80"); !errors.Is(err, context.Canceled) {
		t.Errorf("dial with a cancelled context: %v", err)
	}
}

// TestDHCPSocket plays a client without an address at frame level: its
// broadcast must reach the server's socket, and the server's must reach it.
func TestDHCPSocket(t *testing.T) {
	cable, end := wire.Pipe()
	s, err := netstack.New(end, netip.MustParsePrefix("10.20.0.1/24"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	server, err := s.ListenPacket(67, true)
	if err != nil {
		t.Fatal(err)
	}
	if err := server.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	client := net.HardwareAddr{2, 0, 0, 0, 0, 9}
	everybody := net.HardwareAddr{255, 255, 255, 255, 255, 255}
	send(t, cable, udpFrame(client, everybody, "0.0.0.0:68", "255.255.255.255:67", "discover"))

	buf := make([]byte, 1500)
	n, from, err := server.ReadFrom(buf)
	if err != nil || string(buf[:n]) != "discover" || from.String() != "0.0.0.0:68" {
		t.Fatalf("server read %q from %v: %v", buf[:n], from, err)
	}
	for _, to := range []net.IP{net.IPv4bcast, net.IPv4bcast.To4(), net.IPv4(10, 20, 0, 255)} {
		if _, err := server.WriteTo([]byte("offer"), &net.UDPAddr{IP: to, Port: 68}); err != nil {
			t.Fatalf("send to %v: %v", to, err)
		}
		frame := readFrame(t, cable)
		if !bytes.Equal(frame[:6], everybody) || !bytes.HasSuffix(frame, []byte("offer")) {
			t.Errorf("frame sent to %v is %x", to, frame)
		}
		if got := net.IP(frame[26:30]).String(); got != "10.20.0.1" {
			t.Errorf("sent from %s", got)
		}
	}
}

func TestUDPUnicast(t *testing.T) {
	a, b := pair(t)
	server, err := a.ListenPacket(69, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := server.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	c, err := b.DialContext(t.Context(), "udp", "10.20.0.1:69")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write([]byte("read")); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 100)
	n, from, err := server.ReadFrom(buf)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := server.WriteTo(buf[:n], from); err != nil {
		t.Fatal(err)
	}
	if n, err := c.Read(buf); err != nil || string(buf[:n]) != "read" {
		t.Fatalf("echo %q: %v", buf[:n], err)
	}
}

func TestNewRefuses(t *testing.T) {
	for _, test := range []struct {
		prefix string
		mac    net.HardwareAddr
	}{
		{"fe80::1/64", nil},
		{"10.0.0.1/24", net.HardwareAddr{1, 2, 3, 4, 5, 6}},
		{"10.0.0.1/24", net.HardwareAddr{2, 2}},
	} {
		_, end := wire.Pipe()
		if _, err := netstack.New(end, netip.MustParsePrefix(test.prefix), test.mac); err == nil {
			t.Errorf("New(%s, %v) succeeded", test.prefix, test.mac)
		}
	}
}

// BenchmarkTCP measures one connection through the switch.
func BenchmarkTCP(b *testing.B) {
	server, client := pair(b)
	l, err := server.ListenTCP(80)
	if err != nil {
		b.Fatal(err)
	}
	chunk := make([]byte, 1<<20)
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		for range b.N {
			if _, err := c.Write(chunk); err != nil {
				return
			}
		}
	}()
	c, err := client.DialContext(b.Context(), "tcp", "10.20.0.1:80")
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(chunk)))
	b.ResetTimer()
	n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{c}, make([]byte, 256<<10))
	if err != nil || n != int64(b.N*len(chunk)) {
		b.Fatalf("%d bytes: %v", n, err)
	}
}
