package opserver

import (
	"log/slog"
	"slices"
	"sync/atomic"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// directory is the last reading of the host records. Packets are answered from it: an unknown machine that asks again
// and again costs the records nothing.
type directory struct {
	log     *slog.Logger
	current atomic.Pointer[hostList]
}

type hostList struct {
	hosts []ophub.Host
	byMAC map[string]*ophub.Host
}

// set takes over a reading. Of two records that name one MAC, which PutHost refuses, neither is served: it would be
// chance which image the machine gets.
func (d *directory) set(hosts []ophub.Host) {
	list := &hostList{hosts: slices.Clone(hosts), byMAC: map[string]*ophub.Host{}}
	for i := range list.hosts {
		host := &list.hosts[i]
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
