package opserver

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

const (
	maxDiscovery  = ophub.MaxInventory + 4<<10
	maxWait       = 20 * time.Second // of a question that waits for a record
	strangerLabel = "stranger-"
)

// strangerName is what a machine without a record is called on its console: the
// name of no record, though one could have it.
func strangerName(mac string) string { return strangerLabel + strings.ReplaceAll(mac, ":", "") }

// SetDiscovery changes what machines without a record boot from now on; nothing,
// if image is empty.
func (s *Server) SetDiscovery(image keg.KID) error {
	if image != "" && !image.Valid() {
		return fmt.Errorf("discovery image %q: want K- and 64 hexadecimal digits, or nothing", image)
	}
	s.discovery.set(image)
	return nil
}

// guest is the record that a stranger would have, if it is to be discovered.
func (d *discovery) guest(mac string) (ophub.Host, bool) {
	image := d.get()
	return ophub.Host{Name: strangerName(mac), MACs: []string{mac}, Image: image}, image != ""
}

// hostOf is the host or the guest with a MAC address.
func (s *Server) hostOf(mac string) (host ophub.Host, ok bool) {
	if host, ok := s.hosts.byMAC(mac); ok {
		return host, true
	}
	if s.hosts.ambiguous(mac) {
		return ophub.Host{}, false
	}
	return s.discovery.guest(mac)
}

// awaitRecord waits, for as long as the request asks for, until a record names
// the MAC address.
func (s *Server) awaitRecord(r *http.Request, mac string) {
	seconds, err := strconv.Atoi(r.URL.Query().Get("wait"))
	if err != nil || seconds <= 0 {
		return
	}
	end := time.NewTimer(min(time.Duration(seconds)*time.Second, maxWait))
	defer end.Stop()
	for {
		changed := s.hosts.changed()
		if s.onRecord(mac) {
			return
		}
		select {
		case <-changed:
		case <-end.C:
			return
		case <-r.Context().Done():
			return
		}
	}
}

// takeDiscovered takes what a machine without a record says of itself. Whether
// it may is settled before what it says is read: it is a lot, from a stranger.
func (s *Server) takeDiscovered(w http.ResponseWriter, r *http.Request) {
	from := source(r)
	_, lease, ok := s.hostAt(from)
	switch {
	case !ok:
		http.Error(w, fmt.Sprintf("%v is leased to nobody: ask by DHCP first", from), http.StatusForbidden)
		return
	case s.onRecord(lease.MAC):
		http.Error(w, lease.MAC+" is on record: ask for its identity", http.StatusConflict)
		return
	}
	if wait, why := s.discovery.mayTell(lease.MAC, s.Now()); wait > 0 {
		seconds := int((wait + time.Second - 1) / time.Second)
		s.Logger.Debug("http: an inventory is not taken now", "mac", lease.MAC, "why", why, "wait", wait)
		w.Header().Set("Retry-After", strconv.Itoa(seconds))
		http.Error(w, fmt.Sprintf("%s: try again in %d s", why, seconds), http.StatusTooManyRequests)
		return
	}
	var told ophub.Discovered
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxDiscovery)).Decode(&told); err != nil {
		http.Error(w, fmt.Sprintf("want JSON with mac and inventory of up to %d KiB", maxDiscovery>>10), http.StatusBadRequest)
		return
	}
	_, mac, ok := s.trusted(w, r, told.MAC)
	if !ok {
		return
	}
	told.MAC, told.Address = mac, source(r).String()
	if err := s.Hub.PutDiscovered(r.Context(), told); err != nil {
		s.Logger.Error("http: a discovered machine is not recorded", "mac", mac, "error", err)
		http.Error(w, clip(err.Error(), maxDetail), http.StatusServiceUnavailable)
		return
	}
	s.discovery.proven(mac)
	inv := told.Inventory.Tidy()
	s.Logger.Info("discovered", "mac", mac, "address", told.Address, "system", inv.System.Vendor+" "+inv.System.Product, "serial", inv.System.Serial)
	w.WriteHeader(http.StatusNoContent)
}

// strangersOf splits what was discovered into machines that are on record by now
// and those that are not.
func (s *Server) strangersOf(found []ophub.Discovered) (adopted, left []ophub.Discovered) {
	for _, d := range found {
		if slices.ContainsFunc(d.MACs(), s.onRecord) {
			adopted = append(adopted, d)
		} else {
			left = append(left, d)
		}
	}
	return adopted, left
}

// forgetAdopted removes what was discovered of machines that are on record now.
func (s *Server) forgetAdopted(ctx context.Context) error {
	found, err := s.Hub.Discovered(ctx)
	if err != nil {
		return err
	}
	adopted, _ := s.strangersOf(found)
	for _, d := range adopted {
		if err := s.Hub.DeleteDiscovered(ctx, d.MAC); err != nil {
			return err
		}
	}
	return nil
}
