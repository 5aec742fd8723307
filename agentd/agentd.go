package agentd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime"
	"sync"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// Config is what an agent runs with. OS is needed; all else has a default.
type Config struct {
	OS OS
	// Version is the agent's own, as it is shown in its record.
	Version string
	// Root is put before each path of a file that the agent reads or writes: "/" in a host.
	Root string
	// Modules is the list of Linux modules to load; default /etc/cthulix/modules.
	Modules string
	// HTTP is used for all requests. It must have no overall timeout.
	HTTP *http.Client
	// Records opens the ophub at an address; default Consul's.
	Records func(address string) (Records, error)
	// NomadPort is the HTTP port of the first Nomad client; default 4646. Others are ten higher each.
	NomadPort int
	// Logger hears what the agent does; nil is silence.
	Logger *slog.Logger
	// Retry is the first wait after a failure; it doubles up to MaxRetry. Default 500 ms and 15 s.
	Retry, MaxRetry time.Duration
}

func (c *Config) complete() error {
	if c.OS == nil {
		return errors.New("agentd: Config.OS is missing")
	}
	if c.Version == "" {
		c.Version = "dev"
	}
	if c.Root == "" {
		c.Root = "/"
	}
	if c.Modules == "" {
		c.Modules = "/etc/cthulix/modules"
	}
	if c.HTTP == nil {
		c.HTTP = &http.Client{Transport: &http.Transport{
			DialContext:     (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 15 * time.Second}).DialContext,
			MaxIdleConns:    16,
			IdleConnTimeout: time.Minute,
		}}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Records == nil {
		client, log := c.HTTP, c.Logger
		c.Records = func(address string) (Records, error) { return openHub(address, client, log) }
	}
	if c.NomadPort <= 0 {
		c.NomadPort = firstPort
	}
	if c.Retry <= 0 {
		c.Retry = 500 * time.Millisecond
	}
	if c.MaxRetry <= 0 {
		c.MaxRetry = 15 * time.Second
	}
	return nil
}

// agent is a running agent. What it has learned on its way up is written by
// the one goroutine that runs the way, before the others start.
type agent struct {
	cfg      Config
	os       OS
	log      *slog.Logger
	releases *releases
	kernels  *kernels
	cables   *cables
	wiper    *wiper

	params   Params
	bootID   string
	link     Link
	lease    lease
	identity ophub.Identity
	started  time.Time
	applied  map[string]bool // files and hard links that Ignition has made

	registration Registration
	release      func()        // ends the renewal of the registration
	dirty        chan struct{} // the live record is not as it should be
	asks         chan Action   // what the agent itself wants of the host

	mu      sync.Mutex
	address netip.Addr
	inBand  ophub.InBandBMC
}

// Run brings the host up and keeps it up until ctx ends or a signal or the
// power button asks for its end. It then ends the agents, takes the host's
// record back, and returns what to do with the machine: the caller gives that
// to OS.Halt. Failures on the way are told and tried again for as long as it
// takes; only what can never work is returned as an error.
func Run(ctx context.Context, cfg Config) (Action, error) {
	if err := cfg.complete(); err != nil {
		return None, err
	}
	a := &agent{cfg: cfg, os: cfg.OS, log: cfg.Logger, started: time.Now(), dirty: make(chan struct{}, 1), asks: make(chan Action, 1)}
	a.releases = &releases{agent: a}
	a.kernels = &kernels{agent: a, changed: a.touch}
	a.cables = &cables{agent: a, news: make(chan struct{}, 1)}
	a.wiper = &wiper{agent: a}

	// The sequence runs under a context of its own, which an action ends.
	up, stop := context.WithCancel(ctx)
	defer stop()
	action := make(chan Action, 1)
	asked := cfg.OS.Events(up)
	go func() {
		defer close(action)
		var what Action
		select {
		case what = <-asked:
			a.log.Info("asked to end", "action", what)
		case what = <-a.asks:
		case <-up.Done():
			return
		}
		action <- what
		stop()
	}()
	err := a.up(up)
	if errors.Is(err, context.Canceled) {
		err = nil // it was asked to end, and did
	} else {
		a.log.Error("cannot go on; use the console, or power the host off", "error", err)
		<-up.Done()
	}
	stop()
	a.down()
	return <-action, err
}

// up is the host's whole life, up to the moment when ctx ends.
func (a *agent) up(ctx context.Context) error {
	troubles := a.start()
	a.log.Info("agentd is the init of this host", "version", a.cfg.Version)
	line, err := a.readLine("/proc/cmdline")
	if err != nil {
		troubles = append(troubles, err)
	}
	if a.params, err = ParseCmdline(line); err != nil {
		troubles = append(troubles, err)
	}
	if a.bootID, err = a.readLine("/proc/sys/kernel/random/boot_id"); err != nil {
		troubles = append(troubles, err)
	}
	if a.params.MAC == "" || a.params.Opserver == "" {
		return errors.Join(troubles...)
	}
	if err := a.loadModules(); err != nil {
		troubles = append(troubles, err)
	}
	// Some machines give random numbers by a device, which needed its module.
	if err := a.os.Seed(); err != nil {
		troubles = append(troubles, fmt.Errorf("random numbers: %w", err))
	}
	for _, t := range troubles {
		a.log.Warn("start", "error", t)
	}
	a.cables.start(ctx)
	if err := a.network(ctx); err != nil {
		return err
	}
	a.cables.introduce("", a.lease.Address.Addr())
	a.reportStart(ctx, troubles)
	if a.params.Host == "" || a.params.Image == "" {
		return errors.Join(troubles...)
	}
	if a.identity, err = a.locate(ctx); err != nil {
		return err
	}
	switch {
	case a.identity.Discovery:
		err = a.discover(ctx)
	case a.identity.Host != a.params.Host: // the record came while it booted
		err = a.becomeHost(ctx)
	}
	if err != nil {
		return err
	}
	a.log.Info("located", "identity", a.identity)
	if err := a.os.SetHostname(a.identity.Host); err != nil {
		a.log.Warn("host name", "error", err)
	}
	a.cables.introduce(a.identity.Host, a.lease.Address.Addr())
	if err := a.applyIgnition(ctx, a.identity); err != nil {
		return err
	}
	return a.live(ctx)
}

// reportStart tells the opserver that an agent runs, and what went wrong so far.
func (a *agent) reportStart(ctx context.Context, troubles []error) {
	detail := "agentd " + a.cfg.Version
	if err := errors.Join(troubles...); err != nil {
		detail += "; " + err.Error()
	}
	a.report(ctx, ophub.StageAgent, detail)
}

// live registers the host and keeps all that has to go on until ctx ends.
func (a *agent) live(ctx context.Context) error {
	records, err := a.cfg.Records(a.identity.Consul)
	if err != nil {
		return err
	}
	a.setAddress(a.lease.Address.Addr())
	err = a.persist(ctx, "register", func(ctx context.Context) error {
		r, err := records.Register(ctx, a.record(), liveTTL)
		a.registration = r
		return err
	}, a.trouble(ctx, ophub.StageAgent))
	if err != nil {
		return err
	}
	a.log.Info("registered", "host", a.identity.Host, "ophub", a.identity.Consul)
	a.report(ctx, ophub.StageRegistered, "")

	a.keepRegistration(ctx)

	var all sync.WaitGroup
	all.Go(func() { a.publish(ctx) })
	all.Go(func() { a.askBMC(ctx) })
	reconcile := make(chan ophub.Identity, 1)
	moved := make(chan netip.Addr, 1)
	all.Go(func() {
		_ = a.keepLease(ctx, func(to netip.Addr) {
			select {
			case moved <- to:
			case <-ctx.Done():
			}
		})
	})
	all.Go(func() { a.follow(ctx, records, reconcile) })

	id := a.identity
	for {
		a.kernels.reconcile(ctx, id, a.currentAddress(), a.link.Name)
		a.touch()
		select {
		case id = <-reconcile:
		case to := <-moved:
			a.setAddress(to)
			a.cables.introduce(a.identity.Host, to)
		case <-ctx.Done():
			all.Wait()
			a.wiper.all.Wait()
			return ctx.Err()
		}
	}
}

func (a *agent) currentAddress() netip.Addr {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.address
}

func (a *agent) setAddress(addr netip.Addr) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.address = addr
}

// record is the live record as it should be now.
func (a *agent) record() ophub.Agent {
	return ophub.Agent{
		Host: a.identity.Host, BootID: a.bootID, Version: a.cfg.Version, Image: a.params.Image,
		Addresses: []string{a.currentAddress().String()}, MAC: a.params.MAC,
		Kernels: a.kernels.states(),
		Started: a.started, Updated: time.Now(),
		CPUs: runtime.NumCPU(), MemoryMiB: a.memoryMiB(),
		Inventory: a.inventory(), Wipe: a.wiper.state(),
	}
}
