package wire_test

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/lab/wire"
)

// machine is what QEMU does with its socket.
func machine(t *testing.T, local string) *net.UnixConn {
	t.Helper()
	os.Remove(local)
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: local, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return c
}

// sockets are short paths: those of unix sockets may not be long.
func sockets(t *testing.T) (ours, theirs string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "wire")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "p1.sw"), filepath.Join(dir, "p1.vm")
}

func TestMachineComesAndGoes(t *testing.T) {
	ours, theirs := sockets(t)
	ep, err := wire.ListenUnixgram(ours, theirs)
	if err != nil {
		t.Fatal(err)
	}
	sw := wire.New()
	defer sw.Close()
	events, _ := sw.Subscribe(10)
	link := func(up bool) {
		t.Helper()
		select {
		case e := <-events:
			if e.Up != up {
				t.Fatalf("event %+v, want up=%v", e, up)
			}
		case <-time.After(patience):
			t.Fatalf("no link event, want up=%v", up)
		}
	}
	sw.Configure(map[string]wire.PortState{"vm": access(20), "pipe": access(20)})
	if err := sw.Attach("vm", ep); err != nil {
		t.Fatal(err)
	}
	mine, end := wire.Pipe()
	if err := sw.Attach("pipe", end); err != nil {
		t.Fatal(err)
	}
	link(true) // the pipe
	if sw.LinkUp("vm") {
		t.Error("link is up without a machine")
	}
	if _, err := ep.Write(frame(-1, 1, everybody)); err != nil {
		t.Errorf("frame to nobody: %v", err)
	}

	buf := make([]byte, wire.MaxFrame)
	for range 2 {
		vm := machine(t, theirs)
		link(true)
		want := frame(-1, 2, everybody)
		if _, err := vm.WriteTo(want, &net.UnixAddr{Name: ours, Net: "unixgram"}); err != nil {
			t.Fatal(err)
		}
		if n, err := mine.Read(buf); err != nil || !slices.Equal(buf[:n], want) {
			t.Fatalf("from the machine: %x, %v", buf[:n], err)
		}
		if _, err := mine.Write(frame(-1, 1, 2)); err != nil {
			t.Fatal(err)
		}
		for {
			n, err := vm.Read(buf)
			if err != nil {
				t.Fatalf("to the machine: %v", err)
			}
			if slices.Equal(buf[:n], frame(-1, 1, 2)) {
				break
			}
		}
		vm.Close()
		link(false)
	}
	if err := sw.Detach("vm"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(ours); !os.IsNotExist(err) {
		t.Errorf("socket is still there: %v", err)
	}
}

// TestSlowMachine sends far more than the kernel queues for a machine that
// reads late: nothing may block, and what fits into our queue must arrive.
func TestSlowMachine(t *testing.T) {
	ours, theirs := sockets(t)
	ep, err := wire.ListenUnixgram(ours, theirs)
	if err != nil {
		t.Fatal(err)
	}
	defer ep.Close()
	vm := machine(t, theirs)
	defer vm.Close()
	const sent = 1000
	for i := range sent {
		if n, err := ep.Write(frame(i, 1, 2)); n == 0 || err != nil {
			t.Fatalf("frame %d: %d, %v", i, n, err)
		}
	}
	buf := make([]byte, wire.MaxFrame)
	for i := range sent {
		n, err := vm.Read(buf)
		if err != nil || !slices.Equal(buf[:n], frame(i, 1, 2)) {
			t.Fatalf("frame %d: %x, %v", i, buf[:n], err)
		}
	}
}

func TestListenUnixgramRefuses(t *testing.T) {
	ours, theirs := sockets(t)
	if err := os.WriteFile(ours, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := wire.ListenUnixgram(ours, theirs); err == nil || !strings.Contains(err.Error(), "not a socket") {
		t.Errorf("over a file: %v", err)
	}
	os.Remove(ours)
	dead := machine(t, ours)
	if _, err := wire.ListenUnixgram(ours, theirs); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("over a live socket: %v", err)
	}
	dead.Close() // which leaves the file, as a killed process does
	ep, err := wire.ListenUnixgram(ours, theirs)
	if err != nil {
		t.Fatalf("over a stale socket: %v", err)
	}
	ep.Close()
}

// BenchmarkUnixgram sends full frames to a machine that reads as it can.
func BenchmarkUnixgram(b *testing.B) {
	dir := b.TempDir()
	theirs := filepath.Join(dir, "vm")
	vm, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: theirs, Net: "unixgram"})
	if err != nil {
		b.Fatal(err)
	}
	defer vm.Close()
	ep, err := wire.ListenUnixgram(filepath.Join(dir, "sw"), theirs)
	if err != nil {
		b.Fatal(err)
	}
	defer ep.Close()
	f := make([]byte, 1514)
	b.SetBytes(int64(len(f)))
	b.ResetTimer()
	read := make(chan struct{})
	window := make(chan struct{}, 512)
	go func() {
		defer close(read)
		buf := make([]byte, wire.MaxFrame)
		for range b.N {
			if _, err := vm.Read(buf); err != nil {
				b.Error(err)
				return
			}
			<-window
		}
	}()
	for range b.N {
		window <- struct{}{}
		if _, err := ep.Write(f); err != nil {
			b.Fatal(err)
		}
	}
	<-read
}
