package opserver

import (
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// broadcastOn lets a socket broadcast, and keeps it to one interface.
func broadcastOn(c syscall.RawConn, device string) error {
	var failed error
	err := c.Control(func(fd uintptr) {
		if err := unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_BROADCAST, 1); err != nil {
			failed = fmt.Errorf("allow broadcasts: %w", os.NewSyscallError("setsockopt", err))
			return
		}
		if err := unix.BindToDevice(int(fd), device); err != nil {
			failed = fmt.Errorf("bind to interface %s: %w", device, os.NewSyscallError("setsockopt", err))
		}
	})
	if err != nil {
		return err
	}
	return failed
}
