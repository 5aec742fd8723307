package opserver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

func TestStoringTakesTheToken(t *testing.T) {
	s := newSite(t).run()
	base := "http://" + s.Operator.Addr().String()
	if _, _, err := keg.NewClient(base, "guess", nil).Put(context.Background(), strings.NewReader("blob")); !errors.Is(err, keg.ErrUnauthorized) {
		t.Errorf("with a wrong token: %v", err)
	}
	kid, _, err := keg.NewClient(base, "operator-token", nil).Put(context.Background(), strings.NewReader("blob"))
	if err != nil {
		t.Fatal(err)
	}
	if has, err := s.keg.Has(context.Background(), kid); err != nil || !has {
		t.Errorf("the blob is not there: %v", err)
	}
	if strings.Contains(s.log.String(), "operator-token") {
		t.Error("the token is in the log")
	}
}

func TestTheStatusPage(t *testing.T) {
	at := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	s := newSite(t, func(c *Config) { c.Now = func() time.Time { return at } })
	s.records.hosts[0].Image = keg.Sum([]byte("an image"))
	s.records.hosts[1].Image = s.records.hosts[0].Image
	s.hosts.set(append(s.records.hosts, ophub.Host{Name: "node3", MACs: []string{"52:54:00:00:00:03"}}))
	s.lease(mac1, "node1", "127.0.0.10")
	s.records.agents = []ophub.Agent{
		{Host: "node1", BootID: "b", Version: "0.1.0", Image: s.records.hosts[0].Image, CPUs: 2, MemoryMiB: 512, Kernels: map[string]ophub.KernelState{"main": {Status: ophub.KernelReady}}},
		{Host: "node2", Version: "0.1.0", Image: keg.Sum([]byte("older"))},
	}
	err := s.records.AppendBoot(context.Background(), "node2", ophub.Event{Stage: ophub.StageDHCP, Time: at.Add(-90 * time.Second), Detail: "<b>iPXE</b> is offered 127.0.0.11"})
	if err != nil {
		t.Fatal(err)
	}
	s.strangers.note(mac9, "UEFI x64 firmware", false, at.Add(-time.Minute))
	s.records.found[mac9] = ophub.Discovered{MAC: mac9, Last: at.Add(-time.Minute), Address: "127.0.0.19", Inventory: ophub.Inventory{
		System: ophub.System{Vendor: "<Dell>", Product: "PowerEdge R640"}, CPU: ophub.CPU{Model: "Xeon", Threads: 8}, MemoryMiB: 4096,
		NICs: []ophub.NIC{{Name: "eth0", MAC: mac9, Neighbors: []ophub.Neighbor{{System: "leaf1", Port: "Gi1/0/9"}}}},
		BMC:  ophub.InBandBMC{Address: "10.30.0.9"},
	}}
	s.records.found[mac2] = ophub.Discovered{MAC: mac2} // on record by now

	w := httptest.NewRecorder()
	s.operatorHandler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if w.Code != http.StatusOK || w.Header().Get("Content-Security-Policy") == "" {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	golden(t, "status.html", strings.ReplaceAll(w.Body.String(), s.URL(), "http://10.20.0.1"))

	w = httptest.NewRecorder()
	s.operatorHandler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v1/hosts", nil))
	var status Status
	if err := json.Unmarshal(w.Body.Bytes(), &status); err != nil {
		t.Fatal(err)
	}
	if len(status.Hosts) != 3 || !status.Hosts[0].Booted() || status.Hosts[1].Booted() || status.Hosts[1].Last == nil ||
		len(status.Hosts[0].Leases) != 1 || status.Leased != 1 || len(status.Strangers) != 1 {
		t.Errorf("%s", w.Body)
	}
	for _, secret := range [][]byte{s.SiteKey, []byte(s.OperatorToken)} {
		if bytes.Contains(w.Body.Bytes(), secret) {
			t.Error("a secret is in the status")
		}
	}
	for _, method := range []string{http.MethodPost, http.MethodDelete} {
		w = httptest.NewRecorder()
		s.operatorHandler().ServeHTTP(w, httptest.NewRequest(method, "/v1/hosts", nil))
		if w.Code != http.StatusMethodNotAllowed {
			t.Errorf("%s: %d", method, w.Code)
		}
	}
}

func TestStatusWithoutRecords(t *testing.T) {
	s := newSite(t)
	s.records.setAway(errors.New("no leader"))
	for _, path := range []string{"/", "/v1/hosts"} {
		w := httptest.NewRecorder()
		s.operatorHandler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "no leader") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}
