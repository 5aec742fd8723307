package opserver

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

const (
	retryPause       = 2 * time.Second // between tries to read the records
	housekeepEvery   = 15 * time.Second
	housekeepTimeout = 10 * time.Second
	// A lease that ran out so long ago, of a machine that is on record no more, is removed.
	leaseMemory     = 24 * time.Hour
	httpShutdown    = 3 * time.Second
	httpHeaderLimit = 16 << 10
)

// Server is one opserver.
type Server struct {
	Config
	baseURL   string // as hosts see it
	hosts     *directory
	table     *leases
	strangers *strangers
	discovery *discovery
	stages    *stages
	firmware  *firmware
	images    *imageCache
	status    statusCache
}

// New checks the configuration. It opens and sends nothing yet.
func New(config Config) (*Server, error) {
	if err := config.complete(); err != nil {
		return nil, err
	}
	s := &Server{Config: config}
	s.baseURL = "http://" + s.Address.String()
	if tcp, ok := s.HTTP.Addr().(*net.TCPAddr); ok && tcp.Port != 80 {
		s.baseURL = fmt.Sprintf("http://%v:%d", s.Address, tcp.Port)
	}
	s.hosts = &directory{log: s.Logger}
	excluded := map[netip.Addr]bool{s.Address: true}
	for _, router := range append(append([]netip.Addr{}, s.Router...), s.DNS...) {
		excluded[router] = true
	}
	s.table = &leases{
		records: s.Hub, addresses: s.Range, excluded: excluded, time: s.LeaseTime, now: s.Now, onRecord: s.onRecord,
	}
	s.strangers = &strangers{log: s.Logger}
	s.discovery = newDiscovery(s.Discovery, s.Range.size(), s.LeaseTime)
	s.stages = newStages(s.Hub, s.Logger, s.Now)
	s.stages.known = s.hosts.named
	s.firmware = &firmware{files: s.Firmware}
	s.images = &imageCache{store: s.Keg}
	return s, nil
}

// URL is where hosts reach the server, such as "http://10.20.0.1".
func (s *Server) URL() string { return s.baseURL }

// Run serves until ctx ends, which is no error, or until one of its parts fails.
func (s *Server) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	part := func(name string, run func(context.Context) error) {
		group.Go(func() error {
			if err := run(ctx); err != nil {
				return fmt.Errorf("opserver: %s: %w", name, err)
			}
			return nil
		})
	}
	dhcp := &dhcpServer{
		Config: &s.Config, baseURL: s.baseURL, hosts: s.hosts, table: s.table, strangers: s.strangers, discovery: s.discovery,
		publish: s.stages.publish, log: s.Logger,
	}
	tftp := &tftpServer{
		conn: s.TFTP, open: s.firmware.open, allowed: s.leasedTo, done: s.programSent, log: s.Logger,
		wait: tftpWait, tries: tftpTries,
	}
	part("records", s.follow)
	part("stages", s.stages.run)
	part("housekeeping", s.housekeep)
	part("DHCP", dhcp.serve)
	part("TFTP", tftp.serve)
	part("HTTP", func(ctx context.Context) error { return serveHTTP(ctx, s.HTTP, s.hostHandler()) })
	if s.Operator != nil {
		part("operator", func(ctx context.Context) error { return serveHTTP(ctx, s.Operator, s.operatorHandler()) })
	}
	s.Logger.Info("opserver runs", "url", s.baseURL, "address", s.Address, "range", s.Range.String())
	return group.Wait()
}

// pool is what DHCP hands out.
func (s *Server) pool() ophub.Pool {
	return ophub.Pool{Opserver: s.Address, First: s.Range.First, Last: s.Range.Last, Excluded: slices.SortedFunc(maps.Keys(s.table.excluded), netip.Addr.Compare)}
}

// follow reads the leases, and then keeps the host records up to date. DHCP says nothing before both are known.
func (s *Server) follow(ctx context.Context) error {
	for {
		err := s.table.load(ctx)
		if err == nil {
			err = s.Hub.PutPool(ctx, s.pool())
		}
		if err == nil {
			err = s.followHosts(ctx)
		}
		if ctx.Err() != nil {
			return nil
		}
		s.Logger.Error("the records cannot be followed; trying again", "error", err, "after", retryPause)
		if !pause(ctx, retryPause) {
			return nil
		}
	}
}

func (s *Server) followHosts(ctx context.Context) error {
	changes, err := s.Hub.WatchHosts(ctx)
	if err != nil {
		return fmt.Errorf("read the host records: %w", err)
	}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case hosts, ok := <-changes:
			if !ok {
				return errors.New("the host records' changes ended")
			}
			s.hosts.set(hosts)
			s.Logger.Debug("host records read", "hosts", len(hosts))
		}
	}
}

// housekeep removes what is left of hosts that are gone, and takes over what other opservers leased.
func (s *Server) housekeep(ctx context.Context) error {
	for {
		s.housekeepOnce(ctx)
		if !pause(ctx, housekeepEvery) {
			return nil
		}
	}
}

func (s *Server) housekeepOnce(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, housekeepTimeout)
	defer cancel()
	if err := s.Hub.Reap(ctx); err != nil && ctx.Err() == nil {
		s.Logger.Warn("dead agents were not reaped", "error", err)
	}
	if !s.hosts.known() {
		return
	}
	if err := s.forgetAdopted(ctx); err != nil {
		s.Logger.Warn("discovered machines were not looked at", "error", err)
	}
	if err := s.table.load(ctx); err != nil {
		s.Logger.Warn("leases were not read again", "error", err)
		return
	}
	for _, lease := range s.table.all() {
		if s.onRecord(lease.MAC) || s.Now().Sub(lease.Expires) < leaseMemory {
			continue
		}
		if err := s.Hub.DeleteLease(ctx, lease); err != nil {
			s.Logger.Warn("an old lease was not removed", "mac", lease.MAC, "address", lease.IP, "error", err)
		}
	}
}

func (s *Server) onRecord(mac string) bool {
	_, ok := s.hosts.byMAC(mac)
	return ok
}

// leasedTo says whether an address is leased to a host.
func (s *Server) leasedTo(a netip.Addr) bool {
	_, _, ok := s.hostAt(a)
	return ok
}

// hostAt is the host that has an address, by its lease and its record, or the guest that has it by its lease alone.
func (s *Server) hostAt(a netip.Addr) (ophub.Host, ophub.Lease, bool) {
	lease, ok := s.table.holder(a)
	if !ok {
		return ophub.Host{}, lease, false
	}
	host, ok := s.hostOf(lease.MAC)
	return host, lease, ok
}

// programSent publishes what became of a boot program's transfer by TFTP.
func (s *Server) programSent(peer netip.Addr, file string, sent int, err error) {
	host, lease, ok := s.hostAt(peer)
	if !ok {
		return
	}
	event := ophub.Event{Stage: ophub.StageBootFile, MAC: lease.MAC, Address: lease.IP, Image: host.Image}
	event.Detail = fmt.Sprintf("%s, %d bytes by TFTP", clip(file, 64), sent)
	if err != nil {
		// The stage that was reached is the one before.
		event.Stage = ophub.StageDHCP
		event.Detail = fmt.Sprintf("%s by TFTP failed after %d bytes: %s", clip(file, 64), sent, clip(err.Error(), 160))
	}
	s.stages.publish(host.Name, "tftp "+event.Detail, event)
}

// serveHTTP serves until ctx ends, and then lets requests end for a short while.
func serveHTTP(ctx context.Context, l net.Listener, h http.Handler) error {
	server := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    httpHeaderLimit,
		BaseContext:       func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
	}
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		grace, cancel := context.WithTimeout(context.Background(), httpShutdown)
		defer cancel()
		if server.Shutdown(grace) != nil {
			server.Close()
		}
	})
	err := server.Serve(l)
	if stop() { // it ended by itself
		return err
	}
	<-ended
	return nil
}
