package opserver

import (
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// directory is the last reading of the host records. Packets are answered from it: an unknown machine that asks again
// and again costs the records nothing.
type directory struct {
	log     *slog.Logger
	current atomic.Pointer[hostList]

	mu   sync.Mutex
	next chan struct{} // closed by the next reading
}

type hostList struct {
	hosts  []ophub.Host
	byMAC  map[string]*ophub.Host // nil for an address that several records name
	byName map[string]bool
}

// set takes over a reading. Of two records that name one MAC, which PutHost refuses, neither is served: it would be
// chance which image the machine gets.
func (d *directory) set(hosts []ophub.Host) {
	list := &hostList{hosts: slices.Clone(hosts), byMAC: map[string]*ophub.Host{}, byName: map[string]bool{}}
	for i := range list.hosts {
		host := &list.hosts[i]
		list.byName[host.Name] = true
		for _, mac := range host.MACs {
			if other, ok := list.byMAC[mac]; ok && (other == nil || other.Name != host.Name) {
				d.log.Error("two host records name one MAC: neither is served by it", "mac", mac, "host", host.Name)
				list.byMAC[mac] = nil
				continue
			}
			list.byMAC[mac] = host
		}
	}
	d.current.Store(list)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.next != nil {
		close(d.next)
		d.next = nil
	}
}

// changed is closed by the next reading.
func (d *directory) changed() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.next == nil {
		d.next = make(chan struct{})
	}
	return d.next
}

// ambiguous says whether several records name one MAC address.
func (d *directory) ambiguous(mac string) bool {
	list := d.current.Load()
	if list == nil {
		return false
	}
	host, named := list.byMAC[mac]
	return named && host == nil
}

// named says whether a host of that name is on record.
func (d *directory) named(host string) bool {
	list := d.current.Load()
	return list != nil && list.byName[host]
}

// known says whether the records have been read.
func (d *directory) known() bool { return d.current.Load() != nil }

func (d *directory) byMAC(mac string) (ophub.Host, bool) {
	list := d.current.Load()
	if list == nil || list.byMAC[mac] == nil {
		return ophub.Host{}, false
	}
	return *list.byMAC[mac], true
}

func (d *directory) hosts() []ophub.Host {
	if list := d.current.Load(); list != nil {
		return list.hosts
	}
	return nil
}
