package light

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/insomniacslk/dhcp/iana"
)

// lease is what DHCP gave.
type lease struct {
	address netip.Prefix
	server  netip.Addr
	file    string // what to boot: a name for TFTP, or a URL
}

// asFirmware asks as the boot ROM of a network card does (PXE 2.1, table 2-1).
func asFirmware(efi bool) []dhcpv4.Modifier {
	arch, class := iana.INTEL_X86PC, "PXEClient:Arch:00000:UNDI:002001"
	if efi {
		arch, class = iana.EFI_X86_64, "PXEClient:Arch:00007:UNDI:003016"
	}
	return []dhcpv4.Modifier{
		dhcpv4.WithOption(dhcpv4.OptClassIdentifier(class)),
		dhcpv4.WithOption(dhcpv4.OptClientArch(arch)),
	}
}

// asIPXE asks as iPXE does, which is told apart by its user class.
func asIPXE(efi bool) []dhcpv4.Modifier {
	return append(asFirmware(efi), dhcpv4.WithUserClass("iPXE", false), dhcpv4.WithGeneric(dhcpv4.OptionEtherboot, []byte{235, 3, 1, 21, 1}))
}

// ackPatience is how long an acknowledgement may take: the server records the
// lease first.
const ackPatience = 10 * time.Second

// configure gets an address: DISCOVER, OFFER, REQUEST, ACK (RFC 2131, section
// 3.1). It repeats itself until ctx ends.
func (m *Machine) configure(ctx context.Context, card *nic, who []dhcpv4.Modifier) (lease, error) {
	with := append([]dhcpv4.Modifier{
		dhcpv4.WithBroadcast(true),
		dhcpv4.WithRequestedOptions(dhcpv4.OptionSubnetMask, dhcpv4.OptionRouter, dhcpv4.OptionBootfileName, dhcpv4.OptionTFTPServerName),
	}, who...)
	wait := m.backoff()
	for {
		discover, err := dhcpv4.NewDiscovery(m.cfg.MAC, with...)
		if err != nil {
			return lease{}, fmt.Errorf("build DHCPDISCOVER: %w", err)
		}
		offer := exchange(ctx, card, m.cfg.MAC, discover, dhcpv4.MessageTypeOffer, wait.next())
		if offer != nil {
			request, err := dhcpv4.NewRequestFromOffer(offer, with...)
			if err != nil {
				return lease{}, fmt.Errorf("build DHCPREQUEST: %w", err)
			}
			if ack := exchange(ctx, card, m.cfg.MAC, request, dhcpv4.MessageTypeAck, ackPatience); ack != nil {
				return leaseOf(ack)
			}
		}
		if ctx.Err() != nil {
			return lease{}, ctx.Err()
		}
		m.serial.Say("DHCP: no answer to %s", m.cfg.MAC)
	}
}

// exchange sends a message and waits for the answer to it; nil is none.
func exchange(ctx context.Context, card *nic, mac net.HardwareAddr, m *dhcpv4.DHCPv4, want dhcpv4.MessageType, patience time.Duration) *dhcpv4.DHCPv4 {
	if _, err := card.Write(broadcastFrame(mac, m.ToBytes())); err != nil {
		return nil
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		select {
		case p := <-card.dhcp:
			answer, err := dhcpv4.FromBytes(p)
			if err != nil || answer.TransactionID != m.TransactionID || answer.OpCode != dhcpv4.OpcodeBootReply {
				continue
			}
			switch answer.MessageType() {
			case want:
				return answer
			case dhcpv4.MessageTypeNak:
				return nil
			}
		case <-timer.C:
			return nil
		case <-ctx.Done():
			return nil
		}
	}
}

func leaseOf(ack *dhcpv4.DHCPv4) (lease, error) {
	address, ok := netip.AddrFromSlice(ack.YourIPAddr.To4())
	bits, _ := ack.SubnetMask().Size()
	server, known := netip.AddrFromSlice(ack.ServerIdentifier().To4())
	if !ok || !known || bits == 0 {
		return lease{}, fmt.Errorf("DHCPACK without address, mask or server: %s", ack.Summary())
	}
	return lease{address: netip.PrefixFrom(address, bits), server: server, file: ack.BootFileNameOption()}, nil
}

// backoff waits longer each time.
type backoff struct{ first, now time.Duration }

func (m *Machine) backoff() *backoff { return &backoff{first: m.cfg.Retry} }

func (b *backoff) next() time.Duration {
	b.now = min(max(2*b.now, b.first), 8*b.first)
	return b.now
}

func (b *backoff) wait(ctx context.Context) error { return pause(ctx, b.next()) }

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
