//go:build linux && (amd64 || arm64)

package agentd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/cthulix/terraform-provider-cthulix/agentd/inventory"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// ipmiDevice is how Linux's driver gives out the machine's own BMC.
const ipmiDevice = "/dev/ipmi0"

// ipmiAnswer is how long the BMC may take for one answer.
const ipmiAnswer = 5 * time.Second

// BMC implements OS.
func (l *Linux) BMC(ctx context.Context) ophub.InBandBMC {
	f, err := os.OpenFile(ipmiDevice, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return ophub.InBandBMC{Missing: "no " + ipmiDevice + ": the machine has no BMC, or the image lacks the modules ipmi_si and ipmi_devintf, which the generic kernel has"}
	}
	if err != nil {
		return ophub.InBandBMC{Missing: err.Error()}
	}
	defer f.Close()
	conn := &ipmiConn{fd: int(f.Fd())}
	return inventory.AskBMC(func(netFn, command byte, data ...byte) ([]byte, error) { return conn.ask(ctx, netFn, command, data) })
}

// The messages of Linux's IPMI driver (include/uapi/linux/ipmi.h), as they are
// laid out where a pointer has eight bytes.
type (
	ipmiMessage struct {
		netFn, command byte
		length         uint16
		data           unsafe.Pointer
	}
	ipmiRequest struct {
		address       unsafe.Pointer
		addressLength uint32
		id            int64
		message       ipmiMessage
	}
	ipmiReceived struct {
		kind          int32
		address       unsafe.Pointer
		addressLength uint32
		id            int64
		message       ipmiMessage
	}
	// ipmiAddress is the BMC's own: of the system interface (type 0x0c, channel 0x0f).
	ipmiAddress struct {
		kind    int32
		channel int16
		lun     byte
		_       [32]byte
	}
)

// ioctl numbers: direction, size of the argument, 'i', number.
const (
	ipmiSend    = 2<<30 | unsafe.Sizeof(ipmiRequest{})<<16 | 'i'<<8 | 13
	ipmiReceive = 3<<30 | unsafe.Sizeof(ipmiReceived{})<<16 | 'i'<<8 | 11 // cuts off what does not fit
)

type ipmiConn struct {
	fd   int
	last int64
}

// ask sends a request and waits for its answer, whose first byte is the
// completion code.
func (c *ipmiConn) ask(ctx context.Context, netFn, command byte, data []byte) ([]byte, error) {
	c.last++
	to := ipmiAddress{kind: 0x0c, channel: 0x0f}
	req := ipmiRequest{address: unsafe.Pointer(&to), addressLength: 8, id: c.last}
	req.message = ipmiMessage{netFn: netFn, command: command, length: uint16(len(data)), data: unsafe.Pointer(unsafe.SliceData(data))}
	err := ioctl(c.fd, ipmiSend, unsafe.Pointer(&req))
	runtime.KeepAlive(data)
	if err != nil {
		return nil, fmt.Errorf("%s: send: %w", ipmiDevice, err)
	}
	deadline := time.Now().Add(ipmiAnswer)
	for {
		left := time.Until(deadline)
		if left <= 0 || ctx.Err() != nil {
			return nil, fmt.Errorf("%s: no answer within %s", ipmiDevice, ipmiAnswer)
		}
		poll := []unix.PollFd{{Fd: int32(c.fd), Events: unix.POLLIN}}
		if n, err := unix.Poll(poll, int(left.Milliseconds())+1); err != nil && !errors.Is(err, unix.EINTR) {
			return nil, fmt.Errorf("%s: wait: %w", ipmiDevice, err)
		} else if n == 0 || err != nil {
			continue
		}
		var from ipmiAddress
		answer := make([]byte, 272) // the longest message of the driver
		got := ipmiReceived{address: unsafe.Pointer(&from), addressLength: uint32(unsafe.Sizeof(from))}
		got.message = ipmiMessage{length: uint16(len(answer)), data: unsafe.Pointer(&answer[0])}
		if err := ioctl(c.fd, ipmiReceive, unsafe.Pointer(&got)); err != nil {
			return nil, fmt.Errorf("%s: receive: %w", ipmiDevice, err)
		}
		if got.id == c.last { // else it is late, from before
			return answer[:min(int(got.message.length), len(answer))], nil
		}
	}
}

func ioctl(fd int, request uintptr, argument unsafe.Pointer) error {
	if _, _, e := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), request, uintptr(argument)); e != 0 {
		return e
	}
	return nil
}
