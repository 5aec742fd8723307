package bmc

import (
	"context"
	"io"
	"sync"

	"github.com/bougou/go-ipmi/pkg/hal"

	"github.com/cthulix/terraform-provider-cthulix/lab/machine"
)

// console is a machine's serial console, as go-ipmi's server wants to see it.
type console struct{ serial machine.Serial }

func (c *console) Open(ctx context.Context) (hal.ConsoleConn, error) {
	wire, err := c.serial.OpenSerial(ctx)
	if err != nil {
		return nil, err
	}
	conn := &consoleConn{ReadWriteCloser: wire, done: make(chan struct{})}
	go conn.pump()
	return conn, nil
}

// consoleRoom is how much output waits for the network. The oldest goes first, as in a real controller.
const consoleRoom = 64 << 10

// consoleConn reads ahead, for the server asks only for what is there already.
type consoleConn struct {
	io.ReadWriteCloser
	done chan struct{} // closed when nobody reads the machine any more

	mu   sync.Mutex
	held []byte
	err  error
}

func (c *consoleConn) pump() {
	defer close(c.done)
	buffer := make([]byte, 4096)
	for {
		n, err := c.ReadWriteCloser.Read(buffer)
		c.mu.Lock()
		c.held = append(c.held, buffer[:n]...)
		c.held = c.held[max(0, len(c.held)-consoleRoom):]
		c.err = err
		c.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (c *consoleConn) ReadAvailable(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := copy(p, c.held)
	c.held = c.held[n:]
	if n > 0 {
		return n, nil
	}
	return 0, c.err
}

func (c *consoleConn) Close() error {
	err := c.ReadWriteCloser.Close()
	<-c.done
	return err
}

func (c *consoleConn) SendBreak(context.Context) error { return hal.ErrNotSupported }
