package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/fabric"
	"github.com/cthulix/terraform-provider-cthulix/fabric/dialect"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// linkLimit is how long a switch may take to tell of the port of a host that
// did not come up.
const linkLimit = 20 * time.Second

// viewAge is how old a look at the ports may be: hosts of one switch that fail
// together share it.
const viewAge = 5 * time.Second

// portsView is what a switch says of its ports at one time.
type portsView struct {
	at    time.Time
	ports map[string]fabric.Port
	links map[string]fabric.Link
}

// portView is what a switch says of a host's port now.
type portView struct {
	port fabric.Port
	link fabric.Link
}

// viewPort looks at a port anew: since the walk began somebody may have changed
// it, and what is behind it came up or went.
func (d *device) viewPort(ctx context.Context, name string) (portView, error) {
	release, err := d.acquire(ctx)
	if err != nil {
		return portView{}, err
	}
	defer release()
	if d.viewed == nil || time.Since(d.viewed.at) > viewAge {
		seen, err := d.read(ctx)
		if err != nil {
			return portView{}, err
		}
		links, err := dialect.Links(ctx, d.target, d.pool)
		if err != nil {
			return portView{}, err
		}
		d.viewed = &portsView{time.Now(), seen.Ports, links}
	}
	port, there := d.viewed.ports[name]
	if !there {
		return portView{}, fmt.Errorf("%s has no port %s", d.name, name)
	}
	return portView{port, d.viewed.links[name]}, nil
}

// blamePort asks the switch about a host that was never heard of: the machine
// cannot tell itself that its cable is out, or leads to another VLAN.
func (h *machine) blamePort(ctx context.Context, err error) {
	var silent *ophub.NotReady
	if h.record.Port == "" || !errors.As(err, &silent) || silent.Stage != ophub.NoDHCPText {
		return
	}
	d, err := h.site.device(h.record.Switch)
	if err != nil {
		return // a switch that nobody told the provider of
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), linkLimit)
	defer cancel()
	where := fmt.Sprintf("port %s of %s", h.record.Port, h.record.Switch)
	v, err := d.viewPort(ctx, h.record.Port)
	if err != nil {
		silent.Evidence += fmt.Sprintf("; %s could not be looked at: %v", where, err)
		return
	}
	v.blame(silent, where, h.record)
}

// blame adds to a failure what the port says of it.
func (v portView) blame(silent *ophub.NotReady, where string, h ophub.Host) {
	var evidence, hint string
	switch problem := v.link.Problem(); problem {
	case fabric.LinkUp:
		evidence, hint = v.connected(h)
	case fabric.LinkShut:
		evidence, hint = problem, "find out who shut it, and let a resource own the port, or enter `no shutdown` there"
	case fabric.LinkError:
		evidence, hint = problem, "`show interfaces status err-disabled` tells why, such as a BPDU or port security"
	case fabric.LinkInactive:
		evidence, hint = problem, "declare its VLAN with a cthulix_vlan, or enter it on the switch"
	default:
		evidence = fmt.Sprintf("%s (%s)", problem, orNone(v.link.Status))
		hint = "check that its cable leads to this host, that the host is on, and that its network card has power and boots"
	}
	if v.link.Problem() != fabric.LinkUp {
		silent.Stage = ophub.NoLinkText
	}
	silent.Evidence += fmt.Sprintf("; %s is %s", where, evidence)
	if hint != "" {
		silent.Hint = hint
	}
}

// connected says what is behind a port that has a link. Without a hint it has
// nothing to say on the cause.
func (v portView) connected(h ophub.Host) (evidence, hint string) {
	if problem := cableProblem(v.port, h.VLAN); problem != "" {
		return "connected, but " + problem, fmt.Sprintf("the host's record says VLAN %d: correct the port, or the host's vlan", h.VLAN)
	}
	var others []string
	for _, e := range v.link.Seen {
		if slices.Contains(h.MACs, e.MAC) {
			return fmt.Sprintf("connected, and has heard %s in VLAN %d", e.MAC, e.VLAN),
				"the host speaks, and the opserver does not hear it: check that this VLAN reaches the opserver, and DHCP snooping and relays on the way"
		}
		others = append(others, e.MAC)
	}
	if len(others) > 0 {
		slices.Sort(others)
		return "connected, and has heard " + strings.Join(slices.Compact(others), ", "),
			fmt.Sprintf("none of that is %s: correct the host's macs, or its port", strings.Join(h.MACs, " or "))
	}
	return "connected, and has heard nobody", ""
}
