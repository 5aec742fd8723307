// Package netstack gives the process an IP address of its own on a lab
// network: a TCP/IP stack in user space (gVisor's) on a wire.Endpoint, with the
// listeners and dialers that Go programs know. It needs no privilege and no
// network interface of the machine it runs on.
package netstack
