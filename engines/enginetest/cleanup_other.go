//go:build !linux

package enginetest

// CleanUp has nothing to do where allocations have no mounts.
func (c Clients) CleanUp() {}
