//go:build unix && !linux

package machine

import "syscall"

// attributes keep a terminal's Ctrl-C from QEMU.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
