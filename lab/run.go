package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/sync/errgroup"

	"github.com/cthulix/terraform-provider-cthulix/engines"
	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/lab/iossim"
	"github.com/cthulix/terraform-provider-cthulix/lab/netstack"
	"github.com/cthulix/terraform-provider-cthulix/lab/wire"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
	"github.com/cthulix/terraform-provider-cthulix/opserver"
)

// Lab is a running lab.
type Lab struct {
	cfg     Config
	started time.Time
	secrets Secrets
	ports   Ports
	hostKey ssh.Signer
	run     string // short directory for sockets: their paths are limited to some 100 bytes

	wire   *wire.Switch
	simMu  sync.Mutex
	sim    *iossim.Sim
	unplug func() // ends the switch that runs
	stack  *netstack.Stack
	ops    *opserver.Server
	nodes  []*node
	consul *engines.Consul
	nomad  *engines.Nomad
	hub    *ophub.Hub
	keg    *keg.Dir
	nomadB string // the nomad binary

	group   *errgroup.Group
	closers []func()
}

// Run starts a lab, calls ready once all of it serves, and ends it when ctx
// does: machines are switched off and servers stopped.
func Run(ctx context.Context, cfg Config, ready func(*Lab)) (err error) {
	cfg = cfg.withDefaults()
	l := &Lab{cfg: cfg, started: time.Now()}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	l.group, ctx = errgroup.WithContext(ctx)
	defer func() {
		cancel()
		l.close()
		// What a part says when it is told to stop is no news; what stopped it is.
		if serveErr := l.group.Wait(); err == nil {
			err = serveErr
		}
	}()
	steps := []struct {
		name string
		do   func(context.Context) (string, error)
	}{
		{"state and secrets", l.load},
		{"Consul and Nomad binaries", l.locate},
		{"switch", l.startSwitch},
		{"machines and BMCs", l.startMachines},
		{"Consul", l.startConsul},
		{"Nomad", l.startNomad},
		{"agent release", l.publish},
		{"opserver", l.startOpserver},
	}
	for i, s := range steps {
		begun := time.Now()
		step := Step{N: i + 1, Of: len(steps), Name: s.name}
		cfg.Progress(step)
		detail, err := s.do(ctx)
		if err != nil {
			return fmt.Errorf("lab: %s: %w", s.name, err)
		}
		step.Detail, step.Elapsed, step.Done = detail, time.Since(begun), true
		cfg.Progress(step)
	}
	if ready != nil {
		ready(l)
	}
	<-ctx.Done()
	return nil
}

func (l *Lab) close() {
	for i := len(l.closers) - 1; i >= 0; i-- {
		l.closers[i]()
	}
}

func (l *Lab) onClose(f func()) { l.closers = append(l.closers, f) }

// serve runs one part of the lab; if it fails, the lab ends with its error.
func (l *Lab) serve(name string, f func() error) {
	l.group.Go(func() error {
		if err := f(); err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, net.ErrClosed) {
			return fmt.Errorf("lab: %s: %w", name, err)
		}
		return nil
	})
}

func (l *Lab) load(context.Context) (string, error) {
	if err := os.MkdirAll(l.cfg.Dir, 0o700); err != nil {
		return "", err
	}
	dir, err := filepath.Abs(l.cfg.Dir)
	if err != nil {
		return "", err
	}
	l.cfg.Dir = dir
	if l.secrets, err = loadSecrets(dir); err != nil {
		return "", err
	}
	if l.ports, err = loadPorts(dir, l.cfg.Machines); err != nil {
		return "", err
	}
	if l.hostKey, err = loadHostKey(dir); err != nil {
		return "", err
	}
	if l.run, err = runDir(); err != nil {
		return "", err
	}
	l.onClose(func() { os.RemoveAll(l.run) })
	if l.keg, err = keg.OpenDir(l.path("keg")); err != nil {
		return "", err
	}
	return dir, nil
}

func (l *Lab) path(name string) string { return filepath.Join(l.cfg.Dir, name) }

// runDir makes a directory whose name is short enough for sockets.
func runDir() (string, error) {
	base := os.Getenv("XDG_RUNTIME_DIR")
	if fi, err := os.Stat(base); err != nil || !fi.IsDir() || len(base) > 60 {
		base = os.TempDir()
	}
	return os.MkdirTemp(base, "cthulix-")
}

func (l *Lab) locate(ctx context.Context) (string, error) {
	opts := engines.Options{Progress: func(p engines.Progress) {
		l.cfg.Progress(Step{N: 2, Of: 8, Name: p.Engine + " " + p.Stage, Detail: p.Detail, Elapsed: p.Elapsed})
	}}
	consul, err := engines.Locate(ctx, "consul", opts)
	if err != nil {
		return "", err
	}
	if l.nomadB, err = engines.Locate(ctx, "nomad", opts); err != nil {
		return "", err
	}
	l.consul = &engines.Consul{Address: consul} // replaced by the running server
	return consul + ", " + l.nomadB, nil
}

func (l *Lab) startSwitch(ctx context.Context) (string, error) {
	l.wire = wire.New()
	l.onClose(func() { l.wire.Close() })
	return l.plugSwitch(ctx)
}

func listen(port int) (net.Listener, error) {
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return nil, fmt.Errorf("%w (the lab keeps its ports; stop what uses this one, or remove ports.json in the lab's directory)", err)
	}
	return l, nil
}

func (l *Lab) startConsul(ctx context.Context) (string, error) {
	srv, err := engines.StartConsul(ctx, engines.ConsulConfig{
		Binary: l.consul.Address, DataDir: l.path("consul"), HTTPPort: l.ports.Consul, Logger: l.cfg.Logger,
	})
	if err != nil {
		return "", err
	}
	l.consul = srv
	l.onClose(srv.Stop)
	l.hub, err = ophub.New(ophub.Config{Address: srv.Address, Logger: l.cfg.Logger})
	return srv.Address, err
}

func (l *Lab) startNomad(ctx context.Context) (string, error) {
	srv, err := engines.StartNomad(ctx, engines.NomadConfig{
		Binary: l.nomadB, DataDir: l.path("nomad"), HTTPPort: l.ports.Nomad, RPCPort: l.ports.NomadRPC,
		AdvertiseRPC: netip.AddrPortFrom(l.cfg.Network.Addr(), nomadRPCPort).String(), Logger: l.cfg.Logger,
	})
	if err != nil {
		return "", err
	}
	l.nomad = srv
	l.onClose(srv.Stop)
	return srv.Address, nil
}

// publish puts the Nomad client that hosts run into the keg.
func (l *Lab) publish(ctx context.Context) (string, error) {
	kid, err := engines.Pack(ctx, l.keg, l.nomadB)
	if err != nil {
		return "", err
	}
	r := ophub.Release{Name: "nomad", Version: engines.Version("nomad"), KID: kid, Format: ophub.FormatZstd}
	return fmt.Sprintf("nomad %s as %s", r.Version, kid.Short()), l.hub.PutRelease(ctx, r)
}

func (l *Lab) startOpserver(ctx context.Context) (string, error) {
	switchEnd, ours := wire.Pipe()
	if err := l.wire.Attach(l.cfg.Uplink, switchEnd); err != nil {
		return "", err
	}
	stack, err := netstack.New(ours, l.cfg.Network, nil)
	if err != nil {
		return "", err
	}
	l.stack = stack
	l.onClose(func() { stack.Close() })
	siteKey, err := opserver.LoadSiteKey(l.path("site_key"))
	if err != nil {
		return "", err
	}
	conf := opserver.Config{
		Hub: l.hub, Keg: l.keg, OperatorToken: l.secrets.OperatorToken,
		Address: l.cfg.Network.Addr(), Prefix: l.cfg.Network.Masked(),
		Range:        hostRange(l.cfg.Network),
		Firmware:     os.DirFS(l.cfg.FirmwareDir),
		Discovery:    l.cfg.Discovery,
		SiteKey:      siteKey,
		ConsulURL:    fmt.Sprintf("http://%s:%d", l.cfg.Network.Addr(), consulPort),
		NomadServers: []string{netip.AddrPortFrom(l.cfg.Network.Addr(), nomadRPCPort).String()},
		Logger:       l.cfg.Logger.With("part", "opserver"),
	}
	if conf.DHCP, err = stack.ListenPacket(dhcpPort, true); err != nil {
		return "", err
	}
	if conf.TFTP, err = stack.ListenPacket(tftpPort, false); err != nil {
		return "", err
	}
	if conf.HTTP, err = stack.ListenTCP(httpPort); err != nil {
		return "", err
	}
	if conf.Operator, err = listen(l.ports.Operator); err != nil {
		return "", err
	}
	srv, err := opserver.New(conf)
	if err != nil {
		return "", err
	}
	l.ops = srv
	for port, target := range map[int]string{
		consulPort:   fmt.Sprintf("127.0.0.1:%d", l.ports.Consul),
		nomadRPCPort: l.nomad.RPC,
	} {
		inner, err := stack.ListenTCP(port)
		if err != nil {
			return "", err
		}
		l.serve(fmt.Sprintf("forwarder to %s", target), func() error { return netstack.Forward(ctx, inner, target) })
	}
	l.serve("opserver", func() error { return srv.Run(ctx) })
	return fmt.Sprintf("%s on %s %s", l.cfg.Network.Addr(), l.cfg.Switch, l.cfg.Uplink), nil
}

// hostRange is the upper half of a network, less its broadcast address.
func hostRange(p netip.Prefix) opserver.Range {
	a := p.Masked().Addr().As4()
	host := uint32(1)<<(32-p.Bits()) - 1
	at := func(n uint32) netip.Addr {
		b := a
		for i := range 4 {
			b[3-i] |= byte(n >> (8 * i))
		}
		return netip.AddrFrom4(b)
	}
	return opserver.Range{First: at(host/2 + 1), Last: at(host - 1)}
}

// Info says what runs where.
func (l *Lab) Info() Info {
	in := Info{
		PID: os.Getpid(), Dir: l.cfg.Dir, Started: l.started,
		Switch: Switch{
			Name: l.cfg.Switch, Address: fmt.Sprintf("127.0.0.1:%d", l.ports.SSH),
			HostKey: ssh.FingerprintSHA256(l.hostKey.PublicKey()),
		},
		Opserver: fmt.Sprintf("http://127.0.0.1:%d", l.ports.Operator),
		Consul:   l.consul.Address, Nomad: l.nomad.Address,
		HostSide: fmt.Sprintf("http://%s", l.cfg.Network.Addr()),
		Processes: []Process{
			{Name: "consul", PID: l.consul.PID(), Log: l.path("consul/consul.log")},
			{Name: "nomad", PID: l.nomad.PID(), Log: l.path("nomad/nomad.log")},
		},
	}
	for _, n := range l.nodes {
		in.Machines = append(in.Machines, l.status(n))
	}
	return in
}

// Discover has the opserver give that image to machines without a host record;
// "" leaves them without an answer.
func (l *Lab) Discover(image keg.KID) error { return l.ops.SetDiscovery(image) }

// Secrets are the lab's passwords.
func (l *Lab) Secrets() Secrets { return l.secrets }

// Sim is the simulated switch.
func (l *Lab) Sim() *iossim.Sim {
	l.simMu.Lock()
	defer l.simMu.Unlock()
	return l.sim
}
