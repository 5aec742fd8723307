package agentd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/insomniacslk/dhcp/dhcpv4/nclient4"
)

// lease is what the DHCP server granted.
type lease struct {
	Network
	DNS    []netip.Addr
	Domain string
	// Renew is when to ask the server that gave it to extend the lease, Rebind
	// when to ask any server, Expires when it may be used no more.
	Renew, Rebind, Expires time.Time
	grant                  *nclient4.Lease
}

// How long one exchange waits for its first answer, and how often it asks: 2,
// then 4 seconds, after which a new exchange begins.
const (
	dhcpTimeout = 2 * time.Second
	dhcpTries   = 2
)

// dhcpExchange opens a client for one exchange only. A client that stays would
// look at every packet that the interface receives.
func (a *agent) dhcpExchange(link Link, do func(*nclient4.Client) (*nclient4.Lease, error)) (lease, error) {
	mac, err := net.ParseMAC(link.MAC)
	if err != nil {
		return lease{}, err
	}
	conn, err := a.os.DHCPConn(link)
	if err != nil {
		return lease{}, err
	}
	client, err := nclient4.NewWithConn(conn, mac, nclient4.WithTimeout(dhcpTimeout), nclient4.WithRetry(dhcpTries))
	if err != nil {
		conn.Close()
		return lease{}, err
	}
	defer client.Close()
	grant, err := do(client)
	if errors.Is(err, nclient4.ErrNoResponse) {
		err = errors.New("no answer")
	}
	if err != nil {
		return lease{}, fmt.Errorf("DHCP on %s (%s): %w", link.Name, link.MAC, err)
	}
	l, err := readGrant(grant)
	if err != nil {
		return lease{}, fmt.Errorf("DHCP on %s (%s): answer of %s: %w", link.Name, link.MAC, grant.ACK.ServerIPAddr, err)
	}
	return l, nil
}

// acquire asks any server for an address. The one that knows this host gives
// the same again.
func (a *agent) acquire(ctx context.Context, link Link) (lease, error) {
	return a.dhcpExchange(link, func(c *nclient4.Client) (*nclient4.Lease, error) {
		return c.Request(ctx, a.dhcpOptions)
	})
}

// renew asks the server that gave the lease to extend it.
func (a *agent) renew(ctx context.Context, link Link, old lease) (lease, error) {
	return a.dhcpExchange(link, func(c *nclient4.Client) (*nclient4.Lease, error) {
		return c.Renew(ctx, old.grant, a.dhcpOptions)
	})
}

func (a *agent) dhcpOptions(p *dhcpv4.DHCPv4) {
	p.UpdateOption(dhcpv4.OptHostName(a.params.Host))
	p.UpdateOption(dhcpv4.OptClassIdentifier("cthulix-agentd"))
}

func readGrant(grant *nclient4.Lease) (lease, error) {
	ack := grant.ACK
	addr, ok := netip.AddrFromSlice(ack.YourIPAddr.To4())
	if !ok || addr.IsUnspecified() {
		return lease{}, errors.New("no address in it")
	}
	mask := ack.SubnetMask()
	bits, size := mask.Size()
	if size != 32 {
		return lease{}, fmt.Errorf("subnet mask %v is none", mask)
	}
	l := lease{Network: Network{Address: netip.PrefixFrom(addr, bits)}, Domain: ack.DomainName(), grant: grant}
	if routers := ack.Router(); len(routers) > 0 {
		l.Router, _ = netip.AddrFromSlice(routers[0].To4())
	}
	for _, ip := range ack.DNS() {
		if dns, ok := netip.AddrFromSlice(ip.To4()); ok {
			l.DNS = append(l.DNS, dns)
		}
	}
	if mtu, err := dhcpv4.GetUint16(dhcpv4.OptionInterfaceMTU, ack.Options); err == nil && mtu >= 576 {
		l.MTU = int(mtu)
	}
	term := ack.IPAddressLeaseTime(time.Hour)
	renew := ack.IPAddressRenewalTime(term / 2)
	if renew <= 0 || renew > term {
		renew = term / 2
	}
	at := grant.CreationTime
	l.Renew, l.Rebind, l.Expires = at.Add(renew), at.Add(term-(term-renew)/4), at.Add(term)
	return l, nil
}
