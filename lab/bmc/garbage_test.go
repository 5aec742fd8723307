package bmc_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
	"github.com/cthulix/terraform-provider-cthulix/lab/bmc"
)

// recorder keeps what a client sends.
type recorder struct {
	net.Conn
	keep func([]byte)
}

func (r recorder) Write(packet []byte) (int, error) {
	r.keep(bytes.Clone(packet))
	return r.Conn.Write(packet)
}

// TestGarbage spoils the packets of a session in thousands of ways. A panic of the server would end the test; at
// the end it still has to serve.
func TestGarbage(t *testing.T) {
	_, _, address := start(t, bmc.Config{})
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var mu sync.Mutex
	packets := [][]byte{
		// What ipmitool begins with: Get Channel Authentication Capabilities in IPMI 1.5's form, and a presence ping.
		{6, 0, 0xff, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0x20, 0x18, 0xc8, 0x81, 4, 0x38, 0x8e, 4, 0xb5},
		{6, 0, 0xff, 6, 0, 0, 0x11, 0xbe, 0x80, 0, 0, 0},
	}
	target := ipmi.Target{Address: address.String(), Username: "admin", Password: password}
	recorded := target
	recorded.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
		return recorder{conn, func(p []byte) { mu.Lock(); defer mu.Unlock(); packets = append(packets, p) }}, err
	}
	if _, err := ipmi.NewPool().Get(recorded).Info(ctx); err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("udp", address.String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	random := rand.New(rand.NewPCG(1, 2))
	answer := make([]byte, 512)
	for i := range 20000 {
		p := bytes.Clone(packets[random.IntN(len(packets))])
		for range 1 + random.IntN(5) {
			switch at := random.IntN(len(p) + 1); {
			case at == len(p):
				p = append(p, byte(random.Uint32()))
			case at%4 == 0:
				p = p[:at]
			default:
				p[at] = byte(random.Uint32())
			}
		}
		if _, err := conn.Write(p); err != nil {
			t.Fatal(err)
		}
		// A ping now and then keeps us from running ahead of the server's socket buffer.
		if i%100 == 0 {
			if _, err := conn.Write(packets[1]); err != nil {
				t.Fatal(err)
			}
			if err := conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
				t.Fatal(err)
			}
			for pong := false; !pong; {
				n, err := conn.Read(answer)
				if err != nil {
					t.Fatal(err)
				}
				pong = n > 8 && answer[3] == 6 && answer[8] == 0x40
			}
		}
	}
	if _, err := ipmi.NewPool().Get(target).Info(ctx); err != nil {
		t.Error(err)
	}
}
