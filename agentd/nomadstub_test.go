package agentd

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cthulix/terraform-provider-cthulix/ophub"
)

// nomadStub is what Nomad's servers know of nodes, behind the stand-in client.
type nomadStub struct {
	host string

	mu     sync.Mutex
	cond   *sync.Cond
	index  uint64
	nodes  map[string]*stubNode
	posts  []string
	fails  map[string]chan string
	left   chan string
	closed bool
}

type stubNode struct {
	ID, Status, SchedulingEligibility string
	DrainStrategy                     *struct{ Deadline int }
	LastDrain                         *stubDrain
}

type stubDrain struct{ Meta map[string]string }

func newNomadStub(t *testing.T) *nomadStub {
	t.Helper()
	n := &nomadStub{index: 1, nodes: map[string]*stubNode{}, fails: map[string]chan string{}, left: make(chan string, 10)}
	n.cond = sync.NewCond(&n.mu)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/node/{id}", n.serveNode)
	mux.HandleFunc("POST /v1/node/{id}/{verb}", n.takeVerb)
	mux.HandleFunc("GET /fail/{id}", func(w http.ResponseWriter, r *http.Request) {
		select {
		case why := <-n.fail(r.PathValue("id")):
			fmt.Fprintln(w, why)
		case <-r.Context().Done():
		}
	})
	mux.HandleFunc("POST /left/{id}", func(_ http.ResponseWriter, r *http.Request) { n.left <- r.PathValue("id") })
	s := httptest.NewServer(mux)
	t.Cleanup(func() {
		n.set(func() { n.closed = true })
		s.CloseClientConnections()
		s.Close()
	})
	n.host = strings.TrimPrefix(s.URL, "http://")
	return n
}

func (n *nomadStub) set(f func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	f()
	n.index++
	n.cond.Broadcast()
}

// ready makes the servers see a node, as an operator or a drain left it.
func (n *nomadStub) ready(id string, change func(*stubNode)) {
	n.set(func() {
		node := &stubNode{ID: id, Status: "ready", SchedulingEligibility: "eligible"}
		if change != nil {
			change(node)
		}
		n.nodes[id] = node
	})
}

func (n *nomadStub) fail(id string) chan string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.fails[id] == nil {
		n.fails[id] = make(chan string)
	}
	return n.fails[id]
}

func (n *nomadStub) asked() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.posts)
}

func (n *nomadStub) serveNode(w http.ResponseWriter, r *http.Request) {
	n.mu.Lock()
	defer n.mu.Unlock()
	stop := context.AfterFunc(r.Context(), n.cond.Broadcast)
	defer stop()
	for fmt.Sprint(n.index) == r.URL.Query().Get("index") && !n.closed && r.Context().Err() == nil {
		n.cond.Wait()
	}
	node := n.nodes[r.PathValue("id")]
	if node == nil {
		http.Error(w, "node not found", http.StatusNotFound)
		return
	}
	w.Header().Set("X-Nomad-Index", fmt.Sprint(n.index))
	_ = json.NewEncoder(w).Encode(node)
}

func (n *nomadStub) takeVerb(_ http.ResponseWriter, r *http.Request) {
	b, _ := io.ReadAll(r.Body)
	n.set(func() {
		n.posts = append(n.posts, r.PathValue("verb")+" "+string(b))
		n.nodes[r.PathValue("id")].SchedulingEligibility = "eligible"
	})
}

// memoryRecords are the ophub's records of one host.
type memoryRecords struct {
	updates chan ophub.Agent
	views   chan ophub.View
	closed  chan struct{}

	mu    sync.Mutex
	ttl   time.Duration
	fails int
}

func newMemoryRecords() *memoryRecords {
	return &memoryRecords{updates: make(chan ophub.Agent, 1000), views: make(chan ophub.View), closed: make(chan struct{})}
}

func (m *memoryRecords) Register(_ context.Context, a ophub.Agent, ttl time.Duration) (Registration, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fails > 0 {
		m.fails--
		return nil, fmt.Errorf("no leader")
	}
	m.ttl = ttl
	m.updates <- a
	return m, nil
}

func (m *memoryRecords) WatchHost(context.Context, string) <-chan ophub.View { return m.views }

func (m *memoryRecords) Update(_ context.Context, a ophub.Agent) error {
	m.updates <- a
	return nil
}

func (m *memoryRecords) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

func (m *memoryRecords) Close(context.Context) error {
	close(m.closed)
	return nil
}
