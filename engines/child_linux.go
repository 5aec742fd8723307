package engines

import "syscall"

// childAttr keeps terminal signals from the child, whose supervisor stops it in
// order, and ends it when the supervisor is killed.
func childAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
