package opserver

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// Records is what the opserver uses of the ophub; *ophub.Hub has it.
type Records interface {
	WatchHosts(ctx context.Context) (<-chan []ophub.Host, error)
	Host(ctx context.Context, name string) (ophub.Host, error)
	HostByMAC(ctx context.Context, mac string) (ophub.Host, error)
	Kernel(ctx context.Context, name string) (ophub.Kernel, error)
	Release(ctx context.Context, name string) (ophub.Release, error)
	Boot(ctx context.Context, host string) (ophub.Boot, error)
	AppendBoot(ctx context.Context, host string, event ophub.Event) error
	BeginBoot(ctx context.Context, host string, budget ophub.Budget) (*ophub.Quarantine, error)
	Agents(ctx context.Context) ([]ophub.Agent, error)
	Leases(ctx context.Context) ([]ophub.Lease, error)
	Discovered(ctx context.Context) ([]ophub.Discovered, error)
	PutDiscovered(ctx context.Context, d ophub.Discovered) error
	DeleteDiscovered(ctx context.Context, mac string) error
	PutLease(ctx context.Context, lease ophub.Lease) error
	PutPool(ctx context.Context, p ophub.Pool) error
	DeleteLease(ctx context.Context, lease ophub.Lease) error
	Reap(ctx context.Context) error
}

// Range is the run of addresses that DHCP hands out, both ends included.
type Range struct{ First, Last netip.Addr }

// Contains reports whether a lies in the range.
func (r Range) Contains(a netip.Addr) bool {
	return r.First.Compare(a) <= 0 && a.Compare(r.Last) <= 0
}

// String is "10.20.0.100–10.20.0.199".
func (r Range) String() string { return r.First.String() + "–" + r.Last.String() }

// size is the number of addresses.
func (r Range) size() int { return int(number(r.Last)-number(r.First)) + 1 }

func (r Range) at(i int) netip.Addr {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], number(r.First)+uint32(i))
	return netip.AddrFrom4(b)
}

func number(a netip.Addr) uint32 {
	b := a.As4()
	return binary.BigEndian.Uint32(b[:])
}

// Config is what a Server needs. The server owns the sockets once it runs, and closes them when it ends.
type Config struct {
	Hub Records
	Keg keg.Store

	DHCP     net.PacketConn // receives what is sent to port 67, and can broadcast
	TFTP     net.PacketConn
	HTTP     net.Listener // faces the hosts
	Operator net.Listener // faces the operator; nil for none
	// OperatorToken is the bearer token that storing into the keg takes. Needed with Operator.
	OperatorToken string

	Address netip.Addr   // the server's own, on the hosts' network
	Prefix  netip.Prefix // the hosts' network
	// Range is what DHCP hands out; the zero Range is all of Prefix. Address and Router are never handed out.
	Range     Range
	Router    []netip.Addr
	DNS       []netip.Addr
	LeaseTime time.Duration // 1 h if zero

	// Firmware holds the network boot programs (undionly.kpxe, snponly.efi), such as os.DirFS("/usr/lib/ipxe").
	Firmware fs.FS
	// Discovery is the image of machines that no host record names; they are not answered if it is empty. Its agentd
	// tells what such a machine is made of, and waits for a record.
	Discovery keg.KID
	// SiteKey is LoadSiteKey's: hosts' Nomad identities come from it.
	SiteKey []byte
	// ConsulURL and NomadServers are what hosts are told.
	ConsulURL    string
	NomadServers []string

	Logger *slog.Logger // nil: discard
	Now    func() time.Time
}

const defaultLeaseTime = time.Hour

// complete checks the configuration and fills what it leaves open.
func (c *Config) complete() error {
	var problems []error
	bad := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }

	if c.Hub == nil {
		bad("no Hub")
	}
	if c.Keg == nil {
		bad("no Keg")
	}
	if c.DHCP == nil || c.TFTP == nil || c.HTTP == nil {
		bad("the DHCP, TFTP and HTTP sockets are all needed")
	}
	if c.Operator != nil && c.OperatorToken == "" {
		bad("an operator listener without an OperatorToken")
	}
	if c.Firmware == nil {
		bad("no Firmware: Debian's package ipxe has it in /usr/lib/ipxe")
	}
	if len(c.SiteKey) < siteKeySize {
		bad("a SiteKey of %d bytes: LoadSiteKey makes one of %d", len(c.SiteKey), siteKeySize)
	}
	if c.Discovery != "" && !c.Discovery.Valid() {
		bad("the Discovery image %q: want K- and 64 hexadecimal digits", c.Discovery)
	}
	if u, err := url.Parse(c.ConsulURL); err != nil || u.Scheme == "" || u.Host == "" {
		bad("ConsulURL %q is no URL that hosts could use, such as http://10.20.0.1:8500", c.ConsulURL)
	}
	if c.LeaseTime < 0 || c.LeaseTime > 0 && c.LeaseTime < time.Minute {
		bad("a LeaseTime of %v: at least a minute", c.LeaseTime)
	}
	problems = append(problems, c.completeAddresses()...)
	if c.LeaseTime == 0 {
		c.LeaseTime = defaultLeaseTime
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("opserver: configuration: %w", err)
	}
	return nil
}

func (c *Config) completeAddresses() []error {
	if !c.Address.Is4() {
		return []error{fmt.Errorf("the address %v: an IPv4 address is needed", c.Address)}
	}
	if !c.Prefix.IsValid() || !c.Prefix.Contains(c.Address) {
		return []error{fmt.Errorf("the address %v is not in the prefix %v", c.Address, c.Prefix)}
	}
	if c.Prefix.Bits() > 30 || c.Prefix.Bits() < 8 {
		return []error{fmt.Errorf("the prefix %v: between /8 and /30 is possible", c.Prefix)}
	}
	c.Prefix = c.Prefix.Masked()
	whole := Range{First: c.Prefix.Addr()}
	whole.Last = Range{First: whole.First}.at(1<<(32-c.Prefix.Bits()) - 1)
	hosts := Range{First: whole.First.Next(), Last: whole.Last.Prev()} // without network and broadcast address
	if c.Range == (Range{}) {
		c.Range = hosts
	}
	if !c.Range.First.Is4() || !c.Range.Last.Is4() || c.Range.Last.Less(c.Range.First) ||
		!hosts.Contains(c.Range.First) || !hosts.Contains(c.Range.Last) {
		return []error{fmt.Errorf("Range %v does not lie within %v, the host addresses of %v", c.Range, hosts, c.Prefix)}
	}
	for _, a := range append(append([]netip.Addr{}, c.Router...), c.DNS...) {
		if !a.Is4() {
			return []error{fmt.Errorf("router or DNS server %v: an IPv4 address is needed", a)}
		}
	}
	return nil
}
