package opserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/insomniacslk/dhcp/iana"
	"golang.org/x/sync/errgroup"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

const (
	// Each machine's packets are handled in order by one of these workers; a packet that finds its worker's queue
	// full is dropped, since its sender repeats it.
	dhcpWorkers = 16
	dhcpQueue   = 64
	dhcpTimeout = 3 * time.Second // for the record of a lease; clients repeat after 2 to 4 s
)

// dhcpServer answers machines that are on record, and nobody else.
type dhcpServer struct {
	*Config
	baseURL   string
	hosts     *directory
	table     *leases
	strangers *strangers
	discovery *discovery
	publish   func(host, key string, event ophub.Event)
	log       *slog.Logger
	queues    [dhcpWorkers]chan dhcpRequest
}

type dhcpRequest struct {
	message *dhcpv4.DHCPv4
	mac     string
	host    ophub.Host
	client  client
}

// serve answers until ctx ends or the socket fails.
func (d *dhcpServer) serve(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for i := range d.queues {
		queue := make(chan dhcpRequest, dhcpQueue)
		d.queues[i] = queue
		group.Go(func() error {
			for {
				select {
				case <-ctx.Done():
					return nil
				case request := <-queue:
					d.handle(ctx, request)
				}
			}
		})
	}
	group.Go(func() error { return readPackets(ctx, d.DHCP, 4096, d.packet) })
	return group.Wait()
}

// packet sorts out what is not for this server, and queues the rest.
func (d *dhcpServer) packet(p []byte, peer netip.AddrPort) {
	m, err := dhcpv4.FromBytes(p)
	if err != nil {
		d.log.Debug("dhcp: packet ignored", "peer", peer, "bytes", len(p), "error", err)
		return
	}
	if reason := d.unfit(m); reason != "" {
		d.log.Debug("dhcp: packet ignored", "peer", peer, "mac", m.ClientHWAddr, "reason", reason)
		return
	}
	if !d.hosts.known() {
		d.log.Debug("dhcp: packet ignored", "peer", peer, "mac", m.ClientHWAddr, "reason", "the records have not been read yet")
		return
	}
	request := dhcpRequest{message: m, mac: m.ClientHWAddr.String(), client: classify(m)}
	host, ok := d.hosts.byMAC(request.mac)
	if !ok {
		if host, ok = d.welcome(request.mac, request.client); !ok {
			return
		}
	}
	request.host = host
	select {
	case d.queues[hash(request.mac)%dhcpWorkers] <- request:
	default:
		d.log.Warn("dhcp: packet dropped: too much to do", "mac", request.mac, "host", host.Name)
	}
}

// welcome notes a machine that is on no record, and says as which guest it is answered, if it is.
func (d *dhcpServer) welcome(mac string, c client) (ophub.Host, bool) {
	admitted := !d.hosts.ambiguous(mac) && d.discovery.admit(mac, d.Now())
	d.strangers.note(mac, c.String(), admitted, d.Now())
	if !admitted {
		return ophub.Host{}, false
	}
	return d.discovery.guest(mac)
}

// unfit says why a message is not to be answered, if it is not.
func (d *dhcpServer) unfit(m *dhcpv4.DHCPv4) string {
	relay := address(m.GatewayIPAddr)
	switch {
	case m.OpCode != dhcpv4.OpcodeBootRequest:
		return "no request"
	case m.HWType != iana.HWTypeEthernet || len(m.ClientHWAddr) != 6:
		return "no Ethernet address"
	case m.MessageType() == dhcpv4.MessageTypeNone:
		return "no DHCP message type"
	case relay.IsValid() && !d.Prefix.Contains(relay):
		return "relayed from another network"
	}
	return ""
}

func (d *dhcpServer) handle(ctx context.Context, r dhcpRequest) {
	ctx, cancel := context.WithTimeout(ctx, dhcpTimeout)
	defer cancel()
	var reply *dhcpv4.DHCPv4
	var err error
	switch r.message.MessageType() {
	case dhcpv4.MessageTypeDiscover:
		reply, err = d.discover(r)
	case dhcpv4.MessageTypeRequest:
		reply, err = d.request(ctx, r)
	case dhcpv4.MessageTypeInform:
		file, _ := d.bootFile(r)
		reply, err = d.reply(r.message, dhcpv4.MessageTypeAck, answer{hostname: r.host.Name, bootFile: file})
	case dhcpv4.MessageTypeDecline:
		wanted := address(r.message.RequestedIPAddress())
		d.log.Warn("dhcp: the client found its address in use by another machine", "host", r.host.Name, "mac", r.mac, "address", wanted)
		err = d.table.decline(ctx, wanted, r.mac)
	case dhcpv4.MessageTypeRelease:
		err = d.table.release(ctx, address(r.message.ClientIPAddr), r.mac)
	}
	if err != nil {
		d.log.Error("dhcp: not answered", "host", r.host.Name, "mac", r.mac, "type", r.message.MessageType(), "error", err)
		return
	}
	if reply != nil {
		d.send(r, reply)
	}
}

func (d *dhcpServer) send(r dhcpRequest, reply *dhcpv4.DHCPv4) {
	to := destination(r.message, reply)
	if _, err := d.DHCP.WriteTo(reply.ToBytes(), to); err != nil && !errors.Is(err, net.ErrClosed) {
		d.log.Error("dhcp: answer not sent", "host", r.host.Name, "mac", r.mac, "to", to, "error", err)
	}
}

// discover offers an address.
func (d *dhcpServer) discover(r dhcpRequest) (*dhcpv4.DHCPv4, error) {
	a, err := d.table.offer(r.mac)
	if err != nil {
		if errors.Is(err, errRangeFull) {
			d.note(r, "no address", "", fmt.Sprintf("%v asks for an address, but %v: widen the range or remove host records", r.client, err))
		}
		return nil, err
	}
	file, _ := d.bootFile(r)
	d.note(r, "offer", a.String(), fmt.Sprintf("%v is offered %v", r.client, a))
	return d.reply(r.message, dhcpv4.MessageTypeOffer, answer{a, r.host.Name, file, d.LeaseTime})
}

// request leases the address that the client asks for, or refuses it (RFC 2131, section 4.3.2).
func (d *dhcpServer) request(ctx context.Context, r dhcpRequest) (*dhcpv4.DHCPv4, error) {
	m := r.message
	if server := address(m.ServerIdentifier()); server.IsValid() && server != d.Address {
		return nil, nil // it chose another server's offer
	}
	wanted := address(m.RequestedIPAddress())
	if !wanted.IsValid() {
		wanted = address(m.ClientIPAddr)
	}
	lease, err := d.table.take(ctx, wanted, r.mac, r.host.Name)
	if errors.Is(err, errNotYours) {
		d.log.Warn("dhcp: address refused", "host", r.host.Name, "mac", r.mac, "address", wanted, "error", err)
		return d.refusal(m, "this address is not yours: ask anew")
	}
	if err != nil {
		return nil, err
	}
	file, reason := d.bootFile(r)
	d.leased(r, wanted, file, reason)
	return d.reply(m, dhcpv4.MessageTypeAck, answer{wanted, r.host.Name, file, lease})
}

// leased publishes what a machine was given.
func (d *dhcpServer) leased(r dhcpRequest, a netip.Addr, file, reason string) {
	if r.client.booter == system {
		d.leasedToSystem(r, a)
		return
	}
	detail := fmt.Sprintf("%v has %v and is to load %s", r.client, a, file)
	if file == "" {
		detail = fmt.Sprintf("%v has %v and nothing to load: %s", r.client, a, reason)
	}
	if kind := r.client.firmware(); kind != "" && r.host.Firmware != "" && kind != r.host.Firmware {
		detail += fmt.Sprintf(" (its record says firmware %s, it says %s)", r.host.Firmware, kind)
	}
	d.note(r, "lease", a.String(), detail)
}

// leasedToSystem publishes that an operating system runs: the image's Linux, or one that the machine has booted from
// elsewhere when it should have come here. It is evidence that the machine runs, and no step of a network boot. A
// renewal is not worth it.
func (d *dhcpServer) leasedToSystem(r dhcpRequest, a netip.Addr) {
	if !unset(r.message.ClientIPAddr) {
		return
	}
	d.publish(r.host.Name, "system "+r.mac, ophub.Event{
		Stage: ophub.StagePower, MAC: r.mac, Address: a.String(),
		Detail: "an operating system runs and has asked for an address, not for a network boot",
	})
}

// bootFile is what the client shall load, or why nothing.
func (d *dhcpServer) bootFile(r dhcpRequest) (file, reason string) {
	if r.host.Image == "" {
		return "", "its record names no image"
	}
	return r.client.bootFile(d.baseURL, r.mac)
}

// note publishes a DHCP stage of a machine that boots from the network.
func (d *dhcpServer) note(r dhcpRequest, what, address, detail string) {
	if r.client.booter == system {
		return
	}
	key := fmt.Sprintf(dhcpKey+"%s %v %s", what, r.message.TransactionID, r.mac)
	d.publish(r.host.Name, key, ophub.Event{
		Stage: ophub.StageDHCP, Detail: detail, MAC: r.mac, Address: address, Image: r.host.Image,
		Firmware: r.client.firmware(), Arch: r.client.processor(),
	})
}
