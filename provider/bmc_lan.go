package provider

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/ipmi"
)

const (
	// arrival is how long a controller may take to turn up after a change of its network.
	arrival = time.Minute
	// arrivalLook bounds one look, arrivalPause is between two.
	arrivalLook  = 8 * time.Second
	arrivalPause = time.Second
)

// move changes the network configuration and returns the controller where it is
// found afterwards. home is the address that the configuration gives it.
func (c *controller) move(ctx context.Context, change ipmi.LANChange, before ipmi.LAN, home string) (*controller, error) {
	if change == (ipmi.LANChange{}) {
		return c, nil
	}
	err := c.bmc.SetLAN(ctx, 0, change)
	var moved *ipmi.MovedError
	if err != nil && !errors.As(err, &moved) {
		return c, err
	}
	if err == nil && home == c.address {
		return c, nil // it answers where it always did
	}
	places := []string{home}
	if change.Address != nil {
		places = append(places, besides(home, change.Address.String()))
	}
	if home != c.address {
		places = append(places, c.address)
	}
	places = slices.Compact(places)
	began := time.Now()
	there, last := c.await(ctx, places, change, before)
	if there != nil {
		return there, nil
	}
	return c, &lostError{
		sent: describeLAN(change), before: before, from: c.address, places: places,
		waited: time.Since(began), err: errors.Join(err, last),
	}
}

// besides is another host with the port of an address.
func besides(address, host string) string {
	if _, port, err := net.SplitHostPort(address); err == nil {
		return net.JoinHostPort(host, port)
	}
	return host
}

// hostOf is an address without its port.
func hostOf(address string) string {
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return strings.Trim(address, "[]")
}

// await looks for the controller at each place in turn, until it answers with
// the change in force.
func (c *controller) await(ctx context.Context, places []string, change ipmi.LANChange, before ipmi.LAN) (*controller, error) {
	ctx, cancel := context.WithTimeout(ctx, arrival)
	defer cancel()
	pause := time.NewTicker(arrivalPause)
	defer pause.Stop()
	var last error
	for {
		for _, place := range places {
			there, err := c.at(place)
			if err != nil {
				return nil, err
			}
			look, done := context.WithTimeout(ctx, arrivalLook)
			lan, err := there.bmc.LAN(look, 0)
			done()
			switch {
			case err != nil:
				last = err
			case before.MAC != nil && lan.MAC != nil && before.MAC.String() != lan.MAC.String():
				last = fmt.Errorf("at %s there is another controller, with the MAC address %s", place, lan.MAC)
			case !inForce(change, lan):
				last = fmt.Errorf("at %s it answers without the change: %s", place, describeIs(lan))
			default:
				return there, nil
			}
		}
		select {
		case <-pause.C:
		case <-ctx.Done():
			return nil, last
		}
	}
}

func inForce(c ipmi.LANChange, now ipmi.LAN) bool {
	return (c.Source == nil || *c.Source == now.Source) && (c.Address == nil || *c.Address == now.Address) &&
		(c.Mask == nil || *c.Mask == now.Mask) && (c.Gateway == nil || *c.Gateway == now.Gateway) && (c.VLAN == nil || *c.VLAN == now.VLAN)
}

// lostError says that a controller was told to move and has not been seen since.
type lostError struct {
	sent   string
	before ipmi.LAN
	from   string
	places []string
	waited time.Duration
	err    error
}

func (e *lostError) Error() string {
	return fmt.Sprintf("The controller at %s was sent %s, and was not found at %s within %s: %v\n\n"+
		"If it is on its way, or its new network is not up yet, make it reachable, set address to where it is, and apply again: what is done already is not sent again. "+
		"To get back without the network, tell it from the machine that it sits in, over its in-band interface; it had %s. "+
		"If it has lost its address, its MAC address is %s: look for it in the DHCP server's leases.",
		e.from, e.sent, list(e.places), since(e.waited), e.err, describeIs(e.before), e.before.MAC)
}

func (e *lostError) Unwrap() error { return e.err }

// describeLAN says what a change sends.
func describeLAN(c ipmi.LANChange) string {
	var parts []string
	if c.Source != nil {
		parts = append(parts, "source "+string(*c.Source))
	}
	if c.Address != nil {
		parts = append(parts, "address "+c.Address.String())
	}
	if c.Mask != nil {
		parts = append(parts, "netmask "+c.Mask.String())
	}
	if c.Gateway != nil {
		parts = append(parts, "gateway "+c.Gateway.String())
	}
	if c.VLAN != nil {
		parts = append(parts, "VLAN "+strconv.Itoa(*c.VLAN))
	}
	return list(parts)
}

// describeIs says how a network configuration is.
func describeIs(l ipmi.LAN) string {
	return describeLAN(ipmi.LANChange{Source: &l.Source, Address: &l.Address, Mask: &l.Mask, Gateway: &l.Gateway, VLAN: &l.VLAN})
}
