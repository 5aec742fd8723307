package bmcs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
	"github.com/cthulix/terraform-provider-cthulix/operate"
)

// startSerial is a machine's serial port at the end of a TCP connection, and the simulator that has it.
func startSerial(t *testing.T) (node *ipmi.BMC, port net.Conn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	accepted := make(chan net.Conn, 1)
	go func() {
		if conn, err := listener.Accept(); err == nil {
			accepted <- conn
		}
	}()
	target := startSimulator(t, fmt.Sprintf(`sol "tcp:127.0.0.1:%d" 115200`, listener.Addr().(*net.TCPAddr).Port))
	select {
	case port = <-accepted:
	case <-time.After(10 * time.Second):
		t.Fatal("ipmi_sim did not open its serial port")
	}
	t.Cleanup(func() { _ = port.Close() })
	return ipmi.NewPool().Get(target), port
}

// OpenIPMI's console is heard, is one machine's at a time, and is free when it is closed; where it has none, that is a
// remark.
func TestOpenIPMIConsole(t *testing.T) {
	node, port := startSerial(t)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	console, err := node.EnabledConsole(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	for i := range 300 {
		fmt.Fprintf(&said, "[%4d] a line of a booting machine\r\n", i)
	}
	go func() { _, _ = io.WriteString(port, said.String()) }()
	heard := make([]byte, said.Len())
	if _, err := io.ReadFull(console, heard); err != nil || string(heard) != said.String() {
		t.Errorf("it heard otherwise than was said: %v", err)
	}
	if _, err := node.Console(ctx); !ipmi.ConsoleInUse(err) {
		t.Errorf("a second console: %v", err)
	}
	if err := console.Close(); err != nil {
		t.Error(err)
	}

	o := operate.Hearing{Host: "sim", BMC: node}.Start(ctx)
	defer o.Close()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !strings.Contains(o.End(), "Kernel panic") {
		if _, err := io.WriteString(port, "Kernel panic - not syncing\r\n"); err != nil {
			t.Fatal(err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal(o.End())
		}
	}
	if text := operate.Explain(o.Blame(errors.New("no agent"))); !strings.Contains(text, "\n    Kernel panic - not syncing") {
		t.Errorf("got %q", text)
	}
}

func TestOpenIPMIWithoutConsole(t *testing.T) {
	node := ipmi.NewPool().Get(startSimulator(t))
	told := make(chan string, 1)
	o := operate.Hearing{Host: "sim", BMC: node, Tell: func(why string) { told <- why }}.Start(context.Background())
	defer o.Close()
	select {
	case why := <-told:
		if end := o.End(); strings.Contains(end, "\n") || !strings.Contains(end, why) {
			t.Errorf("got %q after %q", end, why)
		}
		t.Log(o.End())
	case <-time.After(20 * time.Second):
		t.Error("nothing was told")
	}
}
