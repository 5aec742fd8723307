package ipmi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

var (
	cmdActivate   = command{"activate the console", netApp, 0x48}
	cmdDeactivate = command{"deactivate the console", netApp, 0x49}
)

// What a console's activation asks for: the payload "serial over LAN" in its first instance, encrypted and signed.
const (
	solInstance = 1
	solSecured  = 0xc0

	codeConsoleInUse    = 0x80
	codeConsoleDisabled = 0x81
)

const (
	// consoleBuffer is how many bytes wait for a reader. When it is full, the controller keeps the rest, and
	// drops what it has no room for.
	consoleBuffer = 256 << 10
	// consoleAlive is after how much silence the controller is asked for a sign of life, consolePings how often
	// in vain.
	consoleAlive = 10 * time.Second
	consolePings = 3
	// consoleRetry is when bytes that were typed are sent again, consoleTries how often.
	consoleRetry = time.Second
	consoleTries = 8
)

// ErrConsoleTaken is what a console ends with when somebody else deactivated it.
var ErrConsoleTaken = errors.New("the BMC ended the console: somebody else may have taken it")

// Console is a machine's serial console (serial over LAN, IPMI 2.0 §15). It has what was said since it was opened;
// a Read waits for more. One goroutine may read while another writes.
type Console struct {
	s    *session
	over func() error // why the console is over, from its context
	stop context.CancelFunc
	done chan struct{} // closed when nobody reads the connection any more

	write   sync.Mutex // held for a whole Write
	packets sync.Mutex // guards the session's counters
	typed   byte       // sequence number of what was typed last
	room    int        // bytes that the controller takes at once
	acks    chan solPacket

	mu     sync.Mutex
	more   *sync.Cond
	held   []byte
	failed error
}

var _ io.ReadWriteCloser = (*Console)(nil)

// Console opens the serial console. It is open until it is closed or the context ends; other verbs work meanwhile.
// There is one console a machine: while somebody has it, this is a *CommandError with the code 0x80, and
// [BMC.ReleaseConsole] takes it from them.
func (b *BMC) Console(ctx context.Context) (*Console, error) {
	return b.openConsole(ctx, func(*conversation) error { return nil })
}

// openConsole opens the console unless first says why not.
func (b *BMC) openConsole(ctx context.Context, first func(*conversation) error) (*Console, error) {
	console, err := b.consoleAs(ctx, PrivilegeOperator, first)
	// Which privilege a console takes is a setting of the controller's.
	if answered(err, codeInsufficientPrivilege) {
		return b.consoleAs(ctx, PrivilegeAdministrator, first)
	}
	return console, err
}

func (b *BMC) consoleAs(ctx context.Context, level Privilege, first func(*conversation) error) (*Console, error) {
	var s *session
	var room int
	err := b.talkAs(ctx, level, "open the console", func(v *conversation) error {
		if err := first(v); err != nil {
			return err
		}
		answer, err := v.request(cmdActivate, payloadSOL, solInstance, solSecured, 0, 0, 0)
		if err != nil {
			return err
		}
		if room, err = decodeActivation(answer); err != nil {
			return err
		}
		// From here on the session is the console's.
		s, v.s = v.s, nil
		return nil
	})
	if err != nil {
		return nil, err
	}
	reading, stop := context.WithCancel(ctx)
	c := &Console{s: s, over: reading.Err, stop: stop, done: make(chan struct{}), room: room, acks: make(chan solPacket, 1)}
	c.more = sync.NewCond(&c.mu)
	go c.receive(reading)
	return c, nil
}

// decodeActivation reads how many bytes the controller takes in one packet (IPMI 2.0 §24.1). Its port is not heeded:
// controllers that listen on another one than the session's are not known, and some send the bytes swapped.
func decodeActivation(answer []byte) (room int, err error) {
	f := fields{rest: answer}
	f.take(4)
	room = int(f.u16())
	if room <= solHeader || room > maxPacket {
		room = solHeader + 1
	}
	// An acknowledgement counts in one byte.
	return min(room-solHeader, 255), f.end("the console's description")
}

// ReleaseConsole ends the console, whoever has it.
func (b *BMC) ReleaseConsole(ctx context.Context) error {
	return b.administer(ctx, "release the console", func(v *conversation) error {
		_, err := v.request(cmdDeactivate, payloadSOL, solInstance, 0, 0, 0, 0)
		if answered(err, codeConsoleInUse) {
			return nil // it was not active
		}
		return err
	})
}

// Read returns what the machine said. At the console's end it returns why: io.EOF after Close, the context's error,
// ErrConsoleTaken, or an *UnreachableError.
func (c *Console) Read(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.held) == 0 && c.failed == nil {
		c.more.Wait()
	}
	if len(c.held) == 0 {
		return 0, c.failed
	}
	n := copy(p, c.held)
	c.held = c.held[n:]
	return n, nil
}

// Write types, and returns when the controller has taken it all.
func (c *Console) Write(p []byte) (written int, err error) {
	c.write.Lock()
	defer c.write.Unlock()
	for len(p) > 0 {
		n, err := c.typeSome(p[:min(len(p), c.room)])
		written += n
		if err != nil {
			return written, err
		}
		p = p[n:]
	}
	return written, nil
}

// typeSome sends one packet until some of it is taken.
func (c *Console) typeSome(p []byte) (int, error) {
	if c.over() != nil {
		<-c.done
		return 0, c.reason()
	}
	c.typed = nextSOL(c.typed)
	retry := time.NewTimer(0)
	defer retry.Stop()
	for tries := 0; ; {
		select {
		case <-c.done:
			return 0, c.reason()
		case ack := <-c.acks:
			// Refused altogether means "later": the timer sends it again.
			if ack.acked != c.typed || ack.accepted == 0 {
				continue
			}
			return min(int(ack.accepted), len(p)), nil
		case <-retry.C:
			if tries++; tries > consoleTries {
				return 0, fmt.Errorf("BMC %s: the console took none of %d bytes in %s", c.s.bmc.target.label(), len(p), consoleTries*consoleRetry)
			}
			if err := c.send(solPacket{sequence: c.typed, data: p}); err != nil {
				return 0, err
			}
			retry.Reset(consoleRetry)
		}
	}
}

func (c *Console) send(p solPacket) error {
	c.packets.Lock()
	defer c.packets.Unlock()
	_, err := c.s.conn.Write(c.s.packet(payloadSOL, p.encode()))
	return err
}

// ping asks for a sign of life, which also keeps the session from ending for lack of commands.
func (c *Console) ping() error {
	c.packets.Lock()
	defer c.packets.Unlock()
	packet, _ := c.s.request(cmdDeviceID, nil)
	_, err := c.s.conn.Write(packet)
	return err
}

// receive reads the connection until the console ends.
func (c *Console) receive(ctx context.Context) {
	defer close(c.done)
	defer wakeOn(ctx, c.s.conn)()
	began, pinged := time.Now(), time.Now()
	var from solReceiver
	for pings := 0; ; {
		err := c.s.conn.SetReadDeadline(time.Now().Add(consoleAlive))
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		var n int
		if err == nil {
			n, err = c.s.conn.Read(c.s.buffer[:])
		}
		// A machine that talks all the time still needs a command now and then.
		var timeout net.Error
		silent := errors.As(err, &timeout) && timeout.Timeout() && ctx.Err() == nil
		if silent || time.Since(pinged) > consoleAlive {
			if pings++; pings <= consolePings {
				pinged = time.Now()
				if failed := c.ping(); failed == nil && silent {
					continue
				}
			}
		}
		if err != nil {
			if ctx.Err() != nil {
				err = ctx.Err()
			} else {
				err = &UnreachableError{BMC: c.s.bmc.target.label(), Doing: "read the console", Waited: time.Since(began), Err: errLost}
			}
			c.fail(err)
			return
		}
		kind, session, payload, ok := c.s.sealer.open(c.s.buffer[:n])
		if !ok || session != c.s.own {
			continue
		}
		pings = 0
		if p, ok := decodeSOL(payload); kind == payloadSOL && ok && !c.heard(p, &from) {
			c.fail(fmt.Errorf("BMC %s: %w", c.s.bmc.target.label(), ErrConsoleTaken))
			return
		}
	}
}

// heard takes in one packet. False: the console is over.
func (c *Console) heard(p solPacket, from *solReceiver) bool {
	if p.acked != 0 {
		// The newest counts, and nobody may be waiting for it.
		select {
		case <-c.acks:
		default:
		}
		c.acks <- p
	}
	if p.sequence != 0 {
		if c.keep(from.fresh(p)) {
			from.take(p)
			// An acknowledgement that is lost is asked for again.
			_ = c.send(solPacket{acked: p.sequence, accepted: byte(min(len(p.data), 255))})
		}
	}
	return p.status&solDeactivated == 0
}

// keep holds what the machine said for the reader. False: there is no room, and it has to be sent again.
func (c *Console) keep(data []byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.held)+len(data) > consoleBuffer {
		return false
	}
	c.held = append(c.held, data...)
	c.more.Broadcast()
	return true
}

func (c *Console) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failed == nil {
		c.failed = err
	}
	c.more.Broadcast()
}

func (c *Console) reason() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.failed
}

// Close deactivates the console, unless it is somebody else's by now, and ends its session. What was read before stays
// to be read.
func (c *Console) Close() error {
	c.fail(io.EOF)
	c.stop()
	<-c.done
	c.packets.Lock()
	defer c.packets.Unlock()
	if !c.s.open {
		return nil // closed before
	}
	ctx, cancel := context.WithTimeout(context.Background(), closing)
	defer cancel()
	c.s.unhook()
	if errors.Is(c.reason(), ErrConsoleTaken) {
		// A controller deactivates the console whoever has it.
		c.s.close(ctx)
		return nil
	}
	_, err := c.s.transact(ctx, cmdDeactivate, []byte{payloadSOL, solInstance, 0, 0, 0, 0})
	c.s.dead = err != nil && !refused(err)
	c.s.close(ctx)
	if refused(err) {
		return nil // it was over already
	}
	return err
}
