package ophub

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/hashicorp/consul/api"
)

// ErrNotFound is wrapped by the error of a record that is not there.
var ErrNotFound = errors.New("no such record")

// ErrQuarantined is why a wait for a quarantined host ended.
var ErrQuarantined = errors.New("the host is in quarantine")

// InvalidError is a record that is wrong in itself.
type InvalidError struct {
	Kind, Name string // "host", "node1"
	Field      string // "macs[1]"
	Problem    string
}

// Error names the record, the field and what is wrong with it.
func (e *InvalidError) Error() string {
	return fmt.Sprintf("%s %q: %s: %s", e.Kind, e.Name, e.Field, e.Problem)
}

// ConflictError is a MAC address or a switch port that another host has.
type ConflictError struct {
	Host  string // the host that was to be stored
	Field string // "macs[1]" or "port"
	What  string // "MAC address 52:54:00:00:00:01", "port Gi1/0/1 of switch leaf1"
	Owner string // the host that has it
}

// Error names both hosts.
func (e *ConflictError) Error() string {
	return fmt.Sprintf("host %s: %s: %s belongs to host %s already", e.Host, e.Field, e.What, e.Owner)
}

// InUseError is a kernel that hosts still serve.
type InUseError struct {
	Kernel string
	Hosts  []string
}

// Error names the hosts.
func (e *InUseError) Error() string {
	return fmt.Sprintf("kernel %s is still served by %s: take it off those hosts first", e.Kernel, strings.Join(e.Hosts, ", "))
}

// LeaseTakenError is an address that another MAC holds.
type LeaseTakenError struct {
	Lease  Lease // what was to be stored
	Holder Lease // what is there
}

// Error names the holder.
func (e *LeaseTakenError) Error() string {
	return fmt.Sprintf("lease of %s for %s: %s (host %s) holds it until %s",
		e.Lease.IP, e.Lease.MAC, e.Holder.MAC, e.Holder.Host, e.Holder.Expires.UTC().Format("15:04:05 MST"))
}

// fail says what was tried on which ophub, what came back, and what to do.
func (h *Hub) fail(what string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("ophub at %s: %s: %w", h.address, what, err)
	}
	advice := ""
	var status api.StatusError
	var op *net.OpError
	switch {
	case errors.As(err, &status) && status.Code == http.StatusForbidden:
		advice = fmt.Sprintf("; give the ophub a token that may use keys under %s, sessions, nodes and services", h.prefix)
	case errors.As(err, &status) && strings.Contains(status.Body, "No cluster leader"):
		advice = "; Consul's servers have no leader: see that a majority of them runs"
	case errors.As(err, &op) && op.Op == "dial":
		advice = "; is Consul running there?"
	case errors.Is(err, context.DeadlineExceeded):
		advice = "; Consul did not answer in time"
	}
	return fmt.Errorf("ophub at %s: %s: %w%s", h.address, what, err, advice)
}

// isInvalidSession tells that Consul refused a lock since the session is gone,
// isMissingNode that it refused a session since its node is. Consul has no
// codes for these, only texts.
func isInvalidSession(err error) bool { return consulSays(err, "invalid session") }
func isMissingNode(err error) bool    { return consulSays(err, "issing node") }

func consulSays(err error, text string) bool {
	var status api.StatusError
	return errors.As(err, &status) && status.Code == http.StatusInternalServerError && strings.Contains(status.Body, text)
}
