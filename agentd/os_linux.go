package agentd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/insomniacslk/dhcp/dhcpv4/nclient4"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Linux is the OS of a real host. It may be used by process 1 only: its reaper
// takes in every child of the process.
type Linux struct {
	reaper *reaper
}

// NewLinux returns the real OS and starts reaping. Process 1 has Linux's own
// small limit of open files, which all that it starts would inherit.
func NewLinux() *Linux {
	_ = unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 65536, Max: 1 << 20})
	return &Linux{reaper: newReaper()}
}

var _ OS = (*Linux)(nil)

// Mount implements OS.
func (l *Linux) Mount(m Mount) error {
	if err := os.MkdirAll(m.Target, 0o755); err != nil {
		return fmt.Errorf("mount %s: %w", m.Target, err)
	}
	err := unix.Mount(m.Source, m.Target, m.Type, m.Flags, m.Data)
	if err != nil && !errors.Is(err, unix.EBUSY) {
		return fmt.Errorf("mount %s on %s: %w", m.Type, m.Target, err)
	}
	return nil
}

// LoadModule implements OS.
func (l *Linux) LoadModule(path, params string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	err = unix.FinitModule(int(f.Fd()), params, 0)
	if errors.Is(err, unix.EEXIST) || errors.Is(err, unix.ENODEV) {
		return nil // a driver whose hardware is not there says ENODEV: one image is for machines with and without
	}
	if errors.Is(err, unix.ENOEXEC) {
		return fmt.Errorf("load %s: it was built for another Linux than the one running: %w", path, err)
	}
	if err != nil {
		return fmt.Errorf("load %s: %w", path, err)
	}
	return nil
}

// SetHostname implements OS.
func (l *Linux) SetHostname(name string) error { return unix.Sethostname([]byte(name)) }

// Seed implements OS. A machine without a random instruction has no entropy
// yet. Only a call that blocks makes Linux gather some from its timer's
// jitter, within a second; the DHCP library's calls do not block, and would
// spin for ever.
func (l *Linux) Seed() error {
	var one [1]byte
	for {
		_, err := unix.Getrandom(one[:], 0)
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// OpenConsole implements OS.
func (l *Linux) OpenConsole() error {
	fd, err := unix.Open("/dev/console", unix.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return fmt.Errorf("open /dev/console: %w", err)
	}
	for std := range 3 {
		if err := unix.Dup2(fd, std); err != nil {
			return fmt.Errorf("make /dev/console standard stream %d: %w", std, err)
		}
	}
	if fd > 2 {
		return unix.Close(fd)
	}
	return nil
}

// Links implements OS.
func (l *Linux) Links() ([]Link, error) {
	links, err := netlink.LinkList()
	if err != nil {
		return nil, fmt.Errorf("list network interfaces: %w", err)
	}
	out := make([]Link, 0, len(links))
	for _, link := range links {
		a := link.Attrs()
		if a.Flags&net.FlagLoopback != 0 {
			continue
		}
		out = append(out, Link{
			Name: a.Name, MAC: a.HardwareAddr.String(),
			Up:       a.RawFlags&unix.IFF_UP != 0 && a.RawFlags&unix.IFF_LOWER_UP != 0,
			Physical: hasDevice(a.Name),
		})
	}
	return out, nil
}

// LinkUp implements OS.
func (l *Linux) LinkUp(name string) error {
	link, err := netlink.LinkByName(name)
	if err != nil {
		return fmt.Errorf("interface %s: %w", name, err)
	}
	if err := netlink.LinkSetUp(link); err != nil {
		return fmt.Errorf("interface %s: set up: %w", name, err)
	}
	return nil
}

// Configure implements OS.
func (l *Linux) Configure(name string, n Network) error {
	link, err := netlink.LinkByName(name)
	if err != nil {
		return fmt.Errorf("interface %s: %w", name, err)
	}
	if n.MTU > 0 && n.MTU != link.Attrs().MTU {
		if err := netlink.LinkSetMTU(link, n.MTU); err != nil {
			return fmt.Errorf("interface %s: set MTU %d: %w", name, n.MTU, err)
		}
	}
	want := &netlink.Addr{IPNet: &net.IPNet{
		IP:   n.Address.Addr().AsSlice(),
		Mask: net.CIDRMask(n.Address.Bits(), n.Address.Addr().BitLen()),
	}}
	if err := netlink.AddrReplace(link, want); err != nil {
		return fmt.Errorf("interface %s: set address %s: %w", name, n.Address, err)
	}
	have, err := netlink.AddrList(link, netlink.FAMILY_V4)
	if err != nil {
		return fmt.Errorf("interface %s: list addresses: %w", name, err)
	}
	for _, a := range have {
		if a.IPNet.String() == want.IPNet.String() {
			continue
		}
		if err := netlink.AddrDel(link, &a); err != nil {
			return fmt.Errorf("interface %s: remove address %s: %w", name, a.IPNet, err)
		}
	}
	if !n.Router.IsValid() {
		return nil
	}
	_, all, _ := net.ParseCIDR("0.0.0.0/0")
	route := &netlink.Route{LinkIndex: link.Attrs().Index, Dst: all, Gw: n.Router.AsSlice()}
	if err := netlink.RouteReplace(route); err != nil {
		return fmt.Errorf("interface %s: set default route by %s: %w", name, n.Router, err)
	}
	return nil
}

// DHCPConn implements OS.
func (l *Linux) DHCPConn(link Link) (net.PacketConn, error) {
	conn, err := nclient4.NewRawUDPConn(link.Name, dhcpv4.ClientPort)
	if err != nil {
		return nil, fmt.Errorf("interface %s: open a DHCP socket: %w", link.Name, err)
	}
	return conn, nil
}

// Start implements OS.
func (l *Linux) Start(c Command) (Process, error) { return l.reaper.start(c) }

// Events implements OS.
func (l *Linux) Events(ctx context.Context) <-chan Action {
	actions := make(chan Action, 1)
	go watchSignals(ctx, actions)
	go watchPowerButton(ctx, actions)
	return actions
}

// Halt implements OS.
func (l *Linux) Halt(a Action) error {
	if os.Getpid() != 1 {
		return errors.New("halt: only process 1 may end the host")
	}
	l.reaper.endAll()
	unix.Sync()
	how := unix.LINUX_REBOOT_CMD_POWER_OFF
	if a == Reboot {
		how = unix.LINUX_REBOOT_CMD_RESTART
	}
	if err := unix.Reboot(how); err != nil {
		return fmt.Errorf("%s: %w", a, err)
	}
	return fmt.Errorf("%s: Linux returned from it", a)
}
