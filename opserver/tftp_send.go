package opserver

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"
)

// tftpSend sends one file to one client. A window of blocks goes out, then the client's acknowledgement says how far
// it got, and the next window starts there (RFC 7440; with a window of one this is RFC 1350).
type tftpSend struct {
	req   tftpRequest
	data  []byte
	inbox <-chan []byte
	write func([]byte) error
	wait  time.Duration
	tries int

	acked int // blocks that the client has
}

// tftpStopped is a client's own end of a transfer. EDK2 does it on purpose: it asks for the size first and stops.
type tftpStopped struct {
	Why   string
	Acked int
}

func (e *tftpStopped) Error() string {
	return fmt.Sprintf("the client stopped after %d blocks: %s", e.Acked, e.Why)
}

// blocks counts the data packets; a last one shorter than the block size, empty if need be, ends the transfer.
func (s *tftpSend) blocks() int { return len(s.data)/s.req.Block + 1 }

func (s *tftpSend) run(ctx context.Context) error {
	if oack := s.req.oack(len(s.data)); oack != nil {
		offer := func() error { return s.write(oack) }
		if err := s.exchange(ctx, 0, offer); err != nil {
			return fmt.Errorf("option acknowledgement: %w", err)
		}
	}
	for s.acked < s.blocks() {
		first, last := s.acked, min(s.acked+s.req.Window, s.blocks())
		window := func() error { return s.sendBlocks(first, last) }
		if err := s.exchange(ctx, last-first, window); err != nil {
			return fmt.Errorf("block %d of %d: %w", first+1, s.blocks(), err)
		}
	}
	return nil
}

func (s *tftpSend) sendBlocks(first, last int) error {
	packet := make([]byte, 0, 4+s.req.Block)
	for i := first; i < last; i++ {
		packet = binary.BigEndian.AppendUint16(packet[:0], tftpData)
		packet = binary.BigEndian.AppendUint16(packet, uint16(i+1)) // wraps, as clients expect of large files
		packet = append(packet, s.data[i*s.req.Block:min((i+1)*s.req.Block, len(s.data))]...)
		if err := s.write(packet); err != nil {
			return err
		}
	}
	return nil
}

// exchange sends and waits until the client acknowledges some of the `outstanding` blocks behind s.acked (0: the
// option acknowledgement). A repeated acknowledgement does not make it send again, which would double every packet from
// there on; but for once in a window, where it says that the window's first block was lost.
func (s *tftpSend) exchange(ctx context.Context, outstanding int, send func() error) error {
	timer := time.NewTimer(s.wait)
	defer timer.Stop()
	again := false
	for try := 1; ; try++ {
		if err := send(); err != nil {
			return err
		}
		timer.Reset(s.wait)
		for waiting := true; waiting; {
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-timer.C:
				waiting = false
			case p := <-s.inbox:
				reply, ok := parseTFTPReply(p)
				if !ok {
					continue
				}
				if reply.Failed != "" {
					return &tftpStopped{Why: reply.Failed, Acked: s.acked}
				}
				further := int(reply.Ack - uint16(s.acked))
				if further == 0 && s.req.Window > 1 && outstanding > 0 && !again {
					again, waiting = true, false
					continue
				}
				if further > outstanding || (further == 0) != (outstanding == 0) {
					continue
				}
				s.acked += further
				return nil
			}
		}
		if try == s.tries {
			return fmt.Errorf("no acknowledgement in %d tries of %v", s.tries, s.wait)
		}
	}
}
