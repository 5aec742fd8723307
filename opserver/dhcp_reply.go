package opserver

import (
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
)

// answer is everything that goes into an offer or an acknowledgement.
type answer struct {
	address  netip.Addr // zero for the answer to an INFORM, which keeps its own
	hostname string
	bootFile string
	lease    time.Duration
}

// reply builds the answer of the given type to a request. It never sends option 60 = PXEClient: EDK2 would go and look
// for a boot server at port 4011. It does send option 60 = HTTPClient to those who sent it: EDK2 ignores the offer
// without it.
func (d *dhcpServer) reply(request *dhcpv4.DHCPv4, t dhcpv4.MessageType, a answer) (*dhcpv4.DHCPv4, error) {
	options := []dhcpv4.Modifier{
		dhcpv4.WithMessageType(t),
		dhcpv4.WithOption(dhcpv4.OptServerIdentifier(ip(d.Address))),
		dhcpv4.WithNetmask(net.CIDRMask(d.Prefix.Bits(), 32)),
		dhcpv4.WithOption(dhcpv4.OptBroadcastAddress(ip(Range{First: d.Prefix.Addr()}.at(1<<(32-d.Prefix.Bits()) - 1)))),
	}
	if a.address.IsValid() {
		options = append(options, dhcpv4.WithYourIP(ip(a.address)), dhcpv4.WithLeaseTime(uint32(a.lease/time.Second)))
	} else {
		options = append(options, dhcpv4.WithClientIP(request.ClientIPAddr))
	}
	if len(d.Router) > 0 {
		options = append(options, dhcpv4.WithOption(dhcpv4.OptRouter(ips(d.Router)...)))
	}
	if len(d.DNS) > 0 {
		options = append(options, dhcpv4.WithOption(dhcpv4.OptDNS(ips(d.DNS)...)))
	}
	if a.hostname != "" {
		options = append(options, dhcpv4.WithOption(dhcpv4.OptHostName(a.hostname)))
	}
	if a.bootFile != "" {
		options = append(options, d.bootOptions(request, a.bootFile)...)
	}
	m, err := dhcpv4.NewReplyFromRequest(request, options...)
	if err != nil {
		return nil, fmt.Errorf("build DHCP %v: %w", t, err)
	}
	return m, nil
}

// bootOptions say what to load and from where, in the header for old firmware and as options for the rest.
func (d *dhcpServer) bootOptions(request *dhcpv4.DHCPv4, file string) []dhcpv4.Modifier {
	options := []dhcpv4.Modifier{
		dhcpv4.WithServerIP(ip(d.Address)),
		func(m *dhcpv4.DHCPv4) { m.BootFileName = file },
		dhcpv4.WithOption(dhcpv4.OptBootFileName(file)),
	}
	switch classify(request).booter {
	case pxeFirmware:
		options = append(options, dhcpv4.WithOption(dhcpv4.OptTFTPServerName(d.Address.String())))
	case httpFirmware:
		options = append(options, dhcpv4.WithOption(dhcpv4.OptClassIdentifier(classHTTP)))
	case ipxe:
		options = append(options, dhcpv4.WithGeneric(dhcpv4.OptionEtherboot, noPXEDHCP))
	}
	return options
}

// refusal tells a client that its address is not, or no longer, its own.
func (d *dhcpServer) refusal(request *dhcpv4.DHCPv4, why string) (*dhcpv4.DHCPv4, error) {
	m, err := dhcpv4.NewReplyFromRequest(request,
		dhcpv4.WithMessageType(dhcpv4.MessageTypeNak),
		dhcpv4.WithOption(dhcpv4.OptServerIdentifier(ip(d.Address))),
		dhcpv4.WithOption(dhcpv4.OptMessage(why)),
		dhcpv4.WithBroadcast(true), // a relay passes it on as a broadcast, since the client has no address
	)
	if err != nil {
		return nil, fmt.Errorf("build DHCP refusal: %w", err)
	}
	return m, nil
}

// destination is where a reply goes (RFC 2131, section 4.1), but that clients without an address get broadcasts: their
// hardware address could be used with a raw socket only, and all firmware takes broadcasts.
func destination(request, reply *dhcpv4.DHCPv4) *net.UDPAddr {
	switch {
	case !unset(request.GatewayIPAddr):
		return &net.UDPAddr{IP: request.GatewayIPAddr, Port: dhcpv4.ServerPort}
	case reply.MessageType() != dhcpv4.MessageTypeNak && !unset(request.ClientIPAddr) && !request.IsBroadcast():
		return &net.UDPAddr{IP: request.ClientIPAddr, Port: dhcpv4.ClientPort}
	}
	return &net.UDPAddr{IP: net.IPv4bcast, Port: dhcpv4.ClientPort}
}

func unset(a net.IP) bool { return a == nil || a.IsUnspecified() }

func ip(a netip.Addr) net.IP { return net.IP(a.AsSlice()) }

func ips(as []netip.Addr) []net.IP {
	out := make([]net.IP, len(as))
	for i, a := range as {
		out[i] = ip(a)
	}
	return out
}

// address reads an IPv4 address out of a message; zero if it has none.
func address(a net.IP) netip.Addr {
	addr, ok := netip.AddrFromSlice(a)
	addr = addr.Unmap()
	if !ok || addr.IsUnspecified() {
		return netip.Addr{}
	}
	return addr
}
