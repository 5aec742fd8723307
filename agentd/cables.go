package agentd

import (
	"cmp"
	"context"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/agentd/lldp"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

const (
	// cableLook is how often the interfaces are looked at without a reason: a
	// port that failed is tried again then.
	cableLook = 30 * time.Second
	// cablePause is how long a change waits for others: whoever keeps changing
	// what they say must not have us write as often.
	cablePause = 2 * time.Second
)

// cables speaks LLDP on each physical link, from before there is an address
// until the host has ended: who cannot get one may still say, and hear, where it
// is plugged in.
type cables struct {
	agent *agent
	news  chan struct{} // the neighbours or the links have changed
	end   func()

	mu      sync.Mutex
	host    string
	address netip.Addr
	ports   map[string]*cablePort
}

// cablePort is LLDP on one link.
type cablePort struct {
	link      Link
	again     chan struct{}
	stop      context.CancelFunc
	done      chan struct{}
	neighbors []lldp.PDU
	told      string // where it leads to, as was logged last
}

// start runs until stop. The end of ctx is not its end: the host still goes down then.
func (c *cables) start(ctx context.Context) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.run(ctx)
	}()
	c.end = func() {
		cancel()
		<-done
	}
}

// stop says goodbye on all links.
func (c *cables) stop() {
	if c.end != nil {
		c.end()
	}
}

// introduce changes what is said of the host.
func (c *cables) introduce(host string, address netip.Addr) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.host, c.address = host, address
	for _, p := range c.ports {
		nudge(p.again)
	}
}

func nudge(to chan struct{}) {
	select {
	case to <- struct{}{}:
	default:
	}
}

func (c *cables) run(ctx context.Context) {
	changes, err := c.agent.os.WatchLinks(ctx)
	if err != nil {
		c.agent.log.Warn("interfaces are looked at now and then only", "error", err)
	}
	look := time.NewTicker(cableLook)
	defer look.Stop()
	// After a write, calm is set and the next one waits for it.
	var calm <-chan time.Time
	pending := false
	for {
		c.follow(ctx)
		select {
		case <-ctx.Done():
			for _, p := range c.all() {
				<-p.done
			}
			return
		case _, open := <-changes:
			if !open {
				changes = nil
			}
			nudge(c.news)
		case <-look.C:
		case <-c.news:
			pending = true
		case <-calm:
			calm = nil
		}
		if pending && calm == nil {
			c.tell()
			c.agent.touch()
			pending, calm = false, time.After(cablePause)
		}
	}
}

// follow has a port on each physical link with a carrier, and on no other.
func (c *cables) follow(ctx context.Context) {
	if ctx.Err() != nil {
		return
	}
	links, err := c.agent.os.Links()
	if err != nil {
		c.agent.log.Warn("interfaces", "error", err)
		return
	}
	there := map[string]Link{}
	for _, l := range links {
		if l.Physical {
			there[l.Name] = l
		}
	}
	for _, p := range c.all() {
		if l, ok := there[p.link.Name]; !ok || !l.Up || l.MAC != p.link.MAC {
			p.stop()
			<-p.done
		}
	}
	for _, l := range there {
		switch {
		case !l.Up && l.MAC != c.agent.params.MAC:
			c.raise(l)
		case l.Up:
			c.plug(ctx, l)
		}
	}
}

// raise sets up an interface that the host does not use, so that it hears its
// neighbour. It takes no address from whoever advertises routes there.
func (c *cables) raise(l Link) {
	// Linux without IPv6 has no such file, and nothing to keep from it.
	_ = os.WriteFile(c.agent.path("/proc/sys/net/ipv6/conf/"+l.Name+"/accept_ra"), []byte("0"), 0o644)
	if err := c.agent.os.LinkUp(l.Name); err != nil {
		c.agent.log.Warn("an interface cannot be set up: its cable is not known", "error", err)
	}
}

func (c *cables) plug(ctx context.Context, l Link) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ports[l.Name] != nil {
		return
	}
	source, err := net.ParseMAC(l.MAC)
	if err != nil || len(source) != 6 {
		return // no Ethernet
	}
	conn, err := c.agent.os.LLDPConn(l)
	if err != nil {
		c.agent.log.Warn("LLDP", "error", err)
		return
	}
	ctx, stop := context.WithCancel(ctx)
	p := &cablePort{link: l, again: make(chan struct{}, 1), stop: stop, done: make(chan struct{})}
	if c.ports == nil {
		c.ports = map[string]*cablePort{}
	}
	c.ports[l.Name] = p
	port := lldp.Port{
		Conn: conn, Source: source, Again: p.again,
		Self:  func() lldp.PDU { return c.self(l) },
		Heard: func(n []lldp.PDU) { c.heard(p, n) },
	}
	go func() {
		defer close(p.done)
		defer stop()
		if err := port.Run(ctx); err != nil {
			c.agent.log.Warn("LLDP", "interface", l.Name, "error", err)
		}
		c.mu.Lock()
		delete(c.ports, l.Name)
		c.mu.Unlock()
		nudge(c.news)
	}()
}

// self is what the host says of itself on a link.
func (c *cables) self(l Link) lldp.PDU {
	c.mu.Lock()
	defer c.mu.Unlock()
	a := c.agent
	p := lldp.PDU{
		Port: lldp.ID{Text: l.Name}, PortDescription: l.MAC,
		System: c.host, Description: "Cthulix agentd " + a.cfg.Version,
		Capabilities: lldp.StationOnly, Enabled: lldp.StationOnly,
	}
	// All links are of one chassis: that which the opserver knows.
	p.Chassis.MAC, _ = net.ParseMAC(a.params.MAC)
	if a.params.Image != "" {
		p.Description += ", image " + a.params.Image.Short()
	}
	if c.address.IsValid() {
		p.Addresses = []netip.Addr{c.address}
	}
	return p
}

func (c *cables) heard(p *cablePort, n []lldp.PDU) {
	c.mu.Lock()
	p.neighbors = n
	c.mu.Unlock()
	nudge(c.news)
}

// tell logs where the host is plugged in, when that is news.
func (c *cables) tell() {
	for _, p := range c.all() {
		if where := c.where(p.link.Name); where != p.told {
			p.told = where
			c.agent.log.Info("cable", "interface", p.link.Name, "leads_to", where)
		}
	}
}

func (c *cables) all() []*cablePort {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([]*cablePort, 0, len(c.ports))
	for _, p := range c.ports {
		out = append(out, p)
	}
	return out
}

// neighbors are those heard on an interface.
func (c *cables) neighbors(name string) []ophub.Neighbor {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.ports[name]
	if p == nil {
		return nil
	}
	out := make([]ophub.Neighbor, len(p.neighbors))
	for i, n := range p.neighbors {
		out[i] = ophub.Neighbor{
			Chassis: n.Chassis.String(), Port: n.Port.String(), PortDescription: n.PortDescription,
			System: n.System, Description: n.Description, VLAN: n.VLAN,
		}
		for _, a := range n.Addresses {
			out[i].Addresses = append(out[i].Addresses, a.String())
		}
	}
	return out
}

// where says in words what an interface is plugged into; empty when nobody said so.
func (c *cables) where(name string) string {
	heard := c.neighbors(name)
	if len(heard) == 0 {
		return ""
	}
	n := heard[0]
	text := shorten(cmp.Or(n.System, n.Chassis), maxShown) + " " + shorten(n.Port, maxShown)
	if n.VLAN != 0 {
		text += ", untagged VLAN " + strconv.Itoa(n.VLAN)
	}
	return strings.TrimSpace(text)
}
