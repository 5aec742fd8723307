package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
)

// cabling is what a switch sees at the ends of its cables.
type cabling struct {
	neighbors []fabric.Neighbor
	addresses []fabric.MACEntry
}

// cables reads what the switch sees, once for all that ask in this walk.
func (d *device) cables(ctx context.Context) (cabling, error) {
	release, err := d.acquire(ctx)
	if err != nil {
		return cabling{}, err
	}
	defer release()
	if d.cabled == nil && d.refusal == nil {
		seen, err := d.readCables(ctx)
		if err != nil {
			return cabling{}, err
		}
		d.cabled = &seen
	}
	if d.refusal != nil {
		return cabling{}, d.refusal
	}
	return *d.cabled, nil
}

func (d *device) readCables(ctx context.Context) (seen cabling, err error) {
	s, err := d.pool.Dial(ctx, d.target)
	if err != nil {
		return seen, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if seen.neighbors, err = s.Neighbors(ctx); err != nil {
		return seen, err
	}
	seen.addresses, err = s.MACTable(ctx)
	return seen, err
}

// elsewhere says where a switch sees a host that should be at port, if it is
// seen somewhere else and not there. What comes in by a member of a port-channel
// is seen on the port-channel.
func (c cabling) elsewhere(host string, macs []string, port string, ports map[string]fabric.Port) []string {
	same := func(name string) bool {
		group := ports[port].Group()
		return name == port || group != 0 && name == fabric.ChannelName(group)
	}
	var out []string
	found := false
	note := func(name, how string) {
		if same(name) {
			found = true
			return
		}
		// What is no port that the switch was told of is its own processor.
		if _, known := ports[name]; known {
			out = append(out, fmt.Sprintf("%s: %s", name, how))
		}
	}
	for _, e := range c.addresses {
		if slices.Contains(macs, e.MAC) {
			for _, name := range e.Ports {
				note(name, fmt.Sprintf("its address %s is learned there in VLAN %d", e.MAC, e.VLAN))
			}
		}
	}
	for _, n := range c.neighbors {
		if n.LocalPort != "" && (n.Name == host || slices.Contains(macs, n.ChassisID)) {
			note(n.LocalPort, fmt.Sprintf("it says so itself, by %s", n.Protocol))
		}
	}
	if found {
		return nil
	}
	slices.Sort(out)
	return slices.Compact(out)
}
