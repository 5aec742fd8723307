package opserver

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// discovering is a site that discovers strangers with its image.
func discovering(t *testing.T) *site {
	s := newSite(t)
	if err := s.SetDiscovery(s.image); err != nil {
		t.Fatal(err)
	}
	return s.run()
}

func TestStrangerIsDiscovered(t *testing.T) {
	s := discovering(t)
	s.lease(mac9, strangerName(mac9), "127.0.0.19")
	if code, script := s.get("127.0.0.19", "/boot.ipxe?mac="+mac9); code != http.StatusOK ||
		!strings.Contains(script, "cthulix.host=stranger-525400000009") || !strings.Contains(script, string(s.image)) {
		t.Fatalf("%d: %s", code, script)
	}
	code, text := s.get("127.0.0.19", "/v1/identity?mac="+mac9)
	var id ophub.Identity
	if err := json.Unmarshal([]byte(text), &id); err != nil || code != http.StatusOK {
		t.Fatalf("%d: %s", code, text)
	}
	if !id.Discovery || id.Consul != "" || id.Kernels != nil || id.Ignition != "" {
		t.Errorf("a stranger is told %+v", id)
	}
	if code, _ := s.get("127.0.0.19", "/ignition?mac="+mac9); code != http.StatusForbidden {
		t.Errorf("its Ignition configuration: %d", code)
	}
	body := fmt.Sprintf(`{"mac":%q,"address":"1.1.1.1","inventory":{"system":{"product":"PowerEdge"}}}`, mac9)
	if code, text := s.do("127.0.0.18", http.MethodPost, "/v1/discovered", body); code != http.StatusForbidden {
		t.Errorf("somebody else says so: %d %s", code, text)
	}
	if code, text := s.do("127.0.0.19", http.MethodPost, "/v1/discovered", body); code != http.StatusNoContent {
		t.Fatalf("%d %s", code, text)
	}
	again, why := s.answer("127.0.0.19", http.MethodPost, "/v1/discovered", body)
	if again.StatusCode != http.StatusTooManyRequests || again.Header.Get("Retry-After") != "1" || why != "it has just told: try again in 1 s\n" {
		t.Errorf("told at once again: %d, %q, %s", again.StatusCode, again.Header.Get("Retry-After"), why)
	}
	const mac8 = "52:54:00:00:00:08"
	s.lease(mac8, strangerName(mac8), "127.0.0.18")
	huge := strings.Replace(body, "PowerEdge", strings.Repeat("x", maxDiscovery), 1)
	if code, _ := s.do("127.0.0.18", http.MethodPost, "/v1/discovered", huge); code != http.StatusBadRequest {
		t.Errorf("too much is told: %d", code)
	}
	s.records.mu.Lock()
	d := s.records.found[mac9]
	s.records.mu.Unlock()
	if d.Address != "127.0.0.19" || d.Inventory.System.Product != "PowerEdge" {
		t.Errorf("recorded is %+v", d)
	}
	status, err := s.Status(t.Context())
	if err != nil || len(status.Discovered) != 1 || status.Discovery != s.image {
		t.Errorf("%+v, %v", status, err)
	}

	// It asks with patience, and a record appears meanwhile.
	type answer struct {
		code int
		text string
	}
	answers := make(chan answer, 1)
	go func() {
		code, text := s.get("127.0.0.19", "/v1/identity?wait=20&mac="+mac9)
		answers <- answer{code, text}
	}()
	s.records.setHosts(ophub.Host{Name: "node9", MACs: []string{mac9}, Image: s.image})
	a := <-answers
	id = ophub.Identity{}
	if err := json.Unmarshal([]byte(a.text), &id); err != nil || id.Host != "node9" || id.Discovery || id.Consul == "" {
		t.Errorf("%d: %s", a.code, a.text)
	}
	if code, _ := s.do("127.0.0.19", http.MethodPost, "/v1/discovered", body); code != http.StatusConflict {
		t.Errorf("a host tells: %d", code)
	}
	s.housekeepOnce(t.Context())
	if found, _ := s.records.Discovered(t.Context()); len(found) != 0 {
		t.Errorf("still discovered: %+v", found)
	}
	s.records.mu.Lock()
	defer s.records.mu.Unlock()
	for name := range s.records.boots {
		if strings.HasPrefix(name, strangerLabel) {
			t.Errorf("a boot record of %s", name)
		}
	}
}

func TestStrangersGetAnAddressOnlyToBeDiscovered(t *testing.T) {
	s := newSite(t).run()
	if err := s.SetDiscovery(s.image); err != nil {
		t.Fatal(err)
	}
	most := s.Range.size() / guestShare
	for i := range most {
		mac := fmt.Sprintf("52:54:00:00:09:%02x", i)
		lease := s.ask(mac, asIPXE...)
		if file := lease.ACK.BootFileName; file != s.URL()+"/boot.ipxe?mac="+mac || lease.ACK.HostName() != strangerName(mac) {
			t.Errorf("%s is to load %q as %s", mac, file, lease.ACK.HostName())
		}
	}
	if s.discovery.admit(mac9, time.Now()) {
		t.Errorf("%d strangers are too many", most+1)
	}
	s.ask(mac1, asIPXE...) // a host has its address all the same
	if err := s.SetDiscovery("K-1"); err == nil {
		t.Error("no KID was taken")
	}
}

func TestGuestsLeave(t *testing.T) {
	d := newDiscovery("K-x", 8, time.Hour)
	now := time.Now()
	if !d.admit("a", now) || !d.admit("b", now) || d.admit("c", now) || !d.admit("a", now.Add(50*time.Minute)) {
		t.Error("two places are not kept by two")
	}
	if !d.admit("c", now.Add(61*time.Minute)) || d.admit("b", now.Add(61*time.Minute)) {
		t.Error("who is not heard of keeps the place")
	}
	d.set("")
	if d.admit("a", now.Add(61*time.Minute)) {
		t.Error("admitted without an image")
	}
}

// A machine that has just got a record boots by it, though the directory has not
// heard of that.
func TestStrangerBootsByItsNewRecord(t *testing.T) {
	s := discovering(t)
	s.lease(mac9, strangerName(mac9), "127.0.0.19")
	s.records.setAway(errors.New("no leader"))
	if code, script := s.get("127.0.0.19", "/boot.ipxe?mac="+mac9); code != http.StatusOK || !strings.Contains(script, "cthulix.host=stranger-") {
		t.Errorf("without records: %d: %s", code, script)
	}
	s.records.setAway(nil)
	s.records.mu.Lock()
	s.records.hosts = append(s.records.hosts, ophub.Host{Name: "node9", MACs: []string{mac9}, Image: s.image})
	s.records.mu.Unlock()
	if code, script := s.get("127.0.0.19", "/boot.ipxe?mac="+mac9); code != http.StatusOK || !strings.Contains(script, "cthulix.host=node9") {
		t.Errorf("%d: %s", code, script)
	}
}
