package agentd

import (
	"context"
	"fmt"
	"net"
	"os"

	"github.com/mdlayher/packet"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/cthulix/terraform-provider-cthulix/agentd/lldp"
)

// hasDevice tells a piece of hardware from what Linux makes up.
func hasDevice(link string) bool {
	_, err := os.Stat("/sys/class/net/" + link + "/device")
	return err == nil
}

// WatchLinks implements OS.
func (l *Linux) WatchLinks(ctx context.Context) (<-chan struct{}, error) {
	updates := make(chan netlink.LinkUpdate, 64)
	if err := netlink.LinkSubscribe(updates, ctx.Done()); err != nil {
		return nil, fmt.Errorf("watch network interfaces: %w", err)
	}
	changed := make(chan struct{}, 1)
	go func() {
		defer close(changed)
		for range updates {
			nudge(changed)
		}
	}()
	return changed, nil
}

// LLDPConn implements OS. The socket gets frames of LLDP's type only, and the
// card is asked to let them in.
func (l *Linux) LLDPConn(link Link) (lldp.Conn, error) {
	fail := func(err error) (lldp.Conn, error) {
		return nil, fmt.Errorf("interface %s: open an LLDP socket: %w", link.Name, err)
	}
	ifi, err := net.InterfaceByName(link.Name)
	if err != nil {
		return fail(err)
	}
	conn, err := packet.Listen(ifi, packet.Raw, lldp.EtherType, nil)
	if err != nil {
		return fail(err)
	}
	if err := joinLLDP(conn, ifi.Index); err != nil {
		conn.Close()
		return fail(err)
	}
	return &frameConn{conn, &packet.Addr{HardwareAddr: lldp.NearestBridge[:]}}, nil
}

// joinLLDP has the card receive what is for the group that LLDP speaks to.
func joinLLDP(conn *packet.Conn, ifIndex int) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	group := unix.PacketMreq{Ifindex: int32(ifIndex), Type: unix.PACKET_MR_MULTICAST, Alen: 6}
	copy(group.Address[:], lldp.NearestBridge[:])
	var join error
	err = raw.Control(func(fd uintptr) {
		join = unix.SetsockoptPacketMreq(int(fd), unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, &group)
	})
	if err != nil {
		return err
	}
	return join
}

// frameConn sends all frames to one address.
type frameConn struct {
	*packet.Conn
	to net.Addr
}

func (c *frameConn) Read(b []byte) (int, error) {
	n, _, err := c.ReadFrom(b)
	return n, err
}

func (c *frameConn) Write(b []byte) (int, error) { return c.WriteTo(b, c.to) }
