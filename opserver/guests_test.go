package opserver

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// What strangers tell is bounded, for each and for all of them, and so is what
// is kept of them.
func TestTellingIsBounded(t *testing.T) {
	d := newDiscovery("K-x", 1000, time.Hour)
	now := time.Now()
	mac := func(i int) string { return fmt.Sprintf("52:54:00:00:%02x:%02x", i>>8, i&0xff) }
	for i := range maxGuests {
		if wait, why := d.mayTell(mac(i), now); wait != 0 {
			t.Fatalf("machine %d of a rack: %s, %s", i, wait, why)
		}
	}
	for i := range 1000 {
		if wait, why := d.mayTell(mac(maxGuests+i), now); wait != roomPause || !strings.Contains(why, "as there is room for") {
			t.Fatalf("one too many: %s, %s", wait, why)
		}
	}
	if len(d.guests) != maxGuests {
		t.Errorf("%d are kept", len(d.guests))
	}
	if wait, why := d.mayTell(mac(0), now.Add(tellPause/2)); wait != tellPause/2 || why != "it has just told" {
		t.Errorf("at once again: %s, %s", wait, why)
	}
	told := 0
	for i := range maxGuests {
		wait, why := d.mayTell(mac(i), now.Add(tellPause))
		if wait == 0 {
			told++
		} else if wait > time.Second/tellRate || why != "too many machines tell at once" {
			t.Errorf("all at once again: %s, %s", wait, why)
		}
	}
	if told != tellRate {
		t.Errorf("%d told in a second, want %d", told, tellRate)
	}
	// Those who were refused have spent nothing.
	if wait, why := d.mayTell(mac(maxGuests-1), now.Add(tellPause+time.Second/tellRate)); wait != 0 {
		t.Errorf("a moment later: %s, %s", wait, why)
	}
}

// What is too much is refused before it is read, and one machine's noise is not
// another's.
func TestTellingTooMuch(t *testing.T) {
	s := discovering(t)
	body := func(mac string) string {
		return fmt.Sprintf(`{"mac":%q,"inventory":{"system":{"product":"PowerEdge"}}}`, mac)
	}
	most := s.discovery.most
	macs := make([]string, most+1)
	for i := range macs {
		macs[i] = fmt.Sprintf("52:54:00:00:09:%02x", i)
		s.lease(macs[i], strangerName(macs[i]), fmt.Sprintf("127.0.0.%d", 10+i))
	}
	for i, mac := range macs {
		from := fmt.Sprintf("127.0.0.%d", 10+i)
		response, why := s.answer(from, http.MethodPost, "/v1/discovered", body(mac))
		switch {
		case i < most && response.StatusCode != http.StatusNoContent:
			t.Errorf("%s: %d %s", mac, response.StatusCode, why)
		case i == most && (response.StatusCode != http.StatusTooManyRequests || response.Header.Get("Retry-After") != "60" || !strings.Contains(why, "try again in 60 s")):
			t.Errorf("one too many: %d, %q, %s", response.StatusCode, response.Header.Get("Retry-After"), why)
		}
	}
	if response, _ := s.answer("127.0.0.10", http.MethodPost, "/v1/discovered", "no JSON at all"); response.StatusCode != http.StatusTooManyRequests {
		t.Errorf("what comes too soon was read: %d", response.StatusCode)
	}
	if code, why := s.do("127.0.0.99", http.MethodPost, "/v1/discovered", body(macs[0])); code != http.StatusForbidden || !strings.Contains(why, "leased to nobody") {
		t.Errorf("without a lease: %d %s", code, why)
	}
}

// hand is a clock that is moved by hand.
type hand struct {
	mu  sync.Mutex
	now time.Time
}

func (h *hand) Now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *hand) move(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

// A stranger that keeps booting gets no discovery image any more, for an hour or
// until something has changed.
func TestStrangerQuarantine(t *testing.T) {
	clock := &hand{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	s := newSite(t, func(c *Config) { c.Now = clock.Now })
	if err := s.SetDiscovery(s.image); err != nil {
		t.Fatal(err)
	}
	s.run()
	s.ask(mac9, asIPXE...)
	script := func(from string) string {
		t.Helper()
		s.lease(mac9, strangerName(mac9), "127.0.0.19")
		code, text := s.get(from, "/boot.ipxe?mac="+mac9)
		if code != http.StatusOK {
			t.Fatalf("%d: %s", code, text)
		}
		return text
	}
	boots := func(why string) {
		t.Helper()
		if text := script("127.0.0.19"); !strings.Contains(text, string(s.image)) {
			t.Errorf("%s: %s", why, text)
		}
	}
	spend := func() {
		t.Helper()
		for i := range ophub.DefaultAttempts {
			script("127.0.0.20") // who only looks at it does not boot
			boots(fmt.Sprintf("boot %d", i+1))
		}
	}
	spend()
	text := script("127.0.0.19")
	if other := script("127.0.0.20"); other != text {
		t.Errorf("who only looks at it sees %s", other)
	}
	golden(t, "quarantine-stranger.ipxe", strings.ReplaceAll(text, s.URL(), "http://10.20.0.1"))
	response, err := http.Get("http://" + s.Operator.Addr().String() + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	page, err := io.ReadAll(response.Body)
	if err != nil || !strings.Contains(string(page), "quarantined") || !strings.Contains(string(page), "without saying what it is made of") {
		t.Errorf("the page does not say so: %v\n%s", err, page)
	}

	clock.move(guestQuarantine - time.Second)
	if text := script("127.0.0.19"); strings.Contains(text, string(s.image)) {
		t.Error("it gets the image before its hour is over")
	}
	clock.move(time.Second)
	spend()
	if err := s.SetDiscovery(keg.Sum([]byte("none"))); err != nil {
		t.Fatal(err)
	}
	if err := s.SetDiscovery(s.image); err != nil {
		t.Fatal(err)
	}
	spend()
	clock.move(tellPause)
	body := fmt.Sprintf(`{"mac":%q,"inventory":{}}`, mac9)
	if code, text := s.do("127.0.0.19", http.MethodPost, "/v1/discovered", body); code != http.StatusNoContent {
		t.Fatalf("%d %s", code, text)
	}
	spend()
	script("127.0.0.19")
	s.records.setHosts(ophub.Host{Name: "node9", MACs: []string{mac9}, Image: s.image})
	s.until("node9 on record", func() bool { return s.onRecord(mac9) })
	boots("on record")
}
