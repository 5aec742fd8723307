package lldp

import (
	"context"
	"fmt"
	"io"
	"net"
	"time"
)

// How often a port speaks, for how long that holds, and how soon it may speak
// again (§9.2.5, tables 9-1 and 9-2: msgTxInterval, msgTxHold, txCredit).
const (
	Interval = 30 * time.Second
	Hold     = 120 * time.Second
	pause    = time.Second
)

// maxFrame is the longest frame that is read.
const maxFrame = 1600

// Conn sends and receives whole Ethernet frames on one link, one a call. Close
// ends a Read that waits.
type Conn interface {
	io.ReadWriteCloser
}

// Port speaks LLDP on one link.
type Port struct {
	Conn Conn
	// Source is the interface's own address.
	Source net.HardwareAddr
	// Self is asked before each frame what to say. Its TTL is set by the port.
	Self func() PDU
	// Heard is called with all neighbours whenever they have changed. It must
	// not wait.
	Heard func([]PDU)
	// Again asks for a frame soon, since Self has changed; nil for never.
	Again <-chan struct{}
	// Now is the clock; nil is the system's.
	Now func() time.Time
}

// Run speaks and listens until ctx ends, when it says goodbye, or until the link
// cannot be read or written any more. It closes the Conn. The neighbours are
// forgotten when it ends.
func (p *Port) Run(ctx context.Context) error {
	now := p.Now
	if now == nil {
		now = time.Now
	}
	// A link that takes nothing must not keep the host from its end.
	defer context.AfterFunc(ctx, func() { time.AfterFunc(pause, func() { p.Conn.Close() }) })()
	frames, failed := make(chan PDU), make(chan error, 1)
	ended := make(chan struct{})
	read := make(chan struct{})
	go func() {
		defer close(read)
		p.read(frames, failed, ended)
	}()
	defer func() {
		close(ended)
		p.Conn.Close()
		<-read
	}()

	var known table
	// Credit for a frame is given once a second, so that nobody can have us
	// answer their flood.
	var spoke time.Time
	speak := time.NewTimer(0)
	defer speak.Stop()
	soon := func() { speak.Reset(max(0, pause-now().Sub(spoke))) }
	age := time.NewTimer(Hold)
	defer age.Stop()
	tell := func() {
		if next, ok := known.next(); ok {
			age.Reset(max(0, next.Sub(now())))
		}
		p.Heard(known.neighbors())
	}
	for {
		select {
		case <-ctx.Done():
			_ = p.say(0) // if it gets lost, what we said runs out
			return nil
		case err := <-failed:
			return fmt.Errorf("lldp: receive: %w", err)
		case <-speak.C:
			spoke = now()
			speak.Reset(Interval)
			if err := p.say(Hold); err != nil {
				return fmt.Errorf("lldp: send: %w", err)
			}
		case <-p.Again:
			soon()
		case heard := <-frames:
			changed, fresh := known.note(heard, now())
			if fresh {
				soon() // it may have missed what we said before
			}
			if changed {
				tell()
			} else if next, ok := known.next(); ok {
				age.Reset(max(0, next.Sub(now())))
			}
		case <-age.C:
			if known.expire(now()) {
				tell()
			} else if next, ok := known.next(); ok {
				age.Reset(max(0, next.Sub(now())))
			}
		}
	}
}

func (p *Port) say(ttl time.Duration) error {
	pdu := p.Self()
	pdu.TTL = ttl
	_, err := p.Conn.Write(pdu.Encode(p.Source))
	return err
}

// read hands over what is heard until the Conn fails, which it does when it is
// closed. Frames that are none, and our own, are passed over.
func (p *Port) read(frames chan<- PDU, failed chan<- error, ended <-chan struct{}) {
	b := make([]byte, maxFrame)
	for {
		n, err := p.Conn.Read(b)
		if err != nil {
			failed <- err
			return
		}
		pdu, err := Decode(b[:n])
		if err != nil || [6]byte(b[6:12]) == [6]byte(p.Source) {
			continue
		}
		select {
		case frames <- pdu:
		case <-ended:
			return
		}
	}
}
