package opserver

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// TestQuarantine: a host that keeps booting gets no image any more, says so on
// its console, and boots again when it is released.
func TestQuarantine(t *testing.T) {
	s := newSite(t)
	s.records.now = func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }
	s.records.hosts[0].Budget = ophub.Budget{Attempts: 2, Minutes: 10}
	s.run()
	s.lease(mac1, "node1", "127.0.0.10")
	script := func(from string) string {
		t.Helper()
		code, text := s.get(from, "/boot.ipxe?mac="+mac1)
		if code != http.StatusOK {
			t.Fatalf("%d: %s", code, text)
		}
		return text
	}
	for i := range 2 {
		script("127.0.0.50") // who only looks at it does not boot
		if text := script("127.0.0.10"); !strings.Contains(text, string(s.image)) {
			t.Fatalf("boot %d: %s", i+1, text)
		}
	}
	text := script("127.0.0.10")
	if other := script("127.0.0.50"); other != text {
		t.Errorf("who has no lease any more gets %s", other)
	}
	golden(t, "quarantine.ipxe", strings.ReplaceAll(text, s.URL(), "http://10.20.0.1"))
	s.waitStage("node1", ophub.StageBootScript, "in quarantine since")
	if !strings.Contains(s.log.String(), "it keeps booting") {
		t.Error("the log does not say so")
	}
	response, err := http.Get("http://" + s.Operator.Addr().String() + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if page, err := io.ReadAll(response.Body); err != nil || !strings.Contains(string(page), "quarantined") || !strings.Contains(string(page), "it keeps booting") {
		t.Errorf("the page does not say so: %v\n%s", err, page)
	}

	s.records.change(func() error { delete(s.records.boots, "node1"); return nil })
	if text := script("127.0.0.10"); !strings.Contains(text, string(s.image)) {
		t.Errorf("after its release: %s", text)
	}
}

// TestBootsAreServedWithoutRecords: who cannot be counted may boot.
func TestBootsAreServedWithoutRecords(t *testing.T) {
	s := newSite(t).run()
	s.lease(mac1, "node1", "127.0.0.10")
	s.records.setAway(errors.New("no leader"))
	if _, text := s.get("127.0.0.10", "/boot.ipxe?mac="+mac1); !strings.Contains(text, string(s.image)) {
		t.Errorf("it gets %s", text)
	}
}
