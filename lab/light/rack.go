package light

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/cthulix/terraform-provider-cthulix/images"
	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/lab/bmc"
	"github.com/cthulix/terraform-provider-cthulix/lab/netstack"
	"github.com/cthulix/terraform-provider-cthulix/lab/wire"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
	"github.com/cthulix/terraform-provider-cthulix/opserver"
)

// RackConfig describes a rack.
type RackConfig struct {
	Hub *ophub.Hub
	// Consul is the host:port of the server behind Hub; machines reach it at the
	// opserver's address.
	Consul string
	Keg    keg.Store
	// Machines are how many; their names are Name and a number from 1 on, their
	// ports GigabitEthernet1/0/1 and so on.
	Machines int
	Name     string
	// MAC is the first machine's, which the others' follow.
	MAC net.HardwareAddr
	// Wire is the switch that all is plugged into, its ports configured by somebody
	// else; nil makes one whose ports are all in one VLAN.
	Wire *wire.Switch
	// Network holds the opserver and the machines; default 10.20.0.1/22.
	Network netip.Prefix
	// Username and Password are those of the BMCs.
	Username, Password string
	// Discovery is the image of machines that no record names; empty for none.
	Discovery keg.KID
	// Switch is the name that the machines hear by LLDP; empty if they hear
	// nobody.
	Switch string
	// Firmware holds the boot programs undionly.kpxe and snponly.efi: any bytes
	// will do, since light machines drop them.
	Firmware fs.FS
	Fetch    Fetch
	Retry    time.Duration
	// Up hears when a machine's agent registers, and when it is gone.
	Up func(machine string, up bool)
	// Intercept is the BMCs' (see [bmc.Config]), for controllers that lie or
	// fail; nil leaves all commands alone.
	Intercept func(machine string, netFn, id byte, data []byte) (answer []byte, code byte, handled bool)
	// Clock is that of the BMCs; nil is the real one.
	Clock  *bmc.Ahead
	Logger *slog.Logger
}

// Rack is light machines with BMCs on loopback, a switch, and an opserver on
// another port of it: what tests of hosts want of a lab.
type Rack struct {
	Wire     *wire.Switch
	Machines []*Machine
	BMCs     []*bmc.BMC
	// Addresses are those of the BMCs, MACs those of the machines.
	Addresses []string
	MACs      []string

	cfg   RackConfig
	conns []net.PacketConn
	stack *netstack.Stack
	srv   *opserver.Server
	tap   net.Listener
}

// Uplink is the opserver's port.
const Uplink = "GigabitEthernet1/0/48"

const (
	rackVLAN   = 20
	consulPort = 8500
	httpPort   = 80
)

// Port is the name of the port of the nth machine, from 0 on.
func Port(n int) string { return fmt.Sprintf("GigabitEthernet1/0/%d", n+1) }

// NewRack makes a rack. Run starts its servers; the machines are off.
func NewRack(cfg RackConfig) (*Rack, error) {
	if !cfg.Network.IsValid() {
		cfg.Network = netip.MustParsePrefix("10.20.0.1/22")
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	r := &Rack{cfg: cfg, Wire: cfg.Wire}
	if r.Wire == nil {
		r.Wire = wire.New()
		access := wire.PortState{Up: true, Access: rackVLAN}
		states := map[string]wire.PortState{Uplink: access}
		for i := range cfg.Machines {
			states[Port(i)] = access
		}
		r.Wire.Configure(states)
	}
	if err := r.serveBoots(); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	for i := range cfg.Machines {
		if err := r.add(i); err != nil {
			return nil, errors.Join(err, r.Close())
		}
	}
	return r, nil
}

// serveBoots makes the opserver.
func (r *Rack) serveBoots() error {
	theirs, ours := wire.Pipe()
	if err := r.Wire.Attach(Uplink, theirs); err != nil {
		return err
	}
	var err error
	if r.stack, err = netstack.New(ours, r.cfg.Network, nil); err != nil {
		return err
	}
	address := r.cfg.Network.Addr()
	conf := opserver.Config{
		Hub: r.cfg.Hub, Keg: r.cfg.Keg, Address: address, Prefix: r.cfg.Network.Masked(),
		Firmware:  r.cfg.Firmware,
		Discovery: r.cfg.Discovery,
		SiteKey:   bytes.Repeat([]byte{7}, 32),
		ConsulURL: "http://" + netip.AddrPortFrom(address, consulPort).String(),
		Logger:    r.cfg.Logger.With("part", "opserver"),
	}
	if conf.DHCP, err = r.stack.ListenPacket(dhcpServerPort, true); err != nil {
		return err
	}
	if conf.TFTP, err = r.stack.ListenPacket(tftpPort, false); err != nil {
		return err
	}
	if conf.HTTP, err = r.stack.ListenTCP(httpPort); err != nil {
		return err
	}
	if r.tap, err = r.stack.ListenTCP(consulPort); err != nil {
		return err
	}
	r.srv, err = opserver.New(conf)
	return err
}

// add puts one machine into the rack.
func (r *Rack) add(i int) error {
	name := fmt.Sprintf("%s%d", r.cfg.Name, i+1)
	mac := append(net.HardwareAddr(nil), r.cfg.MAC...)
	mac[4], mac[5] = mac[4]+byte((int(mac[5])+i)>>8), mac[5]+byte(i)
	m, err := New(Config{
		Name: name, MAC: mac, Fetch: r.cfg.Fetch, Retry: r.cfg.Retry, Logger: r.cfg.Logger, Neighbors: r.neighbors(i),
		Plug: func() (wire.Endpoint, error) {
			if err := r.Wire.Detach(Port(i)); err != nil {
				return nil, err
			}
			theirs, ours := wire.Pipe()
			return ours, r.Wire.Attach(Port(i), theirs)
		},
		Up: func(up bool) {
			if r.cfg.Up != nil {
				r.cfg.Up(name, up)
			}
		},
	})
	if err != nil {
		return err
	}
	conf := bmc.Config{Name: name, Username: r.cfg.Username, Password: r.cfg.Password, Logger: r.cfg.Logger}
	if r.cfg.Clock != nil {
		conf.Clock = r.cfg.Clock
	}
	if r.cfg.Intercept != nil {
		conf.Intercept = func(netFn, id byte, data []byte) ([]byte, byte, bool) {
			return r.cfg.Intercept(name, netFn, id, data)
		}
	}
	b, err := bmc.New(conf, m)
	if err != nil {
		return err
	}
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	r.conns = append(r.conns, conn)
	r.Machines, r.BMCs = append(r.Machines, m), append(r.BMCs, b)
	r.Addresses, r.MACs = append(r.Addresses, conn.LocalAddr().String()), append(r.MACs, mac.String())
	return nil
}

// neighbors are whom the nth machine hears by LLDP.
func (r *Rack) neighbors(n int) []ophub.Neighbor {
	if r.cfg.Switch == "" {
		return nil
	}
	return []ophub.Neighbor{{System: r.cfg.Switch, Port: Port(n), VLAN: rackVLAN}}
}

// Run serves until ctx ends; then all machines lose their power.
func (r *Rack) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return r.srv.Run(ctx) })
	group.Go(func() error { return netstack.Forward(ctx, r.tap, r.cfg.Consul) })
	for i, b := range r.BMCs {
		group.Go(func() error { return b.Serve(ctx, r.conns[i]) })
	}
	err := group.Wait()
	return errors.Join(err, r.Close())
}

// Close cuts the power and takes the network down.
func (r *Rack) Close() error {
	var off sync.WaitGroup
	for _, m := range r.Machines {
		off.Go(func() { _ = m.Close() })
	}
	off.Wait()
	var errs []error
	if r.stack != nil {
		errs = append(errs, r.stack.Close())
	}
	return errors.Join(append(errs, r.Wire.Close())...)
}

// PutImage stores an image that light machines boot, with arguments for the
// command line of linux.
func PutImage(ctx context.Context, store keg.Store, name string, args ...string) (keg.KID, error) {
	put := func(data []byte) (keg.KID, error) {
		kid, _, err := store.Put(ctx, bytes.NewReader(data))
		return kid, err
	}
	linux, err := put([]byte("the linux of light machines"))
	if err != nil {
		return "", err
	}
	initrd, err := put([]byte("the initrd of image " + name))
	if err != nil {
		return "", err
	}
	manifest, err := images.Manifest{
		Format: images.ManifestFormat, Name: name, Arch: images.ArchAMD64, Linux: linux, LinuxRelease: "6.1.0-light",
		Initrd: []keg.KID{initrd}, Agentd: keg.Sum([]byte("no agentd")), Args: args,
	}.Encode()
	if err != nil {
		return "", err
	}
	return put(manifest)
}
