package opserver

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

var _ Records = (*ophub.Hub)(nil)

// memRecords are records in memory, with the rules of the ophub that matter here.
type memRecords struct {
	mu      sync.Mutex
	hosts   []ophub.Host
	kernels map[string]ophub.Kernel
	release map[string]ophub.Release
	boots   map[string]ophub.Boot
	leases  map[string]ophub.Lease
	agents  []ophub.Agent
	found   map[string]ophub.Discovered
	reaped  int
	away    error // what every call fails with
	changed chan struct{}
	now     func() time.Time
	pool    ophub.Pool
}

func newRecords(hosts ...ophub.Host) *memRecords {
	return &memRecords{
		hosts: hosts, kernels: map[string]ophub.Kernel{}, release: map[string]ophub.Release{},
		boots: map[string]ophub.Boot{}, leases: map[string]ophub.Lease{}, found: map[string]ophub.Discovered{}, changed: make(chan struct{}), now: time.Now,
	}
}

func (m *memRecords) PutPool(_ context.Context, p ophub.Pool) error {
	return m.change(func() error {
		m.pool = p
		return nil
	})
}

// change runs f and wakes up who waits for a change.
func (m *memRecords) change(f func() error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.away != nil {
		return m.away
	}
	if err := f(); err != nil {
		return err
	}
	close(m.changed)
	m.changed = make(chan struct{})
	return nil
}

// wait waits until done says so; it is asked after each change.
func (m *memRecords) wait(t testing.TB, what string, done func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		m.mu.Lock()
		ok, changed := done(), m.changed
		m.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-changed:
		case <-deadline:
			t.Fatalf("never came: %s; boots: %+v", what, m.boots)
		}
	}
}

func (m *memRecords) setAway(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.away = err
}

func (m *memRecords) setHosts(hosts ...ophub.Host) {
	m.change(func() error { m.hosts = hosts; return nil })
}

func (m *memRecords) WatchHosts(ctx context.Context) (<-chan []ophub.Host, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.away != nil {
		return nil, m.away
	}
	ch := make(chan []ophub.Host)
	go func() {
		defer close(ch)
		for {
			m.mu.Lock()
			hosts, changed := slices.Clone(m.hosts), m.changed
			m.mu.Unlock()
			select {
			case ch <- hosts:
			case <-ctx.Done():
				return
			}
			select {
			case <-changed:
			case <-ctx.Done():
				return
			}
		}
	}()
	return ch, nil
}

func (m *memRecords) Host(_ context.Context, name string) (ophub.Host, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.away != nil {
		return ophub.Host{}, m.away
	}
	for _, h := range m.hosts {
		if h.Name == name {
			return h, nil
		}
	}
	return ophub.Host{}, ophub.ErrNotFound
}

func (m *memRecords) HostByMAC(_ context.Context, mac string) (ophub.Host, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.away != nil {
		return ophub.Host{}, m.away
	}
	for _, h := range m.hosts {
		if slices.Contains(h.MACs, mac) {
			return h, nil
		}
	}
	return ophub.Host{}, ophub.ErrNotFound
}

func (m *memRecords) Kernel(_ context.Context, name string) (ophub.Kernel, error) {
	return get(m, m.kernels, name)
}

func (m *memRecords) Release(_ context.Context, name string) (ophub.Release, error) {
	return get(m, m.release, name)
}

func get[T any](m *memRecords, from map[string]T, name string) (T, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := from[name]
	if !ok {
		return v, errors.Join(m.away, ophub.ErrNotFound)
	}
	return v, m.away
}

func (m *memRecords) Boot(_ context.Context, host string) (ophub.Boot, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.boots[host], m.away
}

func (m *memRecords) AppendBoot(_ context.Context, host string, event ophub.Event) error {
	return m.change(func() error {
		boot := m.boots[host]
		boot.Host, boot.Events = host, append(slices.Clone(boot.Events), event)
		m.boots[host] = boot
		return nil
	})
}

// BeginBoot has no clock: so many boots and no more.
func (m *memRecords) BeginBoot(_ context.Context, host string, budget ophub.Budget) (*ophub.Quarantine, error) {
	var q *ophub.Quarantine
	err := m.change(func() error {
		boot := m.boots[host]
		boot.Host, boot.Starts = host, append(slices.Clone(boot.Starts), m.now())
		if boot.Quarantine == nil && budget.Attempts > 0 && len(boot.Starts) > budget.Attempts {
			boot.Quarantine = &ophub.Quarantine{Since: m.now(), Reason: "it keeps booting"}
		}
		m.boots[host], q = boot, boot.Quarantine
		return nil
	})
	return q, err
}

func (m *memRecords) Agents(context.Context) ([]ophub.Agent, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.agents), m.away
}

func (m *memRecords) Discovered(context.Context) ([]ophub.Discovered, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.SortedFunc(maps.Values(m.found), func(a, b ophub.Discovered) int { return cmp.Compare(a.MAC, b.MAC) }), m.away
}

func (m *memRecords) PutDiscovered(_ context.Context, d ophub.Discovered) error {
	return m.change(func() error { m.found[d.MAC] = d; return nil })
}

func (m *memRecords) DeleteDiscovered(_ context.Context, mac string) error {
	return m.change(func() error { delete(m.found, mac); return nil })
}

func (m *memRecords) Leases(context.Context) ([]ophub.Lease, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.SortedFunc(maps.Values(m.leases), func(a, b ophub.Lease) int { return cmp.Compare(a.IP, b.IP) }), m.away
}

func (m *memRecords) PutLease(_ context.Context, lease ophub.Lease) error {
	return m.change(func() error {
		if old, ok := m.leases[lease.IP]; ok && old.MAC != lease.MAC && old.Expires.After(m.now()) {
			return &ophub.LeaseTakenError{Lease: lease, Holder: old}
		}
		m.leases[lease.IP] = lease
		return nil
	})
}

func (m *memRecords) DeleteLease(_ context.Context, lease ophub.Lease) error {
	return m.change(func() error {
		if m.leases[lease.IP].MAC == lease.MAC {
			delete(m.leases, lease.IP)
		}
		return nil
	})
}

func (m *memRecords) Reap(context.Context) error {
	return m.change(func() error { m.reaped++; return nil })
}
