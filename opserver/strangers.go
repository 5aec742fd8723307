package opserver

import (
	"cmp"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

const (
	maxStrangers     = 128
	strangerLogEvery = time.Minute
)

// Stranger is a machine that asked for an address and has no host record.
type Stranger struct {
	MAC    string    `json:"mac"`
	Client string    `json:"client"` // "BIOS firmware", "iPXE on UEFI x64", …
	First  time.Time `json:"first"`
	Last   time.Time `json:"last"`
	Count  int       `json:"count"`
	// Quarantine is set while it is given no discovery image.
	Quarantine *ophub.Quarantine `json:"quarantine,omitempty"`
}

// strangers remembers the machines that nobody has put on record: what is new in the rack is found here.
type strangers struct {
	log *slog.Logger

	mu   sync.Mutex
	seen map[string]*strangerEntry
}

type strangerEntry struct {
	Stranger
	logged time.Time
}

func (s *strangers) note(mac, client string, answered bool, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen == nil {
		s.seen = map[string]*strangerEntry{}
	}
	e := s.seen[mac]
	if e == nil {
		if len(s.seen) >= maxStrangers {
			s.forgetOldest()
		}
		e = &strangerEntry{Stranger: Stranger{MAC: mac, First: now}}
		s.seen[mac] = e
	}
	e.Client, e.Last = client, now
	e.Count++
	if e.logged.IsZero() || now.Sub(e.logged) >= strangerLogEvery {
		e.logged = now
		what := "not answered"
		if answered {
			what = "it gets the discovery image"
		}
		s.log.Warn("dhcp: no host record names this MAC: "+what, "mac", mac, "client", client, "seen", e.Count)
	}
}

func (s *strangers) forgetOldest() {
	oldest := ""
	for mac, e := range s.seen {
		if oldest == "" || e.Last.Before(s.seen[oldest].Last) {
			oldest = mac
		}
	}
	delete(s.seen, oldest)
}

// list returns the strangers that are no hosts by now, the latest first.
func (s *strangers) list(isHost func(mac string) bool) []Stranger {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []Stranger{}
	for mac, e := range s.seen {
		if isHost(mac) {
			delete(s.seen, mac)
			continue
		}
		list = append(list, e.Stranger)
	}
	slices.SortFunc(list, func(a, b Stranger) int {
		return cmp.Or(b.Last.Compare(a.Last), cmp.Compare(a.MAC, b.MAC))
	})
	return list
}
