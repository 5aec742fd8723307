package agentd

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/insomniacslk/dhcp/dhcpv4/server4"

	"github.com/cthulix/terraform-provider-cthulix/agentd/lldp"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// recordingOS does nothing but write down what it was asked for, except for
// DHCP and children, which are real.
type recordingOS struct {
	t       *testing.T
	root    string
	dhcp    *dhcpServer
	actions chan Action
	cables  chan cableEnd
	moved   chan struct{} // the links have changed
	zeroes  chan struct{} // one for each quarter of a disk

	mu     sync.Mutex
	calls  []string
	links  []Link
	fail   map[string]error
	noLink int // how often Links finds nothing at first
}

func (o *recordingOS) did(format string, args ...any) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	call := strings.ReplaceAll(fmt.Sprintf(format, args...), o.root, "")
	o.calls = append(o.calls, call)
	return o.fail[call]
}

func (o *recordingOS) log() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.calls)
}

func (o *recordingOS) Mount(m Mount) error             { return o.did("mount %s %s", m.Type, m.Target) }
func (o *recordingOS) LoadModule(path, _ string) error { return o.did("load %s", path) }
func (o *recordingOS) SetHostname(name string) error   { return o.did("hostname %s", name) }
func (o *recordingOS) Seed() error                     { return o.did("seed") }
func (o *recordingOS) OpenConsole() error              { return o.did("console") }
func (o *recordingOS) LinkUp(name string) error        { return o.did("up %s", name) }
func (o *recordingOS) Halt(a Action) error             { return o.did("halt %s", a) }

// ZeroDisk goes on as far as the test lets it.
func (o *recordingOS) ZeroDisk(ctx context.Context, name string, size int64, progress func(int64)) error {
	err := o.did("zero %s %d", name, size)
	for i := int64(1); err == nil && i <= 4; i++ {
		select {
		case <-o.zeroes:
			progress(size / 4 * i)
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	return err
}

func (o *recordingOS) Links() ([]Link, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.noLink > 0 {
		o.noLink--
		return nil, nil
	}
	if o.links != nil {
		return o.links, nil
	}
	up := slices.Contains(o.calls, "up eth1")
	return []Link{{Name: "eth0", MAC: "52:54:00:aa:00:ff"}, {Name: "eth1", MAC: testMAC, Up: up}}, nil
}

func (o *recordingOS) BMC(context.Context) ophub.InBandBMC {
	return ophub.InBandBMC{Address: "10.30.0.5"}
}

// WatchLinks tells of what the test has changed.
func (o *recordingOS) WatchLinks(context.Context) (<-chan struct{}, error) { return o.moved, nil }

// LLDPConn is the near end of a cable that the test holds the far end of.
func (o *recordingOS) LLDPConn(l Link) (lldp.Conn, error) {
	near, far := net.Pipe()
	o.cables <- cableEnd{l.Name, far}
	return near, nil
}

type cableEnd struct {
	name string
	net.Conn
}

func (o *recordingOS) setLinks(links ...Link) {
	o.mu.Lock()
	o.links = links
	o.mu.Unlock()
	o.moved <- struct{}{}
}

func (o *recordingOS) Configure(link string, n Network) error {
	return o.did("configure %s %s via %s mtu %d", link, n.Address, n.Router, n.MTU)
}

func (o *recordingOS) DHCPConn(Link) (net.PacketConn, error) {
	if err := o.did("dhcp"); err != nil {
		return nil, err
	}
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return &toServer{PacketConn: conn, server: o.dhcp.addr}, nil
}

func (o *recordingOS) Events(context.Context) <-chan Action { return o.actions }

func (o *recordingOS) Start(c Command) (Process, error) {
	cmd := exec.Command(c.Path, c.Args...)
	cmd.Stdout, cmd.Stderr = c.Output, c.Output
	cmd.Env = c.Env
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &execProcess{cmd: cmd, done: make(chan struct{})}
	go func() {
		_ = cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

type execProcess struct {
	cmd  *exec.Cmd
	done chan struct{}
}

func (p *execProcess) PID() int                   { return p.cmd.Process.Pid }
func (p *execProcess) Done() <-chan struct{}      { return p.done }
func (p *execProcess) Exit() string               { return p.cmd.ProcessState.String() }
func (p *execProcess) Signal(sig os.Signal) error { return p.cmd.Process.Signal(sig) }

// toServer sends every packet to the test's DHCP server, as a broadcast would.
type toServer struct {
	net.PacketConn
	server net.Addr
}

func (c *toServer) WriteTo(b []byte, _ net.Addr) (int, error) {
	return c.PacketConn.WriteTo(b, c.server)
}

// dhcpServer is a real server of one address.
type dhcpServer struct {
	addr net.Addr

	mu     sync.Mutex
	ip     net.IP
	term   time.Duration
	renew  time.Duration // when to ask for more of it; zero does not say
	mute   bool
	refuse bool
	seen   []string
}

func newDHCPServer(t *testing.T, term time.Duration) *dhcpServer {
	t.Helper()
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &dhcpServer{addr: conn.LocalAddr(), ip: net.IPv4(10, 20, 0, 11), term: term}
	s, err := server4.NewServer("", nil, d.handle, server4.WithConn(conn))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve()
	}()
	t.Cleanup(func() {
		s.Close()
		<-done
	})
	return d
}

func (d *dhcpServer) set(f func(*dhcpServer)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f(d)
}

func (d *dhcpServer) handle(conn net.PacketConn, peer net.Addr, m *dhcpv4.DHCPv4) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.seen = append(d.seen, fmt.Sprintf("%s of %s, %s", m.MessageType(), m.HostName(), m.ClassIdentifier()))
	if d.mute {
		return
	}
	answer := dhcpv4.MessageTypeOffer
	if m.MessageType() == dhcpv4.MessageTypeRequest {
		answer = dhcpv4.MessageTypeAck
		if d.refuse {
			answer = dhcpv4.MessageTypeNak
			d.refuse = false
		}
	}
	server := net.IPv4(10, 20, 0, 1)
	reply, err := dhcpv4.NewReplyFromRequest(m,
		dhcpv4.WithMessageType(answer), dhcpv4.WithYourIP(d.ip), dhcpv4.WithServerIP(server),
		dhcpv4.WithOption(dhcpv4.OptServerIdentifier(server)),
		dhcpv4.WithNetmask(net.CIDRMask(24, 32)), dhcpv4.WithRouter(server), dhcpv4.WithDNS(server, net.IPv4(10, 20, 0, 2)),
		dhcpv4.WithOption(dhcpv4.OptDomainName("lab.example")),
		dhcpv4.WithLeaseTime(uint32(d.term.Seconds())),
		dhcpv4.WithGeneric(dhcpv4.OptionInterfaceMTU, []byte{0x05, 0xdc}))
	if err != nil {
		panic(err)
	}
	if d.renew > 0 {
		reply.UpdateOption(dhcpv4.OptGeneric(dhcpv4.OptionRenewTimeValue, dhcpv4.Duration(d.renew).ToBytes()))
	}
	_, _ = conn.WriteTo(reply.ToBytes(), peer)
}
