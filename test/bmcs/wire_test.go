package bmcs

import (
	"encoding/binary"
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

// wire spoils what passes between the network and a controller.
type wire struct {
	net.PacketConn
	// loss is the share of packets that get lost, each way; latency how late answers are.
	loss    float64
	latency time.Duration
	// answer, if not nil, answers a packet in the controller's place.
	answer func(packet []byte) (reply []byte)

	mu     sync.Mutex
	random *rand.Rand
}

func (w *wire) lost() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.random == nil {
		w.random = rand.New(rand.NewPCG(1, 2))
	}
	return w.random.Float64() < w.loss
}

func (w *wire) ReadFrom(buffer []byte) (int, net.Addr, error) {
	for {
		n, from, err := w.PacketConn.ReadFrom(buffer)
		if err != nil {
			return n, from, err
		}
		if w.lost() {
			continue
		}
		if w.answer != nil {
			if reply := w.answer(buffer[:n]); reply != nil {
				_, _ = w.PacketConn.WriteTo(reply, from)
				continue
			}
		}
		return n, from, nil
	}
}

func (w *wire) WriteTo(packet []byte, to net.Addr) (int, error) {
	switch {
	case w.lost():
		return len(packet), nil
	case w.latency > 0:
		packet := append([]byte(nil), packet...)
		// One that comes after the end of the connection is lost, as it would be.
		time.AfterFunc(w.latency, func() { _, _ = w.PacketConn.WriteTo(packet, to) })
		return len(packet), nil
	}
	return w.PacketConn.WriteTo(packet, to)
}

// refuseSession is an answer to a request for a session, with a status, in the short form.
func refuseSession(packet []byte, status byte) []byte {
	if len(packet) < 17 || packet[5] != 0x10 {
		return nil
	}
	reply := append([]byte{6, 0, 0xff, 7, 6, 0x11}, make([]byte, 10)...)
	binary.LittleEndian.PutUint16(reply[14:], 2)
	return append(reply, packet[16], status)
}
