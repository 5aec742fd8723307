package opserver

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

const (
	// statusAge is how old an answer may be: a page that many look at is made once.
	statusAge     = 2 * time.Second
	statusReaders = 8
)

// Status is what the status page shows and GET /v1/hosts answers.
type Status struct {
	Time      time.Time    `json:"time"`
	URL       string       `json:"url"`   // as hosts see it
	Range     string       `json:"range"` // of DHCP
	Leased    int          `json:"leased"`
	Addresses int          `json:"addresses"`
	Hosts     []HostStatus `json:"hosts"`
	Strangers []Stranger   `json:"strangers"`
	// Discovery is the image that machines without a record boot; empty if none.
	Discovery  keg.KID            `json:"discovery,omitempty"`
	Discovered []ophub.Discovered `json:"discovered,omitempty"`
}

// HostStatus is one host with what is known of it.
type HostStatus struct {
	Name     string        `json:"name"`
	MACs     []string      `json:"macs"`
	Switch   string        `json:"switch,omitempty"`
	Port     string        `json:"port,omitempty"`
	VLAN     int           `json:"vlan,omitempty"`
	Firmware string        `json:"firmware,omitempty"`
	Image    keg.KID       `json:"image,omitempty"`
	Kernels  []string      `json:"kernels,omitempty"`
	Leases   []ophub.Lease `json:"leases,omitempty"`
	Last     *ophub.Event  `json:"last,omitempty"` // of its boot record
	// Quarantine is set while it is given no image.
	Quarantine *ophub.Quarantine `json:"quarantine,omitempty"`
	Agent      *ophub.Agent      `json:"agent,omitempty"`
}

// Booted says whether an agent runs with the image on record.
func (h HostStatus) Booted() bool { return h.Agent != nil && h.Agent.Image == h.Image }

type statusCache struct {
	mu   sync.Mutex
	last Status
}

// Status reads how all hosts are.
func (s *Server) Status(ctx context.Context) (Status, error) {
	s.status.mu.Lock()
	defer s.status.mu.Unlock()
	if age := s.Now().Sub(s.status.last.Time); age >= 0 && age < statusAge {
		return s.status.last, nil
	}
	status, err := s.readStatus(ctx)
	if err == nil {
		s.status.last = status
	}
	return status, err
}

func (s *Server) readStatus(ctx context.Context) (Status, error) {
	now := s.Now()
	agents, err := s.Hub.Agents(ctx)
	if err != nil {
		return Status{}, fmt.Errorf("read the live agents: %w", err)
	}
	byHost := map[string]*ophub.Agent{}
	for i := range agents {
		byHost[agents[i].Host] = &agents[i]
	}
	status := Status{Time: now, URL: s.baseURL, Range: s.Range.String(), Addresses: s.Range.size(), Strangers: s.strangers.list(s.onRecord)}
	status.Discovery = s.discovery.get()
	for i, stranger := range status.Strangers {
		status.Strangers[i].Quarantine = s.discovery.quarantine(stranger.MAC, now)
	}
	found, err := s.Hub.Discovered(ctx)
	if err != nil {
		return Status{}, fmt.Errorf("read the discovered machines: %w", err)
	}
	_, status.Discovered = s.strangersOf(found)
	leases := map[string][]ophub.Lease{}
	for _, lease := range s.table.all() {
		if !lease.Expires.After(now) {
			continue
		}
		leases[lease.Host] = append(leases[lease.Host], lease)
		if s.Range.Contains(leaseAddr(lease)) {
			status.Leased++
		}
	}
	hosts := s.hosts.hosts()
	status.Hosts = make([]HostStatus, len(hosts))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(statusReaders)
	for i, host := range hosts {
		of := leases[host.Name]
		slices.SortFunc(of, func(a, b ophub.Lease) int { return cmp.Compare(a.IP, b.IP) })
		status.Hosts[i] = HostStatus{
			Name: host.Name, MACs: host.MACs, Switch: host.Switch, Port: host.Port, VLAN: host.VLAN,
			Firmware: host.Firmware, Image: host.Image, Kernels: host.Kernels, Leases: of, Agent: byHost[host.Name],
		}
		group.Go(func() error {
			boot, err := s.Hub.Boot(ctx, host.Name)
			if err != nil {
				return fmt.Errorf("read the boot record of %s: %w", host.Name, err)
			}
			status.Hosts[i].Quarantine = boot.Quarantine
			if n := len(boot.Events); n > 0 {
				status.Hosts[i].Last = &boot.Events[n-1]
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return Status{}, err
	}
	return status, nil
}
