package opserver

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

const (
	// maxGuests is how many strangers may have an address at once, and they get
	// at most one of guestShare of the range: hosts come first.
	maxGuests  = 64
	guestShare = 4
	// Each stranger may tell its inventory once in tellPause.
	tellPause     = time.Second
	maxDiscovery  = ophub.MaxInventory + 4<<10
	maxWait       = 20 * time.Second // of a question that waits for a record
	strangerLabel = "stranger-"
)

// strangerName is what a machine without a record is called on its console: the
// name of no record, though one could have it.
func strangerName(mac string) string { return strangerLabel + strings.ReplaceAll(mac, ":", "") }

// discovery is what is done with machines that no record names: nothing, or they
// get an image in which agentd tells what they are made of.
type discovery struct {
	mu    sync.Mutex
	image keg.KID // empty: nothing
	most  int
	time  time.Duration        // for which a guest keeps its place
	seen  map[string]time.Time // guests, and when they were last seen
	told  map[string]time.Time // when they last told their inventory
}

// set changes the image; an empty one ends discovery.
func (d *discovery) set(image keg.KID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.image = image
}

func (d *discovery) get() keg.KID {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.image
}

// admit says whether a stranger may have an address now. Those who have a place
// keep it while they are heard of.
func (d *discovery) admit(mac string, now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.image == "" {
		return false
	}
	for m, last := range d.seen {
		if now.Sub(last) >= d.time {
			delete(d.seen, m)
			delete(d.told, m)
		}
	}
	if _, known := d.seen[mac]; !known && len(d.seen) >= d.most {
		return false
	}
	d.seen[mac] = now
	return true
}

// mayTell says whether a guest may tell its inventory now.
func (d *discovery) mayTell(mac string, now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, known := d.seen[mac]; !known && len(d.seen) >= d.most {
		return false
	}
	if last, ok := d.told[mac]; ok && now.Sub(last) < tellPause {
		return false
	}
	d.seen[mac], d.told[mac] = now, now
	return true
}

func newDiscovery(image keg.KID, addresses int, lease time.Duration) *discovery {
	return &discovery{
		image: image, most: max(1, min(maxGuests, addresses/guestShare)), time: lease,
		seen: map[string]time.Time{}, told: map[string]time.Time{},
	}
}

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

// takeDiscovered takes what a machine without a record says of itself.
func (s *Server) takeDiscovered(w http.ResponseWriter, r *http.Request) {
	var told ophub.Discovered
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxDiscovery)).Decode(&told); err != nil {
		http.Error(w, fmt.Sprintf("want JSON with mac and inventory of up to %d KiB", maxDiscovery>>10), http.StatusBadRequest)
		return
	}
	_, mac, ok := s.trusted(w, r, told.MAC)
	if !ok {
		return
	}
	if s.onRecord(mac) {
		http.Error(w, mac+" is on record: ask for its identity", http.StatusConflict)
		return
	}
	if !s.discovery.mayTell(mac, s.Now()) {
		http.Error(w, "too much is told: wait a while", http.StatusTooManyRequests)
		return
	}
	told.MAC, told.Address = mac, source(r).String()
	if err := s.Hub.PutDiscovered(r.Context(), told); err != nil {
		s.Logger.Error("http: a discovered machine is not recorded", "mac", mac, "error", err)
		http.Error(w, clip(err.Error(), maxDetail), http.StatusServiceUnavailable)
		return
	}
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
