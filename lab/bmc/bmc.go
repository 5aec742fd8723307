// Package bmc is the lab's management controller: it speaks IPMI 2.0 on a packet connection and works the power
// button and boot setting of a machine.Chassis.
package bmc

import (
	"context"
	"errors"
	"log/slog"
	"net"

	"github.com/cthulix/terraform-provider-cthulix/lab/machine"
)

// Config of a controller.
type Config struct {
	// Name is used in messages and for the controller's identifier.
	Name string
	// Username and Password of its administrator. A name has 16 bytes at most, a password 20.
	Username, Password string
	// CipherSuites that it accepts; default 17 and 3.
	CipherSuites []int
	// Logger gets each command. Nil discards.
	Logger *slog.Logger
}

// Counts are how often things were asked of a controller.
type Counts struct {
	// On, Off, Soft, Cycle and Reset count the power verbs that arrived, also those that were refused.
	On, Off, Soft, Cycle, Reset int
	// SetBoot counts changes of the boot flags.
	SetBoot int
	// Logins counts log-ins that were begun; Sessions those that succeeded.
	Logins, Sessions int
	// Commands counts all commands inside and outside of sessions.
	Commands int
}

// BMC is a controller.
type BMC struct{ cfg Config }

// New returns a controller for chassis.
func New(cfg Config, chassis machine.Chassis) (*BMC, error) { return &BMC{cfg: cfg}, nil }

// Serve answers on conn until ctx ends; then it closes conn and returns nil.
func (b *BMC) Serve(ctx context.Context, conn net.PacketConn) error {
	return errors.New("bmc: not built yet")
}

// Counts returns what was asked so far.
func (b *BMC) Counts() Counts { return Counts{} }

// Serve runs a controller for chassis on conn until ctx ends.
func Serve(ctx context.Context, conn net.PacketConn, cfg Config, chassis machine.Chassis) error {
	b, err := New(cfg, chassis)
	if err != nil {
		return err
	}
	return b.Serve(ctx, conn)
}
