//go:build !linux

package opserver

import (
	"errors"
	"syscall"
)

// broadcastOn is Linux's alone: elsewhere a socket cannot be kept to one interface in this way.
func broadcastOn(syscall.RawConn, string) error {
	return errors.New("a real opserver runs on Linux only; the lab runs everywhere")
}
