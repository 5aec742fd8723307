package agentd

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/keg"
	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// opserverStub speaks the part of the opserver's API that hosts use.
type opserverStub struct {
	url string

	mu       sync.Mutex
	blobs    map[keg.KID][]byte
	identity ophub.Identity
	refuse   []string // answers to give before the identity
	stages   []stageReport
	reported chan stageReport
	// discovered is what a machine without a record says.
	discovered chan ophub.Discovered
}

func newOpserverStub(t *testing.T) *opserverStub {
	t.Helper()
	o := &opserverStub{blobs: map[keg.KID][]byte{}, reported: make(chan stageReport, 100), discovered: make(chan ophub.Discovered, 100)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/identity", o.serveIdentity)
	mux.HandleFunc("POST /v1/stage", o.takeStage)
	mux.HandleFunc("POST /v1/discovered", func(w http.ResponseWriter, r *http.Request) {
		var d ophub.Discovered
		if err := json.NewDecoder(r.Body).Decode(&d); err != nil {
			panic(err)
		}
		w.WriteHeader(http.StatusNoContent)
		select {
		case o.discovered <- d:
		case <-r.Context().Done():
		}
	})
	mux.HandleFunc("GET /keg/{kid}", func(w http.ResponseWriter, r *http.Request) {
		o.mu.Lock()
		blob, ok := o.blobs[keg.KID(r.PathValue("kid"))]
		o.mu.Unlock()
		if !ok {
			http.Error(w, "no such blob", http.StatusNotFound)
			return
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(blob))
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	o.url = s.URL
	o.identity = ophub.Identity{Host: "node1", Image: testImage, Consul: "http://127.0.0.1:1", Keg: s.URL}
	return o
}

func (o *opserverStub) serveIdentity(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if r.URL.Query().Get("mac") != testMAC {
		http.Error(w, "not you", http.StatusForbidden)
		return
	}
	if len(o.refuse) > 0 {
		text := o.refuse[0]
		o.refuse = o.refuse[1:]
		http.Error(w, text, http.StatusServiceUnavailable)
		return
	}
	_ = json.NewEncoder(w).Encode(o.identity)
}

func (o *opserverStub) takeStage(_ http.ResponseWriter, r *http.Request) {
	var s stageReport
	if err := json.NewDecoder(r.Body).Decode(&s); err != nil {
		panic(err)
	}
	o.mu.Lock()
	o.stages = append(o.stages, s)
	o.mu.Unlock()
	o.reported <- s
}

func (o *opserverStub) change(f func(*ophub.Identity)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	f(&o.identity)
}

func (o *opserverStub) put(b []byte) keg.KID {
	o.mu.Lock()
	defer o.mu.Unlock()
	kid := keg.Sum(b)
	o.blobs[kid] = b
	return kid
}

func (o *opserverStub) told() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	var out []string
	for _, s := range o.stages {
		out = append(out, string(s.Stage)+": "+s.Detail)
	}
	return out
}

// awaitStage waits for a report whose detail contains a text.
func (o *opserverStub) awaitStage(t *testing.T, stage ophub.Stage, part string) {
	t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case s := <-o.reported:
			if s.Stage == stage && strings.Contains(s.Detail, part) {
				return
			}
		case <-deadline:
			t.Fatalf("waited in vain for stage %q with %q; told were %q", stage, part, o.told())
		}
	}
}
