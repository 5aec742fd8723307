package ophub

import (
	"errors"
	"fmt"
	"strings"
)

// ErrNotFound is wrapped by the error of a record that is not there.
var ErrNotFound = errors.New("no such record")

var errUnbuilt = errors.New("ophub: not built yet")

// InvalidError is a record that is wrong in itself.
type InvalidError struct {
	Kind, Name string // "host", "node1"
	Field      string // "macs[1]"
	Problem    string
}

func (e *InvalidError) Error() string {
	return fmt.Sprintf("%s %s: %s: %s", e.Kind, e.Name, e.Field, e.Problem)
}

// ConflictError is a MAC address or a switch port that another host has.
type ConflictError struct {
	Host  string // the host that was to be stored
	Field string // "macs[1]" or "port"
	What  string // "MAC address 52:54:00:00:00:01", "port Gi1/0/1 of switch leaf1"
	Owner string // the host that has it
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("host %s: %s: %s belongs to host %s already", e.Host, e.Field, e.What, e.Owner)
}

// InUseError is a kernel that hosts still serve.
type InUseError struct {
	Kernel string
	Hosts  []string
}

func (e *InUseError) Error() string {
	return fmt.Sprintf("kernel %s is still served by %s: take it off those hosts first", e.Kernel, strings.Join(e.Hosts, ", "))
}

// LeaseTakenError is an address that another MAC holds.
type LeaseTakenError struct {
	Lease  Lease // what was to be stored
	Holder Lease // what is there
}

func (e *LeaseTakenError) Error() string {
	return fmt.Sprintf("lease of %s for %s: %s (host %s) holds it until %s",
		e.Lease.IP, e.Lease.MAC, e.Holder.MAC, e.Holder.Host, e.Holder.Expires.UTC().Format("15:04:05 MST"))
}
