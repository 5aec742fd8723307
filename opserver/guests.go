package opserver

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

const (
	// maxGuests is how many strangers may have an address at once, and they get
	// at most one of guestShare of the range: hosts come first.
	maxGuests  = 64
	guestShare = 4
	// Each stranger may tell its inventory once in tellPause, and all of them
	// together tellRate times a second, after a burst in which each of them tells:
	// a rack that gets its power back. Each is a write to the records.
	tellPause = time.Second
	tellRate  = 8
	// roomPause is when one that there is no room for may try again.
	roomPause = time.Minute
	// guestQuarantine is how long a stranger is given no image when it has begun
	// to boot too often. There is no record whose quarantine somebody could lift.
	guestQuarantine = time.Hour
)

// guestBudget is how often a stranger may begin to boot without saying what it
// is made of.
var guestBudget = ophub.Budget{}

// discovery is what is done with machines that no record names: nothing, or they
// get an image in which agentd tells what they are made of.
type discovery struct {
	mu     sync.Mutex
	image  keg.KID // empty: nothing
	most   int
	stay   time.Duration // for which a guest keeps its place
	guests map[string]*guest
	tells  *rate.Limiter
}

// guest is a stranger that has a place.
type guest struct {
	seen, told time.Time // when it was last seen, and last told its inventory
	starts     []time.Time
	quarantine *ophub.Quarantine
}

func newDiscovery(image keg.KID, addresses int, lease time.Duration) *discovery {
	most := max(1, min(maxGuests, addresses/guestShare))
	return &discovery{
		image: image, most: most, stay: lease,
		guests: map[string]*guest{}, tells: rate.NewLimiter(tellRate, most),
	}
}

// set changes the image; an empty one ends discovery. What another image did is
// held against no guest.
func (d *discovery) set(image keg.KID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.image == image {
		return
	}
	d.image = image
	for _, g := range d.guests {
		g.starts, g.quarantine = nil, nil
	}
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
	return d.image != "" && d.place(mac, now) != nil
}

// place is a stranger's place, if there is one for it. The caller holds the lock.
func (d *discovery) place(mac string, now time.Time) *guest {
	for m, g := range d.guests {
		if now.Sub(g.seen) >= d.stay {
			delete(d.guests, m)
		}
	}
	g := d.guests[mac]
	if g == nil {
		if len(d.guests) >= d.most {
			return nil
		}
		g = &guest{}
		d.guests[mac] = g
	}
	g.seen = now
	return g
}

// mayTell says whether a stranger may tell its inventory now; if not, when it
// may try again, and why.
func (d *discovery) mayTell(mac string, now time.Time) (wait time.Duration, why string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	g := d.place(mac, now)
	if g == nil {
		return roomPause, "as many machines as there is room for are being discovered"
	}
	if since := now.Sub(g.told); since < tellPause {
		return tellPause - since, "it has just told"
	}
	ask := d.tells.ReserveN(now, 1)
	if wait := ask.DelayFrom(now); wait > 0 {
		ask.CancelAt(now)
		return wait, "too many machines tell at once"
	}
	g.told = now
	return 0, ""
}

// proven notes that a stranger has said what it is made of: its boots were not
// in vain.
func (d *discovery) proven(mac string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if g := d.guests[mac]; g != nil {
		g.starts, g.quarantine = nil, nil
	}
}

// begin counts a boot of a stranger, and returns the quarantine that it is in by
// this boot or by an earlier one; nil when it may boot. One without a place has
// no address either.
func (d *discovery) begin(mac string, now time.Time) *ophub.Quarantine {
	d.mu.Lock()
	defer d.mu.Unlock()
	g := d.place(mac, now)
	if g == nil || g.inQuarantine(now) != nil {
		return g.inQuarantine(now)
	}
	var over bool
	if g.starts, over = guestBudget.Spend(g.starts, now); over {
		g.quarantine = guestBudget.Overspent(g.starts, now, "saying what it is made of")
	}
	return g.quarantine
}

// quarantine is the quarantine that a stranger is in; nil when in none.
func (d *discovery) quarantine(mac string, now time.Time) *ophub.Quarantine {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.guests[mac].inQuarantine(now)
}

func (g *guest) inQuarantine(now time.Time) *ophub.Quarantine {
	if g == nil || g.quarantine == nil {
		return nil
	}
	if now.Sub(g.quarantine.Since) >= guestQuarantine {
		g.starts, g.quarantine = nil, nil
		return nil
	}
	return g.quarantine
}
